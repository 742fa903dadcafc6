"""Verbs of collections that take files, without a transaction around the request: what was done is answered, not broken off."""

import pytest

from portal.submissions import actions
from portal.submissions.models import Evaluation
from tests import factories as make
from tests.api.calls import Caller

pytestmark = pytest.mark.committed_db


def test_a_row_is_taken_back_and_a_document_marked():
    case = make.Case(make.submitted)
    lab = Caller(case.contributor)
    document = actions.add_document(
        actor=case.contributor, submission=case.submission, kind="other", title="Card", upload=make.pdf()
    )
    actions.add_evaluations(actor=case.contributor, submission=case.submission, rows=[{"task": "Range"}])
    row = Evaluation.objects.get()
    answers = [
        lab.get(f"evaluations/{row.pk}/"),
        lab.post(f"evaluations/{row.pk}/take_back/"),
        lab.post(f"documents/{document.pk}/mark/", {"tlp": "TLP:RED"}),
        lab.get(f"documents/{document.pk}/"),
    ]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert (answers[1].json()["state"], answers[3].json()["tlp"]) == ("taken_back", "TLP:RED")
