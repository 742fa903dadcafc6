"""What a key to the API may be used for, beside what its person may do."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

READ, WRITE = "read", "write"


class WithinScope(BasePermission):
    """A token that reads only takes no step and changes nothing. ``request.auth`` is the token's scope; None for a session."""

    message = "This token reads only."

    def has_permission(self, request: Request, view: Any) -> bool:
        return request.method in SAFE_METHODS or request.auth != READ
