"""A list taken along as a file: what the page shows under its filters, recorded, and no formula in it."""

import csv
import hashlib
import io

import pytest
from django.urls import reverse

from portal.accounts.models import Role
from portal.admin import exporting
from portal.ledger.models import Event
from portal.submissions import actions
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.admin.desk import Desk
from tests.api.calls import counted
from tests.factories_disclosures import notified
from tests.factories_questions import asked

pytestmark = pytest.mark.django_db
NOW = make.NOW
CASES = "submissions_submission"


def export(desk: Desk, what: str = CASES, query: str = ""):
    return desk.client.post(f"{reverse(f'admin:{what}_export')}{query}")


def table(answer) -> list[list[str]]:
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    return list(csv.reader(io.StringIO(answer.content.decode())))


def test_the_cases_are_taken_along_as_the_page_shows_them_and_it_goes_on_record():
    case = make.Case(make.agreed)
    answer = export(Desk(case.coordinator))
    assert table(answer) == [
        ["Case number", "Lab", "Model", "State", "Access window", "Lead", "Waits for"],
        [
            case.submission.case_number,
            case.lab.name,
            "Kestrel 5",
            "Terms agreed",
            "closes 24 Oct 2026, 10:00 a.m. EDT",
            "",
            "The lab provides access, if and when it chooses. The access window stays shut until then.",
        ],
    ]
    assert answer["Content-Disposition"] == 'attachment; filename="cases-2026-09-14.csv"'
    assert "no-store" in answer["Cache-Control"]
    event = Event.objects.get(verb="exported_list")
    assert (event.actor_id, event.data) == (
        case.coordinator.pk,
        {
            "list": "submissions.submission",
            "rows": 1,
            "whole": True,
            "filters": [],
            "sha256": hashlib.sha256(answer.content).hexdigest(),
        },
    )
    looks = Event.objects.filter(kind="look", actor=case.coordinator).order_by("seq")
    assert [(look.verb, look.case_id, look.data) for look in looks] == [
        ("listed", case.submission.pk, {}),
        ("took_list", case.submission.pk, {"sha256": event.data["sha256"]}),
    ]
    assert event in Event.objects.visible_to(reviewing.auditor())
    assert event not in Event.objects.visible_to(case.contributor)


def test_only_what_the_filters_leave_and_the_person_sees_is_in_it():
    case, other, draft = make.Case(), make.Case(make.submitted), make.Case(make.draft)
    numbers = [row[0] for row in table(export(Desk(case.coordinator), query="?waits=acknowledge"))[1:]]
    assert numbers == [other.submission.case_number]
    everything = {row[0] for row in table(export(Desk(case.coordinator)))[1:]}
    assert everything == {case.submission.case_number, other.submission.case_number}
    assert draft.submission.case_number not in everything
    actions.declare_conflict(actor=case.coordinator, user=case.coordinator, organisation=other.lab, at=NOW)
    assert {row[0] for row in table(export(Desk(case.coordinator)))[1:]} == {case.submission.case_number}
    assert table(export(Desk(reviewing.reviewer(make.agency()))))[1:] == []


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A1"])
def test_no_cell_is_a_formula(name):
    case = make.Case(make.submitted)
    type(case.submission.facts).objects.filter(pk=case.submission.facts_id).update(model_name=name)
    row = table(export(Desk(case.coordinator)))[1]
    assert row[2] == f"'{name}"


def test_markup_in_a_name_comes_out_as_it_was_written():
    case = reviewing.Reviewed()
    asked(case, text='Is "<b>R&D</b>" meant?')
    row = table(export(Desk(case.coordinator), "submissions_informationrequest"))[1]
    assert row[2] == 'Is "<b>R&D</b>" meant?'


@pytest.mark.parametrize("name", ["Aurora <preview>", "A&amp;B", "<b>" * 60])
def test_a_name_that_looks_like_markup_is_a_name(name):
    case = make.Case(make.submitted)
    type(case.submission.facts).objects.filter(pk=case.submission.facts_id).update(model_name=name)
    assert table(export(Desk(case.coordinator)))[1][2] == name


def test_a_page_that_is_none_leads_back_to_the_list():
    case = make.Case()
    answer = export(Desk(case.coordinator), query="?p=999")
    assert (answer.status_code, answer["Location"]) == (303, reverse(f"admin:{CASES}_changelist"))


def test_the_button_promises_a_look_only_where_there_is_one():
    case = make.Case()
    desk = Desk(case.coordinator)
    assert "and each row as a look" in desk.text(f"{CASES}_changelist")
    text = desk.text("accounts_user_changelist")
    assert "That it was taken goes on record." in text


def test_a_long_list_is_cut_and_says_so(monkeypatch):
    monkeypatch.setattr(exporting, "LIMIT", 2)
    case = make.Case()
    for number in range(3):
        notified(case, reference=f"FOIA-{number}")
    answer = export(Desk(case.coordinator), "submissions_disclosurenotice")
    assert len(table(answer)) == 3
    assert "disclosure-notices-first-2-2026-09-14.csv" in answer["Content-Disposition"]
    data = Event.objects.get(verb="exported_list").data
    assert (data["rows"], data["whole"]) == (2, False)


def test_reading_it_by_a_link_is_not_offered_and_strangers_find_nothing():
    case = make.Case()
    address = reverse(f"admin:{CASES}_export")
    assert Desk(case.coordinator).client.get(address).status_code == 405
    for person in (case.contributor, make.member(make.partner_organisation(), Role.ADMIN)):
        assert Desk(person).client.post(address).status_code == 404
    assert Desk(make.person(is_superuser=True)).client.post(address).status_code == 403
    assert Desk().client.post(address).status_code == 302
    assert not Event.objects.filter(verb="exported_list").exists()


@pytest.mark.parametrize("rows", [1, 30])
def test_it_costs_the_same_with_one_row_and_with_thirty(rows):
    cases = [make.Case() for _ in range(rows)]
    desk = Desk(cases[0].coordinator)
    export(desk)
    with counted(10):
        assert len(table(export(desk))) == rows + 1
