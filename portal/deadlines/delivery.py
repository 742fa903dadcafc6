"""Sending what waits in the outbox. A message is leased, looked at once more, sent, and marked, each in its own transaction."""

import logging
from time import monotonic

from portal import clock, work
from portal.deadlines import digests, failures, letters, outbox, planning, registry
from portal.deadlines.models import Message
from portal.deadlines.post import Post
from portal.deadlines.querysets import DIGEST

log = logging.getLogger(__name__)
State = Message.State
# Broken connections in a row, each on another message, after which it is the server and not the messages.
BROKEN = 3
# A message that was looked at longer ago than this many seconds is looked at again before it is sent.
LOOK_AGAIN = 5


def deliver_due(*, batches: int = 50) -> int:
    """Send everything due now, in batches; returns how many were sent. Any number of workers may do so at once.

    Where no mail server takes anything, nothing counts as an attempt: the messages wait and the next run tries again.
    """
    sent = 0
    with Post() as post:
        for _ in range(batches):
            # A batch is a piece of work: the settings that hold are read once in it.
            with work.piece():
                found, messages = outbox.claim(clock.now())
                run = Run(post, messages)
                if messages:
                    run.go()
            sent += run.sent
            if not found or run.stopped:
                break
    return sent


class Run:
    """One batch on its way."""

    def __init__(self, post: Post, messages: list[Message]):
        self.post = post
        self.left = list(messages)
        self.sent = 0
        self.broken = 0
        self.stopped: failures.Failure | None = None
        # Well before the lease ends, so that nobody else has begun with what is still sent here.
        self.until = monotonic() + outbox.lease().total_seconds() / 4

    def go(self) -> None:
        with outbox.Marks() as marks:
            try:
                self.post.open()
            except failures.NoServerError as error:
                self._stop(failures.of(error))
            while self.left and not self.stopped and monotonic() < self.until:
                self._part(marks)
        if self.left:
            outbox.give_back(self.left, self.stopped)

    def _part(self, marks: "outbox.Marks") -> None:
        looked, look = monotonic(), Look(self.left)
        for message in list(self.left):
            if self.stopped or monotonic() > min(self.until, looked + LOOK_AGAIN):
                return
            self.left.pop(0)
            self._one(message, look, marks)

    def _one(self, message: Message, look: "Look", marks: "outbox.Marks") -> None:
        try:
            fate = look.fate(message)
            if fate is not None:
                marks.put_aside(message, fate)
                return
            self.post.send(_written(message))
        except Exception as error:
            self._failed(message, failures.of(error), marks)
            return
        self.sent, self.broken = self.sent + 1, 0
        marks.sent(message)

    def _failed(self, message: Message, failure: failures.Failure, marks: "outbox.Marks") -> None:
        log.warning("message %s was not sent: %s", message.pk, failure.reason)
        if failure.stops:
            self.left.insert(0, message)
            self._stop(failure)
            return
        marks.failed(message, failure)
        self.broken = self.broken + 1 if failure.reason == Message.Reason.OUTAGE else 0
        if self.broken == BROKEN:
            self._stop(failure)

    def _stop(self, failure: failures.Failure) -> None:
        log.warning("no mail server: %s", failure.said)
        self.stopped = failure


def _written(message: Message) -> letters.Letter:
    try:
        return letters.compose(message)
    except Exception as error:
        raise failures.NotWrittenError(type(error).__name__) from error


class Look:
    """Whether messages are still to be sent, by what holds at this instant; a fixed number of statements for all of them."""

    def __init__(self, messages: list[Message]):
        self.at = clock.now()
        reminders = [m.pk for m in messages if m.deadline_id]
        self.due = planning.still_due(reminders, at=self.at) if reminders else set()
        news = [m for m in messages if not m.deadline_id and m.kind != DIGEST]
        asked = [m.pk for m in news if not registry.is_essential(m)]
        essential = [m.pk for m in news if registry.is_essential(m)]
        known = planning.still_known(asked, at=self.at) if asked else set()
        self.unknown = {*asked, *essential} - known - planning.unhidden(essential)

    def fate(self, message: Message) -> State | None:
        """What becomes of a message that is not to be sent; None where it is."""
        if message.pk in self.unknown:
            # Written while the person might know, and access has ended since.
            return State.KEPT
        if not message.recipient.is_active or not self._stands(message):
            return State.DROPPED
        return None

    def _stands(self, message: Message) -> bool:
        """Whether there is still something to tell."""
        if message.kind == DIGEST:
            return digests.settle(message, at=self.at)
        if message.goes_to_another:
            return bool(message.address)
        return not message.deadline_id or message.pk in self.due
