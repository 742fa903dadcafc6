"""Words looked for in the workbench: what is found, by whom, and that its lab reads of the look."""

import re

import pytest
from django.apps import apps

from portal.accounts.models import Role, User
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.models import Facts
from reviews import actions as reviewing
from reviews.models import Assessment, Inquiry
from tests import factories as make
from tests import factories_questions as questions
from tests import factories_reviews as desk
from tests.admin.desk import Desk

pytestmark = pytest.mark.django_db
NOW = make.NOW
PAGE = "search"


@pytest.fixture
def case():
    """A case with words of every kind in it, each findable by a word of its own."""
    case = desk.Reviewed()
    Facts.objects.filter(pk=case.submission.facts_id).update(
        model_name="Zabaglione 3", summary="It whisks custards.", safeguards="A praline refusal."
    )
    desk.checked(case, findings="The marzipan exploit works.", method="Fudge method.")
    questions.answered(case, text="Which nougat is it?")
    desk.submitted_inquiry(case.contributor, case.lab, question="Is the truffle covered?")
    desk.designation(desk.designator(), case.lab, basis="Because of its toffee.")
    return case


def found(user, text: str) -> dict[str, list[str]]:
    """The headings of what a search shows, each with its links."""
    answer = Desk(User.objects.get(pk=user.pk)).get(PAGE, q=text)
    assert answer.status_code == 200
    return {group.label: [hit.title for hit in group.hits] for group in answer.context["groups"]}


WORDS = {
    "custard": "Cases",
    "zabaglione": "Cases",
    "praline": "Cases",
    "marzipan exploit": "Assessments",
    "nougat": "Questions",
    "truffles": "Inquiries",
    "toffee": "Designations",
    "fudge-answer": "Answers of labs",
}


@pytest.mark.parametrize(("words", "label"), WORDS.items())
def test_words_are_found_where_they_stand(case, words, label):
    assert list(found(case.coordinator, words)) == [label]


def test_who_finds_what(case):
    people = {
        "coordinator": case.coordinator,
        "auditor": desk.auditor(),
        "designator": desk.designator(),
        "lead": case.lead,
        "invited coordinator": case.agency_coordinator,
        "foreign coordinator": make.member(make.agency(), Role.COORDINATOR),
        "unassigned reviewer": desk.reviewer(make.programme_office()),
        "liaison": make.member(make.programme_office(), Role.LIAISON),
    }
    told = {
        name: {label for words in WORDS for label in found(person, words)} for name, person in people.items()
    }
    everything = set(WORDS.values())
    assert told == {
        "coordinator": everything,
        "auditor": everything,
        "designator": everything,
        "lead": everything - {"Assessments"} | ({"Assessments"} if _reads(case.lead) else set()),
        "invited coordinator": {"Cases", "Assessments", "Questions", "Answers of labs"},
        "foreign coordinator": set(),
        "unassigned reviewer": {"Inquiries", "Designations"},
        "liaison": set(),
    }


def _reads(user) -> bool:
    return Assessment.objects.visible_to(user).exists()


def test_nobody_outside_an_agency_searches(case):
    for person, status in (
        (case.contributor, 404),
        (make.person(is_superuser=True), 404),
        (make.member(make.partner_organisation(), Role.ADMIN), 404),
        (None, 302),
    ):
        assert Desk(person).get(PAGE, q="custard").status_code == status


def test_a_conflict_and_a_withdrawal_hide_the_words(case):
    coordinator = make.coordinator()
    actions.declare_conflict(actor=coordinator, user=coordinator, organisation=case.lab, at=NOW)
    assert {label for words in WORDS for label in found(coordinator, words)} == set()
    reviewing.inquiries.withdraw(actor=case.contributor, inquiry=Inquiry.objects.get(), at=NOW)
    assert found(case.coordinator, "truffle") == {}
    assert "Nothing fits" in Desk(case.coordinator).text("reviews_inquiry_changelist", q="truffle")
    actions.withdraw(actor=case.contributor, submission=case.submission, at=NOW)
    for words in ("custard", "marzipan", "praline"):
        assert found(case.coordinator, words) == {}


def test_a_case_number_is_found_by_its_beginning_without_a_look(case):
    number = case.submission.case_number
    before = Event.objects.filter(kind="look").count()
    assert found(case.lead, number.lower()) == {"Cases": [number]}
    assert number in found(case.lead, number[:7])["Cases"]
    assert Event.objects.filter(kind="look").count() == before


def test_each_case_whose_words_are_shown_is_one_look_that_its_lab_reads(case):
    assert found(case.lead, "custard")["Cases"] == ["Zabaglione 3"]
    look = Event.objects.get(verb="found")
    assert (look.actor_id, look.case_id, look.capacity, look.data) == (
        case.lead.pk, case.submission.pk, "reviewer", {},
    )  # fmt: skip
    found(case.lead, "nothing holds this")
    assert Event.objects.filter(verb="found").count() == 1


def test_what_was_found_is_marked_and_is_never_markup(case):
    Facts.objects.filter(pk=case.submission.facts_id).update(
        summary="A <script>alert(1)</script> custard & cream."
    )
    page = Desk(case.coordinator).get(PAGE, q="custard").content.decode()
    assert "<mark>custard</mark>" in page
    assert "<script>alert" not in page
    assert "&amp; cream" in page


@pytest.mark.parametrize(
    "text",
    [
        "'",
        '"',
        '"unclosed',
        "-",
        "or",
        "a:* & b",
        "the of and",
        "\x00",
        "%",
        "\\",
        "é" * 300,
        "(((",
        "custard\x02",
    ],
)
def test_any_input_is_answered(case, text):
    assert Desk(case.coordinator).get(PAGE, q=text).status_code == 200


def test_the_lists_search_in_words_too(case):
    other = desk.Reviewed()
    desk.draft(other)
    for page, words, hit in (
        ("submissions_submission_changelist", "custard", case.submission.case_number),
        ("reviews_assessment_changelist", "marzipan", case.submission.case_number),
        ("reviews_inquiry_changelist", "truffle", "Kestrel"),
        ("reviews_designation_changelist", "toffee", "Kestrel"),
        ("submissions_informationrequest_changelist", "nougat", case.submission.case_number),
    ):
        text = Desk(case.coordinator).text(page, q=words)
        assert hit in text, page
        assert re.search(r"\b1 [a-z]", text), page
        assert other.submission.case_number not in text, page
        assert hit not in Desk(case.coordinator).text(page, q="wordsthatnobodywrote"), page


def test_every_search_walks_its_index(db, owner_connection):
    """The expression that is asked, in the function of each table, is the one that is indexed."""
    with owner_connection.cursor() as cursor:
        cursor.execute("SELECT proname, prosrc FROM pg_proc WHERE proname LIKE 'portal\\_found\\_%'")
        asked = dict(cursor.fetchall())
        searched = {model._meta.db_table for model in apps.get_models() if getattr(model, "WORDS", ())}
        assert set(asked) == {f"portal_found_{table}" for table in searched}
        cursor.execute("SET enable_seqscan = off")
        for name, body in asked.items():
            cursor.execute("EXPLAIN " + body.replace(" asked", " websearch_to_tsquery('english', 'custard')"))
            assert "_words" in "".join(line for (line,) in cursor.fetchall()), name
