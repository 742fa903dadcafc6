"""Access instructions: a secret given by the lab, and the one way to read it."""

from datetime import datetime

from portal import clock, crypto
from portal.errors import Missing, NotAllowed, WrongState
from portal.scope import action
from portal.submissions import policies
from portal.submissions.actions import case as steps
from portal.submissions.looks import looked
from portal.submissions.models import AccessInstructions, Submission


@action
def provide_access(
    *,
    actor,
    submission: Submission,
    instructions: str,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Submission:
    """Give or replace the government's access instructions. The first time fixes when the window opens."""
    if not instructions.strip():
        raise Missing("Write how the government reaches the model.", field="instructions")
    case, step, at = steps.begin(
        actor=actor, submission=submission, verb="provide_access", at=at, expected_revision=expected_revision
    )
    newest = case.instructions.first()
    AccessInstructions.objects.create(
        submission=case,
        number=newest.number + 1 if newest else 1,
        sealed=crypto.seal(instructions.strip()),
        provided_by=actor,
        provided_at=at,
    )
    case.access_provided_at = case.access_provided_at or at
    return steps.finish(
        case=case, actor=actor, verb="provide_access", at=at, step=step, replan=True,
        tell=steps.people(case, "coordinator", "lead", "reviewer", "agency_coordinator", at=at),
    )  # fmt: skip


@action
def reveal_instructions(*, actor, submission: Submission, at: datetime | None = None) -> str:
    """The newest instructions in clear, for whom the audience admits to them now; the look is recorded first.

    Raises NotAllowed before the window opens, after it ended, and for everybody else; WrongState while there are none.
    """
    at = at or clock.now()
    if not policies.may_reveal(actor, submission, at=at):
        raise NotAllowed("The access instructions are not open to you now.")
    newest = AccessInstructions.objects.filter(submission=submission).first()
    if newest is None:
        raise WrongState("The lab has given no access instructions yet.")
    looked(actor=actor, submission=submission, verb="revealed_instructions", data={"version": newest.number})
    return crypto.unseal(newest.sealed)
