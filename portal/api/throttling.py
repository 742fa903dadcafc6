"""Writes are counted per token and per person, in the cache: a runaway script is slowed down before it fills the ledger."""

from typing import Any

from django.conf import settings
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from portal.limits import Allowance

# How many tokens at full speed one person's writes may add up to.
TOKENS_AT_ONCE = 2


class WriteThrottle(BaseThrottle):
    """At most ``PORTAL_API_WRITES_PER_MINUTE`` writes a token or session and minute, and twice that by all of a person's; reads
    are not counted.
    """

    seconds = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        if request.method in SAFE_METHODS or not request.user.is_authenticated:
            return True
        person, amount = request.user, settings.PORTAL_API_WRITES_PER_MINUTE
        key = getattr(person, "token_digest", None) or f"session of {person.pk}"
        allowances = (
            Allowance("api-writes", key, amount),
            Allowance("api-writes-of", str(person.pk), amount * TOKENS_AT_ONCE),
        )
        self.seconds = max(allowance.spend() for allowance in allowances)
        return not self.seconds

    def wait(self) -> float:
        """Seconds until the count begins anew."""
        return self.seconds
