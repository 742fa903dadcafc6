"""``report_spill`` by API: on documents, assessments, questions and inquiries, for whoever reads them."""

import pytest

from portal.accounts.models import Role
from portal.submissions.models import Spill
from tests import factories as make
from tests import factories_reviews as reviews
from tests import factories_services as services
from tests.api.calls import NOT_FOUND, Caller, problem, refused
from tests.core.test_spills import Spilled

pytestmark = pytest.mark.django_db
KINDS = {
    "documents": "document",
    "assessments": "assessment",
    "questions": "question",
    "inquiries": "inquiry",
}


@pytest.fixture
def case():
    return Spilled()


def subject(case, collection):
    return {
        "documents": lambda: case.document,
        "assessments": lambda: reviews.shared(case),
        "questions": lambda: case.first,
        "inquiries": lambda: reviews.submitted_inquiry(case.contributor, case.lab),
    }[collection]()


@pytest.mark.parametrize("collection", KINDS)
@pytest.mark.parametrize("who", ["coordinator", "contributor"])
def test_it_is_frozen_for_everybody_from_its_answer_on(case, collection, who):
    found = subject(case, collection)
    callers = [
        Caller(getattr(case, name)) for name in ("coordinator", "contributor", "viewer", "lead", "auditor")
    ]
    path = f"{collection}/{found.pk}/"
    answer = Caller(getattr(case, who)).post(f"{path}report_spill/", {"feared": "personal_data"})
    spill = Spill.objects.get()
    assert answer.status_code == 200, answer.content
    assert answer.json() == {
        "id": str(spill.pk), "kind": KINDS[collection], "state": "frozen", "feared": "personal_data",
    }  # fmt: skip
    for caller in callers:
        refused(caller.get(path), NOT_FOUND)
        refused(caller.post(f"{path}report_spill/", {"feared": "other"}), NOT_FOUND)
        assert str(found.pk) not in [row["id"] for row in caller.results(f"{collection}/")]
    if collection == "documents":
        for way in ("content/", "versions/1/content/", "compare/"):
            refused(callers[1].get(f"{path}{way}"), NOT_FOUND)


@pytest.mark.parametrize("collection", KINDS)
def test_strangers_find_nothing_to_report(case, collection):
    path = f"{collection}/{subject(case, collection).pk}/report_spill/"
    for user in (
        make.member(make.lab(), Role.ADMIN),
        make.member(make.agency(), Role.COORDINATOR) if collection != "inquiries" else case.security,
        make.member(make.partner_organisation(), Role.ADMIN),
    ):
        refused(Caller(user).post(path, {"feared": "other"}), NOT_FOUND)
    assert not Spill.objects.exists()


def test_a_service_reports_nothing_and_no_note_is_taken(case):
    path = f"documents/{case.document.pk}/report_spill/"
    expected = problem(403, "Forbidden", "not_allowed", "This is not open to you now.")
    refused(services.caller(case.lab).post(path, {"feared": "other"}), expected)
    answer = Caller(case.contributor).post(path, {"feared": "other", "note": "It says praline."})
    assert (answer.status_code, answer.json()["errors"]) == (400, {"note": ["There is no such field."]})
    assert not Spill.objects.exists()
