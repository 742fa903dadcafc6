"""Quiet hours on the page of settings: chosen, changed, switched off, and written down."""

from datetime import time

import pytest

from portal.accounts.models import Role
from portal.deadlines.models import NoticePreference, QuietHours
from portal.deadlines.quiet import choose_quiet_hours, end_quiet_hours
from portal.errors import AlreadyDone, Invalid
from portal.ledger.models import Event
from portal.ledger.words import said
from tests import factories
from tests.accounts.test_pages import queries
from tests.site.test_notices import client_of

pytestmark = pytest.mark.django_db
PAGE, FORM, END = "/notices/settings/", "/notices/settings/quiet/", "/notices/settings/quiet/end/"
NIGHT = (time(22, 0), time(7, 0))


@pytest.fixture
def ada():
    return factories.member(factories.lab(), Role.CONTRIBUTOR)


def kept(person) -> list[tuple[time, time]]:
    return list(QuietHours.objects.filter(person=person).values_list("begins", "ends"))


def choose(client, begins, ends):
    return client.post(FORM, {"begins": begins, "ends": ends})


def test_they_are_off_until_somebody_chooses_them(ada):
    page = client_of(ada).get(PAGE)
    text = page.content.decode()
    assert "<strong>Off.</strong> Mail comes at any hour." in text
    assert "Switch them off" not in text
    assert [page.context["quiet_form"][name].value() for name in ("begins", "ends")] == [None, None]


def test_choosing_is_saved_and_shown_with_the_persons_zone(ada):
    client, other = client_of(ada), factories.member(factories.lab(), Role.ADMIN)
    assert choose(client, "22:00", "07:00")["Location"] == f"{PAGE}#quiet-hours"
    text = client.get(PAGE).content.decode()
    assert "On, from 10:00 p.m. to 7:00 a.m. of the next day." in text
    assert 'value="22:00"' in text
    assert "your time zone, America/New York" in text
    assert choose(client, "12:00", "13:30").status_code == 303
    assert "On, from 12:00 p.m. to 1:30 p.m." in client.get(PAGE).content.decode()
    assert (kept(ada), kept(other)) == ([(time(12), time(13, 30))], [])


@pytest.mark.parametrize(
    ("begins", "ends", "field", "words"),
    [
        ("22:00", "22:00", "ends", "Choose an end that is not the beginning."),
        ("", "07:00", "begins", "Give the time."),
        ("22:00", "25:00", "ends", "Write the time as hours and minutes, such as 22:00."),
        ("ten", "07:00", "begins", "Write the time as hours and minutes, such as 22:00."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_changes(ada, begins, ends, field, words):
    choose_quiet_hours(actor=ada, begins=time(20), ends=time(6))
    page = choose(client_of(ada), begins, ends)
    assert page.status_code == 200
    assert page.context["quiet_form"].errors == {field: [words]}
    assert page.context["quiet_form"]["begins"].value() == begins
    assert not page.context["form"].errors
    assert page.content.decode().count("Please check what you entered") == 1
    assert kept(ada) == [(time(20), time(6))]


def test_the_form_of_one_part_changes_no_other(ada):
    client = client_of(ada)
    choose(client, "22:00", "07:00")
    client.post(FORM, {"begins": "21:00", "ends": "07:00", "steps": "off"})
    assert not NoticePreference.objects.exists()


def test_switching_them_off_in_two_tabs(ada):
    one, two = client_of(ada), client_of(ada)
    choose_quiet_hours(actor=ada, begins=NIGHT[0], ends=NIGHT[1])
    answers = [client.post(END, follow=True) for client in (one, two)]
    assert [[str(message) for message in answer.context["messages"]] for answer in answers] == [
        ["Your quiet hours are off."],
        ["You have no quiet hours."],
    ]
    assert kept(ada) == []
    with pytest.raises(AlreadyDone):
        end_quiet_hours(actor=ada)


def test_each_change_is_written_down_whole_and_the_same_choice_once(ada):
    for begins, ends in (NIGHT, NIGHT, (time(22, 0), time(6, 30))):
        choose_quiet_hours(actor=ada, begins=begins, ends=ends, at=factories.NOW)
    with pytest.raises(Invalid):
        choose_quiet_hours(actor=ada, begins=time(6), ends=time(6), at=factories.NOW)
    end_quiet_hours(actor=ada, at=factories.NOW)
    found = Event.objects.filter(actor=ada).order_by("seq")
    assert [(e.verb, e.subject_type, e.subject_id, e.case_id, e.at, e.data) for e in found] == [
        (verb, "accounts.user", ada.pk, None, factories.NOW, data)
        for verb, data in (
            ("chose_quiet_hours", {"begins": [None, "22:00"], "ends": [None, "07:00"]}),
            ("chose_quiet_hours", {"begins": ["22:00", "22:00"], "ends": ["07:00", "06:30"]}),
            ("ended_quiet_hours", {"begins": ["22:00", None], "ends": ["06:30", None]}),
        )
    ]
    assert [said(event) for event in found] == [
        "Chose quiet hours",
        "Chose quiet hours",
        "Switched quiet hours off",
    ]


def test_the_page_costs_the_same_with_and_without(ada):
    client = client_of(ada)
    without = queries(client, PAGE)
    choose_quiet_hours(actor=ada, begins=NIGHT[0], ends=NIGHT[1])
    # Session, person, choices, quiet hours, absences, badge.
    assert (without, queries(client, PAGE)) == (6, 6)
