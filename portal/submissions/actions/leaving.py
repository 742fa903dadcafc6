"""How a lab leaves: it withdraws, or records its release. Access ends in the same transaction, and everyone is told."""

from datetime import datetime

from portal.errors import AlreadyDone
from portal.scope import action
from portal.submissions import hooks
from portal.submissions.actions import case as steps
from portal.submissions.actions import obligations
from portal.submissions.models import Submission


@action
def withdraw(
    *, actor, submission: Submission, expected_revision: int | None = None, at: datetime | None = None
) -> Submission:
    """Leave in one step, from any state that is not an end; no reason is asked and none is kept."""
    case, step, at = steps.begin(
        actor=actor, submission=submission, verb="withdraw", at=at, expected_revision=expected_revision
    )
    case.withdrawn_at = at
    return _leave(case, actor, "withdraw", step, at)


@action
def release(
    *, actor, submission: Submission, expected_revision: int | None = None, at: datetime | None = None
) -> Submission:
    """Record that the model was released, at this instant: a fact that only the lab writes, at any time."""
    case, step, at = steps.begin(
        actor=actor, submission=submission, verb="release", at=at, expected_revision=expected_revision
    )
    if case.released_at is not None:
        raise AlreadyDone("The release was recorded already.")
    case.released_at = at
    return _leave(case, actor, "release", step, at)


def _leave(case: Submission, actor, verb: str, step, at: datetime) -> Submission:
    if case.submitted_at is None:
        return steps.finish(case=case, actor=actor, verb=verb, at=at, step=step)
    # Before anything ends: afterwards the audience no longer knows whom to tell.
    concerned = steps.everyone_else(case, at=at) + steps.people(case, "lab", at=at)
    hooks.call(hooks.ACCESS_ENDED, submission=case, actor=actor, at=at, verb=verb)
    case.end_recorded_at = case.end_recorded_at or at
    finished = steps.finish(case=case, actor=actor, verb=verb, at=at, step=step, tell=concerned, replan=True)
    obligations.begin(finished, ended_at=min(finished.closes_at or at, at), at=at)
    return finished
