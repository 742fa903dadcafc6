"""Asking a person to take a role in an organisation."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from portal import clock
from portal.accounts import hooks, policies
from portal.accounts.actions import memberships
from portal.accounts.models import Invitation, Membership, Organisation, User
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed
from portal.ledger import actions as ledger
from portal.scope import action

# More open invitations than this is a mistake, or somebody writing to strangers.
LIMIT = 50


@action
def invite(
    *, actor: User, organisation: Organisation, email: str, name: str, role: str, at: datetime | None = None
) -> Invitation:
    """Ask the holder of an address to join; makes their account where there is none.

    The answer is the same whether the address was known or not: an administrator cannot find out who has an account.
    """
    organisation = memberships.lock(organisation.pk)
    at = at or clock.now()
    if not policies.may_administer(actor, organisation):
        raise NotAllowed("Only an administrator of this organisation can invite people.")
    memberships.require_role(organisation, role)
    memberships.require_takes_part(organisation)
    user = _account(email, name, at)
    if Membership.objects.active().filter(organisation=organisation, user=user).exists():
        raise AlreadyDone("This person belongs to your organisation already; give them a further role there.")
    waiting = Invitation.objects.unanswered().filter(organisation=organisation)
    if waiting.filter(user=user).exists():
        raise AlreadyDone("This person has an invitation that they have not answered yet.")
    if waiting.count() >= LIMIT:
        raise Invalid(f"{LIMIT} invitations are unanswered. Take some back first.", field="email")
    invitation = Invitation.objects.create(
        user=user, organisation=organisation, role=role, invited_by=actor, created_at=at
    )
    event = _record("invited", actor, invitation, at)
    kind = "invited" if user.has_usable_password() else "account_made"
    hooks.tell(recipients=[user.pk], kind=kind, about=event.pk, at=at)
    return invitation


def _account(email: str, name: str, at: datetime) -> User:
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise Invalid("Enter an e-mail address such as name@example.org.", field="email") from error
    memberships.require_persons_address(email)
    found = User.objects.filter(email__iexact=email).first()
    if found:
        return found
    if not name.strip():
        raise Missing("Enter the person's name.", field="name")
    return User.objects.create_user(email=email, name=name.strip(), date_joined=at)


@action
def accept_invitation(*, actor: User, invitation: Invitation, at: datetime | None = None) -> Membership:
    """Take the role one was asked to take."""
    organisation, invitation = _open(invitation)
    at = at or clock.now()
    if not policies.may_answer(actor, invitation):
        raise NotAllowed("This invitation is not yours.")
    _answer(invitation, Invitation.Outcome.ACCEPTED, at)
    return memberships.join(actor=actor, organisation=organisation, user=actor, role=invitation.role, at=at)


@action
def decline_invitation(*, actor: User, invitation: Invitation, at: datetime | None = None) -> Invitation:
    """Say no; the organisation sees that it was declined."""
    _, invitation = _open(invitation)
    at = at or clock.now()
    if not policies.may_answer(actor, invitation):
        raise NotAllowed("This invitation is not yours.")
    _answer(invitation, Invitation.Outcome.DECLINED, at)
    _record("declined_invitation", actor, invitation, at)
    return invitation


@action
def withdraw_invitation(*, actor: User, invitation: Invitation, at: datetime | None = None) -> Invitation:
    """Take an unanswered invitation back."""
    organisation, invitation = _open(invitation)
    at = at or clock.now()
    if not policies.may_administer(actor, organisation):
        raise NotAllowed("Only an administrator of this organisation can take an invitation back.")
    withdraw(actor, invitation, at)
    return invitation


def withdraw(actor: User, invitation: Invitation, at: datetime) -> None:
    """The taking back itself; the organisation is locked and the policy was asked."""
    _answer(invitation, Invitation.Outcome.WITHDRAWN, at)
    _record("withdrew_invitation", actor, invitation, at)


def _open(invitation: Invitation) -> tuple[Organisation, Invitation]:
    organisation = memberships.lock(invitation.organisation_id)
    invitation = Invitation.objects.select_related("user").get(pk=invitation.pk)
    if invitation.answered_at is not None:
        raise AlreadyDone(f"This invitation is closed: {invitation.get_outcome_display().lower()}.")
    return organisation, invitation


def _answer(invitation: Invitation, outcome: str, at: datetime) -> None:
    invitation.answered_at, invitation.outcome = at, outcome
    invitation.save(update_fields=["answered_at", "outcome"])


def _record(verb: str, actor: User, invitation: Invitation, at: datetime):
    return ledger.record(
        actor=actor,
        verb=verb,
        subject=invitation,
        data={
            "organisation": invitation.organisation_id,
            "person": invitation.user_id,
            "role": invitation.role,
        },
        at=at,
    )
