"""Sign-in providers of organisations, as ``PORTAL_SIGN_IN_PROVIDERS`` names them (docs/adr/0027): read, and judged whole or half.

The setting is a JSON list of objects; docs/operations.md says what stands in one. It holds the clients' secrets, so it is a
secret itself, and nothing here puts a value of it into words.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from cryptography import x509

from portal import config

OIDC, SAML = "oidc", "saml"
# What stands for two factors, per kind: the provider says one of these, and was asked for it where it can be asked.
STRENGTHS = {OIDC: {"acr", "amr"}, SAML: {"context"}}
NEEDED = {
    OIDC: ("issuer", "client_id", "client_secret"),
    SAML: ("issuer", "sign_in_url", "certificate"),
}
KNOWN = {
    "id",
    "kind",
    "name",
    "organisation",
    "domains",
    "hosts",
    "second_factor",
    "on_sign_in_page",
} | {name for names in NEEDED.values() for name in names}
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,38}[a-z0-9]")
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider. ``issuer`` is OpenID Connect's, or SAML's entity id; ``domains`` are those of which it verifies addresses."""

    id: str
    kind: str
    name: str
    organisation: UUID | None
    issuer: str
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    sign_in_url: str = ""
    certificate: str = ""
    domains: tuple[str, ...] = ()
    # More hosts than the issuer's own at which its description may name addresses.
    hosts: tuple[str, ...] = ()
    # (name, values): any of these of the provider's answer stands for two factors.
    second_factor: tuple[tuple[str, tuple[str, ...]], ...] = ()
    on_sign_in_page: bool = False
    faults: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        return not self.faults

    def asks_for(self, name: str) -> tuple[str, ...]:
        """The values of ``acr``, ``amr`` or ``context`` that stand for two factors."""
        return dict(self.second_factor).get(name, ())

    def has(self, address: object) -> bool:
        """Whether an address is at the issuer's host, or at another that the setting names, and as well guarded as the issuer."""
        parts = urlsplit(address) if isinstance(address, str) else None
        own = urlsplit(self.issuer)
        if parts is None or parts.scheme not in ("https", own.scheme) or "@" in parts.netloc:
            return False
        return parts.netloc == own.netloc or parts.netloc in self.hosts

    def verifies(self, address: str) -> bool:
        return address.rpartition("@")[2].lower() in self.domains


def read(text: str) -> tuple[Provider, ...]:
    """The providers of the setting, half ones with what is wrong with them. Raises ValueError where it is no list of objects."""
    try:
        given = json.loads(text) if text.strip() else []
    except ValueError as error:
        place = (
            f"line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        )
        raise ValueError(f"PORTAL_SIGN_IN_PROVIDERS is no JSON: {place}.") from None
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise ValueError("PORTAL_SIGN_IN_PROVIDERS is no JSON list of objects.")
    ids = [one.get("id") for one in given]
    return tuple(_provider(one, twice=ids.count(one.get("id")) > 1) for one in given)


def halves(providers: tuple[Provider, ...]) -> Iterator[str]:
    """What keeps providers from being offered in production, each with the provider's id. One of this machine is for trials."""
    for provider in providers:
        faults = list(provider.faults)
        for address in (provider.issuer if provider.kind == OIDC else "", provider.sign_in_url):
            if address and _is_address(address) and not address.startswith("https://"):
                faults.append("its address is no https:// address")
        for fault in faults:
            yield f"{provider.id or 'one without an id'}: {fault}"


def _provider(given: dict[str, Any], *, twice: bool) -> Provider:
    kind = given.get("kind")
    texts = {name: _text(given.get(name)) for name in ("id", "name", *NEEDED[OIDC], *NEEDED[SAML])}
    strengths, domains = given.get("second_factor", {}), given.get("domains", [])
    faults = [
        *(["two have its id"] if twice else []),
        *_faults_of_all(given, texts),
        *_faults_of_kind(kind, texts),
        *_faults_of_strength(kind, strengths),
    ]
    if not _is_words(domains) or not all(_DOMAIN.fullmatch(one) for one in domains):
        faults.append("domains is no list of mail domains in small letters")
        domains = []
    hosts = given.get("hosts", [])
    if not _is_words(hosts) or not all(_DOMAIN.fullmatch(one) for one in hosts):
        faults.append("hosts is no list of host names in small letters")
        hosts = []
    if kind == SAML and domains:
        faults.append("domains are of no use: SAML has no word for an address that was verified")
    return Provider(
        **texts,
        kind=_text(kind),
        organisation=_uuid(given.get("organisation")),
        domains=tuple(domains),
        hosts=tuple(hosts),
        second_factor=tuple((name, tuple(values)) for name, values in strengths.items())
        if not faults
        else (),
        on_sign_in_page=given.get("on_sign_in_page") is True,
        faults=tuple(faults),
    )


def _faults_of_all(given: dict[str, Any], texts: dict[str, str]) -> Iterator[str]:
    if not _ID.fullmatch(texts["id"]):
        yield "id is not 2 to 40 small letters, digits and hyphens"
    if not texts["name"]:
        yield "name is missing"
    if _uuid(given.get("organisation")) is None:
        yield "organisation is no id of an organisation"
    if given.get("on_sign_in_page", False) not in (True, False):
        yield "on_sign_in_page is neither true nor false"
    for name in sorted(set(given) - KNOWN):
        yield f"nothing is called {name!r}"


def _faults_of_kind(kind: Any, texts: dict[str, str]) -> Iterator[str]:
    if kind not in NEEDED:
        yield "kind is neither oidc nor saml"
        return
    for name in NEEDED[kind]:
        if not texts[name]:
            yield f"{name} is missing"
    # A SAML issuer is a name, and need not be an address.
    name = "issuer" if kind == OIDC else "sign_in_url"
    if texts[name] and not _is_address(texts[name]):
        yield f"{name} is no https:// address"
    if texts["certificate"] and not _is_certificate(texts["certificate"]):
        yield "certificate is none, in PEM or its base64 alone"


def _faults_of_strength(kind: Any, strengths: Any) -> Iterator[str]:
    names = STRENGTHS.get(kind, set())
    good = isinstance(strengths, dict) and all(
        name in names and _is_words(values) and values for name, values in strengths.items()
    )
    if not good:
        yield f"second_factor is no object of {' and '.join(sorted(names)) or 'lists'}, each a list of words"


def _is_address(text: str) -> bool:
    """https, or http of this machine, without query and fragment."""
    parts = urlsplit(text)
    schemes = ("https", "http") if parts.hostname in config.LOCAL_HOSTS else ("https",)
    return parts.scheme in schemes and bool(parts.hostname) and not parts.query and not parts.fragment


def _is_certificate(text: str) -> bool:
    body = re.sub(r"-----[A-Z ]+-----|\s", "", text)
    try:
        x509.load_der_x509_certificate(base64.b64decode(body, validate=True))
    except (binascii.Error, ValueError):
        return False
    return True


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and one for one in value)


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
