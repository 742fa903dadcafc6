"""What is open to whom on a case by the API: instructions, who can see it, who looked, from when to when."""

import pytest
import time_machine

from portal.accounts.models import Role
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.models import Submission
from tests import factories as make
from tests import factories_reviews as reviewed
from tests.api.calls import NOT_FOUND, Caller, problem, refused
from tests.factories import DAY, NOW

pytestmark = pytest.mark.django_db


def _terms(**more):
    return dict.fromkeys(("purpose", *Submission.terms.rel.related_model.HEADS), "Words.") | more


def test_instructions_are_revealed_while_the_window_is_open_and_to_nobody_else():
    case = reviewed.Reviewed()
    path = f"submissions/{case.submission.pk}/reveal_instructions/"
    closed = problem(403, "Forbidden", "not_allowed", "The access instructions are not open to you now.")
    refused(Caller(case.reviewer).post(path), closed)
    assert Caller(case.contributor).post(path).json() == {"instructions": make.INSTRUCTIONS}
    with time_machine.travel(NOW + 11 * DAY, tick=False):
        answer = Caller(case.reviewer).post(path)
        assert (answer.json(), answer["Cache-Control"]) == (
            {"instructions": make.INSTRUCTIONS},
            "private, no-store",
        )
        refused(Caller(case.coordinator).post(path), closed)
        refused(Caller(make.member(make.lab(), Role.ADMIN)).post(path), NOT_FOUND)
        assert Caller(case.reviewer).get(path).status_code == 405
    with time_machine.travel(NOW + 41 * DAY, tick=False):
        refused(Caller(case.reviewer).post(path), closed)
    looks = Event.objects.filter(verb="revealed_instructions").order_by("seq")
    assert [look.actor_id for look in looks] == [case.contributor.pk, case.reviewer.pk]


def test_no_read_of_a_case_tells_the_instructions():
    case = make.Case(make.with_access)
    caller = Caller(case.contributor)
    for path in ("", "terms/", "who_can_see/", "looks/"):
        assert "marzipan-key-1" not in caller.get(f"submissions/{case.submission.pk}/{path}").content.decode()


def test_the_lab_reads_who_can_see_its_case_and_who_looked_under_stable_names():
    case = reviewed.Reviewed()
    lab = Caller(case.contributor)
    Caller(case.reviewer).get(f"submissions/{case.submission.pk}/")
    Caller(case.coordinator).get("submissions/")
    seats = lab.results(f"submissions/{case.submission.pk}/who_can_see/", page_size=100)
    text = str(seats)
    assert case.reviewer.name not in text
    assert case.coordinator.name not in text
    by_capacity = {seat["capacity"]: seat for seat in seats}
    agency = case.agency.short_name
    assert by_capacity["reviewer"]["name"].startswith(f"{agency} reviewer ")
    assert by_capacity["reviewer"]["organisation"] == case.agency.name
    assert by_capacity["lab"]["name"] == case.contributor.name
    instructions = [part for part in by_capacity["reviewer"]["parts"] if part["scope"] == "instructions"]
    assert [(part["since"], part["status"]) for part in instructions] == [("2026-09-24T14:00:00Z", "later")]

    looks = lab.results(f"submissions/{case.submission.pk}/looks/")
    told = {(look["verb"], look["actor"], look["capacity"]) for look in looks}
    assert ("listed", "IPO coordinator 1", "coordinator") in told
    named = {seat["name"] for seat in seats}
    assert {look["actor"] for look in looks} <= named
    assert all(look["data"] is None and look["known_to_lab_as"] is None for look in looks)


def test_who_can_see_and_looks_are_for_the_own_lab():
    case = reviewed.Reviewed()
    own = problem(403, "Forbidden", "not_allowed", "This is for the case's own lab.")
    for path in ("who_can_see", "looks"):
        url = f"submissions/{case.submission.pk}/{path}/"
        assert Caller(case.viewer).get(url).status_code == 200
        for user in (case.coordinator, case.reviewer, reviewed.auditor()):
            refused(Caller(user).get(url), own)
        refused(Caller(make.member(make.lab(), Role.ADMIN)).get(url), NOT_FOUND)


def test_names_are_shown_where_the_agreed_terms_say_so():
    case = make.Case(make.submitted)
    actions.acknowledge(actor=case.coordinator, submission=case.submission)
    texts = _terms()
    actions.propose_terms(actor=case.coordinator, submission=case.submission, texts=texts, names_shown=True)
    lab = Caller(case.contributor)
    url = f"submissions/{case.submission.pk}/who_can_see/"
    assert case.coordinator.name not in str(lab.results(url))
    actions.accept_terms(actor=case.coordinator, submission=case.submission)
    actions.accept_terms(actor=case.contributor, submission=case.submission)
    assert case.coordinator.name in {seat["name"] for seat in lab.results(url)}


def test_a_reviewer_reads_the_case_from_the_active_seat_to_its_end():
    case = reviewed.Reviewed()
    caller = Caller(case.reviewer)
    assert (
        caller.get(f"submissions/{case.submission.pk}/").json()["facts"]["summary"] == make.FACTS["summary"]
    )
    assert [row["id"] for row in caller.results("submissions/")] == [str(case.submission.pk)]
    actions.withdraw(actor=case.contributor, submission=case.submission)
    refused(caller.get(f"submissions/{case.submission.pk}/"), NOT_FOUND)
    assert caller.results("submissions/") == []
