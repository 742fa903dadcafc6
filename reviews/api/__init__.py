"""The API's collections of the agency's side."""

from reviews.api.assessments import AssessmentViewSet
from reviews.api.assignments import AssignmentViewSet
from reviews.api.designations import DesignationViewSet
from reviews.api.inquiries import InquiryViewSet
from reviews.api.logs import AssessmentLogsViewSet
from reviews.api.matching import MatchingRunViewSet
from reviews.api.profiles import ReviewerProfileViewSet

ROUTES = [
    ("inquiries", InquiryViewSet),
    ("designations", DesignationViewSet),
    ("assignments", AssignmentViewSet),
    ("assessments", AssessmentLogsViewSet, "assessment-logs"),
    ("assessments", AssessmentViewSet),
    ("reviewer-profiles", ReviewerProfileViewSet),
    ("matching-runs", MatchingRunViewSet),
]

__all__ = [
    "ROUTES",
    "AssessmentLogsViewSet",
    "AssessmentViewSet",
    "AssignmentViewSet",
    "DesignationViewSet",
    "InquiryViewSet",
    "MatchingRunViewSet",
    "ReviewerProfileViewSet",
]
