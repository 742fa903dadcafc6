"""The dates of a finding: its embargo and its disclosure clock. None moves while it is being relayed (invariant 16)."""

from datetime import datetime

from partners import findings_kinds as kinds
from partners.actions.findings import steps
from partners.models import Finding
from portal.errors import AlreadyDone, Invalid, Missing, WrongState
from portal.scope import action


@action
def set_embargo(
    *,
    actor,
    finding: Finding,
    embargo_until: datetime | None = None,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Finding:
    """Set until when nothing of it is told without the owner's consent. Once the owner was notified the embargo is only
    lengthened, unless the owner consented to publication: a shorter one would publish in the owner's place.
    """
    found, step, at = steps.begin(
        actor=actor, finding=finding, verb="set_embargo", at=at, expected_revision=expected_revision
    )
    if embargo_until is None:
        raise Missing("Give the instant at which the embargo ends.", field="embargo_until")
    if embargo_until <= at:
        raise Invalid("The embargo must end later than now.", field="embargo_until")
    steps.refuse_mid_relay(found)
    told = found.owner_notified_at is not None and found.owner_consented_at is None
    if told and embargo_until < found.embargo_until:
        raise WrongState("The owner was told of a later date: a sooner one needs its consent to publication.")
    data = {"embargo_until": {"old": found.embargo_until, "new": embargo_until}}
    found.embargo_until = embargo_until
    return steps.finish(actor=actor, finding=found, step=step, at=at, data=data, told="finding_moved")


@action
def mark_exploited(
    *, actor, finding: Finding, expected_revision: int | None = None, at: datetime | None = None
) -> Finding:
    """It is exploited: the disclosure clock runs in days from now on, and an embargo that ends with it follows."""
    found, step, at = steps.begin(
        actor=actor, finding=finding, verb="mark_exploited", at=at, expected_revision=expected_revision
    )
    if found.exploited:
        raise AlreadyDone("This finding is on record as exploited already.")
    found.exploited, found.exploited_at = True, at
    data = {}
    if found.disclosure_due_at is not None:
        due = min(found.disclosure_due_at, kinds.disclosure_due(found.owner_notified_at, exploited_at=at))
        data = _move(found, due)
    return steps.finish(actor=actor, finding=found, step=step, at=at, data=data, told="finding_exploited")


@action
def extend_disclosure(
    *,
    actor,
    finding: Finding,
    reason: str = "",
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Finding:
    """Move the disclosure date, once, by the programme's extension; an embargo that ends with it follows."""
    found, step, at = steps.begin(
        actor=actor, finding=finding, verb="extend_disclosure", at=at, expected_revision=expected_revision
    )
    if found.disclosure_extended_at is not None:
        raise AlreadyDone("The disclosure date was extended already; it moves once.")
    if found.disclosure_due_at <= at:
        raise WrongState("The disclosure date has passed.")
    data = _move(found, found.disclosure_due_at + kinds.extension(exploited=found.exploited))
    found.disclosure_extended_at = at
    return steps.finish(
        actor=actor, finding=found, step=step, at=at, reason=reason, data=data, told="finding_moved"
    )


def _move(found: Finding, due: datetime) -> dict:
    """Put a new disclosure date on a finding; returns what changed."""
    if due == found.disclosure_due_at:
        return {}
    steps.refuse_mid_relay(found)
    moved = {"disclosure_due_at": {"old": found.disclosure_due_at, "new": due}}
    if found.embargo_until == found.disclosure_due_at:
        moved["embargo_until"] = {"old": found.embargo_until, "new": due}
        found.embargo_until = due
    found.disclosure_due_at = due
    return moved
