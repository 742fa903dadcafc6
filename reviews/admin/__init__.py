"""The workbench's part about reviewing: seats, invited agencies, assessments, inquiries, designations, matching."""

from reviews.admin.agencies import CaseAgencyAdmin
from reviews.admin.assessments import AssessmentAdmin
from reviews.admin.assignments import AssignmentAdmin
from reviews.admin.designations import DesignationAdmin
from reviews.admin.inquiries import InquiryAdmin
from reviews.admin.matching import MatchingRunAdmin
from reviews.admin.profiles import ReviewerProfileAdmin
from reviews.admin.rubrics import RubricAdmin
from reviews.models import (
    Assessment,
    Assignment,
    CaseAgency,
    Designation,
    Inquiry,
    MatchingRun,
    ReviewerProfile,
    RubricVersion,
)

ADMINS = [
    (Assignment, AssignmentAdmin),
    (Assessment, AssessmentAdmin),
    (Inquiry, InquiryAdmin),
    (Designation, DesignationAdmin),
    (CaseAgency, CaseAgencyAdmin),
    (MatchingRun, MatchingRunAdmin),
    (ReviewerProfile, ReviewerProfileAdmin),
    (RubricVersion, RubricAdmin),
]
