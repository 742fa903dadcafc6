"""How often somebody may do something: counted in the cache, the same way for pages, sign-in and API.

The cache is no place for a fact. While it is away each process counts in its own memory, so a limit becomes as many times wider
as there are processes, never none; a cache that lost its memory begins to count anew.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from allauth.core.internal.httpkit import get_client_ip
from allauth.core.internal.ratelimit import truncate_ip
from django.core.cache import cache
from django.http import HttpRequest

MINUTE = 60


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most ``amount`` of ``what`` by ``who`` within ``seconds`` of the first."""

    what: str
    who: str
    amount: int
    seconds: int = MINUTE

    @property
    def key(self) -> str:
        # Hashed: whoever reads the cache learns nobody's address from it.
        return f"limit/{self.what}/{hashlib.sha256(self.who.encode()).hexdigest()}"

    def spend(self) -> int:
        """Count one more. 0 where it is within the allowance, else the seconds until the count begins anew."""
        number, left = cache.count(self.key, self.seconds)  # type: ignore[attr-defined]
        return 0 if number <= self.amount else max(1, left)

    def give_back(self) -> None:
        """Count one less: what was counted before it was known that it need not be."""
        cache.count(self.key, self.seconds, -1)  # type: ignore[attr-defined]


def client_of(environ: dict[str, Any]) -> str:
    """The whole address from which a web server's request comes, by the same rule as all else; empty where it is not known."""
    request = HttpRequest()
    request.META = environ
    return get_client_ip(request) or ""


def address_of(request: HttpRequest) -> str:
    """Where a request comes from, as rates are counted: of IPv6 the network, since one machine has many addresses in it.

    Empty where the web server does not say, so that all such requests are counted together.
    """
    return truncate_ip(get_client_ip(request) or "")
