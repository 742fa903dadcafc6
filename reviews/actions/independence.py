"""That a reviewer writes no assessment on a case: from then on they read the others', as one whose own is in."""

from datetime import datetime

from portal.errors import AlreadyDone, NotAllowed, WrongState
from portal.ledger.stale import refuse_stale
from portal.scope import action
from reviews.actions import common, seats
from reviews.models import Assignment
from reviews.states import AssignmentState


@action
def write_none(
    *, actor, assignment: Assignment, expected_revision: int | None = None, at: datetime | None = None
) -> Assignment:
    """State that no assessment comes from this seat, once and for good: the other reviewers' open to its reviewer, whose checks
    they can then record. Refused once there is one, a draft included: that one is completed, or handed over with the seat."""
    case, seat, mine, at = seats.lock(actor, assignment, at)
    if "reviewer" not in mine:
        raise NotAllowed("Only the seat's reviewer states this.")
    if seat.state_at(at) != AssignmentState.ACTIVE:
        raise WrongState("Only the reviewer of an active seat states this.")
    if seat.writes_none_at is not None:
        raise AlreadyDone("You stated already that you write no assessment on this case.")
    refuse_stale(seat, expected_revision, called="This seat")
    if case.assessments.filter(author=actor).exists():
        raise WrongState("You have an assessment on this case already.")
    seat.writes_none_at = at
    seat.revision += 1
    seat.save(update_fields=["writes_none_at", "revision"])
    event = common.note(
        actor=actor, verb="write_none", subject=seat, case=case, capacity="reviewer",
        data={"person": seat.reviewer_id}, at=at,
    )  # fmt: skip
    people = seats.concerned(case, seat, at=at)
    common.tell(event=event, kind="assignment_writes_none", people=people, case=case)
    return seat
