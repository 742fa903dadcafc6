"""A queue per kind of work: which task goes where, who serves it, and that a long one delays no reminder."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from portal.celery import app
from portal.deadlines.models import Heartbeat, Message
from portal.stack import programs
from portal.tasks import task
from tests import factories as make
from tests.infra.long_work import BEGUN, GO_ON, long_work

ROOT = Path(__file__).resolve().parents[2]
QUEUES = {
    "partners.tasks.follow_findings": "celery",
    "partners.tasks.record_clock": "celery",
    "portal.deadlines.tasks.deliver": "mail",
    "portal.deadlines.tasks.digest": "mail",
    "portal.deadlines.tasks.heartbeat": "mail",
    "portal.deadlines.tasks.pulse": "celery",
    "portal.deadlines.tasks.settle": "mail",
    "portal.deadlines.tasks.tick": "mail",
    "portal.ledger.tasks.seal": "celery",
    "portal.submissions.tasks.note_readings": "celery",
    "portal.submissions.tasks.record_clock": "celery",
    "portal.submissions.tasks.remove_disposed": "exports",
    "portal.submissions.tasks.remove_orphans": "exports",
    "portal.submissions.tasks.scan_waiting": "scans",
    "reviews.tasks.record_clock": "celery",
}


def test_each_task_has_its_queue():
    app.loader.import_default_modules()
    found = {name: one.queue for name, one in app.tasks.items() if not name.startswith(("celery.", "tests."))}
    assert found == QUEUES


def test_run_serves_each_queue_and_a_worker_that_is_told_none_serves_all(tmp_path):
    commands = programs.commands({}, 8000, tmp_path)
    served = {
        name: command[command.index("--queues") + 1]
        for name, command in commands.items()
        if "--queues" in command
    }
    assert served == {"worker": "mail,celery", "worker_slow": "scans,exports"}
    assert set(",".join(served.values()).split(",")) == set(settings.PORTAL_QUEUES)
    assert set(app.amqp.Queues(settings.CELERY_TASK_QUEUES).consume_from) == set(settings.PORTAL_QUEUES)


def test_beat_sends_a_pulse_into_each_queue():
    pulses = [one for one in settings.CELERY_BEAT_SCHEDULE.values() if one["task"].endswith(".pulse")]
    assert {one["options"]["queue"]: one["args"] for one in pulses} == {
        name: [name] for name in settings.PORTAL_QUEUES
    }


def test_a_queue_that_nobody_serves_is_refused():
    with pytest.raises(ImproperlyConfigured, match="no worker serves a queue 'mails'"):
        task(name="tests.lost", sees=(), queue="mails")


@contextmanager
def worker(folder: Path, *arguments: str):
    """A real worker of this test's broker and database."""
    command = [sys.executable, "-m", "celery", "--app", "portal", "worker", "--concurrency", "1"]
    command += ["--without-gossip", "--without-mingle", *arguments]
    log = (folder / f"worker{time.monotonic_ns()}.log").open("w+")
    child = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"PORTAL_MAIL_DIR": str(folder / "mail")},
        stdout=log,
        stderr=log,
    )
    try:
        yield child
    finally:
        child.terminate()
        child.wait(60)
        log.close()


def until(holds, seconds: float):
    limit = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.05)


def heard() -> set[str]:
    return set(Heartbeat.objects.values_list("name", flat=True))


@pytest.fixture
def broker():
    with redis.Redis.from_url(settings.REDIS_URL, decode_responses=True) as client:
        client.flushdb()
        yield client
        client.flushdb()


@pytest.mark.slow
@pytest.mark.committed_db
def test_a_long_export_delays_no_reminder(broker, tmp_path):
    make.Case(make.submitted)
    with (
        worker(tmp_path, "--hostname", "mail@%h", "--queues", "mail,celery"),
        worker(
            tmp_path,
            "--hostname",
            "slow@%h",
            "--queues",
            "scans,exports",
            "--include",
            "tests.infra.long_work",
        ),
    ):
        # Each worker says of itself, as it starts, which queues it serves.
        until(lambda: heard() == {"worker", "queue:mail", "queue:celery", "queue:scans", "queue:exports"}, 60)
        for _ in range(2):
            long_work.apply_async()
        assert broker.blpop(BEGUN, timeout=30)
        started = time.monotonic()
        app.send_task("portal.deadlines.tasks.tick", queue="mail")
        until(lambda: "tick" in heard(), 10)
        app.send_task("portal.deadlines.tasks.deliver", queue="mail")
        until(lambda: not Message.objects.filter(state=Message.State.WAITING).exists(), 10)
        reminders = Message.objects.filter(deadline__isnull=False)
        assert set(reminders.values_list("state", flat=True)) == {"sent"}
        assert time.monotonic() - started < 10
        # All the while one long work ran and the other waited behind it.
        assert (broker.llen("exports"), broker.llen(BEGUN)) == (1, 0)
        broker.rpush(GO_ON, "yes", "yes")
        assert broker.blpop(BEGUN, timeout=30)


@pytest.mark.slow
@pytest.mark.committed_db
def test_one_worker_started_by_hand_serves_all_queues(broker, tmp_path):
    with worker(tmp_path):
        until(lambda: heard() == {"worker", "queue:mail", "queue:celery", "queue:scans", "queue:exports"}, 60)
