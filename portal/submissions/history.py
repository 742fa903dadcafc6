"""The record of a case as its lab reads it: what was changed, and who looked at what. Reads the ledger, writes nothing."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject

from portal.ledger.models import Event
from portal.submissions.looks import OPENED
from portal.submissions.models import Document, DocumentVersion, Evaluation, Submission

# Steps that move a date or the window.
DATE_VERBS = (
    "submit",
    "provide_access",
    "open",
    "end",
    "move_dates",
    "first_grant_moved",
    "release",
    "withdraw",
)
CHANGES = {
    "create_draft": "Began the draft",
    "save_draft": "Saved the draft",
    "keep_draft": "Wrote on the draft",
    "submit": "Submitted the case",
    "acknowledge": "Acknowledged the submission",
    "request_correction": "Asked for a correction",
    "correct_facts": "Gave a new version of the facts",
    "add_document": "Added a document",
    "add_version": "Added a new version of a document",
    "malware_found": "The scanner found malware in a file, which is given to nobody",
    "mark_document": "Changed the marking of a document",
    "remove_document": "Took a document out of the draft",
    "add_evaluations": "Added evaluations",
    "take_back_evaluation": "Took an evaluation back",
    "add_contact": "Named a contact",
    "take_off_contact": "Took a contact off",
    "propose_terms": "Proposed access terms",
    "accept_terms": "Accepted the access terms",
    "provide_access": "Provided access instructions",
    "open": "The access window opened",
    "end": "The access window ended",
    "move_dates": "Moved the planned dates",
    "first_grant_moved": "The start of the first agreed grant changed",
    "release": "Recorded the release",
    "withdraw": "Withdrew the case",
    "close": "Closed the case",
    "dispose": "Disposed of the content of the files, under the retention schedule",
    "report_spill": "Reported a spill, and froze part of the case",
    "lift_spill": "Lifted a spill, and opened again what was frozen",
    "remove_content": "Removed the content of a spill for good",
    "open_break_glass": "Opened break-glass access for a security officer",
    "end_break_glass": "Ended break-glass access before its time",
}
SPILLS = {
    "report_spill": "Reported a spill",
    "lift_spill": "Lifted the spill",
    "remove_content": "Removed the content",
    "content_destroyed": "The stored content was destroyed",
}
BREAK_GLASS = {
    "ask": "Asked for break-glass access",
    "turn_down": "Turned break-glass access down",
    "take_back": "Took back what was asked for",
}
READINGS = {
    "note_reading": "Noted reading that differs from usual",
    "look_into": "Looked into reading that differs from usual",
}
UPLOADS = {"begin_upload": "Began to upload a file", "end_upload": "Gave up an upload"}
QUESTIONS = {
    "ask": "Asked the question",
    "answer": "Answered the question",
    "ask_again": "Asked for more on the question",
    "merge": "Merged the question into another",
    "take_in": "Another question was merged into this one",
    "withdraw": "Withdrew the question",
}
DISCLOSURES = {
    "give_notice": "Gave notice of a request to disclose",
    "object": "Objected to the disclosure",
    "not_object": "Did not object to the disclosure",
    "decide_to_disclose": "Decided to disclose",
    "decide_not_to_disclose": "Decided not to disclose",
    "record_disclosure": "Recorded the disclosure",
    "drop": "Recorded that the request ended",
    "report_suit": "Told of a suit about the disclosure",
}
OBLIGATIONS = {
    "attest": "Attested what is owed after access ended",
    "attest_for_agency": "Attested for an agency, as the programme office, what is owed after access ended",
}
LEGAL_HOLDS = {"place_legal_hold": "Placed the legal hold", "lift_legal_hold": "Lifted the legal hold"}
RECORDS_REQUESTS = {
    "log": "Entered the records request",
    "extend": "Extended the date of the records request",
    "answer": "Recorded the answer to the records request",
}
LINKS = {"link_notice": "Linked the disclosure notice to a records request"}
SCANS = {"scan_version": "Scanned a file for malware", "remove_file": "Removed a file that was disposed of"}
CONFLICTS = {"declare_conflict": "Declared a conflict", "end_conflict": "Ended a conflict"}
CONTACTS = {"erased_contact": "Erased a contact's name and addresses"}
STATEMENTS = {"confirmed_conflicts": "Confirmed that their conflicts and ties on record are complete"}
LOOKS = {
    "listed": "Saw the case in a list",
    "found": "Found words of the case in a search",
    "viewed_case": "Opened the case page",
    "viewed_facts": "Read the facts",
    "viewed_draft": "Opened the draft",
    "viewed_terms": "Read the access terms",
    "viewed_dates": "Read the dates",
    "viewed_retention": "Read what is kept of the case, and until when",
    "viewed_receipt": "Read the receipt",
    "exported_record": "Took the record of looks along as a file",
    "took_list": "Took the case along in a list",
    "took_along": "Took the whole case along as an archive",
    "viewed_record": "Read the record of looks and changes",
    "viewed_documents": "Saw the list of documents",
    "downloaded_document": "Downloaded a file",
    "read_evidence": "Had a file read for its results",
    "compared_versions": "Compared a version of a file with another",
    "revealed_instructions": "Revealed the access instructions",
    "listed_grants": "Saw a grant on the case in a list",
    "viewed_grant": "Opened a grant",
    "viewed_grants": "Opened the page of partners",
    "revealed_grant_instructions": "Revealed a grant's access instructions",
    "viewed_assessments": "Read the assessments",
    "took_assessments": "Took the assessments along as one document",
    "took_comparison": "Took evaluation logs compared along as a table",
    "downloaded_log": "Downloaded an evaluation log that a reviewer made",
    "downloaded_evidence": "Downloaded a file of a partner organisation's evidence",
    "listed_questions": "Saw the questions on the case in a list",
    "viewed_questions": "Read a question and its answers",
    "listed_disclosures": "Saw the disclosure notices on the case in a list",
    "viewed_disclosures": "Read a disclosure notice and what was said to it",
}
# Who looks, in the words of a filter: the capacities that a look is recorded under.
SIDES = {
    "lab": ("Your lab", ("lab", "lab_viewer", "lab_service", "lab_service_viewer")),
    "government": (
        "Government",
        (
            "coordinator",
            "agency_coordinator",
            "designator",
            "auditor",
            "lead",
            "reviewer",
            "liaison",
            "break_glass",
        ),
    ),
    "partner": ("Partners", ("partner",)),
}
KINDS = {
    "files": ("Files downloaded or compared", OPENED),
    "instructions": (
        "Access instructions revealed",
        ("revealed_instructions", "revealed_grant_instructions"),
    ),
    "pages": ("Pages and lists", None),
}
_DATES = {
    "planned_partner_release": "Planned partner release",
    "planned_public_release": "Planned public release",
}


@dataclass(frozen=True, slots=True)
class Moved:
    """A date before and after a change; None for no date."""

    label: str
    old: datetime | None
    new: datetime | None


@dataclass(frozen=True, slots=True)
class Told:
    """One change of the case, in words; ``actor_id`` is None for the clock."""

    at: datetime
    actor_id: UUID | None
    capacity: str
    what: str
    reason: str
    moved: list[Moved]
    opens: datetime | None
    closes: datetime | None


def changes(case: Submission) -> QuerySet[Event]:
    """Every change of the case itself, newest first; what upper floors record about seats and grants is theirs to show."""
    return Event.objects.filter(
        case_id=case.pk, kind=Event.Kind.CHANGE, subject_type=Submission._meta.label_lower
    ).order_by("-seq")


def worth_telling(case: Submission) -> QuerySet[Event]:
    """The changes of a case but for what was kept while it was typed: that is on record, and would bury the rest."""
    return changes(case).exclude(verb="keep_draft")


def date_changes(case: Submission) -> QuerySet[Event]:
    return changes(case).filter(verb__in=DATE_VERBS)


def looks(case: Submission, *, side: str = "", kind: str = "") -> QuerySet[Event]:
    """Every look anyone took at the case, newest first; ``side`` of SIDES and ``kind`` of KINDS narrow it."""
    found = Event.objects.filter(case_id=case.pk, kind=Event.Kind.LOOK).order_by("-seq")
    if side in SIDES:
        found = found.filter(capacity__in=SIDES[side][1])
    if kind in KINDS:
        verbs = KINDS[kind][1]
        special = [verb for _, some in KINDS.values() if some for verb in some]
        found = found.filter(Q(verb__in=verbs) if verbs else ~Q(verb__in=special))
    return found


def tell(events) -> list[Told]:
    """Changes in words, with the dates they moved and the window they led to."""
    return [_told(event) for event in events]


def _told(event: Event) -> Told:
    data = event.data
    what = event.what
    if "terms" in data:
        side = {"lab": " for the lab", "government": " for the government"}.get(data.get("side", ""), "")
        what = f"{what}, version {data['terms']}{side}"
    if "facts_version" in data:
        what = f"{what}, version {data['facts_version']}"
    if "spill" in data:
        what = f"{what}: {data['kind']}"
    if event.verb == "mark_document":
        what = f"{what}, from {data['from']} to {data['to']}"
    moved = []
    if isinstance(data.get("old"), dict) and isinstance(data.get("new"), dict):
        moved = [
            Moved(label, instant_of(data["old"].get(name)), instant_of(data["new"].get(name)))
            for name, label in _DATES.items()
            if data["old"].get(name) != data["new"].get(name)
        ]
    return Told(
        event.at,
        event.actor_id,
        event.capacity,
        what,
        event.reason,
        moved,
        instant_of(data.get("opens_at")),
        instant_of(data.get("closes_at")),
    )


def instant_of(value: str | None) -> datetime | None:
    """An instant as events hold it; None for none."""
    return datetime.fromisoformat(value) if value else None


def asked_correction(case: Submission) -> str:
    """What the programme office asked to have corrected, where that is still open."""
    if case.correction_asked_at is None:
        return ""
    event = changes(case).filter(verb="request_correction").first()
    return event.reason if event else ""


@dataclass(frozen=True, slots=True)
class Look:
    """One look: ``what`` was done and, for a file, which version of which document."""

    at: datetime
    actor_id: UUID | None
    capacity: str
    what: str
    document: str
    file: str


def with_files(found: QuerySet[Event]) -> QuerySet[Event]:
    """Looks with the file that each of them was at."""
    version = DocumentVersion.objects.unfrozen().filter(pk=OuterRef("subject_id"))
    words = JSONObject(
        title=F("document__title"), name=F("name"), number=F("number"), content_type=F("content_type")
    )
    return found.annotate(seen_file=Subquery(version.values(json=words)))


def tell_looks(events) -> list[Look]:
    """Looks in words, of a queryset ``with_files``."""
    return [_look(event, event.seen_file) for event in events]


def _look(event: Event, version: dict | None) -> Look:
    what = event.what
    document = version["title"] if version else ""
    file = f"{version['name']}, version {version['number']}" if version else ""
    if version:
        file = f"{file}{_copy_of(event, version)}"
    if not version and event.verb == "revealed_instructions" and "version" in event.data:
        file = f"version {event.data['version']}"
    if not version and event.data.get("sha256"):
        # A file that the lab took along: receipt or record.
        file = f"SHA-256 {event.data['sha256']}"
    return Look(event.at, event.actor_id, event.capacity, what, document, file)


def _copy_of(event: Event, version: dict) -> str:
    """What of a PDF somebody outside the lab got; nothing of other files, and of looks before copies were made."""
    is_lab = event.capacity in SIDES["lab"][1]
    if is_lab or "watermarked" not in event.data or version["content_type"] != "application/pdf":
        return ""
    if event.data["watermarked"]:
        return f", a copy with its reader's name on every page, SHA-256 {event.data['given_sha256']}"
    return ", as uploaded, without its reader's name"


def documents(case: Submission) -> QuerySet[Document]:
    """The case's documents, each with its versions; two queries."""
    return case.documents.standing().prefetch_related("versions")


def documents_of(case: Submission) -> list[Document]:
    """Those of ``documents``, read."""
    return list(documents(case))


def evaluations_of(case: Submission) -> list[Evaluation]:
    """The case's rows of results but for those that were taken back; one query."""
    return list(case.evaluation_rows.unfrozen().filter(taken_back_at=None))
