"""What the keeper of processes does with processes that die, die young, or will not go."""

import os
import signal
import sys

import pytest

from portal.stack import process
from portal.stack.keeper import STEADY_SECONDS, Keeper, Kept


@pytest.fixture
def spawn(tmp_path):
    children = []

    def start(code: str):
        child = process.spawn([sys.executable, "-c", code], log=tmp_path / "log", env=os.environ)
        children.append(child)
        return child

    yield start
    for child in children:
        process.end(child, signal.SIGKILL, 5)


@pytest.fixture
def published():
    return []


def keep(published, start) -> tuple[Keeper, Kept]:
    one = Kept("one", start)
    keeper = Keeper([one], published.append, lambda text: None)
    keeper.round()
    return keeper, one


def test_starts_and_tells_the_number(spawn, published):
    _, one = keep(published, lambda: spawn("import time; time.sleep(60)"))
    assert published == [{"one": one.child.pid}]


def test_a_steady_process_comes_back_at_once_with_a_new_number(spawn, published):
    keeper, one = keep(published, lambda: spawn("import time; time.sleep(60)"))
    first = one.child
    one.started_at -= STEADY_SECONDS + 1
    first.kill()
    first.wait()
    keeper.round()
    assert published == [{"one": first.pid}, {"one": one.child.pid}]
    assert one.child.pid != first.pid


def test_one_that_dies_young_waits_longer_each_time(spawn, published):
    keeper, one = keep(published, lambda: spawn("raise SystemExit(1)"))
    pauses = []
    for _ in range(8):
        one.child.wait()
        keeper.round()
        pauses.append(one.pause)
        one.start_at = 0.0
        keeper.round()
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_stop_ends_one_that_will_not_go(spawn, published):
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(60)"
    keeper, one = keep(published, lambda: spawn(stubborn))
    one.patience = 0.2
    child = one.child
    keeper.stop()
    assert child.poll() is not None
    assert keeper.numbers() == {}
