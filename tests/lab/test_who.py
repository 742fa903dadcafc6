"""Who can see a case, and every look anyone took: whole lists compared, in the words the lab reads."""

import pytest
import time_machine

from portal.accounts.models import Role
from portal.doors import CappedPaginator, page_of
from portal.ledger.models import Event
from portal.submissions import actions, history, looks
from tests import factories as make
from tests.lab.visitor import Visitor, words

pytestmark = pytest.mark.django_db
LAB = [
    "Case number, lab, state and dates",
    "Facts about the model",
    "Documents",
    "Access instructions",
    "Assessments",
]
OFFICE = [part for part in LAB if part != "Access instructions"]


def seats(answer) -> list[tuple]:
    rows = [*answer.context["seats_now"], *answer.context["seats_other"]]
    return [
        (
            seat.name,
            seat.organisation.short_name,
            seat.capacity_label,
            seat.status,
            *((span.labels, span.since, span.until) for span in seat.spans),
        )
        for seat in rows
    ]


def shown(answer) -> list[tuple]:
    return [
        (row["name"], row["capacity"], row["look"].what, row["look"].document, row["look"].file)
        for row in answer.context["looks"]
    ]


def test_everyone_the_audience_names_is_named():
    case = make.Case()
    auditor = make.member(make.agency("Invented Auditors"), Role.AUDITOR)
    answer = Visitor(case.contributor).get("who", case.submission)
    assert seats(answer) == [
        (case.contributor.name, case.lab.short_name, "Lab, writes", "now", (LAB, make.NOW, None)),
        (case.viewer.name, case.lab.short_name, "Lab, reads", "now", (LAB, make.NOW, None)),
        ("IPO coordinator 1", "IPO", "Programme coordinator", "now", (OFFICE, make.NOW, None)),
        (
            "Invented Auditors auditor 1",
            "Invented Auditors",
            "Auditor",
            "now",
            ([part for part in OFFICE if part != "Documents"], make.NOW, None),
        ),
    ]
    page = answer.content.decode()
    for person in (case.coordinator, auditor):
        assert person.name not in page
        assert person.email not in page


def test_who_could_see_it_before_is_still_named():
    case = make.Case()
    case.viewer.memberships.update(ended_at=make.NOW + make.DAY)
    with time_machine.travel(make.NOW + 2 * make.DAY, tick=False):
        answer = Visitor(case.contributor).get("who", case.submission)
    assert [(seat.name, seat.status) for seat in answer.context["seats_other"]] == [
        (case.viewer.name, "ended")
    ]
    assert "since 14 Sep 2026, 10:00 a.m. EDT until 15 Sep 2026, 10:00 a.m. EDT (ended)" in words(answer)


def test_withdrawal_leaves_the_office_the_record_alone():
    case = make.Case()
    at = make.NOW + make.DAY
    actions.withdraw(actor=case.contributor, submission=case.submission, at=at)
    with time_machine.travel(at, tick=False):
        answer = Visitor(case.contributor).get("who", case.submission)
    office = [row for row in seats(answer) if row[0] == "IPO coordinator 1"]
    assert office == [
        (
            "IPO coordinator 1",
            "IPO",
            "Programme coordinator",
            "now",
            (OFFICE[:1], make.NOW, None),
            (OFFICE[1:], make.NOW, at),
        )
    ]


def test_names_stand_where_the_terms_say_so():
    case = make.Case(make.submitted)
    actions.acknowledge(actor=case.coordinator, submission=case.submission)
    terms = case.submission.terms.get()
    actions.propose_terms(
        actor=case.contributor,
        submission=case.submission,
        texts={name: getattr(terms, name) for name in ("purpose", *terms.HEADS)},
        names_shown=True,
    )
    visitor = Visitor(case.contributor)
    names = [row[0] for row in seats(visitor.get("who", case.submission))]
    assert case.coordinator.name not in names
    for actor in (case.contributor, case.coordinator):
        actions.accept_terms(actor=actor, submission=case.submission)
    names = [row[0] for row in seats(visitor.get("who", case.submission))]
    assert case.coordinator.name in names


def test_every_look_is_shown_newest_first_with_file_and_version():
    case = make.Case()
    document = actions.add_document(
        actor=case.contributor, submission=case.submission, kind="other", title="Card", upload=make.pdf()
    )
    looks.looked(actor=case.coordinator, submission=case.submission, verb="viewed_facts")
    actions.open_version(actor=case.coordinator, version=document.current)
    actions.reveal_instructions(actor=case.contributor, submission=case.submission)
    looks.listed(actor=case.viewer, submissions=[case.submission])
    answer = Visitor(case.contributor).get("who", case.submission)
    assert shown(answer) == [
        (case.viewer.name, "Lab, reads", "Saw the case in a list", "", ""),
        (case.contributor.name, "Lab, writes", "Revealed the access instructions", "", "version 1"),
        (
            "IPO coordinator 1",
            "Programme coordinator",
            "Downloaded a file",
            "Card",
            "card.pdf, version 1, as uploaded, without its reader's name",
        ),
        ("IPO coordinator 1", "Programme coordinator", "Read the facts", "", ""),
    ]
    assert "14 Sep 2026, 10:00 a.m. EDT IPO coordinator 1 Invented Programme Office" in words(answer)
    # The page itself is a look, and the next one shows it.
    again = shown(Visitor(case.contributor).get("who", case.submission))
    assert again[0] == (case.contributor.name, "Lab, writes", "Read the record of looks and changes", "", "")


@pytest.mark.parametrize(
    ("side", "kind", "wanted"),
    [
        ("", "", ["Read the facts", "Downloaded a file", "Revealed the access instructions"]),
        ("lab", "", ["Revealed the access instructions"]),
        ("government", "", ["Read the facts", "Downloaded a file"]),
        ("partner", "", []),
        ("", "files", ["Downloaded a file"]),
        ("", "instructions", ["Revealed the access instructions"]),
        ("", "pages", ["Read the facts"]),
        ("government", "files", ["Downloaded a file"]),
        ("lab", "files", []),
    ],
)
def test_looks_are_narrowed_by_who_and_what(side, kind, wanted):
    case = make.Case()
    document = actions.add_document(
        actor=case.contributor, submission=case.submission, kind="other", title="Card", upload=make.pdf()
    )
    actions.reveal_instructions(actor=case.contributor, submission=case.submission)
    actions.open_version(actor=case.coordinator, version=document.current)
    looks.looked(actor=case.coordinator, submission=case.submission, verb="viewed_facts")
    answer = Visitor(case.contributor).get("who", case.submission, side=side, kind=kind)
    assert [row[2] for row in shown(answer)] == wanted
    assert ("No look of this kind." in words(answer)) == (not wanted)


@pytest.mark.parametrize("query", [{"side": "martians"}, {"kind": "dreams"}, {"page": "x"}, {"page": "99"}])
def test_a_filter_that_is_none_shows_all(query):
    case = make.Case()
    looks.looked(actor=case.coordinator, submission=case.submission, verb="viewed_facts")
    answer = Visitor(case.contributor).get("who", case.submission, **query)
    assert [row[2] for row in shown(answer)] == ["Read the facts"]


def test_looks_have_pages():
    case = make.Case()
    for _ in range(51):
        looks.looked(actor=case.coordinator, submission=case.submission, verb="viewed_facts")
    visitor = Visitor(case.contributor)
    first = visitor.get("who", case.submission)
    assert (len(shown(first)), "Page 1 of 2" in words(first)) == (50, True)
    assert len(shown(visitor.get("who", case.submission, page=2, kind="pages"))) == 2


@pytest.mark.parametrize("limit", [1000, 7])
@pytest.mark.parametrize("number", [0, 1, 6, 11])
def test_a_page_read_at_once_is_the_page_read_in_two_queries(rf, monkeypatch, number, limit):
    monkeypatch.setattr(CappedPaginator, "LIMIT", limit)
    case = make.Case(make.submitted)
    for _ in range(number):
        looks.looked(actor=case.coordinator, submission=case.submission, verb="viewed_facts")
    rows = history.looks(case.submission)
    for query in (None, "", "0", "-1", "1", "2", "3", "4", "5", "x", "99999", "9" * 30, "२"):
        request = rf.get("/", {} if query is None else {"page": query})
        once, twice = page_of(request, rows, size=3), CappedPaginator(rows, 3).get_page(query or "1")
        assert (list(once), once.number, once.paginator.count, once.paginator.is_capped) == (
            list(twice),
            twice.number,
            twice.paginator.count,
            twice.paginator.is_capped,
        ), query


def test_who_looked_and_stands_on_no_list_is_named_as_before():
    """A conflict hides a person's case from them, not what they did from the lab."""
    case = make.Case()
    gone = make.coordinator()
    looks.looked(actor=gone, submission=case.submission, verb="viewed_facts")
    visitor = Visitor(case.contributor)
    named = [row[:2] for row in shown(visitor.get("who", case.submission))]
    actions.declare_conflict(actor=case.coordinator, user=gone, submission=case.submission)
    answer = visitor.get("who", case.submission)
    assert named[-1][0].startswith("IPO coordinator ")
    assert shown(answer)[-1][:2] == named[-1]
    assert named[-1][0] not in {row[0] for row in seats(answer)}


# Clock, session, person, case with its terms, then the seats, a page of looks, accesses and unusual reading, or a page of
# changes; the look, the badge.
COUNTS = {"who": 10, "changes": 7}


@pytest.mark.parametrize("page", COUNTS)
def test_one_query_count_whatever_the_number_of_rows(page):
    case = make.Case()
    document = actions.add_document(
        actor=case.contributor, submission=case.submission, kind="other", title="Card", upload=make.pdf()
    )
    actions.open_version(actor=case.coordinator, version=document.current)
    visitor = Visitor(case.contributor)
    # The first look gives the agency's people their stable names.
    visitor.get(page, case.submission)
    few = visitor.queries(page, case.submission)
    for number in range(30):
        actions.open_version(actor=make.coordinator(), version=document.current)
        actions.correct_facts(
            actor=case.contributor, submission=case.submission, facts={"summary": f"Version {number}."}
        )
    visitor.get(page, case.submission)
    assert (few, visitor.queries(page, case.submission)) == (COUNTS[page], COUNTS[page])


def test_others_looks_and_cases_stay_theirs():
    case, other = make.Case(), make.Case(model_name="Secretive 1")
    looks.looked(actor=other.contributor, submission=other.submission, verb="viewed_facts")
    looks.looked(actor=other.coordinator, submission=other.submission, verb="viewed_facts")
    answer = Visitor(case.contributor).get("who", case.submission)
    assert shown(answer) == []
    assert other.contributor.name not in words(answer)
    assert Visitor(other.contributor).get("who", case.submission).status_code == 404
    assert not Event.objects.filter(case_id=case.submission.pk, actor=other.contributor).exists()


def test_a_viewer_reads_the_record_too():
    case = make.Case()
    assert Visitor(case.viewer).get("who", case.submission).status_code == 200
    text = Visitor(case.viewer).text("changes", case.submission)
    assert text.count("Provided access instructions") == 1
    assert "Began the draft" in text
