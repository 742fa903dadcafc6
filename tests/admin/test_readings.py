"""Unusual reading on the workbench and on the lab's pages: who finds what, and in which words."""

import pytest
import time_machine
from django.urls import reverse

from portal.accounts.models import Role
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.models import UnusualReading
from portal.submissions.people import public_names
from tests import factories as make
from tests.admin.desk import CASE, Desk, words
from tests.api.calls import counted
from tests.core.test_readings import AT, HOUR, Read, look, note
from tests.lab.visitor import Visitor

pytestmark = pytest.mark.django_db
LIST, PAGE, LOOK = (f"submissions_unusualreading_{page}" for page in ("changelist", "change", "look_into"))
LIST_QUERIES = 5


@pytest.fixture
def case():
    with time_machine.travel(AT + HOUR, tick=False):
        found = Read()
        look(found.reviewer, found.submission, 6)
        note()
        yield found


def test_from_the_queue_to_what_came_of_it(case):
    desk = Desk(case.coordinator)
    assert "Unusual reading to look into" in words(desk.client.get(reverse("admin:index")))
    (row,) = UnusualReading.objects.all()
    listed = desk.text(LIST, waits="look")
    for said in (case.submission.case_number, case.reviewer.name, "More than usual", "15 September 2026"):
        assert said in listed.replace("Sept.", "September").replace("Sep ", "September "), said
    shown = desk.text(CASE, case.submission.pk)
    assert f"More than usual , {case.reviewer} of" in shown
    asked = desk.text(LOOK, row.pk)
    for accusing in ("suspicious", "violation", "breach", "abuse"):
        assert accusing not in asked.lower()
    assert "Choose what came of it." in desk.post(LOOK, row.pk, reason="x").content.decode()
    assert desk.post(LOOK, row.pk, outcome="explained", reason="Marzipan week.").status_code == 303
    assert "Marzipan week." in desk.text(PAGE, row.pk)
    assert list(desk.get(LIST, waits="look").context["cl"].result_list) == []
    assert list(desk.get(LIST, waits="explained").context["cl"].result_list) == [row]


@pytest.mark.parametrize(
    "who", ["reviewer", "lead", "agency_coordinator", "lab", "partner", "foreign", "conflicted", "designator"]
)
def test_who_has_no_part_in_it_finds_none(case, who):
    (row,) = UnusualReading.objects.all()
    user = {
        "lab": case.contributor,
        "partner": make.member(make.partner_organisation(), Role.ADMIN),
        "foreign": make.member(make.agency(), Role.SECURITY),
        "conflicted": make.member(make.programme_office(), Role.SECURITY),
        "designator": make.member(make.programme_office(), Role.DESIGNATOR),
    }.get(who) or getattr(case, who)
    if who == "conflicted":
        actions.declare_conflict(actor=user, user=user, organisation=case.lab)
    desk = Desk(user)
    for page in (PAGE, "submissions_unusualreading_history", LOOK):
        assert desk.get(page, row.pk).status_code == 404, page
    assert desk.post(LOOK, row.pk, outcome="explained", reason="x").status_code == 404
    listed = desk.get(LIST)
    if listed.status_code == 200:
        assert list(listed.context["cl"].result_list) == []


def test_an_auditor_reads_it_and_says_nothing(case):
    (row,) = UnusualReading.objects.all()
    desk = Desk(case.auditor)
    assert case.reviewer.name in desk.text(PAGE, row.pk)
    assert desk.post(LOOK, row.pk, outcome="explained", reason="x").status_code == 403


def test_a_coordinator_who_was_the_reader_finds_no_trace_of_it(case):
    reader = make.member(make.programme_office(), Role.COORDINATOR)
    look(reader, case.submission, 6, capacity="coordinator")
    note()
    desk = Desk(reader)
    (own,) = UnusualReading.objects.filter(person=reader)
    assert desk.get(PAGE, own.pk).status_code == 404
    assert list(desk.get(LIST).context["cl"].result_list) == [UnusualReading.objects.exclude(pk=own.pk).get()]
    assert str(own.pk) not in desk.get(CASE, case.submission.pk).content.decode()
    exported = desk.client.post(reverse("admin:submissions_unusualreading_export")).content.decode()
    assert reader.name not in exported
    assert case.reviewer.name in exported


def test_the_lead_reads_that_there_is_some_and_not_of_whom(case):
    shown = Desk(case.lead).text(CASE, case.submission.pk)
    assert "It says nothing about why. Noted 15 Sep 2026: More than usual" in shown
    assert "More than usual , " not in shown


def test_the_list_asks_few_questions(case):
    desk = Desk(case.coordinator)
    desk.get(LIST)
    with counted(LIST_QUERIES):
        desk.get(LIST)
    for number in range(29):
        reader = make.member(case.agency, Role.REVIEWER, f"Reader {number}")
        look(reader, case.submission, 6)
    note()
    with counted(LIST_QUERIES):
        page = desk.get(LIST)
    assert len(page.context["cl"].result_list) == 30


# --- the lab's page -----------------------------------------------------------------------------------------------------------


def test_the_lab_reads_day_kind_and_stable_name_on_its_own_case_alone(case):
    other = make.Case()
    (row,) = UnusualReading.objects.all()
    lab, stranger = Visitor(case.contributor), Visitor(other.contributor)
    name = public_names(case.submission, [case.reviewer.pk])[case.reviewer.pk]
    shown = lab.text("who", case.submission.case_number)
    assert f"15 Sep 2026 {name} {case.agency.name} More than usual Not looked into yet" in shown
    assert case.reviewer.name not in shown
    assert "Reading that differs from usual" not in stranger.text("who", other.submission.case_number)
    assert stranger.get("who", case.submission.case_number).status_code == 404
    actions.look_into(actor=case.coordinator, reading=row, outcome="followed_up", reason="A talk with Rita.")
    shown = lab.text("who", case.submission.case_number)
    assert "More than usual Followed up looked into" in shown
    assert "A talk with Rita." not in shown
    told = lab.get("export_record", case.submission.case_number, "record.json").json()["unusual_reading"]
    assert told == [
        {
            "day": "2026-09-15",
            "name": name,
            "organisation": case.agency.name,
            "kind": "More than usual",
            "looked_into_at": "2026-09-15T16:00:00Z",
            "outcome": "Followed up",
        }
    ]
    events = Event.objects.visible_to(type(case.contributor).objects.get(pk=case.contributor.pk))
    assert not events.filter(verb__in=["note_reading", "look_into"]).exists()
