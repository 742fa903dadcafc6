"""State tables as data, and the one function that moves a row along them.

An app's ``states.py`` holds its enum and ``TRANSITIONS``. Buttons, admin actions, API verbs, docs/states.md, the tests and
the trigger in the database are all derived from that table.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from portal.errors import AlreadyDone, Missing, NotAllowed, WrongState


@dataclass(frozen=True, slots=True)
class Transition:
    """One permitted step. ``who`` names the capacity that takes it (``clock`` for time itself).

    ``needs_code``: the step asks for a ``reason_code`` of its app's list, which the action checks.
    """

    source: str
    target: str
    verb: str
    who: str
    needs_reason: bool = False
    label: str = ""
    needs_code: bool = False


def steps(
    sources: Iterable[str],
    target: str,
    verb: str,
    who: str,
    *,
    needs_reason: bool = False,
    label: str = "",
    needs_code: bool = False,
):
    """The same step from several states, one row each."""
    return tuple(Transition(str(s), str(target), verb, who, needs_reason, label, needs_code) for s in sources)


@dataclass(frozen=True, slots=True)
class Machine:
    """A state table and what is derived from it.

    ``derived`` maps a state that only the clock reaches to the state stored meanwhile: nothing has to run for it to be
    true, and no stored state can lie while a job is late.
    """

    name: str
    transitions: tuple[Transition, ...]
    terminal: frozenset[str]
    derived: dict[str, str]

    def stored(self, state: str) -> str:
        return self.derived.get(state, state)

    def find(self, state: str, verb: str) -> Transition | None:
        return next((t for t in self.transitions if t.source == state and t.verb == verb), None)

    def verbs_from(self, state: str, who: Iterable[str]) -> list[Transition]:
        """The steps these capacities may take from here, in the table's order."""
        capacities = set(who)
        return [t for t in self.transitions if t.source == state and t.who in capacities]

    def verbs(self) -> list[str]:
        """Every verb a person can take, in the table's order."""
        return list(dict.fromkeys(t.verb for t in self.transitions if t.who != "clock"))

    def require(self, state: str, verb: str, who: Iterable[str], *, reason: str = "") -> Transition:
        """The step that these capacities may take from ``state``.

        Raises NotAllowed (the verb is not theirs from any state), WrongState, AlreadyDone (the verb's effect is there
        already) or Missing (a reason is asked for and none given), in this order: who may not act learns nothing.
        """
        capacities = set(who)
        mine = [t for t in self.transitions if t.verb == verb and t.who in capacities]
        if not mine:
            raise NotAllowed("This step is not yours to take.")
        found = next((t for t in mine if t.source == state), None)
        if found is None:
            words = state.replace("_", " ")
            if any(t.target == state and t.source != t.target for t in mine):
                raise AlreadyDone(f"This was done already: the {self.name} is {words}.")
            raise WrongState(f"This {self.name} is {words}, so this step cannot be taken.")
        if found.needs_reason and not reason.strip():
            raise Missing("Give a reason.", field="reason")
        return found

    def stored_jumps(self) -> list[tuple[str, str]]:
        """Every change of the stored state that the table allows; the database trigger refuses all others."""
        pairs = {(self.stored(t.source), self.stored(t.target)) for t in self.transitions}
        return sorted(pair for pair in pairs if pair[0] != pair[1])
