"""Erasing a person's particulars: asked for by one who looks after accounts, done by a second (docs/adr/0031).

What they did stays on record under their id. The ledger is not touched: it never had more of them than that.
"""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef

from portal import clock, particulars, scope
from portal.accounts import hooks, policies
from portal.accounts.actions import invitations, memberships, security
from portal.accounts.models import Erasure, Invitation, PersonKey, User
from portal.errors import AlreadyDone, Invalid, NotAllowed, WrongState
from portal.ledger import actions as ledger
from portal.ledger.models import Event
from portal.scope import action

PAGE = "/admin/accounts/user/{}/change/"


def against_erasing(*, user: User, at: datetime) -> list[str]:
    """Why a person cannot be erased now, in sentences; none where they can."""
    said = ["They have a role in an organisation."] if user.memberships.filter(ended_at=None).exists() else []
    # Who looks after accounts sees no case: that something of one stands against it, and nothing more, is told.
    with scope.lifted(*scope.ROOMS):
        return [*said, *hooks.against_erasing(user=user, at=at)]


@action
def ask_erasure(*, actor: User, user: User, ground: str, at: datetime | None = None) -> Erasure:
    """Ask that a person be erased. Nothing changes by it; the person and the others who look after accounts are told.

    Raises WrongState, with what stands against it, while anything does, and AlreadyDone where it was asked for.
    """
    user, at = _locked(user), at or clock.now()
    if not policies.may_ask_to_erase(actor, user):
        raise NotAllowed("Only those who look after all accounts can ask for this, and of another person.")
    if ground not in Erasure.Ground.values:
        raise Invalid("Choose why.", field="ground")
    if Erasure.objects.waiting().filter(user=user).exists():
        raise AlreadyDone("It has been asked for already.")
    _require_nothing_against(user, at)
    erasure = Erasure.objects.create(user=user, ground=ground, asked_by=actor, asked_at=at)
    event = _record("asked_to_erase", actor, erasure, at)
    page = PAGE.format(user.pk)
    others = (
        User.objects.people().filter(is_superuser=True, is_active=True).exclude(pk__in=[actor.pk, user.pk])
    )
    seconds = sorted(others.values_list("pk", flat=True))
    hooks.tell(recipients=seconds, kind="erasure_asked", about=event.pk, at=at, link=page)
    hooks.tell(recipients=[user.pk], kind="erasure_coming", about=event.pk, at=at)
    return erasure


@action
def stop_erasure(*, actor: User, user: User, at: datetime | None = None) -> Erasure:
    """The person is not erased: whoever looks after accounts can say so while it waits."""
    user, at = _locked(user), at or clock.now()
    if not policies.may_look_after_all(actor):
        raise NotAllowed("Only those who look after all accounts can stop this.")
    erasure = _waiting(user)
    erasure.stopped_by, erasure.stopped_at = actor, at
    erasure.save(update_fields=["stopped_by", "stopped_at"])
    _record("stopped_erasure", actor, erasure, at)
    return erasure


@action
def erase_person(*, actor: User, user: User, at: datetime | None = None) -> User:
    """Erase a person's particulars for good, as the second person. Backups made before cannot be opened for them any more.

    Raises WrongState, with what stands against it, while anything does.
    """
    at = at or clock.now()
    asked = list(Invitation.objects.unanswered().filter(user=user).order_by("organisation_id"))
    for invitation in asked:
        memberships.lock(invitation.organisation_id)
    user = _locked(user)
    erasure = _waiting(user)
    if not policies.may_erase(actor, erasure):
        raise NotAllowed("Another person than who asked for it erases, and not the person themselves.")
    _require_nothing_against(user, at)
    for invitation in Invitation.objects.unanswered().filter(pk__in=[one.pk for one in asked]):
        invitations.withdraw(actor, invitation, at)
    _remove_particulars(actor=actor, user=user, at=at)
    erasure.confirmed_by, erasure.confirmed_at = actor, at
    erasure.save(update_fields=["confirmed_by", "confirmed_at"])
    _record("erased_person", actor, erasure, at)
    return user


def _remove_particulars(*, actor: User | None, user: User, at: datetime) -> None:
    """The removal itself: what ``portal.particulars`` names of this person, on every floor, and the key of their backups."""
    hooks.closed(user)
    hooks.erasing(actor=actor, user=user, at=at)
    sessions = UserSession.objects.filter(user=user)
    Session.objects.filter(session_key__in=list(sessions.values_list("session_key", flat=True))).delete()
    theirs = (
        sessions,
        Authenticator.objects.filter(user=user),
        EmailAddress.objects.filter(user=user),
        user.auth_token_set.all(),
        user.provider_links.all(),
        user.saved_views.all(),
        user.other_addresses.all(),
        user.former_addresses.all(),
    )
    for rows in theirs:
        rows.delete()
    stone = particulars.tombstone(User._meta.db_table, user.pk, at)
    for name, value in stone.items():
        setattr(user, name, value)
    user.save(update_fields=list(stone))
    security.end_sessions(user)
    PersonKey.objects.destroy(user.pk, at=at)


@action
def record_erasures(*, at: datetime | None = None) -> int:
    """After a restore: of whom the keyring said that they were erased since the backup, say so on record. How many there were.

    Their particulars did not come back (``portal.stack.people``); what else goes with an erasure goes here.
    """
    at = at or clock.now()
    known = Event.objects.filter(verb="erased_person", subject_id=OuterRef("pk")).order_by()
    erased = User.objects.filter(~Exists(known), erased_at__isnull=False).order_by("pk")
    for user in erased:
        hooks.closed(user)
        hooks.erasing(actor=None, user=user, at=at)
        ledger.record(actor=None, verb="erased_person", subject=user, data={"restored": True}, at=at)
    return len(erased)


def _locked(user: User) -> User:
    """The row's lock: while it is held, nobody is given a role, a seat or anything else that names the person."""
    return User.objects.select_for_update(of=("self",)).get(pk=user.pk)


def _waiting(user: User) -> Erasure:
    if user.erased_at is not None:
        raise AlreadyDone("This person was erased.")
    erasure = Erasure.objects.waiting().filter(user=user).first()
    if erasure is None:
        raise WrongState("Nobody has asked for it, or it was stopped.")
    return erasure


def _require_nothing_against(user: User, at: datetime) -> None:
    if against := against_erasing(user=user, at=at):
        raise WrongState(" ".join(["This person cannot be erased now.", *against]))


def _record(verb: str, actor: User, erasure: Erasure, at: datetime):
    data = {"erasure": erasure.pk, "ground": erasure.ground}
    return ledger.record(actor=actor, verb=verb, subject=erasure.user, data=data, at=at)
