"""``python -m portal.stack.backup --var DIR --to FILE``: the database and every stored file of one instant, in one file.

The stack may run meanwhile. First comes a snapshot of the database, then the files that its rows name: a file is stored before
its row is committed, so each of them is there. One that was destroyed in between would be a row without its file, so then all of
it is taken anew. No secret of the installation is in a backup.
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from portal import config
from portal.operating import keys
from portal.stack import archive, database, home, keyring, leftovers, people
from portal.stack.layout import Layout, StackError
from portal.stack.servers import Servers

ATTEMPTS = 3


class VanishedError(Exception):
    """A file that the snapshot's rows name is not there; its name is the argument."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stack's database and files are, and PostgreSQL's programs."""

    folder: Path
    owner_url: str
    files: Path
    programs: Path


@contextlib.contextmanager
def served(folder: Path) -> Iterator[Place]:
    """The stack of a folder with its database up: as it runs, or started for this where it does not. Raises StackError."""
    given = keys.with_files(os.environ)
    if not (folder / "stack.json").exists() and not given.get("DATABASE_URL"):
        raise StackError(f"There is no stack in {folder}: it has no stack.json.")
    layout = Layout(folder)
    with contextlib.ExitStack() as until:
        stack = layout.read()
        if not given.get("DATABASE_URL") and not _answers(_owner_url(given, stack)):
            until.enter_context(leftovers.lock(layout))
            servers = Servers(layout, environment={"REDIS_URL": stack.get("redis_url") or "redis://none"})
            servers.start()
            until.callback(servers.stop)
            stack = servers.stack
        yield Place(
            layout.folder,
            _owner_url(given, stack),
            files_of(given, stack, layout),
            home.find(layout).postgres_bin,
        )


def _owner_url(given: dict[str, str], stack: dict[str, Any]) -> str:
    return given.get("DATABASE_OWNER_URL") or given.get("DATABASE_URL") or stack["database"]["owner_url"]


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def files_of(given: dict[str, str], stack: dict[str, Any], layout: Layout) -> Path:
    """The folder of the stored files. Raises StackError for a storage that is none."""
    url = given.get("STORAGE_URL") or stack.get("storage_url", "")
    options = config.storage(url, layout.folder / "files")["OPTIONS"]
    if "location" not in options:
        raise StackError(
            "The files are in an object storage, which has copies and versions of its own; docs/operations.md says how to back "
            "such an installation up."
        )
    return Path(options["location"])


def back_up(
    folder: Path, target: Path, say: Callable[[str], None], *, keys_to: Path | None = None
) -> dict[str, Any]:
    """Write one backup, and the keyring in place of the one before; returns the backup's manifest.

    Raises StackError, and leaves no backup behind then.
    """
    keys_to = keys_to or folder / keyring.NAME
    if target.exists():
        raise StackError(f"{target} is there already; a backup overwrites nothing.")
    with served(folder) as place:
        for _ in range(ATTEMPTS):
            try:
                return _attempt(place, target, keys_to, say)
            except VanishedError as vanished:
                name = str(vanished)
                if name in {one["name"] for one in _listed(place)}:
                    raise StackError(
                        f"A row names the file {name}, and it is not in {place.files}. Nothing was backed up: find it first."
                    ) from None
                say("A file was destroyed meanwhile; taking all of it anew ...")
    raise StackError("Files were destroyed faster than a backup could be taken; try again later.")


def _attempt(place: Place, target: Path, keys_to: Path, say: Callable[[str], None]) -> dict[str, Any]:
    with archive.writing(target) as made, psycopg.connect(place.owner_url, connect_timeout=5) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        [(snapshot, at, size)] = connection.execute(
            "SELECT pg_export_snapshot(), clock_timestamp(), pg_database_size(current_database())"
        ).fetchall()
        files = _listed(place, "--snapshot", snapshot)
        # The dump lies beside the archive before it lies in it.
        room = 2 * size + sum(one["size"] for one in files)
        archive.require_room(target.parent, room, "A backup")
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as beside:
            dump = Path(beside) / archive.DUMP
            database.run_program(
                place.programs / "pg_dump",
                "--format=custom",
                f"--snapshot={snapshot}",
                f"--file={dump}",
                *(f"--exclude-table-data=public.{table}" for table in people.left_out_of_dump()),
                url=place.owner_url,
            )
            made.add(archive.DUMP, dump)
            # The keys as they are now and not as of the snapshot: whoever was erased since is written for nobody to open.
            ring = keyring.drawn(place.owner_url)
            said = keyring.told(ring, keys_to, keyring.write(ring, keys_to))
            people.write(connection, ring, Path(beside) / archive.PEOPLE)
            made.add(archive.PEOPLE, Path(beside) / archive.PEOPLE)
        for one in files:
            _add(made, place.files, one)
        manifest = {
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "as_of": at.astimezone(UTC).isoformat(),
            "database_bytes": size,
            "file_bytes": sum(one["size"] for one in files),
            "demo": bool(Layout(place.folder).read().get("demo")),
            **database.described(connection),
        }
        made.close(manifest)
    say(said)
    return manifest


def _listed(place: Place, *snapshot: str) -> list[dict[str, Any]]:
    said = database.manage(place.folder, "check_stored", "--skip-checks", "--list", *snapshot)
    return [json.loads(line) for line in said.splitlines()]


def _add(made: archive.Writing, folder: Path, one: dict[str, Any]) -> None:
    try:
        sha256 = made.add(archive.FILES + one["name"], folder / one["name"])
    except FileNotFoundError:
        raise VanishedError(one["name"]) from None
    if sha256 != one["sha256"]:
        raise StackError(
            f"The file {one['name']} is not what its row says: it was altered or damaged. Nothing was backed up: mend it first."
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--var", type=Path, required=True, help="the stack's folder")
    parser.add_argument("--to", type=Path, required=True, help="the backup's file, which must not exist")
    parser.add_argument(
        "--keyring", type=Path, help=f"the file of people's keys, {keyring.NAME} in the folder unless given"
    )
    arguments = parser.parse_args()
    os.umask(0o077)
    begun = time.monotonic()
    try:
        keys_to = arguments.keyring and arguments.keyring.resolve()
        manifest = back_up(arguments.var.resolve(), arguments.to.resolve(), print, keys_to=keys_to)
    except (StackError, OSError) as error:
        sys.exit(f"backup: {error}")
    print(
        f"{arguments.to}: {sum(manifest['rows'].values())} rows in {len(manifest['rows'])} tables and "
        f"{manifest['file_bytes']} bytes of files as of {manifest['as_of']}, in {time.monotonic() - begun:.1f} s.\n"
        "No secret is in it, and who people are only under the keyring's keys: keep the newest one alone, and apart. Keep the "
        "installation's secrets apart from it: without PORTAL_LEDGER_KEY what waits to be sealed "
        "cannot be verified, without PORTAL_LEDGER_SIGNING_KEYS the log goes on under another key, and without "
        "PORTAL_INSTRUCTIONS_KEYS neither access instructions nor authenticator apps can be used."
    )


if __name__ == "__main__":
    main()
