"""Keys to the API."""

from datetime import datetime, timedelta

from portal import clock
from portal.accounts import hooks
from portal.accounts.models import ApiToken, User
from portal.errors import Invalid, Missing, NotAllowed
from portal.ledger import actions as ledger
from portal.scope import action

LONGEST = timedelta(days=365)
MOST = 20


@action
def create_token(
    *,
    actor: User,
    name: str,
    lifetime: timedelta,
    scope: str = ApiToken.Scope.WRITE,
    at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """A new token and its secret, which is not kept and cannot be shown again."""
    at = at or clock.now()
    # Locked, so that two tabs cannot pass the limit together.
    user = User.objects.select_for_update().get(pk=actor.pk)
    if not user.is_active or not user.has_second_factor:
        raise NotAllowed("Set up a second factor first.")
    if not name.strip():
        raise Missing("Say what the token is for.", field="name")
    if not timedelta(0) < lifetime <= LONGEST:
        raise Invalid("A token lives at most a year.", field="lifetime")
    if scope not in ApiToken.Scope.values:
        raise Invalid("Choose what the token may do.", field="scope")
    if user.auth_token_set.count() >= MOST:
        raise Invalid(f"You have {MOST} tokens. Revoke one first.", field="name")
    token, secret = ApiToken.objects.create(user=user, expiry=lifetime, name=name.strip(), scope=scope)
    event = ledger.record(
        actor=actor,
        verb="created_token",
        subject=token_subject(token),
        data={"expires": token.expiry, "scope": token.scope},
        at=at,
    )
    hooks.tell(recipients=[user.pk], kind="sign_in_changed", about=event.pk, at=at, link="/account/tokens/")
    return token, secret


@action
def revoke_token(*, actor: User, token: ApiToken, at: datetime | None = None) -> None:
    """End a token at once."""
    if token.user_id != actor.pk:
        raise NotAllowed("This token is not yours.")
    ledger.record(actor=actor, verb="revoked_token", subject=token_subject(token), at=at or clock.now())
    token.delete()


def token_subject(token: ApiToken) -> User:
    # A token's key is the hash of its secret, which has no business in the ledger: the event is about the person.
    return token.user
