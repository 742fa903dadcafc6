"""The portal as the benchmarks run it: a database of its own, and gunicorn with 2 workers of 4 threads."""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from portal.stack.layout import Layout
from portal.stack.servers import Servers

ROOT = Path(__file__).resolve().parent.parent
WORKERS, CONNECTIONS = 2, 4


@contextmanager
def servers() -> Iterator[tuple[dict, Path]]:
    """A PostgreSQL and a Valkey of their own while the block runs: how they are reached, and their folder."""
    with tempfile.TemporaryDirectory(prefix="portal-bench-", dir=os.environ.get("PORTAL_BENCH_DIR")) as name:
        running = Servers(Layout(Path(name)), environment={})
        running.start()
        try:
            yield running.stack, Path(name)
        finally:
            running.stop()


def environment_of(stack: dict, size: int | str, folder: Path) -> dict[str, str]:
    def named(url):
        return urlunsplit(urlsplit(url)._replace(path=f"/bench_{size}"))

    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "bench.settings",
        "PORTAL_VAR": str(folder),
        "PORTAL_DEMO": "1",
        "PORTAL_CLOCK_MOVABLE": "0",
        "DATABASE_URL": named(stack["database"]["app_url"]),
        "DATABASE_OWNER_URL": named(stack["database"]["owner_url"]),
        "REDIS_URL": stack["redis_url"],
        "PORTAL_DB_POOL": "1",
        "PYTHONPATH": str(ROOT),
    }


def make_database(stack: dict, name: int | str, environment: dict, code: str, *arguments: str) -> dict:
    """A migrated database of its own; what ``code``, run by the owner, prints last as JSON."""
    with psycopg.connect(stack["database"]["owner_url"], autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE bench_{name}")
    for command in (["migrate", "-v0"], ["collectstatic", "--noinput", "-v0"]):
        subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True)
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env=environment | {"PORTAL_DB_ROLE": "owner"},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


@contextmanager
def web_server(port: int, environment: dict, *options: str) -> Iterator[subprocess.Popen]:
    """gunicorn on a port of the loopback interface, answering when the block begins and ended with it."""
    command = [sys.executable, "-m", "gunicorn", "portal.wsgi", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", str(WORKERS), "--worker-class", "gthread", "--threads", str(CONNECTIONS)]
    command += ["--no-control-socket", "--log-level", "warning", *options]
    web = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment | {"PORTAL_BASE_URL": f"http://localhost:{port}"},
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port)
        yield web
    finally:
        web.terminate()
        web.wait(30)


def _wait(port: int) -> None:
    for _ in range(200):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health/live", headers={"Host": f"localhost:{port}"})
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The web server did not start.")
