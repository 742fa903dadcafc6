"""Questions about findings: who reads one, which dates stand while it is relayed, on whose word it is published."""

from datetime import datetime

from partners.models import Finding, FindingAddressee, FindingFile, FindingRelay, Grant
from portal.accounts.models import Kind, Membership, Role
from portal.deadlines.models import Message
from portal.submissions.models import Submission
from tests.machine.invariants.sight import Sight

WRITERS = (Role.COORDINATOR, Role.REVIEWER, Role.LIAISON)
DATES = ("embargo_until", "disclosure_due_at")


def findings_are_read_by_whom_they_concern(sight: Sight) -> list:
    """9 and 8: by the reporter's people; by the lab that owns it once it was notified; by the government's once it was reported,
    but for conflicts; by a partner that was told. No other lab's, no other partner's; a message about it to nobody else. Its
    files only by who reads whose it is, and of those for the owner by the owner."""
    broken: list = []
    for user in sight.people:
        theirs = {row.pk for row in sight.rows(Finding) if _concerns(sight, user, row)}
        seen = sight.sees(user, Finding)
        broken += [("9 finding", user.pk, pk) for pk in seen - theirs]
        broken += [("9 finding withheld", user.pk, pk) for pk in theirs - seen]
        files = {row.pk for row in sight.rows(FindingFile) if _reads_file(sight, user, row)}
        broken += [("9 file", user.pk, pk) for pk in sight.sees(user, FindingFile) ^ files]
    by_number = {row.number: row for row in sight.rows(Finding)}
    for message in sight.rows(Message):
        finding = by_number.get(message.case_number)
        if finding is not None and message.recipient_id not in _told(sight, finding, message.created_at):
            broken.append(("9 told", message.recipient_id, message.kind))
    return broken


def _concerns(sight: Sight, user, row: Finding) -> bool:
    told = any(_was_told(sight, user, one) for one in sight.having(FindingAddressee, "finding_id")[row.pk])
    return _reads_reporter(sight, user, row) or _owns(sight, user, row) or told


def _owns(sight: Sight, user, row: Finding) -> bool:
    notified = row.owner_notified_at is not None and row.owner_notified_at <= sight.at
    return notified and row.owner_id in sight.of(user, Kind.LAB)


def _was_told(sight: Sight, user, row: FindingAddressee) -> bool:
    """As one of an eligible partner; of a finding with a lab's model as one whom an active grant opens that model to."""
    finding = sight.named(Finding)[row.finding_id]
    if row.partner_id not in sight.of(user, Kind.PARTNER) or row.addressed_at > sight.at:
        return False
    if not sight.is_eligible(row.partner_id):
        return False
    return finding.submission_id is None or any(
        grant.partner_id == row.partner_id and sight.is_active(grant) and sight.is_named(user, grant)
        for grant in sight.having(Grant, "submission_id")[finding.submission_id]
    )


def _reads_file(sight: Sight, user, row: FindingFile) -> bool:
    finding = sight.named(Finding)[row.finding_id]
    if row.removed_at is not None:
        return False
    own = finding.reporter_id in sight.of(user, Kind.LAB) | sight.of(user, Kind.PARTNER)
    beyond = finding.owner_id not in sight.of(user, Kind.LAB)
    whole = own or (_reads_reporter(sight, user, finding) and (beyond or _is_reporters(sight, user, finding)))
    return whole or (row.for_owner and _owns(sight, user, finding))


def _is_reporters(sight: Sight, user, row: Finding) -> bool:
    return row.reporter_id in sight.of(user, Kind.AGENCY, *WRITERS)


def _reads_reporter(sight: Sight, user, row: Finding) -> bool:
    if row.reporter_id in sight.of(user, Kind.LAB) | sight.of(user, Kind.PARTNER):
        return True
    labs, cases = sight.barred(user)
    if {row.owner_id, row.reporter_id} & labs or (row.submission_id in cases):
        return False
    if _is_reporters(sight, user, row):
        return True
    follows = sight.agency_wide(user) or sight.of(user, Kind.AGENCY, Role.LIAISON)
    return bool(follows) and row.reported_at is not None and row.reported_at <= sight.at


def _told(sight: Sight, row: Finding, at) -> set:
    """Whom word about a finding may reach."""
    people = sight.members(sight.office, Role.COORDINATOR) | {row.reported_by_id}
    people |= {
        seat.user_id for seat in sight.rows(Membership) if seat.role == Role.LIAISON and seat.ended_at is None
    }
    for one in sight.having(FindingAddressee, "finding_id")[row.pk]:
        if one.addressed_at <= at:
            people |= sight.members(one.partner_id, Role.ADMIN, Role.MEMBER)
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


def partners_are_told_by_consent_or_after_the_embargo(sight: Sight) -> list:
    """16 and 7: a partner is told with the owner's consent or after the embargo, never as the reporter, on the ledger; of a
    finding with a lab's model while a grant of its was in force."""
    broken: list = []
    said = {pk for e in sight.events if e.verb == "address" for pk in map(str, e.data["addressed"])}
    for row in sight.rows(FindingAddressee):
        finding = sight.named(Finding)[row.finding_id]
        consented = finding.owner_consented_at is not None and finding.owner_consented_at <= row.addressed_at
        unsaid = finding.owner_id is not None and finding.submission_id is None
        if not consented and (unsaid or finding.embargo_until > row.addressed_at):
            broken.append(("16 told", row.pk))
        if finding.reporter_id == row.partner_id or str(row.partner_id) not in said:
            broken.append(("16 told unsaid", row.pk))
        if finding.submission_id is not None and not any(
            grant.partner_id == row.partner_id
            and grant.agreed_at is not None
            and max(grant.starts_at, grant.agreed_at) <= row.addressed_at
            for grant in sight.having(Grant, "submission_id")[finding.submission_id]
        ):
            broken.append(("7 told", row.pk))
    return broken
