"""Services of labs for tests, made as an administrator makes them."""

from portal.accounts import actions
from portal.accounts.models import ApiToken, Organisation, Role, User
from tests import factories as make
from tests.api.calls import Caller


def service(
    lab: Organisation,
    *,
    scope: str = "write",
    name: str = "Release pipeline",
    actor: User | None = None,
    **options,
) -> tuple[User, str]:
    """A service of a lab and the secret of its token."""
    actor = actor or make.member(lab, Role.ADMIN)
    options = {"lifetime": 30 * make.DAY} | options
    token, secret = actions.make_service(actor=actor, organisation=lab, name=name, scope=scope, **options)
    return User.objects.get(pk=token.user_id), secret


def caller(lab: Organisation, **options) -> Caller:
    """A program with the token of a new service."""
    return Caller(token=service(lab, **options)[1])


def tokens_of(user: User) -> list[ApiToken]:
    return list(ApiToken.objects.filter(user=user).order_by("created"))
