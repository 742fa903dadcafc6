"""Accounts and organisations."""

from datetime import datetime
from zoneinfo import available_timezones

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction

from portal import clock
from portal.accounts import hooks, policies
from portal.accounts.actions import memberships, security, services
from portal.accounts.models import FormerAddress, Kind, Membership, Organisation, User
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, WrongState
from portal.ledger import actions as ledger
from portal.scope import action


def _require_sysadmin(actor: User) -> None:
    if not policies.may_look_after_all(actor):
        raise NotAllowed("Only those who look after all accounts can do this.")


def _require_keeper(actor: User, kind: str) -> None:
    if not policies.may_look_after_all(actor) and not (
        kind == Kind.AGENCY and policies.may_keep_agencies(actor)
    ):
        raise NotAllowed("Only the sysadmin may do this; for agencies the programme's coordinators too.")


def _require_not_erased(user: User) -> None:
    if user.erased_at is not None:
        raise WrongState("This person was erased. Who comes back gets a new account.")


@action
def create_person(
    *, actor: User, email: str, name: str, is_superuser: bool = False, at: datetime | None = None
) -> User:
    """Make an account without a password; the person sets one by the link they are mailed."""
    _require_sysadmin(actor)
    at = at or clock.now()
    if not name.strip():
        raise Missing("Enter the person's name.", field="name")
    memberships.require_persons_address(email)
    if User.objects.filter(email__iexact=email.strip()).exists():
        raise Invalid("This address has an account already.", field="email")
    user = User.objects.create_user(
        email=email.strip(), name=name.strip(), is_superuser=is_superuser, date_joined=at
    )
    event = ledger.record(
        actor=actor, verb="created_person", subject=user, data={"superuser": is_superuser}, at=at
    )
    hooks.tell(recipients=[user.pk], kind="account_made", about=event.pk, at=at)
    return user


@action
def deactivate_person(*, actor: User, user: User, reason: str = "", at: datetime | None = None) -> User:
    """Close an account: sessions and tokens end, memberships stay on record but open nothing."""
    _require_sysadmin(actor)
    at = at or clock.now()
    if actor.pk == user.pk:
        raise NotAllowed("You cannot close your own account.")
    memberships.require_person(user)
    held = Membership.objects.active().filter(user=user).exclude(organisation__kind=Kind.AGENCY)
    for membership in held.order_by("organisation_id"):
        memberships.keep_an_administrator(memberships.lock(membership.organisation_id), leaving=membership)
    user = User.objects.select_for_update().get(pk=user.pk)
    if not user.is_active:
        raise AlreadyDone("This account is closed already.")
    user.is_active = False
    user.save(update_fields=["is_active"])
    security.end_sessions(user)
    user.auth_token_set.all().delete()
    hooks.closed(user)
    ledger.record(actor=actor, verb="deactivated_person", subject=user, reason=reason, at=at)
    return user


@action
def reactivate_person(*, actor: User, user: User, at: datetime | None = None) -> User:
    """Open a closed account again."""
    _require_sysadmin(actor)
    memberships.require_person(user)
    user = User.objects.select_for_update().get(pk=user.pk)
    _require_not_erased(user)
    if user.is_active:
        raise AlreadyDone("This account is open.")
    user.is_active = True
    user.save(update_fields=["is_active"])
    ledger.record(actor=actor, verb="reactivated_person", subject=user, at=at or clock.now())
    return user


@action
def update_profile(*, actor: User, name: str, zone: str, at: datetime | None = None) -> User:
    """One's own name and time zone."""
    user = User.objects.select_for_update().get(pk=actor.pk)
    if not name.strip():
        raise Missing("Enter your name.", field="name")
    if zone not in available_timezones():
        raise Invalid("Choose a time zone from the list.", field="zone")
    if (user.name, user.zone) == (name.strip(), zone):
        return user
    user.name, user.zone = name.strip(), zone
    user.save(update_fields=["name", "zone"])
    ledger.record(actor=actor, verb="updated_profile", subject=user, at=at or clock.now())
    return user


@action
def change_address(*, actor: User, user: User, email: str, at: datetime | None = None) -> User:
    """Another address for an account: the person signs in with it from now on, and links go there.

    Both are told: the old one too, without the new one's name, in case it was not they who asked.
    """
    _require_sysadmin(actor)
    user = User.objects.select_for_update().get(pk=user.pk)
    email = email.strip().lower()
    memberships.require_person(user)
    _require_not_erased(user)
    memberships.require_persons_address(email)
    if User.objects.filter(email__iexact=email).exists():
        raise Invalid("This address has an account already.", field="email")
    former, user.email = user.email, email
    user.save(update_fields=["email"])
    # allauth keeps addresses of its own, by which the old one would still open the account.
    EmailAddress.objects.filter(user=user).delete()
    security.end_sessions(user)
    at = at or clock.now()
    event = ledger.record(actor=actor, verb="changed_address", subject=user, at=at)
    FormerAddress.objects.create(id=event.pk, user=user, email=former)
    for kind in ("sign_in_changed", "address_left"):
        hooks.tell(recipients=[user.pk], kind=kind, about=event.pk, at=at)
    return user


@action
def ask_for_password(*, user: User, at: datetime | None = None) -> None:
    """Somebody asked, signed out, for a new password for this account; its link goes to the account's address only.

    A service has no password. Whoever asks for it learns no more than of an address that nobody has.
    """
    if user.is_service:
        return
    at = at or clock.now()
    event = ledger.record(actor=None, verb="asked_for_password", subject=user, at=at)
    hooks.tell(recipients=[user.pk], kind="password_asked", about=event.pk, at=at)


@action
def create_organisation(
    *, actor: User, kind: str, name: str, short_name: str, at: datetime | None = None
) -> Organisation:
    """Make an organisation; its first administrator is added by the sysadmin. The programme's coordinators make agencies."""
    _require_keeper(actor, kind)
    at = at or clock.now()
    try:
        with transaction.atomic():
            organisation = Organisation.objects.create(
                kind=kind, name=name.strip(), short_name=short_name.strip(), created_at=at
            )
    except IntegrityError as error:
        raise Invalid("An organisation of this kind has this name already.", field="name") from error
    ledger.record(actor=actor, verb="created_organisation", subject=organisation, data={"kind": kind}, at=at)
    return organisation


@action
def update_organisation(
    *, actor: User, organisation: Organisation, name: str, short_name: str, at: datetime | None = None
) -> Organisation:
    """Rename an organisation; its kind stays, since everything hangs on it."""
    _require_keeper(actor, organisation.kind)
    organisation = memberships.lock(organisation.pk)
    before = organisation.short_name
    organisation.name, organisation.short_name = name.strip(), short_name.strip()
    try:
        with transaction.atomic():
            organisation.save(update_fields=["name", "short_name"])
            services.rename_all(organisation, before=before)
    except IntegrityError as error:
        raise Invalid("An organisation of this kind has this name already.", field="name") from error
    ledger.record(actor=actor, verb="updated_organisation", subject=organisation, at=at or clock.now())
    return organisation
