"""Questions on the workbench: asked from the case, merged by likeness, asked again and withdrawn; and whom they do not meet."""

import pytest
from django.urls import reverse

from portal.accounts.models import Membership, Role
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.actions import questions
from portal.submissions.models import InformationRequest, RequestAnswer
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.admin.desk import CASE, Desk, words
from tests.api.calls import counted
from tests.factories_questions import ANSWER, WORDS, Asked, asked

pytestmark = pytest.mark.django_db
NOW = make.NOW
LIST, PAGE = "submissions_informationrequest_changelist", "submissions_informationrequest_change"
ADD = "submissions_informationrequest_add"


@pytest.fixture
def case():
    return Asked()


def step(verb: str) -> str:
    return f"submissions_informationrequest_{verb}"


def rows(desk: Desk, **query) -> list[tuple]:
    answer = desk.get(LIST, **query)
    assert answer.status_code == 200
    return [(row.submission.case_number, row.number) for row in answer.context["cl"].result_list]


def buttons(desk: Desk, question) -> list[str]:
    return [offer.step.verb for offer in desk.get(PAGE, question.pk).context["offers"]]


def test_a_reviewer_asks_from_the_page_of_the_case():
    case = reviewing.Reviewed()
    desk = Desk(case.reviewer)
    page = desk.get(CASE, case.submission.pk)
    add = f"{reverse(f'admin:{ADD}')}?submission={case.submission.case_number}"
    assert add in page.content.decode()
    assert "Nothing has been asked." in words(page)
    form = desk.client.get(add).context["form"]
    assert (form["submission"].value(), "agency" in form.fields) == (case.submission.case_number, False)
    data = {"submission": case.submission.case_number, "text": WORDS}
    done = desk.post(ADD, **data)
    made = InformationRequest.objects.get()
    assert (done.status_code, done["Location"]) == (303, reverse(f"admin:{PAGE}", args=[made.pk]))
    assert (made.agency, made.asked_by, made.text) == (case.agency, case.reviewer, WORDS)
    assert "Question 1" in desk.text(CASE, case.submission.pk)
    # A double click asks once, and says so.
    twice = desk.post(ADD, **data)
    assert twice.status_code == 303
    assert "question 1 is open" in words(desk.client.get(twice["Location"]))
    assert InformationRequest.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({"text": ""}, {"text": ["Write the question."]}),
        (
            {"text": "x" * 10_001},
            {"text": ["Ensure this value has at most 10000 characters (it has 10001)."]},
        ),
        ({"submission": "FM-0000-0000"}, {"submission": ["No case that you see has this number."]}),
    ],
)
def test_what_cannot_be_asked_is_said_beside_the_field(data, errors):
    case = reviewing.Reviewed()
    answer = Desk(case.lead).post(ADD, **({"submission": case.submission.case_number, "text": WORDS} | data))
    assert answer.context["form"].errors == errors
    assert not InformationRequest.objects.exists()


def test_who_asks_for_two_agencies_chooses_one():
    case = reviewing.Reviewed()
    Membership.objects.create(
        user=case.agency_coordinator,
        organisation=make.programme_office(),
        role=Role.COORDINATOR,
        since=NOW - make.DAY,
    )
    desk = Desk(case.agency_coordinator)
    data = {"submission": case.submission.case_number, "text": WORDS}
    unsaid = desk.post(ADD, **data)
    assert unsaid.context["form"].errors == {"agency": ["Say for which of your agencies you act."]}
    assert desk.post(ADD, **data, agency=str(case.agency.pk)).status_code == 303
    assert InformationRequest.objects.get().agency == case.agency


def test_a_coordinator_merges_the_question_that_is_most_alike(case):
    asked(case, case.lead, text="How many people work at night?")
    desk = Desk(case.coordinator)
    assert buttons(desk, case.second) == ["merge", "withdraw", "report_spill"]
    form = desk.get(step("merge"), case.second.pk).context["form"]
    office = make.programme_office().name
    assert [label for _, label in form.fields["into"].choices] == [
        f"Question 1, {office} (alike): {WORDS}",
        f"Question 3, {office}: How many people work at night?",
    ]
    none = desk.post(step("merge"), case.second.pk, revision=1)
    assert none.context["form"].errors == {"into": ["Choose the question that stands for both."]}
    done = desk.post(step("merge"), case.second.pk, revision=1, into=str(case.first.pk))
    assert done.status_code == 303
    page = words(desk.client.get(done["Location"]))
    assert "Merged into question 1 , whose answer serves this one too." in page
    target = desk.text(PAGE, case.first.pk)
    assert f"Question 2, asked by {case.agency.name}, {case.reviewer.name}; merged into this one" in target
    assert buttons(desk, case.second) == ["report_spill"]


def test_the_asking_side_reads_the_answer_and_asks_again(case):
    questions.answer(
        actor=case.contributor, question=case.second, text=ANSWER, upload=make.pdf("r", "recipe.pdf"), at=NOW
    )
    desk = Desk(case.peer)
    page = desk.get(PAGE, case.second.pk)
    version = RequestAnswer.objects.get().files.get()
    assert ANSWER in words(page)
    assert reverse("admin:submissions_document_content", args=[version.pk]) in page.content.decode()
    assert buttons(desk, case.second) == ["ask_again", "report_spill"]
    missing = desk.post(step("ask_again"), case.second.pk, revision=2, reason="")
    assert "reason" in missing.context["form"].errors
    stale = desk.post(step("ask_again"), case.second.pk, revision=1, reason="Of what, of fudge?")
    assert stale.status_code == 409
    assert "Answered the question" in words(stale)
    assert "Of what, of fudge?" in stale.content.decode()
    assert desk.post(step("ask_again"), case.second.pk, revision=2, reason="Of what?").status_code == 303
    assert f"{case.agency.name}, {case.peer.name} asks for more" in desk.text(PAGE, case.second.pk)
    assert buttons(Desk(case.lead), case.second) == ["report_spill"]
    auditor = Desk(reviewing.auditor()).get(PAGE, case.second.pk)
    assert "1 file not open to you" in words(auditor)
    assert "recipe.pdf" not in auditor.content.decode()


def test_the_list_asks_what_a_person_asks(case):
    questions.answer(actor=case.contributor, question=case.first, text=ANSWER, at=NOW)
    number = case.submission.case_number
    desk = Desk(case.reviewer)
    assert rows(desk) == [(number, 2), (number, 1)] or rows(desk) == [(number, 1), (number, 2)]
    assert rows(desk, waits="lab") == rows(desk, waits="mine") == [(number, 2)]
    assert rows(desk, waits="answered") == []
    assert rows(Desk(case.lead), waits="answered") == [(number, 1)]
    assert rows(desk, q=number[:5].lower(), waits="lab") == [(number, 2)]


def test_a_case_that_is_over_takes_no_step(case):
    questions.answer(actor=case.contributor, question=case.first, text=ANSWER, at=NOW)
    import time_machine

    with time_machine.travel(case.submission.closes_at, tick=False):
        actions.close(actor=case.coordinator, submission=case.submission)
        desk = Desk(case.coordinator)
        assert buttons(desk, case.first) == buttons(desk, case.second) == ["report_spill"]
        assert "Lapsed" in desk.text(PAGE, case.second.pk)
        assert "Ask the lab" not in desk.text(CASE, case.submission.pk)
        late = desk.post(step("withdraw"), case.second.pk, revision=1)
        assert late.status_code == 403
        assert "This step is not yours to take, or not any more." in late.content.decode()


def test_others_meet_no_question_at_the_workbench(case):
    barred = reviewing.reviewer(make.programme_office())
    reviewing.active(case, barred)
    actions.declare_conflict(actor=barred, user=barred, submission=case.submission, at=NOW)
    other = reviewing.Reviewed()
    for user in (
        barred,
        other.reviewer,
        other.agency_coordinator,
        make.member(make.agency(), Role.COORDINATOR),
    ):
        desk = Desk(user)
        page = desk.get(LIST)
        assert rows(desk) == []
        assert "caramel" not in page.content.decode()
        assert case.submission.case_number not in page.content.decode()
        assert rows(desk, q=case.submission.case_number) == []
        for name in (PAGE, step("merge"), step("ask_again"), step("withdraw")):
            assert desk.get(name, case.first.pk).status_code == 404
    for user in (case.contributor, make.member(make.partner_organisation(), Role.ADMIN)):
        assert Desk(user).get(LIST).status_code == 404
    for user in (make.member(make.programme_office(), Role.LIAISON), make.person(is_superuser=True)):
        assert Desk(user).get(LIST).status_code == 403
        assert Desk(user).get(PAGE, case.first.pk).status_code == 404


def test_hostile_words_are_text(case):
    made = asked(case, text='"><script>alert(1)</script> مرحبا')
    desk = Desk(case.coordinator)
    for page in (
        desk.get(LIST),
        desk.get(PAGE, made.pk),
        desk.get(CASE, case.submission.pk),
        desk.get(step("merge"), case.first.pk),
    ):
        assert "<script>alert" not in page.content.decode()
        assert "alert(1)" in words(page)


def test_each_reading_is_a_look(case):
    desk = Desk(case.reviewer)
    desk.get(LIST)
    desk.get(PAGE, case.first.pk)
    looks = Event.objects.filter(kind="look", actor=case.reviewer).order_by("seq")
    assert [(look.verb, look.case_id, look.subject_id) for look in looks] == [
        ("listed_questions", case.submission.pk, case.submission.pk),
        ("viewed_questions", case.submission.pk, case.first.pk),
    ]


@pytest.mark.parametrize("number", [1, 30])
@pytest.mark.parametrize(("who", "cost"), [("coordinator", 7), ("reviewer", 7)])
def test_a_list_costs_the_same_with_one_row_and_with_thirty(number, who, cost):
    case = reviewing.Reviewed()
    for n in range(number):
        asked(case, text=f"{'x' * 9000} {n}")
    desk = Desk(getattr(case, who))
    desk.get(LIST)
    with counted(cost):
        desk.get(LIST)


@pytest.mark.parametrize("number", [1, 30])
def test_the_page_of_a_case_costs_the_same_with_one_question_and_with_thirty(number):
    case = reviewing.Reviewed()
    for n in range(number):
        asked(case, text=f"{'x' * 9000} {n}")
    desk = Desk(case.reviewer)
    desk.get(CASE, case.submission.pk)
    with counted(27):
        desk.get(CASE, case.submission.pk)


def test_choosing_what_to_merge_into_is_a_look_at_the_question_and_at_the_others(case):
    desk = Desk(case.coordinator)
    desk.get(step("merge"), case.first.pk)
    looks = Event.objects.filter(kind="look", actor=case.coordinator).order_by("verb")
    assert [(look.verb, look.case_id) for look in looks] == [
        ("listed_questions", case.submission.pk),
        ("viewed_questions", case.submission.pk),
    ]
