"""Questions about findings: who reads one, which dates stand while it is relayed, on whose word it is published."""

from datetime import datetime

from partners.models import Finding, FindingRelay
from portal.accounts.models import Kind, Role
from portal.deadlines.models import Message
from portal.submissions.models import Submission
from tests.machine.invariants.sight import Sight

WRITERS = (Role.COORDINATOR, Role.REVIEWER, Role.LIAISON)
DATES = ("embargo_until", "disclosure_due_at")


def findings_are_read_by_whom_they_concern(sight: Sight) -> list:
    """9 and 8: by the reporter's people; by the lab that owns it once it was notified; by the government's once it was reported,
    but for conflicts. No other lab's, no other partner's; a message about it to nobody else."""
    broken: list = []
    for user in sight.people:
        theirs = {row.pk for row in sight.rows(Finding) if _concerns(sight, user, row)}
        seen = sight.sees(user, Finding)
        broken += [("9 finding", user.pk, pk) for pk in seen - theirs]
        broken += [("9 finding withheld", user.pk, pk) for pk in theirs - seen]
    by_number = {row.number: row for row in sight.rows(Finding)}
    for message in sight.rows(Message):
        finding = by_number.get(message.case_number)
        if finding is not None and message.recipient_id not in _told(sight, finding, message.created_at):
            broken.append(("9 told", message.recipient_id, message.kind))
    return broken


def _concerns(sight: Sight, user, row: Finding) -> bool:
    if row.reporter_id in sight.of(user, Kind.LAB) | sight.of(user, Kind.PARTNER):
        return True
    notified = row.owner_notified_at is not None and row.owner_notified_at <= sight.at
    if notified and row.owner_id in sight.of(user, Kind.LAB):
        return True
    labs, cases = sight.barred(user)
    if {row.owner_id, row.reporter_id} & labs or (row.submission_id in cases):
        return False
    if row.reporter_id in sight.of(user, Kind.AGENCY, *WRITERS):
        return True
    follows = sight.agency_wide(user) or sight.of(user, Kind.AGENCY, Role.LIAISON)
    return bool(follows) and row.reported_at is not None and row.reported_at <= sight.at


def _told(sight: Sight, row: Finding, at) -> set:
    """Whom word about a finding may reach."""
    people = sight.members(sight.office, Role.COORDINATOR) | {row.reported_by_id}
    if row.owner_id and row.owner_notified_at and row.owner_notified_at <= at:
        people |= sight.members(row.owner_id, Role.ADMIN, Role.CONTRIBUTOR)
    return people


def findings_of_a_case_are_about_its_lab(sight: Sight) -> list:
    """9 and 20: what was found on a case or under a grant is the case's lab's, and written by who could know of it."""
    broken: list = []
    for row in sight.rows(Finding):
        if row.submission_id is None:
            continue
        case = sight.named(Submission)[row.submission_id]
        if row.owner_id != case.lab_id or (row.grant and row.grant.submission_id != case.pk):
            broken.append(("9 owner", row.pk))
        if row.grant is not None:
            offered = sight.offered_at(row.grant)
            mine = row.reporter_id == row.grant.partner_id
            if mine and (offered is None or offered > row.created_at):
                broken.append(("7 finding", row.pk))
    return broken


def dates_stand_while_a_finding_is_relayed(sight: Sight) -> list:
    """16: between a relay's begin and the clearinghouse's answer no act moved a date; both are as the ledger says last."""
    broken: list = []
    for row in sight.rows(Finding):
        events = [event for event in sight.events if event.subject_id == row.pk]
        said: dict = {}
        under_way = False
        for event in events:
            new = _moved(event)
            if under_way and any(said.get(name) not in (None, value) for name, value in new.items()):
                broken.append(("16 moved", row.pk, event.verb))
            said |= new
            if event.verb == "relay":
                under_way = not event.data["their_id"]
        for name, value in said.items():
            if str(getattr(row, name)) != value:
                broken.append(("16 date", row.pk, name))
        relays = sight.having(FindingRelay, "finding_id")[row.pk]
        if under_way != any(relay.recorded_at is None for relay in relays):
            broken.append(("16 relay", row.pk))
    return broken


def _moved(event) -> dict:
    """The dates that an event says a finding has from then on."""
    found = {}
    for name in DATES:
        value = event.data.get(name)
        if value is not None and event.verb != "publish":
            found[name] = _instant(value["new"] if isinstance(value, dict) else value)
    return found


def _instant(text: str) -> str:
    return str(datetime.fromisoformat(text))


def findings_are_published_by_consent_or_after_the_embargo(sight: Sight) -> list:
    """16: published with the consent of the owner's own people (for an outside vendor, the programme office in its place), or
    once the embargo had passed; told by the ledger."""
    broken: list = []
    for row in sight.rows(Finding):
        if row.owner_consented_at is not None:
            owners = (
                sight.members(row.owner_id, Role.ADMIN, Role.CONTRIBUTOR)
                if row.owner_id
                else sight.members(sight.office, Role.COORDINATOR)
            )
            if row.owner_consented_by_id not in owners:
                broken.append(("16 consent", row.pk))
        published = [e for e in sight.events if e.subject_id == row.pk and e.verb == "publish"]
        if (row.state == "published") != bool(published):
            broken.append(("16 published unsaid", row.pk))
        if row.state == "published":
            consented = row.owner_consented_at is not None and row.owner_consented_at <= row.published_at
            if not consented and row.embargo_until > row.published_at:
                broken.append(("16 published", row.pk))
    return broken
