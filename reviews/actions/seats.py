"""Proposing a reviewer's seat, and the one way in which a seat is begun, changed and recorded."""

from datetime import datetime
from uuid import UUID

from portal import clock
from portal.accounts.models import Kind, Membership, Organisation, Role
from portal.deadlines import actions as deadlines
from portal.errors import AlreadyDone, Invalid, NotAllowed, WrongState
from portal.ledger.stale import refuse_stale
from portal.machine import Transition
from portal.scope import action
from portal.submissions.actions import case as cases
from portal.submissions.models import Submission
from portal.submissions.states import State
from reviews import deadline_kinds as kinds
from reviews import policies
from reviews.actions import common
from reviews.actions.agencies import add_invitation
from reviews.actions.clockwork import expire_seats
from reviews.models import Assignment, Domain
from reviews.states import ASSIGNMENT

CONFLICT = "This person cannot take a seat on this case: there is a conflict."


def begin(
    *,
    actor,
    assignment: Assignment,
    verb: str,
    at: datetime | None,
    reason: str = "",
    expected_revision: int | None = None,
) -> tuple[Submission, Assignment, Transition, frozenset[str], datetime]:
    """Lock case and seat, ask policy and state table, refuse a stale form."""
    case, seat, mine, at = lock(actor, assignment, at)
    if not mine:
        raise NotAllowed("This step is not yours to take.")
    step = ASSIGNMENT.require(seat.state_at(at), verb, mine, reason=reason)
    refuse_stale(seat, expected_revision, called="This seat")
    return case, seat, step, mine, at


def lock(
    actor, assignment: Assignment, at: datetime | None
) -> tuple[Submission, Assignment, frozenset[str], datetime]:
    """Case and seat, locked in this order, and how the actor stands to the seat."""
    case = cases.lock(assignment.submission)
    at = at or clock.now()
    seat = (
        Assignment.objects.select_for_update(of=("self",))
        .select_related("reviewer", "agency")
        .get(pk=assignment.pk)
    )
    seat.submission = case
    return case, seat, policies.assignment_capacities(actor, seat, at=at), at


def finish(
    *, case: Submission, seat: Assignment, actor, verb: str, step: Transition, at: datetime, notice: str,
    people: list[UUID], reason: str = "", data: dict | None = None,
) -> Assignment:  # fmt: skip
    """Move the seat's state, save, write the event, meet or cancel its deadline, tell people."""
    before = seat.stored_state
    seat.stored_state = ASSIGNMENT.stored(step.target)
    seat.revision += 1
    if step.target in ASSIGNMENT.terminal:
        seat.ended_at = at
        seat.reason = reason
    seat.save()
    if verb == "attest":
        deadlines.meet(kind=kinds.ATTEST, subject_id=seat.pk, at=at)
    else:
        deadlines.cancel(at=at, kinds=[kinds.ATTEST], subject_id=seat.pk)
    event = common.note(
        actor=actor, verb=verb, subject=seat, case=case, capacity=step.who, reason=reason,
        data={"person": seat.reviewer_id, "from": before, "to": seat.stored_state} | (data or {}), at=at,
    )  # fmt: skip
    common.tell(event=event, kind=notice, people=people, case=case)
    return seat


def concerned(case: Submission, seat: Assignment, *, at: datetime) -> list[UUID]:
    """Whom a change of a seat concerns: its reviewer, the case's lead, the coordinators of the programme and of the agency."""
    office = cases.people(case, "coordinator", "lead", at=at)
    agency = list(
        case.audience.filter(
            capacity="agency_coordinator", scope="record", organisation=seat.agency_id, since__lte=at
        )
        .exclude(until__lte=at)
        .order_by()
        .values_list("user_id", flat=True)
    )
    return [*office, *agency, seat.reviewer_id]


@action
def propose_assignment(
    *,
    actor,
    submission: Submission,
    reviewer,
    domain: str,
    role: str = Assignment.Role.REVIEWER,
    agency: Organisation | None = None,
    note: str = "",
    expires_at: datetime | None = None,
    at: datetime | None = None,
) -> Assignment:
    """Offer a seat to a reviewer, inviting the reviewer's agency to the case where it is not yet.

    ``agency`` may be left out for who is a reviewer of one agency only. Without ``expires_at`` the seat ends some time after
    the window (a target) and moves with it. Raises Invalid, naming the field; a conflict is not explained further.
    """
    case = cases.lock(submission)
    at = at or clock.now()
    if not policies.is_programme_coordinator(actor, case, at=at):
        raise NotAllowed("Only the programme's coordinators propose a seat.")
    if case.state_at(at) not in (State.ACKNOWLEDGED, State.AGREED, State.OPEN):
        raise WrongState("Seats are proposed from the acknowledgement until the window ends.")
    if expires_at is not None and expires_at <= at:
        raise Invalid("The seat would have expired already.", field="expires_at")
    return offer(
        actor=actor, case=case, reviewer=reviewer, agency=agency, domain=domain, role=role, note=note,
        expires_at=expires_at, at=at,
    )  # fmt: skip


def offer(
    *, actor, case: Submission, reviewer, agency, domain: str, role: str, at: datetime, note: str = "",
    expires_at: datetime | None = None, capacity: str = "coordinator",
) -> Assignment:  # fmt: skip
    """A proposed seat on a locked case, after every check that concerns the person and the agency."""
    expire_seats(case=case, at=at)
    if domain not in Domain.values:
        raise Invalid("Choose a domain.", field="domain")
    if role not in Assignment.Role.values:
        raise Invalid("Choose a role.", field="role")
    agency = agency or _only_agency_of(reviewer)
    if not policies.holds_reviewer_seat(reviewer, agency):
        raise Invalid("This person is not a reviewer of that agency.", field="reviewer")
    if not policies.may_be_seated(reviewer, case):
        raise Invalid(CONFLICT, field="reviewer", code="conflict")
    live = case.assignments.live(at=at)
    if live.filter(reviewer=reviewer).exists():
        raise AlreadyDone("This person has a seat on this case already.")
    if role == Assignment.Role.LEAD and live.filter(role=role).exists():
        raise Invalid("This case has a lead already.", field="role")
    if not policies.is_asked(agency, case):
        if capacity != "coordinator":
            raise Invalid("This agency is not invited to the case.", field="reviewer")
        add_invitation(actor=actor, case=case, agency=agency, at=at)
    seat = Assignment(
        submission=case, reviewer=reviewer, agency=agency, domain=domain, role=role, note=note.strip(), proposed_by=actor,
        proposed_at=at, expires_at=expires_at or kinds.seat_expires(case.closes_at), expiry_follows=expires_at is None,
    )  # fmt: skip
    common.check_fields(seat, ["note"])
    seat.save(force_insert=True)
    _announce(actor=actor, case=case, seat=seat, capacity=capacity, at=at)
    return seat


def _announce(*, actor, case: Submission, seat: Assignment, capacity: str, at: datetime) -> None:
    deadlines.set_deadline(
        kind=kinds.ATTEST, subject_id=seat.pk, case_id=case.pk, case_number=case.case_number,
        due_at=kinds.attest_due(at), at=at, person=seat.reviewer, link=_workbench(seat),
    )  # fmt: skip
    facts = {"person": seat.reviewer_id, "agency": seat.agency_id, "domain": seat.domain, "role": seat.role}
    event = common.note(
        actor=actor, verb="propose_assignment", subject=seat, case=case, capacity=capacity,
        data=facts | {"expires_at": seat.expires_at}, at=at,
    )  # fmt: skip
    # The person asked sees the seat and nothing of the case yet.
    common.tell(
        event=event, kind="assignment_proposed", people=[seat.reviewer_id], case=case, link=_workbench(seat)
    )
    others = [person for person in concerned(case, seat, at=at) if person != seat.reviewer_id]
    common.tell(event=event, kind="assignment_asked", people=others, case=case)


def _workbench(seat: Assignment) -> str:
    return f"/admin/reviews/assignment/{seat.pk}/change/"


def _only_agency_of(reviewer) -> Organisation:
    rows = Membership.objects.filter(
        user=reviewer, role=Role.REVIEWER, ended_at=None, organisation__kind=Kind.AGENCY
    )
    found = list(rows.select_related("organisation")[:2])
    if not found:
        raise Invalid("This person is not a reviewer of any agency.", field="reviewer")
    if len(found) > 1:
        raise Invalid("This person reviews for several agencies: name one.", field="agency")
    return found[0].organisation
