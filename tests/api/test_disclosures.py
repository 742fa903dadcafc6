"""``/api/v1/disclosures/``: given, answered and decided by programs, and what each person is told."""

import pytest

from portal.accounts.models import Role
from portal.ledger.models import Event
from portal.submissions.actions import disclosures
from portal.submissions.models import DisclosureNotice, Document
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.api.calls import NOT_FOUND, NOT_YOURS, NOWHERE, Caller, counted, problem, refused
from tests.factories_disclosures import (
    GROUNDS,
    REASONS,
    REFERENCE,
    WORDS,
    document,
    notified,
    objected,
    to_be_disclosed,
)

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
PATH = "disclosures/"


@pytest.fixture
def case():
    return reviewing.Reviewed()


def path(notice, verb: str = "") -> str:
    return f"{PATH}{notice.pk}/{verb}{'/' if verb else ''}"


def body(case, **more) -> dict:
    return {"submission": case.submission.case_number, "reference": REFERENCE, "text": WORDS} | more


def test_a_notice_is_given_by_case_number_and_read_as_it_was_made(case):
    card = document(case)
    answer = Caller(case.coordinator).post(PATH, body(case, documents=[str(card.pk)]))
    made = DisclosureNotice.objects.get()
    office = make.programme_office()
    assert (answer.status_code, answer["Location"]) == (
        201,
        f"http://testserver/api/v1/disclosures/{made.pk}/",
    )
    assert answer.json() == {
        "id": str(made.pk),
        "state": "notified",
        "revision": 1,
        "number": 1,
        "submission": str(case.submission.pk),
        "case_number": case.submission.case_number,
        "agency": str(office.pk),
        "agency_name": office.name,
        "reference": REFERENCE,
        "excerpt": WORDS,
        "given_at": "2026-09-14T14:00:00Z",
        "due_at": "2026-09-28T14:00:00Z",
        "answered_at": None,
        "decided_at": None,
        "disclose_at": None,
        "disclosed_at": None,
        "text": WORDS,
        "documents": [str(card.pk)],
        "documents_closed": 0,
        "statements": [
            {
                "verb": "give_notice",
                "at": "2026-09-14T14:00:00Z",
                "who": f"{office.name}, {case.coordinator.name}",
                "text": WORDS,
            }
        ],
        "verbs": ["decide_not_to_disclose", "drop"],
    }


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"text": " "}, "text"),
        ({"text": "x" * 10_001}, "text"),
        ({"text": "\x00"}, "text"),
        ({"reference": ""}, "reference"),
        ({"reference": "x" * 81}, "reference"),
        ({"documents": [NOWHERE]}, "documents"),
        ({"documents": "all"}, "documents"),
        ({"agency": NOWHERE}, "agency"),
        ({"due_at": "2026-01-01"}, "due_at"),
    ],
)
def test_a_wrong_body_names_its_field(case, more, field):
    answer = Caller(case.coordinator).post(PATH, body(case, **more))
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {field})
    assert not DisclosureNotice.objects.exists()


def test_who_gives_no_notices_is_told_so_and_to_a_stranger_there_is_no_case(case):
    for user in (case.contributor, case.reviewer, reviewing.auditor(), make.person(is_superuser=True)):
        refused(
            Caller(user).post(PATH, body(case)),
            problem(403, "Forbidden", "not_allowed", "Coordinators of agencies give this notice."),
        )
    refused(Caller(make.member(make.agency(), Role.COORDINATOR)).post(PATH, body(case)), NOT_FOUND)


def test_the_lab_answers_and_reads_no_person_of_the_agency(case):
    notice = notified(case)
    caller = Caller(case.contributor)
    bare = caller.post(path(notice, "object"), {"reason": " "})
    assert (bare.status_code, set(bare.json()["errors"])) == (400, {"reason"})
    done = caller.post(path(notice, "object"), {"reason": GROUNDS, "revision": 1})
    assert done.status_code == 200
    assert done.json()["statements"] == [
        {
            "verb": "give_notice",
            "at": "2026-09-14T14:00:00Z",
            "who": make.programme_office().name,
            "text": WORDS,
        },
        {
            "verb": "object",
            "at": "2026-09-14T14:00:00Z",
            "who": f"{case.lab.name}, {case.contributor.name}",
            "text": GROUNDS,
        },
    ]
    assert (done.json()["state"], done.json()["verbs"]) == ("objected", ["object", "not_object"])
    assert case.coordinator.name not in done.content.decode()
    stale = caller.post(path(notice, "not_object"), {"revision": 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale")
    assert caller.post(path(notice, "not_object"), {"revision": 2}).json()["state"] == "not_objected"


def test_each_verb_is_the_right_sides_alone(case):
    notice = notified(case, case.agency_coordinator)
    agency_verbs = (
        "decide_to_disclose",
        "decide_not_to_disclose",
        "record_disclosure",
        "report_suit",
        "drop",
    )
    for verb in agency_verbs:
        for user in (case.contributor, case.viewer, case.coordinator, reviewing.auditor()):
            refused(Caller(user).post(path(notice, verb), {"reason": REASONS}), NOT_YOURS)
    for verb in ("object", "not_object"):
        for user in (case.viewer, case.agency_coordinator, case.coordinator):
            refused(Caller(user).post(path(notice, verb), {"reason": GROUNDS}), NOT_YOURS)
    for user in (case.reviewer, case.lead, reviewing.designator(), make.Case().contributor):
        refused(Caller(user).get(path(notice)), NOT_FOUND)
        for verb in (*agency_verbs, "object", "not_object"):
            refused(Caller(user).post(path(notice, verb), {"reason": GROUNDS}), NOT_FOUND)
    assert DisclosureNotice.objects.get().revision == 1


def test_the_way_to_a_disclosure_in_its_order(case, time_machine):
    card = document(case)
    notice = objected(case, notified(case, documents=[card]))
    caller = Caller(case.coordinator)
    early = caller.post(
        path(notice, "decide_to_disclose"), {"reason": REASONS, "disclose_at": "2026-09-20T00:00:00Z"}
    )
    assert (early.status_code, set(early.json()["errors"])) == (400, {"disclose_at"})
    decided = caller.post(path(notice, "decide_to_disclose"), {"reason": REASONS})
    assert (decided.json()["disclose_at"], decided.json()["verbs"]) == (
        "2026-09-28T14:00:00Z",
        ["decide_not_to_disclose", "drop", "report_suit"],
    )
    before = caller.post(path(notice, "record_disclosure"), {"unmarked": [str(card.pk)]})
    assert (before.status_code, before.json()["code"]) == (409, "wrong_state")
    time_machine.move_to(NOW + 14 * DAY, tick=False)
    foreign = caller.post(path(notice, "record_disclosure"), {"unmarked": [NOWHERE]})
    assert (foreign.status_code, set(foreign.json()["errors"])) == (400, {"unmarked"})
    done = caller.post(path(notice, "record_disclosure"), {"unmarked": [str(card.pk)]})
    assert (done.json()["state"], done.json()["disclosed_at"]) == ("disclosed", "2026-09-28T14:00:00Z")
    assert not Document.objects.get().confidential_commercial


def test_government_marks_no_document_otherwise(case):
    card = document(case)
    to_be_disclosed(case, objected(case, notified(case, documents=[card])))
    for user in (case.coordinator, case.agency_coordinator, case.lead, reviewing.designator()):
        answer = Caller(user).post(f"documents/{card.pk}/mark/", {"confidential_commercial": False})
        assert answer.status_code in (403, 404)
    assert Document.objects.get().confidential_commercial


def test_documents_that_are_closed_to_the_reader_are_counted(case):
    notice = notified(case, documents=[document(case)])
    seen = Caller(reviewing.auditor()).get(path(notice)).json()
    assert (seen["documents"], seen["documents_closed"]) == ([], 1)


def test_the_list_is_narrowed_by_case_state_and_agency(case):
    first = notified(case)
    second = objected(case, notified(case, case.agency_coordinator))
    notified(make.Case())
    caller = Caller(case.contributor)

    def found(**query):
        return {row["id"] for row in caller.results(PATH, **query)}

    assert found() == {str(first.pk), str(second.pk)}
    assert found(state="objected") == {str(second.pk)}
    assert found(agency=str(case.agency.pk)) == {str(second.pk)}
    assert found(submission=case.submission.case_number) == {str(first.pk), str(second.pk)}
    assert caller.get(PATH, state="approved").status_code == 400
    verbs = Event.objects.filter(kind="look", actor=case.contributor).values_list("verb", flat=True)
    assert set(verbs) == {"listed_disclosures"}


@pytest.mark.parametrize("rows", [1, 30])
def test_the_list_and_a_notice_cost_the_same_with_one_row_and_with_thirty(rows):
    case = make.Case()
    for number in range(rows):
        notice = notified(case, reference=f"FOIA-{number}", text=f"{'x' * 9000} {number}")
    for number in range(rows):
        disclosures.object_to(actor=case.contributor, notice=notice, reason=f"Because {number}.", at=NOW)
    caller = Caller(case.contributor)
    caller.get(PATH)
    with counted(4):
        caller.get(PATH, page_size=100)
    with counted(7):
        caller.get(path(notice))
