"""What of an event is hashed into the tree (docs/adr/0024). Standard library only: a lab's verifier runs it too."""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

_sha256 = hashlib.sha256
SALT = 16


class Row(NamedTuple):
    """An event's columns as text, as PostgreSQL spells them, and its 32 random bytes; ids that are none are empty."""

    id: str
    at: str
    kind: str
    verb: str
    capacity: str
    case_id: str
    digest: str
    actor_id: str
    subject_type: str
    subject_id: str
    data: str
    reason: str
    salt: bytes


def leaves(rows: Iterable[tuple], ordinals: Iterable[int | None]) -> list[bytes]:
    """The leaves' hashes (32 bytes) of events as (number, *Row); ``ordinals`` are their numbers within their cases' records,
    None outside of one. In one loop without a call of our own, since the whole log passes through it.
    """
    made = []
    for row, ordinal in zip(rows, ordinals, strict=True):
        _, id_, at, kind, verb, capacity, case, digest, actor, about, subject, data, reason, salt = row
        who = _sha256(salt[:SALT] + actor.encode()).hexdigest()
        what = _sha256(salt[SALT:] + f"{about}\n{subject}\n{data}\n{reason}".encode()).hexdigest()
        number = "" if ordinal is None else ordinal
        text = f"\0leaf 1\n{id_}\n{at}\n{kind}\n{verb}\n{capacity}\n{case}\n{number}\n{digest}\n{who}\n{what}"
        made.append(_sha256(text.encode()).digest())
    return made


def entry(values: dict[str, str], ordinal: int | None, who: str, what: str) -> bytes:
    """The bytes that are hashed, of a leaf whose two sealed parts are known by their hashes (hex)."""
    plain = [values[name] for name in ("id", "at", "kind", "verb", "capacity", "case_id")]
    number = "" if ordinal is None else str(ordinal)
    return "\n".join(["leaf 1", *plain, number, values["digest"], who, what]).encode()


def who_hash(salt: bytes, actor_id: str) -> str:
    """The sealed part that says who did it."""
    return _sha256(salt + actor_id.encode()).hexdigest()


def what_hash(salt: bytes, subject_type: str, subject_id: str, data: str, reason: str) -> str:
    """The sealed part that says to what it was done, with which values and why."""
    return _sha256(salt + f"{subject_type}\n{subject_id}\n{data}\n{reason}".encode()).hexdigest()
