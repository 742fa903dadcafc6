"""A lab's services: accounts that call the API by a token and are no person (docs/adr/0012)."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.urls import reverse

from portal import clock
from portal.accounts import hooks, policies
from portal.accounts.actions import memberships
from portal.accounts.actions.tokens import LONGEST
from portal.accounts.models import SERVICE_DOMAIN, ApiToken, Membership, Organisation, Role, User
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed
from portal.ledger import actions as ledger
from portal.scope import action

MOST = 20
# How long the secret before may still open after a rotation.
OVERLAP = timedelta(hours=24)
NAME_LIMIT = 80
ROLES = {ApiToken.Scope.READ: Role.SERVICE_VIEWER, ApiToken.Scope.WRITE: Role.SERVICE}


def called(name: str, organisation: Organisation) -> str:
    """What a service is called wherever a person's name stands: nobody shall take it for one."""
    return f"{name}{suffix(organisation.short_name)}"


def suffix(short_name: str) -> str:
    return f" (service of {short_name})"


@action
def make_service(
    *,
    actor: User,
    organisation: Organisation,
    name: str,
    scope: str,
    lifetime: timedelta,
    at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """A new service of a lab, with its first token and the secret, which is not kept and cannot be shown again."""
    organisation = memberships.lock(organisation.pk)
    at = at or clock.now()
    if not policies.may_make_services(actor, organisation):
        raise NotAllowed("Only an administrator of this lab makes service tokens.")
    name = _name(name)
    _require_lifetime(lifetime)
    if scope not in ApiToken.Scope.values:
        raise Invalid("Choose what the service may do.", field="scope")
    live = User.objects.live_services().filter(service_of=organisation)
    if live.filter(name__iexact=called(name, organisation)).exists():
        raise Invalid("Your lab has a service of this name.", field="name")
    if live.count() >= MOST:
        raise Invalid(f"Your lab has {MOST} services. Revoke one first.", field="name")
    key = uuid4()
    service = User.objects.create_user(
        id=key,
        email=f"{key}{SERVICE_DOMAIN}",
        name=called(name, organisation),
        service_of=organisation,
        date_joined=at,
    )
    Membership.objects.create(
        user=service, organisation=organisation, role=ROLES[ApiToken.Scope(scope)], since=at
    )
    return _issue(actor, service, name, scope, lifetime, "made_service", at)


@action
def rotate_service(
    *, actor: User, user: User, lifetime: timedelta, overlap: bool = False, at: datetime | None = None
) -> tuple[ApiToken, str]:
    """A new secret. The one before ends at once, or, so that a system can be changed over, within a day; older ones end."""
    organisation, service = _locked(user)
    at = at or clock.now()
    if not policies.may_make_services(actor, organisation):
        raise NotAllowed("Only an administrator of this lab rotates service tokens.")
    _require_open(service)
    _require_lifetime(lifetime)
    before = service.auth_token_set.order_by("-created").first()
    if before is None:
        raise AlreadyDone("This service has no token any more.")
    last_moment = clock.machine() + OVERLAP
    kept = [before.pk] if overlap else []
    service.auth_token_set.exclude(pk__in=kept).delete()
    service.auth_token_set.filter(expiry__gt=last_moment).update(expiry=last_moment)
    return _issue(actor, service, before.name, before.scope, lifetime, "rotated_service", at)


@action
def revoke_service(*, actor: User, user: User, at: datetime | None = None) -> User:
    """End a service: its tokens, its membership and the account, at once. What it did stays on record under its name."""
    organisation, service = _locked(user)
    at = at or clock.now()
    if not policies.may_revoke_service(actor, service):
        raise NotAllowed("Only an administrator of this lab revokes service tokens.")
    _require_open(service)
    service.is_active = False
    service.save(update_fields=["is_active"])
    Membership.objects.active().filter(user=service).update(ended_at=at)
    service.auth_token_set.all().delete()
    data = {"organisation": organisation.pk}
    event = ledger.record(actor=actor, verb="revoked_service", subject=service, data=data, at=at)
    hooks.expires(service=service, organisation=organisation, due_at=None, at=at, link=_page(organisation))
    _tell(organisation, event.pk, at)
    return service


def rename_all(organisation: Organisation, *, before: str) -> None:
    """The organisation's short name changed: its services are called by the new one."""
    for service in organisation.services.all():
        service.name = called(service.name.removesuffix(suffix(before)), organisation)
        service.save(update_fields=["name"])


def _locked(user: User) -> tuple[Organisation, User]:
    if user.service_of_id is None:
        raise NotAllowed("This is a person's account.")
    organisation = memberships.lock(user.service_of_id)
    return organisation, User.objects.select_for_update(of=("self",)).get(pk=user.pk)


def _require_open(service: User) -> None:
    if not service.is_active:
        raise AlreadyDone("This service was revoked already.")


def _name(name: str) -> str:
    name = name.strip()
    if not name:
        raise Missing("Say what the service is called.", field="name")
    if len(name) > NAME_LIMIT or "\x00" in name:
        raise Invalid(f"This is longer than {NAME_LIMIT} characters, or no text.", field="name")
    return name


def _require_lifetime(lifetime: timedelta) -> None:
    if not timedelta(0) < lifetime <= LONGEST:
        raise Invalid("A token lives at most a year.", field="lifetime")


def _issue(
    actor: User, service: User, name: str, scope: str, lifetime: timedelta, verb: str, at: datetime
) -> tuple[ApiToken, str]:
    token, secret = ApiToken.objects.create(
        user=service, expiry=lifetime, name=name, scope=scope, made_by=actor
    )
    organisation = service.service_of
    data = {"organisation": organisation.pk, "scope": scope, "expires": token.expiry}
    event = ledger.record(actor=actor, verb=verb, subject=service, data=data, at=at)
    hooks.expires(
        service=service, organisation=organisation, due_at=token.expiry, at=at, link=_page(organisation)
    )
    _tell(organisation, event.pk, at)
    return token, secret


def _tell(organisation: Organisation, event: UUID, at: datetime) -> None:
    """Word to all administrators, whoever of them did it."""
    admins = Membership.objects.active().filter(
        organisation=organisation, role=Role.ADMIN, user__is_active=True
    )
    hooks.tell(
        recipients=list(admins.order_by("user_id").values_list("user_id", flat=True)),
        kind="service_changed",
        about=event,
        at=at,
        link=_page(organisation),
    )


def _page(organisation: Organisation) -> str:
    return reverse("account_services", args=[organisation.pk])
