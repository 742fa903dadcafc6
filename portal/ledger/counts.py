"""How many events each case's record has, as one hash in every tree head: so that a lab sees when its last ones are missing.

A tree over the SHA-256 of the case's id: where one case alone is below a branch, its leaf stands there. A proof names the
hashes beside the way, from the leaf up, and nothing of other cases but hashes made with ids that only their labs know.
Standard library only: a lab's verifier runs it too.
"""

import hashlib
from collections.abc import Mapping, Sequence

from portal.ledger.merkle import ProofError

_sha256 = hashlib.sha256
NONE = bytes(32)
_Entries = Sequence[tuple[bytes, int]]


def root(counts: Mapping[str, int]) -> bytes:
    """The hash over the counts by case id."""
    return _root(_entries(counts), 0)


def proof(counts: Mapping[str, int], case_id: str) -> list[bytes]:
    """The hashes beside the way of a case that is counted, from its leaf up."""
    key, entries = _key(case_id), _entries(counts)
    beside: list[bytes] = []
    depth = 0
    while len(entries) > 1:
        left, right = _halves(entries, depth)
        entries, other = (right, left) if _bit(key, depth) else (left, right)
        depth += 1
        beside.append(_root(other, depth))
    return beside[::-1]


def check(case_id: str, count: int, beside: Sequence[bytes], head: bytes) -> None:
    """Raise ProofError unless the head says that the case has so many events."""
    if len(beside) > 256:
        raise ProofError("the proof of the count is too long")
    key = _key(case_id)
    found = _leaf(key, count)
    for depth, other in zip(range(len(beside) - 1, -1, -1), beside, strict=True):
        found = _node(other, found) if _bit(key, depth) else _node(found, other)
    if found != head:
        raise ProofError(f"the head does not say that the case has {count} events")


def _key(case_id: str) -> bytes:
    return _sha256(b"case " + case_id.encode()).digest()


def _entries(counts: Mapping[str, int]) -> _Entries:
    return sorted((_key(case), count) for case, count in counts.items())


def _bit(key: bytes, depth: int) -> int:
    return key[depth // 8] >> (7 - depth % 8) & 1


def _halves(entries: _Entries, depth: int) -> tuple[_Entries, _Entries]:
    low, high = 0, len(entries)
    while low < high:
        middle = (low + high) // 2
        if _bit(entries[middle][0], depth):
            high = middle
        else:
            low = middle + 1
    return entries[:low], entries[low:]


def _root(entries: _Entries, depth: int) -> bytes:
    if not entries:
        return NONE
    if len(entries) == 1:
        return _leaf(*entries[0])
    left, right = _halves(entries, depth)
    return _node(_root(left, depth + 1), _root(right, depth + 1))


def _leaf(key: bytes, count: int) -> bytes:
    return _sha256(b"\x02" + key + count.to_bytes(8, "big")).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return _sha256(b"\x03" + left + right).digest()
