"""Each reviewer looks first for themselves: what others wrote is withheld until an own one is in, or none will come."""

import pytest
import time_machine

from portal.accounts.models import Membership, Role, User
from portal.deadlines.models import Message
from portal.errors import AlreadyDone, NotAllowed, Stale, WrongState
from portal.ledger.models import Event
from portal.submissions import actions as cases
from reviews import actions, policies
from reviews.models import Assessment, Assignment
from tests import factories as make
from tests import factories_reviews as desk
from tests.admin.desk import CASE, Desk
from tests.api.calls import NOT_FOUND, Caller, refused
from tests.core.test_concurrency import at_once

NOW, DAY = make.NOW, make.DAY
SEAT, TEXT, TEXTS = "reviews_assignment_change", "reviews_assessment_change", "reviews_assessment_changelist"
SECRET = "nougat-finding-1"
HINT = "You see others' drafts once yours is in"


@pytest.fixture
def case():
    with time_machine.travel(NOW, tick=False):
        yield desk.Reviewed()


def asked(case, actor=None, **values) -> Assessment:
    made = desk.draft(case, actor=actor, **values)
    return actions.ask_check(actor=actor or case.reviewer, assessment=made, at=NOW)


def reads(user, at=NOW) -> set:
    return set(Assessment.objects.visible_to(User.objects.get(pk=user.pk), at=at))


def told(kind: str) -> list:
    return list(
        Message.objects.filter(kind=kind)
        .values_list("recipient__name", flat=True)
        .order_by("created_at", "pk")
    )


def waiting(desk_of: Desk) -> tuple[int, set]:
    """What the home page counts as waiting for this person's check, and the list behind it."""
    (queue,) = [one for one in desk_of.get("index").context["waiting"] if one.label == "Assessments to check"]
    return queue.count, set(desk_of.get(TEXTS, waits="check").context["cl"].result_list)


def of_every_state(case) -> dict[str, Assessment]:
    """By Rita, Pia having checked and Lena having shared; whoever looks has nothing to do with them."""
    return {
        "draft": desk.draft(case),
        "asked": asked(case),
        "checked": desk.checked(case),
        "shared": desk.shared(case),
        "answered": desk.answered(case),
    }


@pytest.mark.django_db
def test_only_what_was_shared_is_read_before_the_own_is_in(case):
    rows = of_every_state(case)
    late = desk.reviewer(make.programme_office(), "Lou Late")
    seat = desk.active(case, late)
    shared = {rows["shared"], rows["answered"]}
    unshared = {rows["asked"], rows["checked"]}
    assert reads(late) == shared
    mine = actions.create_assessment(actor=late, submission=case.submission, values=desk.FINDINGS, at=NOW)
    assert reads(late) == shared | {mine}
    actions.ask_check(actor=late, assessment=mine, at=NOW)
    assert reads(late) == shared | {mine} | unshared
    other = desk.reviewer(make.programme_office())
    seat = desk.active(case, other)
    assert reads(other) == shared
    actions.write_none(actor=other, assignment=seat, at=NOW)
    assert reads(other) == shared | unshared | {mine}


@pytest.mark.django_db
def test_it_holds_for_the_lead_who_shares_nothing_unread(case):
    made = desk.checked(case)
    assert reads(case.lead) == set()
    with pytest.raises(NotAllowed):
        actions.share(actor=case.lead, assessment=made, at=NOW)
    actions.write_none(actor=case.lead, assignment=case.lead_seat, at=NOW)
    assert actions.share(actor=case.lead, assessment=made, at=NOW).state == "shared"


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.DESIGNATOR, Role.AUDITOR])
def test_who_oversees_and_sits_is_a_reviewer_there_first(case, role):
    made = desk.checked(case)
    both = make.member(make.programme_office(), role)
    Membership.objects.create(
        user=both, organisation=make.programme_office(), role=Role.REVIEWER, since=NOW - DAY
    )
    elsewhere = desk.Reviewed()
    there = desk.checked(elsewhere)
    assert reads(both) == {made, there}
    both = User.objects.get(pk=both.pk)
    seat = desk.active(case, both)
    assert reads(both) == {there}
    assert reads(desk.auditor()) == {made, there}
    actions.complete(actor=both, assignment=seat, at=NOW)
    assert reads(both) == {made, there}


@pytest.mark.django_db
def test_an_agencys_coordinator_who_sits_is_a_reviewer_there_first(case):
    made = asked(case)
    Membership.objects.create(
        user=case.agency_coordinator, organisation=case.agency, role=Role.REVIEWER, since=NOW - DAY
    )
    both = User.objects.get(pk=case.agency_coordinator.pk)
    assert reads(both) == {made}
    desk.active(case, both)
    assert reads(both) == set()


@pytest.mark.django_db
def test_a_seat_that_ended_holds_nothing_open_and_hands_no_statement_on(case):
    made = asked(case)
    actions.write_none(actor=case.peer, assignment=case.peer_seat, at=NOW)
    assert reads(case.peer) == {made}
    heir = desk.reviewer(case.agency)
    seat = actions.hand_over(actor=case.peer, assignment=case.peer_seat, to=heir, at=NOW).handed_over_to
    actions.attest(actor=heir, assignment=seat, at=NOW, **desk.ATTESTED)
    assert (reads(case.peer), reads(heir)) == (set(), set())
    again = desk.active(case, User.objects.get(pk=case.peer.pk))
    assert reads(case.peer) == set()
    assert again.writes_none_at is None


@pytest.mark.django_db
def test_a_draft_taken_over_is_not_in_until_its_check_is_asked_for_anew(case):
    mine = asked(case)
    theirs = asked(case, actor=case.peer)
    assert reads(case.reviewer) == {mine, theirs}
    heir = desk.reviewer(case.agency)
    seat = actions.hand_over(actor=case.reviewer, assignment=case.seat, to=heir, at=NOW).handed_over_to
    actions.attest(actor=heir, assignment=seat, at=NOW, **desk.ATTESTED)
    assert reads(heir) == {mine}
    mine.refresh_from_db()
    actions.ask_check(actor=heir, assessment=mine, at=NOW)
    assert reads(heir) == {mine, theirs}


@pytest.mark.django_db
def test_word_of_a_check_goes_only_to_who_may_read_it(case):
    asked(case)
    assert told("assessment_check_asked") == []
    actions.write_none(actor=case.peer, assignment=case.peer_seat, at=NOW)
    assert set(told("assignment_writes_none")) == {
        case.lead.name,
        case.coordinator.name,
        case.agency_coordinator.name,
    }
    second = asked(case)
    assert told("assessment_check_asked") == [case.peer.name]
    actions.peer_check(actor=case.peer, assessment=second, at=NOW)
    # The lead's own is not in: that one of Rita's was checked is no word for Lena yet.
    assert told("assessment_peer_checked") == [case.reviewer.name]
    actions.write_none(actor=case.lead, assignment=case.lead_seat, at=NOW)
    third = asked(case)
    actions.peer_check(actor=case.peer, assessment=third, at=NOW)
    assert sorted(told("assessment_peer_checked")) == sorted([case.reviewer.name] * 2 + [case.lead.name])


@pytest.mark.django_db
def test_none_is_stated_once_from_an_active_seat_without_an_assessment(case):
    for actor in (case.peer, case.coordinator, case.agency_coordinator, case.contributor):
        with pytest.raises(NotAllowed):
            actions.write_none(actor=actor, assignment=case.seat, at=NOW)
    with pytest.raises(Stale):
        actions.write_none(actor=case.reviewer, assignment=case.seat, expected_revision=1, at=NOW)
    proposed = desk.proposed(case, desk.reviewer(case.agency))
    with pytest.raises(WrongState):
        actions.write_none(actor=proposed.reviewer, assignment=proposed, at=NOW)
    with pytest.raises(WrongState):
        actions.write_none(actor=case.reviewer, assignment=case.seat, at=NOW + 300 * DAY)
    desk.draft(case)
    with pytest.raises(WrongState):
        actions.write_none(actor=case.reviewer, assignment=case.seat, at=NOW)
    done = actions.write_none(actor=case.peer, assignment=case.peer_seat, at=NOW)
    with pytest.raises(AlreadyDone):
        actions.write_none(actor=case.peer, assignment=case.peer_seat, at=NOW)
    with pytest.raises(WrongState):
        desk.draft(case, actor=case.peer)
    event = Event.objects.get(verb="write_none")
    assert (event.actor, event.capacity, event.subject_id, event.case_id, event.data, event.reason) == (
        case.peer, "reviewer", case.peer_seat.pk, case.submission.pk,
        {"revision": done.revision, "person": str(case.peer.pk)}, "",
    )  # fmt: skip


@pytest.mark.django_db
def test_the_workbench_tells_why_and_opens_with_one_button(case):
    made = asked(case)
    peer = Desk(case.peer)
    assert HINT in peer.text(CASE, case.submission.pk)
    assert peer.get(TEXT, made.pk).status_code == 404
    assert waiting(peer) == (0, set())
    for page in (peer.get(CASE, case.submission.pk), peer.get(TEXTS)):
        content = page.content.decode()
        assert str(made.pk) not in content
        assert SECRET not in content
    offers = [offer.step.verb for offer in peer.get(SEAT, case.peer_seat.pk).context["offers"]]
    assert offers == ["complete", "recuse", "hand_over", "write_none"]
    answer = peer.post("reviews_assignment_write_none", case.peer_seat.pk, revision=case.peer_seat.revision)
    assert answer.status_code == 303
    assert Assignment.objects.get(pk=case.peer_seat.pk).writes_none_at == NOW
    offers = [offer.step.verb for offer in peer.get(SEAT, case.peer_seat.pk).context["offers"]]
    assert offers == ["complete", "recuse", "hand_over"]
    case_page = peer.text(CASE, case.submission.pk)
    assert HINT not in case_page
    assert "Write an assessment" not in case_page
    assert waiting(peer) == (1, {made})
    assert SECRET in peer.text(TEXT, made.pk)
    # The author's own is in: no word of it. A coordinator without a seat is not a reviewer.
    for user in (case.reviewer, case.coordinator):
        assert HINT not in Desk(user).text(CASE, case.submission.pk)


@pytest.mark.django_db
def test_the_api_withholds_and_opens(case):
    made = asked(case)
    peer, lead = Caller(case.peer), Caller(case.lead)
    for verb in ("peer_check", "share"):
        for caller in (peer, lead):
            refused(caller.post(f"assessments/{made.pk}/{verb}/"), NOT_FOUND)
    assert (peer.results("assessments/"), lead.results("assessments/")) == ([], [])
    stated = peer.post(f"assignments/{case.peer_seat.pk}/write_none/", {"revision": case.peer_seat.revision})
    assert (stated.status_code, stated.json()["writes_none_at"]) == (200, "2026-09-14T14:00:00Z")
    again = peer.post(f"assignments/{case.peer_seat.pk}/write_none/")
    assert (again.status_code, again.json()["code"]) == (409, "already_done")
    refused(Caller(case.reviewer).post(f"assignments/{case.peer_seat.pk}/write_none/"), NOT_FOUND)
    assert Caller(case.coordinator).post(f"assignments/{case.peer_seat.pk}/write_none/").status_code == 403
    assert [row["id"] for row in peer.results("assessments/")] == [str(made.pk)]
    assert lead.results("assessments/") == []
    assert peer.post(f"assessments/{made.pk}/peer_check/").json()["state"] == "peer_checked"
    refused(lead.post(f"assessments/{made.pk}/share/"), NOT_FOUND)
    body = {"submission": str(case.submission.pk)} | desk.FINDINGS
    assert lead.post("assessments/", body).status_code == 201
    assert lead.post(f"assessments/{made.pk}/share/").json()["state"] == "shared"
    refusal = peer.post("assessments/", body)
    assert (refusal.status_code, refusal.json()["code"]) == (409, "wrong_state")


@pytest.mark.django_db
def test_after_a_withdrawal_nobody_waits_for_anything(case):
    asked(case)
    cases.withdraw(actor=case.contributor, submission=case.submission, at=NOW + DAY)
    assert reads(case.peer, NOW + DAY) == set()
    assert not policies.waits_for_own(case.peer, case.submission, at=NOW + DAY)


@pytest.mark.committed_db
def test_two_reviewers_put_theirs_in_at_once():
    case = desk.Reviewed()
    drafts = [(user, desk.draft(case, actor=user)) for user in (case.reviewer, case.peer, case.lead)]
    assert (
        at_once(
            [
                lambda user=user, made=made: actions.ask_check(actor=user, assessment=made, at=NOW)
                for user, made in drafts
            ]
        )
        == ["done"] * 3
    )
    everything = {made for _, made in drafts}
    assert [reads(user) for user, _ in drafts] == [everything] * 3
    # One after the other, whichever came first: the second told the first, the third told both.
    assert Message.objects.filter(kind="assessment_check_asked").count() == 3


@pytest.mark.committed_db
def test_a_reviewer_begins_one_and_states_that_none_comes_at_once():
    case = desk.Reviewed()
    answers = at_once(
        [
            lambda: desk.draft(case),
            lambda: actions.write_none(actor=case.reviewer, assignment=case.seat, at=NOW),
        ]
    )
    assert answers == ["done", "wrong_state"]
    seat = Assignment.objects.get(pk=case.seat.pk)
    assert Assessment.objects.exists() == (seat.writes_none_at is None)
