"""How allauth's clients of providers behave here: configured by settings alone, patient for seconds, led astray by nobody."""

from typing import Any, NoReturn

import requests
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount import app_settings
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from django.http import HttpRequest

from portal.accounts import providers
from portal.accounts.providers import arrival
from portal.operating.providers import OIDC, Provider


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """allauth may also keep providers, accounts and tokens in tables of its own: they stay empty, and are not read."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[SocialApp]:
        return [
            app_of(one)
            for one in providers.whole()
            if one.kind == OIDC
            and (not provider or provider in (one.id, one.kind))
            and (not client_id or client_id == one.id)
        ]

    def get_requests_session(self) -> requests.Session:
        return Session()

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error=None, exception=None, extra_context=None
    ) -> NoReturn:
        """Cancelled, forged or failed: one answer."""
        reason = arrival.told(exception) if exception else f"no such state, or the provider said {error}"
        raise ImmediateHttpResponse(arrival.refused(request, provider.app.provider_id, reason))


class Session(requests.Session):
    """Asks the addresses that the provider's own description names, waits for seconds, and follows no redirect to another."""

    def __init__(self) -> None:
        super().__init__()
        # No password of a .netrc and no proxy of the environment takes part.
        self.trust_env = False

    def request(self, method, url, **kwargs):  # type: ignore[override]
        return super().request(
            method, url, **kwargs | {"timeout": app_settings.REQUESTS_TIMEOUT, "allow_redirects": False}
        )


def app_of(provider: Provider) -> SocialApp:
    """An OpenID Connect provider in allauth's form; never stored."""
    asked = {"acr_values": " ".join(provider.asks_for("acr"))} if provider.asks_for("acr") else {}
    return SocialApp(
        provider="openid_connect",
        provider_id=provider.id,
        name=provider.name,
        client_id=provider.client_id,
        secret=provider.client_secret,
        settings={
            "server_url": provider.issuer.rstrip("/"),
            "oauth_pkce_enabled": True,
            "auth_params": asked,
            "scope": ["openid", "email"] if provider.domains else ["openid"],
        },
    )
