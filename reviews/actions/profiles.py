"""What is on record of a reviewer: domains and how many seats they take at most."""

from collections.abc import Iterable
from datetime import datetime

from portal import clock
from portal.accounts.models import Membership
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed
from portal.ledger.stale import refuse_stale
from portal.scope import action
from reviews import policies
from reviews.actions import common
from reviews.models import Domain, ReviewerProfile


@action
def record_profile(
    *, actor, membership: Membership, domains: Iterable[str], cap: int, at: datetime | None = None
) -> ReviewerProfile:
    """Put a reviewer's domains and cap on record, by the reviewer or a coordinator of their agency."""
    membership = Membership.objects.select_for_update(of=("self",)).get(pk=membership.pk)
    if not policies.keeps_profile_of(actor, membership):
        raise NotAllowed("The reviewer and the coordinators of their agency keep this.")
    if ReviewerProfile.objects.filter(membership=membership).exists():
        raise AlreadyDone("Domains and cap of this reviewer are on record already: change them.")
    at = at or clock.now()
    profile = ReviewerProfile(
        membership=membership, updated_by=actor, updated_at=at, **_checked(domains, cap)
    )
    profile.save(force_insert=True)
    return _noted(actor, "record_profile", profile, at)


@action
def change_profile(
    *, actor, profile: ReviewerProfile, domains: Iterable[str], cap: int,
    expected_revision: int | None = None, at: datetime | None = None,
) -> ReviewerProfile:  # fmt: skip
    """Change a reviewer's domains and cap. Seats that stand already stay, also above the cap."""
    profile = (
        ReviewerProfile.objects.select_for_update(of=("self",))
        .select_related("membership__user", "membership__organisation")
        .get(pk=profile.pk)
    )
    if not policies.keeps_profile_of(actor, profile.membership):
        raise NotAllowed("The reviewer and the coordinators of their agency keep this.")
    refuse_stale(profile, expected_revision, called="This profile")
    at = at or clock.now()
    for name, value in _checked(domains, cap).items():
        setattr(profile, name, value)
    profile.updated_at, profile.updated_by = at, actor
    profile.revision += 1
    profile.save()
    return _noted(actor, "change_profile", profile, at)


def _checked(domains: Iterable[str], cap: int) -> dict:
    chosen = sorted(set(domains))
    if not chosen:
        raise Missing("Choose at least one domain.", field="domains")
    if set(chosen) - set(Domain.values):
        raise Invalid("Choose from the domains.", field="domains")
    if not 0 <= cap <= ReviewerProfile.MOST:
        raise Invalid(f"Give a number from 0 to {ReviewerProfile.MOST}.", field="cap")
    return {"domains": chosen, "cap": cap}


def _noted(actor, verb: str, profile: ReviewerProfile, at: datetime) -> ReviewerProfile:
    own = actor.pk == profile.membership.user_id
    common.note(
        actor=actor, verb=verb, subject=profile, capacity="reviewer" if own else "coordinator",
        data={"person": profile.membership.user_id, "domains": profile.domains, "cap": profile.cap}, at=at,
    )  # fmt: skip
    return profile
