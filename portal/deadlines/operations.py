"""The operators' page of the workbench: how the delivery of mail stands, in words and one picture."""

from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal import clock
from portal.deadlines.actions import may_requeue
from portal.deadlines.models import Message
from portal.deadlines.status import UNKNOWN, Beat, Failures, Hour, Status, status

TITLE = "Delivery of mail"
# A part that is heard every few seconds and has not been for this many is silent.
SILENT_AFTER = 60
# From this on somebody waits who should have been told.
LATE_AFTER = 300
PARTS = {
    "tick": "Reminders are planned",
    "worker": "A worker takes mail",
    "queue:mail": "Queue for mail is served",
    "queue:scans": "Queue for malware scans is served",
    "queue:exports": "Queue for long work is served",
    "queue:celery": "Queue for the clock and seals is served",
}
QUEUES = {
    "mail": ("Mail", "Planning reminders, sending messages"),
    "scans": ("Scans", "Asking the malware scanner about files"),
    "exports": ("Long work", "Removing stored files, and what else takes minutes"),
    "celery": ("The rest", "What the clock did, seals"),
}
# In pixels: the picture's height to its foot, and what the tallest bar takes of it.
FOOT, TALLEST = 128, 104


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour in the picture: ``x`` and ``width`` in percent of it, ``y`` and ``height`` in pixels."""

    x: float
    width: float
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: a name, what it says, and whether somebody should look."""

    name: str
    said: str
    is_bad: bool
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why messages failed, and where the outbox lists them."""

    label: str
    trying: int
    trying_url: str
    given_up: int
    given_up_url: str


def may_read(user) -> bool:
    """Those who look after the outbox."""
    return may_requeue(user)


@require_safe
def page(request: HttpRequest, context: dict) -> HttpResponse:
    if not may_read(request.user):
        raise Http404
    found = status(clock.now())
    outbox = reverse("admin:deadlines_message_changelist")
    context = context | {
        "title": TITLE,
        "status": found,
        "lag": span(found.lag),
        "is_late": found.lag > LATE_AFTER,
        "failed": found.states[Message.State.FAILED],
        "outbox": outbox,
        "bounces": reverse("admin:deadlines_bounce_changelist") + "?mailbox=holds",
        "bars": bars(found.hours),
        "most": max(hour.sent for hour in found.hours),
        "sent_today": found.states[Message.State.SENT],
        "reasons": [reason_row(row, outbox) for row in found.failures if row.trying or row.given_up],
        "parts": [beat_row(beat) for beat in found.beats],
        "queues": queue_rows(found),
        "foot": FOOT,
    }
    return TemplateResponse(request, "admin/operations.html", context)


def span(seconds: float) -> str:
    """A time in its largest whole unit: ``12 seconds``, ``3 minutes``, ``2 hours``, ``5 days``."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return _counted(int(seconds // length), unit)
    return _counted(int(seconds), "second")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def bars(hours: tuple[Hour, ...]) -> list[Bar]:
    """The hours from left to right, the latest last, each as tall as its share of the busiest."""
    most = max(hour.sent for hour in hours) or 1
    step = 100 / len(hours)
    drawn = []
    for number, hour in enumerate(reversed(hours)):
        # What was sent is seen, however little it was.
        height = max(round(TALLEST * hour.sent / most), 2) if hour.sent else 0
        drawn.append(Bar(round(step * (number + 0.1), 2), round(step * 0.8, 2), FOOT - height, height))
    return drawn


def beat_row(beat: Beat) -> Row:
    """``running``, ``silent for 3 minutes`` or ``never heard``."""
    name = PARTS.get(beat.name, beat.name)
    if beat.age is None:
        return Row(name, "never heard", is_bad=True)
    if beat.age > SILENT_AFTER:
        return Row(name, f"silent for {span(beat.age)}", is_bad=True, at=beat.at)
    return Row(name, "running", is_bad=False, at=beat.at)


def reason_row(row: Failures, outbox: str) -> Reason:
    label = "Not told apart" if row.reason == UNKNOWN else str(Message.Reason(row.reason).label)
    return Reason(
        label,
        row.trying,
        f"{outbox}?delivery=trying&reason={row.reason}",
        row.given_up,
        f"{outbox}?delivery=failed&reason={row.reason}",
    )


def queue_rows(found: Status) -> list[tuple[str, str, str, bool]]:
    """(name, what it is for, how many tasks wait, whether that is unknown)."""
    rows = []
    for depth in found.queues:
        name, purpose = QUEUES[depth.queue]
        waiting = "unknown" if depth.waiting is None else str(depth.waiting)
        rows.append((name, purpose, waiting, depth.waiting is None))
    return rows
