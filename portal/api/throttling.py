"""Writes are counted per person and minute, in the cache: a runaway script is slowed down before it fills the ledger."""

import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

MINUTE = 60


class WriteThrottle(BaseThrottle):
    """At most ``PORTAL_API_WRITES_PER_MINUTE`` writes a person and minute; reads are not counted.

    The count lives in the cache, so it is forgotten with it, which lets more through and never less.
    """

    def allow_request(self, request: Request, view: Any) -> bool:
        if request.method in SAFE_METHODS or not request.user.is_authenticated:
            return True
        key = f"api-writes/{request.user.pk}/{int(time.time()) // MINUTE}"
        cache.add(key, 0, 2 * MINUTE)
        try:
            count = cache.incr(key)
        except ValueError:
            # The cache came or went between the two calls.
            return True
        return count <= settings.PORTAL_API_WRITES_PER_MINUTE

    def wait(self) -> float:
        """Seconds until the next minute begins."""
        return MINUTE - time.time() % MINUTE
