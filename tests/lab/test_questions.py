"""The lab's queue of questions and the page on which it answers: by agency, in versions, with words kept where it is refused."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from portal.accounts.models import Role
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.actions import questions
from portal.submissions.models import Document, InformationRequest, RequestAnswer
from portal.submissions.terms import STANDARD
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.factories_questions import ANSWER, Asked, answered, asked
from tests.lab.visitor import Visitor, errors_beside, words

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
LIST, PAGE = "questions", "question"


@pytest.fixture
def case():
    return Asked()


@pytest.fixture
def visitor(case):
    return Visitor(case.contributor)


def post(visitor, question, **data):
    data = {"revision": question.revision, "text": ANSWER, "tlp": "TLP:AMBER+STRICT"} | data
    return visitor.post(PAGE, question.submission, question.number, **data)


def answers(question) -> list[tuple]:
    return list(RequestAnswer.objects.filter(request=question).values_list("number", "text"))


# --- the queue --------------------------------------------------------------------------------------------------------


def test_the_case_page_leads_to_the_queue_and_says_how_many_are_open(case, visitor):
    page = visitor.get("case", case.submission)
    assert "Questions of agencies (2 open)" in words(page)
    assert "The lab answers questions 1 and 2. Nothing waits for it." in words(page)
    assert reverse("lab:questions", args=[case.submission.case_number]) in page.content.decode()
    other = make.Case()
    text = Visitor(other.viewer).text("case", other.submission)
    assert "Questions of agencies" in text
    assert "open question" not in text


def test_the_queue_shows_what_is_open_the_earliest_target_first(case, visitor):
    questions.answer(actor=case.contributor, question=case.first, text=ANSWER, at=NOW)
    later = asked(case, text="And nuts?", at=NOW + DAY)
    questions.merge(actor=case.coordinator, question=later, into=case.second, at=NOW + DAY)
    shown = visitor.get(LIST, case.submission)
    assert [row.number for row in shown.context["page"]] == [2]
    text = words(shown)
    assert f"{case.agency.name} {make.programme_office().name}" in text
    assert "17 Sep 2026, 10:00 a.m. EDT" in text
    everything = visitor.text(LIST, case.submission, show="all")
    for words_of_it in ("Question 1", "Answered", "Question 3", "into question 2"):
        assert words_of_it in everything


def test_an_empty_queue_says_what_it_will_hold():
    case = make.Case()
    visitor = Visitor(case.viewer)
    assert "No open questions Nothing waits for an answer of yours." in visitor.text(LIST, case.submission)
    assert "No questions yet" in visitor.text(LIST, case.submission, show="all")
    actions.withdraw(actor=case.contributor, submission=case.submission)
    assert "This case has come to its end" in visitor.text(LIST, case.submission)


# Clock, session, person, seats, the case, the questions, the look, and the notices' badge.
@pytest.mark.parametrize("rows", [1, 30])
def test_the_queue_costs_the_same_with_one_question_and_with_thirty(rows):
    case = reviewing.Reviewed()
    for number in range(rows):
        made = asked(case, text=f"{'x' * 9000} {number}")
        other = asked(case, case.reviewer, text=f"{'y' * 9000} {number}")
        questions.merge(actor=case.coordinator, question=other, into=made, at=NOW)
    visitor = Visitor(case.viewer)
    visitor.get(LIST, case.submission)
    assert visitor.queries(LIST, case.submission) == 7
    assert visitor.queries(f"{reverse('lab:questions', args=[case.submission.case_number])}?show=all") == 7


@pytest.mark.parametrize("rows", [1, 30])
def test_a_question_costs_the_same_with_one_answer_and_with_thirty(rows):
    case = Asked()
    for number in range(rows):
        questions.answer(
            actor=case.contributor,
            question=case.first,
            text=f"{'x' * 9990} {number}",
            upload=make.pdf(f"{number}", f"{number}.pdf"),
            at=NOW,
        )
        questions.ask_again(actor=case.coordinator, question=case.first, reason=f"More, {number}?", at=NOW)
        other = asked(case, case.reviewer, text=f"y {number}")
        questions.merge(actor=case.coordinator, question=other, into=case.first, at=NOW)
    visitor = Visitor(case.viewer)
    visitor.get(PAGE, case.submission, 1)
    # As the list, with the question's answers, their files, what was asked again and merged, the documents, and what is
    # open to the person.
    assert visitor.queries(PAGE, case.submission, 1) == 13


# --- who is named -----------------------------------------------------------------------------------------------------


def test_the_lab_reads_agencies_and_no_person(case, visitor):
    questions.answer(actor=case.contributor, question=case.second, text=ANSWER, at=NOW)
    questions.ask_again(actor=case.peer, question=case.second, reason="Of what?", at=NOW)
    questions.merge(actor=case.coordinator, question=case.first, into=case.second, at=NOW)
    for page in (
        visitor.get(LIST, case.submission, show="all"),
        visitor.get(PAGE, case.submission, 1),
        visitor.get(PAGE, case.submission, 2),
    ):
        for person in (case.coordinator, case.reviewer, case.peer):
            assert person.name not in page.content.decode()
    text = visitor.text(PAGE, case.submission, 2)
    assert f"Asked by {case.agency.name}" in text
    assert f"Question 1, asked by {make.programme_office().name}; merged into this one" in text
    assert f"{case.agency.name} asks for more" in text
    assert f"Answer, version 1, by {case.contributor.name}" in text


def test_where_the_agreed_terms_show_names_the_lab_reads_them():
    case = make.Case(make.submitted)
    actions.acknowledge(actor=case.coordinator, submission=case.submission, at=NOW)
    actions.propose_terms(
        actor=case.contributor, submission=case.submission, texts=STANDARD, names_shown=True, at=NOW
    )
    asked(case)
    visitor = Visitor(case.viewer)
    assert case.coordinator.name not in visitor.text(PAGE, case.submission, 1)
    for user in (case.contributor, case.coordinator):
        actions.accept_terms(actor=user, submission=case.submission, at=NOW)
    named = f"Asked by {make.programme_office().name}, {case.coordinator.name}"
    assert named in visitor.text(PAGE, case.submission, 1)


# --- answering --------------------------------------------------------------------------------------------------------


def test_an_answer_with_a_file_and_a_document_of_the_case(case, visitor):
    card = actions.add_document(
        actor=case.contributor,
        submission=case.submission,
        kind="system_card",
        title="Card of caramel",
        upload=make.pdf("card"),
    )
    form = visitor.get(PAGE, case.submission, 1)
    assert "Card of caramel" in words(form)
    assert form.context["form"]["tlp"].value() == "TLP:AMBER+STRICT"
    assert form.context["form"]["confidential_commercial"].value() is True
    done = post(
        visitor,
        case.first,
        documents=[str(card.pk)],
        file=SimpleUploadedFile("recipe.pdf", b"%PDF-1.7\nrecipe\n%%EOF\n"),
        tlp="TLP:RED",
        confidential_commercial="on",
    )
    page = visitor.follow(done)
    assert "Your answer was given." in page
    for part in (ANSWER, "card.pdf", "recipe.pdf", "TLP:RED · confidential commercial information"):
        assert part in page
    made = Document.objects.exclude(pk=card.pk).get()
    assert (made.tlp, made.confidential_commercial) == ("TLP:RED", True)


def test_a_double_click_answers_once(case, visitor):
    first, second = post(visitor, case.first), post(visitor, case.first)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first["Location"] == second["Location"]
    assert answers(case.first) == [(1, ANSWER)]


def test_a_correction_stands_beside_the_answer(case, visitor):
    post(visitor, case.first)
    case.first.refresh_from_db()
    assert "Add a corrected answer" in visitor.text(PAGE, case.submission, 1)
    visitor.follow(post(visitor, case.first, text="Five percent."))
    assert answers(case.first) == [(1, ANSWER), (2, "Five percent.")]
    text = visitor.text(PAGE, case.submission, 1)
    assert text.index(ANSWER) < text.index("Five percent.")


def test_a_stale_form_is_refused_says_what_changed_and_keeps_the_words(case, visitor):
    questions.merge(actor=case.coordinator, question=case.second, into=case.first, at=NOW)
    refused = post(visitor, case.first, text="Mine, of praline.")
    assert refused.status_code == 409
    text = words(refused)
    assert "Another question was merged into this one" in text
    assert "Mine, of praline." in text
    assert f"Question 2, asked by {case.agency.name}; merged into this one" in text
    assert answers(case.first) == []
    assert refused.context["question_revision"] == 2
    # Said, and read: the next attempt is made in knowledge of it.
    assert post(visitor, case.first, text="Mine, of praline.", revision=2).status_code == 303


@pytest.mark.parametrize("revision", ["", "x", "-1", "9" * 20])
def test_a_form_without_its_revision_counts_as_older_than_all(case, visitor, revision):
    assert post(visitor, case.first, revision=revision).status_code == 409
    assert answers(case.first) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Write the answer."),
        ("  \n", "Write the answer."),
        ("x" * 10_001, "Ensure this value has at most 10000 characters (it has 10001)."),
        ("nul\x00", "Null characters are not allowed."),
    ],
)
def test_words_that_cannot_be_are_refused_beside_the_field(case, visitor, text, message):
    refused = post(visitor, case.first, text=text)
    assert refused.status_code == 200
    assert errors_beside(refused, "text") == [message]
    assert answers(case.first) == []


def test_a_file_that_cannot_be_is_refused_beside_the_field_and_the_words_stay(case, visitor):
    for content, name, message in (
        (b"", "empty.pdf", "The file is empty."),
        (b"MZ program", "run.exe", "Programs are not taken."),
    ):
        refused = post(visitor, case.first, file=SimpleUploadedFile(name, content))
        assert refused.status_code == 200
        assert errors_beside(refused, "file") == [message]
        assert ANSWER in words(refused)
    assert (answers(case.first), Document.objects.count()) == ([], 0)


def test_a_document_of_another_case_is_no_choice(case, visitor):
    other = make.Case()
    foreign = actions.add_document(
        actor=other.contributor, submission=other.submission, kind="other", title="", upload=make.pdf()
    )
    refused = post(visitor, case.first, documents=[str(foreign.pk)])
    assert "documents" in refused.context["form"].errors
    assert answers(case.first) == []


def test_after_the_window_words_are_taken_and_no_file():
    case = Asked()
    import time_machine

    with time_machine.travel(case.submission.closes_at + DAY, tick=False):
        visitor = Visitor(case.contributor)
        page = visitor.get(PAGE, case.submission, 1)
        assert "no file can be added" in words(page)
        assert 'type="file"' not in page.content.decode()
        assert post(visitor, case.first).status_code == 303


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "مرحبا، كم نسبة الكراميل؟", "שלום", "🍬 é ﷽", "a" * 10_000]
)
def test_any_text_is_shown_as_text_in_its_own_direction(case, visitor, text):
    made = asked(case, text=text)
    post(visitor, made, text=text)
    page = visitor.get(PAGE, case.submission, made.number).content.decode()
    assert "<script>alert" not in page
    assert page.count('class="portal-thread__text" dir="auto"') == 2
    assert text in words(visitor.get(PAGE, case.submission, made.number))


# --- who does not -----------------------------------------------------------------------------------------------------


def test_who_only_reads_is_offered_no_form(case):
    visitor = Visitor(case.viewer)
    page = visitor.get(PAGE, case.submission, 1)
    assert "<textarea" not in page.content.decode()
    assert "Administrators and contributors of your lab answer." in words(page)
    assert post(visitor, case.first).status_code == 403
    assert answers(case.first) == []


def test_to_everybody_else_there_is_no_question(case):
    other = Asked()
    people = [
        make.member(make.lab(), Role.ADMIN),
        other.contributor,
        case.coordinator,
        case.reviewer,
        make.member(make.partner_organisation(), Role.ADMIN),
        make.person(is_superuser=True),
    ]
    for user in people:
        visitor = Visitor(user)
        assert visitor.get(LIST, case.submission).status_code == 404
        assert visitor.get(PAGE, case.submission, 1).status_code == 404
        assert post(visitor, case.first).status_code == 404
    assert Client().get(reverse("lab:question", args=[case.submission.case_number, 1])).status_code == 302
    assert answers(case.first) == []


@pytest.mark.parametrize("number", [0, 3, 2**31, 10**30])
def test_a_number_that_is_none_is_404(case, visitor, number):
    assert (
        visitor.client.get(f"/lab/cases/{case.submission.case_number}/questions/{number}/").status_code == 404
    )


def test_a_question_of_another_case_has_no_number_here(case):
    """Both cases have a question 1; each lab meets its own."""
    other = make.Case()
    asked(other, text="About pralines?")
    mine, theirs = Visitor(case.contributor), Visitor(other.contributor)
    assert "pralines" not in mine.text(PAGE, case.submission, 1)
    assert "pralines" in theirs.text(PAGE, other.submission, 1)
    assert theirs.get(PAGE, other.submission, 2).status_code == 404


def test_a_merged_a_lapsed_and_a_withdrawn_question_are_told_and_not_answered(case, visitor):
    gone = asked(case, text="Raisins?")
    questions.withdraw(actor=case.coordinator, question=gone)
    questions.merge(actor=case.coordinator, question=case.second, into=case.first)
    assert "It was merged into question 1" in visitor.text(PAGE, case.submission, 2)
    assert "Nobody needs an answer any more." in visitor.text(PAGE, case.submission, 3)
    assert post(visitor, InformationRequest.objects.get(number=3)).status_code == 409
    actions.withdraw(actor=case.contributor, submission=case.submission)
    page = visitor.get(PAGE, case.submission, 1)
    assert "The case ended before it was answered." in words(page)
    assert "<textarea" not in page.content.decode()
    refused = post(visitor, InformationRequest.objects.get(number=1))
    assert refused.status_code == 409
    assert ANSWER in words(refused)


def test_each_reading_is_a_look_that_the_lab_reads(case):
    Visitor(case.viewer).get(PAGE, case.submission, 1)
    Visitor(case.viewer).get(LIST, case.submission)
    looks = Event.objects.filter(kind="look", actor=case.viewer).order_by("seq")
    assert [(look.verb, look.capacity, look.case_id) for look in looks] == [
        ("viewed_questions", "lab_viewer", case.submission.pk),
        ("listed_questions", "lab_viewer", case.submission.pk),
    ]
    record = Visitor(case.viewer).text("who", case.submission)
    assert "Read a question and its answers" in record
    assert "Saw the questions on the case in a list" in record


def test_answered_questions_leave_the_queue(case, visitor):
    made = answered(case, text="Nuts?")
    assert made.number == 3
    assert [row.number for row in visitor.get(LIST, case.submission).context["page"]] == [1, 2]
