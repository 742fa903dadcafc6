"""Random people try random things for three minutes in all, spread over the test workers."""

import os
import time
from datetime import UTC, datetime

import pytest

from tests.machine.running import run
from tests.machine.trying import Trying

MINUTES = float(os.environ.get("PORTAL_TEST_MACHINE_MINUTES", "3"))
STEPS = int(os.environ.get("PORTAL_TEST_MACHINE_STEPS", "25"))
PARTS = 4


@pytest.mark.django_db
@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_anybody_tries(part):
    """Other runs each day; the failure says which, and ``bench.invariants --seed S --first N --runs 1`` does it again."""
    seed = os.environ.get("PORTAL_TEST_MACHINE_SEED", f"{datetime.now(UTC):%Y-%m-%d}")
    until, tried = time.monotonic() + MINUTES * 60 / PARTS, Trying.tally.tried.total()
    number = part
    while time.monotonic() < until:
        run(seed, number, steps=STEPS, until=until)
        number += PARTS
    assert Trying.tally.tried.total() > tried
