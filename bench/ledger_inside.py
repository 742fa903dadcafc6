"""What ``bench.ledger`` runs in a process that knows the portal's settings."""

import hashlib
import os
import resource
import threading
import time
import uuid
from datetime import timedelta
from pathlib import Path

import django
import psycopg

CASES = 2_000
LOAD = 50_000
WITH_DIGEST = 500_000
MAKE = """
    INSERT INTO ledger_event (id, at, kind, verb, actor_id, capacity, subject_type, subject_id, case_id, reason, data, digest)
    SELECT gen_random_uuid(), timestamptz '2026-01-01' + n * interval '1 millisecond', CASE WHEN n %% 20 = 0 THEN 'change' ELSE 'look' END,
           CASE WHEN n %% 20 = 0 THEN 'move_dates' ELSE 'viewed_facts' END, %s, 'coordinator', 'submissions.submission', c, c, '',
           CASE WHEN n %% 20 = 0 THEN '{"revision": 1}'::jsonb ELSE '{}' END, sha256(n::text::bytea)
      FROM (SELECT n, md5((n * 7919 %% %s)::text)::uuid AS c FROM generate_series(1, %s::bigint) n) made
"""
VERBS = ("listed", "viewed_case", "viewed_facts", "viewed_documents", "downloaded_document")
COLUMNS = "id, at, kind, verb, actor_id, capacity, subject_type, subject_id, case_id, reason, data, digest"


def run(arguments, made: dict) -> None:
    django.setup()
    from portal import scope

    # As the job and the command do: outside a scope the database shows no events.
    with scope.job("ledger"):
        measure(arguments, made)


def measure(arguments, made: dict) -> None:
    with psycopg.connect(made["owner"], autocommit=True) as owner:
        for index in ("case", "subject", "verb", "clock", "change"):
            owner.execute(f"DROP INDEX ledger_event_{index}")
        quick = max(0, arguments.events - WITH_DIGEST)
        timed("made", quick, lambda: owner.execute(MAKE, [made["person"], CASES, quick]).rowcount)
        owner.execute("VACUUM ANALYZE ledger_event")
        timed("sealed unchecked", quick, lambda: seal(despite=True))
        count = arguments.events - quick
        timed("written", count, lambda: load(owner, count, made["person"]))
        owner.execute("VACUUM ANALYZE ledger_event")
    sealed = timed("sealed", count, seal)
    first = measured("hashed once each", arguments.events, hash_once)
    before = peak()
    checked = measured("verified", arguments.events, verify)
    print(f"peak memory before and after the verification: {before} MB, {peak()} MB", flush=True)
    second = measured("hashed once each", arguments.events, hash_once)
    by_clock, by_processor = (
        2 * good / (one + two) for good, one, two in zip(checked, first, second, strict=True)
    )
    print(
        f"\nverified / hashed once each: {by_clock:.2f} by the clock, {by_processor:.2f} by processor time;"
        f" sealed: {sealed:,.0f} a second",
        flush=True,
    )
    bare()
    live(arguments)


def seal(*, despite: bool = False) -> int:
    from portal.ledger import sealing

    return sealing.seal_new_events(seconds=float("inf"), despite=despite)


def verify() -> int:
    from portal.ledger.checking import Check

    check = Check()
    check.run()
    return check.tree.size


def timed(what: str, events: int, run) -> float:
    return measured(what, events, run)[0]


def measured(what: str, events: int, run) -> tuple[float, float]:
    """Events a second by the clock, and events a second of processor time: of this process and its PostgreSQL backend.

    ``run`` returns of how many events it was, give or take those that say who took over a key; None where it made them.
    """
    began, used = time.perf_counter(), processor()
    found = run()
    assert found is None or events <= found <= events + 2, f"{what}: {found:,} events in place of {events:,}"
    seconds, used = time.perf_counter() - began, processor() - used
    print(
        f"{what}: {events:,} events in {seconds:,.1f} s, {events / seconds:,.0f} a second; {used:,.1f} s of processor",
        flush=True,
    )
    return events / seconds, events / max(used, 0.01)


def processor() -> float:
    from django.db import connection

    connection.ensure_connection()
    stat = Path(f"/proc/{connection.connection.info.backend_pid}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() + (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def events(count: int, person: str):
    """Rows as the portal writes them: mostly looks, over all cases in turns."""
    from bench.data import NOW
    from portal.ledger.actions import _digest

    cases = [str(uuid.uuid5(uuid.NAMESPACE_OID, str(number))) for number in range(CASES)]
    for number in range(count):
        case = cases[number * 7919 % CASES]
        is_change = number % 20 == 0
        row = {
            "id": str(uuid.uuid4()),
            "at": NOW + timedelta(milliseconds=number),
            "kind": "change" if is_change else "look",
            "verb": "move_dates" if is_change else VERBS[number % 5],
            "actor_id": person,
            "capacity": "coordinator",
            "subject_type": "submissions.submission",
            "subject_id": case,
            "case_id": case,
            "reason": "",
            "data": {"revision": number % 9} if is_change else {},
        }
        digest = _digest(row)
        yield (*row.values(), digest)


def load(owner: psycopg.Connection, count: int, person: str) -> None:
    from psycopg.types.json import Jsonb

    rows = events(count, person)
    for start in range(0, count, LOAD):
        with owner.cursor() as cursor, cursor.copy(f"COPY ledger_event ({COLUMNS}) FROM STDIN") as copy:
            for _ in range(min(LOAD, count - start)):
                *plain, data, digest = next(rows)
                copy.write_row((*plain, Jsonb(data), digest))


def hash_once() -> int:
    """The yardstick: every event read as the verification reads it, and hashed once. Returns how many."""
    from portal.ledger import stored
    from portal.ledger.checking import CHUNK

    seq = count = 0
    while rows := stored.events(seq, 2**62, CHUNK):
        for _, *text, salt in rows:
            hashlib.sha256("\n".join(text).encode() + salt).digest()
        seq, count = rows[-1][0], count + len(rows)
    return count


def bare(count: int = 200_000) -> None:
    """The same without a database: leaves and tree over events in memory, beside one hash of each."""
    from portal.ledger import stored
    from portal.ledger.leaf import leaves
    from portal.ledger.merkle import Tree

    rows = stored.events(0, 2**62, count)
    once = timed("in memory, hashed once each", len(rows), lambda: len([
        hashlib.sha256("\n".join(text).encode() + salt).digest() for _, *text, salt in rows
    ]))  # fmt: skip

    def tree():
        grown = Tree()
        grown.extend(leaves(rows, range(len(rows))))
        grown.root()
        return grown.size

    print(
        f"in memory, leaves and tree / hashed once each: {timed('in memory, leaves and tree', len(rows), tree) / once:.2f}"
    )


def live(arguments) -> None:
    """A writer at the given rate, and the job every ten seconds: how long each run takes, and what it leaves."""
    from django.db import connections

    from portal.ledger import sealing

    writing = threading.Thread(target=write, args=(arguments,))
    writing.start()
    longest, sealed, left = 0.0, 0, 0
    while writing.is_alive():
        time.sleep(10)
        began = time.perf_counter()
        sealed += sealing.seal_new_events()
        longest = max(longest, time.perf_counter() - began)
    writing.join()
    left = sealing.seal_new_events()
    connections.close_all()
    print(
        f"while {arguments.rate:,} events a second were written: {sealed:,} sealed, the longest run {longest:.1f} s,"
        f" {left:,} left at the end",
        flush=True,
    )


def write(arguments) -> None:
    from django.db import connections, transaction

    from portal.accounts.models import User
    from portal.ledger import actions

    person = User.objects.first()
    began, written, rows = time.perf_counter(), 0, 25
    subjects = [(person, None, "coordinator")] * rows
    while time.perf_counter() - began < arguments.seconds:
        with transaction.atomic():
            actions.look(actor=person, verb="listed", subjects=subjects)
        written += rows
        time.sleep(max(0, written / arguments.rate - (time.perf_counter() - began)))
    seconds = time.perf_counter() - began
    print(f"a writer wrote {written:,} events at {written / seconds:,.0f} a second", flush=True)
    connections.close_all()
