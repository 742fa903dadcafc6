"""The three signatures a grant needs, in any order, and saying no to one."""

from collections.abc import Iterable
from datetime import datetime

from partners import policies
from partners.actions import standing, steps
from partners.models import DeclineReason, Grant, GrantUser, PartnerProfile, PartnerTerms
from partners.models.grants import CASE_REASONS
from partners.states import PartnerState
from portal.errors import Invalid, Stale, WrongState
from portal.scope import action


@action
def consent(
    *, actor, grant: Grant, expected_revision: int | None = None, at: datetime | None = None
) -> Grant:
    """The lab consents to this partner's access, for this purpose and time."""
    taken = steps.begin(
        actor=actor,
        grant=grant,
        verb="consent",
        at=at,
        expected_revision=expected_revision,
        done=lambda grant, side: grant.lab_consented_at is not None,
    )
    taken.grant.lab_consented_at, taken.grant.lab_consented_by = taken.at, actor
    return _sign(taken, actor)


@action
def concur(*, actor, grant: Grant, expected_revision: int | None = None, at: datetime | None = None) -> Grant:
    """The programme office concurs. Without it there is no grant here; what a lab does outside the programme is its own."""
    taken = steps.begin(
        actor=actor,
        grant=grant,
        verb="concur",
        at=at,
        expected_revision=expected_revision,
        done=lambda grant, side: grant.concurred_at is not None,
    )
    standing.refuse_tied(actor, taken.grant.partner_id)
    taken.grant.concurred_at, taken.grant.concurred_by = taken.at, actor
    return _sign(taken, actor)


@action
def accept(
    *,
    actor,
    grant: Grant,
    version: int | None = None,
    users: Iterable | None = None,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Grant:
    """The partner's administrator accepts the newest partner terms, and names who will use the model.

    Who accepts is named when nobody is chosen. Raises Stale when ``version`` is no longer the newest.
    """
    taken = steps.begin(
        actor=actor,
        grant=grant,
        verb="accept",
        at=at,
        expected_revision=expected_revision,
        done=lambda grant, side: grant.accepted_at is not None,
    )
    grant = taken.grant
    terms = PartnerTerms.objects.order_by("-number").first()
    if terms is None:
        raise WrongState("No partner terms have been published yet.")
    if version is not None and version != terms.number:
        raise Stale(
            f"Version {terms.number} of the terms was published meanwhile. Read it before you accept."
        )
    profile = PartnerProfile.objects.select_for_update(of=("self",)).get(pk=grant.partner_id)
    if profile.state_at(taken.at) != PartnerState.ELIGIBLE:
        raise WrongState("Your organisation is not an eligible partner at present.")
    grant.accepted_at, grant.accepted_by, grant.accepted_terms = taken.at, actor, terms
    _name(taken, actor, [actor] if users is None else users)
    return _sign(taken, actor, {"terms": terms.number})


def _name(taken: steps.Taken, actor, users: Iterable) -> None:
    named = set(taken.grant.named.filter(ended_at=None).values_list("user_id", flat=True))
    chosen = {user.pk: user for user in users if user.pk not in named}
    for user in chosen.values():
        if not policies.may_be_named(user, taken.grant):
            raise Invalid("A person you chose cannot be named on this grant.", field="users")
    GrantUser.objects.bulk_create(
        [GrantUser(grant=taken.grant, user=user, added_by=actor, since=taken.at) for user in chosen.values()]
    )


def _sign(taken: steps.Taken, actor, data: dict | None = None) -> Grant:
    """Save a signature; the third makes the grant agreed, and the case's window follows its start."""
    case, grant, at = taken.case, taken.grant, taken.at
    complete = None not in (grant.lab_consented_at, grant.concurred_at, grant.accepted_at)
    if complete:
        _agree(taken)
    event = steps.finish(
        actor=actor,
        case=case,
        grant=grant,
        verb=taken.step.verb,
        at=at,
        step=taken.step if complete else None,
        capacity=taken.step.who,
        data={"starts_at": grant.starts_at, "expires_at": grant.expires_at} | (data or {}),
        window=complete,
    )
    partner = steps.people_of_partner(grant, at=at)
    if complete:
        steps.tell(event, grant, "agreed", at=at, lab=True, office=True, partner=partner)
    else:
        is_lab = taken.step.who == "lab"
        steps.tell(event, grant, taken.step.verb, at=at, lab=not is_lab, office=is_lab)
        if grant.offered_at == at:
            steps.tell(event, grant, "offered", at=at, partner=partner)
    return grant


def _agree(taken: steps.Taken) -> None:
    grant, at = taken.grant, taken.at
    if not policies.may_be_partner(grant.partner, taken.case):
        raise WrongState("This organisation can no longer be a partner on this case.", code="conflict")
    # Agreed late, it starts at once: nobody had access before.
    grant.agreed_at, grant.starts_at = at, max(grant.starts_at, at)
    if grant.expires_at <= grant.starts_at:
        raise WrongState("The proposed time is over. Propose the partner anew.")


@action
def decline(
    *,
    actor,
    grant: Grant,
    reason_code: str = "",
    reason: str = "",
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Grant:
    """Lab, programme office or partner says no to a proposal. This ends the proposal here and bars nothing elsewhere."""
    taken = steps.begin(actor=actor, grant=grant, verb="decline", at=at, expected_revision=expected_revision)
    code = steps.require_code(reason_code, set(DeclineReason.values) - CASE_REASONS)
    steps.write_end(taken.grant, taken.step, actor=actor, at=taken.at, code=code)
    event = steps.finish(
        actor=actor,
        case=taken.case,
        grant=taken.grant,
        verb="decline",
        at=taken.at,
        step=taken.step,
        reason=reason,
        data={"reason_code": code},
    )
    steps.tell(
        event, taken.grant, "declined", at=taken.at, lab=True, office=True, partner=taken.partner_people
    )
    return taken.grant
