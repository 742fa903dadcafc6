"""When a message that is due may leave: not in quiet hours if it can wait, and no more of them a minute than a domain takes."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from secrets import SystemRandom
from uuid import UUID

from django.conf import settings
from django.db import connection

from portal import clock
from portal.deadlines import quiet, registry
from portal.deadlines.models import DomainPace, Message, QuietHours

MINUTE = timedelta(minutes=1)
_chance = SystemRandom()


def postponed(messages: Iterable[Message], *, at: datetime) -> dict[UUID, datetime]:
    """Until when each of these messages waits, for those that may not leave now. Inside a transaction.

    What is essential, and a demonstration's reminders, wait for nothing; they count in their domain's minute.
    """
    messages = list(messages)
    waits = _quiet([message for message in messages if not _hurries(message)], at)
    leaving = [message for message in messages if message.pk not in waits]
    return waits | _paced(leaving, at)


def _hurries(message: Message) -> bool:
    at_once = message.deadline is not None and message.deadline.at_once
    return at_once or registry.is_essential(message)


def _quiet(messages: list[Message], at: datetime) -> dict[UUID, datetime]:
    people = {message.recipient_id for message in messages}
    hours = {row.person_id: row for row in QuietHours.objects.filter(person__in=people)} if people else {}
    waits = {}
    for message in messages:
        own = hours.get(message.recipient_id)
        until = quiet.waits_until(own, clock.zone_of(message.recipient), at) if own else None
        # A reminder of a date within these hours would come too late.
        if until and not (message.due_at and at <= message.due_at < until):
            waits[message.pk] = until
    return waits


def _paced(messages: list[Message], at: datetime) -> dict[UUID, datetime]:
    limit = settings.PORTAL_MAIL_DOMAIN_PER_MINUTE
    if not limit or not messages:
        return {}
    domains: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        domains[message.address.rpartition("@")[2].lower()].append(message)
    minute = at.replace(second=0, microsecond=0)
    taken = _taken(sorted(domains), minute)
    waits, counts = {}, {}
    for domain, found in sorted(domains.items()):
        hurried = [message for message in found if _hurries(message)]
        others = [message for message in found if not _hurries(message)]
        free = max(0, limit - taken[domain] - len(hurried))
        counts[domain] = taken[domain] + len(hurried) + min(free, len(others))
        for message in others[free:]:
            # Spread over the next minute, so that all do not come back at once.
            waits[message.pk] = minute + MINUTE * (1 + _chance.random())
    _take(counts, minute)
    return waits


def _taken(domains: list[str], minute: datetime) -> dict[str, int]:
    """How many went to each domain in this minute; their rows stay locked, so that workers beside each other count as one."""
    missing = [DomainPace(domain=domain, minute=minute, taken=0) for domain in domains]
    DomainPace.objects.bulk_create(missing, ignore_conflicts=True)
    rows = DomainPace.objects.select_for_update().filter(domain__in=domains).order_by("domain")
    return {row.domain: row.taken if row.minute == minute else 0 for row in rows}


def _take(counts: dict[str, int], minute: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE deadlines_domainpace p SET minute = %(minute)s, taken = n.taken
            FROM unnest(%(domains)s::text[], %(taken)s::int[]) AS n(domain, taken) WHERE p.domain = n.domain
            """,
            {"minute": minute, "domains": list(counts), "taken": list(counts.values())},
        )


def after_failure(attempts: int, *, at: datetime) -> datetime:
    """When a message is tried again after so many attempts: ever later, at most an hour, and never all at one instant."""
    longest = min(3600, 5 * 2**attempts)
    return at + timedelta(seconds=longest * (0.5 + _chance.random() / 2))
