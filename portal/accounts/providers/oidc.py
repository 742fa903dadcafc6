"""OpenID Connect by allauth's client, with what it leaves out: a nonce, and a token that is judged by its signature."""

import json
import secrets
from collections.abc import Iterable
from typing import Any

import jwt
import requests
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.models import SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from portal import clock
from portal.accounts.providers import adapter, arrival
from portal.operating.providers import OIDC, Provider

# Signatures by a key of the provider's own. Neither "none" nor one made with a secret that both know.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
# Of whatever a provider answers, the most that is read.
LARGEST = 1024 * 1024
LONGEST_SUBJECT = 255


class NotBelievedError(OAuth2Error):
    """An answer of the provider's that is not believed; the message holds nothing of it and may be logged."""


class Client(OpenIDConnectProvider):
    """Sends people off. What is asked of the provider is the setting's, and no browser's, to say."""

    def get_auth_params_from_request(self, request: HttpRequest, action: Any) -> dict[str, str]:
        return self.get_auth_params()

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        return self.get_scope()

    def get_oauth2_adapter(self, request: HttpRequest) -> "Adapter":
        return Adapter(request, arrival.provider_of(self.app.provider_id, OIDC))

    def redirect(self, request, process, next_url=None, data=None, **kwargs) -> HttpResponse:
        nonce = secrets.token_urlsafe(32)
        asked = self.get_auth_params() | {"nonce": nonce}
        return super().redirect(
            request, process, next_url, data, auth_params=asked, scope=self.get_scope(), nonce=nonce
        )


class Adapter(OpenIDConnectOAuth2Adapter):
    """Fetches the provider's description and the token, and judges them."""

    def __init__(self, request: HttpRequest, provider: Provider):
        super().__init__(request, provider.id)
        self.configured = provider
        self.state: dict[str, Any] = {}

    def get_provider(self) -> Client:
        return Client(self.request, app=adapter.app_of(self.configured))

    @property
    def openid_config(self) -> dict[str, Any]:
        """The provider's description of itself, which has to be of the very issuer that the setting names."""
        if not hasattr(self, "_openid_config"):
            said = _fetched(self.get_provider().server_url)
            if said.get("issuer") != self.configured.issuer:
                raise NotBelievedError("description is of another issuer")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                if not self.configured.has(said.get(name)):
                    raise NotBelievedError("description names an address elsewhere")
            self._openid_config = said
        return self._openid_config

    @property
    def basic_auth(self) -> bool:
        # What the standard says of a provider that names no way: by the header.
        return "client_secret_post" not in self.openid_config.get("token_endpoint_auth_methods_supported", [])

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        return callback_url(self.configured)

    def get_access_token_data(self, request, app, client, pkce_code_verifier=None) -> dict[str, Any]:
        try:
            found = super().get_access_token_data(request, app, client, pkce_code_verifier)
        except (KeyError, TypeError, ValueError) as error:
            raise NotBelievedError("no answer for the code that could be read") from error
        # The access token is not used: what the ID token says is enough.
        return {"access_token": "-", "id_token": found.get("id_token")}

    def complete_login(self, request: HttpRequest, app: Any, token: SocialToken, **kwargs: Any) -> Any:
        """What the ID token says is all that counts. Ends here with the answer: allauth finds no account and saves none."""
        token_text = kwargs["response"]["id_token"]
        claims = self._claims(token_text if isinstance(token_text, str) else "")
        raise ImmediateHttpResponse(
            arrival.arrive(request, self.configured, _said(self.configured, claims), self.state)
        )

    def _claims(self, id_token: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(id_token)
            if header.get("alg") not in ALGORITHMS:
                raise NotBelievedError("signature of a kind that is not believed")
            # By the machine's clock, which the demonstration's does not move.
            claims = jwt.decode(
                id_token,
                key=self._key(header),
                algorithms=[header["alg"]],
                audience=self.configured.client_id,
                issuer=self.configured.issuer,
                leeway=clock.SKEW,
                options={"require": ["iss", "sub", "aud", "exp", "iat"]},
            )
        except (jwt.PyJWTError, TypeError, ValueError) as error:
            raise NotBelievedError(f"token: {type(error).__name__}") from error
        audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if len(audiences) > 1 or "azp" in claims:
            if claims.get("azp") != self.configured.client_id:
                raise NotBelievedError("token is another client's, too")
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or not constant_time_compare(nonce, self.state.get("nonce", "")):
            raise NotBelievedError("token answers another request")
        return claims

    def _key(self, header: dict[str, Any]) -> Any:
        """The provider's key that the token names; one without a name where the provider has one such key only."""
        every = _fetched(self.openid_config["jwks_uri"]).get("keys")
        kid, family = header.get("kid"), {"R": "RSA", "P": "RSA", "E": "EC"}[header["alg"][0]]
        family = "OKP" if header["alg"] == "EdDSA" else family
        fit = [
            key
            for key in (every if isinstance(every, list) else [])
            if isinstance(key, dict)
            and key.get("kty") == family
            and key.get("use", "sig") == "sig"
            and (kid is None or key.get("kid") == kid)
        ]
        if len(fit) != 1:
            raise NotBelievedError("no key of the provider's, or several")
        return jwt.PyJWK(fit[0], algorithm=header["alg"]).key


class Callback(OAuth2CallbackView):
    """Where the provider sends people back to: the state that it brings is this browser's, and is used once."""

    adapter: Adapter

    def _get_state(
        self, request: HttpRequest, provider: Any
    ) -> tuple[dict[str, Any] | None, HttpResponse | None]:
        state, answer = super()._get_state(request, provider)
        if state is not None:
            self.adapter.state = state
        return state, answer


def start(
    request: HttpRequest, provider: Provider, *, process: str, next_url: str, data: str
) -> HttpResponse:
    """A redirect to the provider, or the answer to somebody whom it cannot be had for."""
    client = Client(request, app=adapter.app_of(provider))
    try:
        return client.redirect(request, process, next_url=next_url, data=data)
    except (OAuth2Error, requests.RequestException) as error:
        return arrival.refused(request, provider.id, arrival.told(error))


def finish(request: HttpRequest, provider: Provider) -> HttpResponse:
    """The answer to somebody who comes back from the provider."""
    # RFC 9207: who says by which provider they were sent back says the right one.
    if request.GET.get("iss", provider.issuer) != provider.issuer:
        return arrival.refused(request, provider.id, "sent back by another provider")
    return Callback.adapter_view(Adapter(request, provider))(request)


def callback_url(provider: Provider) -> str:
    """What is to be registered with the provider."""
    path = reverse("openid_connect_callback", kwargs={"provider_id": provider.id})
    return f"{settings.PORTAL_BASE_URL}{path}"


def _said(provider: Provider, claims: dict[str, Any]) -> arrival.Said:
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise NotBelievedError("no subject")
    address = claims.get("email")
    return arrival.Said(
        subject=subject,
        address=address if isinstance(address, str) and claims.get("email_verified") is True else "",
        used_two_factors=any(
            set(_words(claims.get(name))) & set(values) for name, values in provider.second_factor
        ),
    )


def _words(value: Any) -> Iterable[str]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, str)]


def _fetched(address: str) -> dict[str, Any]:
    """A JSON object of a provider's. Raises OAuth2Error where it is none, or requests' errors."""
    with adapter.Session() as session, session.request("GET", address, stream=True) as answer:
        if answer.status_code != requests.codes.ok:
            raise NotBelievedError(f"answered {answer.status_code}")
        body = answer.raw.read(LARGEST + 1, decode_content=True)
    if len(body) > LARGEST:
        raise NotBelievedError("answered too much")
    try:
        found = json.loads(body)
    except ValueError as error:
        raise NotBelievedError("answered no JSON") from error
    if not isinstance(found, dict):
        raise NotBelievedError("answered no JSON object")
    return found
