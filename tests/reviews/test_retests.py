"""A retest of what was shared: who records it, who reads and answers it, and what the lab asked for."""

from decimal import Decimal

import pytest
import time_machine
from django.db import DatabaseError, transaction
from django.urls import reverse

from portal.accounts.models import Role, User
from portal.deadlines.models import Message
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, Stale, WrongState
from portal.ledger.models import Event
from portal.submissions import actions as cases
from portal.submissions.next_steps import next_steps
from reviews import actions
from reviews.models import Assessment, Retest, RetestAnswer
from tests import factories as make
from tests import factories_reviews as desk
from tests.admin.desk import CASE, Desk
from tests.api.calls import NOT_FOUND, NOT_YOURS, Caller, refused
from tests.core.test_concurrency import at_once
from tests.lab import pdfs
from tests.lab.visitor import Visitor

NOW, DAY = make.NOW, make.DAY
SECRET, ANSWER = "fudge-retest-1", "The other way is shut by now: toffee-answer-1."
ASKED = "Retest asked for: the lab asks the reviewers to try again what they found."


@pytest.fixture
def case():
    with time_machine.travel(NOW, tick=False):
        yield desk.Reviewed()


def told(kind: str) -> set:
    return {row.recipient for row in Message.objects.filter(kind=kind).select_related("recipient")}


def asked(case, made=None) -> Assessment:
    return actions.respond(
        actor=case.contributor,
        assessment=made or desk.shared(case),
        response="Try again.",
        asks_retest=True,
        at=NOW,
    )


def waiting(user) -> set:
    """The rows behind the queue of the home page; the page counts the same ones."""
    seen = Desk(User.objects.get(pk=user.pk))
    (queue,) = [one for one in seen.get("index").context["waiting"] if one.label == "Retests asked for"]
    rows = set(seen.get("reviews_assessment_changelist", waits="retest").context["cl"].result_list)
    assert queue.count == len(rows)
    return rows


# --- recording --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_reviewer_records_a_retest_and_the_lab_is_told(case):
    made = desk.shared(case)
    row = desk.retested(case, made, actor=case.peer)
    assert (row.by, row.assignment, row.at, row.outcome, row.hours) == (
        case.peer, case.peer_seat, NOW, "observed_in_part", Decimal("2.50"),
    )  # fmt: skip
    made.refresh_from_db()
    assert (made.state, made.revision) == ("shared", 5)
    event = Event.objects.get(verb="record_retest")
    assert (event.actor, event.capacity, event.subject_id, event.case_id, event.data) == (
        case.peer, "reviewer", made.pk, case.submission.pk, {"revision": 5, "retest": str(row.pk)},
    )  # fmt: skip
    assert told("assessment_retested") == {case.contributor, case.viewer, case.lead, case.reviewer}
    stored = repr([*Event.objects.values_list("data", "reason"), *Message.objects.values_list("link", "key")])
    assert SECRET not in stored


@pytest.mark.django_db
def test_the_author_and_the_other_reviewers_record_and_nobody_else(case):
    made = desk.shared(case)
    outside = desk.reviewer(case.agency)
    waits = desk.proposed(case, outside).reviewer
    others = [
        waits, case.coordinator, case.agency_coordinator, case.contributor, desk.auditor(), desk.designator(),
    ]  # fmt: skip
    for actor in others:
        with pytest.raises(NotAllowed):
            desk.retested(case, made, actor=actor)
    for actor in (case.reviewer, case.peer, case.lead):
        desk.retested(case, made, actor=actor)
    late = desk.reviewer(case.agency)
    desk.active(case, late)
    # Whose own is not in reads what was shared all the same, and may try it again.
    desk.retested(case, made, actor=late)
    assert list(made.retests.values_list("by", flat=True).order_by("by")) == sorted(
        user.pk for user in (case.reviewer, case.peer, case.lead, late)
    )


@pytest.mark.django_db
def test_only_from_the_sharing_until_it_is_final_and_while_the_seat_lasts(case):
    for made in (desk.draft(case), desk.checked(case)):
        with pytest.raises(WrongState):
            desk.retested(case, made)
    made = asked(case)
    actions.complete(actor=case.reviewer, assignment=case.seat, at=NOW)
    with pytest.raises(NotAllowed):
        desk.retested(case, made)
    desk.retested(case, made, actor=case.peer)
    actions.finalize(actor=case.lead, assessment=made, at=NOW)
    with pytest.raises(WrongState):
        desk.retested(case, made, actor=case.peer)
    assert Retest.objects.count() == 1


@pytest.mark.django_db
def test_not_after_the_case_is_closed_or_withdrawn(case):
    made = desk.shared(case)
    desk.retested(case, made, at=NOW + 45 * DAY)
    cases.close(actor=case.coordinator, submission=case.submission, at=NOW + 46 * DAY)
    with pytest.raises(NotAllowed):
        desk.retested(case, made, at=NOW + 46 * DAY)
    other = desk.Reviewed()
    made = desk.shared(other)
    cases.withdraw(actor=other.contributor, submission=other.submission, at=NOW + DAY)
    with pytest.raises(NotAllowed):
        desk.retested(other, made, at=NOW + DAY)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "field", "refusal"),
    [
        ({"what": " "}, "what", Missing),
        ({"text": ""}, "text", Missing),
        ({"outcome": ""}, "outcome", Missing),
        ({"access_used": ""}, "access_used", Missing),
        ({"outcome": "passed"}, "outcome", Invalid),
        ({"access_used": "telepathy"}, "access_used", Invalid),
        ({"hours": "-1"}, "hours", Invalid),
        ({"text": "x" * 20001}, "text", Invalid),
        ({"score": "5"}, None, Invalid),
    ],
)
def test_a_wrong_value_names_its_field_and_nothing_is_kept(case, values, field, refusal):
    made = desk.shared(case)
    with pytest.raises(refusal) as refused_:
        desk.retested(case, made, **values)
    assert (refused_.value.field, Retest.objects.count()) == (field, 0)


@pytest.mark.django_db
def test_it_is_never_changed_and_a_stale_step_is_told_of_it(case):
    made = desk.shared(case)
    row = desk.retested(case, made, hours="")
    answer = actions.answer_retest(actor=case.contributor, retest=row, text=ANSWER, at=NOW)
    for change in (
        lambda: Retest.objects.filter(pk=row.pk).update(outcome="no_longer_observed"),
        lambda: Retest.objects.filter(pk=row.pk).delete(),
        lambda: RetestAnswer.objects.filter(pk=answer.pk).update(text="Other."),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    with pytest.raises(Stale) as refused_:
        actions.respond(actor=case.contributor, assessment=made, response="?", expected_revision=4, at=NOW)
    assert [words.partition(": ")[2] for words in refused_.value.changes] == [
        "Recorded a retest", "The lab answered a retest",
    ]  # fmt: skip
    with pytest.raises(Stale):
        actions.record_retest(
            actor=case.reviewer, assessment=made, values=desk.RETEST, expected_revision=4, at=NOW
        )


@pytest.mark.django_db
def test_the_versions_opened_since_the_sharing_are_noted(case):
    one, two, three = (
        cases.add_document(
            actor=case.contributor, submission=case.submission, kind="other", title=name, upload=make.pdf(name), at=NOW
        ).current
        for name in ("One", "Two", "Three")
    )  # fmt: skip
    with time_machine.travel(NOW + DAY, tick=False):
        cases.open_version(actor=case.peer, version=one)
        made = desk.shared(case, at=NOW + DAY)
    with time_machine.travel(NOW + 2 * DAY, tick=False):
        cases.open_version(actor=case.peer, version=two)
        cases.open_version(actor=case.reviewer, version=three)
    row = desk.retested(case, made, actor=case.peer, at=NOW + 3 * DAY)
    assert list(row.versions_read.all()) == [two]
    assert one not in made.versions_read.all()


# --- asked for, and answered ------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_lab_asks_for_a_retest_and_it_waits_on_the_reviewers(case):
    made = asked(case)
    assert made.asks_retest
    assert told("assessment_retest_asked") == {case.lead, case.reviewer}
    assert told("assessment_responded") == {case.coordinator}
    assert [waiting(user) for user in (case.lead, case.reviewer, case.peer)] == [{made}] * 3
    assert ASKED in [step.text for step in next_steps(case.again(), at=NOW)]
    assert "The lab asked for a retest" in Desk(case.lead).text(CASE, case.submission.pk)
    desk.retested(case, made, actor=case.peer)
    assert [waiting(user) for user in (case.lead, case.reviewer, case.peer)] == [set()] * 3
    assert ASKED not in [step.text for step in next_steps(case.again(), at=NOW)]
    assert actions.finalize(actor=case.lead, assessment=made, at=NOW).state == "final"


@pytest.mark.django_db
def test_a_response_that_asks_for_none_leaves_nothing_waiting(case):
    made = desk.answered(case)
    assert not made.asks_retest
    assert told("assessment_retest_asked") == set()
    assert told("assessment_responded") == {case.lead, case.reviewer, case.coordinator}
    assert waiting(case.lead) == set()
    assert ASKED not in [step.text for step in next_steps(case.again(), at=NOW)]


@pytest.mark.django_db
def test_a_retest_from_before_the_response_is_not_the_one_asked_for(case):
    made = desk.shared(case)
    desk.retested(case, made)
    later = NOW + DAY
    actions.respond(actor=case.contributor, assessment=made, response="Again.", asks_retest=True, at=later)
    assert set(Assessment.objects.awaiting_retest()) == {made}


@pytest.mark.django_db
def test_the_lab_answers_each_retest_once(case):
    row = desk.retested(case, desk.shared(case), actor=case.peer)
    foreign = make.member(make.lab(), Role.ADMIN)
    for actor in (case.viewer, case.lead, case.peer, case.coordinator, foreign):
        with pytest.raises(NotAllowed):
            actions.answer_retest(actor=actor, retest=row, text=ANSWER, at=NOW)
    with pytest.raises(Missing):
        actions.answer_retest(actor=case.contributor, retest=row, text=" ", at=NOW)
    made = actions.answer_retest(actor=case.contributor, retest=row, text=f" {ANSWER} ", at=NOW)
    assert (made.text, made.by, made.at) == (ANSWER, case.contributor, NOW)
    with pytest.raises(AlreadyDone):
        actions.answer_retest(actor=case.contributor, retest=row, text="Again.", at=NOW)
    assert told("retest_answered") == {case.lead, case.reviewer, case.peer}


@pytest.mark.django_db
def test_who_reads_a_retest_reads_its_assessment(case):
    row = desk.retested(case, desk.shared(case))
    readers = (
        case.reviewer,
        case.peer,
        case.coordinator,
        case.agency_coordinator,
        case.contributor,
        case.viewer,
        desk.auditor(),
    )
    others = (make.member(make.lab(), Role.ADMIN), desk.reviewer(case.agency), make.person(is_superuser=True))
    assert [set(Retest.objects.visible_to(user, at=NOW)) for user in readers] == [{row}] * len(readers)
    assert [set(Retest.objects.visible_to(user, at=NOW)) for user in others] == [set()] * len(others)


@pytest.mark.committed_db
def test_one_key_is_one_retest_and_one_answer_is_given():
    case = desk.Reviewed()
    made = desk.shared(case)
    answers = at_once(
        [
            lambda: actions.record_retest(
                actor=case.reviewer, assessment=made, values=desk.RETEST, key=case.submission.pk, at=NOW
            )
        ]
        * 6
    )
    assert answers == ["already_done"] * 5 + ["done"]
    row = Retest.objects.get()
    answers = at_once(
        [lambda: actions.answer_retest(actor=case.contributor, retest=row, text="Yes.", at=NOW)] * 6
    )
    assert answers == ["already_done"] * 5 + ["done"]


@pytest.mark.committed_db
def test_a_retest_beside_the_last_step_is_before_it_or_refused():
    case = desk.Reviewed()
    made = asked(case)
    answers = at_once(
        [
            lambda: desk.retested(case, made),
            lambda: actions.finalize(actor=case.lead, assessment=made, at=NOW),
        ]
    )
    assert answers in (["done", "done"], ["done", "wrong_state"])
    assert Retest.objects.count() == answers.count("done") - 1


# --- doors ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_workbench_records_and_shows(case):
    made = asked(case)
    page, step = "reviews_assessment_change", "reviews_assessment_retest"
    peer = Desk(case.peer)
    assert "retest" in [offer.step.verb for offer in peer.get(page, made.pk).context["offers"]]
    for user in (case.coordinator, desk.auditor()):
        assert "retest" not in [offer.step.verb for offer in Desk(user).get(page, made.pk).context["offers"]]
    data = desk.RETEST | {"revision": 5, "key": str(case.submission.pk)}
    refusal = peer.post(step, made.pk, **(data | {"text": ""}))
    assert set(refusal.context["form"].errors) == {"text"}
    assert "The two ways into the pantry." in refusal.content.decode()
    assert peer.post(step, made.pk, **data).status_code == 303
    assert peer.post(step, made.pk, **(data | {"revision": 6})).status_code == 303
    assert Retest.objects.count() == 1
    text = Desk(case.coordinator).text(page, made.pk)
    for words in (SECRET, "Observed in part", "Pia Peer", "The lab asked for a retest with its response."):
        assert words in text


@pytest.mark.django_db
def test_the_lab_asks_reads_and_answers_under_the_names_it_may_know(case):
    made = desk.shared(case)
    number = case.submission.case_number
    page = reverse("lab_reviews:assessment", args=[number, made.pk])
    writer = Visitor(case.contributor).client
    data = {"response": "Please.", "asks_retest": "on", "revision": 4}
    assert writer.post(page, data).status_code == 303
    assert Assessment.objects.get(pk=made.pk).asks_retest
    row = desk.retested(case, made, actor=case.peer)
    other = desk.retested(case, desk.shared(case), text="Another: caramel-retest-2.")
    text = writer.get(page).content.decode()
    assert f"{case.agency.short_name} reviewer 2" in text
    assert SECRET in text
    for hidden in ("Pia Peer", "caramel-retest-2"):
        assert hidden not in text
    answering = reverse("lab_reviews:answer_retest", args=[number, made.pk, row.pk])
    assert answering in text
    assert answering not in Visitor(case.viewer).client.get(page).content.decode()
    assert Visitor(case.viewer).client.get(answering).status_code == 403
    assert "Pia Peer" not in writer.get(answering).content.decode()
    wrong = reverse("lab_reviews:answer_retest", args=[number, made.pk, other.pk])
    assert writer.get(wrong).status_code == 404
    assert Visitor(make.member(make.lab(), Role.ADMIN)).client.get(answering).status_code == 404
    empty = writer.post(answering, {"text": " "})
    assert empty.context["form"].errors == {"text": ["Write your answer."]}
    assert writer.post(answering, {"text": ANSWER}).status_code == 303
    text = writer.get(page).content.decode()
    assert (ANSWER in text, answering in text) == (True, False)
    assert ANSWER in Desk(case.peer).text("reviews_assessment_change", made.pk)
    told_ = "".join(pdfs.words(writer.get(reverse("lab_reviews:report", args=[number])).content)).replace(
        " ", ""
    )
    for words in (SECRET, "toffee-answer-1", "Observed in part", "Retest by"):
        assert words.replace(" ", "") in told_
    assert "PiaPeer" not in told_


@pytest.mark.django_db
def test_retests_by_the_api(case):
    made = desk.shared(case)
    lab, peer = Caller(case.contributor), Caller(case.peer)
    path = f"assessments/{made.pk}"
    answered = lab.post(f"{path}/respond/", {"response": "Please.", "asks_retest": True}).json()
    assert (answered["asks_retest"], answered["retests"]) == (True, [])
    refused(
        Caller(case.coordinator).post(f"{path}/retest/", desk.RETEST),
        NOT_YOURS | {"detail": "Only active reviewers of the case record a retest."},
    )
    refused(Caller(desk.reviewer(case.agency)).post(f"{path}/retest/", desk.RETEST), NOT_FOUND)
    key = {"key": str(case.submission.pk)}
    shown = peer.post(f"{path}/retest/", desk.RETEST | key).json()
    row = Retest.objects.get()
    expected = desk.RETEST | {
        "id": str(row.pk), "by": "Pia Peer", "at": "2026-09-14T14:00:00Z", "versions_read": [], "answer": None,
    }  # fmt: skip
    assert shown["retests"] == [expected]
    again = peer.post(f"{path}/retest/", desk.RETEST | key)
    assert (again.status_code, again.json()["code"]) == (409, "already_done")
    missing = peer.post(f"{path}/retest/", {"what": "It."})
    assert set(missing.json()["errors"]) == {"outcome", "text", "access_used"}
    body = {"retest": str(row.pk), "text": ANSWER}
    assert Caller(case.viewer).post(f"{path}/answer_retest/", body).status_code == 403
    elsewhere = desk.shared(case)
    refused(lab.post(f"assessments/{elsewhere.pk}/answer_retest/", body), NOT_FOUND)
    seen = lab.post(f"{path}/answer_retest/", body).json()
    assert seen["retests"] == [
        expected
        | {
            "by": f"{case.agency.short_name} reviewer 2",
            "answer": {"text": ANSWER, "at": "2026-09-14T14:00:00Z"},
        }
    ]
    twice = lab.post(f"{path}/answer_retest/", body)
    assert (twice.status_code, twice.json()["code"]) == (409, "already_done")
