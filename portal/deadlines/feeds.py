"""A person's dates as a calendar (RFC 5545), at an address that only they know.

The address opens what its person can see at the moment it is fetched and nothing is kept of it, so a date that moved, access
that ended or an account that was closed shows at once. Each date says what the programme calls it, a case number and a link.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.urls import reverse
from icalendar import Calendar, Event

from portal import programme, scope
from portal.accounts.models import User
from portal.deadlines import registry
from portal.deadlines.models import Deadline
from portal.prepared import looked_up

PAST = timedelta(days=30)
# The next so many dates, and the last so many of those past.
COMING, GONE = 400, 100
REFRESH = timedelta(hours=1)
# Fetches of one calendar a minute: programs ask a few times a day.
OFTEN = 30


def new_secret() -> str:
    """256 bits, so that there is nothing to guess."""
    return secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """What is kept of a secret, and found by: equal time whatever is asked, and useless to who reads the table."""
    return hashlib.sha256(secret.encode()).hexdigest()


def address(secret: str) -> str:
    return settings.PORTAL_BASE_URL + reverse("calendar", args=[secret])


def holder(secret: str) -> User | None:
    """Whose calendar this secret opens, with what every request asks of its person; None where it opens none.

    As at every other door, who has no second factor sees nothing.
    """
    people = User.objects.with_standing().filter(is_active=True, calendar_feed__digest=digest_of(secret))
    # The address is all that its person brings.
    with scope.lifted("deadlines"):
        found = people.first()
    return found.arrived() if found is not None and found.has_second_factor else None


def too_often(user: User, at: datetime) -> bool:
    """Whether this calendar was fetched too often within a minute; counted in the cache, and forgotten with it."""
    key = f"calendar/{user.pk}/{int(at.timestamp()) // 60}"
    cache.add(key, 0, 120)
    try:
        return cache.incr(key) > OFTEN
    except ValueError:
        return False


def dates(user: User, *, at: datetime) -> list[Deadline]:
    """The dates this person can see that nobody has met yet: those to come, and those of the last 30 days."""
    if not user.seats:
        return []
    gone = Deadline.objects.next_for(
        user,
        limit=GONE,
        narrow=lambda rows: rows.filter(due_at__lt=at, due_at__gte=at - PAST),
        order=("-due_at", "id"),
    )
    coming = Deadline.objects.next_for(user, limit=COMING, narrow=lambda rows: rows.filter(due_at__gte=at))
    return [*reversed(looked_up(gone)), *looked_up(coming)]


def written(user: User, *, at: datetime) -> bytes:
    """The calendar of a person at an instant, in UTF-8."""
    calendar = Calendar()
    calendar.add("prodid", "-//Early access portal//Dates//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", f"{programme.current().name}: dates")
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    for deadline in dates(user, at=at):
        calendar.add_component(_event(deadline, user))
    return calendar.to_ical()


def _event(deadline: Deadline, user: User) -> Event:
    """One date. It keeps its UID when it moves, and its sequence grows: the seconds from the first setting to the last."""
    words = [registry.label(deadline.kind), deadline.case_number]
    event = Event()
    event.add("uid", f"{deadline.pk}@{settings.PORTAL_MAIL_DOMAIN}")
    event.add("dtstamp", deadline.fresh_from)
    event.add("last-modified", deadline.fresh_from)
    event.add("sequence", max(0, int((deadline.fresh_from - deadline.created_at).total_seconds())))
    event.add("dtstart", deadline.due_at)
    event.add("summary", ", ".join(word for word in words if word))
    event.add("url", settings.PORTAL_BASE_URL + deadline.page_for(user))
    # A date to act by takes nobody's time.
    event.add("transp", "TRANSPARENT")
    return event
