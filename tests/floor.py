"""What every test stands on: a real PostgreSQL and Valkey, and a migrated database cloned for each test process.

The servers are embedded ones in build/tests, kept between runs so that a migrated template is made once for each state of
the migrations. ``PORTAL_TEST_VAR=DIR`` uses the servers of a stack that runs already.
"""

import atexit
import contextlib
import fcntl
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from portal.stack.layout import Layout
from portal.stack.servers import Servers

ROOT = Path(__file__).resolve().parent.parent
# Any number does, as long as all runs take the same: it keeps two runs from migrating the template twice.
LOCK = 20260602
KEPT_TEMPLATES = 3

_held: list = []


def clear_environment() -> None:
    """Forget what an operator's environment says of a portal: a test must not send mail through somebody's server."""
    for name in list(os.environ):
        kept = name.startswith(("PORTAL_TEST_", "PORTAL_CHROMIUM"))
        if name in {"EMAIL_URL", "STORAGE_URL"} or (name.startswith("PORTAL_") and not kept):
            del os.environ[name]


def start_servers() -> tuple[dict, Servers | None]:
    """Addresses of the servers to test on, and the servers when this process started them."""
    if shared := os.environ.get("PORTAL_TEST_VAR"):
        return Layout(Path(shared)).read(), None
    servers = Servers(Layout(_folder()), environment={}, careless=True)
    servers.start()
    # Also when collecting fails and pytest never says that it ends.
    atexit.register(servers.stop)
    return servers.stack, servers


def _folder() -> Path:
    """The kept folder, or a passing one while another run holds it."""
    kept = ROOT / "build" / "tests"
    kept.mkdir(parents=True, exist_ok=True)
    lock = (kept / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        passing = tempfile.TemporaryDirectory(prefix="portal-tests-", ignore_cleanup_errors=True)
        _held.append(passing)
        return Path(passing.name)
    _held.append(lock)
    return kept


def release() -> None:
    """Give the folder back."""
    while _held:
        held = _held.pop()
        held.cleanup() if isinstance(held, tempfile.TemporaryDirectory) else held.close()


def environment(stack: dict, worker: int | None) -> dict[str, str]:
    """What one test process must have in its environment before settings load; ``worker`` is None without xdist."""
    run = os.environ.setdefault("PORTAL_TEST_RUN", str(os.getpid()))
    name = f"portal_test_{run}_{'main' if worker is None else worker}"
    folder = Path(tempfile.gettempdir()) / f"portal-test-{run}" / name
    # WhiteNoise warns of a missing folder, and warnings are errors.
    (folder / "static").mkdir(parents=True, exist_ok=True)
    # Sixteen is what a Valkey has by default; the first is left to the stack it belongs to.
    number = 1 + (int(run) + (0 if worker is None else worker + 1)) % 15
    database = stack["database"]
    return {
        "PORTAL_TESTING": "1",
        "PORTAL_VAR": str(folder),
        "DATABASE_URL": renamed(database["app_url"], name),
        "DATABASE_OWNER_URL": renamed(database["owner_url"], name),
        "REDIS_URL": renamed(stack["redis_url"], str(number)),
        "PORTAL_TEST_MAINTENANCE_URL": database["owner_url"],
    }


def renamed(url: str, path: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{path}"))


def maintenance() -> psycopg.Connection:
    """A connection of the owner to a database that no test uses."""
    return psycopg.connect(os.environ["PORTAL_TEST_MAINTENANCE_URL"], autocommit=True)


def own_name() -> str:
    return urlsplit(os.environ["DATABASE_URL"]).path.lstrip("/")


def template() -> str:
    """The name of a database migrated to the present state of the tree; made on first use, by one process at a time."""
    name = f"portal_template_{_state()}"
    with maintenance() as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        if not _exists(connection, name):
            _make_template(connection, name)
            _drop_old(connection)
    return name


def _exists(connection: psycopg.Connection, name: str) -> bool:
    return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def _make_template(connection: psycopg.Connection, name: str) -> None:
    making = f"{name}_making"
    drop(connection, making)
    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(making)))
    url = renamed(os.environ["DATABASE_OWNER_URL"], making)
    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", "migrate", "--verbosity=0"],
        env=os.environ | {"DATABASE_URL": url, "DATABASE_OWNER_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"The test database cannot be migrated:\n{done.stdout}{done.stderr}")
    connection.execute(
        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(making), sql.Identifier(name))
    )


def _drop_old(connection: psycopg.Connection) -> None:
    """Drop templates of older states, and databases of runs that were killed."""
    rows = connection.execute(
        "SELECT datname FROM pg_database WHERE datname LIKE 'portal\\_template\\_%' ORDER BY oid DESC"
    ).fetchall()
    for (name,) in rows[KEPT_TEMPLATES:]:
        with contextlib.suppress(psycopg.Error):
            drop(connection, name)
    rows = connection.execute(
        "SELECT datname FROM pg_database WHERE datname LIKE 'portal\\_test\\_%'"
    ).fetchall()
    for (name,) in rows:
        run = name.split("_")[2]
        if run.isdigit() and not Path(f"/proc/{run}").exists():
            drop(connection, name)


def drop(connection: psycopg.Connection, name: str) -> None:
    """Drop a database, whoever of ours is connected. A server's own worker there is not ours to end, and soon gone."""
    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    for patience in range(30, -1, -1):
        try:
            connection.execute(statement)
        except psycopg.errors.InsufficientPrivilege:
            if not patience:
                raise
            time.sleep(0.1)
        else:
            return


def clone(template_name: str) -> None:
    """Make this process's database anew; what it held, and who was connected to it, is gone."""
    with maintenance() as connection:
        drop(connection, own_name())
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(own_name()), sql.Identifier(template_name)
            )
        )


def drop_own() -> None:
    with maintenance() as connection:
        drop(connection, own_name())


IMPORT = re.compile(r"^\s*(?:from|import) ((?:portal|reviews|partners)[\w.]*)", re.MULTILINE)


def _state() -> str:
    """A name for the present migrations: their text, the modules they import, the state tables and the packages' versions."""
    files = {ROOT / "requirements.txt", ROOT / "portal" / "settings.py"}
    for top in ("portal", "reviews", "partners"):
        files.update((ROOT / top).glob("**/migrations/*.py"))
        files.update((ROOT / top).glob("**/states.py"))
        files.update((ROOT / top).glob("**/*.sql"))
    for file in list(files):
        for module in IMPORT.findall(file.read_text()) if file.suffix == ".py" else ():
            path = ROOT / module.replace(".", "/")
            files.update(p for p in (path.with_suffix(".py"), path / "__init__.py") if p.exists())
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]
