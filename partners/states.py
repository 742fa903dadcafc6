"""The states of a partner organisation and of a grant, and every step between them."""

from django.db import models

from partners.findings_states import FINDING  # noqa: F401 (a file of its own, listed with the room's tables)
from portal.machine import Machine, Transition, steps


def _stay(states, verb, who, **options):
    return tuple(Transition(str(s), str(s), verb, who, **options) for s in states)


class PartnerState(models.TextChoices):
    APPLIED = "applied", "Applied"
    NOMINATED = "nominated", "Nominated"
    VETTING = "vetting", "In vetting"
    ELIGIBLE = "eligible", "Eligible"
    SUSPENDED = "suspended", "Suspended"
    LAPSED = "lapsed", "Lapsed"
    REMOVED = "removed", "Removed"
    NOT_SELECTED = "not_selected", "Not selected"


P = PartnerState
PARTNER_TRANSITIONS = (
    *steps([P.NOT_SELECTED], P.APPLIED, "apply", "partner", label="Apply again"),
    *steps(
        [P.APPLIED, P.NOMINATED, P.LAPSED], P.VETTING, "begin_vetting", "coordinator", label="Begin vetting"
    ),
    *steps([P.VETTING], P.ELIGIBLE, "find_eligible", "coordinator", label="Find eligible"),
    # Vetted again before it lapses: access goes on meanwhile.
    *_stay([P.ELIGIBLE], "find_eligible", "coordinator", label="Find eligible again"),
    *steps([P.VETTING], P.NOT_SELECTED, "not_select", "coordinator", needs_code=True, label="Do not select"),
    *steps([P.ELIGIBLE], P.SUSPENDED, "suspend", "coordinator", needs_reason=True, label="Suspend"),
    *steps([P.SUSPENDED], P.ELIGIBLE, "reinstate", "coordinator", label="Reinstate"),
    *steps([P.ELIGIBLE], P.LAPSED, "lapse", "clock"),
    *steps(
        [P.ELIGIBLE, P.SUSPENDED, P.LAPSED],
        P.REMOVED,
        "remove",
        "coordinator",
        needs_reason=True,
        label="Remove",
    ),
)
PARTNERS = Machine(
    name="partner organisation",
    transitions=PARTNER_TRANSITIONS,
    terminal=frozenset({P.REMOVED}),
    derived={P.LAPSED: P.ELIGIBLE},
)


class State(models.TextChoices):
    PROPOSED = "proposed", "Proposed"
    DECLINED = "declined", "Declined"
    AGREED = "agreed", "Agreed"
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"
    EXPIRED = "expired", "Expired"
    REVOKED = "revoked", "Revoked"
    SURRENDERED = "surrendered", "Surrendered"
    CLOSED_OUT = "closed_out", "Closed out"


S = State
IN_FORCE = (S.AGREED, S.ACTIVE, S.SUSPENDED)
NOT_ENDED = (S.PROPOSED, *IN_FORCE)
ENDED = (S.DECLINED, S.EXPIRED, S.REVOKED, S.SURRENDERED, S.CLOSED_OUT)

TRANSITIONS = (
    # Three signatures in any order; the last of them is the step.
    *steps([S.PROPOSED], S.AGREED, "consent", "lab", label="Consent"),
    *steps([S.PROPOSED], S.AGREED, "concur", "coordinator", label="Concur"),
    *steps([S.PROPOSED], S.AGREED, "accept", "partner", label="Accept the terms"),
    *steps([S.PROPOSED], S.DECLINED, "decline", "lab", needs_code=True, label="Decline"),
    *steps([S.PROPOSED], S.DECLINED, "decline", "coordinator", needs_code=True, label="Decline"),
    *steps([S.PROPOSED], S.DECLINED, "decline", "partner", needs_code=True, label="Decline"),
    *steps([S.AGREED], S.ACTIVE, "start", "clock"),
    # From suspended too: each side suspends for itself, and what one side suspended the other does not resume.
    *steps([S.ACTIVE], S.SUSPENDED, "suspend", "lab", label="Suspend"),
    *steps([S.ACTIVE], S.SUSPENDED, "suspend", "coordinator", label="Suspend"),
    *_stay([S.SUSPENDED], "suspend", "lab", label="Suspend for your side too"),
    *_stay([S.SUSPENDED], "suspend", "coordinator", label="Suspend for your side too"),
    *steps([S.SUSPENDED], S.ACTIVE, "resume", "lab", label="Resume"),
    *steps([S.SUSPENDED], S.ACTIVE, "resume", "coordinator", label="Resume"),
    *_stay(IN_FORCE, "extend", "lab", label="Extend"),
    *_stay(IN_FORCE, "extend", "coordinator", label="Extend"),
    *steps([S.ACTIVE, S.SUSPENDED], S.EXPIRED, "expire", "clock"),
    *steps(IN_FORCE, S.REVOKED, "revoke", "lab", needs_code=True, label="Revoke"),
    *steps(IN_FORCE, S.REVOKED, "revoke", "coordinator", needs_code=True, label="Revoke"),
    *steps(IN_FORCE, S.SURRENDERED, "surrender", "partner", label="Surrender"),
    *steps([S.EXPIRED, S.REVOKED, S.SURRENDERED], S.CLOSED_OUT, "close_out", "partner", label="Close out"),
)
MACHINE = Machine(
    name="grant",
    transitions=TRANSITIONS,
    terminal=frozenset({S.DECLINED, S.CLOSED_OUT}),
    # Suspension is told by whose side suspended it and since when, so that neither side undoes the other's.
    derived={S.ACTIVE: S.AGREED, S.SUSPENDED: S.AGREED, S.EXPIRED: S.AGREED},
)
