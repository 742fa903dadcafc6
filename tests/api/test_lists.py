"""Lists: one literal number of statements for 1 and for 30 rows, pages within bounds, and a look for what was shown."""

import pytest

from portal.accounts.models import Role
from portal.ledger.models import Event
from portal.submissions import actions
from tests import factories as make
from tests.api.calls import Caller, counted, problem, refused

pytestmark = pytest.mark.django_db


def _with_cases(number):
    """A lab's contributor and the coordinator with this many cases, each with a document, and strangers' cases beside."""
    case = make.Case(make.agreed)
    everyone = [case.submission]
    for _ in range(number - 1):
        everyone.append(make.agreed(actor=case.contributor, lab=case.lab, by=case.coordinator))
    for submission in everyone:
        actions.add_document(
            actor=case.contributor,
            submission=submission,
            kind="other",
            title="Card",
            upload=make.pdf(submission.case_number),
        )
    return case


# The movable clock of tests, the token with its person and their memberships, and what the list itself needs.
COUNTS = {
    ("submissions/", "contributor"): 6,
    ("submissions/", "coordinator"): 6,
    ("documents/", "contributor"): 5,
    ("documents/", "coordinator"): 5,
    ("deadlines/", "contributor"): 3,
    ("deadlines/", "coordinator"): 3,
    ("events/", "contributor"): 6,
    ("events/", "coordinator"): 5,
}


@pytest.mark.parametrize("rows", [1, 30])
@pytest.mark.parametrize(("path", "who"), COUNTS)
def test_a_list_costs_the_same_with_one_row_and_with_thirty(path, who, rows):
    case = _with_cases(rows)
    caller = Caller(getattr(case, who))
    # The first page a lab ever reads gives the government's people their stable names.
    caller.get(path, page_size=100)
    with counted(COUNTS[path, who]):
        answer = caller.get(path, page_size=100)
    assert len(answer.json()["results"]) >= rows


@pytest.mark.parametrize("rows", [1, 30])
def test_the_routes_of_one_case_cost_the_same_too(rows):
    case = _with_cases(1)
    for number in range(rows):
        make.member(make.programme_office(), Role.COORDINATOR, f"Carla {number}")
    caller = Caller(case.contributor)
    for path in ("terms", "looks", "who_can_see"):
        caller.get(f"submissions/{case.submission.pk}/{path}/", page_size=100)
    for path, number in (("terms", 6), ("looks", 7), ("who_can_see", 6)):
        with counted(number):
            caller.get(f"submissions/{case.submission.pk}/{path}/", page_size=100)


def test_pages_tell_the_next_and_the_previous_and_count_nothing():
    case = _with_cases(3)
    caller = Caller(case.contributor)
    everyone = [row["id"] for row in caller.results("submissions/")]
    first = caller.get("submissions/", page_size=2).json()
    second = caller.client.get(first["next"], headers=caller.headers).json()
    assert [row["id"] for row in first["results"] + second["results"]] == everyone
    assert (first["previous"], first["next"]) == (
        None,
        "http://testserver/api/v1/submissions/?page=2&page_size=2",
    )
    assert (second["previous"], second["next"]) == ("http://testserver/api/v1/submissions/?page_size=2", None)
    assert set(first) == {"results", "next", "previous"}
    past = caller.get("submissions/", page_size=2, page=3).json()
    assert past == {
        "results": [],
        "next": None,
        "previous": "http://testserver/api/v1/submissions/?page=2&page_size=2",
    }


def test_a_page_is_100_rows_at_most():
    case = make.Case(make.draft)
    for _ in range(101):
        actions.create_draft(actor=case.contributor, lab=case.lab)
    caller = Caller(case.contributor)
    assert len(caller.results("submissions/")) == 25
    assert len(caller.results("submissions/", page_size=1000)) == 100
    assert len(caller.results("submissions/", page_size=100, page=2)) == 2


@pytest.mark.parametrize("name", ["page", "page_size"])
@pytest.mark.parametrize("text", ["0", "-1", "two", "", "1.5", "\x00", "٣", "9" * 30])
def test_a_page_that_is_none_is_400(name, text):
    caller = Caller(make.coordinator())
    refused(
        caller.get("submissions/", **{name: text}),
        problem(
            400,
            "Bad Request",
            "invalid",
            "Some of the values are not right.",
            errors={name: ["Give a whole number from 1."]},
        ),
    )


def test_a_page_too_far_out_is_400():
    refused(
        Caller(make.coordinator()).get("submissions/", page=10001),
        problem(
            400,
            "Bad Request",
            "invalid",
            "Some of the values are not right.",
            errors={"page": ["The last page that can be asked for is 10000. Filter the list."]},
        ),
    )


def test_the_list_of_cases_is_narrowed_by_state_lab_and_nothing_unknown():
    case = make.Case(make.agreed)
    draft = make.draft(actor=case.contributor, lab=case.lab)
    caller = Caller(case.contributor)

    def found(**query):
        return {row["id"] for row in caller.results("submissions/", **query)}

    both = {str(draft.pk), str(case.submission.pk)}
    assert found() == found(state=["draft", "agreed"]) == found(lab=str(case.lab.pk)) == both
    assert found(state="agreed") == {str(case.submission.pk)}
    assert found(state="open") == set()
    answer = caller.get("submissions/", state="approved", lab="x")
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {"state", "lab"})


def test_every_list_names_id_and_state():
    case = _with_cases(1)
    for path in ("submissions/", "documents/", "deadlines/", "events/"):
        rows = Caller(case.coordinator).results(path)
        assert rows
        assert all(row["id"] and row["state"] for row in rows)


def test_strangers_lists_are_empty():
    _with_cases(1)
    strangers = [
        make.member(make.lab(), Role.ADMIN),
        make.member(make.agency(), Role.REVIEWER),
        make.member(make.agency(), Role.COORDINATOR),
        make.member(make.partner_organisation(), Role.ADMIN),
        make.person(is_superuser=True),
    ]
    for user in strangers:
        for path in ("submissions/", "documents/", "deadlines/", "events/"):
            assert Caller(user).results(path) == []


def test_each_case_whose_facts_a_list_showed_is_one_look():
    case = _with_cases(3)
    Caller(case.coordinator).get("submissions/", page_size=2)
    looks = Event.objects.filter(kind="look", actor=case.coordinator, verb="listed")
    assert sorted(event.case_id for event in looks) == sorted(
        actions_case.pk for actions_case in type(case.submission).objects.order_by("-submitted_at", "id")[:2]
    )
