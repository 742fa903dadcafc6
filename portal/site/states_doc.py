"""docs/states.md, made from the state tables; a test holds the file to them."""

from importlib import import_module

from portal.machine import Machine

# Every states.py of the portal; the documentation's test finds one that is missing here.
ROOMS = ("portal.submissions.states", "reviews.states", "partners.states")


def machines() -> list[Machine]:
    """The state tables in the rooms' order; each states.py may hold several."""
    return [
        value for room in ROOMS for value in vars(import_module(room)).values() if isinstance(value, Machine)
    ]


def _reason(transition) -> str:
    if transition.needs_code:
        return "of a list"
    return "asked" if transition.needs_reason else ""


def text() -> str:
    """The whole file."""
    parts = [
        "# States and steps\n",
        "Made by `manage.py write_states` from the tables in each `states.py`. `clock` means time itself: such states",
        "follow from dates at the moment of asking and are never stored. A step from a state to itself changes facts, not",
        "the state.\n",
    ]
    for machine in machines():
        ends = ", ".join(f"`{state}`" for state in sorted(machine.terminal)) or "none"
        parts += [
            f"## {machine.name.capitalize()}\n",
            f"Ends: {ends}.\n",
            "| from | step | to | by | reason |",
            "|---|---|---|---|---|",
        ]
        parts += [
            f"| {t.source} | `{t.verb}` | {t.target} | {t.who.replace('_', ' ')} | {_reason(t)} |"
            for t in machine.transitions
        ]
        parts.append("")
    return "\n".join(parts)
