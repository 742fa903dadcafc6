"""Buttons come from the state table, their pages call one action, and a refusal loses nothing that was typed."""

import pytest

from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.models import Conflict, Submission, Terms
from portal.submissions.states import MACHINE, State
from tests import factories as make
from tests import factories_reviews as reviews
from tests.admin.desk import CASE, CASES, Desk, words

pytestmark = pytest.mark.django_db


def _buttons(desk: Desk, case) -> list[str]:
    return [offer.step.verb for offer in desk.get(CASE, case.submission.pk).context["offers"]]


def _step(verb: str) -> str:
    return f"submissions_submission_{verb}"


def _made(case, verb: str) -> int:
    return Event.objects.changes().filter(case_id=case.submission.pk, verb=verb).count()


def test_buttons_are_what_the_table_leaves_a_coordinator_in_each_state():
    case = make.Case(make.submitted)
    desk = Desk(case.coordinator)
    assert _buttons(desk, case) == ["acknowledge", "request_correction"]
    actions.acknowledge(actor=case.coordinator, submission=case.submission)
    assert _buttons(desk, case) == ["accept_terms", "propose_terms", "request_correction"]
    actions.accept_terms(actor=case.coordinator, submission=case.submission)
    assert _buttons(desk, case) == ["propose_terms", "request_correction"]
    actions.accept_terms(actor=case.contributor, submission=case.submission)
    assert _buttons(desk, case) == []
    ended = make.Case(at=make.NOW - 50 * make.DAY)
    assert _buttons(Desk(ended.coordinator), ended) == ["close"]
    for button in ("acknowledge", "accept_terms", "request_correction", "close"):
        assert "coordinator" in {t.who for t in MACHINE.transitions if t.verb == button}


def test_nobody_else_is_offered_a_step():
    case = reviews.Reviewed()
    for person in (
        case.lead,
        case.reviewer,
        case.agency_coordinator,
        reviews.auditor(),
        reviews.designator(),
    ):
        assert _buttons(Desk(person), case) == []


def test_a_step_is_taken_once_however_often_it_is_sent():
    case = make.Case(make.submitted)
    desk = Desk(case.coordinator)
    assert "The lab is told that its submission was received" in desk.text(
        _step("acknowledge"), case.submission.pk
    )
    form = {"revision": case.submission.revision}
    first = desk.post(_step("acknowledge"), case.submission.pk, **form)
    second = desk.post(_step("acknowledge"), case.submission.pk, **form)
    assert (first.status_code, second.status_code) == (303, 303)
    assert case.again().state == State.ACKNOWLEDGED
    assert _made(case, "acknowledge") == 1
    told = desk.text(CASE, case.submission.pk)
    assert "Acknowledged. The lab has been told." in told
    assert "This was done already: the case is acknowledged." in told


def test_a_stale_form_says_what_changed_keeps_the_text_and_can_be_sent_again():
    case = make.Case(make.submitted)
    desk = Desk(case.coordinator)
    form = {"revision": case.submission.revision, "reason": "Which data was it trained on?"}
    actions.correct_facts(actor=case.contributor, submission=case.submission, facts={"summary": "Another."})
    answer = desk.post(_step("request_correction"), case.submission.pk, **form)
    assert answer.status_code == 409
    text = words(answer)
    assert "This case changed since you opened the page." in text
    assert "Gave a new version of the facts" in text
    assert "Which data was it trained on?" in text
    assert _made(case, "request_correction") == 0
    again = form | {"revision": answer.context["form"].data["revision"]}
    assert desk.post(_step("request_correction"), case.submission.pk, **again).status_code == 303
    assert _made(case, "request_correction") == 1
    assert Event.objects.get(verb="request_correction").reason == "Which data was it trained on?"


def test_a_missing_reason_is_said_beside_its_field_and_nothing_happens():
    case = make.Case(make.submitted)
    answer = Desk(case.coordinator).post(
        _step("request_correction"), case.submission.pk, revision=case.submission.revision
    )
    assert answer.context["form"].errors == {"reason": ["This field is required."]}
    blank = {"revision": case.submission.revision, "reason": "   "}
    assert (
        Desk(case.coordinator).post(_step("request_correction"), case.submission.pk, **blank).status_code
        == 200
    )
    assert _made(case, "request_correction") == 0


def test_a_step_that_is_not_open_is_not_asked_for_and_not_taken():
    case = make.Case(make.submitted)
    desk = Desk(case.coordinator)
    asked = desk.get(_step("close"), case.submission.pk)
    assert asked.status_code == 409
    assert "This step cannot be taken now." in words(asked)
    sent = desk.post(_step("close"), case.submission.pk, revision=case.submission.revision)
    assert sent.status_code == 409
    assert "This case is submitted, so this step cannot be taken." in words(sent)
    assert case.again().state == State.SUBMITTED


def test_who_sees_a_case_but_may_not_take_the_step_is_told_so():
    case = reviews.Reviewed()
    for person in (case.reviewer, reviews.auditor()):
        assert (
            Desk(person)
            .post(_step("close"), case.submission.pk, revision=case.submission.revision)
            .status_code
            == 403
        )
    assert _made(case, "close") == 0


def test_terms_are_accepted_as_read():
    case = make.Case(make.submitted)
    actions.acknowledge(actor=case.coordinator, submission=case.submission)
    desk = Desk(case.coordinator)
    page = desk.get(_step("accept_terms"), case.submission.pk)
    assert Terms.objects.get().purpose in words(page)
    form = page.context["form"].initial
    texts = {name: f"Other {name}." for name in ("purpose", *Terms.HEADS)}
    actions.propose_terms(actor=case.contributor, submission=case.again(), texts=texts, names_shown=True)
    stale = desk.post(_step("accept_terms"), case.submission.pk, **form)
    assert stale.status_code == 409
    assert not Terms.objects.exclude(government_accepted_at=None).exists()
    fresh = desk.get(_step("accept_terms"), case.submission.pk).context["form"].initial
    assert fresh == {"revision": case.again().revision, "version": 2}
    assert desk.post(_step("accept_terms"), case.submission.pk, **fresh).status_code == 303
    accepted = Terms.objects.get(number=2)
    assert (accepted.government_accepted_by, accepted.lab_accepted_by) == (case.coordinator, None)


def test_a_stale_acceptance_does_not_turn_into_one_of_terms_nobody_read():
    case = make.Case(make.submitted)
    actions.acknowledge(actor=case.coordinator, submission=case.submission)
    desk = Desk(case.coordinator)
    form = desk.get(_step("accept_terms"), case.submission.pk).context["form"].initial
    texts = {name: f"Other {name}." for name in ("purpose", *Terms.HEADS)}
    actions.propose_terms(actor=case.contributor, submission=case.again(), texts=texts, names_shown=True)
    stale = desk.post(_step("accept_terms"), case.submission.pk, **form)
    again = {name: stale.context["form"].data[name] for name in ("revision", "version")}
    assert desk.post(_step("accept_terms"), case.submission.pk, **again).status_code == 409
    assert not Terms.objects.exclude(government_accepted_at=None).exists()


def test_other_terms_begin_from_the_newest_and_are_a_new_version():
    case = make.Case(make.submitted)
    actions.acknowledge(actor=case.coordinator, submission=case.submission)
    desk = Desk(case.coordinator)
    initial = desk.get(_step("propose_terms"), case.submission.pk).context["form"].initial
    standard = Terms.objects.get()
    assert initial["cybersecurity"] == standard.cybersecurity
    empty = desk.post(_step("propose_terms"), case.submission.pk, **(initial | {"insider_risk": ""}))
    assert empty.context["form"].errors == {"insider_risk": ["This field is required."]}
    assert standard.cybersecurity in words(empty)
    answer = desk.post(
        _step("propose_terms"),
        case.submission.pk,
        **(initial | {"insider_risk": "Vetted.", "names_shown": "on"}),
    )
    assert answer.status_code == 303
    newest = Terms.objects.get(number=2)
    assert (newest.insider_risk, newest.names_shown, newest.purpose) == ("Vetted.", True, standard.purpose)
    assert newest.proposed_by == case.coordinator


def test_a_choice_of_several_calls_the_action_for_each_and_reports_each():
    first, second, third = make.Case(make.submitted), make.Case(make.submitted), make.Case(make.submitted)
    actions.acknowledge(actor=second.coordinator, submission=second.submission)
    chosen = [str(case.submission.pk) for case in (first, second)]
    answer = Desk(first.coordinator).client.post(
        "/admin/submissions/submission/",
        {"action": "acknowledge", "_selected_action": chosen, "index": "0", "select_across": "1"},
        follow=True,
    )
    text = words(answer)
    assert f"{first.submission}: Acknowledged. The lab has been told." in text
    assert f"{second.submission}: This was done already: the case is acknowledged." in text
    assert [case.again().state for case in (first, second, third)] == [
        State.ACKNOWLEDGED,
        State.ACKNOWLEDGED,
        State.SUBMITTED,
    ]
    assert [_made(case, "acknowledge") for case in (first, second, third)] == [1, 1, 0]


def test_a_choice_of_several_does_nothing_for_those_who_may_not():
    case = reviews.Reviewed()
    chosen = {"action": "acknowledge", "_selected_action": str(case.submission.pk), "index": "0"}
    answer = Desk(case.reviewer).client.post("/admin/submissions/submission/", chosen)
    # The list once more: what was not offered is no step.
    assert (answer.status_code, case.submission.case_number in words(answer)) == (200, True)
    assert _made(case, "acknowledge") == 1


def test_a_reviewer_declares_a_conflict_of_their_own_and_the_case_is_gone():
    case = reviews.Reviewed()
    desk = Desk(case.reviewer)
    assert "Person " not in desk.text("submissions_conflict_add").partition("Declare a conflict")[2]
    neither = desk.post("submissions_conflict_add", note="Old employer")
    assert "Name a lab or a case." in words(neither)
    assert "Old employer" in words(neither)
    forged = desk.post(
        "submissions_conflict_add", user=str(case.peer.pk), submission=case.submission.case_number
    )
    assert forged.status_code == 303
    conflict = Conflict.objects.get()
    assert (conflict.user, conflict.submission, conflict.declared_by) == (
        case.reviewer,
        case.submission,
        case.reviewer,
    )
    assert desk.get(CASE, case.submission.pk).status_code == 404
    assert Desk(case.peer).get(CASE, case.submission.pk).status_code == 200
    assert desk.post("submissions_conflict_end_conflict", conflict.pk, reason="Gone.").status_code == 403


def test_a_coordinator_declares_for_others_and_ends_what_is_not_their_own():
    case = reviews.Reviewed()
    desk = Desk(case.coordinator)
    desk.post(
        "submissions_conflict_add",
        user=str(case.peer.pk),
        organisation=str(case.lab.pk),
        note="Married into the lab.",
    )
    conflict = Conflict.objects.get()
    assert (conflict.user, conflict.organisation) == (case.peer, case.lab)
    assert Desk(case.peer).get(CASES).context["cl"].result_list == []
    assert Desk(case.reviewer).get("submissions_conflict_change", conflict.pk).status_code == 404
    assert "End this conflict" in desk.text("submissions_conflict_change", conflict.pk)
    assert desk.post("submissions_conflict_end_conflict", conflict.pk, reason="Divorced.").status_code == 303
    assert Desk(case.peer).get(CASE, case.submission.pk).status_code == 200


def test_a_case_number_one_does_not_see_cannot_be_tried_out():
    case, hidden = reviews.Reviewed(), reviews.Reviewed()
    desk = Desk(case.reviewer)
    for number in (hidden.submission.case_number, "FM-0000-0000"):
        answer = desk.post("submissions_conflict_add", submission=number)
        assert answer.context["form"].errors == {"submission": ["No case that you see has this number."]}
    assert Submission.objects.count() == 2
    assert Conflict.objects.count() == 0
