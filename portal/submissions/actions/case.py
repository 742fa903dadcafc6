"""What every action on a case shares: the locked beginning and the recorded end."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from portal import clock
from portal.accounts.models import Role
from portal.deadlines import actions as deadlines
from portal.errors import NotAllowed, WrongState
from portal.ledger import actions as ledger
from portal.ledger.stale import refuse_stale
from portal.machine import Transition
from portal.submissions import deadline_kinds as kinds
from portal.submissions import hooks, policies, window
from portal.submissions.models import Audience, Submission
from portal.submissions.querysets import live
from portal.submissions.states import MACHINE, State


def lock(submission: Submission) -> Submission:
    """The case as it is now, locked until the transaction ends: every action on a case, its grants and seats begins here."""
    return (
        Submission.objects.select_for_update(of=("self",))
        .select_related("facts", "lab", "checkpoint")
        .get(pk=submission.pk)
    )


def begin(
    *,
    actor,
    submission: Submission,
    verb: str,
    at: datetime | None,
    reason: str = "",
    expected_revision: int | None = None,
) -> tuple[Submission, Transition, datetime]:
    """Lock the case, ask the policy and the state table, refuse a stale form; returns the case, the step and the instant."""
    case = lock(submission)
    # After the lock: a caller that waited for it acts at the moment it got it, not at the moment it asked.
    at = at or clock.now()
    mine = policies.capacities(actor, case, at=at)
    if not mine:
        raise NotAllowed("This step is not yours to take.")
    step = MACHINE.require(case.state_at(at), verb, mine, reason=reason)
    refuse_stale(case, expected_revision, called="This case")
    return case, step, at


def begin_edit(
    *, actor, submission: Submission, edit: str, at: datetime | None, expected_revision: int | None = None
) -> tuple[Submission, datetime]:
    """As ``begin``, for what is written on a case without a step of the state table: one of ``policies.EDITS``."""
    case = lock(submission)
    at = at or clock.now()
    _require_edit(actor, case, edit, at)
    refuse_stale(case, expected_revision, called="This case")
    return case, at


def ask_edit(*, actor, submission: Submission, edit: str, at: datetime | None) -> None:
    """Raise what ``begin_edit`` would raise now, locking nothing: for work before it that no stranger should cause."""
    _require_edit(actor, Submission.objects.get(pk=submission.pk), edit, at or clock.now())


def _require_edit(actor, case: Submission, edit: str, at: datetime) -> None:
    rule = policies.EDITS[edit]
    if not rule.who & policies.capacities(actor, case, at=at):
        raise NotAllowed("This is not yours to change.")
    if case.state_at(at) not in rule.states:
        raise WrongState(rule.otherwise)


def finish(
    *,
    case: Submission,
    actor,
    verb: str,
    at: datetime,
    step: Transition | None = None,
    reason: str = "",
    data: dict | None = None,
    tell: Iterable[UUID] = (),
    replan: bool = False,
    notice: str = "",
    capacity: str = "",
) -> Submission:
    """Move the state, save, write the event, re-plan the deadlines and put the messages into the outbox.

    ``capacity`` is that of the audience, unless the step is taken in another.
    """
    before = case.stored_state
    if step is not None:
        case.stored_state = MACHINE.stored(step.target)
    case.revision += 1
    if replan:
        recompute(case, at)
    case.save()
    told = {"revision": case.revision} | (data or {})
    if before != case.stored_state:
        told |= {"from": before, "to": case.stored_state}
    if replan:
        told |= {"opens_at": case.opens_at, "closes_at": case.closes_at}
    capacity = capacity or (
        next(iter(sorted(policies.capacities(actor, case, at=at), key=_order)), "") if actor else "clock"
    )
    event = ledger.record(
        actor=actor,
        verb=verb,
        subject=case,
        case_id=case.pk,
        capacity=capacity,
        reason=reason,
        data=told,
        at=at,
    )
    if replan:
        plan_deadlines(case, at)
        hooks.call(hooks.REPLANNED, submission=case, at=at)
    _tell(case, tell, actor=actor, kind=notice or verb, about=event.pk, at=at)
    return case


def _order(capacity: str) -> tuple[bool, str]:
    """No step is anybody's by break-glass access: who has another capacity too takes it in that."""
    return capacity == "break_glass", capacity


def _tell(case: Submission, people: Iterable[UUID], *, actor, kind: str, about: UUID, at: datetime) -> None:
    """A message to everybody but the person who did it."""
    recipients = [person for person in people if actor is None or person != actor.pk]
    if recipients:
        deadlines.tell(
            recipients=recipients,
            kind=kind,
            case_id=case.pk,
            case_number=case.case_number,
            about=about,
            at=at,
        )


def people(case: Submission, *capacities: str, at: datetime, scope: str = "record") -> list[UUID]:
    """The persons who stand to a case in one of these capacities now; the audience view is the only source."""
    rows = Audience.objects.filter(live(at), submission=case, capacity__in=capacities, scope=scope).order_by()
    return list(rows.values_list("user_id", flat=True).distinct())


def everyone_else(case: Submission, *, at: datetime) -> list[UUID]:
    """Every person outside the lab who can see any of its material, or knows of an offer, at this instant."""
    rows = Audience.objects.filter(live(at), submission=case).exclude(capacity__in=policies.LAB_SEES)
    rows = rows.exclude(scope="record").exclude(capacity=Role.AUDITOR).order_by()
    return list(rows.values_list("user_id", flat=True).distinct())


def readers_of(document, *, at: datetime) -> list[UUID]:
    """Every person outside the lab to whom a document is open at this instant, by the whole case or by a grant."""
    rows = Audience.objects.filter(live(at), submission=document.submission_id, scope="documents")
    rows = rows.filter(Q(document=None) | Q(document=document)).exclude(capacity__in=policies.LAB_SEES)
    return list(rows.order_by().values_list("user_id", flat=True).distinct())


def recompute(case: Submission, at: datetime) -> None:
    """Derive the window anew from the dates; an opening or an end that has happened stays where it was."""
    if case.planned_public_release is None:
        return
    result = window.compute(dates_of(case, at))
    case.opens_at, case.closes_at = result.opens, result.closes


def dates_of(case: Submission, at: datetime, *, locked: bool = True) -> window.Dates:
    """The facts of a case that its window follows from; a page that only shows them need not lock the checkpoint."""
    return window.Dates(
        planned_public_release=case.planned_public_release,
        planned_partner_release=case.planned_partner_release,
        first_grant_starts_at=case.first_grant_starts_at,
        access_provided_at=case.access_provided_at,
        released_at=case.released_at,
        withdrawn_at=case.withdrawn_at,
        opened_at=case.opens_at if case.opens_at is not None and case.opens_at <= at else None,
        used=_used_elsewhere(case, locked=locked),
        ended=_ended(case, at),
    )


def _ended(case: Submission, at: datetime) -> window.Window | None:
    """The case's window once it has ended. Before the terms are agreed none does, even if the planned dates pass: moved on, it
    may still open.
    """
    if case.agreed_at is None or case.closes_at is None or case.closes_at > at:
        return None
    return window.Window(case.opens_at, case.closes_at)


def _used_elsewhere(case: Submission, *, locked: bool) -> timedelta:
    """How much of the 30 days other cases of the same checkpoint have taken; its row is locked until the transaction ends."""
    if case.checkpoint_id is None:
        return timedelta(0)
    if locked:
        type(case.checkpoint).objects.select_for_update().get(pk=case.checkpoint_id)
    others = Submission.objects.filter(checkpoint_id=case.checkpoint_id, opens_at__isnull=False).exclude(
        pk=case.pk
    )
    return sum(
        (closes - opens for opens, closes in others.values_list("opens_at", "closes_at")), timedelta(0)
    )


def plan_deadlines(case: Submission, at: datetime) -> None:
    """Set, move, meet or cancel the deadlines of this floor so that they say what the case says."""
    common = {"subject_id": case.pk, "case_id": case.pk, "case_number": case.case_number, "at": at}
    state = case.state_at(at)
    if state in MACHINE.terminal:
        deadlines.cancel(at=at, case_id=case.pk)
        return
    if state == State.SUBMITTED:
        deadlines.set_deadline(
            kind=kinds.ACKNOWLEDGE, due_at=kinds.acknowledge_due(case.submitted_at), **common
        )
    else:
        deadlines.meet(kind=kinds.ACKNOWLEDGE, subject_id=case.pk, at=at)
    if case.access_provided_at is not None:
        deadlines.meet(kind=kinds.PROVIDE_ACCESS, subject_id=case.pk, at=at)
    elif state in (State.SUBMITTED, State.ACKNOWLEDGED, State.AGREED):
        first_release = window.anchor(dates_of(case, at))
        deadlines.set_deadline(
            kind=kinds.PROVIDE_ACCESS, due_at=kinds.provide_access_due(first_release), **common
        )
    else:
        deadlines.cancel(at=at, kinds=[kinds.PROVIDE_ACCESS], subject_id=case.pk)
    if state in (State.AGREED, State.OPEN) or (state == State.ENDED and case.closes_at == at):
        deadlines.set_deadline(kind=kinds.WINDOW_CLOSES, due_at=case.closes_at, **common)


def announce(*, case: Submission, verb: str, at: datetime, people: Iterable[UUID]) -> None:
    """Word to people who stand in the audience only since the step was saved; once a case and kind."""
    deadlines.tell(
        recipients=people, kind=verb, case_id=case.pk, case_number=case.case_number, about=case.pk, at=at
    )
