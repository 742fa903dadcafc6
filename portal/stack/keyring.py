"""``python -m portal.stack.keyring --var DIR``: the keys under which backups hold people's particulars, in one small file.

Each backup writes it too. Only the newest is kept, apart from the backups: who was erased has no key in it, and an older one
would bring them back. The register of who was erased, and when, is never made shorter.
"""

import argparse
import base64
import json
import os
import secrets
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import sql

from portal import particulars
from portal.stack.layout import StackError

NAME = "keyring.json"
FORMAT = 1
NONCE = 12
KEYS = sql.Identifier(particulars.KEYS)


@dataclass
class Keyring:
    """``keys``: 32 bytes a person; ``erased``: when a person's key was destroyed. By the person's id; nobody is in both."""

    written_at: datetime
    keys: dict[str, bytes] = field(default_factory=dict)
    erased: dict[str, datetime] = field(default_factory=dict)

    def seal(self, table: str, person: str, values: dict[str, Any]) -> str:
        """Particulars under their person's key; under one that nobody keeps where theirs was destroyed meanwhile."""
        key, nonce = self.keys.get(person) or secrets.token_bytes(32), secrets.token_bytes(NONCE)
        text = json.dumps(values, separators=(",", ":")).encode()
        return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, text, _about(table, person))).decode()

    def unseal(self, table: str, person: str, sealed: str) -> dict[str, Any] | None:
        """The particulars; None where there is no key. Raises StackError where there is one and it is not theirs."""
        if person not in self.keys:
            return None
        content = base64.b64decode(sealed)
        try:
            text = AESGCM(self.keys[person]).decrypt(content[:NONCE], content[NONCE:], _about(table, person))
        except InvalidTag:
            raise StackError(f"The keyring's key of {person} does not open what the backup holds.") from None
        return json.loads(text)


def _about(table: str, person: str) -> bytes:
    return f"{table} {person}".encode()


def drawn(owner_url: str) -> Keyring:
    """The keys as they are now; whoever had none is given one first."""
    with psycopg.connect(owner_url, connect_timeout=5) as connection:
        for one in particulars.SEALED:
            if one.owner == "id":
                _draw(connection, one.table)
        rows = connection.execute(
            sql.SQL("SELECT person::text, key, erased_at FROM {}").format(KEYS)
        ).fetchall()
        # The database's clock, as a backup's instant is: so that the two can be compared.
        [(at,)] = connection.execute("SELECT clock_timestamp()").fetchall()
    return Keyring(
        at.astimezone(UTC),
        {person: bytes(key) for person, key, erased_at in rows if erased_at is None},
        {person: erased_at.astimezone(UTC) for person, key, erased_at in rows if erased_at is not None},
    )


def _draw(connection: psycopg.Connection, table: str) -> None:
    people = sql.Identifier(table)
    without = connection.execute(
        sql.SQL("SELECT id FROM {} AS p WHERE NOT EXISTS (SELECT FROM {} AS k WHERE k.person = p.id)").format(
            people, KEYS
        )
    ).fetchall()
    with connection.cursor() as cursor:
        cursor.executemany(
            sql.SQL("INSERT INTO {} (person, key) VALUES (%s, %s) ON CONFLICT DO NOTHING").format(KEYS),
            [(person, secrets.token_bytes(32)) for (person,) in without],
        )


def put_back(connection: psycopg.Connection, keyring: Keyring) -> None:
    """The keyring into a restored database, whole: also the keys of people whom this backup does not know yet."""
    rows: list[tuple[str, bytes | None, datetime | None]]
    rows = [(person, key, None) for person, key in keyring.keys.items()]
    rows += [(person, None, erased_at) for person, erased_at in keyring.erased.items()]
    with connection.cursor() as cursor:
        cursor.executemany(
            sql.SQL("INSERT INTO {} (person, key, erased_at) VALUES (%s, %s, %s)").format(KEYS), rows
        )


def write(keyring: Keyring, target: Path) -> list[str]:
    """In place of the one that is there, readable by its owner only. Whoever was erased by that one stays so.

    Returns the ids of those whom the database does not know as erased, though the file did: it was set back by other means than
    ``restore``, and they are in it again.
    """
    before = read(target) if target.exists() else Keyring(keyring.written_at)
    back = sorted(person for person in before.erased if person in keyring.keys)
    keys = {person: key for person, key in keyring.keys.items() if person not in before.erased}
    erased = before.erased | keyring.erased
    content = {
        "format": FORMAT,
        "written_at": keyring.written_at.isoformat(),
        "keys": {person: base64.b64encode(key).decode() for person, key in sorted(keys.items())},
        "erased": {person: at.isoformat() for person, at in sorted(erased.items())},
    }
    if not target.parent.is_dir():
        raise StackError(f"There is no folder {target.parent}.")
    handle, half = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        Path(half).replace(target)
    finally:
        Path(half).unlink(missing_ok=True)
    return back


def read(path: Path) -> Keyring:
    """Raises StackError for a file that is no keyring, or is not there."""
    try:
        content = json.loads(path.read_text())
        if content["format"] != FORMAT:
            raise StackError(f"{path} is of format {content['format']}, and this portal reads {FORMAT}.")
        return Keyring(
            datetime.fromisoformat(content["written_at"]),
            {person: base64.b64decode(key, validate=True) for person, key in content["keys"].items()},
            {person: datetime.fromisoformat(at) for person, at in content["erased"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StackError(f"{path} cannot be read as a keyring: {error}") from error


def told(keyring: Keyring, target: Path, back: list[str]) -> str:
    """What was written, in words."""
    words = f"{target}: the keys of {len(keyring.keys) - len(back)} people; {len(keyring.erased) + len(back)} were erased."
    if back:
        words += (
            f" {len(back)} of these stand in the database again, which was set back: erase them there too"
            f" ({', '.join(back[:5])}{', ...' if len(back) > 5 else ''})."
        )
    return words


def main() -> None:
    from portal.stack.backup import served

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--var", type=Path, required=True, help="the stack's folder")
    parser.add_argument("--to", type=Path, help=f"the keyring's file, {NAME} in the folder unless given")
    arguments = parser.parse_args()
    os.umask(0o077)
    folder = arguments.var.resolve()
    target = (arguments.to or folder / NAME).resolve()
    try:
        with served(folder) as place:
            keyring = drawn(place.owner_url)
        print(told(keyring, target, write(keyring, target)))
    except (StackError, OSError, psycopg.Error) as error:
        sys.exit(f"keyring: {error}")


if __name__ == "__main__":
    main()
