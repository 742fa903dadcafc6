"""The workbench's part about cases: queue and case page, documents, access terms, questions, conflicts."""

from portal.submissions.admin.cases import SubmissionAdmin
from portal.submissions.admin.conflicts import ConflictAdmin
from portal.submissions.admin.disclosures import DisclosureAdmin
from portal.submissions.admin.obligations import ObligationAdmin
from portal.submissions.admin.questions import QuestionAdmin
from portal.submissions.models import Conflict, DisclosureNotice, InformationRequest, Obligation, Submission

ADMINS = [
    (Submission, SubmissionAdmin),
    (InformationRequest, QuestionAdmin),
    (DisclosureNotice, DisclosureAdmin),
    (Obligation, ObligationAdmin),
    (Conflict, ConflictAdmin),
]
