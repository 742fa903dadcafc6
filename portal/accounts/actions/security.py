"""Sessions and second factors."""

from datetime import datetime
from typing import Any

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt
from allauth.usersessions.models import UserSession
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models import F

from portal import clock
from portal.accounts import hooks, policies, querysets
from portal.accounts.models import User
from portal.errors import AlreadyDone, NotAllowed
from portal.ledger import actions as ledger
from portal.scope import action

# Codes of an app this many half minutes old are good no more, whichever way a clock was set within a day.
FORGOTTEN = 2 * 60 * 24


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


@action
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


@action
def end_sessions_but(*, actor: User, request) -> None:
    """After the person's factors changed: only the session that did it goes on.

    Any other was begun without what is now asked for, perhaps by somebody else.
    """
    end_sessions(actor)
    request.session[HASH_SESSION_KEY] = actor.get_session_auth_hash()


@action
def end_session(*, actor: User, session: Any, at: datetime | None = None) -> None:
    """End one of one's own sessions, at once: its row goes, so the next request on it, in any tab, is signed out."""
    if session.user_id != actor.pk:
        raise NotAllowed("This session is not yours.")
    _end([session])
    ledger.record(actor=actor, verb="ended_session", subject=actor, at=at or clock.now())


@action
def end_other_sessions(*, actor: User, kept: str, at: datetime | None = None) -> int:
    """End all of one's own sessions but the one with this key. How many there were."""
    others = [row for row in querysets.open_sessions(actor) if row.session_key != kept]
    if not others:
        raise AlreadyDone("There is no other session.")
    _end(others)
    data = {"sessions": len(others)}
    ledger.record(actor=actor, verb="ended_other_sessions", subject=actor, data=data, at=at or clock.now())
    return len(others)


@action
def renew_session(*, actor: User, request: Any) -> None:
    """After the person was asked again who they are: the same session under another key, in the list of sessions too."""
    before, after = request.session.renew_key()
    UserSession.objects.filter(session_key=before, user=actor).update(session_key=after)


def _end(sessions: list) -> None:
    Session.objects.filter(session_key__in=[row.session_key for row in sessions]).delete()
    UserSession.objects.filter(pk__in=[row.pk for row in sessions]).delete()


@action
def end_sessions_of(*, actor: User, user: User, reason: str = "", at: datetime | None = None) -> int:
    """End all of another person's sessions, at once; how many there were. They sign in anew, by what they have.

    For a browser that was lost or left open. Whoever may reset a person's second factor may do this lesser thing.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if not policies.may_reset_second_factor(actor, user):
        raise NotAllowed("You cannot end this person's sessions.")
    number = len(querysets.open_sessions(user))
    if not number:
        raise AlreadyDone(f"{user} is signed in nowhere.")
    end_sessions(user)
    data = {"sessions": number}
    ledger.record(
        actor=actor, verb="ended_sessions_of", subject=user, reason=reason, data=data, at=at or clock.now()
    )
    return number


@action
def use_code(*, authenticator: Authenticator, code: str) -> bool:
    """Whether a code that is right may be used: one of an app once, whatever clock and cache have gone through meanwhile.

    Recovery codes allauth itself uses up.
    """
    if authenticator.type != Authenticator.Type.TOTP:
        return True
    authenticator = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
    secret = decrypt(authenticator.data["secret"])
    good = [
        step
        for step in totp.yield_hotp_counters_from_time()
        if compare_user_code(actual=code, expected=totp.format_hotp_value(totp.hotp_value(secret, step)))
    ]
    used = authenticator.data.get("used_steps", [])
    unused = [step for step in good if step not in used]
    if not unused:
        return False
    # Those of a clock that was ahead stay: their time comes again.
    authenticator.data["used_steps"] = [step for step in used if step >= min(good) - FORGOTTEN] + unused
    authenticator.save(update_fields=["data"])
    return True


@action
def record_sign_in(
    *, actor: User, factors: list[str], provider: str = "", at: datetime | None = None
) -> None:
    """``provider`` is the id of the sign-in provider by which the person came, if by any.

    ``factors`` are what was used and right, in its order: password, totp, webauthn, recovery_codes, socialaccount.
    """
    data: dict[str, Any] = {"factors": factors}
    if provider:
        data["provider"] = provider
    ledger.record(actor=actor, verb="signed_in", subject=actor, data=data, at=at or clock.now())


@action
def note_sign_in_change(
    *,
    actor: User,
    verb: str,
    data: dict[str, Any] | None = None,
    link: str = "/account/2fa/",
    at: datetime | None = None,
) -> None:
    """A person changed how they sign in: recorded, and told to them, in case it was not they."""
    at = at or clock.now()
    event = ledger.record(actor=actor, verb=verb, subject=actor, data=data or {}, at=at)
    hooks.tell(recipients=[actor.pk], kind="sign_in_changed", about=event.pk, at=at, link=link)
