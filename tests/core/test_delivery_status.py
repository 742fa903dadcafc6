"""How delivery stands: the whole answer to a made situation, in as many statements for one message as for thirty."""

from datetime import timedelta
from itertools import count
from uuid import uuid4

import pytest
import redis
import time_machine
from django.conf import settings
from django.db import connection

from portal.deadlines.models import Bounce, Deadline, Heartbeat, Message
from portal.deadlines.status import Beat, Depth, Failures, Hour, Status, status
from tests import factories as make
from tests.api.calls import counted

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
NO_FAILURES = tuple(
    Failures(reason, 0, 0) for reason in ("outage", "later", "refused", "mailbox", "error", "unknown")
)
NEVER_HEARD = tuple(
    Beat(name, None, None)
    for name in ("tick", "worker", "queue:mail", "queue:scans", "queue:exports", "queue:celery")
)
_keys = count()


@pytest.fixture(autouse=True)
def broker():
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()
        yield client
        client.flushdb()


def message(person, state: str = "waiting", **fields) -> Message:
    values = {"created_at": NOW - HOUR, "try_at": NOW + HOUR, "kind": "submit", "link": "/"} | fields
    return Message.objects.create(recipient=person, key=f"{next(_keys)}", state=state, **values)


def deadline(next_at, **fields) -> Deadline:
    values = {"kind": "acknowledge", "subject_id": uuid4(), "due_at": NOW, "fresh_from": NOW - DAY}
    return Deadline.objects.create(next_at=next_at, **values | fields)


@time_machine.travel(NOW, tick=False)
def test_the_whole_of_a_situation(broker):
    person, other = make.person(), make.person()
    message(person, try_at=NOW - 3 * MINUTE)
    message(person, try_at=NOW, reason="later")
    message(person, reason="outage")
    message(person)
    for reason in ("refused", "refused", "mailbox", "error", ""):
        message(person, "failed", reason=reason, created_at=NOW - 9 * DAY)
    daily = message(person, "sent", kind="digest", sent_at=NOW - 90 * MINUTE)
    message(person, "sent", digest=daily, sent_at=NOW - 90 * MINUTE)
    for ago in (timedelta(0), HOUR - MINUTE, HOUR, 23 * HOUR + 59 * MINUTE, 24 * HOUR, -MINUTE):
        message(person, "sent", sent_at=NOW - ago)
    message(person, "held")
    for state in ("kept", "dropped"):
        message(person, state)
        message(person, state, created_at=NOW - 25 * HOUR)
    deadline(NOW - 5 * MINUTE)
    deadline(NOW - DAY, met_at=NOW)
    deadline(NOW + MINUTE)
    Bounce.objects.create(person=person, address=person.email, at=NOW, said="550")
    Bounce.objects.create(person=person, address="before@example.invalid", at=NOW, said="550")
    Bounce.objects.create(person=other, address=other.email, at=NOW, said="550", cleared_at=NOW)
    Heartbeat.objects.create(name="tick", at=NOW - 3 * MINUTE)
    Heartbeat.objects.create(name="queue:mail", at=NOW - timedelta(seconds=4))
    Heartbeat.objects.create(name="archive", at=NOW)
    broker.rpush("exports", "a", "b")

    sent = {0: 2, 1: 2, 23: 1}
    assert status(NOW) == Status(
        at=NOW,
        lag=300.0,
        states={"waiting": 4, "held": 1, "kept": 1, "sent": 5, "dropped": 1, "failed": 5},
        due=2,
        later=2,
        hours=tuple(Hour(NOW - (i + 1) * HOUR, NOW - i * HOUR, sent.get(i, 0)) for i in range(24)),
        failures=(
            Failures("outage", 1, 0),
            Failures("later", 1, 0),
            Failures("refused", 0, 2),
            Failures("mailbox", 0, 1),
            Failures("error", 0, 1),
            Failures("unknown", 0, 1),
        ),
        bouncing=1,
        beats=(
            Beat("tick", NOW - 3 * MINUTE, 180.0),
            NEVER_HEARD[1],
            Beat("queue:mail", NOW - timedelta(seconds=4), 4.0),
            *NEVER_HEARD[3:],
            Beat("archive", NOW, 0.0),
        ),
        queues=(Depth("mail", 0), Depth("scans", 0), Depth("exports", 2), Depth("celery", 0)),
    )


def test_nothing_at_all():
    assert status(NOW) == Status(
        at=NOW,
        lag=0.0,
        states=dict.fromkeys(("waiting", "held", "kept", "sent", "dropped", "failed"), 0),
        due=0,
        later=0,
        hours=tuple(Hour(NOW - (i + 1) * HOUR, NOW - i * HOUR, 0) for i in range(24)),
        failures=NO_FAILURES,
        bouncing=0,
        beats=NEVER_HEARD,
        queues=tuple(Depth(name, 0) for name in ("mail", "scans", "exports", "celery")),
    )


def test_the_lag_is_that_of_whatever_is_later():
    message(make.person(), try_at=NOW - 7 * MINUTE)
    deadline(NOW - 5 * MINUTE)
    assert status(NOW).lag == 420.0
    Message.objects.update(try_at=NOW + MINUTE)
    assert status(NOW).lag == 300.0


def test_a_broker_that_does_not_answer_is_unknown_and_the_rest_is_told(settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    message(make.person())
    found = status(NOW)
    assert {depth.waiting for depth in found.queues} == {None}
    assert found.later == 1


def test_a_clock_moved_in_a_demonstration_makes_no_part_silent():
    with time_machine.travel(NOW, tick=False):
        Heartbeat.objects.create(name="tick", at=NOW)
        assert status(NOW + 30 * DAY).beats[0] == Beat("tick", NOW, 0.0)


@pytest.mark.parametrize("rows", [1, 30])
def test_it_costs_six_statements(rows):
    person = make.person()
    for number in range(rows):
        for state in Message.State.values:
            message(
                person, state, sent_at=NOW - number * MINUTE if state == "sent" else None, reason="refused"
            )
        deadline(NOW - number * MINUTE)
        somebody = make.person()
        Bounce.objects.create(person=somebody, address=somebody.email, at=NOW, said="550")
        Heartbeat.objects.create(name=f"part {number}", at=NOW)
    with counted(6):
        found = status(NOW)
    assert (found.states["sent"], found.bouncing) == (rows, rows)


def test_what_was_sent_is_read_by_an_index():
    """Of a million messages those of a day: PostgreSQL takes the partial index where nothing keeps it from any."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT count(*) FROM deadlines_message WHERE state = 'sent' AND digest_id IS NULL AND sent_at > %s",
            [NOW - DAY],
        )
        assert "message_sent" in " ".join(row[0] for row in cursor.fetchall())
