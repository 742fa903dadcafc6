"""Who may do what to accounts. Plain answers; unknown means no."""

from portal.accounts.models import Erasure, Invitation, Kind, Membership, Organisation, Role, User
from portal.accounts.querysets import sees_all_accounts
from portal.operating.providers import Provider
from portal.programme import policies as programme


def may_look_after_all(actor) -> bool:
    """The sysadmin's right: accounts and settings, nothing else."""
    return actor.is_authenticated and actor.is_active and actor.is_superuser


def may_keep_agencies(actor) -> bool:
    """Who keeps the list of agencies: the programme's coordinators, and the sysadmin."""
    return programme.may_change(actor)


def may_administer(actor, organisation: Organisation) -> bool:
    """An administrator of this lab or partner; for agencies only the sysadmin."""
    if may_look_after_all(actor):
        return True
    if not actor.is_authenticated or organisation.kind == Kind.AGENCY:
        return False
    return organisation.pk in actor.organisations_as(organisation.kind, Role.ADMIN)


def may_make_services(actor, organisation: Organisation) -> bool:
    """An administrator of this lab, by their seat. Not the sysadmin: such a token opens lab material."""
    if not actor.is_authenticated or not actor.is_active:
        return False
    return organisation.kind == Kind.LAB and organisation.pk in actor.organisations_as(Kind.LAB, Role.ADMIN)


def may_revoke_service(actor, service: User) -> bool:
    """Whoever makes them, and the sysadmin, since closing opens nothing."""
    return service.service_of is not None and may_administer(actor, service.service_of)


def may_add_member(actor, organisation: Organisation, user: User) -> bool:
    """A second role for somebody who is a member already; others are invited, so that nobody is made a member unasked."""
    if may_look_after_all(actor):
        return True
    return may_administer(actor, organisation) and (
        Membership.objects.active().filter(user=user, organisation=organisation).exists()
    )


def may_reset_second_factor(actor, user: User) -> bool:
    """The sysadmin, or an administrator of every organisation the person belongs to; never one's own.

    Of every one: whoever resets it can also read the person's mail less often than act for the person, so one
    organisation's administrator must not open the door to another's cases.
    """
    if actor.pk == user.pk or user.is_service or user.erased_at is not None:
        return False
    if may_look_after_all(actor):
        return True
    if user.is_superuser:
        return False
    organisations = [
        m.organisation for m in user.memberships.filter(ended_at=None).select_related("organisation")
    ]
    return bool(organisations) and all(may_administer(actor, organisation) for organisation in organisations)


def may_ask_to_erase(actor, user: User) -> bool:
    """The sysadmin, of another person; never of a service, which is no person."""
    return (
        may_look_after_all(actor) and actor.pk != user.pk and not user.is_service and user.erased_at is None
    )


def may_erase(actor, erasure: Erasure) -> bool:
    """A second sysadmin: neither who asked for it nor the person."""
    return may_look_after_all(actor) and actor.pk not in (erasure.asked_by_id, erasure.user_id)


def may_answer(actor, invitation: Invitation) -> bool:
    return actor.is_authenticated and actor.is_active and actor.pk == invitation.user_id


def may_look_after_conflicts(actor) -> bool:
    """Who writes down what conflicts follow from, for everybody: the programme office's coordinators, and the sysadmin."""
    return sees_all_accounts(actor)


def may_record_tie_of(actor, user: User) -> bool:
    """A person of an agency writes down their own, as they declare their own conflicts."""
    if may_look_after_conflicts(actor):
        return True
    return actor.is_authenticated and actor.is_active and actor.pk == user.pk and actor.has_seat(Kind.AGENCY)


def may_sign_in_by(user: User, provider: Provider) -> bool:
    """Whether a provider is believed about this person: of its organisation, and no superuser, whose account opens others."""
    if not provider.is_whole or not user.is_active or user.is_service or user.is_superuser:
        return False
    return provider.organisation in user.organisation_ids


def may_link(actor, provider: Provider) -> bool:
    return actor.is_authenticated and may_sign_in_by(actor, provider)


def may_be_found_by_address(user: User, provider: Provider) -> bool:
    """Whether a provider may bring a person by a verified address whom no link names yet.

    Only its own organisation's, and only who is then asked for a second factor here: the address is the provider's word.
    """
    return (
        may_sign_in_by(user, provider)
        and provider.verifies(user.email)
        and user.organisation_ids == {provider.organisation}
        and user.has_second_factor
        and not user.provider_links.filter(provider=provider.id).exists()
    )


def second_factor_of_counts(user: User, provider: Provider) -> bool:
    """Whether two factors used at a provider are two here: not where they would open another organisation's matters."""
    return (
        may_sign_in_by(user, provider)
        and user.organisation_ids == {provider.organisation}
        and not user.needs_passkey
    )
