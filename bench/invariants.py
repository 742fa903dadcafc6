"""``python -m bench.invariants --actions 100000 --seed 1``: the stateful test of ``tests/machine`` for hours.

Random people try random verbs on two labs' cases, grants and findings, in runs of at most ``--steps`` steps, and after each step
that did something all invariants are asked. Runs are numbered; a seed and a number tell what happens in one, so ``--first 7
--runs 1`` does a run again alone, and a soak that was ended goes on from the number it came to. Each process has a database
of its own, a clone of one that was migrated, and each run is one transaction that is rolled back.

The portal's own role asks, as in the test (``tests/machine/trying.py`` says who sees what). It ends after ``--actions`` tries or
``--minutes``, or with the first fault: its seed, its number and the steps, made fewer unless ``--as-found``.
"""

import argparse
import multiprocessing
import os
import shutil
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from multiprocessing.context import SpawnProcess
from pathlib import Path
from queue import Empty
from typing import Any

from bench.web import servers

SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Wanted:
    seed: str
    first: int
    runs: int
    actions: int
    minutes: float
    steps: int
    smaller: bool
    processes: int


def work(place: int, environment: dict[str, str], wanted: Wanted, tried: Any, told: Any) -> None:
    """One process: each ``processes``-th run, on its own database. Tells its counts and a fault after
    each, at last nothing, or why it could not go on.
    """
    os.environ.update(environment)
    import django

    django.setup()
    from django.db import connections

    from portal import scope
    from tests import floor
    from tests.machine.running import RunError, run
    from tests.machine.tally import Tally
    from tests.machine.trying import Trying

    scope.outside = scope.Scope(None, scope.EVERYTHING)
    floor.clone(floor.template())
    until, crash = time.monotonic() + wanted.minutes * 60, ""
    try:
        for number in range(wanted.first + place, wanted.first + wanted.runs, wanted.processes):
            if tried.value >= wanted.actions or time.monotonic() > until:
                break
            fault = ""
            try:
                run(wanted.seed, number, steps=wanted.steps, until=until, smaller=wanted.smaller)
            except RunError as found:
                fault = "".join(traceback.format_exception(found))
            told.put((number, Trying.tally, fault))
            with tried.get_lock():
                # After a fault the others end with the run that they are in.
                tried.value += wanted.actions if fault else Trying.tally.tried.total()
            Trying.tally = Tally()
    except BaseException:
        crash = traceback.format_exc()
        raise
    finally:
        connections.close_all()
        floor.drop_own()
        told.put((None, None, crash))


def soak(wanted: Wanted) -> list[str]:
    """Run it; the faults. Figures are printed as they come."""
    from tests import floor

    floor.clear_environment()
    begun = time.monotonic()
    with servers() as (stack, _):
        os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
        environments = [floor.environment(stack, place) for place in range(wanted.processes)]
        os.environ.update(environments[0])
        floor.template()
        print(f"Migrated in {time.monotonic() - begun:.0f} s.", flush=True)
        tried, told = SPAWN.Value("q", 0), SPAWN.Queue()
        workers = [
            SPAWN.Process(target=work, args=(place, environment, wanted, tried, told), daemon=True)
            for place, environment in enumerate(environments)
        ]
        for worker in workers:
            worker.start()
        try:
            return _listen(workers, told)
        finally:
            for worker in workers:
                worker.terminate()
                worker.join()
            shutil.rmtree(Path(os.environ["PORTAL_VAR"]).parent, ignore_errors=True)


def _listen(workers: list[SpawnProcess], told: Any) -> list[str]:
    """What the processes tell, until all have ended: a line a minute, then the table. Returns the faults."""
    from tests.machine.tally import Tally

    total, faults, running, last = Tally(), [], len(workers), -1
    begun = said = time.monotonic()
    while running:
        try:
            number, tally, fault = told.get(timeout=30)
        except Empty:
            if not any(worker.is_alive() for worker in workers):
                raise SystemExit("The processes ended without a word.") from None
            continue
        if fault:
            faults.append(fault)
            print(fault, flush=True)
        if number is None:
            running -= 1
            continue
        total, last = total + tally, max(last, number)
        if time.monotonic() - said > 60:
            said = time.monotonic()
            print(f"{(said - begun) / 60:.1f} min, to run {last}: {total}", flush=True)
    print(f"\n{(time.monotonic() - begun) / 60:.1f} min, to run {last}: {total}\n\n{total.table()}")
    return faults


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--actions", type=int, default=100_000, help="tries by one person of one thing")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--first", type=int, default=0, help="the number of the first run")
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument(
        "--steps", type=int, default=100, help="steps in a run, each of one or several actions"
    )
    parser.add_argument(
        "--people", type=int, default=1, help="how many are asked what they see, in turn, beside who acted"
    )
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--as-found", action="store_true", help="do not make a failing run smaller")
    given = parser.parse_args()
    wanted = Wanted(
        given.seed, given.first, given.runs, given.actions, given.minutes, given.steps, not given.as_found,
        given.processes,
    )  # fmt: skip
    os.environ["PORTAL_TEST_MACHINE_PEOPLE"] = str(given.people)
    # So that whoever ends it leaves no server behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    faults = soak(wanted)
    print(f"{len(faults)} faults, told above." if faults else "Nothing broke an invariant.")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
