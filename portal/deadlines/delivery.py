"""Sending what waits in the outbox. A message is leased, looked at once more, sent, and marked, each in its own transaction."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import F

from portal import clock, programme
from portal.deadlines import digests, planning, preferences, registry, unsubscribing
from portal.deadlines.actions import LEASE
from portal.deadlines.models import Message
from portal.deadlines.preferences import Delivery
from portal.deadlines.querysets import DIGEST
from portal.programme.schema import offset_name

log = logging.getLogger(__name__)
BATCH = 100
GIVE_UP_AFTER = 12
OUTAGE_PAUSE = timedelta(seconds=20)
PUT_ASIDE = {Delivery.DAILY: Message.State.HELD, Delivery.OFF: Message.State.KEPT}


def deliver_due(*, batches: int = 50) -> int:
    """Send everything due now, in batches; returns how many were sent. Any number of workers may do so at once.

    Where no mail server answers, nothing counts as an attempt: the messages wait and the next run tries again.
    """
    sent = 0
    for _ in range(batches):
        found, messages = _claim(clock.now())
        if not found:
            break
        if not messages:
            continue
        try:
            mailer = get_connection()
            mailer.open()
        except Exception as error:
            log.warning("no mail server: %s", type(error).__name__)
            _give_back(messages, error)
            break
        with mailer:
            sent += _send_all(mailer, messages)
    return sent


def _give_back(messages: list[Message], error: Exception) -> None:
    Message.objects.filter(pk__in=[m.pk for m in messages], state=Message.State.WAITING).update(
        attempts=F("attempts") - 1,
        try_at=clock.now() + OUTAGE_PAUSE,
        failure=f"{type(error).__name__}: {error}"[:200],
    )


def _claim(at: datetime) -> tuple[int, list[Message]]:
    """Lease a batch: until the lease ends no other worker takes these, and if this one dies, another does.

    Returns how many were due, and those to be sent now: here it is decided, by what each person has chosen at this moment,
    which are held for the daily mail and which stay in the portal.
    """
    with transaction.atomic():
        found = Message.objects.filter(state=Message.State.WAITING, try_at__lte=at).order_by("try_at")
        found = found.select_related("recipient", "deadline")
        due = list(found.select_for_update(skip_locked=True, of=("self",))[:BATCH])
        chosen = preferences.decided(due)
        for delivery, state in PUT_ASIDE.items():
            aside = [message.pk for message in due if chosen[message.pk] == delivery]
            if aside:
                Message.objects.filter(pk__in=aside).update(state=state)
        leased = [message for message in due if chosen[message.pk] == Delivery.AT_ONCE]
        ids = [message.pk for message in leased]
        Message.objects.filter(pk__in=ids).update(try_at=at + LEASE, attempts=F("attempts") + 1)
    for message in leased:
        message.attempts += 1
    return len(due), sorted(leased, key=lambda message: message.created_at)


def _send_all(mailer, messages: list[Message]) -> int:
    at = clock.now()
    due = planning.still_due([m.pk for m in messages if m.deadline_id], at=at)
    news = [m.pk for m in messages if not m.deadline_id and m.kind != DIGEST and not registry.is_essential(m)]
    unknown = set(news) - planning.still_known(news, at=at)
    essential = [m.pk for m in messages if not m.deadline_id and registry.is_essential(m)]
    unknown |= set(essential) - planning.unhidden(essential)
    sent = 0
    for message in messages:
        if message.pk in unknown:
            # Written while the person might know, and access has ended since.
            _mark(message, state=Message.State.KEPT)
            continue
        if not message.recipient.is_active or not _stands(message, due, at):
            _mark(message, state=Message.State.DROPPED)
        elif _send(mailer, message):
            sent += 1
    return sent


def _stands(message: Message, due: set, at: datetime) -> bool:
    """Whether there is still something to tell."""
    if message.kind == DIGEST:
        return digests.settle(message, at=at)
    return not message.deadline_id or message.pk in due


def _send(mailer, message: Message) -> bool:
    try:
        mailer.send_messages([compose(message)])
    except Exception as error:
        log.warning("message %s was not sent: %s", message.pk, type(error).__name__)
        last = message.attempts >= GIVE_UP_AFTER
        _mark(
            message,
            state=Message.State.FAILED if last else Message.State.WAITING,
            failure=f"{type(error).__name__}: {error}"[:200],
            try_at=clock.now() + timedelta(seconds=min(3600, 5 * 2**message.attempts)),
        )
        return False
    _mark(message, state=Message.State.SENT, sent_at=clock.now(), failure="")
    return True


@transaction.atomic
def _mark(message: Message, **values) -> None:
    """Write down what became of a message; what a daily mail lists shares its fate, in one go."""
    marked = Message.objects.filter(pk=message.pk, state=Message.State.WAITING).update(**values)
    if marked and message.kind == DIGEST and values["state"] != Message.State.WAITING:
        message.listed.filter(state=Message.State.HELD).update(**values)


class UnfoldedMessage(EmailMessage):
    """Keeps each header on one line: the reminder's name is 77 characters, and programs that read it look at one line."""

    def message(self, *args, **kwargs):
        written = super().message(*args, **kwargs)
        written.policy = written.policy.clone(max_line_length=990)
        return written


def compose(message: Message) -> EmailMessage:
    """The mail of one message: a sentence of the programme's, the case number and a link; nothing of the lab's."""
    headers = {
        "Message-ID": f"<{message.pk}@{settings.PORTAL_MAIL_DOMAIN}>",
        "Auto-Submitted": "auto-generated",
    }
    if message.deadline_id:
        name = offset_name(message.offset)
        headers["X-Reminder"] = f"{message.deadline_id}/{message.recipient_id}/{name}"
    if message.kind == DIGEST:
        headers |= unsubscribing.headers(message.recipient)
    about = f"case {message.case_number}" if message.case_number else message.label
    subject = f"{programme.current().name}: {about}"
    return UnfoldedMessage(
        subject, _body(message), settings.DEFAULT_FROM_EMAIL, [message.recipient.email], headers=headers
    )


def _body(message: Message) -> str:
    kind = registry.NOTICES.get(message.kind)
    if kind is not None and kind.mail is not None:
        return kind.mail(message)
    body = f"{message.wording}\n\n"
    if message.case_number:
        body += f"Case {message.case_number}\n"
    body += f"{settings.PORTAL_BASE_URL}{message.link}\n\n"
    return body + "Sign in to see what this is about. This mail says nothing more on purpose.\n"
