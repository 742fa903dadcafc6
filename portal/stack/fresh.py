"""Whether the slow parts of a start have anything to do: what they last worked from, compared with what is there now."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import psycopg

BASE = Path(__file__).resolve().parent.parent.parent
ROOMS = ("portal", "reviews", "partners")


def migrations_state(owner_url: str) -> str:
    """Names the migrations in the tree together with those the database says were applied.

    Both are in it, so that neither a newer tree nor a database put back from a copy passes for up to date.
    """
    files = [
        BASE / "requirements.txt",
        *(file for room in ROOMS for file in (BASE / room).rglob("migrations/*.py")),
    ]
    with psycopg.connect(owner_url, connect_timeout=5) as connection:
        known = connection.execute("SELECT to_regclass('django_migrations')").fetchone()
        if known is None or known[0] is None:
            return ""
        applied = connection.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
    return _digest(files, contents=True, also=repr(applied))


def static_state() -> str:
    """Names the static files that a collection would find, without reading them."""
    files = [BASE / "requirements.txt", *_below(BASE / "static"), *_below(BASE / "build" / "static")]
    for room in ROOMS:
        for folder in (BASE / room).rglob("static"):
            files += _below(folder)
    return _digest(files, contents=False)


def _below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _digest(files: Iterable[Path], *, contents: bool, also: str = "") -> str:
    digest = hashlib.sha256(also.encode())
    for file in sorted(files):
        about = file.stat()
        said = file.read_bytes() if contents else f"{about.st_size} {about.st_mtime_ns}".encode()
        digest.update(f"\0{file.relative_to(BASE)}\0".encode() + said)
    return digest.hexdigest()
