"""A Merkle tree as in RFC 9162, section 2.1, with SHA-256. Standard library only: a lab's verifier runs it too.

Hashes are 32 bytes. A leaf is counted by its place, from 0. Stored are the leaves' hashes and, of each complete run of 256,
65,536 ... of them, the hash above: what is between is computed from a block of 256 when it is asked for.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence

BLOCK = 256
# A block is so many levels of the tree high.
HEIGHT = 8
EMPTY = hashlib.sha256(b"").digest()

_sha256 = hashlib.sha256


class ProofError(ValueError):
    """A proof does not lead where it should; says why."""


def leaf_hash(entry: bytes) -> bytes:
    return _sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return _sha256(b"\x01" + left + right).digest()


def above(hashes: Sequence[bytes]) -> list[bytes]:
    """The level above an even number of hashes."""
    each = iter(hashes)
    return [_sha256(b"\x01" + left + right).digest() for left, right in zip(each, each, strict=True)]


def joined(peaks: Iterable[bytes]) -> bytes:
    """The root over complete subtrees that stand side by side, the largest first."""
    root = None
    for peak in reversed(list(peaks)):
        root = peak if root is None else node_hash(peak, root)
    return EMPTY if root is None else root


def peaks(hashes: Sequence[bytes]) -> list[bytes]:
    """The complete subtrees over hashes of one height, the largest first."""
    found: list[bytes] = []
    level = list(hashes)
    while level:
        if len(level) % 2:
            found.append(level.pop())
        level = above(level)
    return found[::-1]


class Tree:
    """A tree that grows at its right edge. ``edge[k]`` holds the hashes 8k levels up that no complete block covers yet."""

    def __init__(self, edge: Iterable[Sequence[bytes]] = (), *, size: int = 0):
        self.edge = [list(hashes) for hashes in edge] or [[]]
        self.size = size

    def extend(self, hashes: Sequence[bytes]) -> list[tuple[int, int, bytes]]:
        """Append leaves; returns the hashes that are complete now, as (level in blocks, number in it, hash)."""
        self.size += len(hashes)
        self.edge[0] += hashes
        made: list[tuple[int, int, bytes]] = []
        level = 0
        while len(self.edge[level]) >= BLOCK:
            row = self.edge[level]
            whole = len(row) // BLOCK * BLOCK
            number = (self.size >> HEIGHT * level) // BLOCK - whole // BLOCK
            done = row[:whole]
            for _ in range(HEIGHT):
                done = above(done)
            made += [(level + 1, number + index, found) for index, found in enumerate(done)]
            del row[:whole]
            if level + 1 == len(self.edge):
                self.edge.append([])
            self.edge[level + 1] += done
            level += 1
        return made

    def root(self) -> bytes:
        return joined(peak for row in reversed(self.edge) for peak in peaks(row))


class Stored:
    """A tree of which ``read(level, number, until)`` gives the hashes of one block: those 8 * ``level`` levels up, from
    256 * ``number`` on, at most 256 and none at or after ``until``.
    """

    def __init__(self, size: int, read: Callable[[int, int, int], Sequence[bytes]]):
        self.size = size
        self._read = read
        self._blocks: dict[tuple[int, int], list[list[bytes]]] = {}
        self._ranges: dict[tuple[int, int], bytes] = {}

    def offer(self, level: int, number: int, hashes: Sequence[bytes]) -> None:
        """Take a block in that was read elsewhere."""
        rows = [list(hashes)]
        while len(rows[-1]) > 1:
            rows.append(above(rows[-1][: len(rows[-1]) // 2 * 2]))
        self._blocks[level, number] = rows

    def forget(self) -> None:
        """Let go of the lowest blocks, which few proofs share."""
        self._blocks = {key: block for key, block in self._blocks.items() if key[0]}

    def _node(self, height: int, index: int) -> bytes:
        """The hash over the leaves from ``index << height`` on, ``1 << height`` of them."""
        level, up = divmod(height, HEIGHT)
        number, inside = divmod(index << up, BLOCK)
        if (level, number) not in self._blocks:
            self.offer(level, number, self._read(level, number, self.size >> HEIGHT * level))
        try:
            return self._blocks[level, number][up][inside >> up]
        except IndexError:
            raise ProofError(f"the stored tree lacks a hash at height {height}, number {index}") from None

    def root(self, start: int = 0, end: int | None = None) -> bytes:
        """The hash over the leaves from ``start`` to before ``end``, where RFC 9162 has such a subtree."""
        end = self.size if end is None else end
        known = self._ranges.get((start, end))
        if known is None:
            found, at = [], start
            while at < end:
                height = (end - at).bit_length() - 1
                found.append(self._node(height, at >> height))
                at += 1 << height
            known = self._ranges[start, end] = joined(found)
        return known

    def path(self, place: int) -> list[bytes]:
        """The inclusion proof of the leaf at ``place`` (RFC 9162, 2.1.3.1)."""
        found, start, end = [], 0, self.size
        while end - start > 1:
            middle = start + _split(end - start)
            if place < middle:
                found.append(self.root(middle, end))
                end = middle
            else:
                found.append(self.root(start, middle))
                start = middle
        return found[::-1]

    def consistency(self, first: int) -> list[bytes]:
        """The proof that the tree of ``first`` leaves is the beginning of this one (RFC 9162, 2.1.4.1)."""
        if not 0 < first < self.size:
            return []
        found, start, end, whole = [], 0, self.size, True
        while first != end:
            middle = start + _split(end - start)
            if first <= middle:
                found.append(self.root(middle, end))
                end = middle
            else:
                found.append(self.root(start, middle))
                start, whole = middle, False
        if not whole:
            found.append(self.root(start, end))
        return found[::-1]


def _split(count: int) -> int:
    """The largest power of two below ``count``."""
    return 1 << (count - 1).bit_length() - 1


def check_path(leaf: bytes, place: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Raise ProofError unless the leaf is at that place of the tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= place < size:
        raise ProofError(f"place {place} is outside a tree of {size}")
    number, last, found = place, size - 1, leaf
    for step in path:
        if last == 0:
            raise ProofError("its proof is too long")
        if number & 1 or number == last:
            found = node_hash(step, found)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            found = node_hash(found, step)
        number, last = number >> 1, last >> 1
    if last:
        raise ProofError("its proof is too short")
    if found != root:
        raise ProofError("its proof leads to another root")


def check_consistency(first: int, second: int, old: bytes, new: bytes, path: Sequence[bytes]) -> None:
    """Raise ProofError unless the tree with root ``old`` is the beginning of that with root ``new`` (RFC 9162, 2.1.4.2)."""
    if not 0 < first <= second:
        raise ProofError(f"a tree of {first} is not the beginning of one of {second}")
    if first == second:
        if path or old != new:
            raise ProofError("two trees of one size have different roots" if old != new else "proof too long")
        return
    steps = list(path)
    if first & (first - 1) == 0:
        steps.insert(0, old)
    if not steps:
        raise ProofError("the proof is empty")
    before, after = _both_roots(first - 1, second - 1, steps)
    if before != old:
        raise ProofError("the proof leads to another root of the smaller tree")
    if after != new:
        raise ProofError("the proof leads to another root of the larger tree")


def _both_roots(number: int, last: int, steps: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The roots of the smaller and the larger tree that a proof between them leads to."""
    while number & 1:
        number, last = number >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise ProofError("the proof is too long")
        if number & 1 or number == last:
            before, after = node_hash(step, before), node_hash(step, after)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            after = node_hash(after, step)
        number, last = number >> 1, last >> 1
    if last:
        raise ProofError("the proof is too short")
    return before, after
