"""The API's collections of the agency's side."""

from reviews.api.assessments import AssessmentViewSet
from reviews.api.assignments import AssignmentViewSet
from reviews.api.designations import DesignationViewSet
from reviews.api.inquiries import InquiryViewSet

ROUTES = [
    ("inquiries", InquiryViewSet),
    ("designations", DesignationViewSet),
    ("assignments", AssignmentViewSet),
    ("assessments", AssessmentViewSet),
]

__all__ = ["ROUTES", "AssessmentViewSet", "AssignmentViewSet", "DesignationViewSet", "InquiryViewSet"]
