"""The table of a case: what it says, and that the database says the same."""

import pytest
from django.db import Error, transaction

from portal.errors import AlreadyDone, Missing, NotAllowed, WrongState
from portal.submissions.models import Submission
from portal.submissions.states import MACHINE, State
from tests import factories as make

pytestmark = pytest.mark.django_db


def test_refusals_in_the_order_that_tells_a_stranger_nothing():
    with pytest.raises(NotAllowed):
        MACHINE.require("closed", "acknowledge", {"lab"})
    with pytest.raises(AlreadyDone):
        MACHINE.require("acknowledged", "acknowledge", {"coordinator"})
    with pytest.raises(WrongState):
        MACHINE.require("draft", "acknowledge", {"coordinator"})
    with pytest.raises(Missing):
        MACHINE.require("submitted", "request_correction", {"coordinator"}, reason="  ")
    step = MACHINE.require("submitted", "request_correction", {"coordinator"}, reason="The date is odd.")
    assert (step.source, step.target) == ("submitted", "submitted")


def test_a_lab_withdraws_from_every_state_that_is_no_end():
    withdrawable = {t.source for t in MACHINE.transitions if t.verb == "withdraw"}
    assert withdrawable == {state for state in State.values if state not in MACHINE.terminal}
    assert {t.who for t in MACHINE.transitions if t.verb in ("withdraw", "release", "move_dates")} == {"lab"}


def test_no_word_of_a_release_permission():
    words = " ".join([*State.values, *State.labels, *(t.verb + t.label for t in MACHINE.transitions)]).lower()
    assert [word for word in ("approv", "den", "licens", "clear", "permit", "hold") if word in words] == []


STORED = [state for state in State.values if state not in MACHINE.derived]
JUMPS = [(a, b) for a in STORED for b in State.values if a != b]


@pytest.mark.parametrize(("source", "target"), JUMPS)
def test_the_database_refuses_what_the_table_does_not_have(source, target):
    """Open and ended are never written, so every jump to them is refused."""
    case = make.Case(make.draft)
    allowed = (source, target) in MACHINE.stored_jumps()
    row = Submission.objects.filter(pk=case.submission.pk)
    at = make.NOW
    complete = {
        "submitted_at": at, "agreed_at": at, "closes_at": at, "closed_at": at, "planned_public_release": at + 90 * make.DAY,
        "checkpoint": case.submission._meta.get_field("checkpoint").related_model.objects.create(lab=case.lab, identifier="c"),
    }  # fmt: skip
    row.update(**complete)
    with transaction.atomic():
        if source != "draft":
            _put(row, source, at)
        try:
            with transaction.atomic():
                row.update(stored_state=target, withdrawn_at=at if target == "withdrawn" else None)
            done = True
        except Error:
            done = False
    assert done == allowed


def _put(row, state, at):
    """Walk the row to a state along the table's own stored jumps; a state never stored stays out of reach."""
    path = {
        "submitted": ["submitted"],
        "acknowledged": ["submitted", "acknowledged"],
        "agreed": ["submitted", "acknowledged", "agreed"],
        "closed": ["submitted", "acknowledged", "agreed", "closed"],
        "withdrawn": ["withdrawn"],
    }.get(state, [])
    for step in path:
        row.update(stored_state=step, withdrawn_at=at if step == "withdrawn" else None)


@pytest.mark.parametrize("hours", [-300, 0, 239, 240, 241, 719, 720, 960, 961, 2000])
def test_sql_and_python_agree_on_the_state(hours):
    from datetime import timedelta

    makers = (make.draft, make.submitted, make.agreed, make.with_access)
    cases = [make.Case(maker) for maker in makers]
    at = make.NOW + timedelta(hours=hours)
    for state in State:
        in_sql = set(Submission.objects.in_state(state, at=at))
        assert in_sql == {case.submission for case in cases if case.again().state_at(at) == state}


def test_the_database_refuses_a_window_over_30_days():
    case = make.Case()
    row = Submission.objects.filter(pk=case.submission.pk)
    with pytest.raises(Error, match=r"window_at_most_30_days|30 days"), transaction.atomic():
        row.update(closes_at=case.submission.opens_at + 30 * make.DAY + make.DAY / 86400)
    row.update(closes_at=case.submission.opens_at + 30 * make.DAY)


def test_the_database_counts_30_days_over_all_cases_of_a_checkpoint():
    first = make.Case()
    second = make.with_access(actor=first.contributor, lab=first.lab, by=first.coordinator, at=make.NOW)
    assert (second.opens_at, second.closes_at) == (None, first.submission.closes_at)
    with pytest.raises(Error, match="may not exceed 30 days"), transaction.atomic():
        Submission.objects.filter(pk=second.pk).update(
            opens_at=make.NOW + make.DAY, closes_at=make.NOW + 2 * make.DAY
        )
