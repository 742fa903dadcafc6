"""Questions about markings: what is derived of several, whose act a lowering is, and that the lab is told before a disclosure."""

import re

from partners.models import Grant, GrantDocument
from partners.reading import strictest_marking
from portal.accounts.models import Kind, Role
from portal.deadlines.models import Deadline
from portal.submissions.models import DisclosureNotice, Document, Submission
from tests.machine.invariants.sight import Sight

# The laxest first.
SPREAD = ["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"]
COMMERCIAL = "confidential commercial information"
# How the machine's documents are marked when they come.
FRESH = f"TLP:AMBER+STRICT · {COMMERCIAL}"


def read(marking: str) -> tuple[int, set, bool]:
    """A marking in words: how far TLP lets it spread, what its CUI banner names, whether it is commercial."""
    parts = marking.split(" · ")
    spread = next(SPREAD.index(part) for part in parts if part.startswith("TLP:"))
    banner = next((part for part in parts if part.startswith("CUI")), "")
    # Who may get it by REL TO narrows with every part, down to NOFORN; that is for the banner's own tests.
    return spread, set(re.split("//?", banner)) - {""}, COMMERCIAL in parts


def is_as_strict(one: str, other: str) -> bool:
    """Whether one marking is at least as strict as another in each of its dimensions."""
    (spread, banner, commercial), (other_spread, other_banner, other_commercial) = read(one), read(other)
    return spread >= other_spread and banner >= other_banner and commercial >= other_commercial


def words(document: Document) -> str:
    commercial = COMMERCIAL if document.confidential_commercial else ""
    return " · ".join(part for part in (document.cui, document.tlp, commercial) if part)


def what_tells_of_several_is_marked_as_the_strictest(sight: Sight) -> list:
    """13: the marking over a case, and over the documents in a grant's scope, is at least that of each of them."""
    broken: list = []
    there = [row for row in sight.rows(Document) if row.removed_at is None]
    for case in Submission.objects.with_markings():
        for document in there:
            if document.submission_id == case.pk and not _covers(case.derived_marking, document):
                broken.append(("13 case", case.pk, document.pk))
    for grant in sight.rows(Grant):
        scope = sight.having(GrantDocument, "grant_id")[grant.pk]
        documents = [sight.named(Document)[row.document_id] for row in scope if row.ended_at is None]
        over = strictest_marking(documents)
        broken += [("13 grant", grant.pk, one.pk) for one in documents if not _covers(over, one)]
    return broken


def _covers(marking, document: Document) -> bool:
    return bool(marking) and is_as_strict(str(marking), words(document))


def a_marking_is_lowered_by_its_owner_and_on_record(sight: Sight) -> list:
    """13: each document is marked as the ledger says, from how it came to now; whoever lowered it was of its lab, but for a mark
    taken off what was disclosed under a notice."""
    broken: list = []
    for document in sight.rows(Document):
        marking = FRESH
        for event in sight.events:
            if event.verb != "mark_document" or event.data["document"] != str(document.pk):
                continue
            before, after = event.data["from"], event.data["to"]
            lab = sight.case(document).lab_id
            lowered = not is_as_strict(after, before)
            if before != marking or event.data["lowered"] != lowered:
                broken.append(("13 told", document.pk, event.pk))
            of_lab = event.actor_id in sight.members(lab, Role.ADMIN, Role.CONTRIBUTOR)
            if lowered and not of_lab and not event.data.get("disclosure_notice"):
                broken.append(("13 lowered", document.pk, event.pk))
            marking = after
        if words(document) != marking:
            broken.append(("13 unsaid", document.pk, marking, words(document)))
    return broken


def labs_are_told_before_a_disclosure(sight: Sight) -> list:
    """14: notices are read by the lab, the agency's coordinators and who oversees; disclosed only when the lab was heard, or its
    days passed, and its date has come. Its dates stand while they wait."""
    broken: list = []
    for user in sight.people:
        for notice in (sight.named(DisclosureNotice)[pk] for pk in sight.sees(user, DisclosureNotice)):
            own = sight.case(notice).lab_id in sight.of(user, Kind.LAB)
            theirs = notice.agency_id in sight.of(user, Kind.AGENCY, Role.COORDINATOR)
            if not (own or theirs or sight.oversees(user)):
                broken.append(("14 seen", user.pk, notice.pk))
    for notice in sight.rows(DisclosureNotice):
        if notice.stored_state == "disclosed":
            heard = notice.answered_at is not None or notice.due_at <= notice.decided_at
            if not heard or notice.disclosed_at < notice.disclose_at:
                broken.append(("14 told", notice.pk))
    open_dates = [row for row in sight.rows(Deadline) if row.met_at is None and row.cancelled_at is None]
    for kind, state in (("answer_disclosure", "notified"), ("disclosure_date", "to_disclose")):
        kept = {row.subject_id for row in open_dates if row.kind == kind}
        owed = {row.pk for row in sight.rows(DisclosureNotice) if row.stored_state == state}
        broken += [("14 date", kind, pk) for pk in kept ^ owed]
    return broken


def no_commercial_mark_is_taken_off_without_a_notice(sight: Sight) -> list:
    """14: by another than its lab only under a notice that names the document and was disclosed, in the row as in the ledger."""
    broken: list = []
    notices = DisclosureNotice.objects.prefetch_related("documents")
    under = {row.pk: row for row in notices}
    numbers = {(row.submission_id, row.number): row for row in notices}
    for document in sight.rows(Document):
        if document.confidential_commercial:
            continue
        lab = sight.case(document).lab_id
        if document.unmarked_by_id in sight.members(lab, Role.ADMIN, Role.CONTRIBUTOR):
            continue
        if not _names(under.get(document.unmarked_under_id), document.pk):
            broken.append(("14 row", document.pk))
    for event in sight.events:
        if event.verb != "mark_document" or not event.data["lowered"] or event.capacity == "lab":
            continue
        notice = numbers.get((event.case_id, event.data.get("disclosure_notice")))
        if not _names(notice, event.data["document"]):
            broken.append(("14 mark", event.pk))
    return broken


def _names(notice, document) -> bool:
    """Whether a notice was disclosed and names a document."""
    if notice is None or notice.stored_state != "disclosed":
        return False
    return str(document) in {str(row.pk) for row in notice.documents.all()}
