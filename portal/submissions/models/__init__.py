"""The lab's case: the model offered, its dates and window, documents, access terms, instructions, questions, conflicts."""

from portal.submissions.models.access import AccessInstructions, Terms
from portal.submissions.models.audience import Alias, Audience, Barrier, Conflict, ConflictStatement
from portal.submissions.models.base import Key
from portal.submissions.models.break_glass import BreakGlass
from portal.submissions.models.cases import Checkpoint, Submission
from portal.submissions.models.contacts import Contact
from portal.submissions.models.disclosures import DisclosureNotice, DisclosureStatement
from portal.submissions.models.documents import Document, DocumentVersion
from portal.submissions.models.evaluations import Evaluation
from portal.submissions.models.facts import Facts
from portal.submissions.models.obligations import Obligation
from portal.submissions.models.questions import InformationRequest, RequestAnswer, RequestFollowUp
from portal.submissions.models.readings import ReadingDay, ReadingTally, UnusualReading
from portal.submissions.models.records import Content, LegalHold, Retention
from portal.submissions.models.records_requests import RecordsRequest, RequestNotice
from portal.submissions.models.spills import Frozen, Spill
from portal.submissions.models.stored import FILES_FOLDER, StoredFile, _file_path
from portal.submissions.models.uploads import Upload

__all__ = [
    "FILES_FOLDER",
    "AccessInstructions",
    "Alias",
    "Audience",
    "Barrier",
    "BreakGlass",
    "Checkpoint",
    "Conflict",
    "ConflictStatement",
    "Contact",
    "Content",
    "DisclosureNotice",
    "DisclosureStatement",
    "Document",
    "DocumentVersion",
    "Evaluation",
    "Facts",
    "Frozen",
    "InformationRequest",
    "Key",
    "LegalHold",
    "Obligation",
    "ReadingDay",
    "ReadingTally",
    "RecordsRequest",
    "RequestAnswer",
    "RequestFollowUp",
    "RequestNotice",
    "Retention",
    "Spill",
    "StoredFile",
    "Submission",
    "Terms",
    "UnusualReading",
    "Upload",
    # The first migration names it here.
    "_file_path",
]
