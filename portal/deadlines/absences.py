"""When somebody is away: whole days in their own zone. Reminders come to them all the same."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from portal import clock, formats
from portal.deadlines.models import Absence
from portal.deadlines.quiet import locked
from portal.errors import AlreadyDone, Invalid, NotAllowed
from portal.ledger import actions as ledger
from portal.ledger.models import Event
from portal.scope import action

# The longest, in days; how many may be written down at once; and how far ahead one begins.
LONGEST, MOST, AHEAD = 180, 10, 730
_DAY = timedelta(days=1)


def beginning(day: date, zone: ZoneInfo) -> datetime:
    """The first instant (UTC) of a day, also where midnight is skipped or comes twice."""
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def span(absence: Absence, zone: ZoneInfo) -> tuple[str, str]:
    """From when until when somebody is away, both as days where they are whole ones in ``zone``, else as instants."""
    first, last = _day_of(absence.begins_at, zone), _day_before(absence.ends_at, zone)
    if first is None or last is None:
        return formats.instant(absence.begins_at), formats.instant(absence.ends_at)
    return formats.plain_day(first), formats.plain_day(last)


def until(absence: Absence, zone: ZoneInfo) -> str:
    """``the end of 11 Dec 2026``; the instant where somebody has gone to another zone since."""
    last = _day_before(absence.ends_at, zone)
    return formats.instant(absence.ends_at) if last is None else f"the end of {formats.plain_day(last)}"


def _day_of(instant: datetime, zone: ZoneInfo) -> date | None:
    """The day that begins at an instant; None where none does."""
    day = instant.astimezone(zone).date()
    return day if beginning(day, zone) == instant else None


def _day_before(instant: datetime, zone: ZoneInfo) -> date | None:
    day = _day_of(instant, zone)
    return day and day - _DAY


@action
def add_absence(*, actor, first: date, last: date, at: datetime | None = None) -> Absence:
    """Say that one is away from the beginning of a day to the end of another, or the same one, in one's own zone."""
    at = at or clock.now()
    person = locked(actor)
    zone = clock.zone_of(person)
    _check_days(first, last, at.astimezone(zone).date())
    ahead = list(Absence.objects.visible_to(person).ahead(at=at))
    wanted = Absence(person=person, begins_at=beginning(first, zone), ends_at=beginning(last + _DAY, zone))
    _check_others(wanted, ahead, zone)
    wanted.save(force_insert=True)
    _record(actor, "added_absence", wanted, {"begins_at": wanted.begins_at, "ends_at": wanted.ends_at}, at)
    return wanted


def _check_days(first: date, last: date, today: date) -> None:
    """Raise Invalid, with its field, for days that are no absence to come."""
    if first < today:
        raise Invalid("This day is past. Begin today or later.", field="first")
    if (first - today).days > AHEAD:
        raise Invalid("Begin within the next two years.", field="first")
    if last < first:
        raise Invalid("The last day is before the first.", field="last")
    if (last - first).days >= LONGEST:
        raise Invalid(f"At most {LONGEST} days at a time. Choose an earlier last day.", field="last")


def _check_others(wanted: Absence, ahead: list[Absence], zone: ZoneInfo) -> None:
    """Raise Invalid where the days are taken, or where there are many already."""
    for other in ahead:
        if other.begins_at < wanted.ends_at and wanted.begins_at < other.ends_at:
            begins, ends = span(other, zone)
            field = "first" if other.begins_at <= wanted.begins_at else "last"
            raise Invalid(
                f"You are away from {begins} to {ends} already. Choose other days, or remove that absence first.",
                field=field,
                code="overlapping",
            )
    if len(ahead) >= MOST:
        raise Invalid(f"There are {MOST} absences already. Remove one first.", field="first", code="too_many")


@action
def remove_absence(*, actor, absence: Absence, at: datetime | None = None) -> bool:
    """Take out an absence to come, or end one that is running now; returns whether it was running.

    Of the latter what was is kept: who was away when a reminder went out.
    """
    at = at or clock.now()
    person = locked(actor)
    if absence.person_id != person.pk:
        raise NotAllowed("This is not your absence.")
    found = Absence.objects.visible_to(person).select_for_update().filter(pk=absence.pk).first()
    if found is None:
        raise AlreadyDone("This absence was removed already.")
    if found.ends_at <= at:
        raise AlreadyDone("This absence is over already.")
    before = {"begins_at": found.begins_at, "ends_at": found.ends_at}
    if found.begins_at < at:
        found.ends_at = at
        found.save(update_fields=["ends_at"])
        _record(actor, "ended_absence", found, {"ends_at": [before["ends_at"], at]}, at)
        return True
    _record(actor, "removed_absence", found, before, at)
    found.delete()
    return False


def was_removed_by(person, absence_id: UUID) -> bool:
    """Whether this was a person's own absence, which another tab of theirs has taken out."""
    gone = Event.objects.filter(subject_type=Absence._meta.label_lower, subject_id=absence_id)
    return gone.filter(verb="removed_absence", actor=person).exists()


def _record(actor, verb: str, absence: Absence, data: dict, at: datetime) -> None:
    ledger.record(actor=actor, verb=verb, subject=absence, data=data, at=at)
