"""Two equal posts in the same instant, as an impatient hand sends them: one effect, and both land in the same place."""

import threading
from uuid import uuid4

import pytest
from django.db import connection

from portal.accounts.models import Role
from portal.ledger.models import Event
from portal.submissions.models import Document, Submission
from tests import factories as make
from tests.lab.test_draft import NOTHING
from tests.lab.uploads import upload
from tests.lab.visitor import Visitor

pytestmark = pytest.mark.committed_db


def at_once(*calls) -> list:
    """What the calls answer when they begin together."""
    gate, answers = threading.Barrier(len(calls)), [None] * len(calls)

    def run(number: int) -> None:
        try:
            gate.wait()
            answers[number] = calls[number]()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[number]) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def landed(answers) -> list:
    return [(answer.status_code, answer.headers.get("Location")) for answer in answers]


def test_a_new_draft():
    user = make.member(make.lab(), Role.CONTRIBUTOR)
    visitors = [Visitor(user) for _ in range(4)]
    typed = NOTHING | {"model_name": "Finch", "key": uuid4()}
    answers = at_once(*(lambda visitor=visitor: visitor.post("new", **typed) for visitor in visitors))
    case = Submission.objects.get()
    assert landed(answers) == [(303, f"/lab/cases/{case.case_number}/edit/")] * 4
    assert Event.objects.filter(verb="create_draft").count() == 1


def test_a_draft_with_a_file():
    case = make.Case(make.draft)
    visitors = [Visitor(case.contributor) for _ in range(3)]
    typed = NOTHING | {"revision": case.submission.revision, "do": "document"}
    answers = at_once(
        *(
            lambda visitor=visitor: visitor.post("edit", case.submission, **typed, file=upload())
            for visitor in visitors
        )
    )
    assert landed(answers) == [(303, f"/lab/cases/{case.submission.case_number}/edit/#documents")] * 3
    assert Document.objects.count() == 1


@pytest.mark.parametrize(
    ("made", "page", "typed", "lands"),
    [
        (make.draft, "review", {}, "receipt/"),
        (make.agreed, "provide_access", {"instructions": "Endpoint https://nougat.invalid"}, ""),
        (make.with_access, "withdraw", {}, ""),
        (make.with_access, "release", {}, ""),
    ],
)
def test_a_step(made, page, typed, lands):
    case = make.Case(made)
    visitors = [Visitor(case.contributor) for _ in range(4)]
    before = Event.objects.filter(kind="change").count()
    typed = typed | {"revision": case.again().revision}
    answers = at_once(
        *(lambda visitor=visitor: visitor.post(page, case.submission, **typed) for visitor in visitors)
    )
    assert landed(answers) == [(303, f"/lab/cases/{case.submission.case_number}/{lands}")] * 4
    assert Event.objects.filter(kind="change").count() == before + 1
