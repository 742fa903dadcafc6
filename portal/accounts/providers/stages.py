"""Between a sign-in's beginning and its session: allauth's stages, where somebody came by a provider (docs/adr/0027)."""

from typing import Any

from allauth.account.stages import LoginStage
from allauth.mfa.stages import AuthenticateStage
from django.http import HttpResponse

from portal.accounts.models import User
from portal.accounts.providers import arrival


def came(login: Any) -> dict[str, Any] | None:
    return (login.signal_kwargs or {}).get(arrival.CAME)


class OwnFactorStage(AuthenticateStage):
    """The portal's own second factor, but for who used two at a provider that is believed about that."""

    def handle(self) -> tuple[HttpResponse | None, bool]:
        begun = came(self.login)
        return (None, True) if begun and begun["two_factors"] else super().handle()


class StillStandsStage(LoginStage):
    """The last one: nobody is let in by what was ended while they looked for their second factor."""

    key = "portal_provider"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        begun = came(self.login)
        # Read anew: what is known of the person is as old as the stage before.
        user = User.objects.filter(pk=self.login.user.pk).first()
        if begun is None or (user is not None and arrival.still_stands(user, begun)):
            return None, True
        return arrival.refused(self.request, begun["provider"], "what it was begun by ended meanwhile"), False
