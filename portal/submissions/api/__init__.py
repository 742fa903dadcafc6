"""The API's collections of this floor: submissions, documents, and the deadlines and events of cases."""

from portal.submissions.api.deadlines import DeadlineViewSet
from portal.submissions.api.documents import DocumentViewSet
from portal.submissions.api.events import EventViewSet
from portal.submissions.api.submissions import SubmissionViewSet

ROUTES = [
    ("submissions", SubmissionViewSet),
    ("documents", DocumentViewSet),
    ("deadlines", DeadlineViewSet),
    ("events", EventViewSet),
]

__all__ = ["ROUTES", "DeadlineViewSet", "DocumentViewSet", "EventViewSet", "SubmissionViewSet"]
