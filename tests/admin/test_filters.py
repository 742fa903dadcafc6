"""The questions that lists are narrowed by: what waits on me, and where a conflict is declared or sits."""

import pytest

from portal.accounts import actions as accounts
from portal.accounts.models import OtherAddress, User
from portal.submissions import actions
from portal.submissions.models import Submission
from tests import factories as make
from tests import factories_reviews as desk
from tests.admin.desk import CASES, Desk

pytestmark = pytest.mark.django_db
NOW = make.NOW
SEATS = "reviews_assignment_changelist"


def shown(user, page: str, **query) -> set[str]:
    """The numbers of the cases in a list."""
    answer = Desk(User.objects.get(pk=user.pk)).get(page, **query)
    assert answer.status_code == 200
    rows = answer.context["cl"].result_list
    return {getattr(row, "submission", row).case_number for row in rows}


def test_what_waits_on_me_is_what_stands_in_my_queues():
    waiting = make.Case(make.submitted)
    reviewed = desk.Reviewed()
    desk.draft(reviewed, findings="Marzipan.")
    asked = desk.Reviewed()
    desk.open_to(asked, asked.peer)
    draft = desk.draft(asked)
    desk.actions.ask_check(actor=asked.reviewer, assessment=draft, at=NOW)
    proposed = desk.Reviewed()
    newcomer = desk.reviewer(make.programme_office())
    desk.proposed(proposed, newcomer)
    number = {
        name: case.submission.case_number
        for name, case in locals().copy().items()
        if hasattr(case, "submission") and name != "draft"
    }
    everything = Submission.objects.count()
    assert shown(waiting.coordinator, CASES, waits="me") == {number["waiting"]}
    assert shown(asked.peer, CASES, waits="me") == {number["asked"]}
    assert shown(reviewed.peer, CASES, waits="me") == set()
    assert shown(newcomer, CASES, waits="me") == set()  # a proposed seat opens no case
    assert shown(newcomer, SEATS, waits="me") == {number["proposed"]}
    assert len(shown(waiting.coordinator, CASES)) == everything == 4


def test_a_declared_conflict_is_asked_for_by_those_who_answer_for_all():
    case, other, third = desk.Reviewed(), desk.Reviewed(), desk.Reviewed()
    actions.declare_conflict(actor=case.reviewer, user=case.reviewer, organisation=case.lab, at=NOW)
    conflict = actions.declare_conflict(
        actor=other.peer, user=other.peer, submission=other.submission, at=NOW
    )
    numbers = {case.submission.case_number, other.submission.case_number}
    for person in (case.coordinator, desk.auditor()):
        assert shown(person, CASES, conflict="declared") == numbers
    actions.end_conflict(actor=case.coordinator, conflict=conflict, reason="Sold.", at=NOW)
    assert shown(case.coordinator, CASES, conflict="declared") == {case.submission.case_number}
    # Others are not offered the question, and asking it all the same tells them nothing.
    page = Desk(third.lead).get(CASES).content.decode()
    assert "One was declared" not in page
    assert shown(third.lead, CASES, conflict="declared") == {third.submission.case_number}


def test_seats_whose_reviewer_a_conflict_keeps_away():
    case, other = desk.Reviewed(), desk.Reviewed()
    accounts.record_domain(actor=case.coordinator, organisation=case.lab, domain="lab.example", at=NOW)
    assert shown(case.coordinator, SEATS, waits="conflict") == set()
    OtherAddress.objects.create(user=case.peer, email="p@lab.example", recorded_by=case.peer)
    actions.declare_conflict(actor=other.lead, user=other.lead, submission=other.submission, at=NOW)
    answer = Desk(case.coordinator).get(SEATS, waits="conflict")
    assert {row.reviewer for row in answer.context["cl"].result_list} == {case.peer, other.lead}
    assert shown(case.agency_coordinator, SEATS, waits="conflict") == {case.submission.case_number}
    assert shown(case.peer, SEATS, waits="conflict") == set()
