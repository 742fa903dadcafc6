"""The part of the drill that is about people: what a backup says of nobody, and who does not come back (docs/adr/0031)."""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import psycopg
import time_machine
from allauth.account.models import EmailAddress
from psycopg import sql

from portal.accounts import actions as accounts
from portal.accounts.models import Membership, Role, User
from portal.deadlines.models import Bounce
from portal.particulars import SEALED
from portal.stack import archive, home
from portal.stack.database import run_program
from portal.stack.layout import Layout
from portal.stack.servers import Servers
from tests import factories as make
from tests.matrix import world as worlds

ROOT = Path(__file__).resolve().parents[2]


def tool(name: str, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"portal.stack.{name}", *map(str, arguments)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]} | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def people() -> list[tuple[str, str]]:
    """Name and address of everybody with an account, and of the labs' contacts."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as owner:
        return owner.execute(
            "SELECT name, email FROM accounts_user UNION SELECT name, email FROM submissions_contact"
        ).fetchall()


def holds_nobody(source: Path, backup: Path) -> None:
    """Nothing in it says who somebody is: neither the dump, which is unpacked for it, nor the rows beside it."""
    with tarfile.open(backup) as tar:
        rows = tar.extractfile("people.jsonl").read()
        tar.extract("database.dump", source, filter="data")
    url = os.environ["DATABASE_OWNER_URL"]
    dump = run_program(
        home.find(Layout(source)).postgres_bin / "pg_restore",
        "-f",
        "-",
        str(source / "database.dump"),
        url=url,
    )
    assert "COPY public.ledger_event" in dump
    assert "COPY public.accounts_membership" in dump
    for name, address in people():
        for said in filter(None, (name, address)):
            assert said.encode() not in rows
        assert address not in dump or not address
        # A name may stand in words that somebody wrote; of the people of this world none does.
        assert f"\t{name}\t" not in dump
    for table in ("accounts_user", "accounts_personkey", "django_session", "mfa_authenticator"):
        assert f"COPY public.{table} " not in dump
    ring = json.loads((source / "keyring.json").read_text())
    assert len(ring["keys"]) == len(rows_of("accounts_user")) + len(rows_of("submissions_contact"))
    assert ring["erased"] == {}
    assert (source / "keyring.json").stat().st_mode & 0o077 == 0
    for key in ring["keys"].values():
        assert key.encode() not in backup.read_bytes()


def rows_of(table: str) -> list:
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as owner:
        return owner.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))).fetchall()


def brings_nobody_back_who_was_erased(source: Path, backup: Path, new: Path, person: User) -> None:
    """The backup from before, the keyring from after: the person is an id, all else is there, the record verifies."""
    old = source / "keyring.json"
    person = erased_since(person)
    done = tool("keyring", "--var", source)
    assert (done.returncode, "; 1 were erased." in done.stdout) == (0, True), done.stderr
    content = json.loads(old.read_text())
    assert (str(person.pk) in content["keys"], list(content["erased"])) == (False, [str(person.pk)])
    refuses_without_the_newest_keyring(source, backup, new)
    done = tool("restore", backup, "--var", new, "--secrets", source / "stack.json")
    assert done.returncode == 0, done.stderr
    assert "1 erasures since the backup are on record again." in done.stdout
    assert "Complete and unaltered" in done.stdout
    assert "Lost" not in done.stdout
    # The new stack's own knows of it too.
    assert list(json.loads((new / "keyring.json").read_text())["erased"]) == [str(person.pk)]
    is_there_as_an_id(new, person)


def make_somebody() -> User:
    """A person with a past on record and with what says who they are, who is in the backup and leaves afterwards."""
    with time_machine.travel(worlds.AT, tick=True):
        lab = make.lab()
        person = make.member(lab, Role.VIEWER, "Quillon Marzipan")
        accounts.update_profile(actor=person, name="Quillon Marzipan", zone="Europe/Vienna")
        accounts.create_token(actor=person, name="Quillon's laptop", lifetime=make.DAY)
        EmailAddress.objects.create(user=person, email=person.email, verified=True)
        Bounce.objects.create(person=person, address=person.email, at=worlds.AT, said="550 no Quillon here")
    return person


def erased_since(person: User) -> User:
    with time_machine.travel(worlds.AT, tick=True):
        Membership.objects.filter(user=person).update(ended_at=worlds.AT)
        root, second = (make.person(name, is_superuser=True) for name in ("Sid", "Sol"))
        accounts.ask_erasure(actor=root, user=person, ground="asked", at=worlds.AT)
        return accounts.erase_person(actor=second, user=person, at=worlds.AT)


def refuses_without_the_newest_keyring(source: Path, backup: Path, new: Path) -> None:
    secrets = ("--secrets", source / "stack.json")
    kept, away = source / "keyring.json", source / "away.json"
    kept.rename(away)
    none = tool("restore", backup, "--var", new, *secrets)
    content = json.loads(away.read_text())
    older, partial = source / "older.json", source / "partial.json"
    older.write_text(json.dumps(content | {"written_at": "2026-01-01T00:00:00+00:00"}))
    # Somebody of the backup: of the two who came after it a restore asks nothing.
    known = {json.loads(line)["person"] for line in archive.lines(backup, archive.PEOPLE)}
    del content["keys"][min(known & content["keys"].keys())]
    partial.write_text(json.dumps(content))
    old = tool("restore", backup, "--var", new, *secrets, "--keyring", older)
    away.rename(kept)
    assert (none.returncode, "There is no keyring." in none.stderr) == (1, True)
    assert (old.returncode, "The keyring is older than the backup." in old.stderr) == (1, True)
    assert not new.exists()
    less = tool("restore", backup, "--var", new, *secrets, "--keyring", partial)
    assert (less.returncode, "has no key for 1 people of this backup" in less.stderr) == (1, True)
    assert not new.exists()


def is_there_as_an_id(new: Path, person: User) -> None:
    servers = Servers(Layout(new), environment={})
    servers.start()
    try:
        with psycopg.connect(servers.stack["database"]["owner_url"]) as restored:
            row = restored.execute(
                "SELECT name, email, is_active, erased_at FROM accounts_user WHERE id = %s", [person.pk]
            ).fetchall()
            assert row == [(person.name, person.email, False, person.erased_at)]
            for one in SEALED:
                if not one.columns:
                    query = sql.SQL("SELECT count(*) FROM {} WHERE {} = %s")
                    query = query.format(sql.Identifier(one.table), sql.Identifier(one.owner))
                    assert restored.execute(query, [person.pk]).fetchall() == [(0,)], one.table
            others = restored.execute("SELECT count(*) FROM accounts_user WHERE erased_at IS NULL").fetchall()
            # All but the person and the two who erased them, who came after the backup.
            assert others == [(len(rows_of("accounts_user")) - 3,)]
            did = "SELECT count(*) FROM ledger_event WHERE actor_id = %s"
            with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as old:
                assert (
                    restored.execute(did, [person.pk]).fetchall() == old.execute(did, [person.pk]).fetchall()
                )
            said = restored.execute(
                "SELECT actor_id, data FROM ledger_event WHERE verb = 'erased_person' AND subject_id = %s",
                [person.pk],
            ).fetchall()
            assert said == [(None, {"restored": True})]
    finally:
        servers.stop()
