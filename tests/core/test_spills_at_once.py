"""Two reports of one spill at once, and a removal beside itself: one effect each."""

import pytest

from portal.deadlines.models import Message
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.actions import spills
from portal.submissions.models import Spill
from tests.core.test_concurrency import at_once
from tests.core.test_spills import Spilled, report

pytestmark = pytest.mark.committed_db


def test_two_who_report_at_once_freeze_it_once():
    case = Spilled()
    people = [case.reviewer, case.contributor, case.lead, case.coordinator]
    answers = at_once([lambda user=user: report(case, case.document, user) for user in people])
    assert answers.count("done") == 1
    # Who came after the freeze could not even read it any more.
    assert set(answers) <= {"done", "already_done", "not_allowed"}
    assert Spill.objects.count() == 1
    assert Message.objects.filter(kind="spill_reported", recipient=case.security).count() == 1


def test_a_spill_is_lifted_or_removed_and_removed_bytes_go_once():
    case = Spilled()
    spill = report(case, case.document)
    answers = at_once(
        [
            lambda: actions.remove_content(actor=case.security, spill=spill),
            lambda: actions.lift_spill(actor=case.agency_security, spill=spill, reason="It was none."),
        ]
    )
    assert sorted(answers) == ["done", "wrong_state"]
    if Spill.objects.get().state == "lifted":
        spill = report(case, case.document)
        actions.remove_content(actor=case.security, spill=spill)
    Spill.objects.update(destroyed_at=None)
    before = Event.objects.filter(verb="content_destroyed").count()
    at_once([spills.finish_removals] * 4)
    assert Event.objects.filter(verb="content_destroyed").count() == before + 1
