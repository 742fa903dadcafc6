"""Reminders that are under way while something is killed: none lost, none doubled, none to who may not know."""

import pytest

from bench import faults

pytestmark = pytest.mark.slow
KILLS = 20


def test_whatever_is_killed_at_any_instant_each_reminder_leaves_once():
    found, figures = faults.soak(KILLS, seed=20)
    assert found == [], figures
    assert figures.startswith(f"{KILLS} kills"), figures
