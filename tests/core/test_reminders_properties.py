"""Whatever happens in whatever order, and whenever ticks come: the reminders are those of one computation at the end."""

from collections import Counter
from datetime import timedelta
from email import message_from_bytes

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from portal.accounts.models import Membership, Role
from portal.deadlines import actions, delivery, planning, registry
from portal.deadlines.models import Absence, Deadline, Message
from tests import factories as make

HOUR = timedelta(hours=1)
KIND = "provide_access"
START = make.NOW + 40 * make.DAY
OFFSETS = registry.DEADLINES[KIND].offsets
PEOPLE = ("ada", "ben", "viewer")

hours = st.integers(1, 24 * 6)
step = st.one_of(
    st.tuples(st.just("move"), st.integers(-24 * 3, 24 * 12)),
    st.tuples(st.just("leave"), st.sampled_from(PEOPLE)),
    st.tuples(st.just("join"), st.sampled_from(PEOPLE)),
    st.tuples(st.just("away"), st.sampled_from(PEOPLE), st.integers(0, 72), st.integers(1, 240)),
    st.tuples(st.just("tick")),
    st.tuples(st.just("send")),
)
histories = st.lists(st.tuples(hours, step), min_size=1, max_size=14)


class History:
    """A lab's deadline and people, and what happened to them; kept twice, in the database and here."""

    def __init__(self, case):
        self.case = case
        self.people = {name: make.person() for name in PEOPLE}
        # Nobody else of the lab is asked.
        Membership.objects.filter(organisation=self.case.lab).update(ended_at=START - HOUR)
        self.spans: dict[str, list] = {name: [] for name in PEOPLE}
        self.away: dict[str, list] = {name: [] for name in PEOPLE}
        self.at = START
        for name in PEOPLE:
            self.join(name)
        self.due, self.moved_at = None, None
        self.move(24 * 9)

    def apply(self, after: int, what: tuple) -> None:
        self.at += after * HOUR
        getattr(self, what[0])(*what[1:])

    def move(self, distance: int) -> None:
        due = self.at + distance * HOUR
        if due == self.due:
            return
        self.due, self.moved_at = due, self.at
        case = self.case.submission
        actions.set_deadline(
            kind=KIND, subject_id=case.pk, case_id=case.pk, case_number=case.case_number, due_at=due, at=self.at
        )  # fmt: skip

    def join(self, name: str) -> None:
        if self.spans[name] and self.spans[name][-1][1] is None:
            return
        role = Role.VIEWER if name == "viewer" else Role.CONTRIBUTOR
        Membership.objects.create(
            user=self.people[name], organisation=self.case.lab, role=role, since=self.at
        )
        self.spans[name].append([self.at, None])

    def leave(self, name: str) -> None:
        if not self.spans[name] or self.spans[name][-1][1] is not None:
            return
        self.people[name].memberships.filter(ended_at=None).update(ended_at=self.at)
        self.spans[name][-1][1] = self.at

    def away_from(self, name: str, begins: int, lasts: int):
        span = (self.at + begins * HOUR, self.at + (begins + lasts) * HOUR)
        Absence.objects.create(person=self.people[name], begins_at=span[0], ends_at=span[1])
        self.away[name].append(span)

    def tick(self) -> None:
        planning.plan(at=self.at)

    def send(self) -> None:
        with time_machine.travel(self.at, tick=False):
            delivery.deliver_due()

    def sees(self, name: str, at) -> bool:
        return any(since <= at and (until is None or until > at) for since, until in self.spans[name])

    def stays(self, name: str, moment) -> bool:
        """Whether somebody who sees it at a moment did so until now, without a gap."""
        ends = [until for _, until in self.spans[name] if until is not None and moment < until <= self.at]
        return all(self.sees(name, end) for end in ends)

    def left_after(self, name: str, moment) -> bool:
        return any(until is not None and until > moment for _, until in self.spans[name])

    def expected(self) -> set[tuple[str, int]]:
        """Who is to be told of which offsets of the date as it stands, by what was true at each moment."""
        found = set()
        for offset in OFFSETS:
            moment = self.due + offset
            if not self.moved_at <= moment <= self.at:
                continue
            asked = [name for name in ("ada", "ben") if self.sees(name, moment)]
            reached = [n for n in asked if not any(a <= moment < b for a, b in self.away[n])]
            if not reached and self.sees("viewer", moment):
                asked.append("viewer")
            found |= {(name, int(offset.total_seconds())) for name in asked if self.stays(name, moment)}
        return found

    def found(self) -> set[tuple[str, int]]:
        rows = list(Message.objects.filter(deadline__kind=KIND).exclude(state="dropped"))
        due = planning.still_due([row.pk for row in rows], at=self.at)
        names = {person.pk: name for name, person in self.people.items()}
        return {
            (names[row.recipient_id], row.offset)
            for row in rows
            if row.pk in due and row.recipient_id in names
        }


@pytest.fixture
def case():
    found = make.Case(make.agreed)
    Deadline.objects.all().delete()
    return found


def apply(history: History, events: list, *, leave_out: tuple = ()) -> None:
    for after, what in events:
        history.at += after * HOUR
        if what[0] in leave_out:
            continue
        verb = history.away_from if what[0] == "away" else getattr(history, what[0])
        verb(*what[1:])
    history.tick()


@pytest.mark.django_db
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories)
# Who left after the moment and came back is told nothing of it, whether or not a tick came before, in between or after.
@example(events=[(1, ("move", 0)), (1, ("leave", "ada")), (1, ("tick",)), (1, ("join", "ada"))])
@example(events=[(1, ("move", 0)), (1, ("tick",)), (1, ("leave", "ada")), (1, ("join", "ada"))])
@example(events=[(1, ("move", 0)), (1, ("leave", "ada")), (1, ("join", "ada")), (1, ("tick",))])
def test_ticks_at_any_times_plan_what_one_computation_at_the_end_does(case, events):
    with transaction.atomic():
        history = History(case)
        apply(history, events, leave_out=("send",))
        assert history.found() == history.expected()
        before = Message.objects.count()
        history.tick()
        assert Message.objects.count() == before
        transaction.set_rollback(True)


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories)
def test_whenever_mail_is_sent_none_comes_twice_and_none_to_who_may_not_know(case, mail_folder, events):
    for path in mail_folder.iterdir():
        path.unlink()
    with transaction.atomic():
        history, seen = History(case), Counter()
        for after, what in [*events, (1, ("tick",)), (0, ("send",))]:
            history.apply(after, ("away_from", *what[1:]) if what[0] == "away" else what)
            for path in mail_folder.iterdir():
                mail = message_from_bytes(path.read_bytes())
                path.unlink()
                if mail["X-Reminder"] and mail["X-Reminder"].startswith(str(_deadline().pk)):
                    name = next((n for n, p in history.people.items() if p.email == mail["To"]), None)
                    assert name is not None
                    assert history.sees(name, history.at)
                    seen[mail["X-Reminder"]] += 1
        assert set(seen.values()) <= {1}
        # What is due by now was sent, for this date or for an earlier one, to all who could know of it the whole time.
        sent = {(r.recipient_id, r.offset) for r in Message.objects.filter(deadline__kind=KIND, state="sent")}
        for name, seconds in history.expected():
            if not history.left_after(name, history.due + timedelta(seconds=seconds)):
                assert (history.people[name].pk, seconds) in sent
        transaction.set_rollback(True)


def _deadline() -> Deadline:
    return Deadline.objects.get(kind=KIND)
