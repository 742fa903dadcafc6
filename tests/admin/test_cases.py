"""The queue of cases: who finds which, what each column tells, what it costs, and that looks are recorded."""

import pytest

from portal.accounts.models import Membership
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.next_steps import next_step
from tests import factories as make
from tests import factories_reviews as reviews
from tests.admin.desk import CASE, CASES, Desk, words
from tests.api.calls import counted

pytestmark = pytest.mark.django_db


def _rows(desk: Desk, **query) -> list[str]:
    """The case numbers that the list shows, in its order."""
    answer = desk.get(CASES, **query)
    assert answer.status_code == 200
    return [case.case_number for case in answer.context["cl"].result_list]


def test_every_role_finds_its_cases_and_no_others():
    ours, other = reviews.Reviewed(), reviews.Reviewed()
    make.draft(actor=ours.contributor, lab=ours.lab)
    both = {ours.submission.case_number, other.submission.case_number}
    for person in (ours.coordinator, reviews.designator(), reviews.auditor()):
        assert set(_rows(Desk(person))) == both
    for person in (ours.lead, ours.reviewer, ours.agency_coordinator):
        assert _rows(Desk(person)) == [ours.submission.case_number]
    waiting = reviews.reviewer(ours.agency)
    reviews.proposed(ours, waiting)
    assert _rows(Desk(waiting)) == []


def test_a_conflict_hides_the_case_its_number_and_the_count():
    case = reviews.Reviewed()
    desk = Desk(case.coordinator)
    actions.declare_conflict(actor=case.coordinator, user=case.coordinator, organisation=case.lab)
    text = desk.text(CASES)
    assert case.submission.case_number not in text
    assert "0 cases" in text
    assert case.submission.case_number not in desk.text("index")
    assert case.submission.case_number not in desk.text("deadlines_deadline_changelist")
    assert case.submission.case_number not in desk.text("ledger_event_changelist")
    assert case.submission.case_number not in desk.text("deadlines_message_changelist")


def test_a_row_says_where_the_case_stands_and_what_it_waits_for():
    case = make.Case(make.submitted)
    row = words(Desk(case.coordinator).get(CASES)).partition("Waits for ")[2]
    office = next_step(case.submission, at=make.NOW).by
    assert row.partition(" 1 case")[0] == (
        f"{case.submission.case_number} {case.lab.name} Kestrel 5 Submitted closes 24 Oct 2026, 10:00 a.m. EDT —"
        f" {office} acknowledges that it has received the submission."
    )


def test_a_case_that_waits_too_long_is_flagged():
    case = make.Case(make.submitted, at=make.NOW - 10 * make.DAY)
    assert "Submitted Overdue" in Desk(case.coordinator).text(CASES)
    assert "Acknowledge the submission" in Desk(case.coordinator).text("index")
    actions.acknowledge(actor=case.coordinator, submission=case.submission)
    assert "Overdue" not in Desk(case.coordinator).text(CASES)


def test_a_date_of_the_labs_is_never_late():
    case = make.Case(make.agreed, at=make.NOW - 30 * make.DAY)
    assert case.submission.closes_at > make.NOW
    desk = Desk(case.coordinator)
    assert "Overdue" not in desk.text(CASES)
    assert "Nothing is late." in desk.text("index")


def test_of_a_withdrawn_case_the_record_stays_and_the_model_goes():
    case = make.Case()
    actions.withdraw(actor=case.contributor, submission=case.submission)
    text = Desk(case.coordinator).text(CASES)
    assert f"{case.submission.case_number} {case.lab.name} — Withdrawn" in text
    assert "Kestrel" not in text


def test_a_list_that_showed_facts_is_a_look_at_each_of_them():
    case, gone = make.Case(), make.Case()
    actions.withdraw(actor=gone.contributor, submission=gone.submission)
    before = Event.objects.looks().count()
    Desk(case.coordinator).get(CASES)
    looks = Event.objects.looks().order_by("seq")[before:]
    assert [(event.verb, event.case_id, event.actor_id, event.capacity) for event in looks] == [
        ("listed", case.submission.pk, case.coordinator.pk, "coordinator")
    ]


def test_search_by_number_from_its_beginning_and_by_name():
    case, other = make.Case(), make.Case(model_name="Merlin")
    desk = Desk(case.coordinator)
    number = case.submission.case_number
    assert _rows(desk, q=number) == _rows(desk, q=number[:6].lower()) == _rows(desk, q="kestr") == [number]
    assert _rows(desk, q="merlin") == [other.submission.case_number]
    assert _rows(desk, q=number[4:]) == _rows(desk, q="wordsnobodywrote") == []
    assert "Nothing fits" in desk.text(CASES, q="wordsnobodywrote")


def test_search_by_name_tells_nothing_of_facts_that_are_closed():
    case = make.Case()
    actions.withdraw(actor=case.contributor, submission=case.submission)
    desk = Desk(case.coordinator)
    assert _rows(desk) == [case.submission.case_number]
    assert _rows(desk, q="Kestrel") == []


def test_every_filter_asks_its_question():
    at = make.NOW
    submitted, closing = make.Case(make.submitted), make.Case(partner_in=5, public_in=50)
    wanting = make.Case(make.submitted)
    actions.request_correction(actor=wanting.coordinator, submission=wanting.submission, reason="Which data?")
    acknowledged = make.Case(make.submitted)
    actions.acknowledge(actor=acknowledged.coordinator, submission=acknowledged.submission)
    ours = make.Case(make.submitted)
    actions.acknowledge(actor=ours.coordinator, submission=ours.submission)
    actions.accept_terms(actor=ours.contributor, submission=ours.submission)
    ended = make.Case(at=at - 50 * make.DAY)
    led = reviews.Reviewed()
    numbers = {
        name: case.submission.case_number
        for name, case in {
            "submitted": submitted, "closing": closing, "wanting": wanting, "acknowledged": acknowledged, "ours": ours,
            "ended": ended, "led": led,
        }.items()
    }  # fmt: skip
    desk = Desk(submitted.coordinator)

    def found(**query):
        return {name for name, number in numbers.items() if number in _rows(desk, **query)}

    assert found() == set(numbers)
    assert found(waits="acknowledge") == {"submitted", "wanting"}
    assert found(waits="terms") == {"acknowledged", "ours"}
    assert found(waits="lab") == {"wanting", "acknowledged"}
    assert found(waits="correction") == {"wanting"}
    assert found(waits="no_lead") == {"acknowledged", "ours", "closing"}
    assert found(waits="close") == {"ended"}
    assert found(window="open") == {"closing"}
    assert found(window="closing") == {"closing"}
    assert found(window="ahead") == {"led"}
    assert found(window="over") == {"ended"}
    assert found(window="closing", waits="no_lead") == {"closing"}
    assert found(waits="nonsense") == set(numbers)


def _with_cases(number):
    case = reviews.Reviewed()
    for _ in range(number - 1):
        more = make.with_access(actor=case.contributor, lab=case.lab, by=case.coordinator)
        reviews.actions.propose_assignment(
            actor=case.coordinator,
            submission=more,
            reviewer=case.lead,
            agency=make.programme_office(),
            domain="cyber",
            role="lead",
        )
    return case


@pytest.mark.parametrize("rows", [1, 30])
def test_the_list_costs_the_same_with_one_row_and_with_thirty(rows):
    case = _with_cases(rows)
    desk = Desk(case.coordinator)
    desk.get(CASES)
    # Clock, session, person with seats, unread notices, rows, their number, what is told of each, the looks.
    with counted(8):
        assert len(_rows(desk)) == min(rows, 25)
    reviewer = Desk(case.lead)
    reviewer.get(CASES)
    with counted(8):
        reviewer.get(CASES)


@pytest.mark.parametrize("rows", [1, 30])
def test_a_search_and_a_filter_cost_no_more(rows):
    case = _with_cases(rows)
    desk = Desk(case.coordinator)
    desk.get(CASES)
    with counted(8):
        assert len(_rows(desk, q="kestrel", window="ahead")) == min(rows, 25)


def test_more_rows_than_a_page_are_counted_up_to_a_limit(monkeypatch):
    from portal.doors import CappedPaginator
    from portal.submissions.admin.cases import SubmissionAdmin

    case = _with_cases(4)
    monkeypatch.setattr(SubmissionAdmin, "list_per_page", 2)
    desk = Desk(case.coordinator)
    assert "4 cases" in desk.text(CASES)
    assert len(_rows(desk, p=2)) == 2
    assert not set(_rows(desk)) & set(_rows(desk, p=2))
    monkeypatch.setattr(CappedPaginator, "LIMIT", 3)
    assert "More than 3 cases: narrow the list" in desk.text(CASES)
    with counted(8):
        desk.get(CASES)


@pytest.mark.parametrize("rows", [1, 30])
def test_the_first_page_costs_the_same_whatever_waits(rows):
    case = make.Case(make.submitted, at=make.NOW - 10 * make.DAY)
    for _ in range(rows - 1):
        make.submitted(actor=case.contributor, lab=case.lab, at=make.NOW - 10 * make.DAY)
        make.with_access(actor=case.contributor, lab=case.lab, by=case.coordinator, partner_in=4)
    desk = Desk(case.coordinator)
    desk.get("index")
    # Clock, session, person, unread notices, every queue of every app, what is late, the windows, the seats.
    with counted(8):
        answer = desk.get("index")
    first = answer.context["waiting"][0]
    assert (first.label, first.shown) == ("Disclosures to decide", "0")
    assert (answer.context["waiting"][1].label, answer.context["waiting"][1].shown) == (
        "To acknowledge",
        str(rows),
    )


def test_the_first_page_counts_each_queue_and_leads_to_its_rows():
    case = make.Case(make.submitted)
    acknowledged = make.submitted(actor=case.contributor, lab=case.lab)
    actions.acknowledge(actor=case.coordinator, submission=acknowledged)
    desk = Desk(case.coordinator)
    waiting = {queue.label: queue for queue in desk.get("index").context["waiting"]}
    shown = {label: queue.shown for label, queue in waiting.items()}
    assert {label: shown[label] for label in ("To acknowledge", "Access terms to accept", "Without a lead", "To be closed")} == {
        "To acknowledge": "1", "Access terms to accept": "1", "Without a lead": "1", "To be closed": "0",
    }  # fmt: skip
    rows = desk.client.get(waiting["Access terms to accept"].url).context["cl"].result_list
    assert [row.case_number for row in rows] == [acknowledged.case_number]


@pytest.mark.parametrize("role", ["coordinator", "auditor", "designator", "reviewer"])
def test_on_the_workbench_nobody_meets_a_case_of_their_own_lab(role):
    """It names agency people, whom the lab knows by stable names; the case is on the lab's own pages."""
    case, other = reviews.Reviewed(), reviews.Reviewed()
    make.draft(actor=case.contributor, lab=case.lab, at=make.NOW)
    inquiry = reviews.submitted_inquiry(case.contributor, case.lab)
    both = make.member(make.programme_office(), role)
    Membership.objects.create(
        user=both, organisation=case.lab, role="viewer", since=make.NOW - 365 * make.DAY
    )
    desk = Desk(both)
    listed = set() if role == "reviewer" else {other.submission}
    assert set(desk.get(CASES).context["cl"].result_list) == listed
    for page in (CASE, "submissions_submission_history"):
        assert desk.get(page, case.submission.pk).status_code == 404
    if role in ("coordinator", "auditor"):
        events = list(desk.get("ledger_event_changelist").context["cl"].result_list)
        assert {event.case_id for event in events} == {other.submission.pk}
    assert not Event.objects.visible_to(both).filter(subject_id=inquiry.pk).exists()
    first = desk.text("index")
    assert case.agency.name not in first
    assert case.submission.case_number not in first
