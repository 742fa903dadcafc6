"""Rows that say who people are, as a backup holds them: apart from the database's dump, each under its person's key."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from portal import particulars
from portal.particulars import Sealed
from portal.stack.keyring import Keyring
from portal.stack.layout import StackError

TABLES = {one.table: one for one in particulars.SEALED}


def left_out_of_dump() -> list[str]:
    """The tables of which pg_dump writes no rows."""
    return [*TABLES, *particulars.LEFT_OUT]


def write(connection: psycopg.Connection, keyring: Keyring, target: Path) -> None:
    """The rows as the connection's snapshot has them, a line of JSON each."""
    with target.open("w") as file:
        for one in particulars.SEALED:
            for person, row in _rows(connection, one):
                file.write(json.dumps(_line(keyring, one, person, row), separators=(",", ":")) + "\n")


def _rows(connection: psycopg.Connection, one: Sealed) -> Iterator[tuple[str, dict[str, Any]]]:
    query = sql.SQL("SELECT {}::text, to_jsonb(t) FROM {} AS t").format(
        sql.Identifier(one.owner), sql.Identifier(one.table)
    )
    with connection.cursor(name="people") as cursor:
        yield from cursor.execute(query)


def _line(keyring: Keyring, one: Sealed, person: str, row: dict[str, Any]) -> dict[str, Any]:
    shut = {name: row.pop(name) for name in one.columns or list(row)}
    return {
        "table": one.table,
        "person": person,
        "open": row,
        "sealed": keyring.seal(one.table, person, shut),
    }


@dataclass
class Restored:
    """What became of the rows: ``erased`` and ``lost`` people, by the two reasons why there is no key, and how many rows of a
    table went with them.
    """

    erased: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    dropped: Counter[str] = field(default_factory=Counter)


def without_key(keyring: Keyring, lines: Iterable[bytes]) -> set[str]:
    """The people of whom a keyring has no key and does not know that they were erased."""
    known = keyring.keys.keys() | keyring.erased.keys()
    return {person for line in lines if (person := json.loads(line)["person"]) not in known}


def load(connection: psycopg.Connection, keyring: Keyring, lines: Iterable[bytes]) -> Restored:
    """Put the rows into a database that has its other rows and no constraints yet. Raises StackError for a strange line."""
    done = Restored()
    with connection.cursor() as cursor:
        for line in lines:
            _load(cursor, keyring, json.loads(line), done)
    return done


def _load(cursor: psycopg.Cursor, keyring: Keyring, line: dict[str, Any], done: Restored) -> None:
    one, person = TABLES.get(line["table"]), line["person"]
    if one is None:
        raise StackError(f"The backup holds rows of {line['table']} where no people's rows are.")
    found = keyring.unseal(one.table, person, line["sealed"])
    if found is None:
        erased_at = keyring.erased.get(person)
        (done.lost if erased_at is None else done.erased).add(person)
        if not one.columns:
            done.dropped[one.table] += 1
            return
        found = particulars.tombstone(one.table, person, erased_at)
    row = line["open"] | found
    cursor.execute(
        sql.SQL("INSERT INTO {} SELECT * FROM jsonb_populate_record(NULL::{}, %s::jsonb)").format(
            sql.Identifier(one.table), sql.Identifier(one.table)
        ),
        [json.dumps(row, default=str)],
    )
