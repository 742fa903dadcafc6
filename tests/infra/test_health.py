"""Health asks for real, and says what is missing without saying why."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import DatabaseError, OperationalError

from portal import health
from portal.deadlines.models import Heartbeat


@pytest.fixture
def worker_heard(db):
    Heartbeat.objects.update_or_create(name="worker", defaults={"at": datetime.now(UTC)})


def test_live_asks_nothing(client):
    answer = client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_when_all_answer(client, worker_heard):
    answer = client.get("/health/ready")
    checks = {"database": "ok", "broker": "ok", "worker": "ok", "storage": "ok"}
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "checks": checks})


def test_a_silent_worker_is_not_ready(client, db):
    Heartbeat.objects.create(name="worker", at=datetime.now(UTC) - timedelta(seconds=61))
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {
        "database": "ok",
        "broker": "ok",
        "worker": "unavailable",
        "storage": "ok",
    }


def test_a_dead_broker_is_not_ready(client, worker_heard, settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["broker"] == "unavailable"


def test_a_storage_that_refuses_is_not_ready(client, worker_heard, settings, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    default = settings.STORAGES["default"] | {"OPTIONS": {"location": str(tmp_path / "file" / "inside")}}
    settings.STORAGES = settings.STORAGES | {"default": default}
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["storage"] == "unavailable"


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (caused(OperationalError(), psycopg.OperationalError("connection refused")), True),
        (caused(OperationalError(), psycopg.errors.AdminShutdown()), True),
        (caused(OperationalError(), psycopg.errors.TooManyConnections()), True),
        (caused(OperationalError(), psycopg.errors.QueryCanceled()), False),
        (caused(OperationalError(), psycopg.errors.DeadlockDetected()), False),
        (caused(DatabaseError(), psycopg.errors.CheckViolation()), False),
        (ValueError(), False),
        (None, False),
    ],
)
def test_what_counts_as_an_absent_database(error, away):
    assert health.database_is_away(error) is away
