"""``./run`` for real: it comes up, heals, keeps its data, and goes without a trace."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


class Running:
    """One ``./run`` without the demonstration, in a folder of its own."""

    def __init__(self, folder: Path, **extra: str):
        self.folder = folder
        self.extra = extra
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def start(self) -> None:
        kept = {
            name: os.environ[name] for name in os.environ if not name.startswith(("PORTAL_", "DATABASE_"))
        }
        kept = {name: kept[name] for name in kept if name not in {"REDIS_URL", "DJANGO_SETTINGS_MODULE"}}
        self.output = (self.folder.parent / "run.out").open("w")
        self.process = subprocess.Popen(
            [sys.executable, ROOT / "run", "--port", str(self.port), "--var", self.folder],
            env=kept | {"PORTAL_DEMO": "0", "PORTAL_TICK_SECONDS": "1"} | self.extra,
            stdout=self.output,
            stderr=subprocess.STDOUT,
        )
        self.wait(lambda: self.ready() and "Ctrl-C" in self.said(), 120)

    def said(self) -> str:
        return (self.folder.parent / "run.out").read_text()

    def wait(self, holds, seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while not holds():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < until, self.said()
            time.sleep(0.1)

    def status(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://localhost:{self.port}{path}", timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def ready(self) -> bool:
        return self.status("/health/ready") == 200

    def numbers(self) -> dict[str, int]:
        return json.loads((self.folder / "pids.json").read_text())

    def descendants(self) -> set[int]:
        """Every process that belongs to this stack, by its environment or its command line."""
        found = set()
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if not entry.name.isdigit():
                    continue
                about = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
                about += os.fsencode((entry / "cwd").readlink())
                if os.fsencode(self.folder) in about:
                    found.add(int(entry.name))
        return found - {os.getpid()}

    def gone(self, seconds: float = 20) -> set[int]:
        until = time.monotonic() + seconds
        while self.descendants() and time.monotonic() < until:
            time.sleep(0.1)
        return self.descendants()

    def manage(self, code: str) -> str:
        """What a line of code prints in the stack's shell, as an operator would run it."""
        command = [sys.executable, ROOT / "manage.py", "shell", "--no-imports", "-c", code]
        environment = {"PATH": os.environ["PATH"], "PORTAL_VAR": str(self.folder)}
        done = subprocess.run(
            command, env=environment, check=True, capture_output=True, text=True, timeout=120
        )
        return done.stdout.strip()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.output.close()


CONTENT_TYPES = "from django.contrib.contenttypes.models import ContentType as C;"


def test_the_life_of_a_stack(open_folder):
    """One stack through all of it, since each start costs what all tests of a page together cost."""
    running = Running(open_folder / "var")
    running.start()
    try:
        refuses_a_second_master_and_a_taken_port(running)
        starts_again_what_dies(running)
        running.manage(f"{CONTENT_TYPES} C.objects.create(app_label='trial', model='kept')")
        sends_one_daily_mail(running)
        ends_with_its_supervisor_and_finds_its_data_again(running)
        assert running.manage(f"{CONTENT_TYPES} print(C.objects.filter(app_label='trial').count())") == "1"
    finally:
        running.stop()
    assert "Stopping" in running.said()
    assert running.descendants() == set()
    assert not (running.folder / "pids.json").exists()


def refuses_a_second_master_and_a_taken_port(running: Running) -> None:
    command = [sys.executable, ROOT / "run", "--port", str(running.port), "--var"]
    for folder, words in ((running.folder, "runs already"), (running.folder.parent / "other", "is in use")):
        done = subprocess.run([*command, folder], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 1
        assert words in done.stderr
        assert "Traceback" not in done.stderr
    assert running.ready()


def starts_again_what_dies(running: Running) -> None:
    before = running.numbers()
    assert list(before) == ["postgres", "valkey", "web", "worker", "worker_slow", "beat"]
    for number in before.values():
        os.kill(number, signal.SIGKILL)
    running.wait(lambda: before.keys() == running.numbers().keys())
    running.wait(lambda: not set(before.values()) & set(running.numbers().values()))
    running.wait(running.ready)


HELD = """
import time
from uuid import uuid4
from django.utils import timezone
from portal.accounts.models import Membership, Organisation, User
from portal import scope
from portal.celery import app
from portal.deadlines import actions
from portal.deadlines.models import Message
scope.outside = scope.Scope(None, scope.EVERYTHING)
ada = User.objects.create_user("ada@example.invalid", name="Ada")
lab = Organisation.objects.create(kind="lab", name="Ada's lab (invented)", short_name="Ada")
Membership.objects.create(user=ada, organisation=lab, role="viewer")
actions.choose_delivery(actor=ada, deliveries={"steps": "daily"})
at = timezone.now() - timezone.timedelta(days=2)
for number in ("FM-ABCD-0001", "FM-ABCD-0002"):
    actions.tell(recipients=[ada.pk], kind="submit", case_id=None, case_number=number, about=uuid4(), at=at)
while Message.objects.exclude(state="held").exists():
    time.sleep(0.1)
for _ in range(3):
    app.send_task("portal.deadlines.tasks.digest")
"""


def sends_one_daily_mail(running: Running) -> None:
    """The worker holds what is due for a person who chose so, and sends it as one mail however often it is asked to."""
    running.manage(HELD)
    mails = running.folder / "mail"
    running.wait(lambda: list(mails.glob("*.eml")))
    sent = "from portal import scope; scope.outside = scope.Scope(None, 'all')\n"
    sent += (
        "from portal.deadlines.models import Message; print(Message.objects.exclude(state='sent').count())"
    )
    running.wait(lambda: running.manage(sent) == "0")
    [mail] = [path.read_text() for path in mails.glob("*.eml")]
    assert sorted(line for line in mail.splitlines() if line.startswith("Case ")) == [
        "Case FM-ABCD-0001",
        "Case FM-ABCD-0002",
    ]
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in mail


def ends_with_its_supervisor_and_finds_its_data_again(running: Running) -> None:
    stack = (running.folder / "stack.json").read_text()
    running.process.kill()
    running.process.wait()
    running.output.close()
    assert running.gone() == set()
    running.start()
    assert json.loads((running.folder / "stack.json").read_text()) == json.loads(stack)


def test_a_dead_broker_fails_no_page_and_a_dead_database_answers_503(open_folder):
    """With servers that somebody else keeps, so that they stay dead; they are left out of pids.json."""
    from portal.stack.layout import Layout
    from portal.stack.servers import Servers

    servers = Servers(Layout(open_folder / "servers"), environment={}, careless=True)
    servers.start()
    addresses = {
        "DATABASE_URL": servers.stack["database"]["app_url"],
        "DATABASE_OWNER_URL": servers.stack["database"]["owner_url"],
        "REDIS_URL": servers.stack["redis_url"],
    }
    stack = Running(open_folder / "var", **addresses)
    try:
        stack.start()
        assert list(stack.numbers()) == ["web", "worker", "worker_slow", "beat"]
        servers.children["valkey"].kill()
        assert stack.status("/account/login/") == 200
        assert stack.status("/health/ready") == 503
        servers.children["postgres"].kill()
        servers.children["postgres"].wait()
        assert [stack.status(path) for path in ("/account/login/", "/health/ready", "/health/live")] == [
            503,
            503,
            200,
        ]
    finally:
        stack.stop()
        servers.stop()
