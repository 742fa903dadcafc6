"""The embedded PostgreSQL: its cluster, its roles and its databases."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from portal.stack import process
from portal.stack.home import Home
from portal.stack.layout import StackError

DATABASE = "portal"
OWNER = "portal_owner"
APP = "portal_app"
EXTENSIONS = ("pg_trgm", "btree_gist", "citext", "unaccent")
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
# Losing a test's data costs nothing, and not waiting for the disk makes a run several times faster.
CARELESS = (
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "max_wal_size=2GB",
    "wal_level=minimal",
    "max_wal_senders=0",
    # Its workers belong to the superuser: while one reads a test's database, the owner cannot drop it.
    "autovacuum=off",
)


def address(user: str, password: str, port: int, database: str = DATABASE) -> str:
    return f"postgresql://{user}:{quote(password, safe='')}@127.0.0.1:{port}/{database}"


class Postgres:
    """A cluster in the stack's folder, reached on one local port with passwords."""

    stop_signal = signal.SIGINT

    def __init__(self, home: Home, secrets: dict[str, str], port: int, log: Path, *, careless: bool = False):
        self.home = home
        self.secrets = secrets
        self.port = port
        self.log = log
        self.careless = careless
        self.data = home.data / "postgres"

    def url(self, role: str, database: str = DATABASE) -> str:
        """The address for ``postgres`` (superuser), ``owner`` (migrates) or ``app`` (serves)."""
        user = {"postgres": "postgres", "owner": OWNER, "app": APP}[role]
        return address(user, self.secrets[role], self.port, database)

    def prepare(self) -> bool:
        """Make the cluster where there is none; True when it did. Half-made ones are made again."""
        version = self.data / "PG_VERSION"
        if (self.data / "portal-complete").exists():
            self._same_version(version.read_text().strip())
            self._clear_stale_lock()
            return False
        shutil.rmtree(self.data, ignore_errors=True)
        self.home.give(self.data)
        password = self.home.data / ".postgres-password"
        password.touch(mode=0o600)
        password.write_text(self.secrets["postgres"])
        if self.home.demote:
            os.chown(password, process.NOBODY, process.NOBODY)
        options = ["-U", "postgres", "--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8"]
        options += ["--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions"]
        if self.careless:
            options.append("--no-sync")
        try:
            child = process.spawn(
                [self.home.postgres_bin / "initdb", "-D", self.data, *options],
                log=self.log,
                env=ENVIRONMENT,
                demote=self.home.demote,
                cwd=self.home.data,
            )
            if child.wait(120):
                raise StackError(f"PostgreSQL could not make its cluster:\n{process.tail(self.log)}")
        finally:
            password.unlink()
        return True

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server; it may not yet answer."""
        settings = [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=200",
            "timezone=UTC",
            "log_timezone=UTC",
        ]
        settings += CARELESS if self.careless else ()
        command = [str(self.home.postgres_bin / "postgres"), "-D", str(self.data), "-p", str(self.port)]
        for setting in settings:
            command += ["-c", setting]
        return process.spawn(
            command,
            log=self.log,
            env=ENVIRONMENT,
            death_signal=self.stop_signal,
            demote=self.home.demote,
            cwd=self.home.data,
        )

    def wait(self, child: subprocess.Popen[bytes], seconds: float = 60) -> None:
        """Return when the server answers; raises StackError when it ended or took too long (a recovery may take a while)."""
        until = time.monotonic() + seconds
        while True:
            try:
                self._connect("postgres").close()
            except psycopg.OperationalError as error:
                if child.poll() is not None or time.monotonic() > until:
                    raise StackError(
                        f"PostgreSQL did not start: {error}\n{process.tail(self.log)}"
                    ) from error
                time.sleep(0.05)
            else:
                return

    def furnish(self) -> None:
        """Roles, extensions, rights and the portal's database; safe to run again."""
        if (self.data / "portal-complete").exists():
            return
        with self._connect("postgres") as connection:
            for role, extra in ((OWNER, "CREATEDB"), (APP, "NOCREATEDB")):
                self._role(connection, role, extra)
            connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(APP), sql.Identifier(OWNER)))
        # Databases made later, those of tests among them, are copies of template1.
        self._grant("template1")
        with self._connect("postgres") as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(
                        sql.Identifier(DATABASE), sql.Identifier(OWNER)
                    )
                )
        self._grant(DATABASE)
        (self.data / "portal-complete").touch()

    def _role(self, connection: psycopg.Connection, role: str, extra: str) -> None:
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
        password = self.secrets["owner" if role == OWNER else "app"]
        connection.execute(
            sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE {} PASSWORD {}").format(
                sql.SQL("ALTER" if known else "CREATE"),
                sql.Identifier(role),
                sql.SQL(extra),
                sql.Literal(password),
            )
        )

    def _grant(self, database: str) -> None:
        names = {"app": sql.Identifier(APP), "owner": sql.Identifier(OWNER)}
        with self._connect(database) as connection:
            for extension in EXTENSIONS:
                connection.execute(
                    sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension))
                )
            connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {app}").format(**names))
            for right, kind in (
                ("SELECT, INSERT, UPDATE, DELETE", "TABLES"),
                ("USAGE", "SEQUENCES"),
                ("EXECUTE", "FUNCTIONS"),
            ):
                connection.execute(
                    sql.SQL(
                        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT {right} ON {kind} TO {app}"
                    ).format(right=sql.SQL(right), kind=sql.SQL(kind), **names)
                )

    def _connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(self.url("postgres", database), autocommit=True, connect_timeout=3)

    def _same_version(self, found: str) -> None:
        done = subprocess.run(
            [self.home.postgres_bin / "postgres", "--version"],
            capture_output=True,
            text=True,
            check=True,
            env=ENVIRONMENT,
        )
        major = done.stdout.split()[-1].partition(".")[0]
        if found != major:
            raise StackError(
                f"{self.data} was written by PostgreSQL {found}, and this portal brings {major}. "
                "Dump it with the older version of the portal and load it into a new folder."
            )

    def _clear_stale_lock(self) -> None:
        """Remove a killed server's lock file, or end the server that a killed supervisor left.

        PostgreSQL refuses to start while the number in the file belongs to any process of its user, even an unrelated one.
        """
        lock = self.data / "postmaster.pid"
        try:
            pid = int(lock.read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return
        line = process.command_line(pid)
        if line and Path(line[0]).name == "postgres" and str(self.data) in line:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
            if not process.wait_gone(pid, 20):
                raise StackError(f"Another PostgreSQL (process {pid}) still uses {self.data}.")
        lock.unlink(missing_ok=True)
