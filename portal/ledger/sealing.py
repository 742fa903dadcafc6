"""The job that seals new events into the log: leaves, the hashes above them and a signed head, in one transaction."""

import time
from collections.abc import Sequence

from django.db import OperationalError, connection, transaction

from portal import clock
from portal.ledger import actions, heads, keys, records, stored
from portal.ledger import counts as case_counts
from portal.ledger.leaf import Row, leaves
from portal.ledger.merkle import ProofError, Tree
from portal.ledger.models import Head, Key, Node, Seal
from portal.ledger.seals import old_faults

# Any fixed number: it names this lock among the database's advisory locks.
_SEAL_LOCK = 7_140_901
# How many events one head may bring, so that a backlog of millions needs no more memory than a busy minute.
BATCH = 20_000
_LEAVES = """
    INSERT INTO ledger_leaf (place, seq, case_id, ordinal, hash)
    SELECT %s + number - 1, seq, case_id, ordinal, hash
      FROM unnest(%s::bigint[], %s::uuid[], %s::bigint[], %s::bytea[])
           WITH ORDINALITY AS leaf(seq, case_id, ordinal, hash, number)
"""


class NotSealedError(RuntimeError):
    """The log does not go on over what was altered; says what, so that somebody looks."""


def seal_new_events(
    *, batch: int = BATCH, seconds: float = 45, despite: bool = False, key_alone: bool = False
) -> int:
    """Seal every settled event not yet sealed; returns how many. Safe to run twice, late, or beside itself.

    Stops after ``seconds``; the next run goes on. Raises NotSealedError where an event is not this portal's or what the log
    stands on was altered; ``despite`` seals such events all the same, for an operator who knows why (a lost key).
    ``key_alone`` is of ``keys.take_over``, which says what it raises.
    """
    with transaction.atomic():
        if not _locked():
            return 0
        key = keys.take_over(alone=key_alone)
        if despite:
            actions.record(actor=None, verb="sealed_despite_faults", subject=key, capacity="operator")
    limit = _settled_up_to()
    if limit is None:
        return 0
    run = _Run(limit, batch, despite)
    began, total = time.monotonic(), 0
    while count := run.seal():
        total += count
        if count < batch or time.monotonic() - began > seconds:
            break
    return total


def _locked() -> bool:
    """Take the job's lock until the transaction ends; False where another run has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_SEAL_LOCK])
        return cursor.fetchone()[0]


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


def _array(values: Sequence) -> str:
    """An array as PostgreSQL reads it; to have the driver write each element took a fifth of a run."""
    return "{" + ",".join("NULL" if value is None else str(value) for value in values) + "}"


class _Run:
    """One run of the job, a transaction for each head. What it knows of the log it keeps while no other run comes between."""

    def __init__(self, limit: int, batch: int, despite: bool):
        self.limit, self.batch, self.despite = limit, batch, despite
        self.number: int | None = None
        self.tree = Tree()
        self.counts: dict[str, int] = {}

    def seal(self) -> int:
        """Seal the next events under one head; returns how many."""
        with transaction.atomic():
            if not _locked():
                return 0
            last = Head.objects.select_related("key").order_by("-number").first()
            number = last.number if last else 0
            if self.number != number:
                self._stand_on(last)
            self.number = None
            rows = stored.events(last.last_seq if last else 0, self.limit, self.batch)
            if not rows:
                return 0
            head = self._append(rows, Head(number=number + 1, at=clock.now(), last_seq=rows[-1][0]))
        self.number = head.number
        return len(rows)

    def _stand_on(self, last: Head | None) -> None:
        """Read the log's edge, and require that it is what the last head signed: nothing altered is vouched for anew."""
        size = last.size if last else 0
        self.tree, self.counts = stored.edge(size), stored.counts(size)
        if last is None:
            # The seals of before the tree are read once, while what they closed is sealed into it.
            known = not self.despite and Seal.objects.exists()
            fault = next(old_faults(), None) if known else None
        else:
            fault = self._fault_of(last)
        if fault:
            raise NotSealedError(fault)

    def _fault_of(self, last: Head) -> str | None:
        try:
            keys.book().check(keys.signed(last))
            root = self.tree.root()
        except (heads.HeadError, ProofError) as error:
            return str(error)
        if root != bytes(last.root):
            return f"the stored hashes do not lead to the root of the head of size {last.size}"
        if case_counts.root(self.counts) != bytes(last.counts):
            return f"the leaves do not give the counts of the head of size {last.size}"
        return None

    def _append(self, rows: Sequence[tuple], head: Head) -> Head:
        cases: list[str | None] = []
        ordinals: list[int | None] = []
        for seq, *values in rows:
            row = Row(*values)
            if not self.despite and not actions.digest_fits(row):
                raise NotSealedError(f"event {row.id} (number {seq}) is not as this portal wrote it")
            told = records.is_told(row.kind, row.subject_type, row.case_id)
            cases.append(row.case_id if told else None)
            ordinals.append(self.counts.get(row.case_id, 0) if told else None)
            if told:
                self.counts[row.case_id] = self.counts.get(row.case_id, 0) + 1
        hashes = leaves(rows, ordinals)
        start = self.tree.size
        columns = ([row[0] for row in rows], cases, ordinals, [f'"\\\\x{hashed.hex()}"' for hashed in hashes])
        with connection.cursor() as cursor:
            cursor.execute(_LEAVES, [start, *map(_array, columns)])
        made = self.tree.extend(hashes)
        Node.objects.bulk_create(
            [Node(level=level, number=number, hash=found) for level, number, found in made]
        )
        return self._sign(head)

    def _sign(self, head: Head) -> Head:
        head.key = Key.objects.order_by("-number").first()
        if bytes(head.key.public) != heads.public_of(keys.newest_secret()):
            raise keys.KeyRetiredError("Another key has taken over since this run began.")
        head.size, head.root, head.counts = self.tree.size, self.tree.root(), case_counts.root(self.counts)
        head.signature = heads.sign(keys.newest_secret(), keys.signed(head).statement())
        head.save(force_insert=True)
        return head
