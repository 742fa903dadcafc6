"""Pooled connections carry nothing of whoever used them before."""

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext

import pytest
from django.db import DatabaseError, connections, transaction

from portal import scope
from portal.accounts.models import Role
from tests import factories as make

PEOPLE, CONNECTIONS, THREADS, REQUESTS = 50, 4, 12, 20_000
CASES = "SELECT id FROM submissions_submission"
POOLED = "pooled_by_test"


def _own_cases() -> dict:
    """Fifty people of ten labs, and the cases of each."""
    people = {}
    for number in range(10):
        lab = make.lab()
        writer = make.member(lab, Role.CONTRIBUTOR)
        cases = {make.draft(actor=writer, lab=lab).pk for _ in range(1 + number % 3)}
        members = [writer, *(make.member(lab, Role.VIEWER) for _ in range(PEOPLE // 10 - 1))]
        people |= {member.pk: cases for member in members}
    return people


@contextmanager
def _pooled() -> Iterator[None]:
    """A connection of this name in each thread, all of one pool."""
    one = connections.settings["default"]
    options = one["OPTIONS"] | {"pool": {"min_size": CONNECTIONS, "max_size": CONNECTIONS, "timeout": 60}}
    connections.settings[POOLED] = one | {"OPTIONS": options, "CONN_MAX_AGE": 0}
    try:
        yield
    finally:
        connections[POOLED].close_pool()
        del connections[POOLED]
        del connections.settings[POOLED]


def _seen(cursor) -> set:
    cursor.execute(CASES)
    return {row[0] for row in cursor.fetchall()}


def _cursor(own, dice: random.Random):
    """Every second one keeps the plan of what it asks, which whoever comes next on the connection asks by, too."""
    with own.plan_kept() if dice.random() < 0.5 else nullcontext():
        return own.cursor()


def _one_plan_for_all(people: dict) -> int:
    """On one connection everybody asks by the plan that the first of them left; how often it was followed."""
    with connections[POOLED].plan_kept(), connections[POOLED].cursor() as cursor:
        for person, cases in people.items():
            with scope.as_person(person), transaction.atomic(using=POOLED):
                assert _seen(cursor) == cases
        cursor.execute("SELECT sum(generic_plans) FROM pg_prepared_statements WHERE statement = %s", [CASES])
        return int(cursor.fetchone()[0])


def _request(people: dict, dice: random.Random) -> str:
    """One request in one of the ways that requests end; what went wrong in it, or nothing."""
    person = dice.choice(list(people))
    way = dice.choice(
        ["read", "read", "nobody", "no transaction", "rolled back", "failed", "savepoint", "lifted"]
    )
    own = connections[POOLED]
    try:
        with scope.as_person(None if way == "nobody" else person):
            expected = set() if way == "nobody" else people[person]
            if way == "no transaction":
                with _cursor(own, dice) as cursor:
                    return "" if _seen(cursor) == expected else way
            try:
                with transaction.atomic(using=POOLED), _cursor(own, dice) as cursor:
                    if way == "lifted":
                        with scope.lifted("submissions"):
                            everything = _seen(cursor)
                        if len(everything) != len(set().union(*people.values())):
                            return way
                    if _seen(cursor) != expected:
                        return way
                    if way == "failed":
                        cursor.execute("SELECT 1 / 0")
                    if way == "savepoint":
                        point = own.savepoint()
                        with scope.lifted("submissions"):
                            _seen(cursor)
                        own.savepoint_rollback(point)
                        return "" if _seen(cursor) == expected else way
                    if way == "rolled back":
                        own.set_rollback(True)
            except DatabaseError:
                return "" if way == "failed" else way
            return ""
    finally:
        own.close()


@pytest.mark.slow
@pytest.mark.committed_db
def test_fifty_people_on_four_connections():
    people = _own_cases()
    assert len(people) == PEOPLE

    def work(seed: int) -> Counter:
        dice, faults = random.Random(seed), Counter()
        for _ in range(REQUESTS // THREADS + 1):
            faults[_request(people, dice)] += 1
        return faults

    with _pooled():
        with ThreadPoolExecutor(THREADS) as pool:
            found = sum(pool.map(work, range(THREADS)), Counter())
        used = connections[POOLED].pool.get_stats()
        assert _one_plan_for_all(people) >= PEOPLE
    assert found.total() >= REQUESTS
    assert set(found) == {""}
    # No more connections than that were ever there, so each served many people.
    assert used["pool_size"] == CONNECTIONS
    assert used["connections_num"] == CONNECTIONS
