"""Runs of the stateful test, each told by a seed and a number: it can be run again alone, and one that fails is made smaller."""

from math import inf
from random import Random

from hypothesis import HealthCheck, Phase, settings
from hypothesis.database import InMemoryExampleDatabase
from hypothesis.stateful import get_state_machine_test

from tests.machine.machine import Portal
from tests.machine.tally import Tally
from tests.machine.trying import TimeIsUp, Trying

# More than Hypothesis lets a run draw, so that none ends for want of chance.
CHANCE = 1 << 14


class RunError(Exception):
    """What a run found, with its seed and number; the steps that led there are in the note."""


def run(seed: str, number: int, *, steps: int, until: float = inf, smaller: bool = True) -> None:
    """One run of at most so many steps; it stops where it is when ``time.monotonic`` says ``until``.

    Raises RunError with the steps, made fewer if ``smaller`` (in five minutes at most).
    """
    found = InMemoryExampleDatabase()
    how = settings(
        database=found, deadline=None, stateful_step_count=steps, suppress_health_check=list(HealthCheck),
        phases=[Phase.reuse, *([Phase.shrink] if smaller else [])], print_blob=True,
    )  # fmt: skip
    machine = get_state_machine_test(Portal, settings=how)
    Trying.until = until
    try:
        machine.hypothesis.fuzz_one_input(Random(f"{seed}/{number}").randbytes(CHANCE))
    except TimeIsUp:
        return
    except Exception as fault:
        Trying.until, counted = inf, Trying.tally
        # What is tried to find the steps again counts for nothing.
        Trying.tally = Tally()
        try:
            raise RunError(f"Run {number} of seed {seed}, {steps} steps: {fault!r}") from _told(
                machine, fault
            )
        finally:
            Trying.tally = counted
    Trying.tally.runs += 1


def _told(machine, fault: Exception) -> Exception:
    """The fault again as Hypothesis finds it, with the steps; itself where it does not come again."""
    try:
        machine()
    except Exception as again:
        return again
    fault.add_note("It did not come again: something in it is left to chance.")
    return fault
