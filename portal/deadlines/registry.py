"""What a person can be reminded of. Each app registers its kinds here from its AppConfig; this floor knows none of them."""

from dataclasses import dataclass
from datetime import timedelta


def days(*numbers: float) -> tuple[timedelta, ...]:
    return tuple(timedelta(days=number) for number in numbers)


@dataclass(frozen=True, slots=True)
class DeadlineKind:
    """One kind of deadline.

    ``capacities`` of the audience who are reminded: roles where each deadline names an organisation, empty where it names
    one person. ``offsets`` are distances from the due date, negative before it. ``wording`` is a sentence without any fact
    of the case.
    """

    key: str
    label: str
    wording: str
    capacities: tuple[str, ...]
    offsets: tuple[timedelta, ...]
    scope: str = "record"


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """One kind of message about something that happened."""

    key: str
    label: str
    wording: str


DEADLINES: dict[str, DeadlineKind] = {}
NOTICES: dict[str, NoticeKind] = {}


def register(*kinds: DeadlineKind | NoticeKind) -> None:
    for kind in kinds:
        table: dict = DEADLINES if isinstance(kind, DeadlineKind) else NOTICES
        table[kind.key] = kind


def wording(message_kind: str) -> str:
    kind = DEADLINES.get(message_kind) or NOTICES.get(message_kind)
    return kind.wording if kind else "There is news about this case."


def label(message_kind: str) -> str:
    kind = DEADLINES.get(message_kind) or NOTICES.get(message_kind)
    return kind.label if kind else message_kind.replace("_", " ")


def offset_name(seconds: int) -> str:
    """How an offset is written in keys and headers: ``-7d``, ``0``, ``+1d``, ``+12h``."""
    if seconds == 0:
        return "0"
    size, unit = (abs(seconds) // 86400, "d") if seconds % 86400 == 0 else (abs(seconds) // 3600, "h")
    return f"{'-' if seconds < 0 else '+'}{size}{unit}"


def government_kinds() -> list[str]:
    """The kinds that bind the government's side alone: only these can be late. A date shared with a lab or partner is news."""
    return [
        key for key, kind in DEADLINES.items() if not {"lab", "lab_viewer", "partner"} & set(kind.capacities)
    ]
