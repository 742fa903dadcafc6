"""How much people outside the labs read, and which of it differs from usual: sets of rows from the ledger. Writes tallies alone.

Days are calendar days of the programme's zone; hours are clock hours, which a change of the clocks does not move.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from portal import clock, programme
from portal.deadlines.calendar import is_business_day
from portal.submissions.looks import OPENED
from portal.submissions.models import ReadingDay, UnusualReading
from portal.submissions.policies import LAB_SEES

Kind = UnusualReading.Kind
# So many days before the one that is judged make what is usual; tallies are kept as long as that and a while.
USUAL_DAYS, KEPT_DAYS = 28, 60
# Days that were missed are judged later, if they are not longer ago.
MISSED_DAYS = 31
# A look that began before midnight may be committed a while after it.
SETTLED = timedelta(hours=1)
# A row of a list shows a line of a case; a page of one would count as often as it has rows.
LISTS = ("listed", "found", "took_list", "listed_grants", "listed_questions", "listed_disclosures")
# Looks at a file, or what takes one along.
FILES = (
    *OPENED,
    "read_evidence",
    "downloaded_log",
    "downloaded_evidence",
    "took_assessments",
    "took_comparison",
)
# (looks at one case by one person, since, until) -> those outside the person's domain. Filled by the floor that knows domains.
OUTSIDE: list[Callable[[set[tuple[UUID, UUID]], datetime, datetime], set[tuple[UUID, UUID]]]] = []

_LOOKS = """
    looks AS (
        SELECT e.actor_id, e.case_id, e.subject_id, e.capacity, e.verb = ANY (%(files)s) AS is_file,
               (e.at AT TIME ZONE %(zone)s)::date AS day, date_trunc('hour', e.at) AS hour,
               extract(hour FROM e.at AT TIME ZONE %(zone)s) AS local_hour
          FROM ledger_event e
         WHERE e.at >= %(since)s AND e.at < %(until)s AND e.kind = 'look' AND e.case_id IS NOT NULL
           AND e.actor_id IS NOT NULL AND e.verb <> ALL (%(lists)s) AND e.capacity <> ALL (%(labs)s)
    )
"""
_HOURS = """
    hours AS (
        SELECT actor_id, day, hour, count(*) AS looks, count(DISTINCT subject_id) FILTER (WHERE is_file) AS documents
          FROM looks GROUP BY actor_id, day, hour
    )
"""
TALLY = f"""
    WITH {_LOOKS}, {_HOURS}, days AS (
        SELECT actor_id, day, count(*) AS looks, count(DISTINCT subject_id) FILTER (WHERE is_file) AS documents
          FROM looks GROUP BY actor_id, day
    )
    INSERT INTO submissions_readingtally (id, person_id, day, looks, documents, hour_looks, hour_documents)
    SELECT gen_random_uuid(), d.actor_id, d.day, d.looks, d.documents, max(h.looks), max(h.documents)
      FROM days d JOIN hours h ON h.actor_id = d.actor_id AND h.day = d.day
     GROUP BY d.actor_id, d.day, d.looks, d.documents
     ORDER BY d.actor_id, d.day
    ON CONFLICT (person_id, day) DO UPDATE SET looks = excluded.looks, documents = excluded.documents,
        hour_looks = excluded.hour_looks, hour_documents = excluded.hour_documents
"""  # noqa: S608 (constants of this file)
# First the few people who passed a limit, by their tallies: nothing is joined for anybody else.
VOLUME = f"""
    WITH limits AS (
        SELECT t.*,
               greatest(%(day_looks)s, %(times_usual)s * coalesce(u.looks, 0)) AS most_looks,
               greatest(%(day_documents)s, %(times_usual)s * coalesce(u.documents, 0)) AS most_documents,
               greatest(%(hour_looks)s, %(times_usual)s * coalesce(u.hour_looks, 0)) AS most_hour_looks,
               greatest(%(hour_documents)s, %(times_usual)s * coalesce(u.hour_documents, 0)) AS most_hour_documents
          FROM submissions_readingtally t
          LEFT JOIN LATERAL (
               SELECT avg(b.looks) AS looks, avg(b.documents) AS documents, avg(b.hour_looks) AS hour_looks,
                      avg(b.hour_documents) AS hour_documents
                 FROM submissions_readingtally b
                WHERE b.person_id = t.person_id AND b.day < t.day AND b.day >= t.day - %(usual_days)s) u ON true
         WHERE t.day >= %(first)s AND t.day <= %(last)s
    ), judged AS MATERIALIZED (
        SELECT *, looks > most_looks OR documents > most_documents AS whole_day
          FROM limits
         WHERE looks > most_looks OR documents > most_documents OR hour_looks > most_hour_looks
            OR hour_documents > most_hour_documents
    ), {_LOOKS}, {_HOURS}
    SELECT l.actor_id, l.case_id, l.day, count(*), bool_or(l.capacity = 'partner')
      FROM judged j
      JOIN looks l ON l.actor_id = j.person_id AND l.day = j.day
      JOIN hours h ON h.actor_id = l.actor_id AND h.day = l.day AND h.hour = l.hour
     WHERE j.whole_day OR h.looks > j.most_hour_looks OR h.documents > j.most_hour_documents
     GROUP BY l.actor_id, l.case_id, l.day
"""  # noqa: S608
NIGHTS = f"""
    WITH {_LOOKS}, marked AS (
        SELECT *, local_hour < %(from_hour)s OR local_hour >= %(to_hour)s AS at_night, day = ANY (%(free_days)s) AS on_free_day
          FROM looks WHERE capacity <> 'partner'
    )
    SELECT actor_id, case_id, day, count(*), false
      FROM marked
     WHERE at_night OR on_free_day
     GROUP BY actor_id, case_id, day
    HAVING count(*) FILTER (WHERE at_night) >= %(night_looks)s
        OR count(*) FILTER (WHERE on_free_day) >= %(free_day_looks)s
"""  # noqa: S608
PAIRS = f"""
    WITH {_LOOKS}
    SELECT actor_id, case_id, day, count(*), false
      FROM looks WHERE capacity <> 'partner'
     GROUP BY actor_id, case_id, day
    HAVING count(*) >= %(outside_looks)s
"""  # noqa: S608
NUMBERS = (
    "hour_looks", "hour_documents", "day_looks", "day_documents", "times_usual", "from_hour", "to_hour",
    "night_looks", "free_day_looks", "outside_looks",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """Reading that differs from usual in one way; ``of_partner`` says for whom the person read."""

    person: UUID
    case: UUID
    kind: str
    day: date
    number: int
    of_partner: bool

    @property
    def key(self) -> tuple[UUID, UUID, str, date]:
        return self.person, self.case, self.kind, self.day


def begin_of(day: date) -> datetime:
    """The first instant of a calendar day, in UTC."""
    return datetime.combine(day, time(0), clock.calendar_zone()).astimezone(UTC)


def days_to_judge(at: datetime) -> list[date]:
    """The days not yet judged to their end, the present one included; at first, yesterday and today."""
    today = clock.calendar_day(at)
    last = ReadingDay.objects.order_by("-day").values_list("day", flat=True).first()
    first = last + timedelta(days=1) if last else today - timedelta(days=1)
    first = max(first, today - timedelta(days=MISSED_DAYS))
    return [first + timedelta(days=number) for number in range((today - first).days + 1)]


def is_settled(day: date, at: datetime) -> bool:
    """Whether no look of a day is still to come."""
    return begin_of(day + timedelta(days=1)) + SETTLED <= at


def tally(days: Sequence[date]) -> None:
    """Count anew what was read on these days; the same however often it is counted."""
    with connection.cursor() as cursor:
        cursor.execute(TALLY, _asked(days))


def differing(days: Sequence[date], *, at: datetime) -> list[Found]:
    """What was read on these days that differs from usual, once they are tallied."""
    over = [day for day in days if is_settled(day, at)]
    return [
        *_rows(Kind.VOLUME, VOLUME, days),
        *_rows(Kind.HOURS, NIGHTS, days),
        # Told once the day is over: a step on the case, which makes it one's own, may come after the reading.
        *(found for day in over for found in _outside(day)),
    ]


def _outside(day: date) -> Iterable[Found]:
    found = _rows(Kind.DOMAIN, PAIRS, [day])
    pairs = {(one.person, one.case) for one in found}
    if not pairs:
        return []
    until = begin_of(day + timedelta(days=1))
    since = until - timedelta(days=_number("steps_days"))
    outside = {pair for tell in OUTSIDE for pair in tell(pairs, since, until)}
    return [one for one in found if (one.person, one.case) in outside]


def _rows(kind: str, statement: str, days: Sequence[date]) -> list[Found]:
    with connection.cursor() as cursor:
        cursor.execute(statement, _asked(days))
        rows = cursor.fetchall()
    return [
        Found(person, case, str(kind), day, number, partner) for person, case, day, number, partner in rows
    ]


def _number(name: str) -> int:
    return programme.current().get(f"reading:{name}")


def _asked(days: Sequence[date]) -> Mapping[str, Any]:
    """What every statement is asked with: whole calendar days, and the settings that hold."""
    first, last = min(days), max(days)
    return {name: _number(name) for name in NUMBERS} | {
        "first": first,
        "last": last,
        "since": begin_of(first),
        "until": begin_of(last + timedelta(days=1)),
        "zone": clock.calendar_zone().key,
        "free_days": [day for day in days if not is_business_day(day)],
        "files": list(FILES),
        "lists": list(LISTS),
        "labs": list(LAB_SEES),
        "usual_days": USUAL_DAYS,
    }
