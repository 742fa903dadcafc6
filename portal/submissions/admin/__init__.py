"""The workbench's part about cases: queue and case page, documents, access terms, conflicts."""

from portal.submissions.admin.cases import SubmissionAdmin
from portal.submissions.admin.conflicts import ConflictAdmin
from portal.submissions.models import Conflict, Submission

ADMINS = [(Submission, SubmissionAdmin), (Conflict, ConflictAdmin)]
