"""The workbench's part about reviewing: seats, invited agencies, assessments, inquiries, designations."""

from reviews.admin.agencies import CaseAgencyAdmin
from reviews.admin.assessments import AssessmentAdmin
from reviews.admin.assignments import AssignmentAdmin
from reviews.admin.designations import DesignationAdmin
from reviews.admin.inquiries import InquiryAdmin
from reviews.models import Assessment, Assignment, CaseAgency, Designation, Inquiry

ADMINS = [
    (Assignment, AssignmentAdmin),
    (Assessment, AssessmentAdmin),
    (Inquiry, InquiryAdmin),
    (Designation, DesignationAdmin),
    (CaseAgency, CaseAgencyAdmin),
]
