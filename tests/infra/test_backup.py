"""The drill: a stack with cases is backed up while it runs, and comes back in an empty one with nothing lost but who was
erased since. About two minutes.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import psycopg
import pytest
import time_machine
from django.core.files.storage import default_storage

from portal.ledger import sealing
from portal.operating import keys
from portal.particulars import SEALED
from portal.stack.archive import verified
from portal.stack.database import described, differences
from portal.stack.layout import Layout, StackError
from portal.stack.servers import Servers
from portal.submissions import stock
from portal.submissions.actions import spills as actions
from tests.core.test_spills import AT, Spilled
from tests.infra.erasing_drill import brings_nobody_back_who_was_erased, holds_nobody, make_somebody, tool
from tests.matrix import world as worlds

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture
def source(committed_db, open_folder):
    """A stack's folder with the world of the matrix in it: cases, documents, logs, evidence, findings, sealed instructions."""
    with time_machine.travel(worlds.AT, tick=True):
        worlds.build()
    sealing.seal_new_events()
    return stack_of_this_database(open_folder / "old")


def stack_of_this_database(folder: Path) -> Path:
    """A stack's folder whose database and files are those of this test."""
    secrets = {one.stored[-1]: one.trial for one in keys.SECRETS if one.needed}
    Layout(folder).write(
        {
            "secrets": secrets,
            "database": {
                "owner_url": os.environ["DATABASE_OWNER_URL"],
                "app_url": os.environ["DATABASE_URL"],
            },
            "redis_url": os.environ["REDIS_URL"],
            "storage_url": f"file://{default_storage.location}",
            "demo": False,
        }
    )
    return folder


def backed_up(source: Path, name: str = "backup.tar") -> Path:
    target = source.parent / name
    done = tool("backup", "--var", source, "--to", target)
    assert done.returncode == 0, done.stderr
    return target


def test_the_drill(source):
    """Back up, restore, compare from outside what restore compared itself, and refuse what is damaged or in the way."""
    somebody = make_somebody()
    backup = backed_up(source)
    holds_no_secret(source, backup)
    holds_nobody(source, backup)
    refuses_to_overwrite(source, backup)
    refuses_what_is_damaged(source, backup)
    new = source.parent / "new"
    refuses_without_the_secrets(source, backup, new)
    done = tool("restore", backup, "--var", new, "--secrets", source / "stack.json")
    assert done.returncode == 0, done.stderr
    assert "files are what their rows say" in done.stdout
    assert "Complete and unaltered" in done.stdout
    assert "Lost" not in done.stdout
    is_the_same(source, new)
    assert "erasures since the backup" not in done.stdout
    again = tool("restore", backup, "--var", new, "--secrets", source / "stack.json")
    assert (again.returncode, again.stderr.strip()) == (
        1,
        f"restore: {new} is not empty; a backup is restored into a new stack only.",
    )
    is_backed_up_without_running(new)
    shutil.rmtree(new)
    brings_nobody_back_who_was_erased(source, backup, new, somebody)


def holds_no_secret(source: Path, backup: Path) -> None:
    content = backup.read_bytes()
    for secret in json.loads((source / "stack.json").read_text())["secrets"].values():
        assert secret.encode() not in content
    assert backup.stat().st_mode & 0o077 == 0
    assert [path.name for path in source.parent.glob(".*")] == []


def refuses_to_overwrite(source: Path, backup: Path) -> None:
    before = backup.read_bytes()
    done = tool("backup", "--var", source, "--to", backup)
    assert (done.returncode, done.stderr.strip()) == (
        1,
        f"backup: {backup} is there already; a backup overwrites nothing.",
    )
    assert backup.read_bytes() == before


def refuses_without_the_secrets(source: Path, backup: Path, new: Path) -> None:
    done = tool("restore", backup, "--var", new)
    assert done.returncode == 1
    assert (
        "Missing: PORTAL_SECRET_KEY, PORTAL_LEDGER_KEY, PORTAL_LEDGER_SIGNING_KEYS, PORTAL_INSTRUCTIONS_KEYS."
        in done.stderr
    )
    assert not new.exists()
    wrong = {
        "PORTAL_SECRET_KEY": "s" * 50,
        "PORTAL_LEDGER_KEY": keys.BY_VARIABLE["PORTAL_LEDGER_KEY"].trial,
        "PORTAL_LEDGER_SIGNING_KEYS": keys.BY_VARIABLE["PORTAL_LEDGER_SIGNING_KEYS"].trial,
        "PORTAL_INSTRUCTIONS_KEYS": "d3Jvbmctd3Jvbmctd3Jvbmctd3Jvbmctd3Jvbmctd3I=",
    }
    done = tool("restore", backup, "--var", new, "--keyring", source / "keyring.json", **wrong)
    assert done.returncode == 1
    assert "sealed secrets open with no key that is configured" in done.stderr
    assert not new.exists()


def members(backup: Path) -> list[str]:
    with tarfile.open(backup) as tar:
        return tar.getnames()


def changed(backup: Path, name: str, change) -> Path:
    """A copy of a backup whose members went through ``change(name, content)``; None drops one."""
    target = backup.with_name(name)
    with tarfile.open(backup) as old, tarfile.open(target, "w") as new:
        for about in old:
            content = change(about.name, old.extractfile(about).read())
            if content is not None:
                about.size = len(content)
                with (target.with_suffix(".part")).open("wb+") as file:
                    file.write(content)
                    file.seek(0)
                    new.addfile(about, file)
    target.with_suffix(".part").unlink()
    return target


def refuses_what_is_damaged(source: Path, backup: Path) -> None:
    stored = next(name for name in members(backup) if name.startswith("files/"))
    damaged = {
        changed(
            backup, "altered.tar", lambda n, c: c[:-1] + b"!" if n == stored else c
        ): f"{stored} is not what",
        changed(
            backup, "dump.tar", lambda n, c: c + b"!" if n == "database.dump" else c
        ): "database.dump is not what",
        changed(backup, "less.tar", lambda n, c: None if n == stored else c): f"{stored} is missing",
        changed(
            backup, "headless.tar", lambda n, c: None if n == "manifest.json" else c
        ): "it has no manifest",
    }
    truncated = backup.with_name("short.tar")
    truncated.write_bytes(backup.read_bytes()[: backup.stat().st_size // 2])
    damaged[truncated] = ""
    for path, words in damaged.items():
        new = source.parent / f"of-{path.stem}"
        done = tool("restore", path, "--var", new, "--secrets", source / "stack.json")
        assert done.returncode == 1
        assert words in done.stderr
        assert "Traceback" not in done.stderr
        assert not new.exists()
        path.unlink()


def is_the_same(source: Path, new: Path) -> None:
    """Rows, rights, row-level policies and migrations; and byte by byte each file that a row names."""
    servers = Servers(Layout(new), environment={})
    servers.start()
    try:
        with (
            psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as old,
            psycopg.connect(servers.stack["database"]["owner_url"]) as restored,
        ):
            before, now = described(old), described(restored)
            assert differences(before, now) == []
            assert sum(now["rows"].values()) > 500
            # Row by row, for what a lab would miss most, and for what was not in the dump.
            alike = (
                "ledger_event",
                "submissions_documentversion",
                "accounts_membership",
                "accounts_personkey",
            )
            for table in (*alike, *(one.table for one in SEALED)):
                query = f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} AS t"
                assert old.execute(query).fetchall() == restored.execute(query).fetchall()
            counters = (
                "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1"
            )
            assert old.execute(counters).fetchall() == restored.execute(counters).fetchall()
            defaults = "SELECT defaclobjtype::text, defaclacl::text FROM pg_default_acl ORDER BY 1"
            assert old.execute(defaults).fetchall() == restored.execute(defaults).fetchall()
        # The role that serves sees nothing unless it says for whom, and changes no history whatever it says.
        with psycopg.connect(servers.stack["database"]["app_url"]) as app:
            assert app.execute("SELECT count(*) FROM ledger_event").fetchall() == [(0,)]
            app.execute("SELECT portal_enter(NULL, 'ledger', now())")
            assert app.execute("SELECT count(*) FROM ledger_event").fetchall() == [
                (now["rows"]["ledger_event"],)
            ]
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute("UPDATE ledger_event SET verb = 'x'")
    finally:
        servers.stop()
    listed = list(stock.listed())
    assert len(listed) >= 4
    for one in listed:
        assert (new / "files" / one.name).read_bytes() == (
            Path(default_storage.location) / one.name
        ).read_bytes()


def is_backed_up_without_running(new: Path) -> None:
    """The restored stack, which nobody started, can be backed up in its turn; and the same is in it."""
    backup = backed_up(new, "second.tar")
    first, second = verified(new.parent / "backup.tar"), verified(backup)
    assert differences(first, second) == []
    files = {name: about for name, about in first["members"].items() if name.startswith("files/")}
    assert files == {name: about for name, about in second["members"].items() if name.startswith("files/")}


def test_nothing_is_backed_up_where_a_file_is_missing_or_altered(source):
    one = next(iter(stock.listed()))
    path = Path(default_storage.location) / one.name
    content = path.read_bytes()
    target = source.parent / "backup.tar"
    path.write_bytes(content[:-1] + b"!")
    altered = tool("backup", "--var", source, "--to", target)
    path.unlink()
    missing = tool("backup", "--var", source, "--to", target)
    assert (altered.returncode, missing.returncode) == (1, 1)
    assert f"The file {one.name} is not what its row says" in altered.stderr
    assert f"A row names the file {one.name}, and it is not in" in missing.stderr
    assert not target.exists()
    assert [path.name for path in source.parent.glob(".*")] == []
    path.write_bytes(content)


def test_a_full_disk_is_told_before_anything_is_written(tmp_path):
    from portal.stack.archive import require_room

    free = shutil.disk_usage(tmp_path).free
    require_room(tmp_path, free // 2, "A backup")
    with pytest.raises(StackError, match="A backup needs about"):
        require_room(tmp_path, free, "A backup")


def test_no_stack_no_backup(tmp_path):
    done = tool("backup", "--var", tmp_path / "none", "--to", tmp_path / "backup.tar")
    assert (done.returncode, done.stderr.strip()) == (
        1,
        f"backup: There is no stack in {tmp_path / 'none'}: it has no stack.json.",
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.committed_db
def test_a_file_that_is_destroyed_meanwhile_leaves_no_row_without_it(open_folder):
    """pg_dump is held up by a lock, and a security officer has a document's content removed in between."""
    with time_machine.travel(AT, tick=True):
        case = Spilled()
    version = case.document.versions.get()
    source, target = stack_of_this_database(open_folder / "old"), open_folder / "backup.tar"
    command = [sys.executable, "-m", "portal.stack.backup", "--var", str(source), "--to", str(target)]
    with (
        psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as holding,
        subprocess.Popen(
            command, cwd=ROOT, env={"PATH": os.environ["PATH"]}, stdout=subprocess.PIPE, text=True
        ) as running,
    ):
        holding.execute("LOCK TABLE deadlines_heartbeat IN ACCESS EXCLUSIVE MODE")
        wait_until_the_dump_waits(running)
        remove(case)
        assert not default_storage.exists(version.file.name)
        holding.rollback()
        said, _ = running.communicate(timeout=120)
    assert running.returncode == 0
    assert "A file was destroyed meanwhile; taking all of it anew ..." in said
    files = {name.removeprefix("files/") for name in verified(target)["members"] if name.startswith("files/")}
    assert version.file.name not in files
    assert files == {one.name for one in stock.listed()}


def remove(case: Spilled) -> None:
    with time_machine.travel(AT, tick=True):
        spill = actions.report_spill(actor=case.reviewer, subject=case.document, feared="classified", at=AT)
        actions.remove_content(actor=case.security, spill=spill, at=AT)


def wait_until_the_dump_waits(running: subprocess.Popen) -> None:
    until = time.monotonic() + 60
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as looking:
        while not looking.execute(
            "SELECT 1 FROM pg_stat_activity WHERE application_name = 'pg_dump' AND wait_event_type = 'Lock' "
            "AND datname = current_database()"
        ).fetchall():
            assert running.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
