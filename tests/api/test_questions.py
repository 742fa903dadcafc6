"""``/api/v1/questions/``: asked, answered, merged by programs, and what each person is told."""

import pytest

from portal.accounts.models import Role
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.actions import questions
from portal.submissions.models import InformationRequest, RequestAnswer
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.api.calls import NOT_FOUND, NOT_YOURS, NOWHERE, Caller, counted, problem, refused
from tests.factories_questions import ANSWER, WORDS, Asked, asked

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
PATH = "questions/"


def wrong(field: str, message: str) -> dict:
    return problem(
        400, "Bad Request", "invalid", "Some of the values are not right.", errors={field: [message]}
    )


@pytest.fixture
def case():
    return Asked()


def path(question, verb: str = "") -> str:
    return f"{PATH}{question.pk}/{verb}{'/' if verb else ''}"


def test_a_question_is_asked_by_case_number_and_read_as_it_was_made():
    case = reviewing.Reviewed()
    answer = Caller(case.reviewer).post(PATH, {"submission": case.submission.case_number, "text": WORDS})
    made = InformationRequest.objects.get()
    assert (answer.status_code, answer["Location"]) == (201, f"http://testserver/api/v1/questions/{made.pk}/")
    assert answer.json() == {
        "id": str(made.pk),
        "state": "asked",
        "revision": 1,
        "number": 1,
        "submission": str(case.submission.pk),
        "case_number": case.submission.case_number,
        "agency": str(case.agency.pk),
        "agency_name": case.agency.name,
        "also_asked": [],
        "excerpt": WORDS,
        "asked_at": "2026-09-14T14:00:00Z",
        "due_at": "2026-09-17T14:00:00Z",
        "answered_at": None,
        "merged_into": None,
        "text": WORDS,
        "thread": [
            {
                "kind": "asked",
                "at": "2026-09-14T14:00:00Z",
                "who": f"{case.agency.name}, {case.reviewer.name}",
                "number": 1,
                "text": WORDS,
                "files": [],
                "files_closed": 0,
            }
        ],
        "verbs": ["withdraw"],
    }
    again = Caller(case.peer).post(PATH, {"submission": str(case.submission.pk), "text": f" {WORDS} "})
    refused(
        again,
        problem(
            409,
            "Conflict",
            "already_done",
            "Your agency has asked this already: question 1 is open.",
        ),
    )
    assert InformationRequest.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": " \n"}, "text"),
        ({"text": "x" * 10_001}, "text"),
        ({"text": "\x00"}, "text"),
        ({"text": {"a": 1}}, "text"),
        ({}, "text"),
        ({"text": WORDS, "due_at": "2026-01-01"}, "due_at"),
        ({"text": WORDS, "agency": NOWHERE}, "agency"),
        ({"text": WORDS, "agency": "mine"}, "agency"),
    ],
)
def test_a_wrong_body_names_its_field(body, field):
    case = reviewing.Reviewed()
    answer = Caller(case.reviewer).post(PATH, {"submission": case.submission.case_number} | body)
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {field})
    assert not InformationRequest.objects.exists()


def test_who_may_not_ask_is_told_so_and_to_a_stranger_there_is_no_case(case):
    body = {"submission": case.submission.case_number, "text": "Mine?"}
    words = "Questions are asked by coordinators and reviewers of agencies."
    for user in (
        case.contributor,
        reviewing.auditor(),
        make.member(make.partner_organisation(), Role.ADMIN),
        make.person(is_superuser=True),
    ):
        refused(Caller(user).post(PATH, body), problem(403, "Forbidden", "not_allowed", words))
    for user in (reviewing.reviewer(case.agency), make.member(make.agency(), Role.COORDINATOR)):
        refused(Caller(user).post(PATH, body), NOT_FOUND)
    assert InformationRequest.objects.count() == 2


def test_the_whole_way_by_program(case):
    lab, office, reviewer = (Caller(user) for user in (case.contributor, case.coordinator, case.reviewer))
    document = actions.add_document(
        actor=case.contributor, submission=case.submission, kind="other", title="Recipe", upload=make.pdf()
    )
    merged = office.post(path(case.first, "merge"), {"into": str(case.second.pk), "revision": 1}).json()
    assert (merged["state"], merged["merged_into"]) == ("merged", str(case.second.pk))
    body = {"text": ANSWER, "documents": [str(document.pk)], "revision": 2}
    done = lab.post(path(case.second, "answer"), body).json()
    assert (done["state"], done["also_asked"], done["verbs"]) == (
        "answered",
        [make.programme_office().name],
        ["answer"],
    )
    assert [(said["kind"], said["who"], said["number"]) for said in done["thread"]] == [
        ("asked", case.agency.name, 2),
        ("merged", make.programme_office().name, 1),
        ("answered", case.contributor.name, 1),
    ]
    version = document.current
    assert done["thread"][2]["files"] == [
        {
            "id": str(version.pk),
            "number": 1,
            "name": "card.pdf",
            "content_type": "application/pdf",
            "size": version.size,
            "sha256": version.sha256,
            "watermark_problem": "damaged",
            "scan_state": "not_scanned",
            "uploaded_at": "2026-09-14T14:00:00Z",
            "disposed_at": None,
            "document": str(document.pk),
            "title": "Recipe",
        }
    ]
    read = office.get(f"questions/{case.second.pk}/").json()["thread"][2]["files"]
    assert read == [done["thread"][2]["files"][0] | {"watermark_problem": None}]
    again = office.post(path(case.second, "ask_again"), {"reason": "Of what?"}).json()
    assert (again["state"], again["thread"][-1]["text"]) == ("asked", "Of what?")
    refused(reviewer.post(path(case.second, "withdraw")), NOT_YOURS)
    assert office.post(path(case.second, "withdraw"), {"revision": 4}).json()["state"] == "withdrawn"


def test_refusals_of_the_verbs(case):
    lab, office = Caller(case.contributor), Caller(case.coordinator)
    refused(
        office.post(path(case.first, "merge"), {"into": str(case.first.pk)}),
        wrong_one("into", "Choose another question on the same case."),
    )
    other = Asked()
    refused(
        office.post(path(case.first, "merge"), {"into": str(other.first.pk)}),
        wrong_one("into", "Choose another question on the same case."),
    )
    foreign = actions.add_document(
        actor=other.contributor, submission=other.submission, kind="other", title="", upload=make.pdf()
    )
    refused(
        lab.post(path(case.first, "answer"), {"text": ANSWER, "documents": [str(foreign.pk)]}),
        wrong_one("documents", "The case has no such document."),
    )
    lab.post(path(case.first, "answer"), {"text": ANSWER})
    assert lab.post(path(case.first, "answer"), {"text": ANSWER}).json()["code"] == "already_done"
    stale = lab.post(path(case.first, "answer"), {"text": "Other.", "revision": 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale")
    assert office.post(path(case.first, "ask_again"), {}).json()["code"] == "missing"
    for caller, verb in (
        (lab, "ask_again"),
        (lab, "merge"),
        (lab, "withdraw"),
        (Caller(case.viewer), "answer"),
        (Caller(case.reviewer), "merge"),
        (office, "answer"),
    ):
        refused(caller.post(path(case.second, verb), "not even JSON"), NOT_YOURS)
    assert RequestAnswer.objects.count() == 1


def wrong_one(field: str, message: str) -> dict:
    return problem(400, "Bad Request", "invalid", message, errors={field: [message]})


def test_strangers_meet_no_question_no_count_and_no_number(case):
    questions.answer(actor=case.contributor, question=case.first, text=ANSWER, at=NOW)
    barred = reviewing.reviewer(make.programme_office())
    reviewing.active(case, barred)
    actions.declare_conflict(actor=barred, user=barred, organisation=case.lab, at=NOW)
    other = reviewing.Reviewed()
    mine = asked(other, text="Mine?")
    strangers = [
        make.member(make.lab(), Role.ADMIN),
        make.member(make.agency(), Role.COORDINATOR),
        reviewing.reviewer(make.programme_office()),
        make.member(make.partner_organisation(), Role.ADMIN),
        make.member(make.programme_office(), Role.LIAISON),
        make.person(is_superuser=True),
        barred,
    ]
    verbs = ("answer", "ask_again", "merge", "withdraw")
    for user in strangers:
        caller = Caller(user)
        assert caller.get(PATH).json() == {"results": [], "next": None, "previous": None}
        assert caller.get(PATH, submission=str(case.submission.pk)).json()["results"] == []
        refused(caller.get(path(case.first)), NOT_FOUND)
        for verb in verbs:
            refused(caller.post(path(case.first, verb), {"text": "x", "into": NOWHERE}), NOT_FOUND)
    # Who works on another case reads that one's alone.
    for user in (other.contributor, other.reviewer, other.agency_coordinator):
        assert [row["id"] for row in Caller(user).results(PATH)] == [str(mine.pk)]
        refused(Caller(user).get(path(case.first)), NOT_FOUND)


def test_a_file_is_told_to_whom_its_document_is_open(case):
    questions.answer(
        actor=case.contributor, question=case.first, text=ANSWER, upload=make.pdf("x", "recipe.pdf"), at=NOW
    )
    for user, names, closed in (
        (case.reviewer, ["recipe.pdf"], 0),
        (case.coordinator, ["recipe.pdf"], 0),
        (reviewing.auditor(), [], 1),
    ):
        said = Caller(user).get(path(case.first)).json()["thread"][-1]
        assert (said["text"], [file["name"] for file in said["files"]], said["files_closed"]) == (
            ANSWER,
            names,
            closed,
        )


def test_the_list_is_narrowed_by_case_state_and_agency(case):
    other = Asked()
    questions.answer(actor=case.contributor, question=case.first, text=ANSWER, at=NOW)
    caller = Caller(case.coordinator)

    def found(**query):
        return {(row["case_number"], row["number"]) for row in caller.results(PATH, **query)}

    mine, theirs = case.submission.case_number, other.submission.case_number
    assert found() == {(mine, 1), (mine, 2), (theirs, 1), (theirs, 2)}
    assert found(submission=mine) == found(submission=str(case.submission.pk)) == {(mine, 1), (mine, 2)}
    assert found(state="answered") == {(mine, 1)}
    assert found(state=["asked", "lapsed"], agency=str(case.agency.pk)) == {(mine, 2)}
    actions.withdraw(actor=case.contributor, submission=case.submission, at=NOW)
    assert {(row["number"], row["state"]) for row in Caller(case.viewer).results(PATH)} == {
        (1, "answered"),
        (2, "lapsed"),
    }
    assert caller.get(PATH, state="open").status_code == 400


# The clock, the token with its person and seats, the questions, the look; and for a coordinator nothing else.
@pytest.mark.parametrize("rows", [1, 30])
@pytest.mark.parametrize("who", ["viewer", "coordinator", "reviewer"])
def test_a_list_costs_the_same_with_one_row_and_with_thirty(rows, who):
    case = reviewing.Reviewed()
    for number in range(rows):
        one = asked(case, text=f"{'x' * 9000} {number}")
        two = asked(case, case.reviewer, text=f"{number}?")
        questions.merge(actor=case.coordinator, question=two, into=one, at=NOW)
    caller = Caller(getattr(case, who))
    caller.get(PATH, page_size=100)
    with counted(4):
        answer = caller.get(PATH, page_size=100)
    assert len(answer.json()["results"]) == 2 * rows
    assert len(answer.content) < 1500 * rows * 2


def test_each_reading_is_a_look(case):
    caller = Caller(case.reviewer)
    caller.get(PATH)
    caller.get(path(case.first))
    looks = Event.objects.filter(kind="look", actor=case.reviewer).order_by("seq")
    assert [(look.verb, look.case_id, look.subject_id) for look in looks] == [
        ("listed_questions", case.submission.pk, case.submission.pk),
        ("viewed_questions", case.submission.pk, case.first.pk),
    ]
