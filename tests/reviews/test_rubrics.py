"""Rubrics: versions that nobody changes, drafts pinned to one, answers in words, and that what is unanswered is told to all."""

import re

import pytest
import time_machine
from django.db import DatabaseError, transaction

from portal.accounts.models import Role
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, Stale, WrongState
from portal.ledger.models import Event
from reviews import actions
from reviews.models import Assessment, AssessmentAnswer, RubricQuestion, RubricVersion
from reviews.rubrics import Asked, answers_of, unanswered_words
from tests import factories as make
from tests import factories_reviews as desk
from tests.admin.desk import Desk
from tests.api.calls import NOT_FOUND, Caller, refused
from tests.core.test_concurrency import at_once
from tests.lab import pdfs
from tests.lab.visitor import Visitor

NOW, DAY = make.NOW, make.DAY
SECRET = "praline-answer-1"
FIRST, SECOND, LAST = "vulnerability-discovery", "exploit-development", "limits"


@pytest.fixture
def case():
    with time_machine.travel(NOW, tick=False):
        yield desk.Reviewed()


def cyber() -> RubricVersion:
    return RubricVersion.objects.current("cyber")


def now_asked(version=None) -> list[Asked]:
    return [Asked(row.title, row.guidance, row.key) for row in (version or cyber()).questions.all()]


def publish(actor=None, questions=None, **options) -> RubricVersion:
    options = {"domain": "cyber", "expected_number": 1, "note": "Because of nougat."} | options
    asked = [*now_asked()[1:], Asked("Is there nougat?")] if questions is None else questions
    return actions.publish_rubric(actor=actor or make.coordinator(), questions=asked, at=NOW, **options)


def answer(case, made, at=NOW, **answers) -> Assessment:
    given = {key.replace("_", "-"): {"covered": value[0], "text": value[1]} for key, value in answers.items()}
    return actions.save_assessment(actor=case.reviewer, assessment=made, values={}, answers=given, at=at)


def answered(made) -> dict[str, tuple[str, str, bool]]:
    row = Assessment.objects.with_answers().get(pk=made.pk)
    return {one.question.key: (one.covered, one.text, one.is_given) for one in answers_of(row)}


def missing(made) -> str:
    return unanswered_words(answers_of(Assessment.objects.with_answers().get(pk=made.pk)))


# --- publishing -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_cyber_has_a_rubric_from_the_start_and_no_other_domain():
    assert list(RubricVersion.objects.values_list("domain", "number", "published_by")) == [("cyber", 1, None)]
    first = cyber()
    assert [row.position for row in first.questions.all()] == [1, 2, 3, 4, 5, 6, 7]
    texts = [first.introduction, *(f"{row.title} {row.guidance}" for row in first.questions.all())]
    words = set(re.findall("[a-z]+", " ".join(texts).lower()))
    assert not words & {
        "approve",
        "approval",
        "deny",
        "permit",
        "hold",
        "rating",
        "rate",
        "grade",
        "recommend",
    }


@pytest.mark.django_db
def test_a_coordinator_of_the_programme_publishes_and_it_is_on_record():
    actor = make.coordinator()
    made = publish(
        actor,
        [*reversed(now_asked()[2:]), Asked(" Is there nougat? ", " Say where. ")],
        introduction=" Words. ",
    )
    assert (made.number, made.introduction, made.published_by, made.note) == (
        2,
        "Words.",
        actor,
        "Because of nougat.",
    )
    rows = list(made.questions.values_list("key", "title", "guidance", "position"))
    earlier = {row.key: row for row in RubricQuestion.objects.filter(version__number=1)}
    keys = ["limits", "defensive-value", "safeguards", "uplift", "autonomous-operations"]
    assert rows == [
        *((key, earlier[key].title, earlier[key].guidance, place) for place, key in enumerate(keys, start=1)),
        ("is-there-nougat", "Is there nougat?", "Say where.", 6),
    ]
    event = Event.objects.get(verb="publish_rubric")
    assert (event.actor, event.capacity, event.subject_id, event.case_id, event.data) == (
        actor, "coordinator", made.pk, None, {"domain": "cyber", "number": 2, "questions": 6},
    )  # fmt: skip
    assert event in Event.objects.visible_to(desk.auditor())
    assert event not in Event.objects.visible_to(make.member(make.lab(), Role.ADMIN))


@pytest.mark.django_db
def test_a_key_that_once_was_asked_is_not_given_to_another_question():
    publish(questions=[one for one in now_asked() if one.key != "uplift"])
    made = publish(questions=[*now_asked(), Asked("Uplift")], expected_number=2)
    assert [row.key for row in made.questions.all()][-1] == "uplift-2"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("questions", "options", "refusal"),
    [
        (list, {}, Missing),
        (lambda: [Asked("One?"), Asked(" one? ")], {}, Invalid),
        (lambda: [Asked("", "Guidance alone.")], {}, Missing),
        (lambda: [Asked("One?", "", FIRST), Asked("Two?", "", FIRST)], {}, Invalid),
        (lambda: [Asked("One?", "", "never-asked")], {}, Invalid),
        (lambda: [Asked(f"Question {n}?") for n in range(31)], {}, Invalid),
        (lambda: [Asked("x" * 201)], {}, Invalid),
        (now_asked, {"introduction": "same"}, Invalid),
        (None, {"note": " "}, Missing),
        (None, {"domain": "astrology"}, Invalid),
        (None, {"expected_number": 0}, Stale),
        (None, {"domain": "chemical", "expected_number": 1}, Stale),
    ],
)
def test_a_version_that_asks_nothing_new_or_something_twice_is_refused(questions, options, refusal):
    if options.get("introduction") == "same":
        options = {"introduction": cyber().introduction}
    with pytest.raises(refusal):
        publish(questions=questions() if questions else None, **options)
    assert RubricVersion.objects.count() == 1


@pytest.mark.django_db
def test_nobody_else_publishes(case):
    office = make.programme_office()
    others = [
        case.agency_coordinator, case.reviewer, case.contributor, desk.auditor(), desk.designator(),
        make.person(is_superuser=True), make.member(office, Role.LIAISON),
    ]  # fmt: skip
    for actor in others:
        with pytest.raises(NotAllowed):
            publish(actor)
    assert RubricVersion.objects.count() == 1


@pytest.mark.django_db
def test_the_database_changes_no_version_and_no_answer_of_a_checked_assessment(case):
    made = answer(case, desk.draft(case), limits=("studied", SECRET))
    row = made.answers.get()
    other = RubricQuestion.objects.get(version=publish(), key="is-there-nougat")

    def refused_by_the_database(call) -> None:
        with pytest.raises(DatabaseError), transaction.atomic():
            call()

    refused_by_the_database(lambda: RubricVersion.objects.filter(number=1).update(note="Other."))
    refused_by_the_database(lambda: RubricQuestion.objects.filter(key=FIRST).update(title="Other?"))
    refused_by_the_database(lambda: RubricQuestion.objects.filter(key=FIRST).delete())
    refused_by_the_database(lambda: AssessmentAnswer.objects.create(assessment=made, question=other))
    refused_by_the_database(lambda: AssessmentAnswer.objects.filter(pk=row.pk).update(question=other))
    desk.open_to(case, case.peer)
    actions.ask_check(actor=case.reviewer, assessment=made, at=NOW)
    actions.peer_check(actor=case.peer, assessment=made, at=NOW)
    refused_by_the_database(lambda: AssessmentAnswer.objects.filter(pk=row.pk).update(text="Other."))
    refused_by_the_database(lambda: AssessmentAnswer.objects.filter(pk=row.pk).delete())
    refused_by_the_database(lambda: Assessment.objects.filter(pk=made.pk).update(rubric=other.version))
    assert answered(made)[LAST] == ("studied", SECRET, True)


@pytest.mark.committed_db
def test_two_coordinators_publish_one_next_version():
    people = [make.coordinator() for _ in range(4)]
    asked = now_asked()
    for domain, number in (("cyber", 1), ("chemical", 0)):
        questions = [Asked("Is there nougat?"), *(asked if domain == "cyber" else [])]
        answers = at_once(
            [
                lambda user=user, d=domain, n=number, q=questions: publish(
                    user, q, domain=d, expected_number=n
                )
                for user in people
            ]
        )
        assert answers == ["done"] + ["stale"] * 3
        assert RubricVersion.objects.filter(domain=domain).count() == number + 1


# --- answering --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_draft_is_pinned_to_the_version_of_the_day_it_was_begun(case):
    made = desk.draft(case)
    second = publish()
    later = desk.draft(case)
    assert (made.rubric.number, later.rubric) == (1, second)
    assert desk.draft(case, domain="chemical").rubric is None


@pytest.mark.django_db
def test_an_answer_is_how_far_and_words_and_is_saved_with_the_draft(case):
    made = desk.draft(case)
    assert missing(made) == "7 of 7 questions not answered"
    saved = answer(
        case,
        made,
        vulnerability_discovery=("studied", f" {SECRET} "),
        limits=("not_studied", ""),
        uplift=("", "Later."),
    )
    assert saved.revision == 2
    given = {key: value for key, value in answered(made).items() if value != ("", "", False)}
    assert given == {
        FIRST: ("studied", SECRET, True),
        LAST: ("not_studied", "", False),
        "uplift": ("", "Later.", False),
    }
    assert missing(made) == "6 of 7 questions not answered"
    assert [answer.is_given for answer in AssessmentAnswer.objects.all()].count(True) == 1
    with pytest.raises(Stale):
        actions.save_assessment(
            actor=case.reviewer,
            assessment=made,
            values={},
            answers={LAST: {"text": "Mine."}},
            expected_revision=1,
            at=NOW,
        )
    for wrong in (
        {"colour": {"text": "x"}},
        {LAST: {"covered": "fully"}},
        {LAST: {"score": "5"}},
        {LAST: {"text": "x" * 20001}},
    ):
        with pytest.raises(Invalid):
            actions.save_assessment(actor=case.reviewer, assessment=made, values={}, answers=wrong, at=NOW)
    with pytest.raises(NotAllowed):
        actions.save_assessment(
            actor=case.peer, assessment=made, values={}, answers={LAST: {"text": "x"}}, at=NOW
        )
    event = Event.objects.filter(verb="save_assessment").get()
    assert event.data == {"revision": 2, "changed": ["answers"]}
    assert answered(made)[LAST] == ("not_studied", "", False)


@pytest.mark.django_db
def test_unanswered_questions_keep_nothing_waiting(case):
    made = desk.answered(case)
    final = actions.finalize(actor=case.lead, assessment=made, at=NOW)
    assert (final.state, missing(made)) == ("final", "7 of 7 questions not answered")


@pytest.mark.django_db
def test_another_domain_asks_other_questions_and_loses_no_answer(case):
    made = answer(case, desk.draft(case), limits=("studied", SECRET))
    with pytest.raises(Invalid) as refusal:
        actions.save_assessment(actor=case.reviewer, assessment=made, values={"domain": "chemical"}, at=NOW)
    assert refusal.value.field == "domain"
    emptied = {LAST: {"covered": "", "text": ""}, FIRST: {"covered": "", "text": ""}}
    moved = actions.save_assessment(
        actor=case.reviewer, assessment=made, values={"domain": "chemical"}, answers=emptied, at=NOW
    )
    assert (moved.rubric, answered(moved)) == (None, {})
    back = actions.save_assessment(actor=case.reviewer, assessment=made, values={"domain": "cyber"}, at=NOW)
    assert back.rubric == cyber()


@pytest.mark.django_db
def test_the_author_moves_a_draft_and_keeps_what_was_asked_alike(case):
    made = answer(
        case, desk.draft(case),
        vulnerability_discovery=("studied", "Goes."), exploit_development=("partly", SECRET), limits=("studied", "Stays."),
    )  # fmt: skip
    with pytest.raises(AlreadyDone):
        actions.move_rubric(actor=case.reviewer, assessment=made, at=NOW)
    _first, second, *rest = now_asked()
    publish(
        questions=[Asked("In other words?", second.guidance, second.key), *rest, Asked("Is there nougat?")]
    )
    for actor in (case.peer, case.lead, case.coordinator, case.contributor):
        with pytest.raises(NotAllowed):
            actions.move_rubric(actor=actor, assessment=made, at=NOW)
    with pytest.raises(Stale):
        actions.move_rubric(actor=case.reviewer, assessment=made, expected_revision=1, at=NOW)
    with pytest.raises(WrongState):
        actions.move_rubric(actor=case.reviewer, assessment=made, number=1, at=NOW)
    moved = actions.move_rubric(actor=case.reviewer, assessment=made, number=2, expected_revision=2, at=NOW)
    kept = {key: value for key, value in answered(made).items() if value != ("", "", False)}
    assert kept == {SECOND: ("", SECRET, False), LAST: ("studied", "Stays.", True)}
    event = Event.objects.get(verb="move_rubric")
    assert (moved.revision, event.data) == (3, {"revision": 3, "from": 1, "to": 2})
    checked = desk.checked(case)
    publish(questions=[Asked("One?")], expected_number=2)
    with pytest.raises(WrongState):
        actions.move_rubric(actor=case.reviewer, assessment=checked, at=NOW)


@pytest.mark.django_db
def test_a_draft_begun_before_its_domain_had_a_rubric_moves_to_the_first(case):
    made = desk.draft(case, domain="chemical")
    first = publish(domain="chemical", expected_number=0, questions=[Asked("Is there nougat?")])
    assert actions.move_rubric(actor=case.reviewer, assessment=made, at=NOW).rubric == first
    assert missing(made) == "1 of 1 question not answered"


# --- doors ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_workbench_asks_answers_and_confirms_what_is_missing(case):
    made = desk.draft(case)
    author = Desk(case.reviewer)
    form = author.get("reviews_assessment_save_assessment", made.pk).context["form"]
    assert next(name for name in form.fields if name.startswith("covered-")) == f"covered-{FIRST}"
    data = desk.FINDINGS | {"revision": 1, f"covered-{FIRST}": "studied", f"text-{FIRST}": SECRET}
    assert author.post("reviews_assessment_save_assessment", made.pk, **data).status_code == 303
    assert answered(made)[FIRST] == ("studied", SECRET, True)
    stale = author.post("reviews_assessment_save_assessment", made.pk, **(data | {f"text-{FIRST}": "Typed."}))
    assert (stale.status_code, "Typed." in stale.content.decode()) == (409, True)
    page = author.text("reviews_assessment_change", made.pk)
    assert "6 of 7 questions not answered." in page
    assert SECRET in page
    unconfirmed = author.post("reviews_assessment_ask_check", made.pk, revision=2)
    assert set(unconfirmed.context["form"].errors) == {"despite_unanswered"}
    label = unconfirmed.context["form"].fields["despite_unanswered"].label
    assert label == "6 of 7 questions not answered. Ask for the check all the same."
    asked = author.post("reviews_assessment_ask_check", made.pk, revision=2, despite_unanswered="on")
    assert asked.status_code == 303
    desk.open_to(case, case.peer)
    peer = Desk(case.peer).text("reviews_assessment_change", made.pk)
    assert "6 of 7 questions not answered." in peer
    assert SECRET in peer


@pytest.mark.django_db
def test_a_newer_version_is_offered_to_the_author_with_what_it_changes(case):
    made = answer(case, desk.draft(case), vulnerability_discovery=("studied", SECRET))
    author = Desk(case.reviewer)
    page = "reviews_assessment_change"
    offers = [offer.step.verb for offer in author.get(page, made.pk).context["offers"]]
    assert offers == ["save_assessment", "ask_check", "add_log", "report_spill"]
    publish()
    offers = [offer.step.verb for offer in author.get(page, made.pk).context["offers"]]
    assert offers == ["save_assessment", "move_rubric", "ask_check", "add_log", "report_spill"]
    step = author.text("reviews_assessment_move_rubric", made.pk)
    for words in ("Is there nougat?", "Because of nougat.", "Finding vulnerabilities", "6 unchanged."):
        assert words in step
    assert author.post("reviews_assessment_move_rubric", made.pk, revision=2, number=1).status_code == 409
    assert author.post("reviews_assessment_move_rubric", made.pk, revision=2, number=2).status_code == 303
    assert Assessment.objects.get(pk=made.pk).rubric.number == 2


@pytest.mark.django_db
def test_the_lab_reads_answers_and_what_is_missing_once_shared(case):
    made = answer(case, desk.draft(case), vulnerability_discovery=("partly", SECRET))
    desk.open_to(case, case.peer, case.lead)
    actions.ask_check(actor=case.reviewer, assessment=made, at=NOW)
    actions.peer_check(actor=case.peer, assessment=made, at=NOW)
    lab = Visitor(case.contributor)
    url = f"/lab/cases/{case.submission.case_number}/assessments/"
    assert lab.client.get(f"{url}{made.pk}/").status_code == 404
    actions.share(actor=case.lead, assessment=made, at=NOW)
    page = lab.client.get(f"{url}{made.pk}/").content.decode()
    for words in (
        SECRET,
        "6 of 7 questions not answered.",
        "Studied in part.",
        "Finding vulnerabilities",
        "version 1",
    ):
        assert words in page
    told = "".join(pdfs.words(lab.client.get(f"{url}report/").content)).replace(" ", "")
    for words in (
        SECRET,
        "6 of 7 questions not answered",
        "1. Finding vulnerabilities",
        "Cyber rubric, version 1",
    ):
        assert words.replace(" ", "") in told


@pytest.mark.django_db
def test_rubric_and_answers_by_the_api(case):
    author = Caller(case.reviewer)
    body = {
        "submission": str(case.submission.pk),
        "answers": [{"key": FIRST, "covered": "studied", "text": SECRET}],
    }
    made = author.post("assessments/", desk.FINDINGS | body).json()
    assert (made["rubric"], made["check_asked_at"]) == (
        {"domain": "cyber", "number": 1},
        "2026-09-14T14:00:00Z",
    )
    question = cyber().questions.first()
    assert made["answers"][0] == {
        "key": FIRST, "title": question.title, "guidance": question.guidance, "covered": "studied", "text": SECRET,
        "answered": True,
    }  # fmt: skip
    assert [(row["key"], row["answered"]) for row in made["answers"]][1:] == [
        (row.key, False) for row in cyber().questions.all()[1:]
    ]
    changed = author.patch(f"assessments/{made['id']}/", {"answers": [{"key": LAST, "text": "None."}]}).json()
    assert changed["answers"][-1] | {"title": "", "guidance": ""} == {
        "key": LAST, "title": "", "guidance": "", "covered": "", "text": "None.", "answered": False,
    }  # fmt: skip
    for wrong in (
        [{"key": "colour", "text": "x"}],
        [{"key": LAST}, {"key": LAST}],
        [{"key": LAST, "covered": "fully"}],
    ):
        assert author.patch(f"assessments/{made['id']}/", {"answers": wrong}).status_code == 400
    publish()
    refused(Caller(case.peer).post(f"assessments/{made['id']}/move_rubric/"), NOT_FOUND)
    assert Caller(case.coordinator).post(f"assessments/{made['id']}/move_rubric/").status_code == 403
    moved = author.post(
        f"assessments/{made['id']}/move_rubric/", {"number": 2, "revision": changed["revision"]}
    ).json()
    assert moved["rubric"] == {"domain": "cyber", "number": 2}
    assert [row["key"] for row in moved["answers"]][-2:] == [LAST, "is-there-nougat"]


def version_form(**changes) -> dict:
    """The publishing page's form as a browser sends it, of the current version, with two spare rows."""
    asked = now_asked()
    data = {
        "number": cyber().number,
        "introduction": cyber().introduction,
        "note": "",
        "rows": len(asked) + 2,
    }
    for index, one in enumerate(asked):
        data |= {f"key-{index}": one.key, f"title-{index}": one.title, f"guidance-{index}": one.guidance}
    data |= {f"place-{index}": index + 1 for index in range(len(asked) + 2)}
    return data | changes


@pytest.mark.django_db
def test_a_version_is_written_looked_at_and_published(case):
    answer(case, desk.draft(case), vulnerability_discovery=("partly", SECRET))
    office = Desk(case.coordinator)
    page = "reviews_rubricversion_publish"
    listed = office.text("reviews_rubricversion_changelist")
    assert "Write the next version of Cyber" in listed
    assert office.get(page, "cyber").context["form"].count == 9
    form = version_form(
        **{
            "note": "Nougat.",
            "title-7": "Is there nougat?",
            "place-7": 1,
            "gone-0": "on",
            "title-1": "In other words?",
        }
    )
    more = office.post(page, "cyber", **form, more="1")
    assert more.context["form"].count == 12
    assert "Is there nougat?" in more.content.decode()
    assert more.context["form"].errors == {}
    preview = office.post(page, "cyber", **form, preview="1")
    found = preview.context["found"]
    assert [one.title for one in found.effect.new] == ["Is there nougat?"]
    assert [(one.title, other.title) for one, other in found.effect.changed] == [
        ("Developing exploits", "In other words?")
    ]
    assert [one.title for one in found.effect.gone] == ["Finding vulnerabilities"]
    assert (len(found.effect.kept), preview.context["drafts"]) == (5, [(1, 1)])
    assert RubricVersion.objects.count() == 1
    again = office.post(page, "cyber", **dict(preview.context["form"].kept()), edit="1")
    assert "Is there nougat?" in again.content.decode()
    kept = {name: str(value) for name, value in preview.context["form"].kept()}
    assert office.post(page, "cyber", **kept, publish="1").status_code == 303
    made = cyber()
    assert (made.number, [row.title for row in made.questions.all()][:2]) == (
        2,
        ["Is there nougat?", "In other words?"],
    )
    # The same page sent again is about a version that is not the current one any more.
    stale = office.post(page, "cyber", **kept, publish="1")
    assert stale.status_code == 409
    assert "Another version of this rubric was published" in stale.content.decode()
    assert 'name="number" value="2"' in stale.content.decode()
    assert "Is there nougat?" in stale.content.decode()
    assert RubricVersion.objects.count() == 2


@pytest.mark.django_db
def test_a_duplicate_is_refused_and_what_was_typed_stays(case):
    form = version_form(**{"note": "Nougat.", "title-7": "finding VULNERABILITIES"})
    answer_ = Desk(case.coordinator).post("reviews_rubricversion_publish", "cyber", **form, preview="1")
    page = answer_.content.decode()
    assert (answer_.status_code, answer_.context["found"]) == (200, None)
    assert "This question stands twice: finding VULNERABILITIES" in page
    assert 'value="finding VULNERABILITIES"' in page


@pytest.mark.django_db
def test_who_reads_rubrics_and_who_writes_the_next(case):
    page, changelist = "reviews_rubricversion_publish", "reviews_rubricversion_changelist"
    for user in (case.reviewer, case.agency_coordinator, desk.auditor(), desk.designator()):
        other = Desk(user)
        assert "Write the next version" not in other.text(changelist)
        assert "Finding vulnerabilities" in other.text("reviews_rubricversion_change", cyber().pk)
        assert other.get(page, "cyber").status_code == 403
        assert other.post(page, "cyber", **version_form(), publish="1").status_code == 403
    for user in (
        case.contributor,
        make.member(make.programme_office(), Role.LIAISON),
        make.person(is_superuser=True),
    ):
        assert Desk(user).get(page, "cyber").status_code == 404
        assert Desk(user).get("reviews_rubricversion_change", cyber().pk).status_code == 404
    assert Desk(case.coordinator).get(page, "astrology").status_code == 404
