"""The ledger and the deadlines by the API: to each person what is theirs, under the names they may know."""

import pytest
import time_machine

from portal.accounts.models import Affiliation, Role
from portal.deadlines.models import Deadline
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.people import public_names
from tests import factories as make
from tests import factories_reviews as reviewed
from tests.api.calls import NOT_FOUND, Caller, refused
from tests.factories import DAY, NOW

pytestmark = pytest.mark.django_db

AT = "2026-09-14T14:00:00Z"


def verbs(rows) -> list[tuple]:
    return [(row["verb"], row["actor"]) for row in rows]


def test_a_lab_reads_what_happened_to_its_case_under_stable_names():
    case = make.Case(make.agreed)
    Caller(case.coordinator).get(f"submissions/{case.submission.pk}/")
    lab = Caller(case.contributor)
    rows = lab.results("events/")
    office = "IPO coordinator 1"
    assert verbs(rows) == [
        ("viewed_case", office),
        ("accept_terms", case.contributor.name),
        ("accept_terms", office),
        ("acknowledge", office),
        ("submit", case.contributor.name),
        ("create_draft", case.contributor.name),
    ]
    event = Event.objects.get(verb="viewed_case")
    assert rows[0] == {
        "id": str(event.pk),
        "state": "recorded",
        "at": AT,
        "kind": "look",
        "verb": "viewed_case",
        "actor": office,
        "known_to_lab_as": None,
        "capacity": "coordinator",
        "submission": str(case.submission.pk),
        "case_number": case.submission.case_number,
        "subject_type": "submissions.submission",
        "subject_id": str(case.submission.pk),
        "reason": "",
        "data": None,
    }
    assert lab.get(f"events/{event.pk}/").json() == rows[0]


def test_a_lab_never_reads_of_another_lab_nor_of_the_governments_inner_life():
    case, other = reviewed.Reviewed(), make.Case(make.agreed)
    reviewed.draft(case)
    actions.declare_conflict(actor=case.peer, user=case.peer, submission=case.submission)
    rows = Caller(case.contributor).results("events/", page_size=100)
    assert {row["submission"] for row in rows} == {str(case.submission.pk)}
    told = {row["verb"] for row in rows}
    assert not told & {"create_assessment", "declare_conflict"}
    text = str(rows)
    assert not [
        user.name for user in (case.reviewer, case.peer, case.lead, case.coordinator) if user.name in text
    ]
    event = Event.objects.filter(case_id=other.submission.pk).first()
    refused(Caller(case.contributor).get(f"events/{event.pk}/"), NOT_FOUND)


def test_an_auditor_reads_names_data_and_what_the_lab_knows_them_as():
    case = make.Case(make.agreed)
    auditor = Caller(reviewed.auditor())
    rows = auditor.results("events/", submission=case.submission.case_number, verb="acknowledge")
    event = Event.objects.get(verb="acknowledge")
    assert [(row["actor"], row["known_to_lab_as"], row["data"]) for row in rows] == [
        (case.coordinator.name, "IPO coordinator 1", event.data)
    ]
    assert public_names(case.submission, [case.coordinator.pk]) == {case.coordinator.pk: "IPO coordinator 1"}
    rows = auditor.results("events/", verb="submit")
    assert [(row["actor"], row["known_to_lab_as"]) for row in rows] == [(case.contributor.name,) * 2]


def test_an_auditor_with_a_conflict_reads_nothing_of_the_case():
    case, other = make.Case(make.agreed), make.Case(make.submitted)
    auditor = reviewed.auditor()
    Affiliation.objects.create(user=auditor, organisation=case.lab)
    rows = Caller(auditor).results("events/", page_size=100)
    assert {row["submission"] for row in rows} == {str(other.submission.pk)}


def test_nobody_outside_reads_a_drafts_events():
    case = make.Case(make.draft)
    assert verbs(Caller(case.contributor).results("events/")) == [("create_draft", case.contributor.name)]
    for user in (case.coordinator, reviewed.auditor()):
        assert Caller(user).results("events/") == []


def test_a_coordinator_reads_names_and_no_data():
    case = make.Case(make.submitted)
    rows = Caller(case.coordinator).results("events/")
    assert [(row["verb"], row["actor"], row["data"], row["known_to_lab_as"]) for row in rows] == [
        ("submit", case.contributor.name, None, None),
        ("create_draft", case.contributor.name, None, None),
    ]


def test_a_reviewer_reads_what_they_did_themselves():
    case = reviewed.Reviewed()
    caller = Caller(case.reviewer)
    caller.get("submissions/")
    told = caller.results("events/", page_size=100)
    assert {row["actor"] for row in told} == {case.reviewer.name}
    assert "listed" in {row["verb"] for row in told}
    actions.withdraw(actor=case.contributor, submission=case.submission)
    assert "listed" not in {row["verb"] for row in caller.results("events/", page_size=100)}


def test_the_clocks_doing_has_no_actor():
    case = make.Case(make.with_access)
    with time_machine.travel(NOW + 11 * DAY, tick=False):
        actions.record_clock()
        rows = Caller(case.contributor).results("events/", verb="open")
    assert [(row["actor"], row["capacity"]) for row in rows] == [(None, "clock")]


def test_a_reason_asked_for_reaches_the_lab():
    case = make.Case(make.submitted)
    actions.request_correction(
        actor=case.coordinator, submission=case.submission, reason="Name the checkpoint."
    )
    (row,) = Caller(case.contributor).results("events/", verb="request_correction")
    assert row["reason"] == "Name the checkpoint."


def test_events_are_narrowed_by_kind():
    case = make.Case(make.submitted)
    caller = Caller(case.contributor)
    caller.get("submissions/")
    assert verbs(caller.results("events/", kind="look")) == [("listed", case.contributor.name)]
    answer = caller.get("events/", kind="gossip")
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {"kind"})


def test_events_and_deadlines_cannot_be_written():
    caller = Caller(make.Case(make.submitted).coordinator)
    for path in ("events/", "deadlines/"):
        assert caller.post(path, {}).status_code == 405


def test_deadlines_as_each_side_reads_them():
    case = make.Case(make.submitted)
    office, lab, viewer = Caller(case.coordinator), Caller(case.contributor), Caller(case.viewer)
    acknowledge = Deadline.objects.get(kind="acknowledge")
    provide = Deadline.objects.get(kind="provide_access")
    told = {
        "id": str(provide.pk),
        "state": "upcoming",
        "kind": "provide_access",
        "label": "Provide access (optional)",
        "wording": (
            "The time in which you planned to provide access is near or has begun. Providing access is optional."
        ),
        "submission": str(case.submission.pk),
        "case_number": case.submission.case_number,
        "due_at": "2026-09-24T14:00:00Z",
        "met_at": None,
        "cancelled_at": None,
    }
    assert lab.results("deadlines/") == viewer.results("deadlines/") == [told]
    assert lab.get(f"deadlines/{provide.pk}/").json() == told
    refused(lab.get(f"deadlines/{acknowledge.pk}/"), NOT_FOUND)
    assert [row["kind"] for row in office.results("deadlines/")] == ["acknowledge", "provide_access"]
    actions.acknowledge(actor=case.coordinator, submission=case.submission)

    def found(state):
        return [row["kind"] for row in office.results("deadlines/", state=state)]

    assert (found("met"), found("upcoming"), found("overdue")) == (["acknowledge"], ["provide_access"], [])
    with time_machine.travel(NOW + 20 * DAY, tick=False):
        assert (found("met"), found("upcoming"), found("overdue")) == (
            ["acknowledge"],
            [],
            ["provide_access"],
        )
    actions.withdraw(actor=case.contributor, submission=case.submission)
    assert found("cancelled") == ["provide_access"]


def test_a_conflict_hides_deadlines_too():
    case = make.Case(make.submitted)
    Affiliation.objects.create(user=case.coordinator, organisation=case.lab)
    assert Caller(case.coordinator).results("deadlines/") == []


def test_reviewers_read_the_window_and_not_the_labs_own_dates():
    case = reviewed.Reviewed()
    rows = Caller(case.reviewer).results("deadlines/", submission=case.submission.case_number)
    assert "window_closes" in {row["kind"] for row in rows}
    assert not {"provide_access", "acknowledge"} & {row["kind"] for row in rows}
    attestations = Deadline.objects.exclude(person=None).exclude(person=case.reviewer)
    assert not {row["id"] for row in rows} & {str(deadline.pk) for deadline in attestations}


def test_stable_names_count_up_and_stay():
    case = make.Case(make.submitted)
    office = make.programme_office()
    people = [make.member(office, Role.COORDINATOR) for _ in range(3)]
    first = public_names(case.submission, [people[0].pk])
    everyone = public_names(case.submission, [user.pk for user in people])
    assert first == {people[0].pk: "IPO coordinator 1"}
    assert everyone[people[0].pk] == "IPO coordinator 1"
    assert sorted(everyone.values()) == ["IPO coordinator 1", "IPO coordinator 2", "IPO coordinator 3"]
    people[0].memberships.update(ended_at=NOW)
    make.Membership.objects.create(user=people[1], organisation=make.agency(), role=Role.REVIEWER, since=NOW)
    assert public_names(case.submission, [user.pk for user in people]) == everyone


def test_another_case_gives_another_number_so_that_cases_cannot_be_joined():
    first, second = make.Case(make.submitted), make.Case(make.submitted)
    office = make.programme_office()
    a, b = (make.member(office, Role.COORDINATOR) for _ in range(2))
    assert public_names(first.submission, [a.pk]) == {a.pk: "IPO coordinator 1"}
    assert public_names(second.submission, [b.pk]) == {b.pk: "IPO coordinator 1"}
    assert public_names(second.submission, [a.pk]) == {a.pk: "IPO coordinator 2"}


def test_people_of_the_lab_and_of_partners_go_by_name():
    case = make.Case(make.submitted)
    partner = make.member(make.partner_organisation(), Role.MEMBER)
    nobody = make.person("Nora Nobody")
    people = [case.viewer, partner, nobody]
    assert public_names(case.submission, [user.pk for user in people]) == {
        user.pk: user.name for user in people
    }
