"""Quiet hours: a part of a person's day, by the clock on their own wall, in which no mail comes that can wait."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from portal import clock
from portal.accounts.models import User
from portal.deadlines.models import Message, QuietHours
from portal.errors import AlreadyDone, Invalid, NotAllowed
from portal.ledger import actions as ledger
from portal.scope import action

_DAY = timedelta(days=1)


def waits_until(hours: QuietHours | None, zone: ZoneInfo, at: datetime) -> datetime | None:
    """The instant (UTC) at which the quiet hours that are running at ``at`` end; None when none run.

    They run whenever the clock of ``zone`` shows a time from ``begins`` on and before ``ends``. So where the clocks go
    forward over ``ends`` they end at that moment, and an hour that comes twice is quiet, or not, both times.
    """
    at = at.astimezone(UTC)
    local = at.astimezone(zone)
    if hours is None or not _is_within(hours, local.time()):
        return None
    end = at + _left(hours, local.time())
    turn = _turn(zone, at, end)
    if turn is None:
        return end
    return waits_until(hours, zone, turn) or turn


def _is_within(hours: QuietHours, now: time) -> bool:
    if hours.begins < hours.ends:
        return hours.begins <= now < hours.ends
    return now >= hours.begins or now < hours.ends


def _left(hours: QuietHours, now: time) -> timedelta:
    """How long it is from a time of day to the end, on a day whose clock goes on evenly."""
    left = _since_midnight(hours.ends) - _since_midnight(now)
    return left if left > timedelta(0) else left + _DAY


def _since_midnight(moment: time) -> timedelta:
    return timedelta(
        hours=moment.hour, minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond
    )


def _turn(zone: ZoneInfo, at: datetime, end: datetime) -> datetime | None:
    """The instant after ``at``, and not after ``end``, at which the clocks are changed; they are changed once a day at most."""
    before = at.astimezone(zone).utcoffset()
    if end.astimezone(zone).utcoffset() == before:
        return None
    # By halves, to the second: clocks are changed on whole seconds.
    low, high = int(at.timestamp()), int(end.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)


def may_arrange(actor) -> bool:
    """Whether somebody arranges when mail comes to themselves: every person does, a lab's service is written to by nobody."""
    return actor.is_authenticated and actor.is_active and not actor.is_service


def locked(actor) -> User:
    """The person, locked, if they may arrange such things: what they choose in two tabs follows each other."""
    if not may_arrange(actor):
        raise NotAllowed("Only a person who has an account here arranges when mail comes to them.")
    return User.objects.select_for_update(no_key=True).get(pk=actor.pk)


@action
def choose_quiet_hours(*, actor, begins: time, ends: time, at: datetime | None = None) -> QuietHours:
    """Have quiet hours from now on, or other ones: times of day in one's own zone, past midnight where the end is earlier."""
    person = locked(actor)
    if begins == ends:
        raise Invalid("Choose an end that is not the beginning.", field="ends")
    found = QuietHours.objects.visible_to(person).first()
    before = (found.begins, found.ends) if found else (None, None)
    if before == (begins, ends):
        return found
    hours, _ = QuietHours.objects.update_or_create(person=person, defaults={"begins": begins, "ends": ends})
    _changed(actor, "chose_quiet_hours", before, (begins, ends), at)
    return hours


@action
def end_quiet_hours(*, actor, at: datetime | None = None) -> None:
    """Have no quiet hours any more."""
    found = QuietHours.objects.visible_to(locked(actor)).first()
    if found is None:
        raise AlreadyDone("You have no quiet hours.")
    before = (found.begins, found.ends)
    found.delete()
    _changed(actor, "ended_quiet_hours", before, (None, None), at)


def _changed(actor, verb: str, before: tuple, after: tuple, at: datetime | None) -> None:
    """What follows from a change, and its event: ``begins`` and ``ends``, each before and after, as HH:MM."""
    at = at or clock.now()
    # What waits for hours that are no more is decided anew; what was tried already waits for another reason.
    waiting = Message.objects.filter(recipient=actor, state=Message.State.WAITING, attempts=0, try_at__gt=at)
    waiting.update(try_at=at)
    changed = {
        name: [moment and f"{moment:%H:%M}" for moment in pair]
        for name, pair in zip(("begins", "ends"), zip(before, after, strict=True), strict=True)
    }
    ledger.record(actor=actor, verb=verb, subject=actor, data=changed, at=at)
