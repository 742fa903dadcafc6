"""Sealing stretches of events, and checking the whole ledger against its seals."""

import hashlib
import hmac
from collections.abc import Iterator

from django.conf import settings
from django.db import OperationalError, connection, transaction

from portal import clock
from portal.ledger.actions import event_digest
from portal.ledger.models import Event, Seal

# Any fixed number: it names this lock among the database's advisory locks.
_SEAL_LOCK = 7_140_901


def seal_new_events() -> int:
    """Seal every settled event not yet sealed; returns how many. Safe to run twice, late, or beside itself."""
    limit = _settled_up_to()
    if limit is None:
        return 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_SEAL_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        previous = Seal.objects.order_by("-number").first()
        digests, last_seq = _digests_after(previous.last_seq if previous else 0, limit=limit)
        if not digests:
            return 0
        seal = Seal(
            number=previous.number + 1 if previous else 1,
            at=clock.now(),
            last_seq=last_seq,
            events=len(digests),
        )
        seal.digest = _seal_digest(seal, bytes(previous.digest) if previous else b"", digests)
        seal.save(force_insert=True)
        return len(digests)


def _settled_up_to() -> int | None:
    """The event number up to which nothing can still be committed; None when writers are too busy to tell now.

    Numbers are drawn before commit, so a slow transaction may fill a gap later. Every writer holds a row-exclusive lock on
    the table, taken before it draws, until it ends; a share lock waits for the writers there are, after which all lower
    numbers are decided. It is given up at once, and not waited for long, because new writers queue behind it.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '300ms'")
            cursor.execute("LOCK TABLE ledger_event IN SHARE MODE")
            cursor.execute("SELECT coalesce(max(seq), 0) FROM ledger_event")
            return cursor.fetchone()[0]
    except OperationalError:
        return None


def _digests_after(seq: int, *, limit: int) -> tuple[list[bytes], int]:
    rows = Event.objects.filter(seq__gt=seq, seq__lte=limit).order_by("seq").values_list("seq", "digest")
    found = list(rows.iterator())
    return [bytes(digest) for _, digest in found], found[-1][0] if found else seq


def _seal_digest(seal: Seal, previous: bytes, digests: list[bytes]) -> bytes:
    head = f"{seal.number} {seal.at.isoformat()} {seal.last_seq} {seal.events}".encode()
    body = head + previous + b"".join(digests)
    return hmac.digest(settings.PORTAL_LEDGER_KEY.encode(), body, hashlib.sha256)


def faults() -> Iterator[str]:
    """What is wrong with the ledger, first fault first; yields nothing when it is complete and unaltered."""
    previous, start = b"", 0
    stretch: list[bytes] = []
    seals = list(Seal.objects.order_by("number"))
    events = Event.objects.order_by("seq").iterator(chunk_size=2000)
    pending = next(events, None)
    for expected, seal in enumerate(seals, start=1):
        if seal.number != expected:
            yield f"seal {expected} is missing"
            return
        stretch = []
        while pending is not None and pending.seq <= seal.last_seq:
            yield from _altered(pending)
            stretch.append(bytes(pending.digest))
            pending = next(events, None)
        if len(stretch) != seal.events or _seal_digest(seal, previous, stretch) != bytes(seal.digest):
            yield (
                f"seal {seal.number} (events {start + 1} to {seal.last_seq}) does not fit:"
                f" it closed {seal.events} events, {len(stretch)} are here"
            )
        previous, start = bytes(seal.digest), seal.last_seq
    while pending is not None:
        yield from _altered(pending)
        pending = next(events, None)


def _altered(event: Event) -> Iterator[str]:
    if not hmac.compare_digest(event_digest(event), bytes(event.digest)):
        yield f"event {event.id} (number {event.seq}) was altered"
