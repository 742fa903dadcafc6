"""The keys that sign the log's heads: the secret ones in settings, the public ones on record, each with when it took over."""

from django.conf import settings

from portal import clock
from portal.ledger import actions, heads
from portal.ledger.models import Head, Key


class KeyRetiredError(RuntimeError):
    """The newest key of this process's settings is an older one of the log's."""


class KeyUnknownError(RuntimeError):
    """The log's newest key is in nobody's settings: whoever writes the database may have put it there."""


def newest_secret() -> bytes:
    return settings.PORTAL_LEDGER_SIGNING_KEYS[0]


def listed() -> list[heads.LogKey]:
    """Every key of the log, the oldest first."""
    rows = list(Key.objects.order_by("number"))
    ends = [*(heads.instant_text(row.since) for row in rows[1:]), None]
    return [
        heads.LogKey(
            bytes(row.public),
            heads.instant_text(row.since),
            row.from_size,
            bytes(row.endorsed),
            bytes(row.accepted),
            until,
        )
        for row, until in zip(rows, ends, strict=False)
    ]


def book() -> heads.Keys:
    """The log's keys as this portal believes them: from its own settings, and what these led to or came from."""
    return heads.Keys(listed(), [heads.public_of(secret) for secret in settings.PORTAL_LEDGER_SIGNING_KEYS])


def take_over(*, alone: bool = False) -> Key:
    """The key on record that is newest in settings. One that is not on record yet takes over now, which is an event.

    For the sealing job, under its lock. Raises KeyRetiredError, so that a process with old settings signs nothing, and
    KeyUnknownError where the key before is not in settings too: by taking over, the new key says that the old one's heads
    are the log's. ``alone``, on an operator's word, it says so without the old one (which was lost, or got into other hands).
    """
    secret = newest_secret()
    public = heads.public_of(secret)
    last = Key.objects.order_by("-number").first()
    if last is not None and bytes(last.public) == public:
        return last
    if Key.objects.filter(public=public).exists():
        raise KeyRetiredError(
            "The first of PORTAL_LEDGER_SIGNING_KEYS is a key that another has taken over from."
        )
    head = Head.objects.order_by("-number").first()
    key = Key(number=1, public=public, since=clock.now(), from_size=head.size if head else 0)
    key.endorsed = key.accepted = b""
    data: dict[str, object] = {"key": heads.key_id(public), "from_size": key.from_size}
    if last is not None:
        before = bytes(last.public)
        statement = heads.takeover(before, public, key.from_size, heads.instant_text(key.since))
        old = next(
            (one for one in settings.PORTAL_LEDGER_SIGNING_KEYS if heads.public_of(one) == before), None
        )
        if old is None and not alone:
            raise KeyUnknownError(
                f"The log's key {heads.key_id(before)} is not among PORTAL_LEDGER_SIGNING_KEYS, so no other takes over from it."
            )
        key.number = last.number + 1
        key.endorsed = heads.sign(old, statement) if old else b""
        key.accepted = heads.sign(secret, statement)
        data |= {"before": heads.key_id(before), "endorsed": bool(old)}
    key.save(force_insert=True)
    verb = "rotated_key" if last else "began_log"
    actions.record(actor=None, verb=verb, subject=key, capacity="clock", data=data, at=key.since)
    return key


def signed(row: Head) -> heads.SignedHead:
    """A head of the table as it is published."""
    return heads.SignedHead(
        row.size,
        bytes(row.root),
        bytes(row.counts),
        heads.instant_text(row.at),
        heads.key_id(bytes(row.key.public)),
        bytes(row.signature),
    )
