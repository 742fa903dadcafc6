"""What backup and restore ask of a database: its programs, and what can be counted in it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import psycopg
from psycopg import sql

from portal import particulars
from portal.stack.layout import StackError

BASE = Path(__file__).resolve().parent.parent.parent
APPLIED = "SELECT app, name FROM django_migrations ORDER BY app, name"
# Who may do what with tables, sequences, views and functions: as much a part of the database as its rows. Where nothing
# was granted or taken PostgreSQL may keep the rights that it gives by itself, or none: both are the same rights.
RIGHTS = """
    SELECT kind || ' ' || name, (SELECT array_agg(one::text ORDER BY one::text) FROM unnest(rights) AS one)::text FROM (
        SELECT 'relation' AS kind, relname::text AS name,
               coalesce(relacl, acldefault((CASE relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char", relowner)) AS rights
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
        UNION ALL
        SELECT 'function', p.oid::regprocedure::text,
               coalesce(proacl, acldefault('f', proowner))
        FROM pg_proc AS p WHERE pronamespace = 'public'::regnamespace
            AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
    ) AS found ORDER BY 1
"""
POLICIES = "SELECT tablename || ' ' || policyname, coalesce(qual, '') || coalesce(with_check, '') FROM pg_policies ORDER BY 1"


def run_program(program: Path, *arguments: str, url: str) -> str:
    """Run one of PostgreSQL's programs on a database; what it printed. No password is on the command line. Raises StackError."""
    parts = urlsplit(url)
    environment = {
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port or 5432),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path.lstrip("/")),
    } | {f"PG{name.upper()}": value for name, value in parse_qsl(parts.query) if name == "sslmode"}
    done = subprocess.run(
        [os.fspath(program), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise StackError(f"{program.name} failed: {done.stderr.strip()[-2000:]}")
    return done.stdout


def manage(folder: Path, *arguments: str, env: dict[str, str] | None = None) -> str:
    """Run one of ``manage.py``'s commands on the stack of a folder; what it printed. Raises StackError with what it said."""
    environment = dict(os.environ) | {"PORTAL_VAR": str(folder)} | (env or {})
    done = subprocess.run(
        [sys.executable, str(BASE / "manage.py"), *arguments],
        cwd=BASE,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StackError(f"manage.py {arguments[0]} says: {(done.stdout + done.stderr).strip()[-2000:]}")
    return done.stdout


def described(connection: psycopg.Connection) -> dict[str, Any]:
    """What must be the same after a restore: rows of each table that is backed up, migrations, rights and row-level policies."""
    tables = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1"
    ).fetchall()
    counts = {}
    for (table,) in tables:
        if table in particulars.LEFT_OUT:
            continue
        [row] = connection.execute(
            sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        ).fetchall()
        counts[table] = row[0]
    return {
        "rows": counts,
        "migrations": [list(row) for row in connection.execute(APPLIED).fetchall()],
        "rights": dict(connection.execute(RIGHTS).fetchall()),
        "policies": dict(connection.execute(POLICIES).fetchall()),
    }


def differences(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """In words, how a restored database is not the one that was backed up; empty when it is."""
    told = []
    for part in ("rows", "rights", "policies"):
        for name in sorted(wanted[part].keys() | found[part].keys()):
            before, now = wanted[part].get(name), found[part].get(name)
            if before != now:
                told.append(f"{part} of {name}: {before} were backed up, {now} are there")
    if wanted["migrations"] != found["migrations"]:
        told.append("the migrations that were applied are not the same")
    return told
