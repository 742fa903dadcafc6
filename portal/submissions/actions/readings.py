"""Noting reading that differs from usual, telling of it, and recording that somebody looked into it (docs/adr/0029)."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.urls import reverse

from portal import clock
from portal.accounts.models import Kind, Membership
from portal.deadlines import actions as deadlines
from portal.errors import Missing
from portal.ledger import actions as ledger
from portal.ledger.models import Event
from portal.scope import action
from portal.submissions import measuring
from portal.submissions import policies_readings as policies
from portal.submissions.actions import case as cases
from portal.submissions.actions.question_steps import written
from portal.submissions.measuring import Found
from portal.submissions.models import ReadingDay, ReadingTally, Submission, UnusualReading
from portal.submissions.states import READING

PAGE = "/admin/submissions/unusualreading/{}/change/"
# Of the advisory lock under which one run follows another; a constant of this job.
_LOCK = 20_029


@action
def note_readings(*, at: datetime | None = None) -> int:
    """Judge the days that are not judged to their end, note what differs, and tell; returns how many were noted.

    Twice, late or beside itself: each is noted and told once, and the same is noted.
    """
    at = at or clock.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    days = measuring.days_to_judge(at)
    if not days:
        return 0
    measuring.tally(days)
    noted = _note(measuring.differing(days, at=at), days, at)
    for reading in noted:
        _tell(reading, at)
    over = [day for day in days if measuring.is_settled(day, at)]
    ReadingDay.objects.bulk_create([ReadingDay(day=day, judged_at=at) for day in over])
    forgotten = max(days) - timedelta(days=measuring.KEPT_DAYS)
    ReadingTally.objects.filter(day__lt=forgotten).delete()
    return len(noted)


@action
def look_into(
    *, actor, reading: UnusualReading, outcome: str, reason: str, at: datetime | None = None
) -> UnusualReading:
    """Record that one looked into it: what came of it, which the lab reads, and a note, which it does not."""
    found = UnusualReading.objects.select_for_update(of=("self",)).get(pk=reading.pk)
    at = at or clock.now()
    step = READING.require(found.state, "look_into", policies.capacities(actor, found), reason=reason)
    if outcome not in UnusualReading.Outcome.values:
        raise Missing("Choose what came of it.", field="outcome")
    note = written(reason, field="reason", missing="Write a note.", limit=UnusualReading.NOTE_LIMIT)
    found.state, found.looked_into_by, found.looked_into_at = step.target, actor, at
    found.outcome, found.note = outcome, note
    found.save(update_fields=["state", "looked_into_by", "looked_into_at", "outcome", "note"])
    ledger.record(
        actor=actor, verb="look_into", subject=found, case_id=found.submission_id, capacity=step.who,
        data={"outcome": outcome}, at=at,
    )  # fmt: skip
    return found


def _note(found: Iterable[Found], days: Sequence[date], at: datetime) -> list[UnusualReading]:
    """The rows that are new. Of a day still running the numbers grow."""
    known = {
        (row.person_id, row.submission_id, row.kind, row.day): row
        for row in UnusualReading.objects.filter(day__in=list(days)).order_by()
    }
    wanted = {one.key: one for one in found}
    grown = []
    for key in wanted.keys() & known.keys():
        if wanted[key].number > known[key].number:
            known[key].number = wanted[key].number
            grown.append(known[key])
    UnusualReading.objects.bulk_update(grown, ["number"], batch_size=500)
    new = [one for key, one in wanted.items() if key not in known]
    houses = _houses(new)
    rows = [
        UnusualReading(
            person_id=one.person, organisation_id=house, submission_id=one.case, kind=one.kind, day=one.day,
            number=one.number, noted_at=at,
        )
        for one in sorted(new, key=lambda one: (one.day, one.kind, str(one.person), str(one.case)))
        if (house := houses.get((one.person, one.of_partner))) is not None
    ]  # fmt: skip
    return UnusualReading.objects.bulk_create(rows)


def _houses(found: Sequence[Found]) -> dict[tuple[UUID, bool], UUID]:
    """For whom each person reads: the agency or partner in which they sit, or sat last."""
    rows = Membership.objects.filter(
        user__in={one.person for one in found}, organisation__kind__in=[Kind.AGENCY, Kind.PARTNER]
    )
    seats = list(
        rows.order_by("since", "pk").values_list(
            "user_id", "organisation__kind", "organisation_id", "ended_at"
        )
    )
    best: dict[tuple[UUID, bool], UUID] = {}
    # One that lasts comes after those that ended, and so is the one that is kept.
    for lasts in (False, True):
        for person, kind, house, ended_at in seats:
            if (ended_at is None) == lasts:
                best[person, kind == Kind.PARTNER] = house
    return best


def _tell(reading: UnusualReading, at: datetime) -> None:
    """On record, and to whom it concerns: never to the reader. No event names the person: who reads the row reads whom."""
    case = Submission.objects.get(pk=reading.submission_id)
    event = ledger.record(
        actor=None, verb="note_reading", subject=reading, case_id=case.pk, capacity="clock",
        data={"kind": reading.kind, "day": reading.day}, at=at,
    )  # fmt: skip
    number = case.case_number
    coordinators = cases.people(case, "coordinator", at=at)
    leads = [person for person in cases.people(case, "lead", at=at) if person not in coordinators]
    _message(reading, case, event, "reading_noted", coordinators, PAGE.format(reading.pk))
    _message(reading, case, event, "reading_noted", leads, f"/case/{number}/")
    lab = cases.people(case, "lab", at=at)
    _message(reading, case, event, "reading_noted_lab", lab, reverse("lab:who", args=[number]))


def _message(
    reading: UnusualReading, case: Submission, event: Event, kind: str, people: Iterable[UUID], link: str
) -> None:
    deadlines.tell(
        recipients=[person for person in people if person != reading.person_id], kind=kind, case_id=case.pk,
        case_number=case.case_number, about=event.pk, at=event.at, link=link,
    )  # fmt: skip
