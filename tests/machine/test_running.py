"""A seed and a number tell what happens in a run, and what it finds is told with both and the steps that led there."""

import time

import pytest

from tests.machine import trying
from tests.machine.running import RunError, run
from tests.machine.tally import Tally
from tests.machine.trying import Trying


@pytest.fixture
def tally(db, monkeypatch) -> Tally:
    made = Tally()
    monkeypatch.setattr(Trying, "tally", made)
    return made


def test_what_a_run_finds_is_told_with_its_steps_and_comes_again(tally, monkeypatch):
    asked = []

    def broken(sight):
        """0: never to act."""
        asked.append(sight.events[-1].verb)
        return [("0", asked[-1])]

    monkeypatch.setattr(trying, "ALL", (broken,))
    with pytest.raises(RunError, match=r"^Run 7 of seed once, 3 steps: AssertionError") as told:
        run("once", 7, steps=3, smaller=False)
    found = told.value.__cause__
    assert str(found) == str(("0: never to act.", [("0", asked[0])]))
    steps = "\n".join(found.__notes__)
    assert steps.index("state = Portal()") < steps.index("state.begin(") < steps.index("state.teardown()")
    # As it was found, and not once more for each time that Hypothesis did it again.
    assert (len(set(asked)), tally.asked, tally.runs) == (1, 1, 0)


def test_a_run_that_has_no_time_left_stops_where_it_is(tally):
    run("once", 7, steps=3, until=time.monotonic())
    assert (tally.asked, tally.runs) == (0, 0)
    assert tally.tried.total() > 0
