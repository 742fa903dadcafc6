"""Declaring that a person may not see a lab's cases, or one case."""

from datetime import datetime

from portal import clock
from portal.accounts.models import Kind, Role
from portal.accounts.querysets import forget_standing
from portal.errors import Invalid, NotAllowed
from portal.ledger import actions as ledger
from portal.scope import action
from portal.submissions.models import Conflict
from portal.submissions.querysets import agency_wide


def _may_declare(actor, user) -> bool:
    """A person declares their own; a programme coordinator anyone's."""
    return (actor.pk == user.pk and actor.has_seat(Kind.AGENCY)) or Role.COORDINATOR in agency_wide(actor)


@action
def declare_conflict(
    *, actor, user, organisation=None, submission=None, note: str = "", at: datetime | None = None
) -> Conflict:
    """Hide a lab's cases, or one case, from a person, everywhere and at once."""
    at = at or clock.now()
    if not _may_declare(actor, user):
        raise NotAllowed("Only the person or a programme coordinator declares a conflict.")
    if (organisation is None) == (submission is None):
        raise Invalid("Name a lab or a case.", field="organisation")
    conflict = Conflict.objects.create(
        user=user,
        organisation=organisation,
        submission=submission,
        note=note,
        declared_by=actor,
        declared_at=at,
    )
    # It holds for the rest of this very request, too.
    forget_standing(actor, user)
    case_id = submission.pk if submission else None
    ledger.record(
        actor=actor,
        verb="declare_conflict",
        subject=conflict,
        case_id=case_id,
        data={"person": user.pk},
        at=at,
    )
    return conflict


@action
def end_conflict(*, actor, conflict: Conflict, reason: str, at: datetime | None = None) -> Conflict:
    """A conflict no longer holds; only a programme coordinator who is not the person says so."""
    at = at or clock.now()
    if conflict.user_id == actor.pk or Role.COORDINATOR not in agency_wide(actor):
        raise NotAllowed("A programme coordinator other than the person ends a conflict.")
    conflict = Conflict.objects.select_for_update().get(pk=conflict.pk)
    conflict.ended_at = conflict.ended_at or at
    conflict.save(update_fields=["ended_at"])
    ledger.record(
        actor=actor, verb="end_conflict", subject=conflict, case_id=conflict.submission_id, reason=reason,
        data={"person": conflict.user_id}, at=at,
    )  # fmt: skip
    return conflict
