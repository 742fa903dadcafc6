"""The owner's part, and how a finding ends: remedied, fixed, told to the public or closed."""

from datetime import datetime

from partners.actions.findings import steps
from partners.models import Finding
from portal.errors import AlreadyDone, WrongState
from portal.scope import action


@action
def remediate(
    *, actor, finding: Finding, expected_revision: int | None = None, at: datetime | None = None
) -> Finding:
    """The owner has begun to remedy it; for an outside vendor the programme's coordinator records so."""
    found, step, at = steps.begin(
        actor=actor, finding=finding, verb="remediate", at=at, expected_revision=expected_revision
    )
    return steps.finish(actor=actor, finding=found, step=step, at=at, data=_in_whose_place(found))


@action
def fix(
    *, actor, finding: Finding, expected_revision: int | None = None, at: datetime | None = None
) -> Finding:
    """It is fixed: the disclosure clock stops."""
    found, step, at = steps.begin(
        actor=actor, finding=finding, verb="fix", at=at, expected_revision=expected_revision
    )
    return steps.finish(actor=actor, finding=found, step=step, at=at, data=_in_whose_place(found))


@action
def consent_publication(
    *, actor, finding: Finding, expected_revision: int | None = None, at: datetime | None = None
) -> Finding:
    """The owner consents to publication before the embargo has passed, and so to partners being told before that."""
    found, step, at = steps.begin(
        actor=actor, finding=finding, verb="consent_publication", at=at, expected_revision=expected_revision
    )
    if found.owner_consented_at is not None:
        raise AlreadyDone("The owner consented to publication already.")
    _consent(found, actor, at)
    return steps.finish(actor=actor, finding=found, step=step, at=at, data=_in_whose_place(found))


@action
def publish(
    *, actor, finding: Finding, expected_revision: int | None = None, at: datetime | None = None
) -> Finding:
    """Record that it is public: with the owner's consent, or once the embargo has passed (invariant 16). An owner that
    publishes consents by it.
    """
    found, step, at = steps.begin(
        actor=actor, finding=finding, verb="publish", at=at, expected_revision=expected_revision
    )
    if step.who == "owner" and found.owner_consented_at is None:
        _consent(found, actor, at)
    if found.owner_consented_at is None and at < found.embargo_until:
        raise WrongState(
            "It is under embargo: it is published with the owner's consent, or once the embargo has passed.",
            code="under_embargo",
        )
    data = {"owner_consented_at": found.owner_consented_at, "embargo_until": found.embargo_until}
    return steps.finish(actor=actor, finding=found, step=step, at=at, data=data)


@action
def close_unpublished(
    *,
    actor,
    finding: Finding,
    reason: str = "",
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Finding:
    """Close a fixed finding without publishing it; the reason says why."""
    found, step, at = steps.begin(
        actor=actor,
        finding=finding,
        verb="close_unpublished",
        at=at,
        reason=reason,
        expected_revision=expected_revision,
    )
    return steps.finish(actor=actor, finding=found, step=step, at=at, reason=reason)


def _consent(found: Finding, actor, at: datetime) -> None:
    found.owner_consented_at, found.owner_consented_by = at, actor


def _in_whose_place(found: Finding) -> dict | None:
    return {"for_vendor": True} if found.has_vendor else None
