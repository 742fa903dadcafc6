"""``Authorization: Bearer TOKEN``: personal, hashed at rest, expiring."""

import re
import time
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import F
from drf_spectacular.authentication import SessionScheme as SpectacularSessionScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from knox.models import get_token_model
from knox.settings import CONSTANTS
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied, Throttled
from rest_framework.request import Request

from portal import clock, scope, sightings
from portal.limits import Allowance, address_of

# A token is printable; anything else in the header is none, and must not reach the database.
TOKEN = re.compile(rb"[0-9A-Za-z._~+/=-]{20,200}")
INVALID = "Invalid token."
# How often a service's use of its token is written down.
NOTED_EVERY = timedelta(hours=1)


class BearerAuthentication(TokenAuthentication):
    """Knox's tokens. One query tells whose a token is, with what every request asks of its person.

    A token ages by the machine's time, as a session does: moving the demonstration's clock signs nobody out.
    """

    def authenticate(self, request: Request) -> tuple[Any, str] | None:
        """As Knox; an address that sends many tokens that open nothing is told to wait (Throttled), whatever it sends then."""
        try:
            return super().authenticate(request)
        except AuthenticationFailed:
            sightings.sign_in_failed(request, factor="token")
            failures = Allowance(
                "token-failures", address_of(request), settings.PORTAL_API_FAILURES_OF_AN_ADDRESS
            )
            if wait := failures.spend():
                raise Throttled(wait) from None
            raise

    def authenticate_credentials(self, token: bytes) -> tuple[Any, str]:
        """The person whose token this is, and its scope. Raises AuthenticationFailed, in the same words whatever is wrong."""
        if not TOKEN.fullmatch(token):
            raise AuthenticationFailed(INVALID)
        text = token.decode("ascii")
        digest = hash_token(text)
        holders = get_user_model().objects.with_standing().filter(is_active=True)
        key = {"auth_token_set__token_key": text[: CONSTANTS.TOKEN_KEY_LENGTH]}
        columns = {
            "token_digest": F("auth_token_set__digest"),
            "token_expiry": F("auth_token_set__expiry"),
            "token_scope": F("auth_token_set__scope"),
            "token_used": F("auth_token_set__last_used_at"),
        }
        for person in holders.filter(**key).annotate(**columns):
            if compare_digest(digest, person.token_digest) and _is_fresh(person.token_expiry):
                return self._admit(person.arrived())
        raise AuthenticationFailed(INVALID)

    def _admit(self, person: Any) -> tuple[Any, str]:
        if person.is_service:
            return self._admit_service(person)
        if lack := person.lacks_factor:
            raise AuthenticationFailed(lack)
        scope.become(person.pk)
        return person, person.token_scope

    def _admit_service(self, service: Any) -> tuple[Any, str]:
        """A lab's service has no second factor: its token is what it has. It opens nothing once its membership ended."""
        if not service.seats:
            raise AuthenticationFailed(INVALID)
        now = clock.machine()
        if service.token_used is None or service.token_used <= now - NOTED_EVERY:
            get_token_model().objects.note_use(service.token_digest, at=now)
        scope.become(service.pk)
        return service, service.token_scope


def _is_fresh(expiry: datetime | None) -> bool:
    return expiry is None or expiry.timestamp() > time.time()


class SessionAuthentication(authentication.SessionAuthentication):
    """The session of a page; what comes with it and without the form's secret is written down."""

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied:
            sightings.forged_form(request)
            raise


class SessionScheme(SpectacularSessionScheme):
    target_class = "portal.api.authentication.SessionAuthentication"


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "portal.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict:
        return build_bearer_security_scheme_object(header_name="Authorization", token_prefix="Bearer")  # noqa: S106
