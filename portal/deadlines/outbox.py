"""Leasing the messages that are due, and writing down what became of them."""

from datetime import datetime, timedelta
from time import monotonic

from django.conf import settings
from django.db.models import F

from portal import clock
from portal.deadlines import bouncing, pace, preferences
from portal.deadlines.failures import Failure, Reason
from portal.deadlines.models import Message
from portal.deadlines.preferences import Delivery
from portal.deadlines.querysets import DIGEST
from portal.scope import action

BATCH = 200
# With the waits between attempts, about a day.
GIVE_UP_AFTER = 30
OUTAGE_PAUSE = timedelta(seconds=20)
# Mails that were sent are written down together: so many, or all of so many seconds.
TOGETHER, SECONDS = 25, 0.1
State = Message.State
# Of the deadline only whether its reminders go at once is read: dates take long to read, and a batch has many.
_UNREAD = [
    f"deadline__{name}"
    for name in (
        "due_at",
        "fresh_from",
        "met_at",
        "cancelled_at",
        "next_at",
        "created_at",
        "subject_id",
        "link",
    )
]
PUT_ASIDE = {Delivery.DAILY: State.HELD, Delivery.OFF: State.KEPT}


def lease() -> timedelta:
    """How long a worker may hold a message before another takes it over."""
    return timedelta(seconds=settings.PORTAL_MAIL_LEASE_SECONDS)


@action
def claim(at: datetime) -> tuple[int, list[Message]]:
    """Lease a batch: until the lease ends no other worker takes these, and if this one dies, another does.

    Returns how many were due, and those to be sent now: here it is decided, by what each person has chosen at this moment,
    which are held for the daily mail, which stay in the portal, and which wait for a better hour.
    """
    found = Message.objects.filter(state=State.WAITING, try_at__lte=at).order_by("try_at")
    found = found.select_related("recipient", "deadline").defer(*_UNREAD)
    due = list(found.select_for_update(skip_locked=True, of=("self",))[:BATCH])
    if not due:
        return 0, []
    chosen = preferences.decided(due)
    for delivery, state in PUT_ASIDE.items():
        aside = [message.pk for message in due if chosen[message.pk] == delivery]
        if aside:
            Message.objects.filter(pk__in=aside).update(state=state)
    leaving = [message for message in due if chosen[message.pk] == Delivery.AT_ONCE]
    leaving = bouncing.reachable(leaving, at=at)
    waits = pace.postponed(leaving, at=at)
    for until in set(waits.values()):
        later = [pk for pk, moment in waits.items() if moment == until]
        Message.objects.filter(pk__in=later).update(try_at=until)
    leased = [message for message in leaving if message.pk not in waits]
    ids = [message.pk for message in leased]
    Message.objects.filter(pk__in=ids).update(try_at=at + lease(), attempts=F("attempts") + 1)
    for message in leased:
        message.attempts += 1
    return len(due), sorted(leased, key=lambda message: message.created_at)


def give_back(messages: list[Message], failure: Failure | None) -> None:
    """End the lease of messages that were not tried: the next run takes them, after a pause where no server takes mail."""
    values = {"attempts": F("attempts") - 1, "try_at": clock.now()}
    if failure is not None:
        values |= {
            "try_at": clock.now() + OUTAGE_PAUSE,
            "failure": failure.said,
            "reason": failure.reason,
        }
    ids = [message.pk for message in messages]
    Message.objects.filter(pk__in=ids, state=State.WAITING).update(**values)


class Marks:
    """What became of a batch. Used as a context: whatever happens in it, what was sent is written down at its end.

    A worker that is killed between a mail's acceptance and this writes it down never: the mail is sent once more, under the
    same ``Message-ID``. ``TOGETHER`` and ``SECONDS`` bound how many these can be.
    """

    def __init__(self) -> None:
        self._sent: list[Message] = []
        self._since = 0.0

    def __enter__(self) -> "Marks":
        return self

    def __exit__(self, *_: object) -> None:
        self.write()

    def sent(self, message: Message) -> None:
        self._since = self._since if self._sent else monotonic()
        self._sent.append(message)
        if len(self._sent) >= TOGETHER or monotonic() - self._since > SECONDS:
            self.write()

    def write(self) -> None:
        sent, self._sent = self._sent, []
        digests = [message for message in sent if message.kind == DIGEST]
        ids = [message.pk for message in sent if message.kind != DIGEST]
        values = {"state": State.SENT, "sent_at": clock.now(), "failure": "", "reason": ""}
        if ids:
            Message.objects.filter(pk__in=ids, state=State.WAITING).update(**values)
        for message in digests:
            _mark(message, **values)

    def put_aside(self, message: Message, state: State) -> None:
        _mark(message, state=state)

    def failed(self, message: Message, failure: Failure) -> None:
        """Try again later where that may help, but not for ever; else the message is given up, for people to look at."""
        at = clock.now()
        again = failure.again and message.attempts < GIVE_UP_AFTER
        values = {"failure": failure.said, "reason": failure.reason}
        if again:
            _mark(message, state=State.WAITING, try_at=pace.after_failure(message.attempts, at=at), **values)
            return
        _mark(message, state=State.FAILED, **values)
        if failure.reason == Reason.MAILBOX and not message.goes_to_another:
            bouncing.note(message, said=failure.said, at=at)


@action
def _mark(message: Message, **values) -> None:
    """Write down what became of a message; what a daily mail lists shares its fate, in one go."""
    marked = Message.objects.filter(pk=message.pk, state=State.WAITING).update(**values)
    if marked and message.kind == DIGEST and values["state"] != State.WAITING:
        message.listed.filter(state=State.HELD).update(**values)
