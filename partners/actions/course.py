"""The course of an agreed grant: suspend, resume, extend, and the ways it ends."""

from datetime import datetime

from partners.actions import standing, steps
from partners.models import Grant, GrantExtension, RevokeReason, Side
from partners.models.grants import CASE_REASONS
from partners.states import State
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed
from portal.scope import action


def _suspension_of(side: Side) -> str:
    return "lab_suspended_at" if side == Side.LAB else "government_suspended_at"


@action
def suspend(
    *, actor, grant: Grant, reason: str = "", expected_revision: int | None = None, at: datetime | None = None
) -> Grant:
    """Lab or programme office suspends for its own side: access stops at once, until that side resumes."""
    taken = steps.begin(
        actor=actor,
        grant=grant,
        verb="suspend",
        at=at,
        expected_revision=expected_revision,
        done=lambda grant, side: getattr(grant, _suspension_of(side)) is not None,
    )
    setattr(taken.grant, _suspension_of(taken.side), taken.at)
    return _finish(taken, actor, "suspended", reason=reason, data={"side": taken.side})


@action
def resume(
    *, actor, grant: Grant, reason: str = "", expected_revision: int | None = None, at: datetime | None = None
) -> Grant:
    """A side takes its own suspension back; while the other side's stands, access stays stopped."""
    taken = steps.begin(actor=actor, grant=grant, verb="resume", at=at, expected_revision=expected_revision)
    column = _suspension_of(taken.side)
    if getattr(taken.grant, column) is None:
        raise NotAllowed("The other side suspended this grant; only that side resumes it.")
    setattr(taken.grant, column, None)
    return _finish(taken, actor, "resumed", reason=reason, data={"side": taken.side})


@action
def revoke(
    *,
    actor,
    grant: Grant,
    reason_code: str = "",
    reason: str = "",
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Grant:
    """Lab or programme office ends the grant alone and at once. Revoked before its start, it no longer bounds the window."""
    taken = steps.begin(actor=actor, grant=grant, verb="revoke", at=at, expected_revision=expected_revision)
    code = steps.require_code(reason_code, set(RevokeReason.values) - CASE_REASONS)
    return end_and_tell(taken, actor, "revoked", code=code, reason=reason)


@action
def surrender(
    *, actor, grant: Grant, reason: str = "", expected_revision: int | None = None, at: datetime | None = None
) -> Grant:
    """The partner gives the grant back; no reason is asked."""
    taken = steps.begin(
        actor=actor, grant=grant, verb="surrender", at=at, expected_revision=expected_revision
    )
    return end_and_tell(taken, actor, "surrendered", reason=reason)


@action
def close_out(
    *, actor, grant: Grant, reason: str = "", expected_revision: int | None = None, at: datetime | None = None
) -> Grant:
    """The partner's administrator attests that what was kept of the grant is destroyed; taking this step is the attestation."""
    taken = steps.begin(
        actor=actor, grant=grant, verb="close_out", at=at, expected_revision=expected_revision
    )
    grant = taken.grant
    if grant.ended_at is None:
        grant.ended_at, grant.end_verb = grant.expires_at, "expire"
    grant.closed_out_at, grant.closed_out_by = taken.at, actor
    return _finish(taken, actor, "closed_out", step=True, reason=reason)


@action
def extend(
    *,
    actor,
    grant: Grant,
    expires_at: datetime | None,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Grant:
    """Ask for a later expiry; once lab and programme office have asked for the same instant, it holds.

    A different instant replaces what was asked for before. Raises Invalid for one that is not later than the present expiry.
    """
    taken = steps.begin(actor=actor, grant=grant, verb="extend", at=at, expected_revision=expected_revision)
    if taken.side == Side.GOVERNMENT:
        standing.refuse_tied(actor, taken.grant.partner_id)
    if expires_at is None:
        raise Missing("Give the new expiry.", field="expires_at")
    if expires_at <= taken.grant.expires_at:
        raise Invalid("The new expiry must be later than the present one.", field="expires_at")
    asked = taken.grant.extensions.filter(completed_at=None, dropped_at=None).first()
    if asked is not None and asked.expires_at == expires_at:
        if asked.asked_side == taken.side:
            raise AlreadyDone("Your side has asked for this already; the other side has not answered yet.")
        asked.completed_at, asked.completed_by = taken.at, actor
        asked.save(update_fields=["completed_at", "completed_by"])
        moved = {"old": taken.grant.expires_at, "new": expires_at}
        taken.grant.expires_at = expires_at
        return _finish(taken, actor, "extended", data=moved)
    if asked is not None:
        asked.dropped_at = taken.at
        asked.save(update_fields=["dropped_at"])
    GrantExtension.objects.create(
        grant=taken.grant, expires_at=expires_at, asked_by=actor, asked_at=taken.at, asked_side=taken.side
    )
    return _finish(taken, actor, "extend_asked", data={"asked": expires_at}, verb="ask_extension")


def end_and_tell(taken: steps.Taken, actor, kind: str, *, code: str = "", reason: str = "") -> Grant:
    """End a grant in force: no access after this instant, the window follows, everyone concerned is told."""
    steps.write_end(taken.grant, taken.step, actor=actor, at=taken.at, code=code)
    return _finish(taken, actor, kind, step=True, reason=reason, data={"reason_code": code} if code else None)


def _finish(
    taken: steps.Taken,
    actor,
    kind: str,
    *,
    step: bool = False,
    verb: str = "",
    reason: str = "",
    data: dict | None = None,
) -> Grant:
    event = steps.finish(
        actor=actor,
        case=taken.case,
        grant=taken.grant,
        verb=verb or taken.step.verb,
        at=taken.at,
        step=taken.step if step else None,
        capacity=taken.step.who,
        reason=reason,
        data=data,
        window=step and taken.step.target in (State.REVOKED, State.SURRENDERED),
    )
    partner = [] if kind in ("extend_asked", "closed_out") else taken.partner_people
    steps.tell(event, taken.grant, kind, at=taken.at, lab=True, office=True, partner=partner)
    return taken.grant
