"""Legal holds: the records of a case, or everything of a lab, are kept until the hold is lifted. No date of the lab's moves."""

from datetime import datetime

from portal import clock
from portal.accounts.models import Kind, Organisation
from portal.errors import AlreadyDone, Invalid, NotAllowed
from portal.ledger import actions as ledger
from portal.scope import action
from portal.submissions import policies_records as policies
from portal.submissions.actions import case as cases
from portal.submissions.actions.question_steps import written
from portal.submissions.kept import lock_records
from portal.submissions.models import LegalHold, Submission

MATTER_LIMIT = LegalHold._meta.get_field("matter").max_length
REASON_LIMIT = LegalHold._meta.get_field("reason").max_length
NOT_YOURS = "A coordinator of the programme office decides what is kept."


@action
def place(
    *,
    actor,
    matter: str,
    reason: str,
    submission: Submission | None = None,
    lab: Organisation | None = None,
    at: datetime | None = None,
) -> LegalHold:
    """Keep the records of one case, or with ``lab`` of everything of one lab, what it submits later included.

    A removal that has begun is waited for; from then on none begins. Raises AlreadyDone where a hold for this matter stands.
    """
    if (submission is None) == (lab is None):
        raise Invalid("Name a case or a lab, not both.", field="submission")
    if submission is not None:
        # Before the records' lock, as every step on a case does: so no two wait for each other.
        submission = cases.lock(submission)
    _require_mine(actor, submission, lab)
    number = written(matter, field="matter", missing="Write the matter's reference.", limit=MATTER_LIMIT)
    words = written(reason, field="reason", missing="Give a reason.", limit=REASON_LIMIT)
    lock_records(lab.pk if lab else submission.lab_id)
    at = at or clock.now()
    if LegalHold.objects.standing().filter(submission=submission, lab=lab, matter=number).exists():
        raise AlreadyDone("These records are kept for this matter already.")
    hold = LegalHold.objects.create(
        submission=submission, lab=lab, matter=number, reason=words, placed_by=actor, placed_at=at
    )
    _note(hold, actor, "place_legal_hold", at)
    return hold


def _require_mine(actor, submission: Submission | None, lab: Organisation | None) -> None:
    if submission is not None:
        mine = policies.may_keep_case(actor, submission)
    else:
        labs = Organisation.objects.filter(kind=Kind.LAB)
        mine = policies.labs_kept_by(actor, labs).filter(pk=lab.pk).exists()
    if not mine:
        raise NotAllowed(NOT_YOURS)


@action
def lift(*, actor, hold: LegalHold, reason: str, at: datetime | None = None) -> LegalHold:
    """End a hold: what it kept is kept as the retention schedule says, and as long as no other hold stands. Removes nothing."""
    found = LegalHold.objects.select_for_update(of=("self",)).get(pk=hold.pk)
    at = at or clock.now()
    if found.lifted_at is not None and policies.keeps_records(actor):
        raise AlreadyDone("This legal hold was lifted already.")
    if not policies.may_lift(actor, found):
        raise NotAllowed(NOT_YOURS)
    words = written(reason, field="reason", missing="Give a reason.", limit=REASON_LIMIT)
    found.lifted_by, found.lifted_at, found.lift_reason = actor, at, words
    found.save(update_fields=["lifted_by", "lifted_at", "lift_reason"])
    _note(found, actor, "lift_legal_hold", at)
    return found


def _note(hold: LegalHold, actor, verb: str, at: datetime) -> None:
    """On record without a word of it: matter and reasons stand in the row, which the lab does not read."""
    ledger.record(
        actor=actor,
        verb=verb,
        subject=hold,
        case_id=hold.submission_id,
        capacity="coordinator",
        data={"lab": hold.lab_id} if hold.lab_id else {},
        at=at,
    )
