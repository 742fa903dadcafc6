"""What is coming to a person: the dates by which they should act, or of which they are told, and how they are reminded."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL

from portal import clock
from portal.deadlines import preferences, registry
from portal.deadlines.models import Deadline, NoticePreference
from portal.deadlines.planning import OF_THE_AUDIENCE
from portal.prepared import looked_up
from portal.programme.schema import said_offset

# How many dates the short list holds, how many the long one, and how many reminders of a date are written out.
DUE_SHOWN, COMING_SHOWN, REMINDERS_SHOWN = 10, 50, 3

# Whether one person is asked first about the deadline at hand, by the reminders' own rule.
_ADMITTED = f"""EXISTS (
    SELECT 1 FROM audience_shown a
    CROSS JOIN (SELECT deadlines_deadline.case_id, deadlines_deadline.source_id, deadlines_deadline.kind) d
    JOIN (SELECT *, 0 AS line FROM unnest(%s::text[], %s::text[], %s::text[]) AS k(kind, capacities, scope)) l
      ON l.kind = d.kind
    WHERE a.user_id = %s AND a.since <= %s AND (a.until IS NULL OR a.until > %s) AND {OF_THE_AUDIENCE})"""  # noqa: S608 (constant texts)


def concerning(user, *, at: datetime) -> Callable:
    """The rule (queryset -> queryset) that leaves, of the deadlines a person sees, those whose reminders could go to them.

    A date that is news to a lab or a partner is left until it comes, never as something they are late with.
    """
    mine = Q(person=user) | _of_a_case(user, at)
    for seat in user.seats:
        asked = [key for key, kind in registry.DEADLINES.items() if seat.role in kind.capacities]
        mine |= Q(person=None, organisation=seat.organisation_id, kind__in=asked)
    passed = Q(kind__in=registry.dates_shared(), due_at__lt=at)
    return lambda rows: rows.filter(mine).exclude(passed)


def _of_a_case(user, at: datetime) -> Q:
    """Deadlines that name neither person nor organisation, of kinds for which somebody with these seats is asked.

    Who has one seat sees no others of such a kind. Who has several may see a date by one and be asked for its kind by
    another, elsewhere: for them it is asked once more, of each date.
    """
    kinds = registry.kinds_for(user.seats)
    found = Q(person=None, organisation=None, kind__in=kinds)
    if len(user.seats) < 2:
        return found
    asked = [registry.DEADLINES[key] for key in kinds]
    columns = [kinds, [",".join(kind.capacities) for kind in asked], [kind.scope for kind in asked]]
    values = [*columns, user.pk, at, at]
    return found & Q(RawSQL(_ADMITTED, values, output_field=BooleanField()))  # noqa: S611 # nosec B611 (a constant text)


def due_for(user, *, limit: int = DUE_SHOWN) -> list[Deadline]:
    """The dates by which this person, or others in the same role, should act: earliest first, with ``label`` and ``page``."""
    found = looked_up(Deadline.objects.next_for(user, limit=limit, narrow=concerning(user, at=clock.now())))
    for deadline in found:
        deadline.label, deadline.page = registry.label(deadline.kind), deadline.page_for(user)
    return found


@dataclass(frozen=True, slots=True)
class Reminder:
    """One reminder to come: the moment, and its distance from the date in words ("7 days before")."""

    at: datetime
    distance: str


@dataclass(frozen=True, slots=True)
class Coming:
    """A date as its person reads it: with the next reminders, how many more come and when the last, and how they come."""

    deadline: Deadline
    reminders: tuple[Reminder, ...]
    more: int
    last: Reminder | None
    delivery: NoticePreference.Delivery
    essential: bool


def coming_for(user, *, at: datetime, limit: int = COMING_SHOWN) -> tuple[list[Coming], bool]:
    """The next dates of a person, earliest first, and whether there are more. Two queries, whatever there is."""
    found = due_for(user, limit=limit + 1)
    shown = found[:limit]
    offsets, deliveries = registry.offsets_of(), preferences.of_reminders(user, shown)
    return [
        _coming(deadline, offsets.get(deadline.kind, []), deliveries[deadline.pk], at) for deadline in shown
    ], len(found) > limit


def _coming(deadline: Deadline, offsets: list[timedelta], delivery, at: datetime) -> Coming:
    moments = [(deadline.due_at + offset, int(offset.total_seconds())) for offset in sorted(offsets)]
    # One that lies before the date was set is skipped, and one that is past has come.
    left = [
        Reminder(moment, said_offset(seconds))
        for moment, seconds in moments
        if moment > at and moment >= deadline.fresh_from
    ]
    # A rest of one is shown rather than counted.
    shown = left if len(left) <= REMINDERS_SHOWN + 1 else left[:REMINDERS_SHOWN]
    more = len(left) - len(shown)
    kind = registry.DEADLINES.get(deadline.kind)
    essential = kind is None or kind.essential
    return Coming(deadline, tuple(shown), more, left[-1] if more else None, delivery, essential)
