"""Two equal posts in the same instant, as an impatient hand sends them: one effect, and both land in the same place."""

import threading
from uuid import uuid4

import pytest
from django.db import connection

from portal.accounts.models import Role
from portal.ledger.models import Event
from portal.submissions import actions, wizard
from portal.submissions.models import Document, Submission
from tests import factories as make
from tests.lab.test_draft import NOTHING
from tests.lab.uploads import upload
from tests.lab.visitor import Visitor, seen

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
    assert landed(answers) == [(303, f"/lab/cases/{case.case_number}/edit/model/")] * 4
    assert Event.objects.filter(verb="create_draft").count() == 1


def test_what_six_people_type_into_one_draft():
    """Who waits for the others compares with what they left: nothing is written over unseen."""
    case = make.Case(make.draft).submission
    actions.save_draft(
        actor=case.created_by,
        submission=case,
        facts={"summary": "Before.", "capabilities": "", "evaluations": "", "safeguards": ""},
    )
    typed = NOTHING | {"seen": seen(case), "do": "keep"}
    fields = ("summary", "summary", "summary", "capabilities", "evaluations", "safeguards")
    visitors = [Visitor(case.created_by) for _ in fields]
    answers = at_once(
        *(
            lambda number=number, field=field: visitors[number].post(
                f"/lab/cases/{case.case_number}/edit/{wizard.step_of(field).key}/",
                **(typed | {field: f"Text {number}."}),
            )
            for number, field in enumerate(fields)
        )
    )
    case.facts.refresh_from_db()
    assert (case.facts.capabilities, case.facts.evaluations, case.facts.safeguards) == (
        "Text 3.",
        "Text 4.",
        "Text 5.",
    )
    assert sorted(bool(answer.json()["conflicts"]) for answer in answers) == [False] * 4 + [True] * 2


def test_a_draft_with_a_file():
    case = make.Case(make.draft)
    visitors = [Visitor(case.contributor) for _ in range(3)]
    typed = NOTHING | {"seen": seen(case.submission), "do": "document"}
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
