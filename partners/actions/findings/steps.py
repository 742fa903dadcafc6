"""What every action on a finding shares: the locked beginning, the recorded end, word to people, the dates."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID, uuid5

from django.db import transaction

from partners import findings_kinds as kinds
from partners import findings_people as people
from partners.findings_states import CLOCK_RUNS, FINDING, FindingState
from partners.models import Finding
from partners.policies_findings import finding_capacities
from portal import clock
from portal.accounts.models import Kind, User
from portal.deadlines import actions as deadlines
from portal.deadlines.models import Deadline
from portal.errors import NotAllowed, WrongState
from portal.ledger import actions as ledger
from portal.ledger.models import Event
from portal.ledger.stale import refuse_stale
from portal.machine import Transition

CALLED = "This finding"


def lock(finding: Finding) -> Finding:
    """The finding as it is now, locked until the transaction ends."""
    rows = Finding.objects.select_for_update(of=("self",)).select_related("reporter", "owner", "submission")
    return rows.get(pk=finding.pk)


def begin(
    *,
    actor,
    finding: Finding,
    verb: str,
    at: datetime | None,
    reason: str = "",
    expected_revision: int | None = None,
) -> tuple[Finding, Transition, datetime]:
    """Lock the finding, ask the policy and the state table, refuse a stale form."""
    locked = lock(finding)
    at = at or clock.now()
    mine = finding_capacities(actor, locked)
    if not mine:
        raise NotAllowed("This step is not yours to take.")
    step = FINDING.require(locked.state, verb, mine, reason=reason)
    refuse_stale(locked, expected_revision, called=CALLED)
    return locked, step, at


def refuse_mid_relay(finding: Finding) -> None:
    """Raise WrongState while a relay is under way: the dates the clearinghouse was told stand (invariant 16)."""
    if finding.relays.under_way().exists():
        raise WrongState(
            "A relay to the clearinghouse is under way: no date of this finding moves until their id is recorded.",
            code="mid_relay",
        )


def finish(
    *,
    actor,
    finding: Finding,
    step: Transition,
    at: datetime,
    reason: str = "",
    data: dict | None = None,
    told: str = "",
    reporter: bool = True,
    owner: bool = True,
) -> Finding:
    """Move the state, save, write the event, plan the dates anew, and tell the programme office and these sides.

    Events hang on no case: a lab reads those of its cases, and would learn of a finding before it is notified.
    """
    before = finding.state
    finding.state = FindingState(step.target)
    if before != finding.state:
        setattr(finding, f"{finding.state}_at", at)
    finding.revision += 1
    finding.save()
    facts = {"revision": finding.revision} | (data or {})
    if before != finding.state:
        facts |= {"from": before, "to": finding.state}
    event = record(
        actor=actor, finding=finding, verb=step.verb, capacity=step.who, reason=reason, data=facts, at=at
    )
    plan_deadlines(finding, at)
    tell(event, finding, told or f"finding_{step.verb}", reporter=reporter, owner=owner)
    return finding


def record(
    *, actor, finding: Finding, verb: str, capacity: str, at: datetime, reason: str = "", data=None
) -> Event:
    return ledger.record(
        actor=actor, verb=verb, subject=finding, capacity=capacity, reason=reason, data=data, at=at
    )


def tell(event: Event, finding: Finding, kind: str, *, reporter: bool, owner: bool) -> None:
    """Put word into the outbox, each side with its own page. A number and a link, nothing of what was found."""
    office = set(people.office_people(finding))
    if kind in kinds.FOR_LIAISONS:
        office |= set(people.liaison_people(finding))
    groups = [(sorted(office), page(finding, Kind.AGENCY))]
    if owner:
        groups.append((people.owner_people(finding), page(finding, Kind.LAB)))
    if reporter:
        groups.append((people.reporter_people(finding), page(finding, finding.reporter.kind)))
    if kind in kinds.FOR_ADDRESSEES:
        groups.append((people.addressed_people(finding, event.at), page(finding, Kind.PARTNER)))
    for found, link in groups:
        deadlines.tell(
            recipients=[person for person in found if person != event.actor_id],
            kind=kind,
            case_id=None,
            case_number=finding.number,
            about=event.pk,
            at=event.at,
            link=link,
        )


def page(finding: Finding, side: str) -> str:
    """Where the people of a side read the finding."""
    if side == Kind.AGENCY:
        return f"/admin/partners/finding/{finding.pk}/change/"
    return f"/{Kind(side).value}/findings/{finding.pk}/"


def plan_deadlines(finding: Finding, at: datetime) -> None:
    """Set, move, meet or cancel the finding's deadlines, one for each person, so that they say what the finding says.

    Each names its person, because a finding is no case and so has no audience that reminders could be read from.
    """
    wanted = _wanted(finding)
    open_ones = Deadline.objects.still_open().filter(kind__in=kinds.DEADLINES, source_id=finding.pk)
    for kind, subject in open_ones.values_list("kind", "subject_id"):
        if (kind, subject) in wanted:
            continue
        if kind in (kinds.SILENT, kinds.SILENT_OFFICE) and finding.remediating_at is not None:
            deadlines.meet(kind=kind, subject_id=subject, at=at)
        else:
            deadlines.cancel(at=at, kinds=[kind], subject_id=subject)
    persons = User.objects.in_bulk([person for person, _, _ in wanted.values()])
    for (kind, subject), (person, due_at, link) in wanted.items():
        deadlines.set_deadline(
            kind=kind,
            subject_id=subject,
            case_id=None,
            case_number=finding.number,
            due_at=due_at,
            at=at,
            person=persons[person],
            source_id=finding.pk,
            link=link,
        )


def _wanted(finding: Finding) -> dict[tuple[str, UUID], tuple[UUID, datetime, str]]:
    due_at = finding.disclosure_due_at
    if finding.state not in CLOCK_RUNS or due_at is None:
        return {}
    owner, office = people.owner_people(finding), people.office_people(finding)
    lab, admin = page(finding, Kind.LAB), page(finding, Kind.AGENCY)
    rows: list[tuple[str, Iterable[UUID], datetime, str]] = [
        (kinds.DISCLOSURE, owner, due_at, lab),
        (kinds.DISCLOSURE_OFFICE, office, due_at, admin),
    ]
    told = {*owner, *office}
    reporters = [person for person in people.reporter_people(finding) if person not in told]
    rows.append((kinds.DISCLOSURE_REPORTER, reporters, due_at, page(finding, finding.reporter.kind)))
    if finding.state == FindingState.OWNER_NOTIFIED:
        silent = kinds.owner_silent_due(finding.owner_notified_at)
        rows += [(kinds.SILENT, owner, silent, lab), (kinds.SILENT_OFFICE, office, silent, admin)]
    return {
        (kind, uuid5(finding.pk, str(person))): (person, due, link)
        for kind, persons, due, link in rows
        for person in persons
    }


def follow_staff(*, at: datetime | None = None) -> None:
    """Who came meanwhile is reminded, who left or has a conflict is not. Safe to run twice, late, or beside itself."""
    at = at or clock.now()
    for pk in Finding.objects.filter(state__in=CLOCK_RUNS).order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            rows = Finding.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk)
            finding = rows.select_related("reporter", "owner").first()
            if finding is not None:
                plan_deadlines(finding, at)
