"""What becomes of a seat: attested, completed, declined, recused, revoked, handed over."""

from datetime import datetime

from portal.accounts.models import Organisation
from portal.errors import AlreadyDone, Invalid, NotAllowed, WrongState
from portal.scope import action
from portal.submissions.actions import begin_renewal, declare_conflict
from portal.submissions.people import give_alias
from portal.submissions.states import PENDING, State
from reviews import policies
from reviews.actions import common, seats
from reviews.models import Assessment, Assignment
from reviews.states import AssessmentState

ATTESTATIONS = {
    "no_conflict": "Attest that you have no conflict of interest, or decline the seat.",
    "nondisclosure": "Attest that your nondisclosure agreement is in force.",
    "training": "Attest that you have done the training.",
}


@action
def attest(
    *,
    actor,
    assignment: Assignment,
    no_conflict: bool = False,
    nondisclosure: bool = False,
    training: bool = False,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Assignment:
    """The reviewer attests all three points and is active: the case opens as far as its terms and window allow.

    Raises Invalid, naming the field, for a point not attested. Drafts of the person who handed the seat over come with it.
    """
    case, seat, step, _, at = seats.begin(
        actor=actor, assignment=assignment, verb="attest", at=at, expected_revision=expected_revision
    )
    if case.state_at(at) not in (*PENDING, State.ENDED):
        raise WrongState("This case has ended.")
    given = {"no_conflict": no_conflict, "nondisclosure": nondisclosure, "training": training}
    for name, words in ATTESTATIONS.items():
        if given[name] is not True:
            raise Invalid(words, field=name)
    if not policies.may_be_seated(actor, case):
        raise NotAllowed(seats.CONFLICT)
    seat.no_conflict = seat.nondisclosure = seat.training = True
    seat.attested_at = at
    give_alias(case=case, user=actor, organisation=seat.agency, word="reviewer")
    seat = seats.finish(
        case=case, seat=seat, actor=actor, verb="attest", step=step, at=at, notice="assignment_attested",
        people=seats.concerned(case, seat, at=at),
    )  # fmt: skip
    begin_renewal(person=seat.reviewer, seat_id=seat.pk, at=at)
    _take_over_drafts(case, seat, at)
    return seat


def _take_over_drafts(case, seat: Assignment, at: datetime) -> None:
    predecessor = Assignment.objects.filter(handed_over_to=seat).first()
    if predecessor is None:
        return
    drafts = Assessment.objects.select_for_update().filter(
        assignment=predecessor, state=AssessmentState.DRAFT
    )
    for draft in drafts.order_by("pk"):
        former = draft.author_id
        draft.assignment, draft.author, draft.check_asked_at = seat, seat.reviewer, None
        draft.revision += 1
        draft.updated_at = at
        draft.save()
        common.note(
            actor=seat.reviewer, verb="take_over_draft", subject=draft, case=case, capacity="reviewer",
            data={"from_person": former, "to_person": seat.reviewer_id}, at=at,
        )  # fmt: skip


@action
def complete(
    *, actor, assignment: Assignment, expected_revision: int | None = None, at: datetime | None = None
) -> Assignment:
    """The reviewer's work is done: access ends with it, what was shared stays."""
    return _end(actor, assignment, "complete", "assignment_completed", at, expected_revision)


@action
def decline(
    *,
    actor,
    assignment: Assignment,
    reason: str = "",
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Assignment:
    """Not take a proposed seat; no reason is asked."""
    return _end(actor, assignment, "decline", "assignment_declined", at, expected_revision, reason)


@action
def recuse(
    *,
    actor,
    assignment: Assignment,
    reason: str = "",
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Assignment:
    """Leave for a conflict of interest: the case is hidden from the person from now on, its number and its seat included."""
    seat = _end(actor, assignment, "recuse", "assignment_recused", at, expected_revision, reason)
    declare_conflict(actor=actor, user=actor, submission=seat.submission, at=seat.ended_at)
    return seat


@action
def revoke(
    *,
    actor,
    assignment: Assignment,
    reason: str = "",
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Assignment:
    """The coordinator ends a seat at once; the reviewer reads the reason."""
    return _end(actor, assignment, "revoke", "assignment_revoked", at, expected_revision, reason)


def _end(actor, assignment, verb, notice, at, expected_revision, reason="") -> Assignment:
    case, seat, step, _, at = seats.begin(
        actor=actor,
        assignment=assignment,
        verb=verb,
        at=at,
        reason=reason,
        expected_revision=expected_revision,
    )
    # Before the seat ends: afterwards the audience no longer knows it.
    people = seats.concerned(case, seat, at=at)
    return seats.finish(
        case=case,
        seat=seat,
        actor=actor,
        verb=verb,
        step=step,
        at=at,
        notice=notice,
        people=people,
        reason=reason.strip(),
    )


@action
def hand_over(
    *,
    actor,
    assignment: Assignment,
    to,
    agency: Organisation | None = None,
    reason: str = "",
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Assignment:
    """End a seat and propose it, with domain, role and expiry, to another reviewer, who attests anew.

    Returns the seat that ended; its ``handed_over_to`` is the new one.
    A reviewer hands over within the own agency only; the coordinator to any reviewer.
    """
    case, seat, step, mine, at = seats.begin(
        actor=actor,
        assignment=assignment,
        verb="hand_over",
        at=at,
        reason=reason,
        expected_revision=expected_revision,
    )
    if to is None:
        raise Invalid("Choose the reviewer who takes the seat over.", field="to")
    if to.pk == seat.reviewer_id:
        raise Invalid("Choose another reviewer than the present one.", field="to")
    capacity = common.first(mine, "coordinator", "reviewer")
    if capacity == "reviewer":
        agency = seat.agency
    people = seats.concerned(case, seat, at=at)
    seat = seats.finish(
        case=case, seat=seat, actor=actor, verb="hand_over", step=step, at=at, notice="assignment_handed_over",
        people=people, reason=reason.strip(), data={"to_person": to.pk},
    )  # fmt: skip
    try:
        successor = seats.offer(
            actor=actor, case=case, reviewer=to, agency=agency, domain=seat.domain, role=seat.role, capacity=capacity,
            expires_at=None if seat.expiry_follows else seat.expires_at, at=at,
        )  # fmt: skip
    except AlreadyDone as refusal:
        raise Invalid(refusal.message, field="to") from refusal
    except Invalid as refusal:
        field = "to" if refusal.field == "reviewer" else refusal.field
        raise Invalid(refusal.message, field=field, code=refusal.code) from refusal
    seat.handed_over_to = successor
    seat.save(update_fields=["handed_over_to"])
    return seat
