"""The line of time on the lab's case page: its own dates, agreed grants and what is to be done, each also in words."""

from datetime import timedelta

import pytest
import time_machine

from portal.accounts.models import Role
from portal.formats import instant
from portal.submissions import actions
from tests import factories as make
from tests import factories_questions as asking
from tests import factories_reviews as reviewed
from tests.factories_partners import GrantCase
from tests.lab.visitor import Visitor

pytestmark = pytest.mark.django_db


def marks(visitor, case) -> list[tuple[str, str]]:
    line = visitor.get("case", case).context["line"]
    return [(mark.label, instant(mark.at)) for mark in line.marks]


def test_an_agreed_grant_stands_on_the_line_and_one_that_is_only_proposed_does_not():
    granted = GrantCase()
    visitor, name = Visitor(granted.contributor), granted.partner.organisation.name
    assert [label for label, _ in marks(visitor, granted.submission) if name in label] == []
    granted.agree()
    found = dict(marks(visitor, granted.submission))
    assert found[f"Grant of {name} starts"] == instant(granted.grant.starts_at)
    assert found[f"Grant of {name} expires"] == instant(granted.grant.expires_at)


def test_what_is_to_be_done_stands_on_the_line_as_a_target():
    case = reviewed.Reviewed()
    visitor = Visitor(case.contributor)
    asking.asked(case, text="Which share is marzipan?")
    found = dict(marks(visitor, case.submission))
    assert "Target: answer a question" in found
    # What the line shows anyway is not told twice, and what is other people's to do is not told here.
    assert [label for label in found if "window closes" in label.lower()] == ["Window closes"]
    assert [label for label in found if "attest" in label] == []


def test_a_draft_shows_its_plan_alone():
    case = make.Case(make.draft)
    assert {label for label, _ in marks(Visitor(case.contributor), case.submission)} == {
        "Planned partner release",
        "Planned public release",
    }


def test_marks_stand_in_the_order_of_time_and_inside_the_drawing():
    case = reviewed.Reviewed()
    for number in range(9):
        asking.asked(case, text=f"Question {number}")
    with time_machine.travel(make.NOW + timedelta(days=2), tick=False):
        line = Visitor(case.viewer).get("case", case.submission).context["line"]
    assert [mark.at for mark in line.marks] == sorted(mark.at for mark in line.marks)
    assert all(0 <= mark.x <= 100 for mark in line.marks)
    assert len([mark for mark in line.marks if mark.label.startswith("Target")]) == 6


def test_another_lab_finds_no_line():
    granted = GrantCase()
    granted.agree()
    stranger = Visitor(make.member(make.lab(), Role.ADMIN))
    assert stranger.get("case", granted.submission).status_code == 404
    actions.withdraw(actor=granted.contributor, submission=granted.submission)
    labels = [label for label, _ in marks(Visitor(granted.contributor), granted.submission)]
    assert [label for label in labels if label.startswith(("Target", "Grant"))] == []
