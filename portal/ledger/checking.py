"""Recomputing the whole log from the events: every leaf, every hash above, every head. Memory does not grow with the events."""

from collections.abc import Iterator
from itertools import chain

from django.db import connection

from portal.ledger import counts as case_counts
from portal.ledger import heads, keys, stored
from portal.ledger.actions import digest_fits
from portal.ledger.leaf import Row, leaves
from portal.ledger.merkle import Tree
from portal.ledger.models import Head, Leaf, Node

CHUNK = 8_192
# Hashes and cases come as one text each: a value of its own for each of them would cost more than to hash the event.
_LEAVES = """
    SELECT count(*), array_agg(seq), array_agg(ordinal), string_agg(coalesce(case_id::text, ''), ','), string_agg(hash, '')
      FROM (SELECT * FROM ledger_leaf WHERE place >= %s AND place < %s ORDER BY place) stored
"""
_FIRST_GAP = """
    SELECT min(place) FROM generate_series(%s::bigint, %s::bigint - 1) AS place
     WHERE NOT EXISTS (SELECT 1 FROM ledger_leaf WHERE ledger_leaf.place = place.place)
"""


class FaultError(Exception):
    """The first thing found wrong; says what and where."""


class Check:
    """One verification of the database's ledger, as of the last head there is when it begins."""

    def __init__(self, *, since: heads.SignedHead | None = None):
        self.since = since
        self.last = Head.objects.order_by("-number").first()
        self.tree, self.counts = Tree(), dict[str, int]()
        self.nodes = self.waiting = self.number = 0

    def run(self) -> None:
        """Raise FaultError at the first thing that is wrong. What was written since the last head is checked by its digests."""
        size = self.last.size if self.last else 0
        heads_ = self._heads()
        head = next(heads_, None)
        # Below every number, so that an event put before the first is found too.
        seq = -(2**63)
        while self.tree.size < size:
            rows, hashes = self._chunk(seq, size)
            seq, start, done = rows[-1][0], self.tree.size, 0
            for at in self._stops(start + len(rows)):
                self._extend(hashes[done : at - start])
                done = at - start
                while head is not None and head.size == at:
                    self._check_head(head, rows[done - 1][0])
                    head = next(heads_, None)
                if self.since is not None and self.since.size == at and self.since.root != self.tree.root():
                    raise FaultError(
                        f"the saved head of size {at} is of another log: it forked, or was written anew"
                    )
            self._extend(hashes[done:])
        self._check_end(seq)

    def _stops(self, end: int) -> Iterator[int]:
        """The sizes above the tree's and up to ``end`` at which some head is."""
        found = Head.objects.filter(size__gt=self.tree.size, size__lte=end).values_list("size", flat=True)
        sizes = set(found)
        if self.since is not None and self.tree.size < self.since.size <= end:
            sizes.add(self.since.size)
        yield from sorted(sizes)

    def _heads(self) -> Iterator[Head]:
        number = 0
        while rows := list(
            Head.objects.select_related("key").filter(number__gt=number).order_by("number")[:500]
        ):
            yield from rows
            number = rows[-1].number

    def _chunk(self, seq: int, size: int) -> tuple[list[tuple], list[bytes]]:
        """The next events with their leaves' hashes, each compared with what is stored."""
        start, until = self.tree.size, min(self.tree.size + CHUNK, size)
        with connection.cursor() as cursor:
            cursor.execute(_LEAVES, [start, until])
            count, seqs, ordinals, cases, kept = cursor.fetchone()
            if count != until - start:
                cursor.execute(_FIRST_GAP, [start, until])
                raise FaultError(f"the leaf at place {cursor.fetchone()[0]} is missing")
        rows = stored.events(seq, self.last.last_seq, until - start)
        if [row[0] for row in rows] != seqs:
            raise FaultError(_first_gap(rows, seqs, start))
        computed = leaves(rows, ordinals)
        if b"".join(computed) != kept:
            raise FaultError(_first_altered(rows, computed, kept, start))
        self._count(rows, ordinals, cases, start)
        return rows, computed

    def _count(self, rows: list[tuple], ordinals: list[int | None], cases: str, start: int) -> None:
        counts = self.counts
        told: list[str] = []
        for row, ordinal in zip(rows, ordinals, strict=True):
            if ordinal is None:
                if row[3] == "look" and row[6]:
                    raise FaultError(
                        f"the look at place {start + len(told)} is not counted in its case's record"
                    )
                told.append("")
                continue
            case = row[6]
            if counts.get(case, 0) != ordinal:
                raise FaultError(
                    f"the leaf at place {start + len(told)} has another number in its case's record"
                )
            counts[case] = ordinal + 1
            told.append(case)
        if ",".join(told) != cases:
            index = next(
                i for i, (new, old) in enumerate(zip(told, cases.split(","), strict=True)) if new != old
            )
            raise FaultError(f"the leaf at place {start + index} stands in another case's record")

    def _extend(self, hashes: list[bytes]) -> None:
        made = self.tree.extend(hashes)
        self.nodes += len(made)
        if not made:
            return
        found = {
            (level, number): bytes(kept)
            for level, number, kept in chain.from_iterable(
                Node.objects.filter(level=level, number__range=(numbers[0], numbers[-1])).values_list(
                    "level", "number", "hash"
                )
                for level, numbers in _by_level(made).items()
            )
        }
        for level, number, computed in made:
            if found.get((level, number)) != computed:
                width = 256**level
                raise FaultError(
                    f"the stored hash over places {number * width} to {(number + 1) * width - 1} does not fit them"
                )

    def _check_head(self, head: Head, last_seq: int) -> None:
        self.number += 1
        if head.number != self.number:
            raise FaultError(f"tree head {self.number} is missing")
        try:
            self._book.check(keys.signed(head))
        except heads.HeadError as error:
            raise FaultError(str(error)) from error
        if bytes(head.root) != self.tree.root() or head.last_seq != last_seq:
            raise FaultError(f"the events do not lead to the root of the head of size {head.size}")

    @property
    def _book(self) -> heads.Keys:
        if not hasattr(self, "_known"):
            self._known = keys.book()
        return self._known

    def _check_end(self, seq: int) -> None:
        last = self.last
        if self.since is not None and self.since.size > self.tree.size:
            raise FaultError(
                f"the log was cut short: the saved head has {self.since.size} events, the last one here {self.tree.size}"
            )
        if last is not None:
            if extra := stored.events(seq, last.last_seq, 1):
                raise FaultError(f"event {extra[0][1]} (number {extra[0][0]}) was inserted: it has no leaf")
            if self.number != last.number:
                raise FaultError(f"tree head {self.number + 1} does not follow the one before it")
            if case_counts.root(self.counts) != bytes(last.counts):
                raise FaultError(f"the leaves do not give the counts of the head of size {last.size}")
        beyond = Leaf.objects.filter(place__gte=self.tree.size).exists()
        if beyond or Node.objects.count() != self.nodes:
            # Unless another run of the job has gone on meanwhile.
            if not Head.objects.filter(number__gt=last.number if last else 0).exists():
                what = f"leaves stand beyond the last head, from place {self.tree.size} on"
                raise FaultError(what if beyond else "hashes are stored that no leaves lead to")
        self._check_waiting(last.last_seq if last else seq)

    def _check_waiting(self, seq: int) -> None:
        """What was written since the last head has nothing but its digests."""
        while rows := stored.events(seq, 2**63 - 1, CHUNK):
            for number, *values in rows:
                row = Row(*values)
                if not digest_fits(row):
                    raise FaultError(f"event {row.id} (number {number}) was altered")
            seq = rows[-1][0]
            self.waiting += len(rows)


def _by_level(made: list[tuple[int, int, bytes]]) -> dict[int, list[int]]:
    levels: dict[int, list[int]] = {}
    for level, number, _ in made:
        levels.setdefault(level, []).append(number)
    return levels


def _first_gap(rows: list[tuple], seqs: list[int], start: int) -> str:
    numbers = [row[0] for row in rows]
    if sorted(seqs) == numbers:
        index = next(i for i, seq in enumerate(seqs) if seq != numbers[i])
        return f"the event at place {start + index} (number {seqs[index]}) was moved"
    for index, seq in enumerate(seqs):
        if index == len(rows) or rows[index][0] > seq:
            return f"the event at place {start + index} (number {seq}) is missing"
        if rows[index][0] < seq:
            return f"event {rows[index][1]} (number {rows[index][0]}) was inserted: it has no leaf"
    return f"the leaves from place {start} on are of other events"


def _first_altered(rows: list[tuple], computed: list[bytes], kept: bytes, start: int) -> str:
    index = next((i for i, new in enumerate(computed) if new != kept[i * 32 : i * 32 + 32]), 0)
    return f"event {rows[index][1]} at place {start + index} (number {rows[index][0]}) was altered or moved"
