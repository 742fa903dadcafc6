"""How the delivery of reminders stands at an instant: for the operators' page and for metrics.

Counts and times alone: no person, no case.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import redis
from django.conf import settings
from django.db.models import Count, F, IntegerField, Min, Q
from django.db.models.functions import Extract, Floor

from portal import clock, scope
from portal.deadlines.models import Bounce, Deadline, Heartbeat, Message

State, Reason = Message.State, Message.Reason
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Given up before reasons were told apart, or by hand.
UNKNOWN = "unknown"
REASONS = (*Reason.values, UNKNOWN)
# How long the broker may take: the page comes without it, too.
BROKER_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Hour:
    """The mails sent after ``since`` until ``until``; a daily mail is one, whatever it lists."""

    since: datetime
    until: datetime
    sent: int


@dataclass(frozen=True, slots=True)
class Failures:
    """Of the messages whose last attempt failed for this reason: how many are tried again, how many were given up."""

    reason: str
    trying: int
    given_up: int


@dataclass(frozen=True, slots=True)
class Beat:
    """When a part was last heard, and how many seconds ago, both by the machine's clock; None where it never was."""

    name: str
    at: datetime | None
    age: float | None


@dataclass(frozen=True, slots=True)
class Depth:
    """How many tasks wait in a queue; None where the broker does not answer."""

    queue: str
    waiting: int | None


@dataclass(frozen=True, slots=True)
class Status:
    """How delivery stands at ``at``.

    ``lag``: seconds by which the oldest reminder is late that is due and was neither planned nor tried.
    ``states``: messages by state; those of sent, kept and dropped ones are of the last 24 hours, for they only ever grow.
    ``due``, ``later``: messages that wait and may be tried now, or not yet.
    ``hours``: the last 24 hours, the latest first, each ending at the minute and second of ``at``.
    """

    at: datetime
    lag: float
    states: dict[str, int]
    due: int
    later: int
    hours: tuple[Hour, ...]
    failures: tuple[Failures, ...]
    bouncing: int
    beats: tuple[Beat, ...]
    queues: tuple[Depth, ...]

    @property
    def sent_last_hour(self) -> int:
        return self.hours[0].sent


# Numbers alone: no row of a message leaves it.
@scope.lifted("deadlines")
def status(at: datetime) -> Status:
    """How delivery stands at ``at``; writes nothing. Six statements, whatever the number of messages, and one question to the
    broker.
    """
    waiting = _waiting(at)
    counts = _others(at)
    hours = _hours(at)
    states = dict.fromkeys(State.values, 0)
    for state, _, count in counts:
        states[state] += count
    states[State.WAITING] = sum(row["all"] for row in waiting)
    states[State.SENT] = sum(hour.sent for hour in hours)
    due = sum(row["due"] for row in waiting)
    return Status(
        at=at,
        lag=_lag(at, [row["first"] for row in waiting]),
        states=states,
        due=due,
        later=states[State.WAITING] - due,
        hours=hours,
        failures=_failures(waiting, counts),
        bouncing=Bounce.objects.holding().count(),
        beats=_beats(),
        queues=_queues(),
    )


def _waiting(at: datetime) -> list[dict]:
    found = Message.objects.filter(state=State.WAITING).order_by().values("reason")
    return list(
        found.annotate(
            all=Count("pk"),
            due=Count("pk", filter=Q(try_at__lte=at)),
            first=Min("try_at", filter=Q(try_at__lte=at)),
        )
    )


def _others(at: datetime) -> list[tuple[str, str, int]]:
    """(state, reason, how many) of what neither waits nor was sent."""
    ends = Q(state__in=(State.KEPT, State.DROPPED), created_at__gt=at - DAY, created_at__lte=at)
    found = Message.objects.filter(Q(state__in=(State.HELD, State.FAILED)) | ends).order_by()
    return list(found.values_list("state", "reason").annotate(count=Count("pk")))


def _hours(at: datetime) -> tuple[Hour, ...]:
    sent = Message.objects.filter(state=State.SENT, digest=None, sent_at__gt=at - DAY, sent_at__lte=at)
    age = Extract(at - F("sent_at"), "epoch") / 3600
    rows = sent.order_by().values_list(Floor(age, output_field=IntegerField())).annotate(count=Count("pk"))
    counts = {int(number): count for number, count in rows}
    return tuple(
        Hour(at - (number + 1) * HOUR, at - number * HOUR, counts.get(number, 0)) for number in range(24)
    )


def _lag(at: datetime, tries: list[datetime | None]) -> float:
    unplanned = Deadline.objects.still_open().filter(next_at__lte=at).aggregate(first=Min("next_at"))["first"]
    since = [moment for moment in (*tries, unplanned) if moment is not None]
    return (at - min(since)).total_seconds() if since else 0.0


def _failures(waiting: list[dict], counts: list[tuple[str, str, int]]) -> tuple[Failures, ...]:
    trying = {row["reason"]: row["all"] for row in waiting if row["reason"]}
    given_up = {reason or UNKNOWN: count for state, reason, count in counts if state == State.FAILED}
    return tuple(Failures(reason, trying.get(reason, 0), given_up.get(reason, 0)) for reason in REASONS)


def _beats() -> tuple[Beat, ...]:
    now = clock.machine()
    heard = dict(Heartbeat.objects.values_list("name", "at"))
    expected = ("tick", "worker", *(f"queue:{name}" for name in settings.PORTAL_QUEUES))
    return tuple(
        Beat(name, found, max((now - found).total_seconds(), 0.0))
        if (found := heard.get(name))
        else Beat(name, None, None)
        for name in (*expected, *sorted(set(heard) - set(expected)))
    )


def _queues() -> tuple[Depth, ...]:
    names = settings.PORTAL_QUEUES
    try:
        with redis.Redis.from_url(
            settings.CELERY_BROKER_URL,
            socket_connect_timeout=BROKER_SECONDS,
            socket_timeout=BROKER_SECONDS,
            retry=None,
        ) as client:
            pipeline = client.pipeline(transaction=False)
            for name in names:
                pipeline.llen(name)
            depths = pipeline.execute()
    except redis.RedisError:
        depths = [None] * len(names)
    return tuple(Depth(name, depth) for name, depth in zip(names, depths, strict=True))
