"""The API's collections of this floor: cases with what belongs to them, and the deadlines and events of cases."""

from portal.submissions.api.contacts import ContactViewSet
from portal.submissions.api.deadlines import DeadlineViewSet
from portal.submissions.api.disclosures import DisclosureViewSet
from portal.submissions.api.documents import DocumentViewSet
from portal.submissions.api.evaluations import EvaluationViewSet
from portal.submissions.api.events import EventViewSet
from portal.submissions.api.obligations import ObligationViewSet
from portal.submissions.api.questions import QuestionViewSet
from portal.submissions.api.submissions import SubmissionViewSet
from portal.submissions.api.uploads import UploadViewSet

ROUTES = [
    ("submissions", SubmissionViewSet),
    ("documents", DocumentViewSet),
    ("contacts", ContactViewSet),
    ("evaluations", EvaluationViewSet),
    ("uploads", UploadViewSet),
    ("questions", QuestionViewSet),
    ("disclosures", DisclosureViewSet),
    ("obligations", ObligationViewSet),
    ("deadlines", DeadlineViewSet),
    ("events", EventViewSet),
]

__all__ = [
    "ROUTES",
    "ContactViewSet",
    "DeadlineViewSet",
    "DisclosureViewSet",
    "DocumentViewSet",
    "EvaluationViewSet",
    "EventViewSet",
    "ObligationViewSet",
    "QuestionViewSet",
    "SubmissionViewSet",
    "UploadViewSet",
]
