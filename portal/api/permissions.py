"""What a key to the API may be used for, beside what its person may do."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from portal import stepup

READ, WRITE = "read", "write"


class WithinScope(BasePermission):
    """A token that reads only takes no step and changes nothing. ``request.auth`` is the token's scope; None for a session."""

    message = "This token reads only."

    def has_permission(self, request: Request, view: Any) -> bool:
        return request.method in SAFE_METHODS or request.auth != READ


class Confirmed(BasePermission):
    """What a page gives only after the second factor was used once more, a session is given here no sooner.

    A token is held to its scope alone. Where this says no, the person confirms on a page of the portal and asks again.
    """

    message = stepup.WORDS
    code = "confirmation_required"

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.auth is not None or not request.user.is_authenticated:
            return True
        method = getattr(view, getattr(view, "action", None) or "", None)
        return not getattr(method, "asks_confirmation", False) or stepup.is_confirmed(request)
