"""Several people on one seat, assessment, inquiry or designation at once: one effect, the others a clear refusal."""

from uuid import uuid4

import pytest

from portal.accounts.models import Role
from portal.ledger.models import Event
from portal.submissions import actions as cases
from reviews import actions
from reviews.actions.matching import Wanted
from reviews.models import (
    Assessment,
    Assignment,
    CaseAgency,
    Designation,
    DesignationConfirmation,
    Inquiry,
    MatchingOutcome,
)
from tests import factories as make
from tests import factories_reviews as desk
from tests.core.test_concurrency import at_once

pytestmark = pytest.mark.committed_db
NOW, DAY = make.NOW, make.DAY


def test_a_double_click_proposes_one_seat_and_invites_once():
    case = make.Case(make.with_access)
    user = desk.reviewer(make.agency())
    answers = at_once([lambda: desk.proposed(case, user)] * 10)
    assert answers == ["already_done"] * 9 + ["done"]
    assert (Assignment.objects.count(), CaseAgency.objects.count()) == (1, 1)


def test_two_coordinators_propose_one_lead():
    case = make.Case(make.with_access)
    people = [desk.reviewer(make.programme_office()) for _ in range(6)]
    answers = at_once([lambda user=user: desk.proposed(case, user, role="lead") for user in people])
    assert answers == ["done"] + ["invalid"] * 5
    assert Assignment.objects.count() == 1


def test_a_seat_is_attested_once():
    case = make.Case(make.with_access)
    user = desk.reviewer(make.programme_office())
    seat = desk.proposed(case, user)
    answers = at_once([lambda: actions.attest(actor=user, assignment=seat, at=NOW, **desk.ATTESTED)] * 10)
    assert answers == ["already_done"] * 9 + ["done"]
    assert Event.objects.filter(subject_id=seat.pk, verb="attest").count() == 1


def test_a_withdrawal_beside_an_attestation_leaves_no_access():
    case = make.Case(make.with_access)
    user = desk.reviewer(make.programme_office())
    seat = desk.proposed(case, user)
    at_once(
        [
            lambda: actions.attest(actor=user, assignment=seat, **desk.ATTESTED),
            lambda: cases.withdraw(actor=case.contributor, submission=case.submission),
        ]
    )
    assert case.again().stored_state == "withdrawn"
    at = case.again().withdrawn_at + DAY
    assert not case.submission.audience.filter(user=user, since__lte=at, until__gt=at).exists()


def test_one_draft_a_key_one_check_one_sharing():
    case = desk.Reviewed()
    key = uuid4()
    answers = at_once(
        [
            lambda: actions.create_assessment(
                actor=case.reviewer,
                submission=case.submission,
                values=desk.FINDINGS,
                key=key,
                ask_check=True,
                at=NOW,
            )
        ]
        * 8
    )
    assert answers == ["already_done"] * 7 + ["done"]
    made = Assessment.objects.get()
    desk.open_to(case, case.peer, case.lead)
    assert at_once(
        [
            lambda user=user: actions.peer_check(actor=user, assessment=made, at=NOW)
            for user in (case.peer, case.lead)
        ]
    ) == ["already_done", "done"]
    assert at_once([lambda: actions.share(actor=case.lead, assessment=made, at=NOW)] * 8) == [
        "already_done"
    ] * 7 + ["done"]


def test_two_tabs_save_one_draft_and_one_is_told():
    case = desk.Reviewed()
    made = desk.draft(case)
    answers = at_once(
        [
            lambda text=text: actions.save_assessment(
                actor=case.reviewer, assessment=made, values={"findings": text}, expected_revision=1, at=NOW
            )
            for text in ("One.", "Two.")
        ]
    )
    assert answers == ["done", "stale"]


def test_two_designators_confirm_once_and_supersede_once():
    lab = make.lab()
    first = desk.designator()
    made = desk.designation(first, lab)
    others = [desk.designator() for _ in range(6)]
    answers = at_once(
        [lambda user=user: actions.confirm(actor=user, designation=made, at=NOW) for user in others]
    )
    assert answers == ["already_done"] * 5 + ["done"]
    assert DesignationConfirmation.objects.count() == 1
    answers = at_once([lambda user=user: desk.designation(user, lab, supersedes=made) for user in others])
    assert answers == ["done"] + ["invalid"] * 5
    assert Designation.objects.count() == 2


def test_a_withdrawal_beside_an_answer_is_one_or_the_other():
    lab = make.lab()
    writer = make.member(lab, Role.ADMIN)
    coordinator, designator = make.coordinator(), desk.designator()
    made = desk.submitted_inquiry(writer, lab)
    actions.inquiries.acknowledge(actor=coordinator, inquiry=made, at=NOW)
    actions.inquiries.begin_benchmarking(actor=coordinator, inquiry=made, at=NOW)
    answers = at_once(
        [
            lambda: actions.inquiries.withdraw(actor=writer, inquiry=made, at=NOW),
            lambda: actions.inquiries.answer(actor=designator, inquiry=made, answer="Yes.", at=NOW),
        ]
    )
    assert answers == ["done", "wrong_state"]
    assert Inquiry.objects.get().state in ("withdrawn", "answered")


def test_the_clock_beside_itself_records_each_expiry_once():
    case = make.Case(make.with_access)
    for _ in range(5):
        desk.active(case, desk.reviewer(make.programme_office()), expires_at=NOW + DAY)
    at_once([lambda: actions.record_clock(at=NOW + 2 * DAY)] * 6)
    actions.record_clock(at=NOW + 2 * DAY)
    assert Event.objects.filter(verb="expire").count() == 5


def test_a_run_is_confirmed_once():
    case = make.Case(make.with_access)
    for _ in range(3):
        desk.knowing(make.programme_office(), "cyber")
    run = desk.suggested(case, Wanted(case.submission, "cyber", 3))
    answers = at_once([lambda: actions.matching.confirm(actor=case.coordinator, run=run, at=NOW)] * 8)
    assert answers == ["already_done"] * 7 + ["done"]
    assert (Assignment.objects.count(), MatchingOutcome.objects.count()) == (3, 3)


def test_two_runs_do_not_both_take_a_reviewers_last_seat():
    first, second = make.Case(make.with_access), make.Case(make.with_access)
    desk.knowing(make.programme_office(), "cyber", cap=1)
    runs = [(case, desk.suggested(case)) for case in (first, second)]
    answers = at_once(
        [
            lambda case=case, run=run: actions.matching.confirm(actor=case.coordinator, run=run, at=NOW)
            for case, run in runs
        ]
    )
    assert answers == ["done", "stale"]
    assert Assignment.objects.count() == 1


def test_two_rivals_are_confirmed_at_once_and_one_takes_force():
    lab = make.lab()
    first = desk.designator()
    rivals = [
        desk.designation(first, lab, subject=subject) for subject in ("Kestrel 6", "KESTREL 6", "kestrel 6")
    ]
    people = [desk.designator() for _ in rivals]
    answers = at_once(
        [
            lambda user=user, made=made: actions.confirm(actor=user, designation=made)
            for user, made in zip(people, rivals, strict=True)
        ]
    )
    assert answers == ["done"] + ["wrong_state"] * 2
    assert Designation.objects.in_force().count() == DesignationConfirmation.objects.count() == 1
