"""The workbench's part about cases: queue and case page, documents, access terms, questions, conflicts."""

from portal.submissions.admin.break_glass import BreakGlassAdmin
from portal.submissions.admin.cases import SubmissionAdmin
from portal.submissions.admin.conflicts import ConflictAdmin
from portal.submissions.admin.disclosures import DisclosureAdmin
from portal.submissions.admin.obligations import ObligationAdmin
from portal.submissions.admin.questions import QuestionAdmin
from portal.submissions.admin.readings import UnusualReadingAdmin
from portal.submissions.admin.records import LegalHoldAdmin
from portal.submissions.admin.records_requests import RecordsRequestAdmin
from portal.submissions.admin.retention import RetentionAdmin
from portal.submissions.admin.spills import SpillAdmin
from portal.submissions.models import (
    BreakGlass,
    Conflict,
    DisclosureNotice,
    InformationRequest,
    LegalHold,
    Obligation,
    RecordsRequest,
    Retention,
    Spill,
    Submission,
    UnusualReading,
)

ADMINS = [
    (Submission, SubmissionAdmin),
    (InformationRequest, QuestionAdmin),
    (DisclosureNotice, DisclosureAdmin),
    (RecordsRequest, RecordsRequestAdmin),
    (Obligation, ObligationAdmin),
    (LegalHold, LegalHoldAdmin),
    (Retention, RetentionAdmin),
    (Conflict, ConflictAdmin),
    (Spill, SpillAdmin),
    (BreakGlass, BreakGlassAdmin),
    (UnusualReading, UnusualReadingAdmin),
]
