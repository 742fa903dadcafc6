"""What every action on a grant shares: the locked beginning and the recorded end."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, Min, Q

from partners import deadline_kinds as kinds
from partners import policies
from partners.actions import reports_owed
from partners.models import Grant, Side
from partners.states import MACHINE, State
from portal import clock
from portal.deadlines import actions as deadlines
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed
from portal.ledger import actions as ledger
from portal.ledger.models import Event
from portal.ledger.stale import refuse_stale
from portal.machine import Transition
from portal.submissions.actions import case as case_steps
from portal.submissions.actions.clockwork import set_first_grant
from portal.submissions.models import Audience, Submission
from portal.submissions.querysets import OFFER, live

# How a grant's events call its revision, beside those of the case.
REVISION = "grant_revision"
SIDE_OF = {"lab": Side.LAB, "coordinator": Side.GOVERNMENT, "partner": Side.PARTNER}


@dataclass(slots=True)
class Taken:
    """A grant under way: its locked case, the locked grant, the step of the table, the instant, and who could see it before."""

    case: Submission
    grant: Grant
    step: Transition
    at: datetime
    partner_people: list[UUID]

    @property
    def side(self) -> Side:
        return SIDE_OF[self.step.who]


def lock(grant: Grant) -> tuple[Submission, Grant]:
    """The case, then the grant, as they are now and locked until the transaction ends: always in this order."""
    case = case_steps.lock(grant.submission)
    locked = Grant.objects.select_for_update(of=("self",)).select_related("partner").get(pk=grant.pk)
    locked.submission = case
    return case, locked


def begin(
    *,
    actor,
    grant: Grant,
    verb: str,
    at: datetime | None,
    reason: str = "",
    expected_revision: int | None = None,
    done: Callable[[Grant, Side], bool] | None = None,
) -> Taken:
    """Lock case and grant, ask the policy and the state table, refuse a stale form.

    ``done`` says whether the step's effect is there already: a second click is told so, not that its page is old.
    """
    case, locked = lock(grant)
    at = at or clock.now()
    mine = policies.capacities(actor, locked, at=at)
    if not mine:
        raise NotAllowed("This step is not yours to take.")
    step = MACHINE.require(locked.state_at(at), verb, mine, reason=reason)
    if done is not None and done(locked, SIDE_OF[step.who]):
        raise AlreadyDone("Your side has done this already.")
    refuse_stale(locked, expected_revision, called="This grant", key=REVISION)
    return Taken(case, locked, step, at, people_of_partner(locked, at=at))


def require_code(code: str, allowed: Collection[str]) -> str:
    """A reason code of a list; raises Missing or Invalid on the field ``reason_code``."""
    if not code:
        raise Missing("Choose a reason.", field="reason_code")
    if code not in allowed:
        raise Invalid(f"Choose a reason of the list: {', '.join(sorted(allowed))}.", field="reason_code")
    return code


def finish(
    *,
    actor,
    case: Submission,
    grant: Grant,
    verb: str,
    at: datetime,
    step: Transition | None = None,
    capacity: str = "",
    reason: str = "",
    data: dict | None = None,
    window: bool = False,
) -> Event:
    """Move the state, save, write the event, let the case's window follow, re-plan the grant's deadlines."""
    before = grant.stored_state
    if step is not None:
        grant.stored_state = MACHINE.stored(step.target)
    grant.revision += 1
    grant.save()
    facts = {REVISION: grant.revision} | (data or {})
    if before != grant.stored_state:
        facts |= {"from": before, "to": grant.stored_state}
    event = ledger.record(
        actor=actor,
        verb=f"grant_{verb}",
        subject=grant,
        case_id=case.pk,
        capacity=capacity or (step.who if step else ""),
        reason=reason,
        data=facts,
        at=at,
    )
    if window:
        set_first_grant(actor=actor, case=case, starts_at=first_start(case), at=at)
    plan_deadlines(grant, at)
    return event


def first_start(case: Submission) -> datetime | None:
    """The start of the earliest grant that all three agreed to and that did not end before it started."""
    agreed = Grant.objects.filter(submission=case, agreed_at__isnull=False)
    agreed = agreed.filter(Q(ended_at=None) | Q(ended_at__gt=F("starts_at"))).order_by()
    return agreed.aggregate(first=Min("starts_at"))["first"]


def people_of_partner(grant: Grant, *, at: datetime, scope: str = OFFER) -> list[UUID]:
    """The partner's people whom the audience admits to a scope of this very grant at an instant."""
    rows = Audience.objects.filter(
        live(at), submission_id=grant.submission_id, source_id=grant.pk, scope=scope
    )
    return list(rows.filter(capacity="partner").order_by().values_list("user_id", flat=True).distinct())


def tell(
    event: Event,
    grant: Grant,
    kind: str,
    *,
    at: datetime,
    lab=False,
    office=False,
    partner: Iterable[UUID] = (),
):
    """Put word into the outbox for the lab, the programme office's coordinators, and these people of the partner."""
    case = grant.submission
    groups = [
        (case_steps.people(case, "lab", at=at) if lab else [], f"/lab/cases/{case.case_number}/partners/"),
        (case_steps.people(case, "coordinator", at=at) if office else [], ""),
        (partner, f"/partner/grants/{grant.pk}/"),
    ]
    for people, link in groups:
        deadlines.tell(
            recipients=[person for person in people if person != event.actor_id],
            kind=f"grant_{kind}",
            case_id=case.pk,
            case_number=case.case_number,
            about=event.pk,
            at=at,
            link=link,
        )


def plan_deadlines(grant: Grant, at: datetime) -> None:
    """Set, move, meet or cancel a grant's deadlines so that they say what the grant says."""
    state = grant.state_at(at)
    common = {
        "subject_id": grant.pk,
        "case_id": grant.submission_id,
        "case_number": grant.submission.case_number,
        "at": at,
    }
    lab = common | {"link": f"/lab/cases/{grant.submission.case_number}/partners/"}
    partner = common | {"source_id": grant.pk, "link": f"/partner/grants/{grant.pk}/"}
    waits = state == State.PROPOSED and grant.concurred_at is None
    if waits and policies.case_takes_proposals(grant.submission, at):
        deadlines.set_deadline(kind=kinds.CONCUR, due_at=kinds.concur_due(grant.proposed_at), **common)
    elif grant.concurred_at is not None:
        deadlines.meet(kind=kinds.CONCUR, subject_id=grant.pk, at=at)
    else:
        deadlines.cancel(at=at, kinds=[kinds.CONCUR], subject_id=grant.pk)
    if state == State.AGREED:
        deadlines.set_deadline(kind=kinds.STARTS, due_at=grant.starts_at, **lab)
        deadlines.set_deadline(kind=kinds.STARTS_PARTNER, due_at=grant.starts_at, **partner)
    else:
        deadlines.cancel(at=at, kinds=[kinds.STARTS, kinds.STARTS_PARTNER], subject_id=grant.pk)
    if state in (State.AGREED, State.ACTIVE, State.SUSPENDED):
        deadlines.set_deadline(kind=kinds.EXPIRES, due_at=grant.expires_at, **lab)
        deadlines.set_deadline(kind=kinds.EXPIRES_PARTNER, due_at=grant.expires_at, **partner)
    else:
        deadlines.cancel(at=at, kinds=[kinds.EXPIRES, kinds.EXPIRES_PARTNER], subject_id=grant.pk)
    reports_owed.plan(grant, at)
    ended_at = grant.ended_at or grant.expires_at
    # Nothing can have been kept of a grant that ended before it started.
    if state in (State.EXPIRED, State.REVOKED, State.SURRENDERED) and ended_at > grant.starts_at:
        due = kinds.close_out_due(ended_at)
        owed = partner | {"source_id": None, "organisation_id": grant.partner_id}
        deadlines.set_deadline(kind=kinds.CLOSE_OUT, due_at=due, **owed)
    elif state == State.CLOSED_OUT:
        deadlines.meet(kind=kinds.CLOSE_OUT, subject_id=grant.pk, at=at)


def write_end(grant: Grant, step: Transition, *, actor, at: datetime, code: str = "") -> None:
    """Write on the grant how, when and by whom it ended, and drop an extension that is still asked for."""
    grant.ended_at, grant.ended_by = at, actor
    grant.end_side, grant.end_verb, grant.reason_code = SIDE_OF[step.who], step.verb, code
    grant.extensions.filter(completed_at=None, dropped_at=None).update(dropped_at=at)
