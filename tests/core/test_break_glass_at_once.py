"""Two second persons at once, and one beside a withdrawal: one effect each."""

import pytest

from portal.deadlines.models import Message
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.actions import break_glass
from portal.submissions.models import Audience, BreakGlass
from portal.submissions.querysets import live
from tests.core.test_concurrency import at_once
from tests.factories_break_glass import AT, Guarded

pytestmark = pytest.mark.committed_db


def test_of_two_who_concur_at_once_one_opens_it():
    case = Guarded()
    access = case.ask()
    seconds = [case.colleague, case.office_security, case.coordinator]
    answers = at_once(
        [lambda user=user: break_glass.concur(actor=user, access=access, at=AT) for user in seconds]
    )
    assert sorted(answers) == ["already_done", "already_done", "done"]
    assert Event.objects.filter(verb="open_break_glass").count() == 1
    assert Message.objects.filter(kind="break_glass_opened").count() == 1


def test_one_asks_once_however_often_the_button_is_pressed():
    case = Guarded()
    answers = at_once([case.ask] * 3)
    assert sorted(answers) == ["already_done", "already_done", "done"]
    assert BreakGlass.objects.count() == 1


def test_beside_a_withdrawal_nothing_stays_open():
    case = Guarded()
    access = case.ask()
    answers = at_once(
        [
            lambda: break_glass.concur(actor=case.colleague, access=access, at=AT),
            lambda: actions.withdraw(actor=case.contributor, submission=case.submission, at=AT),
        ]
    )
    assert sorted(answers) in (["done", "done"], ["done", "wrong_state"])
    assert case.again().withdrawn_at is not None
    assert not Audience.objects.filter(live(AT), user=case.officer).exists()
