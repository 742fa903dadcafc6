"""Questions to a lab: who asks, who answers, what is merged, and what follows for dates and notices."""

import pytest
from django.db import Error, transaction

from partners.models import Grant
from portal.accounts.models import Membership, Role
from portal.deadlines import planning
from portal.deadlines.models import Deadline, Message
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, Stale, WrongState
from portal.ledger.models import Event
from portal.submissions import actions, policies
from portal.submissions.actions import questions
from portal.submissions.models import (
    Document,
    DocumentVersion,
    InformationRequest,
    RequestAnswer,
    RequestFollowUp,
)
from portal.submissions.next_steps import next_steps
from portal.submissions.states import REQUEST, RequestState
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.factories_questions import ANSWER, WORDS, Asked, answered, asked

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
# Monday, 10:00; three business days later.
DUE = NOW + 3 * DAY


@pytest.fixture(autouse=True)
def _stored(settings, tmp_path):
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "files")},
        }
    }


def told(kind: str) -> set:
    return set(Message.objects.filter(kind=kind, deadline=None).values_list("recipient", "link"))


def deadline(question) -> Deadline:
    return Deadline.objects.get(kind="answer_question", subject_id=question.pk)


def again(question) -> InformationRequest:
    return InformationRequest.objects.get(pk=question.pk)


# --- asking -----------------------------------------------------------------------------------------------------------


def test_a_question_is_numbered_on_its_case_dated_and_told_to_the_lab():
    case = reviewing.Reviewed()
    first, second = asked(case), asked(case, case.reviewer, text="And nuts?")
    assert [str(first), str(second)] == ["Question 1", "Question 2"]
    assert (second.agency, second.asked_by, second.state_at(NOW)) == (case.agency, case.reviewer, "asked")
    found = deadline(first)
    assert (first.due_at, found.due_at, found.is_open, found.case_id) == (DUE, DUE, True, case.submission.pk)
    page = f"/lab/cases/{case.submission.case_number}/questions/1/"
    assert found.link == page
    assert told("question_asked") == {
        (case.contributor.pk, page),
        (case.contributor.pk, page.replace("/1/", "/2/")),
    }
    assert asked(make.Case()).number == 1
    event = Event.objects.get(subject_id=second.pk)
    assert (event.verb, event.capacity, event.case_id, event.reason) == (
        "ask",
        "reviewer",
        case.submission.pk,
        "",
    )
    assert event.data == {"revision": 1, "number": 2}


def test_who_asks_sees_the_facts_of_the_case_and_is_of_an_agency():
    case = reviewing.Reviewed()
    asking = {
        "coordinator": case.coordinator,
        "agency_coordinator": case.agency_coordinator,
        "lead": case.lead,
        "reviewer": case.peer,
    }
    for capacity, user in asking.items():
        asked(case, user, text=f"As {capacity}?")
        assert Event.objects.filter(verb="ask").latest("seq").capacity == capacity
    barred = reviewing.reviewer(make.programme_office())
    reviewing.active(case, barred)
    actions.declare_conflict(actor=barred, user=barred, submission=case.submission, at=NOW)
    strangers = [
        case.contributor,
        case.viewer,
        barred,
        reviewing.designator(),
        reviewing.auditor(),
        reviewing.reviewer(case.agency),
        make.member(make.agency(), Role.COORDINATOR),
        make.member(make.lab(), Role.ADMIN),
        make.member(make.partner_organisation(), Role.ADMIN),
        make.member(make.programme_office(), Role.LIAISON),
        make.person(is_superuser=True),
    ]
    for user in strangers:
        with pytest.raises(NotAllowed):
            asked(case, user, text="Mine?")
    assert InformationRequest.objects.count() == len(asking)


def test_a_reviewer_asks_no_more_once_the_seat_has_ended():
    case = reviewing.Reviewed()
    from reviews import actions as seats

    seats.complete(actor=case.reviewer, assignment=case.seat, at=NOW + DAY)
    with pytest.raises(NotAllowed):
        asked(case, case.reviewer, at=NOW + DAY)


def test_a_draft_is_asked_nothing_and_a_case_that_is_over_neither():
    draft = make.Case(make.draft)
    with pytest.raises(NotAllowed):
        asked(draft)
    case = Asked()
    actions.withdraw(actor=case.contributor, submission=case.submission, at=NOW)
    with pytest.raises(NotAllowed):
        asked(case, text="Late?")
    ended = make.Case()
    open_one = asked(ended)
    after = ended.submission.closes_at + DAY
    later = asked(ended, text="After the window?", at=after)
    questions.answer(actor=ended.contributor, question=later, text="Yes.", at=after)
    actions.close(actor=ended.coordinator, submission=ended.submission, at=after)
    for step in (
        lambda: asked(ended, text="After all?", at=after),
        lambda: questions.answer(actor=ended.contributor, question=open_one, text="Late.", at=after),
        lambda: questions.ask_again(actor=ended.coordinator, question=later, reason="More.", at=after),
        lambda: questions.withdraw(actor=ended.coordinator, question=open_one, at=after),
    ):
        with pytest.raises(WrongState):
            step()
    assert again(open_one).state_at(after) == "lapsed"
    assert again(open_one).state_at(after - DAY) == "asked"


@pytest.mark.parametrize(
    ("text", "error"),
    [("", Missing), (" \n ", Missing), ("x" * 10_001, Invalid), ("nul\x00", Invalid)],
)
def test_words_that_cannot_be_are_refused_beside_the_field(text, error):
    case = Asked()
    before = Event.objects.count()
    with pytest.raises(error) as refused:
        asked(case, text=text)
    assert refused.value.field == "text"
    with pytest.raises(error) as refused:
        questions.answer(actor=case.contributor, question=case.first, text=text, at=NOW)
    assert refused.value.field == "text"
    assert Event.objects.count() == before


@pytest.mark.parametrize("text", ["x" * 10_000, "<script>alert(1)</script>", "مرحبا\u202e?", "🍬 \u0301"])
def test_any_other_words_are_kept_as_they_are(text):
    case = reviewing.Reviewed()
    question = asked(case, text=text)
    questions.answer(actor=case.contributor, question=question, text=text, at=NOW)
    assert (again(question).text, RequestAnswer.objects.get().text) == (text, text)


def test_the_same_words_of_an_agency_are_asked_once():
    case = Asked()
    with pytest.raises(AlreadyDone):
        asked(case, case.lead)
    asked(case, case.peer)
    questions.answer(actor=case.contributor, question=case.first, text=ANSWER, at=NOW)
    assert asked(case, case.lead).number == 4


def test_a_person_of_two_agencies_says_for_which():
    case = reviewing.Reviewed()
    Membership.objects.create(
        user=case.agency_coordinator,
        organisation=make.programme_office(),
        role=Role.COORDINATOR,
        since=NOW - DAY,
    )
    actor = type(case.lead).objects.get(pk=case.agency_coordinator.pk)
    with pytest.raises(Missing) as refused:
        asked(case, actor)
    assert refused.value.field == "agency"
    with pytest.raises(Invalid):
        asked(case, actor, agency=make.agency())
    assert asked(case, actor, agency=case.agency).agency == case.agency


# --- answering --------------------------------------------------------------------------------------------------------


def test_an_answer_meets_the_date_and_is_told_to_the_asking_side_alone():
    case = Asked()
    questions.answer(actor=case.contributor, question=case.second, text=ANSWER, at=NOW + DAY)
    found = again(case.second)
    assert (found.stored_state, found.answered_at, found.revision) == ("answered", NOW + DAY, 2)
    assert deadline(case.second).met_at == NOW + DAY
    assert deadline(case.first).is_open
    page = f"/admin/submissions/informationrequest/{found.pk}/change/"
    asking = (case.agency_coordinator, case.reviewer, case.peer)
    assert told("question_answered") == {(user.pk, page) for user in asking}


def test_a_correction_is_a_new_version_and_the_first_one_stays():
    case = Asked()
    for number in (1, 2):
        questions.answer(actor=case.contributor, question=case.first, text=f"Version {number}.", at=NOW)
    assert list(RequestAnswer.objects.values_list("number", "text")) == [(1, "Version 1."), (2, "Version 2.")]
    with pytest.raises(AlreadyDone):
        questions.answer(actor=case.contributor, question=case.first, text="Version 2.", at=NOW)
    for rows in (RequestAnswer.objects.all(), InformationRequest.objects.get(number=1).answers.all()):
        with pytest.raises(Error, match="append-only"), transaction.atomic():
            rows.update(text="Other.")
        with pytest.raises(Error, match="append-only"), transaction.atomic():
            rows.delete()


def test_only_the_labs_writers_answer():
    case = Asked()
    for user in (case.viewer, case.coordinator, case.reviewer, make.member(make.lab(), Role.ADMIN)):
        with pytest.raises(NotAllowed):
            questions.answer(actor=user, question=case.first, text=ANSWER, at=NOW)
    assert not RequestAnswer.objects.exists()


def test_a_file_becomes_a_document_and_is_named_with_the_answer():
    case = Asked()
    old = actions.add_document(
        actor=case.contributor,
        submission=case.submission,
        kind="system_card",
        title="Card",
        upload=make.pdf("the card"),
        at=NOW,
    )
    questions.answer(
        actor=case.contributor,
        question=case.first,
        text=ANSWER,
        documents=[old],
        upload=make.pdf("the recipe", "recipe.pdf"),
        tlp="TLP:RED",
        confidential_commercial=False,
        at=NOW,
    )
    made = Document.objects.exclude(pk=old.pk).get()
    assert (made.title, made.kind, made.tlp, made.confidential_commercial) == (
        "recipe.pdf",
        "other",
        "TLP:RED",
        False,
    )
    versions = {old.current, made.current}
    assert set(RequestAnswer.objects.get().files.all()) == versions
    event = Event.objects.get(verb="answer")
    assert set(event.data["files"]) == {str(version.pk) for version in versions}
    actions.add_version(actor=case.contributor, document=old, upload=make.pdf("the card, again"), at=NOW)
    assert set(RequestAnswer.objects.get().files.all()) == versions


def test_a_file_that_cannot_be_taken_leaves_no_answer():
    case = Asked()
    stranger = make.Case()
    foreign = actions.add_document(
        actor=stranger.contributor,
        submission=stranger.submission,
        kind="other",
        title="",
        upload=make.pdf(),
        at=NOW,
    )
    after = case.submission.closes_at
    before = Event.objects.count()
    for options, field in (
        ({"documents": [foreign]}, "documents"),
        ({"upload": make.pdf(name="a/b.pdf")}, "file"),
        ({"upload": make.pdf(), "at": after}, "file"),
    ):
        with pytest.raises(Invalid) as refused:
            questions.answer(
                **{"actor": case.contributor, "question": case.first, "text": ANSWER, "at": NOW} | options
            )
        assert refused.value.field == field
    assert (RequestAnswer.objects.count(), DocumentVersion.objects.count(), Event.objects.count()) == (
        0,
        1,
        before,
    )


def test_the_very_file_again_is_to_be_named_instead():
    case = Asked()
    options = {"actor": case.contributor, "question": case.first, "at": NOW}
    questions.answer(text="One.", upload=make.pdf(), **options)
    with pytest.raises(Invalid, match="name it among its documents") as refused:
        questions.answer(text="Two.", upload=make.pdf(), **options)
    assert refused.value.field == "file"


def test_a_stale_answer_is_refused_and_says_what_happened():
    case = Asked()
    questions.answer(actor=case.contributor, question=case.first, text=ANSWER, at=NOW)
    with pytest.raises(Stale) as refused:
        questions.answer(
            actor=case.contributor, question=case.first, text="Mine.", expected_revision=1, at=NOW
        )
    assert [change.partition(": ")[2] for change in refused.value.changes] == ["Answered the question"]


# --- asking again, merging, withdrawing -------------------------------------------------------------------------------


def test_asked_again_with_a_reason_it_is_open_with_a_date_of_its_own():
    case = Asked()
    questions.answer(actor=case.contributor, question=case.second, text=ANSWER, at=NOW)
    later = NOW + 4 * DAY
    with pytest.raises(Missing):
        questions.ask_again(actor=case.peer, question=case.second, reason=" ", at=later)
    for user in (case.coordinator, case.lead, case.contributor):
        with pytest.raises(NotAllowed):
            questions.ask_again(actor=user, question=case.second, reason="Of what?", at=later)
    questions.ask_again(actor=case.peer, question=case.second, reason="Of what?", at=later)
    found, row = again(case.second), RequestFollowUp.objects.get()
    assert (found.stored_state, found.due_at) == ("asked", later + 5 * DAY)
    assert (row.number, row.text, row.agency, row.asked_by) == (1, "Of what?", case.agency, case.peer)
    assert (deadline(found).is_open, deadline(found).due_at) == (True, later + 5 * DAY)
    # The words stay in their row: the ledger is read longer than the case's facts.
    event = Event.objects.get(verb="ask_again")
    assert (event.reason, "Of what?" in str(event.data)) == ("", False)
    assert {person for person, _ in told("question_asked_again")} == {case.contributor.pk}
    questions.answer(actor=case.contributor, question=case.second, text=ANSWER, at=later)
    assert RequestAnswer.objects.filter(request=found).count() == 2


def test_of_two_like_questions_one_stands_for_both():
    case = Asked()
    merged = questions.merge(actor=case.coordinator, question=case.second, into=case.first, at=NOW)
    assert (merged.state_at(NOW), merged.merged_into, deadline(merged).cancelled_at) == (
        "merged",
        case.first,
        NOW,
    )
    target = again(case.first)
    assert (target.agencies, target.revision) == ([make.programme_office(), case.agency], 2)
    people = {person for person, _ in told("question_merged")}
    assert people == {
        user.pk for user in (case.contributor, case.agency_coordinator, case.reviewer, case.peer, case.lead)
    }
    # Both agencies are told of the answer, and each may ask again.
    questions.answer(actor=case.contributor, question=case.first, text=ANSWER, at=NOW)
    assert {person for person, _ in told("question_answered")} == {*people, case.coordinator.pk} - {
        case.contributor.pk
    }
    questions.ask_again(actor=case.reviewer, question=case.first, reason="And nuts?", at=NOW)
    for step in (
        lambda: questions.answer(actor=case.contributor, question=case.second, text=ANSWER, at=NOW),
        lambda: questions.withdraw(actor=case.coordinator, question=case.second, at=NOW),
    ):
        with pytest.raises(WrongState):
            step()
    with pytest.raises(AlreadyDone):
        questions.merge(actor=case.coordinator, question=case.second, into=case.first, at=NOW)


def test_nobody_follows_a_chain_of_merged_questions():
    case = Asked()
    third = asked(case, case.agency_coordinator, text="Caramel?")
    questions.merge(actor=case.coordinator, question=case.second, into=case.first, at=NOW)
    questions.merge(actor=case.coordinator, question=again(case.first), into=third, at=NOW)
    assert {row.merged_into for row in InformationRequest.objects.exclude(pk=third.pk)} == {third}
    assert again(third).agencies == [case.agency, make.programme_office()]


def test_what_a_question_is_not_merged_into():
    case, other = Asked(), Asked()
    gone = asked(case, text="Nuts?")
    questions.withdraw(actor=case.coordinator, question=gone, at=NOW)
    before = Event.objects.count()
    for target in (case.first, other.first, gone):
        with pytest.raises(Invalid) as refused:
            questions.merge(actor=case.coordinator, question=case.first, into=target, at=NOW)
        assert refused.value.field == "into"
    for user in (case.reviewer, case.agency_coordinator, case.lead, case.contributor):
        with pytest.raises(NotAllowed):
            questions.merge(actor=user, question=case.second, into=case.first, at=NOW)
    assert Event.objects.count() == before


def test_a_question_that_serves_others_too_is_withdrawn_by_a_coordinator_alone():
    case = Asked()
    questions.merge(actor=case.coordinator, question=case.first, into=case.second, at=NOW)
    with pytest.raises(NotAllowed):
        questions.withdraw(actor=case.reviewer, question=case.second, at=NOW)
    questions.withdraw(actor=case.coordinator, question=case.second, at=NOW)
    assert (again(case.second).stored_state, deadline(case.second).cancelled_at) == ("withdrawn", NOW)
    alone = asked(case, case.peer, text="Nuts?")
    with pytest.raises(NotAllowed):
        questions.withdraw(actor=case.lead, question=alone, at=NOW)
    questions.withdraw(actor=case.reviewer, question=alone, at=NOW)
    with pytest.raises(AlreadyDone):
        questions.withdraw(actor=case.reviewer, question=alone, at=NOW)


# --- the case's own way -----------------------------------------------------------------------------------------------


def test_the_labs_withdrawal_ends_every_question():
    case = Asked()
    actions.withdraw(actor=case.contributor, submission=case.submission, at=NOW)
    assert {row.state_at(NOW) for row in InformationRequest.objects.all()} == {"lapsed"}
    assert {deadline(row).cancelled_at for row in (case.first, case.second)} == {NOW}
    assert not InformationRequest.objects.visible_to(case.coordinator, at=NOW).exists()
    assert InformationRequest.objects.visible_to(case.viewer, at=NOW).count() == 2


def test_nothing_waits_for_an_answer():
    case = make.Case()
    asked(case)
    before = case.again()
    late = case.submission.closes_at + DAY
    actions.record_clock(at=late)
    after = case.again()
    assert (after.opens_at, after.closes_at, after.planned_public_release) == (
        before.opens_at,
        before.closes_at,
        before.planned_public_release,
    )
    assert after.state_at(late) == "ended"
    actions.close(actor=case.coordinator, submission=case.submission, at=late)


def test_reminders_go_to_the_labs_writers_a_day_before_and_at_the_date():
    case = Asked()
    rows = planning.preview(at=DUE)
    ours = {(row["offset"], row["person"]) for row in rows if row["kind"] == "answer_question"}
    assert ours == {("-1d", case.contributor.pk), ("0", case.contributor.pk)}
    from portal.deadlines.registry import dates_shared, government_kinds

    assert "answer_question" in dates_shared()
    assert "answer_question" not in government_kinds()


def test_the_next_steps_name_the_open_questions():
    case = Asked()

    def steps():
        return [step for step in next_steps(case.again(), at=NOW) if step.verb == "answer"]

    (step,) = steps()
    assert (step.by, step.text, step.due_at, step.optional) == (
        "The lab",
        "answers questions 1 and 2. Nothing waits for it.",
        DUE,
        True,
    )
    questions.answer(actor=case.contributor, question=case.first, text=ANSWER, at=NOW)
    assert [step.text for step in steps()] == ["answers question 2. Nothing waits for it."]
    for number in range(5):
        asked(case, text=f"Number {number}?")
    assert [step.text for step in steps()] == [
        "answers 6 questions, the earliest of them question 2. Nothing waits for it."
    ]
    questions.withdraw(actor=case.reviewer, question=case.second, at=NOW)


# --- the table and the database ---------------------------------------------------------------------------------------

STORED = [state for state in RequestState.values if state not in REQUEST.derived]


@pytest.mark.parametrize(
    ("source", "target"), [(a, b) for a in STORED for b in RequestState.values if a != b]
)
def test_the_database_refuses_what_the_table_does_not_have(source, target):
    case = Asked()
    row = InformationRequest.objects.filter(pk=case.first.pk)
    into = {"merged": case.second.pk}
    with transaction.atomic():
        if source != "asked":
            row.update(stored_state=source, merged_into=into.get(source), answered_at=NOW)
        try:
            with transaction.atomic():
                row.update(stored_state=target, merged_into=into.get(target), answered_at=NOW)
            done = True
        except Error:
            done = False
    assert done == ((source, target) in REQUEST.stored_jumps())


def test_sql_and_python_agree_on_the_state():
    withdrawn, case = Asked(), Asked()
    actions.withdraw(actor=withdrawn.contributor, submission=withdrawn.submission, at=NOW + DAY)
    answered(case, text="Nuts?")
    gone = asked(case, text="Raisins?")
    questions.withdraw(actor=case.coordinator, question=gone, at=NOW)
    questions.merge(actor=case.coordinator, question=case.second, into=case.first, at=NOW)
    for at in (NOW, NOW + DAY, NOW + 2 * DAY):
        for state in RequestState:
            in_sql = set(InformationRequest.objects.in_state(state, at=at))
            assert in_sql == {
                row
                for row in InformationRequest.objects.select_related("submission")
                if row.state_at(at) == state
            }


def test_the_verbs_offered_are_those_that_are_taken():
    case = Asked()
    people = {
        "contributor": case.contributor,
        "viewer": case.viewer,
        "coordinator": case.coordinator,
        "lead": case.lead,
        "reviewer": case.reviewer,
        "auditor": reviewing.auditor(),
        "stranger": make.member(make.lab(), Role.ADMIN),
    }

    def offered(question):
        return {
            name: verbs
            for name, user in people.items()
            if (verbs := policies.open_question_verbs(user, again(question), at=NOW))
        }

    assert offered(case.second) == {
        "contributor": ["answer"],
        "coordinator": ["merge", "withdraw"],
        "reviewer": ["withdraw"],
    }
    questions.answer(actor=case.contributor, question=case.second, text=ANSWER, at=NOW)
    assert offered(case.second) == {"contributor": ["answer"], "reviewer": ["ask_again"]}
    actions.withdraw(actor=case.contributor, submission=case.submission, at=NOW)
    assert offered(case.second) == offered(case.first) == {}


def test_the_most_alike_come_first():
    case = Asked()
    asked(case, text="How many people work at night?")
    rows = InformationRequest.objects.exclude(pk=case.second.pk).filter(submission=case.submission)
    ordered = list(rows.like(case.second.text))
    assert [row.number for row in ordered] == [1, 3]
    assert ordered[0].likeness > 0.5 > 0.3 > ordered[1].likeness


def test_without_the_extension_questions_come_in_their_order():
    case = Asked()
    rows = InformationRequest.objects.filter(submission=case.submission)
    found = rows.like(case.second.text, trigrams=False)
    assert [(row.number, row.likeness) for row in found] == [(1, 0.0), (2, 0.0)]


def test_partners_of_the_case_see_no_question():
    from tests.factories_partners import GrantCase

    granted = GrantCase()
    granted.agree()
    asked(granted)
    assert Grant.objects.exists()
    for user in (granted.partner.admin, granted.partner.member):
        assert not InformationRequest.objects.visible_to(user, at=NOW).exists()


def test_words_stand_nowhere_but_in_the_question():
    """Messages and the ledger carry numbers and links."""
    case = Asked()
    questions.answer(actor=case.contributor, question=case.first, text=ANSWER, at=NOW)
    for row in [*Event.objects.all(), *Message.objects.all()]:
        assert "caramel" not in repr(vars(row))
        assert "fudge" not in repr(vars(row))
    assert "caramel" in WORDS
    assert "fudge" in ANSWER
