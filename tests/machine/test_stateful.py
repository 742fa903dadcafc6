"""Random people try random things for three minutes in all, spread over the test workers."""

import os
import time

import pytest

from tests.machine.running import run
from tests.machine.trying import Trying

MINUTES = float(os.environ.get("PORTAL_TEST_MACHINE_MINUTES", "3"))
STEPS = int(os.environ.get("PORTAL_TEST_MACHINE_STEPS", "25"))
PARTS = 4


@pytest.mark.django_db
@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_anybody_tries(part):
    """The same runs each time, as many as there is time for: a change is not stopped by what it did not do. Others are tried
    with another seed, and by the hour by ``bench.invariants``, which with ``--seed S --first N --runs 1`` does one again."""
    seed = os.environ.get("PORTAL_TEST_MACHINE_SEED", "2026-11-29")
    until, tried = time.monotonic() + MINUTES * 60 / PARTS, Trying.tally.tried.total()
    number = part
    while time.monotonic() < until:
        run(seed, number, steps=STEPS, until=until)
        number += PARTS
    assert Trying.tally.tried.total() > tried
