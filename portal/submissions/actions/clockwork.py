"""What time does to a case. State follows from dates by itself; this records that it did, and tells people."""

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from portal import clock
from portal.submissions.actions import case as steps
from portal.submissions.actions import obligations
from portal.submissions.models import Submission
from portal.submissions.states import State

BATCH = 200


def record_clock(*, at: datetime | None = None) -> int:
    """Record windows that opened or ended since the last run; returns how many. Twice, late or beside itself: once each."""
    at = at or clock.now()
    recorded = 0
    while True:
        with transaction.atomic():
            cases = list(
                _unrecorded(at)
                .select_for_update(skip_locked=True, of=("self",))
                .select_related("facts", "lab", "checkpoint")[:BATCH]
            )
            for case in cases:
                _record(case, at)
        recorded += len(cases)
        if len(cases) < BATCH:
            return recorded


def _unrecorded(at: datetime):
    opened = Q(opens_at__lte=at, open_recorded_at=None)
    ended = Q(closes_at__lte=at, end_recorded_at=None)
    return Submission.objects.filter(opened | ended, stored_state=State.AGREED).order_by(F("closes_at"), "pk")


def _record(case: Submission, at: datetime) -> None:
    everyone = steps.people(case, "lab", "coordinator", "agency_coordinator", "lead", "reviewer", at=at)
    if case.opens_at is not None and case.opens_at <= at and case.open_recorded_at is None:
        case.open_recorded_at = at
        steps.finish(
            case=case, actor=None, verb="open", at=at, notice="window_opened",
            data={"opened_at": case.opens_at}, tell=everyone if case.closes_at > at else (),
        )  # fmt: skip
    if case.closes_at <= at and case.end_recorded_at is None:
        case.end_recorded_at = at
        steps.finish(
            case=case,
            actor=None,
            verb="end",
            at=at,
            notice="window_ended",
            data={"ended_at": case.closes_at},
            tell=everyone,
        )
        obligations.begin(case, ended_at=case.closes_at, at=at)


def set_first_grant(*, actor, case: Submission, starts_at: datetime | None, at: datetime) -> Submission:
    """The start of the earliest agreed grant, reported by the partners' side on a case it has locked: the window follows.

    Not a door's verb: called inside a grant's action.
    """
    if case.first_grant_starts_at == starts_at:
        return case
    case.first_grant_starts_at = starts_at
    return steps.finish(
        case=case,
        actor=actor,
        verb="first_grant_moved",
        at=at,
        data={"first_grant_starts_at": starts_at},
        replan=True,
    )
