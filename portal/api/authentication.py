"""``Authorization: Bearer TOKEN``: personal, hashed at rest, expiring."""

import re
import time
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

# A token is printable; anything else in the header is none, and must not reach the database.
TOKEN = re.compile(rb"[0-9A-Za-z._~+/=-]{20,200}")


class BearerAuthentication(TokenAuthentication):
    """Knox's tokens by one query, and a refusal for whatever cannot be one."""

    def authenticate_credentials(self, token: bytes) -> Any:
        if not TOKEN.fullmatch(token):
            raise AuthenticationFailed("Invalid token.")
        return super().authenticate_credentials(token)

    def validate_user(self, auth_token: Any) -> Any:
        if not auth_token.user.is_active:
            # The same words as for a wrong token: who holds one of a closed account learns nothing more.
            raise AuthenticationFailed("Invalid token.")
        if not auth_token.user.has_second_factor:
            raise AuthenticationFailed("Set up a second factor first: an authenticator app or a passkey.")
        return auth_token.user, auth_token

    def _cleanup_token(self, auth_token: Any) -> bool:
        # Knox would delete expired tokens here, at a query in each request. A token ages by the machine's time, as a session
        # does: moving the demonstration's clock signs nobody out.
        return auth_token.expiry is not None and auth_token.expiry.timestamp() < time.time()


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "portal.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict:
        return build_bearer_security_scheme_object(header_name="Authorization", token_prefix="Bearer")  # noqa: S106
