"""A case with 300 documents: its pages and lists cost no more statements than with one."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.submissions.models import Document, DocumentVersion
from tests import factories as make
from tests.admin.desk import Desk
from tests.api.calls import Caller
from tests.lab.visitor import _NOISE, Visitor

# The documents of a page cost two; the rest is what the pages show besides.
COUNTS = {
    "lab list": 8, "lab add": 7, "lab edit": 12, "lab case": 22, "workbench": 34, "api list": 5, "api case": 8,
}  # fmt: skip
pytestmark = pytest.mark.django_db


def fill(case, number: int) -> None:
    """So many documents of two versions each, without their files: no page opens one."""
    documents = [
        Document(
            submission=case.submission, kind="other", title=f"Document {row}", created_by=case.contributor,
            cui="CUI//PROPIN" if row % 2 else "",
        )
        for row in range(number)
    ]  # fmt: skip
    Document.objects.bulk_create(documents)
    DocumentVersion.objects.bulk_create(
        DocumentVersion(
            document=document, number=version, file=f"documents/{document.pk}", name="log.txt", size=9,
            content_type="text/plain", sha256="0" * 64, uploaded_by=case.contributor,
        )
        for document in documents
        for version in (1, 2)
    )  # fmt: skip


def cost(ask) -> int:
    with CaptureQueriesContext(connection) as captured:
        answer = ask()
    assert answer.status_code == 200
    return len([query for query in captured.captured_queries if not query["sql"].startswith(_NOISE)])


@pytest.mark.parametrize("page", list(COUNTS))
def test_as_many_statements_with_300_documents_as_with_one(page):
    case = make.Case(make.draft if page == "lab edit" else make.submitted)
    visitor, desk, caller = Visitor(case.contributor), Desk(case.coordinator), Caller(case.coordinator)
    ask = {
        "lab list": lambda: visitor.get("documents", case.submission),
        "lab case": lambda: visitor.get("case", case.submission),
        "lab edit": lambda: visitor.get("edit", case.submission),
        "lab add": lambda: visitor.get("add_document", case.submission),
        "workbench": lambda: desk.get("submissions_submission_change", case.submission.pk),
        "api list": lambda: caller.get("documents/", submission=case.submission.case_number, page_size=100),
        "api case": lambda: caller.get(f"submissions/{case.submission.case_number}/"),
    }[page]
    fill(case, 1)
    ask()
    few = cost(ask)
    fill(case, 299)
    assert (few, cost(ask)) == (COUNTS[page], COUNTS[page])


def test_the_list_by_itself_has_pages():
    case = make.Case(make.submitted)
    fill(case, 250)
    visitor = Visitor(case.viewer)
    pages = [
        visitor.get("documents", case.submission, page=number).context["documents"] for number in (1, 2, 3)
    ]
    assert [len(page) for page in pages] == [100, 100, 50]
    assert len({document.title for page in pages for document in page}) == 250
