"""Who belongs where, in which role."""

from datetime import datetime
from uuid import UUID

from portal import clock
from portal.accounts import hooks, policies
from portal.accounts.actions import security
from portal.accounts.models import ROLES_OF, SERVICE_DOMAIN, Kind, Membership, Organisation, Role, User
from portal.errors import AlreadyDone, Invalid, NotAllowed, Refused
from portal.ledger import actions as ledger
from portal.particulars import ERASED_DOMAIN
from portal.scope import action


class LastAdministrator(Refused):
    """An organisation keeps at least one administrator, so that somebody can look after its people."""

    code = "last_administrator"


def lock(organisation_id: UUID) -> Organisation:
    """The organisation as it is now, locked until the transaction ends: every change of its members begins here."""
    return Organisation.objects.select_for_update().get(pk=organisation_id)


@action
def add_membership(
    *, actor: User, organisation: Organisation, user: User, role: str, at: datetime | None = None
) -> Membership:
    """Give a person a role; raises Invalid for a role the organisation's kind does not have, AlreadyDone if they have it."""
    organisation = lock(organisation.pk)
    at = at or clock.now()
    if not policies.may_add_member(actor, organisation, user):
        raise NotAllowed("You cannot add this person here.")
    return join(actor=actor, organisation=organisation, user=user, role=role, at=at)


def join(*, actor: User, organisation: Organisation, user: User, role: str, at: datetime) -> Membership:
    """The membership itself; the organisation is locked and the policy was asked."""
    require_role(organisation, role)
    require_takes_part(organisation)
    if not user.is_active:
        raise Invalid("This account is closed.", field="user")
    require_person(user)
    if Membership.objects.active().filter(user=user, organisation=organisation, role=role).exists():
        raise AlreadyDone(f"{user} has this role already.")
    membership = Membership.objects.create(user=user, organisation=organisation, role=role, since=at)
    event = ledger.record(
        actor=actor,
        verb="added_membership",
        subject=membership,
        data={"organisation": organisation.pk, "person": user.pk, "role": role},
        at=at,
    )
    if actor.pk != user.pk:
        hooks.tell(recipients=[user.pk], kind="membership_added", about=event.pk, at=at)
    return membership


def require_person(user: User) -> None:
    """A service has the one role it was made with, no address, and ends by revoking its token."""
    if user.is_service:
        raise NotAllowed("This is a service, and no person: only its token is rotated and revoked.")


def require_persons_address(email: str) -> None:
    if email.strip().lower().endswith((SERVICE_DOMAIN, ERASED_DOMAIN)):
        raise Invalid("Nobody reads mail at this address.", field="email")


def require_takes_part(organisation: Organisation) -> None:
    if organisation.left_at is not None:
        raise Invalid("This agency takes part no longer.", code="left")


def require_role(organisation: Organisation, role: str) -> None:
    if role not in ROLES_OF[Kind(organisation.kind)]:
        raise Invalid(f"{organisation.get_kind_display()} organisations have no such role.", field="role")


@action
def end_membership(
    *, actor: User, membership: Membership, reason: str = "", at: datetime | None = None
) -> Membership:
    """End a role. All of the person's sessions end with it; raises LastAdministrator for the last one of a lab or partner."""
    organisation, membership = _locked(membership)
    at = at or clock.now()
    if not policies.may_administer(actor, organisation):
        raise NotAllowed("Only an administrator of this organisation can end a membership.")
    require_person(membership.user)
    end(actor=actor, organisation=organisation, membership=membership, reason=reason, at=at)
    return membership


@action
def change_role(*, actor: User, membership: Membership, role: str, at: datetime | None = None) -> Membership:
    """Another role instead of this one: the old membership ends, a new one begins. The person signs in anew."""
    organisation, membership = _locked(membership)
    at = at or clock.now()
    if not policies.may_administer(actor, organisation):
        raise NotAllowed("Only an administrator of this organisation can change a role.")
    require_person(membership.user)
    require_role(organisation, role)
    if membership.role == role and membership.ended_at is None:
        raise AlreadyDone(f"{membership.user} has this role already.")
    end(actor=actor, organisation=organisation, membership=membership, reason="", at=at, told=False)
    return join(actor=actor, organisation=organisation, user=membership.user, role=role, at=at)


def _locked(membership: Membership) -> tuple[Organisation, Membership]:
    organisation = lock(membership.organisation_id)
    return organisation, Membership.objects.select_related("user").get(pk=membership.pk)


def end(
    *,
    actor: User,
    organisation: Organisation,
    membership: Membership,
    reason: str,
    at: datetime,
    told: bool = True,
) -> None:
    """The end itself; the organisation is locked and the policy was asked."""
    if membership.ended_at is not None:
        raise AlreadyDone("This membership has ended already.")
    keep_an_administrator(organisation, leaving=membership)
    membership.ended_at = at
    membership.save(update_fields=["ended_at"])
    event = ledger.record(
        actor=actor,
        verb="ended_membership",
        subject=membership,
        reason=reason,
        data={"organisation": organisation.pk, "person": membership.user_id, "role": membership.role},
        at=at,
    )
    security.end_sessions(membership.user)
    if not Membership.objects.active().filter(user=membership.user).exists():
        membership.user.auth_token_set.all().delete()
    if told and actor.pk != membership.user_id:
        hooks.tell(recipients=[membership.user_id], kind="membership_ended", about=event.pk, at=at)


def keep_an_administrator(organisation: Organisation, *, leaving: Membership) -> None:
    """Refuse to end the last administrator's role. The organisation is locked, so two cannot leave at the same moment."""
    if organisation.kind == Kind.AGENCY or leaving.role != Role.ADMIN:
        return
    others = Membership.objects.active().filter(
        organisation=organisation, role=Role.ADMIN, user__is_active=True
    )
    if not others.exclude(pk=leaving.pk).exists():
        raise LastAdministrator(
            f"{organisation} would be left without an administrator. Make somebody else an administrator first."
        )
