"""How the stateful test tries: one person's step in a savepoint, held against the rows before it; then everybody is asked.

As a door does it, a step looks for its subject and is refused or taken in its person's scope, and what people see is asked in
theirs, so that row-level security is in force; the rows that the questions stand on are read by who sees all.
"""

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from math import inf
from random import Random
from typing import ClassVar
from unittest.mock import patch

import time_machine
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection, transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from portal import scope, work
from portal.accounts.models import User
from portal.errors import Refused
from portal.ledger.models import Event
from tests.machine.invariants import ALL, Present, Sight, broken_by
from tests.machine.tally import Tally
from tests.machine.world_clock import ClockWorld

numbers = st.integers(0, 10_000)
# How many people are asked after a step what they see, besides who took it; the others' turn comes after the steps that follow.
ASKED = int(os.environ.get("PORTAL_TEST_MACHINE_PEOPLE", "3"))


class TimeIsUp(BaseException):
    """A run stops where it is. No Exception: Hypothesis would take it for a fault."""


class Trying(RuleBasedStateMachine):
    """Each run happens in one transaction that is rolled back, each step in a savepoint: a refusal leaves no trace."""

    world: ClockWorld
    tally: ClassVar[Tally] = Tally()
    until: ClassVar[float] = inf

    def open(self) -> None:
        self.outer = ExitStack()
        # Ids come in the same order each time, so that what failed once fails again.
        self.outer.enter_context(patch.object(os, "urandom", Random(0).randbytes))
        self.outer.enter_context(transaction.atomic())
        self.asked: tuple | None = None
        self.checks, self.acted = 0, []
        with time_machine.travel(ClockWorld.BEGIN, tick=False):
            self.world = ClockWorld()
        self.present = Present.read(self.world.at)

    def teardown(self):
        if hasattr(self, "outer"):
            transaction.set_rollback(True)
            self.outer.close()

    def attempt(self, person: int, call: Callable) -> str:
        """One try by one person: done with its event, or refused without a trace. Returns ``done`` or the refusal's code."""
        actor = self.world.person(person)
        try:
            outcome = self._attempt(actor, call, scope.as_person(actor.pk))
        except ObjectDoesNotExist:
            # A door answers that there is no such thing. Who does not see it is refused by the policy too, past the rows' own.
            outcome = self._attempt(actor, call, nullcontext())
            assert outcome != "done", (
                "done by who does not see what it is done to",
                self.world.trying,
                actor,
            )
        self.tally.note(self.world.trying, outcome)
        return outcome

    def _attempt(self, actor: User, call: Callable, seen: AbstractContextManager) -> str:
        before = self.present
        try:
            with time_machine.travel(self.world.at, tick=False), transaction.atomic():
                with work.piece(), seen:
                    call(actor)
                # What is checked when a transaction ends, since none here ever does.
                connection.check_constraints()
        except Refused as refused:
            assert Event.objects.count() == before.events
            return refused.code
        self.present = Present.read(self.world.at)
        self.acted = [actor.pk]
        assert broken_by(actor, before, self.present) == []
        return "done"

    def by(self, actor, call: Callable) -> str:
        """One try by a person who is known to be the one."""
        return self.attempt(self.world.people.index(actor.pk), call)

    def anybody(self, person: int, call: Callable) -> None:
        """Person after person tries until it is somebody's to do: who may not, leaves no trace; who may, gets an answer."""
        for step in range(len(self.world.people)):
            if self.attempt(person + step, call) != "not_allowed":
                return

    def on(self, model, person: int, number: int, call: Callable) -> None:
        found = self.world.pick(model, number)
        if found is not None:
            self.anybody(person, lambda actor: call(actor, found))

    def likely(self, steps, state: str, drawn: str, number: int, *, seldom: tuple = ()) -> str:
        """A verb that the state table has from here, three times out of four; else the one that was drawn."""
        able = sorted(
            {t.verb for t in steps if t.source == state and t.who != "clock" and t.verb not in seldom}
        )
        return able[number // 4 % len(able)] if able and number % 4 else drawn

    def time_goes_to(self, at) -> None:
        self.world.at = at
        self.present = Present.read(at)

    def ask(self) -> None:
        """Ask every question, when something happened or time passed. What people see is asked of some of them, in turn."""
        if time.monotonic() > self.until:
            raise TimeIsUp
        present = (self.world.at, self.present.events)
        if present == self.asked:
            return
        self.asked, self.checks = present, self.checks + 1
        everybody = self.world.people
        turn = [everybody[(ASKED * self.checks + place) % len(everybody)] for place in range(ASKED)]
        people = list(dict.fromkeys([*turn[: len(everybody)], *self.acted]))
        with time_machine.travel(self.world.at, tick=False):
            sight = Sight(self.world.at, people)
            for question in ALL:
                self.tally.asked += 1
                broken = question(sight)
                assert broken == [], (question.__doc__, broken)
