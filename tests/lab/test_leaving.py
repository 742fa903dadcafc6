"""The lab records its release, or withdraws."""

from datetime import timedelta

import pytest
import time_machine

from portal.deadlines.models import Message
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.models import Submission
from tests import factories as make
from tests.lab.opened import opened
from tests.lab.test_corrections import SECRET, facts
from tests.lab.test_moving import MOVED, dates
from tests.lab.visitor import Visitor, stored_rows, words

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("step", "said"), [("withdraw", "The case is withdrawn."), ("release", "Your release is recorded.")]
)
def test_leaving_is_one_step_that_says_beforehand_what_will_happen(step, said):
    case, visitor = opened()
    before = stored_rows()
    page = visitor.get(step, case.submission)
    text = words(page)
    assert "What will happen" in text
    assert "Invented Programme Office Programme coordinator 1" in text
    assert "textarea" not in page.content.decode().partition("<main")[2]
    assert stored_rows() == before
    answer = visitor.post(step, case.submission, revision=page.context["revision"])
    assert said in visitor.follow(answer)
    left = case.again()
    assert left.closes_at == make.NOW
    assert (left.state, left.withdrawn_at, left.released_at) == (
        ("withdrawn", make.NOW, None) if step == "withdraw" else ("ended", None, make.NOW)
    )
    told = Message.objects.filter(kind=step).values_list("recipient", flat=True)
    assert set(told) == {case.coordinator.pk}


@pytest.mark.parametrize("step", ["withdraw", "release"])
def test_leaving_twice_is_told_and_done_once(step):
    case, visitor = opened()
    revision = case.again().revision
    visitor.post(step, case.submission, revision=revision)
    text = visitor.follow(visitor.post(step, case.submission, revision=revision))
    assert "nothing was done twice" in text
    assert Event.objects.filter(verb=step).count() == 1


def test_leaving_a_case_that_changed_says_what_changed():
    case, visitor = opened()
    revision = case.again().revision
    actions.correct_facts(actor=case.contributor, submission=case.submission, facts={"summary": "New."})
    answer = visitor.post("withdraw", case.submission, revision=revision)
    assert answer.status_code == 409
    assert "10:00 a.m. EDT: Gave a new version of the facts" in words(answer)
    assert case.again().state == "agreed"
    assert visitor.post("withdraw", case.submission, revision=answer.context["revision"]).status_code == 303


def test_withdrawing_ends_everyone_elses_view_and_not_the_labs():
    case, visitor = opened()
    visitor.post("withdraw", case.submission, revision=case.again().revision)
    assert not Submission.objects.visible_to(case.coordinator, scope="facts").exists()
    text = visitor.text("case", case.submission)
    assert "This case was withdrawn at 14 Sep 2026, 10:00 a.m. EDT." in text
    assert "A general model with a secret ingredient: marzipan." in text


def test_a_draft_is_put_aside():
    case = make.Case(make.draft)
    visitor = Visitor(case.contributor)
    assert "Nobody outside your lab has seen it" in visitor.text("withdraw", case.submission)
    assert visitor.post("withdraw", case.submission, revision=1).status_code == 303
    assert not Message.objects.filter(case_id=case.submission.pk).exists()


def test_a_closed_case_cannot_be_withdrawn_but_its_release_recorded():
    case = make.Case()
    at = make.NOW + timedelta(days=45)
    actions.close(actor=case.coordinator, submission=case.submission, at=at)
    with time_machine.travel(at + make.DAY, tick=False):
        visitor = Visitor(case.contributor)
        text = visitor.follow(visitor.get("withdraw", case.submission))
        assert "This case is closed, so this step cannot be taken now." in text
        answer = visitor.post("release", case.submission, revision=case.again().revision)
        assert "Your release is recorded." in visitor.follow(answer)
    assert (case.again().state, case.again().released_at) == ("closed", at + make.DAY)


def test_a_viewer_takes_no_step():
    case, _ = opened()
    visitor = Visitor(case.viewer)
    before = stored_rows()
    for step in ("correct_facts", "provide_access", "move_dates", "release", "withdraw"):
        assert visitor.get(step, case.submission).status_code == 403, step
    posts = {
        "correct_facts": facts(case),
        "provide_access": {"instructions": SECRET},
        "move_dates": dates(case, **MOVED["later"]) | {"confirm": "1"},
        "release": {},
        "withdraw": {},
    }
    for step, typed in posts.items():
        answer = visitor.post(step, case.submission, **({"revision": case.again().revision} | typed))
        assert answer.status_code == 403, step
    preview = visitor.post("move_dates", case.submission, preview="1", **dates(case, **MOVED["later"]))
    assert preview.status_code == 403
    assert stored_rows() == before
