"""Reading that differs from usual: what is noted, once, of whom, and who learns of it (docs/adr/0029)."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction

from portal.accounts.models import Membership, Role, User
from portal.deadlines.models import Message
from portal.errors import AlreadyDone, Missing, NotAllowed
from portal.ledger import actions as ledger
from portal.ledger.models import Event
from portal.submissions import actions, measuring, oversight
from portal.submissions.models import DocumentVersion, ReadingDay, ReadingTally, UnusualReading
from reviews import actions as reviewing
from reviews.models import Assignment
from tests import factories as make
from tests import factories_reviews as reviews
from tests.factories_partners import GrantCase
from tests.programme.changing import saved

pytestmark = pytest.mark.django_db
NOW, DAY, HOUR = make.NOW, make.DAY, timedelta(hours=1)
# A Tuesday, 11:00 in US Eastern; the cases' terms are agreed since the day before.
AT = NOW + DAY + HOUR
TUESDAY = date(2026, 9, 15)
MIDNIGHT = datetime(2026, 9, 15, 4, 0, tzinfo=UTC)


class Read(reviews.Reviewed):
    """A case with seats and an invited agency, and low limits, so that little has to be read to pass one."""

    LIMITS = {
        "hour_looks": "5", "hour_documents": "3", "day_looks": "12", "day_documents": "6", "night_looks": "3",
        "free_day_looks": "4", "outside_looks": "2",
    }  # fmt: skip

    def __init__(self, **limits):
        super().__init__()
        named = {f"reading__{name}": value for name, value in (self.LIMITS | limits).items()}
        saved(self.coordinator, at=NOW, **named)
        self.security = make.member(make.programme_office(), Role.SECURITY)
        self.agency_security = make.member(self.agency, Role.SECURITY)
        self.auditor = reviews.auditor()


def look(user, case, number=1, *, at=AT, verb="viewed_facts", capacity="reviewer", subject=None, every=1):
    """So many looks, a second apart; each at a different thing where ``subject`` is ``"each"``."""
    with transaction.atomic():
        for count in range(number):
            thing = make_thing() if subject == "each" else subject or case
            ledger.look(
                actor=user, verb=verb, subjects=[(thing, case.pk, capacity)],
                at=at + count * timedelta(seconds=every),
            )  # fmt: skip


def make_thing():
    """Something with an id of its own: what was looked at is told by that alone."""
    return DocumentVersion()


def note(at=AT + HOUR) -> int:
    return actions.note_readings(at=at)


def noted(*columns) -> set:
    return set(
        UnusualReading.objects.values_list(
            *(columns or ("person_id", "submission_id", "kind", "day", "number"))
        )
    )


# --- volume -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "found"), [(5, 0), (6, 1)])
def test_more_looks_in_a_clock_hour_than_the_limit_are_noted(number, found):
    case = Read()
    look(case.reviewer, case.submission, number)
    assert note() == found
    expected = {(case.reviewer.pk, case.submission.pk, "volume", TUESDAY, number)} if found else set()
    assert noted() == expected


def test_two_clock_hours_count_by_themselves_and_the_day_as_a_whole():
    case = Read()
    for hour in range(3):
        look(case.reviewer, case.submission, 4, at=AT + hour * HOUR)
    assert note(AT + 4 * HOUR) == 0
    look(case.reviewer, case.submission, 1, at=AT + 3 * HOUR)
    assert note(AT + 4 * HOUR) == 1
    assert noted() == {(case.reviewer.pk, case.submission.pk, "volume", TUESDAY, 13)}


def test_different_files_count_once_each_however_often_they_are_opened():
    case = Read(hour_looks="100", day_looks="100")
    version = make_thing()
    look(case.reviewer, case.submission, 9, verb="downloaded_document", subject=version)
    assert note() == 0
    look(case.reviewer, case.submission, 3, verb="downloaded_document", subject="each")
    assert note() == 1
    assert noted("kind", "number") == {("volume", 12)}


def test_rows_of_lists_the_labs_own_looks_and_the_clocks_do_not_count():
    case = Read()
    for verb in measuring.LISTS:
        look(case.reviewer, case.submission, 20, verb=verb)
    look(case.contributor, case.submission, 50, capacity="lab")
    look(case.viewer, case.submission, 50, capacity="lab_viewer")
    look(None, case.submission, 50)
    assert note() == 0
    assert not ReadingTally.objects.exists()


def test_what_a_person_usually_reads_is_not_noted_and_a_busy_day_of_a_quiet_one_is():
    case = Read(free_day_looks="100")
    other = make.Case()
    for back in range(5, 0, -1):
        look(case.lead, other.submission, 5, at=AT - back * DAY)
        look(case.reviewer, other.submission, 1, at=AT - back * DAY)
        note(AT - back * DAY + HOUR)
    for day in range(5):
        ReadingTally.objects.get(person=case.lead, day=TUESDAY - (day + 1) * DAY)
    assert noted() == set()
    # Three times one's own average of an hour: 15 for the one, 3 for the other, whose limit is 5.
    look(case.lead, case.submission, 12)
    look(case.reviewer, case.submission, 6)
    note()
    assert noted("person_id") == {(case.reviewer.pk,)}
    look(case.lead, case.submission, 4, at=AT + timedelta(minutes=5))
    note()
    assert noted("person_id") == {(case.reviewer.pk,), (case.lead.pk,)}


def test_each_case_of_the_hour_is_noted_and_no_other_of_the_day():
    case, second, third = Read(), make.Case(), make.Case()
    look(case.coordinator, case.submission, 3, capacity="coordinator")
    look(case.coordinator, second.submission, 3, capacity="coordinator")
    look(case.coordinator, third.submission, 1, capacity="coordinator", at=AT - HOUR)
    assert note() == 2
    assert noted("submission_id", "number") == {(case.submission.pk, 3), (second.submission.pk, 3)}


def test_partners_count_too_and_for_their_own_organisation():
    case = Read()
    granted = GrantCase()
    partner = granted.partner.admin
    look(partner, granted.submission, 6, capacity="partner")
    assert note() == 1
    (row,) = UnusualReading.objects.all()
    assert (row.person, row.organisation, row.kind) == (partner, granted.partner.organisation, "volume")
    assert case.submission != granted.submission


# --- hours ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "number", "found"),
    [
        # 05:59 and 06:00, 21:59 and 22:00 in US Eastern on a Tuesday.
        (datetime(2026, 9, 15, 9, 59, 57, tzinfo=UTC), 3, 1),
        (datetime(2026, 9, 15, 10, 0, 0, tzinfo=UTC), 5, 0),
        (datetime(2026, 9, 16, 1, 59, 50, tzinfo=UTC), 5, 0),
        (datetime(2026, 9, 16, 2, 0, 0, tzinfo=UTC), 3, 1),
        (datetime(2026, 9, 16, 2, 0, 0, tzinfo=UTC), 2, 0),
        # Noon on a Saturday, and on Columbus Day, a Monday; the Friday before it.
        (datetime(2026, 9, 19, 16, 0, 0, tzinfo=UTC), 4, 1),
        (datetime(2026, 9, 19, 16, 0, 0, tzinfo=UTC), 3, 0),
        (datetime(2026, 10, 12, 16, 0, 0, tzinfo=UTC), 4, 1),
        (datetime(2026, 10, 9, 16, 0, 0, tzinfo=UTC), 4, 0),
    ],
)
def test_nights_weekends_and_holidays_by_the_programmes_clock(at, number, found):
    case = Read()
    look(case.reviewer, case.submission, number, at=at)
    assert note(at + HOUR) == found
    assert noted("kind") == ({("hours",)} if found else set())


@pytest.mark.parametrize(
    ("at", "found"),
    [
        # Clocks go back on 1 November 2026, forward on 14 March 2027, both Sundays: look at the Mondays beside them.
        (datetime(2026, 11, 2, 10, 59, 0, tzinfo=UTC), 1),  # 05:59 EST
        (datetime(2026, 11, 2, 11, 0, 0, tzinfo=UTC), 0),
        (datetime(2026, 10, 30, 9, 59, 0, tzinfo=UTC), 1),  # 05:59 EDT
        (datetime(2026, 10, 30, 10, 0, 0, tzinfo=UTC), 0),
        (datetime(2027, 3, 15, 10, 0, 0, tzinfo=UTC), 0),  # 06:00 EDT
        (datetime(2027, 3, 12, 10, 59, 0, tzinfo=UTC), 1),  # 05:59 EST
    ],
)
def test_the_hours_follow_the_change_of_the_clocks(at, found):
    case = Read()
    look(case.reviewer, case.submission, 3, at=at)
    assert note(at + HOUR) == found


def test_days_with_23_and_25_hours_are_whole_days():
    for day, hours in ((date(2026, 11, 1), 25), (date(2027, 3, 14), 23), (TUESDAY, 24)):
        assert measuring.begin_of(day + DAY) - measuring.begin_of(day) == hours * HOUR


def test_the_hour_that_comes_twice_counts_in_two():
    case = Read(night_looks="100", free_day_looks="100")
    # 01:30 EDT and an hour later 01:30 EST: four looks each, under the limit of an hour.
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    look(case.reviewer, case.submission, 4, at=first)
    look(case.reviewer, case.submission, 4, at=first + HOUR)
    assert note(first + 2 * HOUR) == 0
    assert ReadingTally.objects.values_list("day", "looks", "hour_looks").get() == (date(2026, 11, 1), 8, 4)


def test_a_partners_night_is_not_noted():
    Read()
    granted = GrantCase()
    at = datetime(2026, 9, 16, 3, 0, tzinfo=UTC)
    look(granted.partner.admin, granted.submission, 5, capacity="partner", at=at)
    assert note(at + HOUR) == 0


# --- domains -------------------------------------------------------------------------------------------------------------------


def of_domain(case, domain):
    """The case's seats, all in one domain."""
    Assignment.objects.filter(submission=case.submission).update(domain=domain)


class Abroad(Read):
    """A second case, in another domain, on which the coordinator has taken no step."""

    def __init__(self):
        super().__init__(hour_looks="1000")
        self.far = reviews.Reviewed()
        self.own = self.coordinator
        of_domain(self, "cyber")
        of_domain(self.far, "biological")
        # The office's other coordinator took every step on the first case, this one on none but an extra of cyber.
        self.reader = make.member(make.programme_office(), Role.COORDINATOR)
        reviewing.propose_assignment(
            actor=self.reader, submission=self.submission, reviewer=reviews.reviewer(self.agency), domain="cyber",
            role="reviewer", at=NOW,
        )  # fmt: skip


def over(day=TUESDAY):
    return measuring.begin_of(day + DAY) + HOUR


def test_reading_far_from_ones_own_domains_is_noted_once_the_day_is_over():
    case = Abroad()
    look(case.reader, case.far.submission, 2, capacity="coordinator")
    look(case.reader, case.submission, 2, capacity="coordinator")
    # Auditors and designators take no step: of them no domain is known.
    look(case.auditor, case.far.submission, 9, capacity="auditor")
    assert note(over() - timedelta(seconds=1)) == 0
    assert note(over()) == 1
    assert noted() == {(case.reader.pk, case.far.submission.pk, "domain", TUESDAY, 2)}


def test_one_look_a_seat_a_step_or_a_common_domain_is_nothing_to_note():
    case = Abroad()
    look(case.reader, case.far.submission, 1, capacity="coordinator")
    look(case.far.reviewer, case.far.submission, 4)
    # A step on the very case, later on the same day.
    second = make.member(make.programme_office(), Role.COORDINATOR)
    reviewing.propose_assignment(
        actor=second, submission=case.submission, reviewer=reviews.reviewer(case.agency), domain="cyber",
        role="reviewer", at=NOW,
    )  # fmt: skip
    look(second, case.far.submission, 4, capacity="coordinator")
    reviewing.propose_assignment(
        actor=second, submission=case.far.submission, reviewer=reviews.reviewer(case.far.agency),
        domain="biological", role="reviewer", at=AT + 2 * HOUR,
    )  # fmt: skip
    assert note(over()) == 0


def test_a_profile_and_a_step_long_ago():
    case = Abroad()
    look(case.reader, case.far.submission, 2, capacity="coordinator", at=AT + 95 * DAY)
    # Of who took their last step longer ago no domain is known any more.
    note(AT + 96 * DAY)
    assert noted("kind") == set()
    Membership.objects.create(user=case.reader, organisation=case.agency, role=Role.REVIEWER, since=NOW)
    reviews.record(User.objects.get(pk=case.reader.pk), "chemical", at=NOW)
    look(case.reader, case.far.submission, 2, capacity="coordinator", at=AT + 97 * DAY)
    note(AT + 98 * DAY)
    assert noted("kind") == {("domain",)}


# --- once, late, beside itself --------------------------------------------------------------------------------------------------


def history(case):
    """Four days of reading, some of it unusual in each way."""
    far = case.far.submission
    for back, number in ((4, 2), (3, 7), (2, 1), (1, 16), (0, 6)):
        look(case.reviewer, case.submission, number, at=AT - back * DAY)
        look(case.reader, far, 2, at=AT - back * DAY, capacity="coordinator")
    look(case.lead, case.submission, 4, at=datetime(2026, 9, 12, 3, 0, tzinfo=UTC))


def test_late_is_the_same_as_in_time():
    case = Abroad()
    history(case)
    results = []
    for runs in (
        [AT - 4 * DAY + number * timedelta(minutes=15) for number in range(0, 5 * 96, 8)],
        [AT - 4 * DAY, AT + DAY],
    ):
        with transaction.atomic():
            for at in [*runs, AT + 2 * DAY]:
                note(at)
            found = noted("person_id", "submission_id", "kind", "day", "number")
            tallies = set(ReadingTally.objects.values_list("person_id", "day", "looks", "hour_looks"))
            days = set(ReadingDay.objects.values_list("day", flat=True))
            results.append((found, tallies, days))
            transaction.set_rollback(True)
    assert results[0] == results[1]
    assert {kind for _, _, kind, _, _ in results[0][0]} == {"volume", "hours", "domain"}


def test_twice_is_once():
    case = Abroad()
    note(AT - 4 * DAY)
    history(case)
    at = AT + 2 * DAY
    assert note(at) > 0
    before = noted(), Event.objects.count(), Message.objects.count()
    assert note(at) == 0
    assert note(at + DAY) == 0
    assert (noted(), Event.objects.count(), Message.objects.count()) == before


def test_a_long_silence_goes_back_a_month_and_the_first_run_a_day():
    case = Read()
    look(case.reviewer, case.submission, 6, at=AT - 3 * DAY)
    note(AT)
    assert noted() == set()
    look(case.reviewer, case.submission, 6, at=AT + DAY)
    look(case.reviewer, case.submission, 7, at=AT + 9 * DAY)
    assert measuring.days_to_judge(AT + 40 * DAY)[0] == date(2026, 9, 24)
    note(AT + 40 * DAY)
    assert noted("day", "number") == {(date(2026, 9, 24), 7)}


def test_numbers_are_kept_for_sixty_days():
    case = Read()
    look(case.reviewer, case.submission, 1)
    note()
    for days in (59, 60, 61):
        note(AT + days * DAY)
        assert ReadingTally.objects.filter(day=TUESDAY).exists() == (days <= 60)


# --- who learns of it -------------------------------------------------------------------------------------------------------


def messages(kind) -> set:
    return set(Message.objects.filter(kind=kind).values_list("recipient_id", flat=True))


def test_who_is_told_and_who_is_not():
    case = Read()
    conflicted = make.member(make.programme_office(), Role.COORDINATOR)
    actions.declare_conflict(actor=conflicted, user=conflicted, organisation=case.lab, at=NOW)
    colleague = make.member(make.programme_office(), Role.COORDINATOR)
    look(case.reviewer, case.submission, 6)
    note()
    assert messages("reading_noted") == {case.coordinator.pk, colleague.pk, case.lead.pk}
    assert messages("reading_noted_lab") == {case.contributor.pk}
    number = case.submission.case_number
    (row,) = UnusualReading.objects.all()
    links = dict(Message.objects.filter(kind__startswith="reading").values_list("recipient_id", "link"))
    page = f"/admin/submissions/unusualreading/{row.pk}/change/"
    assert links == {
        case.coordinator.pk: page, colleague.pk: page, case.lead.pk: f"/case/{number}/",
        case.contributor.pk: f"/lab/cases/{number}/who/",
    }  # fmt: skip
    for message in Message.objects.filter(kind__startswith="reading"):
        assert message.case_number == number
        for word in (case.reviewer.name, case.lab.name, "suspicious", "unauthori", "6"):
            assert word not in message.wording


@pytest.mark.parametrize("who", ["coordinator", "lead"])
def test_the_reader_is_told_nothing_and_does_not_see_it(who):
    case = Read()
    reader = getattr(case, who)
    look(reader, case.submission, 6, capacity=who)
    note()
    assert reader.pk not in messages("reading_noted")
    assert not UnusualReading.objects.visible_to(User.objects.get(pk=reader.pk)).exists()
    assert not UnusualReading.objects.told_beside(case.submission, reader).exists()


def test_who_sees_the_row_and_who_looks_into_it():
    case = Read()
    foreign, conflicted = make.member(make.agency(), Role.SECURITY), make.member(case.agency, Role.SECURITY)
    actions.declare_conflict(actor=conflicted, user=conflicted, submission=case.submission, at=NOW)
    look(case.reviewer, case.submission, 6)
    note()
    (row,) = UnusualReading.objects.all()
    people = {
        "coordinator": case.coordinator, "security": case.security, "agency_security": case.agency_security,
        "auditor": case.auditor, "foreign": foreign, "conflicted": conflicted, "lead": case.lead,
        "invited": case.agency_coordinator, "reader": case.reviewer, "lab": case.contributor,
        "designator": make.member(make.programme_office(), Role.DESIGNATOR),
    }  # fmt: skip
    sees, acts = set(), set()
    for name, person in people.items():
        user = User.objects.get(pk=person.pk)
        if UnusualReading.objects.visible_to(user).filter(pk=row.pk).exists():
            sees.add(name)
        with transaction.atomic():
            try:
                actions.look_into(
                    actor=user, reading=row, outcome="explained", reason="A deadline.", at=AT + HOUR
                )
                acts.add(name)
            except NotAllowed:
                pass
            transaction.set_rollback(True)
    assert sees == {"coordinator", "security", "agency_security", "auditor"}
    assert acts == {"coordinator", "security", "agency_security"}


def test_looking_into_it_is_recorded_once_with_a_note_that_stays_with_the_government():
    case = Read()
    look(case.reviewer, case.submission, 6)
    note()
    (row,) = UnusualReading.objects.all()
    for said in ({"outcome": "accused", "reason": "x"}, {"outcome": "explained", "reason": " "}):
        with pytest.raises(Missing):
            actions.look_into(actor=case.coordinator, reading=row, at=AT + HOUR, **said)
    actions.look_into(
        actor=case.coordinator, reading=row, outcome="explained", reason="Marzipan week.", at=AT + HOUR
    )
    with pytest.raises(AlreadyDone):
        actions.look_into(actor=case.security, reading=row, outcome="followed_up", reason="x", at=AT + HOUR)
    events = Event.objects.filter(subject_id=row.pk).order_by("seq")
    assert list(events.values_list("verb", "actor_id", "capacity", "case_id", "reason")) == [
        ("note_reading", None, "clock", case.submission.pk, ""),
        ("look_into", case.coordinator.pk, "overseer", case.submission.pk, ""),
    ]
    assert str(case.reviewer.pk) not in str([event.data for event in events])
    (told,) = oversight.noted(case.again())
    assert told.reading.outcome == "explained"
    visible = Event.objects.visible_to(User.objects.get(pk=case.contributor.pk))
    assert not visible.filter(subject_id=row.pk).exists()


def test_what_was_noted_is_not_changed_or_removed():
    case = Read()
    look(case.reviewer, case.submission, 6)
    note()
    rows = UnusualReading.objects.all()
    for values in (
        {"kind": "hours"}, {"person": case.lead}, {"day": TUESDAY + DAY}, {"number": 1}, {"state": "looked_into"},
        {"looked_into_by": case.coordinator},
    ):  # fmt: skip
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**values)
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.delete()
    again = rows.get()
    again.pk = uuid4()
    with pytest.raises(DatabaseError), transaction.atomic():
        UnusualReading.objects.bulk_create([again])
    actions.look_into(
        actor=case.coordinator, reading=rows.get(), outcome="explained", reason="x", at=AT + HOUR
    )
    for values in ({"outcome": "followed_up"}, {"note": "y"}, {"state": "noted"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**values)


def test_the_lab_reads_its_own_cases_readers_by_the_names_it_knows():
    case, other = Read(), make.Case()
    look(case.reviewer, case.submission, 6)
    look(case.coordinator, other.submission, 6, capacity="coordinator")
    note()
    (told,) = oversight.noted(case.again())
    assert told.name == f"{case.agency.short_name} reviewer 1"
    (others,) = oversight.noted(other.again())
    assert (others.name, others.reading.submission_id) == ("IPO coordinator 1", other.submission.pk)


def test_reading_under_break_glass_counts_like_any_other():
    case = Read()
    look(case.agency_security, case.submission, 6, capacity="break_glass")
    note()
    assert noted("person_id", "organisation_id") == {(case.agency_security.pk, case.agency.pk)}
