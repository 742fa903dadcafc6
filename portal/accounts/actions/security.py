"""Sessions and second factors."""

from datetime import datetime

from allauth.mfa.models import Authenticator
from django.contrib.auth import HASH_SESSION_KEY
from django.db import transaction
from django.db.models import F

from portal import clock
from portal.accounts import hooks, policies, querysets
from portal.accounts.models import User
from portal.errors import AlreadyDone, NotAllowed
from portal.ledger import actions as ledger


def second_factors_of(user: User):
    """A person's authenticator apps and passkeys."""
    return querysets.second_factors().filter(user=user)


def end_sessions(user: User) -> None:
    """End all of a person's sessions, at once and everywhere: their fingerprint no longer fits.

    Their rows stay until they expire and open nothing; deleting one would fail a request that is under way on it, such as
    the one in which somebody ends their own role.
    """
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)
    user.refresh_from_db(fields=["session_epoch"])


@transaction.atomic
def reset_second_factor(*, actor: User, user: User, reason: str = "", at: datetime | None = None) -> None:
    """Remove all of a person's second factors, tokens and sessions; they enrol anew at their next sign-in, by password.

    For a person who lost theirs. The password stays, so whoever resets gains no entry by it.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    at = at or clock.now()
    if not policies.may_reset_second_factor(actor, user):
        raise NotAllowed("You cannot reset this person's second factor.")
    removed, _ = Authenticator.objects.filter(user=user).delete()
    if not removed:
        raise AlreadyDone(f"{user} has no second factor; they are asked for one when they sign in.")
    user.auth_token_set.all().delete()
    end_sessions(user)
    event = ledger.record(
        actor=actor, verb="reset_second_factor", subject=user, reason=reason, data={"removed": removed}, at=at
    )
    hooks.tell(recipients=[user.pk], kind="second_factor_reset", about=event.pk, at=at)


@transaction.atomic
def end_sessions_without_second_factor(*, actor: User, request) -> None:
    """After a first second factor was enrolled: only the session that did it goes on.

    Any other was begun with the password alone, perhaps by somebody else.
    """
    if second_factors_of(actor).count() > 1:
        return
    end_sessions(actor)
    request.session[HASH_SESSION_KEY] = actor.get_session_auth_hash()


@transaction.atomic
def record_sign_in(*, actor: User, at: datetime | None = None) -> None:
    ledger.record(actor=actor, verb="signed_in", subject=actor, at=at or clock.now())


@transaction.atomic
def note_sign_in_change(*, actor: User, verb: str, at: datetime | None = None) -> None:
    """A person changed how they sign in: recorded, and told to them, in case it was not they."""
    at = at or clock.now()
    event = ledger.record(actor=actor, verb=verb, subject=actor, at=at)
    hooks.tell(recipients=[actor.pk], kind="sign_in_changed", about=event.pk, at=at, link="/account/2fa/")
