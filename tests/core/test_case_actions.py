"""The verbs of a case: one effect, one event, the right people told, and every refusal."""

import pytest

from portal.accounts.models import Role
from portal.deadlines.models import Deadline, Message
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, Stale, WrongState
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.models import AccessInstructions, Submission
from tests import factories as make

pytestmark = pytest.mark.django_db


def told(case, kind: str) -> set:
    return {message.recipient for message in Message.objects.filter(case_id=case.submission.pk, kind=kind)}


def verbs(case) -> list[str]:
    return list(
        Event.objects.filter(case_id=case.submission.pk).order_by("seq").values_list("verb", flat=True)
    )


def test_the_way_of_a_case_leaves_one_event_a_step():
    case = make.Case(make.with_access)
    assert verbs(case) == [
        "create_draft",
        "submit",
        "acknowledge",
        "accept_terms",
        "accept_terms",
        "provide_access",
    ]
    assert told(case, "submit") == {case.coordinator}
    assert told(case, "acknowledge") == {case.contributor}
    assert told(case, "provide_access") == {case.coordinator}


@pytest.mark.parametrize("missing", ["model_name", "checkpoint", "access_mode", "summary"])
def test_an_incomplete_draft_is_not_submitted(missing):
    case = make.Case(make.draft, **{missing: ""})
    with pytest.raises(Invalid) as refused:
        actions.submit(actor=case.contributor, submission=case.submission, at=make.NOW)
    assert (refused.value.field, case.again().stored_state) == (missing, "draft")


@pytest.mark.parametrize(
    ("public_in", "partner_in", "field"),
    [(-1, None, "planned_public_release"), (60, -1, "planned_partner_release")],
)
def test_dates_in_the_past_are_not_submitted(public_in, partner_in, field):
    lab = make.lab()
    contributor = make.member(lab, Role.CONTRIBUTOR)
    case = make.draft(actor=contributor, lab=lab, public_in=60, partner_in=None)
    Submission.objects.filter(pk=case.pk).update(
        planned_public_release=make.NOW + public_in * make.DAY,
        planned_partner_release=None if partner_in is None else make.NOW + partner_in * make.DAY,
    )
    with pytest.raises(Invalid) as refused:
        actions.submit(actor=contributor, submission=case, at=make.NOW)
    assert refused.value.field == field


def test_a_partner_release_after_the_public_one_is_refused_even_in_a_draft():
    lab = make.lab()
    with pytest.raises(Invalid) as refused:
        make.draft(actor=make.member(lab, Role.CONTRIBUTOR), lab=lab, public_in=10, partner_in=20)
    assert refused.value.field == "planned_partner_release"


def test_a_step_taken_twice_is_done_once():
    case = make.Case(make.submitted)
    with pytest.raises(AlreadyDone):
        actions.submit(actor=case.contributor, submission=case.submission, at=make.NOW)
    assert verbs(case).count("submit") == 1


def test_a_stale_form_is_refused_with_what_changed():
    case = make.Case(make.draft)
    old = case.submission.revision
    actions.save_draft(
        actor=case.contributor, submission=case.submission, facts={"summary": "Second."}, at=make.NOW
    )
    with pytest.raises(Stale) as refused:
        actions.save_draft(
            actor=case.contributor,
            submission=case.submission,
            facts={"summary": "Third."},
            expected_revision=old,
            at=make.NOW,
        )
    assert refused.value.changes == ["14 Sep 2026, 2:00 p.m. UTC: Saved the draft"]
    assert case.again().facts.summary == "Second."


def test_terms_are_agreed_only_on_the_same_version():
    case = make.Case(make.submitted)
    actions.acknowledge(actor=case.coordinator, submission=case.submission, at=make.NOW)
    actions.accept_terms(actor=case.contributor, submission=case.submission, version=1, at=make.NOW)
    texts = {name: f"New {name}." for name in ("purpose", *case.submission.terms.model.HEADS)}
    actions.propose_terms(
        actor=case.coordinator, submission=case.submission, texts=texts, names_shown=False, at=make.NOW
    )
    with pytest.raises(Stale):
        actions.accept_terms(actor=case.coordinator, submission=case.submission, version=1, at=make.NOW)
    actions.accept_terms(actor=case.coordinator, submission=case.submission, version=2, at=make.NOW)
    with pytest.raises(AlreadyDone):
        actions.accept_terms(actor=case.coordinator, submission=case.submission, version=2, at=make.NOW)
    assert case.again().stored_state == "acknowledged"
    actions.accept_terms(actor=case.contributor, submission=case.submission, version=2, at=make.NOW)
    assert case.again().stored_state == "agreed"
    assert told(case, "agreed") == {case.coordinator}


@pytest.mark.parametrize(
    ("verb", "who"),
    [
        ("submit", "coordinator"),
        ("acknowledge", "contributor"),
        ("acknowledge", "viewer"),
        ("withdraw", "coordinator"),
        ("withdraw", "viewer"),
        ("release", "coordinator"),
        ("close", "contributor"),
    ],
)
def test_a_step_is_not_taken_by_another_side(verb, who):
    case = make.Case(make.submitted)
    with pytest.raises(NotAllowed):
        getattr(actions, verb)(actor=getattr(case, who), submission=case.submission, at=make.NOW)


def test_a_strangers_step_is_refused_before_the_state_is_told():
    case = make.Case(make.submitted)
    stranger = make.member(make.lab(), Role.ADMIN)
    for verb in ("submit", "withdraw", "release"):
        with pytest.raises(NotAllowed):
            getattr(actions, verb)(actor=stranger, submission=case.submission, at=make.NOW)


def test_a_correction_needs_a_reason_and_is_answered_by_a_new_version():
    case = make.Case(make.submitted)
    with pytest.raises(Missing):
        actions.request_correction(
            actor=case.coordinator, submission=case.submission, reason=" ", at=make.NOW
        )
    actions.request_correction(
        actor=case.coordinator, submission=case.submission, reason="Which cluster?", at=make.NOW
    )
    actions.correct_facts(
        actor=case.contributor, submission=case.submission, facts={"summary": "Better."}, at=make.NOW
    )
    versions = list(case.again().facts_versions.order_by("number").values_list("number", "summary"))
    assert versions == [(1, make.FACTS["summary"]), (2, "Better.")]
    assert case.again().correction_asked_at is None


def test_a_new_checkpoint_needs_a_new_consent():
    case = make.Case(make.agreed)
    with pytest.raises(Invalid) as refused:
        actions.correct_facts(
            actor=case.contributor,
            submission=case.submission,
            facts={"checkpoint": "sha256:other"},
            at=make.NOW,
        )
    assert refused.value.field == "checkpoint"


def test_moving_the_dates_moves_window_and_deadline_at_once():
    case = make.Case(make.with_access)
    at = make.NOW + 2 * make.DAY
    actions.move_dates(
        actor=case.contributor,
        submission=case.submission,
        planned_public_release=make.NOW + 50 * make.DAY,
        planned_partner_release=make.NOW + 45 * make.DAY,
        at=at,
    )
    moved = case.again()
    assert (moved.opens_at, moved.closes_at) == (make.NOW + 15 * make.DAY, make.NOW + 45 * make.DAY)
    assert Deadline.objects.get(kind="window_closes", case_id=moved.pk).due_at == moved.closes_at
    assert told(case, "move_dates") == {case.coordinator, *()}


def test_an_open_window_keeps_its_opening_and_its_30_days():
    case = make.Case(make.with_access)
    opened = case.submission.opens_at
    actions.move_dates(
        actor=case.contributor,
        submission=case.submission,
        planned_public_release=make.NOW + 200 * make.DAY,
        planned_partner_release=None,
        at=opened + make.DAY,
    )
    assert (case.again().opens_at, case.again().closes_at) == (opened, opened + 30 * make.DAY)


def test_nothing_the_government_does_moves_a_date():
    case = make.Case(make.with_access)
    dates = ("planned_partner_release", "planned_public_release", "released_at", "closes_at")
    before = {name: getattr(case.again(), name) for name in dates}
    actions.record_clock(at=make.NOW + 50 * make.DAY)
    actions.close(actor=case.coordinator, submission=case.submission, at=make.NOW + 50 * make.DAY)
    assert {name: getattr(case.again(), name) for name in dates} == before


def test_the_window_ends_with_nothing_assessed():
    case = make.Case(make.with_access)
    assert case.again().state_at(case.submission.closes_at) == "ended"
    assert actions.record_clock(at=case.submission.closes_at) == 1
    assert actions.record_clock(at=case.submission.closes_at) == 0
    assert verbs(case)[-2:] == ["open", "end"]
    assert told(case, "window_ended") == {case.contributor, case.viewer, case.coordinator} - {case.viewer}


@pytest.mark.parametrize("verb", ["withdraw", "release"])
def test_leaving_closes_the_window_cancels_deadlines_and_tells_everyone(verb):
    case = make.Case(make.with_access)
    at = case.submission.opens_at + make.DAY
    getattr(actions, verb)(actor=case.contributor, submission=case.submission, at=at)
    left = case.again()
    assert (left.closes_at, left.state_at(at)) == (at, "withdrawn" if verb == "withdraw" else "ended")
    assert told(case, verb) == {case.coordinator}
    ahead = (
        Deadline.objects.still_open().filter(case_id=left.pk, due_at__gt=at).values_list("kind", flat=True)
    )
    # A release ends the access, not the feedback the lab was promised.
    assert set(ahead) == (set() if verb == "withdraw" else {"final_feedback"})


def test_a_release_is_recorded_once_and_at_any_time():
    case = make.Case(make.submitted)
    actions.release(actor=case.contributor, submission=case.submission, at=make.NOW)
    with pytest.raises(AlreadyDone):
        actions.release(actor=case.contributor, submission=case.submission, at=make.NOW)
    assert (case.again().released_at, case.again().stored_state) == (make.NOW, "submitted")


def test_instructions_are_sealed_and_opened_only_by_whom_and_when():
    case = make.Case(make.with_access)
    stored = AccessInstructions.objects.get(submission=case.submission)
    assert b"marzipan" not in bytes(stored.sealed)
    opened = case.submission.opens_at
    for person in (case.coordinator, make.member(make.programme_office(), Role.REVIEWER)):
        with pytest.raises(NotAllowed):
            actions.reveal_instructions(actor=person, submission=case.submission, at=opened)
    assert (
        actions.reveal_instructions(actor=case.contributor, submission=case.submission, at=opened)
        == make.INSTRUCTIONS
    )
    look = Event.objects.filter(kind="look").get()
    assert (look.verb, look.actor, look.capacity) == ("revealed_instructions", case.contributor, "lab")


def test_a_case_is_closed_only_after_its_window():
    case = make.Case(make.with_access)
    with pytest.raises(WrongState):
        actions.close(actor=case.coordinator, submission=case.submission, at=case.submission.opens_at)
    actions.close(actor=case.coordinator, submission=case.submission, at=case.submission.closes_at)
    assert case.again().state_at(make.NOW) == "closed"
