"""The sealed log as the database holds it: events as text, the tree's hashes, the cases' counts. Reads only."""

from collections.abc import Iterable

from django.db import connection

from portal.ledger.leaf import Row
from portal.ledger.merkle import BLOCK, HEIGHT, Stored, Tree

# In the order of ``Row``. PostgreSQL's own spelling of instants and JSON is what is hashed, so nothing has to be spelt again.
EVENT = """
    e.id::text, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e.kind, e.verb, e.capacity,
    coalesce(e.case_id::text, ''), encode(e.digest, 'hex'), coalesce(e.actor_id::text, ''), e.subject_type,
    e.subject_id::text, e.data::text, e.reason, e.salt
"""
_EVENTS = (
    f"SELECT e.seq, {EVENT} FROM ledger_event e WHERE e.seq > %s AND e.seq <= %s ORDER BY e.seq LIMIT %s"  # noqa: S608
)
_OF_CASE = f"""
    SELECT l.place, l.ordinal, e.seq, {EVENT}
      FROM ledger_leaf l LEFT JOIN ledger_event e ON e.seq = l.seq
     WHERE l.case_id = %s AND l.place < %s ORDER BY l.place
"""  # noqa: S608
# From the last case to the first, one step of the index each: however many leaves there are.
_COUNTS = """
    WITH RECURSIVE newest AS (
        (SELECT case_id, ordinal FROM ledger_leaf
          WHERE case_id IS NOT NULL AND place < %(size)s ORDER BY case_id DESC, ordinal DESC LIMIT 1)
        UNION ALL
        SELECT following.* FROM newest, LATERAL (
            SELECT case_id, ordinal FROM ledger_leaf
             WHERE case_id < newest.case_id AND place < %(size)s ORDER BY case_id DESC, ordinal DESC LIMIT 1
        ) following
    )
    SELECT case_id::text, ordinal + 1 FROM newest
"""
_BLOCKS = """
    SELECT wanted.number, array_agg(l.hash ORDER BY l.place)
      FROM unnest(%s::bigint[]) AS wanted(number)
      JOIN ledger_leaf l ON l.place >= wanted.number * 256 AND l.place < least(wanted.number * 256 + 256, %s)
     GROUP BY wanted.number
"""


def _rows(statement: str, values) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def events(after: int, until: int, limit: int) -> list[tuple]:
    """Up to ``limit`` events by number, after one and up to another: (number, *Row) each."""
    return _rows(_EVENTS, [after, until, limit])


def of_case(case_id, size: int) -> list[tuple[int, int, Row | None]]:
    """The sealed record of a case: (place, ordinal, event) each; None for an event that is not there any more."""
    found = _rows(_OF_CASE, [case_id, size])
    return [
        (place, ordinal, None if seq is None else Row(*columns)) for place, ordinal, seq, *columns in found
    ]


def counts(size: int) -> dict[str, int]:
    """How many events each case's record has among the first ``size`` leaves."""
    return dict(_rows(_COUNTS, {"size": size}))


def read(level: int, number: int, until: int) -> list[bytes]:
    """The hashes of one block, as ``merkle.Stored`` asks for them."""
    start, end = number * BLOCK, min((number + 1) * BLOCK, until)
    if level:
        statement = (
            "SELECT hash FROM ledger_node WHERE level = %s AND number >= %s AND number < %s ORDER BY number"
        )
        return [bytes(hash_) for (hash_,) in _rows(statement, [level, start, end])]
    statement = "SELECT hash FROM ledger_leaf WHERE place >= %s AND place < %s ORDER BY place"
    return [bytes(hash_) for (hash_,) in _rows(statement, [start, end])]


def tree(size: int) -> Stored:
    """The log when it had ``size`` leaves, for proofs."""
    return Stored(size, read)


def offer_blocks(found: Stored, places: Iterable[int]) -> None:
    """Read the lowest blocks that the proofs of these places need, all at once."""
    numbers = sorted({place // BLOCK for place in places})
    for number, hashes in _rows(_BLOCKS, [numbers, found.size]):
        found.offer(0, number, [bytes(hash_) for hash_ in hashes])


def edge(size: int) -> Tree:
    """The right edge of the log at ``size`` leaves, to append to."""
    rows, level = [], 0
    while size >> HEIGHT * level or not level:
        count = size >> HEIGHT * level
        rows.append(read(level, count // BLOCK, count))
        level += 1
    return Tree(rows, size=size)
