"""The portal's own processes: web server, Celery worker and beat, as command lines."""

import socket
import sys
from collections.abc import Mapping
from pathlib import Path

# Gunicorn's heartbeat files must not wait for a disk.
WORKER_TEMPORARY = Path("/dev/shm")  # noqa: S108 # nosec B108
# The path without its query, which may hold what a person searched for.
ACCESS_FORMAT = '%(t)s %(h)s "%(m)s %(U)s" %(s)s %(B)s %(D)sus'
CELERY = ("celery", "--app", "portal")


def hosts(given: Mapping[str, str]) -> list[str]:
    """Where the web server listens; browsers try either family for localhost, and passkeys need that name."""
    if given.get("PORTAL_BIND"):
        return [given["PORTAL_BIND"]]
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return ["127.0.0.1"]
    return ["127.0.0.1", "::1"]


def commands(given: Mapping[str, str], port: int, folder: Path) -> dict[str, list[str]]:
    """Each process's name and command, in the order of their start."""
    binds = [part for host in hosts(given) for part in ("--bind", _bind(host, port))]
    web = ["gunicorn", "portal.wsgi", *binds, "--workers", given.get("PORTAL_WEB_WORKERS", "2")]
    web += ["--worker-class", "gthread", "--threads", given.get("PORTAL_WEB_THREADS", "4")]
    web += ["--timeout", "120", "--graceful-timeout", "10", "--no-control-socket"]
    # Loaded once and shared; each worker opens its own connections, on its first request.
    web += ["--preload"]
    web += ["--access-logfile", "-", "--access-logformat", ACCESS_FORMAT]
    web += ["--logger-class", "portal.access_log.AccessLogger"]
    if WORKER_TEMPORARY.is_dir():
        web += ["--worker-tmp-dir", str(WORKER_TEMPORARY)]
    worker = _worker("portal", given.get("PORTAL_WORKER_PROCESSES", "2"), "mail,celery")
    # What may take minutes has a process of its own, so that no reminder waits behind it.
    worker_slow = _worker("portal-slow", "1", "scans,exports")
    beat = [*CELERY, "beat", "--loglevel", "INFO", "--schedule", str(folder / "beat-schedule"), "--pidfile="]
    named = {"web": web, "worker": worker, "worker_slow": worker_slow, "beat": beat}
    return {name: [sys.executable, "-m", *command] for name, command in named.items()}


def _worker(name: str, processes: str, queues: str) -> list[str]:
    worker = [*CELERY, "worker", "--loglevel", "INFO", "--hostname", f"{name}@%h"]
    return [*worker, "--concurrency", processes, "--queues", queues, "--without-gossip", "--without-mingle"]


def _bind(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
