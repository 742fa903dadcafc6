"""What time does to seats. That a seat expired follows from dates by itself; this records that it did, and tells people."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from portal import clock
from portal.accounts.models import Membership, Role
from portal.deadlines import actions as deadlines
from portal.deadlines.models import Deadline
from portal.submissions.actions import case as cases
from portal.submissions.models import Barrier, Submission
from reviews import deadline_kinds as kinds
from reviews.actions import common
from reviews.models import Assignment
from reviews.states import LIVE, AssignmentState

BATCH = 200


def record_clock(*, at: datetime | None = None) -> int:
    """Record the seats that expired since the last run; returns how many. Twice, late or beside itself: once each."""
    at = at or clock.now()
    recorded = 0
    while True:
        with transaction.atomic():
            # The case with the seat, case first: the order of every action. A case that somebody works on waits for a later run.
            seats = list(
                _unrecorded(at)
                .select_for_update(skip_locked=True, of=("submission", "self"))
                .select_related("submission", "reviewer")[:BATCH]
            )
            for seat in seats:
                _record(seat, at)
        recorded += len(seats)
        if len(seats) < BATCH:
            break
    forget_lost_attestations(at=at)
    return recorded


def expire_seats(*, case: Submission, at: datetime) -> None:
    """Record what expired on a case that the caller has locked, so that an expired seat does not stand in a new one's way."""
    for seat in _unrecorded(at).filter(submission=case).select_for_update(of=("self",)):
        seat.submission = case
        _record(seat, at)


def _unrecorded(at: datetime):
    rows = Assignment.objects.in_state(AssignmentState.EXPIRED, at=at).filter(
        stored_state__in=LIVE, expiry_recorded_at=None
    )
    return rows.order_by(F("expires_at"), "pk")


def _record(seat: Assignment, at: datetime) -> None:
    case = seat.submission
    people = {*cases.people(case, "coordinator", at=at), seat.reviewer_id}
    by_the_case = seat.lapses_at() != seat.expires_at
    seat.expiry_recorded_at = at
    seat.revision += 1
    seat.save(update_fields=["expiry_recorded_at", "revision"])
    deadlines.cancel(at=at, kinds=[kinds.ATTEST], subject_id=seat.pk)
    event = common.note(
        actor=None, verb="expire", subject=seat, case=case, capacity="clock",
        data={"person": seat.reviewer_id, "expired_at": seat.lapses_at(), "from": seat.stored_state}, at=at,
    )  # fmt: skip
    if by_the_case:
        # Closing or withdrawal told all who had access; who was only asked hears it here.
        people = {seat.reviewer_id} if seat.attested_at is None else set()
    common.tell(event=event, kind="assignment_expired", people=sorted(people), case=case)


def forget_lost_attestations(*, at: datetime) -> None:
    """No reminder goes to a person whose membership or freedom from conflict is gone since the seat was proposed."""
    waiting = Deadline.objects.still_open().filter(kind=kinds.ATTEST).values("subject_id")
    member = Membership.objects.filter(
        user=OuterRef("reviewer"), organisation=OuterRef("agency"), role=Role.REVIEWER, ended_at=None
    )
    barred = Barrier.objects.filter(
        Q(organisation=OuterRef("submission__lab")) | Q(submission=OuterRef("submission")),
        user=OuterRef("reviewer"),
    )
    lost = Assignment.objects.filter(~Exists(member) | Exists(barred.order_by()), pk__in=waiting)
    for seat in lost.order_by().values_list("pk", flat=True):
        deadlines.cancel(at=at, kinds=[kinds.ATTEST], subject_id=seat)


def follow_window(*, submission: Submission, at: datetime) -> None:
    """The case's window moved and is saved: seats that follow it, and the feedback deadlines, move along."""
    if submission.closes_at is not None:
        following = Assignment.objects.live(at=at).filter(submission=submission, expiry_follows=True)
        following.update(expires_at=kinds.seat_expires(submission.closes_at))
    kinds.plan_feedback(submission, at)
