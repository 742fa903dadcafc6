"""The daily mail: one a person and day, for those who chose it; at 8:00 in the programme's zone, of what was held until then.

It is a message in the outbox like any other, so it is leased, tried again and given up like one, and its ``Message-ID`` is
that of one row a person and day. What it lists is fixed when it is made, and looked at once more when it is sent.
"""

from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse

from portal import clock
from portal.deadlines import planning, preferences
from portal.deadlines.models import Message
from portal.deadlines.querysets import DIGEST
from portal.deadlines.registry import Group, NoticeKind, register
from portal.scope import action

HOUR = 8
# A mail lists no more than this; the notices page has them all.
LISTED = 200
State = Message.State

_MAKE = """
    WITH held AS (
        SELECT id, recipient_id FROM deadlines_message
        WHERE state = 'held' AND digest_id IS NULL AND created_at < %(until)s
        ORDER BY id FOR UPDATE
    ),
    made AS (
        INSERT INTO deadlines_message (id, recipient_id, key, kind, case_number, link, created_at,
                                       state, try_at, attempts, failure)
        SELECT gen_random_uuid(), recipient_id, %(key)s, %(kind)s, '', %(link)s, %(at)s, 'waiting', %(at)s, 0, ''
        FROM (SELECT DISTINCT recipient_id FROM held) person
        ON CONFLICT (recipient_id, key) DO NOTHING
        RETURNING id, recipient_id
    ),
    listed AS (
        UPDATE deadlines_message m SET digest_id = made.id
        FROM made JOIN held ON held.recipient_id = made.recipient_id WHERE m.id = held.id
    )
    SELECT count(*) FROM made
"""


def day_of(at: datetime) -> date:
    """The day of the last daily mail that was due by an instant: the same day from 8:00 on, the day before until then."""
    return (at.astimezone(clock.calendar_zone()) - timedelta(hours=HOUR)).date()


def leaves_at(day: date) -> datetime:
    """When a day's mail leaves, in UTC."""
    return datetime.combine(day, time(HOUR), clock.calendar_zone()).astimezone(UTC)


def next_at(at: datetime) -> datetime:
    """When the next daily mail after an instant leaves."""
    today = day_of(at)
    return leaves_at(today + timedelta(days=1))


def make(*, at: datetime) -> int:
    """Put the last daily mail that is due into the outbox, for everybody for whom something was held; returns how many.

    Twice, late or beside itself: one mail a person and day, and each message in one of them. Who was missed for days gets
    one mail of all of them; what is held after the day's mail was due waits for the next.
    """
    day = day_of(at)
    values = {
        "at": at,
        "until": leaves_at(day),
        "key": f"{DIGEST}/{day.isoformat()}",
        "kind": DIGEST,
        "link": reverse("notices:list"),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_MAKE, values)
        return cursor.fetchone()[0]


@action
def settle(digest: Message, *, at: datetime) -> bool:
    """Take out of a daily mail what is no longer to be told; whether anything is left to tell.

    A reminder goes by the rules of one sent singly. News of a case that its reader can no longer know of, and what its
    reader has switched off, stays in the portal alone.
    """
    listed = list(digest.listed.filter(state=State.HELD).select_related("deadline"))
    due = planning.still_due([message.pk for message in listed if message.deadline_id], at=at)
    known = planning.still_known([message.pk for message in listed if not message.deadline_id], at=at)
    off = {pk for pk, chosen in preferences.decided(listed).items() if chosen == preferences.Delivery.OFF}
    gone = [message.pk for message in listed if message.deadline_id and message.pk not in due]
    kept = [
        message.pk
        for message in listed
        if message.pk in off or not (message.deadline_id or message.pk in known)
    ]
    Message.objects.filter(pk__in=gone).update(state=State.DROPPED)
    Message.objects.filter(pk__in=kept, state=State.HELD).update(state=State.KEPT)
    return len(listed) > len({*gone, *kept})


def text(digest: Message) -> str:
    """The text of a daily mail: each message as its own mail would say it, without anything of the lab's."""
    listed = list(digest.listed.filter(state=State.HELD).order_by("created_at", "pk")[: LISTED + 1])
    parts = [_entry(message) for message in listed[:LISTED]]
    if len(listed) > LISTED:
        parts.append(f"There is more:\n{_link(digest.link)}")
    parts.append("Sign in to see what these are about. This mail says nothing more on purpose.")
    parts.append(f"Choose what comes by mail:\n{_link(reverse('notices:settings'))}")
    return "\n\n".join(parts) + "\n"


def _entry(message: Message) -> str:
    number = f"Case {message.case_number}\n" if message.case_number else ""
    return f"{message.wording}\n{number}{_link(message.link)}"


def _link(path: str) -> str:
    return settings.PORTAL_BASE_URL + path


def register_kind() -> None:
    """No side is told of it, so it stands in nobody's list of what can be chosen."""
    own = Group(DIGEST, "Daily mail", sides=())
    register(NoticeKind(DIGEST, own.label, "The daily mail.", mail=text, group=own, essential=True))
