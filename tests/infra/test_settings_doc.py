"""docs/settings.md names every variable that the code reads, and no other."""

import re
from pathlib import Path

import psycopg
import pytest

from portal.stack import postgres
from portal.stack.home import find
from portal.stack.layout import Layout, free_port, new_secrets

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "settings.md").read_text()
VARIABLE = r"(?:PORTAL_[A-Z_]+[A-Z]|[A-Z_]+_URL)"
# Between the tests' own processes.
PRIVATE = {"PORTAL_TEST_MAINTENANCE_URL", "PORTAL_TEST_RUN"}
SOURCES = [
    "portal/settings.py",
    "portal/config.py",
    "portal/operating/keys.py",
    "tests/floor.py",
    "manage.py",
]


def read_by_code() -> set[str]:
    files = [ROOT / source for source in SOURCES] + sorted((ROOT / "portal" / "stack").glob("*.py"))
    return (
        {name for file in files for name in re.findall(rf'"({VARIABLE})"', file.read_text())}
        - PRIVATE
        - {"STATIC_URL"}
    )


def test_every_variable_is_described_and_every_description_is_of_one():
    described = set(re.findall(rf"`({VARIABLE})`", "\n".join(re.findall(r"^\| .*$", TEXT, re.MULTILINE))))
    assert described == read_by_code()


@pytest.mark.slow
def test_the_described_roles_are_the_embedded_ones(open_folder):
    """The SQL of the page, run on a bare cluster, gives the same roles, rights and extensions as the embedded one has."""
    layout = Layout(open_folder / "bare")
    server = postgres.Postgres(
        find(layout), new_secrets(), free_port(None), layout.logs / "log", careless=True
    )
    server.prepare()
    child = server.start()
    try:
        server.wait(child)
        with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE portal")
            connection.execute("CREATE DATABASE embedded")
        with psycopg.connect(server.url("postgres", "portal"), autocommit=True) as connection:
            for statement in re.search(r"```sql\n(.*?)```", TEXT, re.DOTALL)[1].split(";\n"):
                connection.execute(statement or "SELECT 1")
        by_hand = rights(server, "portal")
        server.furnish()
        assert by_hand == rights(server, "template1")
        assert by_hand["roles"] == [
            ("portal_app", False, False, False),
            ("portal_owner", False, False, False),
        ]
    finally:
        postgres.process.end(child, server.stop_signal, 20)


def rights(server: postgres.Postgres, database: str) -> dict[str, list]:
    asked = {
        "roles": "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname LIKE 'portal%' ORDER BY 1",
        "members": "SELECT roleid::regrole::text, member::regrole::text FROM pg_auth_members "
        "WHERE roleid::regrole::text LIKE 'portal%' ORDER BY 1",
        "extensions": "SELECT extname FROM pg_extension ORDER BY 1",
        "defaults": "SELECT defaclobjtype::text, defaclacl::text FROM pg_default_acl ORDER BY 1",
        "schema": "SELECT has_schema_privilege('portal_app', 'public', 'USAGE'), "
        "has_schema_privilege('portal_app', 'public', 'CREATE')",
    }
    with psycopg.connect(server.url("postgres", database)) as connection:
        return {name: connection.execute(query).fetchall() for name, query in asked.items()}
