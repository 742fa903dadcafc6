"""The agencies' logs of requests for records, on the workbench."""

import csv
import io

import pytest
from django.urls import reverse

from portal.accounts.models import Role
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.actions import records_requests
from portal.submissions.models import RecordsRequest
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.admin.desk import Desk, words
from tests.api.calls import counted
from tests.factories_disclosures import notified
from tests.factories_records import NUMBER, WANTED, answered, logged

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
LIST, PAGE = "submissions_recordsrequest_changelist", "submissions_recordsrequest_change"
ADD = "submissions_recordsrequest_add"


@pytest.fixture
def case():
    return reviewing.Reviewed()


def step(verb: str) -> str:
    return f"submissions_recordsrequest_{verb}"


def rows(desk: Desk, **query) -> list:
    return list(desk.get(LIST, **query).context["cl"].result_list)


def buttons(desk: Desk, request) -> list[str]:
    return [offer.step.verb for offer in desk.get(PAGE, request.pk).context["offers"]]


def test_the_way_of_a_request_to_its_answer(case):
    keeper = case.agency_coordinator
    desk = Desk(keeper)
    data = {
        "tracking_number": NUMBER, "received_on": "2026-09-14", "category": "commercial", "description": WANTED,
    }  # fmt: skip
    done = desk.post(ADD, **data)
    request = RecordsRequest.objects.get()
    assert (done.status_code, done["Location"]) == (303, reverse(f"admin:{PAGE}", args=[request.pk]))
    assert "13 Oct 2026" in desk.text(PAGE, request.pk)
    assert buttons(desk, request) == ["link_notice", "extend", "answer"]
    notice = notified(case, keeper)
    form = desk.get(step("link_notice"), request.pk).context["form"]
    label = f"Disclosure notice 1 on case {case.submission.case_number}, request {notice.reference}, {case.agency}"
    assert [str(text) for _, text in form.fields["notice"].choices] == ["Choose a notice", label]
    assert desk.post(step("link_notice"), request.pk, notice=str(notice.pk)).status_code == 303
    assert f"Disclosure notice 1 {case.submission.case_number}" in desk.text(PAGE, request.pk)
    answer = {"outcome": "in_full", "answered_on": "2026-09-14", "revision": request.revision}
    refused = desk.post(step("answer"), request.pk, **answer)
    assert refused.status_code == 409
    assert "Nothing is answered as disclosed while a lab is being heard" in words(refused)
    later = {"reason": "Records of two offices.", "revision": request.revision}
    assert desk.post(step("extend"), request.pk, **later).status_code == 303
    assert "27 Oct 2026" in desk.text(PAGE, request.pk)
    assert buttons(desk, request) == ["link_notice", "answer"]
    stale = desk.post(step("answer"), request.pk, **answer)
    assert "changed since you opened the page" in words(stale)
    kept = answer | {"outcome": "withheld", "exemptions": ["4", "5"], "revision": request.revision + 1}
    assert desk.post(step("answer"), request.pk, **kept).status_code == 303
    text = desk.text(PAGE, request.pk)
    assert all(part in text for part in ("Withheld", "14 Sep 2026", "4, 5"))
    assert buttons(desk, request) == []


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({"tracking_number": ""}, {"tracking_number": ["Write the request's number."]}),
        ({"description": ""}, {"description": ["Write what is asked for."]}),
        ({"received_on": "2026-09-15"}, {"received_on": ["Give the day it was received, which has come."]}),
    ],
)
def test_what_is_no_request_is_said_beside_the_field(case, data, errors):
    given = {
        "tracking_number": NUMBER,
        "received_on": "2026-09-14",
        "category": "other",
        "description": WANTED,
    } | data
    answer = Desk(case.coordinator).post(ADD, **given)
    assert answer.context["form"].errors == errors
    assert not RecordsRequest.objects.exists()


def test_the_questions_of_the_list(case, time_machine):
    keeper = case.agency_coordinator
    first, second = logged(keeper), logged(keeper, tracking_number="FOIA-2")
    third, of_office = logged(keeper, tracking_number="FOIA-3"), logged(case.coordinator)
    records_requests.extend(actor=keeper, request=second, reason="Two offices.", at=NOW)
    answered(keeper, third)
    time_machine.move_to(NOW + 35 * DAY, tick=False)
    desk = Desk(case.coordinator)
    expected = {
        "waiting": {first, second, of_office}, "mine": {of_office}, "overdue": {first, of_office},
        "extended": {second}, "answered": {third}, "disclosed": {third},
    }  # fmt: skip
    assert {question: set(rows(desk, stands=question)) for question in expected} == expected
    assert set(rows(Desk(keeper))) == {first, second, third}
    assert set(rows(desk, q="FOIA-2")) == {first, second, of_office}
    assert "Overdue" in desk.text(LIST)


def test_a_list_that_leaves_holds_the_columns_and_no_notice(case):
    request = logged(case.agency_coordinator)
    notice = notified(case, case.agency_coordinator)
    records_requests.link_notice(actor=case.agency_coordinator, request=request, notice=notice, at=NOW)
    answer = Desk(reviewing.auditor()).post("submissions_recordsrequest_export")
    table = list(csv.reader(io.StringIO(answer.content.decode())))
    assert table == [
        [
            "Tracking number",
            "Agency",
            "Received on",
            "Requester",
            "State",
            "Due",
            "Outcome",
            "Answered on",
            "Exemptions",
        ],
        [NUMBER, case.agency.name, "2026-09-14", "News media", "Received", "13 Oct 2026", "", "", ""],
    ]
    assert case.submission.case_number not in answer.content.decode()


def test_who_reads_and_who_is_told_that_nothing_is_there(case):
    request = logged(case.agency_coordinator)
    for person in (case.coordinator, reviewing.auditor()):
        desk = Desk(person)
        assert (rows(desk), buttons(desk, request)) == ([request], [])
        assert (
            desk.post(step("answer"), request.pk, outcome="no_records", answered_on="2026-09-14").status_code
            == 403
        )
    foreign = Desk(make.member(make.agency(), Role.COORDINATOR))
    assert (rows(foreign), foreign.get(PAGE, request.pk).status_code) == ([], 404)
    for person in (case.reviewer, case.lead, reviewing.designator(), make.person(is_superuser=True)):
        desk = Desk(person)
        assert desk.get(LIST).status_code in (403, 404)
        assert desk.get(PAGE, request.pk).status_code == 404


def test_a_conflict_leaves_the_page_as_if_nothing_were_linked(case):
    keeper = case.agency_coordinator
    request, bare = logged(keeper), logged(keeper, tracking_number="FOIA-bare")
    notice = notified(case, keeper)
    records_requests.link_notice(actor=keeper, request=request, notice=notice, at=NOW)
    conflicted = make.member(case.agency, Role.COORDINATOR)
    actions.declare_conflict(actor=conflicted, user=conflicted, organisation=case.lab, at=NOW)
    desk = Desk(conflicted)
    pages = {one: desk.text(PAGE, one.pk).replace(one.tracking_number, "NUMBER") for one in (request, bare)}
    assert pages[request] == pages[bare]
    histories = [
        desk.text("submissions_recordsrequest_history", one.pk).replace(one.tracking_number, "NUMBER")
        for one in (request, bare)
    ]
    assert histories[0] == histories[1]
    form = desk.get(step("link_notice"), request.pk).context["form"]
    assert len(form.fields["notice"].choices) == 1
    said = words(desk.post(step("answer"), request.pk, outcome="in_full", answered_on="2026-09-14"))
    assert not [
        part
        for part in (case.submission.case_number, notice.reference, "Disclosure notice 1")
        if part in said
    ]


def test_the_page_that_names_notices_is_a_look_at_their_cases(case):
    keeper = case.agency_coordinator
    request, bare = logged(keeper), logged(keeper, tracking_number="FOIA-bare")
    notice = notified(case, keeper)
    records_requests.link_notice(actor=keeper, request=request, notice=notice, at=NOW)
    desk = Desk(keeper)
    desk.get(PAGE, bare.pk)
    assert not Event.objects.filter(kind="look", actor=keeper).exists()
    desk.get(PAGE, request.pk)
    look = Event.objects.get(kind="look", actor=keeper)
    assert (look.verb, look.case_id) == ("listed_disclosures", case.submission.pk)
    Desk(case.coordinator).get(step("link_notice"), bare.pk)
    assert not Event.objects.filter(kind="look", actor=case.coordinator).exists()
    desk.get(step("link_notice"), bare.pk)
    assert Event.objects.filter(kind="look", actor=keeper).count() == 2


@pytest.mark.parametrize("number", [1, 30])
def test_a_list_costs_the_same_for_one_and_for_thirty(case, number):
    for one in range(number):
        logged(case.coordinator, tracking_number=f"FOIA-{one}")
    desk = Desk(case.coordinator)
    desk.get(LIST)
    with counted(5):
        assert len(rows(desk)) == number
