"""When somebody is away: whole days in their own zone, bounds in words, and one's own alone."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from portal.accounts.models import Role, User
from portal.deadlines import absences, quiet
from portal.deadlines.absences import add_absence, remove_absence
from portal.deadlines.models import Absence, QuietHours
from portal.errors import AlreadyDone, Invalid, NotAllowed
from portal.ledger.models import Event
from portal.ledger.words import said
from tests import factories
from tests import factories_services as services
from tests.site.test_notices import client_of

pytestmark = pytest.mark.django_db
NOW, DAY = factories.NOW, factories.DAY
TODAY = date(2026, 9, 14)
PAGE, FORM = "/notices/settings/", "/notices/settings/away/"


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ada():
    return factories.member(factories.lab(), Role.CONTRIBUTOR)


def day(number: int) -> date:
    return TODAY + timedelta(days=number)


def kept(person) -> list[tuple[datetime, datetime]]:
    return list(Absence.objects.filter(person=person).values_list("begins_at", "ends_at"))


def add(client, first, last):
    return client.post(FORM, {"first": first, "last": last})


def remove(client, absence, at=NOW):
    with time_machine.travel(at, tick=False):
        return client.post(f"{FORM}{absence.pk}/remove/", follow=True)


def messages_of(answer) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


# --- Days ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "days", "begins_at", "ends_at"),
    [
        ("America/New_York", ("2026-10-01", "2026-10-03"), "2026-10-01T04:00", "2026-10-04T04:00"),
        # Over the end of summer time; and one day alone, of 25 hours.
        ("America/New_York", ("2026-10-30", "2026-11-02"), "2026-10-30T04:00", "2026-11-03T05:00"),
        ("America/New_York", ("2026-11-01", "2026-11-01"), "2026-11-01T04:00", "2026-11-02T05:00"),
        ("Asia/Kathmandu", ("2026-10-01", "2026-10-01"), "2026-09-30T18:15", "2026-10-01T18:15"),
        # In Beirut midnight is skipped on 28 March 2027, and the last hour before it comes twice on 31 October 2026.
        ("Asia/Beirut", ("2027-03-28", "2027-03-28"), "2027-03-27T22:00", "2027-03-28T21:00"),
        ("Asia/Beirut", ("2026-10-24", "2026-10-24"), "2026-10-23T21:00", "2026-10-24T22:00"),
        # A zone of no such name is the programme's.
        ("No/Where", ("2026-10-01", "2026-10-01"), "2026-10-01T04:00", "2026-10-02T04:00"),
    ],
)
def test_both_days_are_included_in_the_persons_own_zone(ada, zone, days, begins_at, ends_at):
    User.objects.filter(pk=ada.pk).update(zone=zone)
    first, last = map(date.fromisoformat, days)
    add_absence(actor=User.objects.get(pk=ada.pk), first=first, last=last, at=NOW)
    wanted = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (begins_at, ends_at)]
    assert kept(ada) == [tuple(wanted)]


def test_whole_days_are_said_as_days_and_anything_else_as_instants(ada):
    absence = add_absence(actor=ada, first=day(1), last=day(3), at=NOW)
    own, other = ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")
    assert absences.span(absence, own) == ("15 Sep 2026", "17 Sep 2026")
    assert absences.until(absence, own) == "the end of 17 Sep 2026"
    with timezone.override(other):
        assert absences.span(absence, other) == ("15 Sep 2026, 1:00 p.m. JST", "18 Sep 2026, 1:00 p.m. JST")
        assert absences.until(absence, other) == "18 Sep 2026, 1:00 p.m. JST"


# --- Bounds -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last", "field", "words"),
    [
        (day(-1), day(2), "first", "This day is past. Begin today or later."),
        (day(3), day(2), "last", "The last day is before the first."),
        (day(1), day(181), "last", "At most 180 days at a time. Choose an earlier last day."),
        (day(731), day(732), "first", "Begin within the next two years."),
        (date.max, date.max, "first", "Begin within the next two years."),
        (day(1), date.max, "last", "At most 180 days at a time. Choose an earlier last day."),
        ("", day(2), "first", "Give the day."),
        (day(1), "2026-02-30", "last", "Write a date that exists, such as 2026-12-30."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_kept(ada, first, last, field, words):
    page = add(client_of(ada), first, last)
    assert page.status_code == 200
    assert page.context["away_form"].errors == {field: [words]}
    # Of the three forms of the page the one that was sent says it, and has what was typed.
    assert page.context["away_form"]["last"].value() == str(last)
    assert not page.context["form"].errors
    assert not page.context["quiet_form"].errors
    assert page.content.decode().count("Please check what you entered") == 1
    assert kept(ada) == []


def test_today_and_the_longest_are_taken(ada):
    client = client_of(ada)
    assert add(client, day(0), day(0))["Location"] == f"{PAGE}#away"
    assert add(client, day(1), day(180))["Location"] == f"{PAGE}#away"
    assert len(kept(ada)) == 2


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [(5, 6, "first"), (2, 4, "last"), (6, 9, "first"), (4, 8, "first"), (4, 4, "first")],
)
def test_days_that_are_taken_are_refused(ada, first, last, field):
    client = client_of(ada)
    add(client, day(4), day(6))
    page = add(client, day(first), day(last))
    assert page.context["away_form"].errors == {
        field: [
            "You are away from 18 Sep 2026 to 20 Sep 2026 already. Choose other days, or remove that absence first."
        ]
    }
    assert len(kept(ada)) == 1


def test_days_beside_those_that_are_taken_are_not_and_others_days_do_not_matter(ada):
    other = factories.member(factories.lab(), Role.ADMIN)
    add_absence(actor=other, first=day(3), last=day(9), at=NOW)
    for first, last in ((4, 6), (7, 8), (3, 3)):
        add_absence(actor=ada, first=day(first), last=day(last), at=NOW)
    assert len(kept(ada)) == 3


def test_no_more_than_ten_are_ahead(ada):
    for number in range(10):
        add_absence(actor=ada, first=day(2 * number), last=day(2 * number), at=NOW)
    page = add(client_of(ada), day(40), day(41))
    assert page.context["away_form"].errors == {"first": ["There are 10 absences already. Remove one first."]}
    # One that is over does not count.
    add_absence(actor=ada, first=day(40), last=day(41), at=NOW + 2 * DAY)
    assert len(kept(ada)) == 11


# --- Removing -------------------------------------------------------------------------------------------------------------------


def test_one_to_come_is_deleted(ada):
    absence = add_absence(actor=ada, first=day(1), last=day(3), at=NOW)
    assert messages_of(remove(client_of(ada), absence)) == ["The absence was removed."]
    assert kept(ada) == []


def test_one_that_runs_ends_now_and_is_kept(ada):
    absence = add_absence(actor=ada, first=day(0), last=day(3), at=NOW)
    later = NOW + DAY
    with time_machine.travel(later, tick=False):
        client = client_of(ada)
    assert messages_of(remove(client, absence, later)) == ["The absence has ended."]
    assert kept(ada) == [(absence.begins_at, later)]
    # Its days are free again.
    add_absence(actor=ada, first=day(1), last=day(2), at=later + timedelta(seconds=1))


def test_one_that_begins_this_very_moment_is_deleted(ada):
    absence = add_absence(actor=ada, first=day(1), last=day(3), at=NOW)
    assert remove_absence(actor=ada, absence=absence, at=absence.begins_at) is False
    assert kept(ada) == []


def test_a_second_tab_is_told_what_came_of_it(ada):
    one, two = client_of(ada), client_of(ada)
    coming = add_absence(actor=ada, first=day(5), last=day(6), at=NOW)
    running = add_absence(actor=ada, first=day(0), last=day(3), at=NOW)
    for client, said_of_coming, said_of_running in (
        (one, "The absence was removed.", "The absence has ended."),
        (two, "This absence was removed already.", "This absence is over already."),
    ):
        assert messages_of(remove(client, coming)) == [said_of_coming]
        assert messages_of(remove(client, running)) == [said_of_running]
    assert Event.objects.filter(verb__in=("removed_absence", "ended_absence")).count() == 2


def test_the_same_days_sent_twice_are_one_absence(ada):
    one, two = client_of(ada), client_of(ada)
    assert add(one, day(1), day(2)).status_code == 303
    page = add(two, day(1), day(2))
    assert list(page.context["away_form"].errors) == ["first"]
    assert len(kept(ada)) == 1


def test_a_row_that_went_between_the_page_and_the_lock_is_told_too(ada):
    absence = add_absence(actor=ada, first=day(1), last=day(2), at=NOW)
    remove_absence(actor=ada, absence=Absence.objects.get(pk=absence.pk), at=NOW)
    with pytest.raises(AlreadyDone):
        remove_absence(actor=ada, absence=absence, at=NOW)


# --- Whose they are -------------------------------------------------------------------------------------------------------------


def test_anothers_is_not_there(ada):
    other = factories.member(factories.lab(), Role.ADMIN)
    theirs = add_absence(actor=other, first=day(1), last=day(3), at=NOW)
    gone = add_absence(actor=other, first=day(8), last=day(9), at=NOW)
    remove_absence(actor=other, absence=gone, at=NOW)
    client = client_of(ada)
    # Not to be told from one that never was.
    for absence in (theirs, gone, Absence(pk=uuid4())):
        assert remove(client, absence).status_code == 404
    assert client.get(PAGE).context["absences"] == []
    assert len(kept(other)) == 1
    with pytest.raises(NotAllowed):
        remove_absence(actor=ada, absence=theirs, at=NOW)


def test_a_stranger_signs_in_first(ada):
    absence = add_absence(actor=ada, first=day(1), last=day(3), at=NOW)
    for path in (FORM, f"{FORM}{absence.pk}/remove/", "/notices/settings/quiet/", f"{PAGE}quiet/end/"):
        assert Client().post(path)["Location"].startswith("/account/login/")
    assert Client().get("/notices/coming/")["Location"].startswith("/account/login/")
    assert len(kept(ada)) == 1


def test_a_labs_service_has_neither(ada):
    service = services.service(factories.lab())[0]
    with pytest.raises(NotAllowed):
        add_absence(actor=service, first=day(1), last=day(2), at=NOW)
    with pytest.raises(NotAllowed):
        quiet.choose_quiet_hours(actor=service, begins=quiet.time(22), ends=quiet.time(7), at=NOW)
    with pytest.raises(NotAllowed):
        quiet.end_quiet_hours(actor=service, at=NOW)
    assert (Absence.objects.count(), QuietHours.objects.count()) == (0, 0)


def test_nor_has_an_account_that_was_closed(ada):
    ada.is_active = False
    with pytest.raises(NotAllowed):
        add_absence(actor=ada, first=day(1), last=day(2), at=NOW)


@pytest.mark.parametrize(
    ("kind", "role"),
    [("lab", Role.VIEWER), ("agency", Role.REVIEWER), ("partner", Role.MEMBER), ("agency", Role.DESIGNATOR)],
)
def test_every_side_has_them(kind, role):
    person = factories.member(factories.organisation(kind), role)
    client = client_of(person)
    assert add(client, day(1), day(2)).status_code == 303
    text = client.get(PAGE).content.decode()
    assert "15 Sep 2026 to 16 Sep 2026" in text
    assert "Where nobody else who is asked is there, the next in line is reminded too." in text


# --- The pages ------------------------------------------------------------------------------------------------------------------


def test_who_is_away_reads_so_on_the_notices_page_and_only_while_they_are(ada):
    add_absence(actor=ada, first=day(1), last=day(3), at=NOW)
    banners = {}
    for number in (0, 1, 3, 4):
        with time_machine.travel(NOW + number * DAY, tick=False):
            text = client_of(ada).get("/notices/").content.decode()
            banners[number] = "You are away until the end of 17 Sep 2026." in text
            assert ("You are away until" in text) is banners[number]
    assert banners == {0: False, 1: True, 3: True, 4: False}


def test_the_list_says_what_runs_and_leaves_out_what_is_over(ada):
    add_absence(actor=ada, first=day(0), last=day(0), at=NOW)
    add_absence(actor=ada, first=day(1), last=day(2), at=NOW)
    rows = {}
    for number in (0, 1, 3):
        with time_machine.travel(NOW + number * DAY, tick=False):
            page = client_of(ada).get(PAGE)
            rows[number] = [(row["span"], row["running"]) for row in page.context["absences"]]
    first, second = ("14 Sep 2026", "14 Sep 2026"), ("15 Sep 2026", "16 Sep 2026")
    assert rows == {0: [(first, True), (second, False)], 1: [(second, True)], 3: []}


def test_the_forms_addresses_lead_to_the_page(ada):
    client = client_of(ada)
    assert client.get(FORM)["Location"] == f"{PAGE}#away"
    assert client.get("/notices/settings/quiet/")["Location"] == f"{PAGE}#quiet-hours"


# --- The ledger -----------------------------------------------------------------------------------------------------------------


def test_each_change_is_written_down_whole(ada):
    coming = add_absence(actor=ada, first=day(5), last=day(5), at=NOW)
    running = add_absence(actor=ada, first=day(0), last=day(1), at=NOW)
    with pytest.raises(Invalid):
        add_absence(actor=ada, first=day(1), last=day(1), at=NOW)
    remove_absence(actor=ada, absence=coming, at=NOW)
    remove_absence(actor=ada, absence=running, at=NOW)
    found = Event.objects.filter(subject_type="deadlines.absence").order_by("seq")
    assert [(e.verb, e.subject_id, e.actor, e.case_id, e.capacity, e.at, e.data) for e in found] == [
        (verb, absence.pk, ada, None, "", NOW, data)
        for verb, absence, data in (
            (
                "added_absence",
                coming,
                {"begins_at": "2026-09-19T04:00:00+00:00", "ends_at": "2026-09-20T04:00:00+00:00"},
            ),
            (
                "added_absence",
                running,
                {"begins_at": "2026-09-14T04:00:00+00:00", "ends_at": "2026-09-16T04:00:00+00:00"},
            ),
            (
                "removed_absence",
                coming,
                {"begins_at": "2026-09-19T04:00:00+00:00", "ends_at": "2026-09-20T04:00:00+00:00"},
            ),
            (
                "ended_absence",
                running,
                {"ends_at": ["2026-09-16T04:00:00+00:00", "2026-09-14T14:00:00+00:00"]},
            ),
        )
    ]
    assert [said(event) for event in found] == [
        "Said when they are away",
        "Said when they are away",
        "Took out an absence to come",
        "Came back before the end of an absence",
    ]
