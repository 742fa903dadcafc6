"""The portal as ``./run`` brings it up, on a port and in a folder of its own, with real servers, worker and beat."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What the tests' own floor put into the environment; a stack that names no server starts its own.
FOREIGN = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "REDIS_URL",
    "EMAIL_URL",
    "STORAGE_URL",
    "DJANGO_SETTINGS_MODULE",
)


def wait_for(what: str, found: Callable[[], object], *, seconds: float = 90):
    """What ``found`` returns once it is something; fails, naming ``what``, when it stays nothing for too long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if answer := found():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"Waited {seconds:.0f} s in vain for {what}.")


class Stack:
    """One running portal. ``stop`` takes it down and returns the processes that outlived it."""

    def __init__(self, folder: Path):
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = folder.parent / "run.log"
        self.seen: set[int] = set()
        self.process: subprocess.Popen | None = None

    def start(self, **settings: str) -> None:
        """Up, with these settings besides those of its folder."""
        clean = {
            name: value
            for name, value in os.environ.items()
            if name not in FOREIGN and not name.startswith("PORTAL_")
        }
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, ROOT / "run", "--port", str(self.port), "--var", self.folder],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=clean | settings,
            )
        wait_for("the portal to be ready", self._ready, seconds=240)
        self.accounts = json.loads((self.folder / "demo.json").read_text())["accounts"]
        self.seen.update(self.pids().values())

    def _ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"./run ended with {self.process.returncode}:\n{self.log.read_text()}")
        try:
            with urllib.request.urlopen(f"{self.url}/health/ready", timeout=5):
                return (self.folder / "demo.json").exists()
        except (urllib.error.URLError, OSError):
            return False

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def pids(self) -> dict[str, int]:
        """The stack's processes by name; none once it is down."""
        try:
            return json.loads((self.folder / "pids.json").read_text())
        except FileNotFoundError:
            return {}

    def account(self, email: str) -> dict:
        return next(account for account in self.accounts if account["email"] == email)

    def manage(self, *arguments: str) -> str:
        """A management command on this stack, as an operator gives it."""
        environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        environment = {name: value for name, value in environment.items() if not name.startswith("PORTAL_")}
        done = subprocess.run(
            [ROOT / ".venv" / "bin" / "python", ROOT / "manage.py", *arguments],
            env=environment | {"PORTAL_VAR": str(self.folder)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, f"manage.py {' '.join(arguments)}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def mails(self) -> list[EmailMessage]:
        """Every mail that left the portal, in no order."""
        return [
            message_from_bytes(path.read_bytes(), policy=policy.default)
            for path in (self.folder / "mail").glob("*.eml")
        ]

    def stop(self) -> list[int]:
        """SIGTERM, once; the numbers of the processes that were the stack's and are there still."""
        self.seen.update(self.pids().values())
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=90)
        return sorted(number for number in self.seen if Path(f"/proc/{number}").exists())
