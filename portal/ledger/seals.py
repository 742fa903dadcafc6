"""The seals of before the tree (docs/adr/0005): none is made any more; those there are can still be read."""

import hashlib
import hmac
from collections.abc import Iterator

from django.conf import settings

from portal.ledger.models import Event, Seal


def old_faults() -> Iterator[str]:
    """What does not fit among the old seals and the events they closed, first fault first."""
    previous, start = b"", 0
    events = Event.objects.order_by("seq").values_list("seq", "digest").iterator(chunk_size=2000)
    pending = next(events, None)
    for expected, seal in enumerate(Seal.objects.order_by("number").iterator(), start=1):
        if seal.number != expected:
            yield f"seal {expected} is missing"
            return
        stretch = []
        while pending is not None and pending[0] <= seal.last_seq:
            stretch.append(bytes(pending[1]))
            pending = next(events, None)
        if len(stretch) != seal.events or _seal_digest(seal, previous, stretch) != bytes(seal.digest):
            yield (
                f"seal {seal.number} (events {start + 1} to {seal.last_seq}) does not fit:"
                f" it closed {seal.events} events, {len(stretch)} are here"
            )
        previous, start = bytes(seal.digest), seal.last_seq


def _seal_digest(seal: Seal, previous: bytes, digests: list[bytes]) -> bytes:
    head = f"{seal.number} {seal.at.isoformat()} {seal.last_seq} {seal.events}".encode()
    body = head + previous + b"".join(digests)
    return hmac.digest(settings.PORTAL_LEDGER_KEY.encode(), body, hashlib.sha256)
