"""``python -m portal.stack.restore FILE --var NEWDIR --secrets STACK.JSON``: a backup into an empty stack, and proof it is whole.

The file is verified before anything is made. Who people are is opened with the newest keyring: whoever was erased since comes
back as the id that the record knows them by. Afterwards rows, rights, migrations and stored files are compared with what was
backed up, and the ledger is verified. Where any of it fails, nothing is left behind.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from portal.operating import keys
from portal.stack import archive, database, home, keyring, people
from portal.stack.backup import files_of
from portal.stack.layout import Layout, StackError
from portal.stack.servers import Servers

# Without these some of what is restored cannot be read or verified.
NEEDED = tuple(one for one in keys.SECRETS if one.needed)
KEPT = tuple(one for one in keys.SECRETS if one.stored[0] == "secrets")
KINDS = {"r": "TABLES", "S": "SEQUENCES", "f": "FUNCTIONS", "T": "TYPES"}
# Made by whoever furnishes a database, who has more rights than the role that restores.
FURNITURE = (
    " EXTENSION ",
    "COMMENT - EXTENSION ",
    " SCHEMA - public ",
    "ACL - SCHEMA public ",
    "COMMENT - SCHEMA ",
)


def restore(
    backup: Path,
    folder: Path,
    secrets: dict[str, str],
    ring: keyring.Keyring | None,
    say: Callable[[str], None],
    *,
    accept_losses: bool = False,
) -> list[str]:
    """Make a stack of a backup; returns what was lost, in words: nothing unless losses were accepted. Raises StackError."""
    if folder.exists() and any(folder.iterdir()):
        raise StackError(f"{folder} is not empty; a backup is restored into a new stack only.")
    missing = [one.variable for one in NEEDED if not secrets.get(one.stored[-1])]
    if missing and not accept_losses:
        raise StackError(
            f"Missing: {', '.join(missing)}. Name the old stack's stack.json with --secrets, or set them in the environment. "
            "--accept-losses goes on with new ones; docs/secrets.md says what is lost with each."
        )
    say("Verifying the backup ...")
    manifest = archive.verified(backup)
    ring = _fitting(ring, manifest, accept_losses=accept_losses)
    lost = people.without_key(ring, archive.lines(backup, archive.PEOPLE))
    if lost and not accept_losses:
        raise StackError(
            f"The keyring has no key for {len(lost)} people of this backup, and does not say that they were erased: it is another"
            " installation's, or an older one."
        )
    room = 3 * manifest["database_bytes"] + manifest["file_bytes"]
    archive.require_room(_nearest(folder), room, "The restored stack")
    given = keys.with_files(os.environ)
    try:
        return _made(backup, manifest, Layout(folder), secrets, ring, given, say, accept_losses=accept_losses)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _nearest(folder: Path) -> Path:
    return folder if folder.exists() else _nearest(folder.parent)


def _made(
    backup: Path,
    manifest: dict[str, Any],
    layout: Layout,
    secrets: dict[str, str],
    ring: keyring.Keyring,
    given: dict[str, str],
    say: Callable[[str], None],
    *,
    accept_losses: bool,
) -> list[str]:
    servers = Servers(layout, given)
    for name, value in secrets.items():
        servers.keep_secret(name, value)
    # A demonstration writes its demo.json anew; into what is none, none is ever loaded.
    servers.stack |= {"demo": manifest["demo"], "demo_loaded": not manifest["demo"]}
    servers.start()
    try:
        say("Restoring the database ...")
        owner_url = servers.stack["database"]["owner_url"]
        done = _load(backup, layout, owner_url, ring)
        say("Restoring the files ...")
        archive.extract_files(backup, files_of(given, servers.stack, layout))
        say("Comparing with what was backed up ...")
        with psycopg.connect(owner_url) as connection:
            if told := database.differences(_expected(manifest, done), database.described(connection)):
                raise StackError(
                    "The restored database is not the one that was backed up: " + "; ".join(told)
                )
        keyring.write(keyring.drawn(owner_url), layout.folder / keyring.NAME)
        if done.erased:
            say(f"  {database.manage(layout.folder, 'record_erasures', '--skip-checks').strip()}")
        lost = [f"the names and addresses of {len(done.lost)} people"] if done.lost else []
        return lost + _checked(layout, say, accept_losses=accept_losses)
    finally:
        servers.stop()


def _fitting(
    ring: keyring.Keyring | None, manifest: dict[str, Any], *, accept_losses: bool
) -> keyring.Keyring:
    """The keyring, where it is none older than the backup: the newest is at least as new as the newest backup."""
    made = datetime.fromisoformat(manifest["as_of"])
    if ring is not None and (ring.written_at >= made or accept_losses):
        return ring
    if ring is None and accept_losses:
        return keyring.Keyring(made)
    missing = "There is no keyring" if ring is None else "The keyring is older than the backup"
    raise StackError(
        f"{missing}. Name the newest one with --keyring: without it nobody's name comes back, and whoever was erased since must"
        " not. --accept-losses goes on all the same."
    )


def _expected(manifest: dict[str, Any], done: people.Restored) -> dict[str, Any]:
    """What was backed up, less the rows that went with erased people."""
    rows = {table: count - done.dropped[table] for table, count in manifest["rows"].items()}
    return manifest | {"rows": rows}


def _load(backup: Path, layout: Layout, owner_url: str, ring: keyring.Keyring) -> people.Restored:
    """The tables and their rows, then the people's, then keys, constraints and triggers, which hold for all of them."""
    program = home.find(layout).postgres_bin / "pg_restore"
    with psycopg.connect(owner_url, autocommit=True) as connection:
        _require_empty(connection)
        _take_back_defaults(connection)
        name = connection.info.dbname
    with tempfile.TemporaryDirectory(dir=layout.folder, prefix=".restore.") as beside:
        dump, wanted = Path(beside) / archive.DUMP, Path(beside) / "wanted"
        archive.extract(backup, archive.DUMP, dump)
        contents = database.run_program(program, "--list", str(dump), url=owner_url).splitlines()
        wanted.write_text("\n".join(line for line in contents if not any(word in line for word in FURNITURE)))

        def load(*sections: str) -> None:
            database.run_program(
                program,
                "--no-owner",
                "--exit-on-error",
                "--single-transaction",
                *(f"--section={section}" for section in sections),
                f"--use-list={wanted}",
                f"--dbname={name}",
                str(dump),
                url=owner_url,
            )

        load("pre-data", "data")
        with psycopg.connect(owner_url) as connection:
            done = people.load(connection, ring, archive.lines(backup, archive.PEOPLE))
            keyring.put_back(connection, ring)
        load("post-data")
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("ANALYZE")
    return done


def _require_empty(connection: psycopg.Connection) -> None:
    [(tables,)] = connection.execute(
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')"
    ).fetchall()
    if tables:
        raise StackError("The database is not empty; a backup is restored into a new one only.")


def _take_back_defaults(connection: psycopg.Connection) -> None:
    """What new tables would give by default. The backup grants what each had: a right that was taken from the serving role must
    not come back; and it sets the defaults anew at its end.
    """
    rows = connection.execute(
        "SELECT DISTINCT defaclobjtype::text, grantee::regrole::text FROM pg_default_acl, aclexplode(defaclacl) "
        "WHERE defaclrole = current_user::regrole AND grantee <> defaclrole AND grantee <> 0"
    ).fetchall()
    for kind, role in rows:
        connection.execute(
            sql.SQL("ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON {} FROM {}").format(
                sql.SQL(KINDS[kind]), sql.Identifier(role)
            )
        )


def _checked(layout: Layout, say: Callable[[str], None], *, accept_losses: bool) -> list[str]:
    """The portal's own checks of what was restored: each stored file, each sealed secret, each event of the ledger."""
    lost = []
    for command in ("check_stored", "verify_ledger"):
        try:
            say(f"  {database.manage(layout.folder, command, '--skip-checks').strip()}")
        except StackError as error:
            if not accept_losses:
                raise
            lost.append(str(error))
    return lost


def _secrets(file: Path | None) -> dict[str, str]:
    """The installation's secrets by their names in ``stack.json``: the environment's, else the file's."""
    stack = {}
    if file:
        try:
            stack = json.loads(file.read_text())
        except ValueError as error:
            raise StackError(f"{file} cannot be read: {error}") from error
    found = {one.stored[-1]: keys.value(one.variable, stack) for one in KEPT}
    return {name: value for name, value in found.items() if value}


def _keyring(file: Path | None, beside: Path | None) -> keyring.Keyring | None:
    if file is None and beside is not None and (beside.parent / keyring.NAME).exists():
        file = beside.parent / keyring.NAME
    return keyring.read(file) if file else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("backup", type=Path)
    parser.add_argument("--var", type=Path, required=True, help="the new stack's folder, empty or not there")
    parser.add_argument(
        "--secrets",
        type=Path,
        help="the old stack's stack.json, or a file of its shape; the environment comes first",
    )
    parser.add_argument(
        "--keyring",
        type=Path,
        help=f"the newest file of people's keys; {keyring.NAME} beside the secrets unless given",
    )
    parser.add_argument(
        "--accept-losses",
        action="store_true",
        help="go on without the old secrets or keyring, and say what cannot be read or verified",
    )
    arguments = parser.parse_args()
    os.umask(0o077)
    begun = time.monotonic()
    try:
        lost = restore(
            arguments.backup,
            arguments.var.resolve(),
            _secrets(arguments.secrets),
            _keyring(arguments.keyring, arguments.secrets),
            print,
            accept_losses=arguments.accept_losses,
        )
    except (StackError, OSError) as error:
        sys.exit(f"restore: {error}")
    for one in lost:
        print(f"Lost: {one}")
    print(
        f"{arguments.var} holds what was backed up, in {time.monotonic() - begun:.1f} s. Start it with ./run --var."
    )


if __name__ == "__main__":
    main()
