"""What a person can be reminded of. Each app registers its kinds here from its AppConfig; this floor knows none of them."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from portal import programme
from portal.accounts.models import ROLES_OF, Kind
from portal.programme import schema


def days(*numbers: float) -> tuple[timedelta, ...]:
    return tuple(timedelta(days=number) for number in numbers)


@dataclass(frozen=True, slots=True)
class Group:
    """Kinds of messages for which a person chooses together how they come by mail.

    ``sides`` are the kinds of organisations whose people are told such things.
    """

    key: str
    label: str
    sides: tuple[str, ...] = (Kind.LAB, Kind.AGENCY, Kind.PARTNER)


STEPS = Group("steps", "Steps on a case", (Kind.LAB, Kind.AGENCY))
REMINDERS = Group("reminders", "Reminders of dates")
ACCOUNT = Group("account", "Account and security")


@dataclass(frozen=True, slots=True)
class StandIns:
    """People who are told in the place of others who are away, gone, or whose mailbox takes no mail.

    ``among`` is "case", for capacities in which the audience admits them to the case, or "organisation", for roles in the
    organisation that the deadline names. So nobody is ever told of what they could not see by themselves.
    """

    capacities: tuple[str, ...]
    among: str = "case"


@dataclass(frozen=True, slots=True)
class DeadlineKind:
    """One kind of deadline.

    ``capacities`` of the audience who are reminded: roles where each deadline names an organisation, empty where it names
    one person. ``offsets`` are distances from the due date, negative before it. ``wording`` is a sentence without any fact
    of the case. Both are as delivered: what holds is ``offsets_of`` and ``said``, which the programme's settings may change.
    ``stand_ins`` are asked in their order; where the kind names none, those of its capacities (``STAND_INS``) are.
    """

    key: str
    label: str
    wording: str
    capacities: tuple[str, ...]
    offsets: tuple[timedelta, ...]
    scope: str = "record"
    # Roles that see every case but have no part in what this is about, so that its dates tell them nothing.
    withheld_from: tuple[str, ...] = ()
    # Whether it stands when its case is closed or withdrawn: somebody owes it because, or although, the case is over.
    outlives_case: bool = False
    group: Group = REMINDERS
    essential: bool = False
    stand_ins: tuple[StandIns, ...] | None = None


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """One kind of message about something that happened.

    ``mail`` writes the text of the mail where the wording and the message's link will not do: it is called when the mail is
    sent, so that a link which opens something is never stored. What is ``essential`` (access given or ended, dates moved,
    the account itself) is mailed at once, whatever a person chose for its group.
    """

    key: str
    label: str
    wording: str
    mail: Callable[[Any], str] | None = None
    group: Group = STEPS
    essential: bool = False


# In which capacities of a case people are told in whose place: of one side always, since what one owes is no other's news.
STAND_INS = {
    ("lab",): (StandIns(("lab_viewer",)),),
    ("lead", "reviewer"): (StandIns(("agency_coordinator",)), StandIns(("coordinator",))),
    ("coordinator",): (StandIns(("designator",)),),
}
# Added to what a reminder says to who gets it in another's place.
IN_PLACE = "It comes to you because nobody who is asked first can be reached."

UNKNOWN = "There is news about this case."
DEADLINES: dict[str, DeadlineKind] = {}
NOTICES: dict[str, NoticeKind] = {}


def register(
    *kinds: DeadlineKind | NoticeKind, group: Group | None = None, essential: Collection[str] = ()
) -> None:
    """Take kinds in. ``group`` is that of all of them; ``essential`` names those of the notices that are."""
    unknown = set(essential) - {kind.key for kind in kinds}
    if unknown:
        raise ValueError(f"There are no such kinds: {sorted(unknown)}.")
    for kind in kinds:
        taken = replace(kind, group=group or kind.group)
        if isinstance(taken, DeadlineKind):
            DEADLINES[taken.key] = taken
        else:
            NOTICES[taken.key] = replace(taken, essential=taken.essential or taken.key in essential)
        schema.know(*_settings(taken.key, isinstance(taken, DeadlineKind)))


def _settings(key: str, of_a_date: bool) -> list[schema.Setting]:
    """What can be set of a kind: its sentence, and for a date when it is reminded of."""
    kinds: dict[str, Any] = DEADLINES if of_a_date else NOTICES
    kind = kinds[key]
    sentence = schema.Line(
        f"wording:{_name(kind)}", schema.WORDING, kind.label, lambda: kinds[key].wording, part=kind.group.label,
        lowest=10, highest=200, sentence=True,
    )  # fmt: skip
    if not of_a_date:
        return [sentence]
    moments = schema.Offsets(
        f"offsets:{key}", schema.REMINDERS, kind.label, lambda: _seconds(DEADLINES[key].offsets), part=kind.group.label
    )  # fmt: skip
    return [moments, sentence]


def _name(kind: DeadlineKind | NoticeKind) -> str:
    return f"{'deadline' if isinstance(kind, DeadlineKind) else 'notice'}:{kind.key}"


def _seconds(offsets: tuple[timedelta, ...]) -> list[int]:
    return sorted(int(offset.total_seconds()) for offset in offsets)


def said(kind: DeadlineKind | NoticeKind | None) -> str:
    """What a message of this kind says, by the programme's settings."""
    return programme.current().get(f"wording:{_name(kind)}") if kind else UNKNOWN


def wording(deadline_kind: str) -> str:
    """What a reminder of this kind says."""
    return said(DEADLINES.get(deadline_kind))


def offsets_of(*deadline_kinds: str) -> dict[str, list[timedelta]]:
    """When dates of these kinds (all when none is named) are reminded of, by the programme's settings."""
    now = programme.current()
    return {
        kind: [timedelta(seconds=seconds) for seconds in now.get(f"offsets:{kind}")]
        for kind in deadline_kinds or DEADLINES
    }


def next_moment(due_at: datetime, offsets: Iterable[timedelta], *, after: datetime) -> datetime | None:
    """The first moment at or after ``after`` at which one of these offsets falls due; None when all have passed."""
    moments = [due_at + offset for offset in offsets]
    return min((moment for moment in moments if moment >= after), default=None)


def label(deadline_kind: str) -> str:
    """What a deadline of this kind is called."""
    return DEADLINES[deadline_kind].label if deadline_kind in DEADLINES else deadline_kind.replace("_", " ")


def kind_of(message) -> DeadlineKind | NoticeKind | None:
    """The kind of a message. A reminder and word of what happened may share a key: "acknowledge" is to be done, then done."""
    first, second = (DEADLINES, NOTICES) if message.deadline_id else (NOTICES, DEADLINES)
    return first.get(message.kind) or second.get(message.kind)


@dataclass(frozen=True, slots=True)
class Line:
    """Whom reminders of a kind go to: those of line 0, and the next line's where nobody of a part can be reached.

    ``form`` is how a deadline says whom it concerns: "case" (who the audience admits), "organisation" or "person". A part is
    a side that acts by itself: of a date that is shared, each side has its own next in line. ``among`` says where the
    capacities of this line are looked for.
    """

    kind: str
    form: str
    part: str
    line: int
    among: str
    capacities: tuple[str, ...]


def lines() -> list[Line]:
    """The lines of every kind."""
    return [line for kind in DEADLINES.values() for line in _lines(kind)]


def _lines(kind: DeadlineKind) -> Iterable[Line]:
    yield from _line(kind, "person", "person", ())
    if kind.capacities:
        yield from _line(kind, "organisation", "organisation", kind.capacities)
    for part in _parts(kind.capacities):
        yield from _line(kind, "case", "/".join(part), part)


def _line(kind: DeadlineKind, form: str, part: str, capacities: tuple[str, ...]) -> Iterable[Line]:
    yield Line(kind.key, form, part, 0, form, capacities)
    # Nobody answers for an organisation's people, or for one person, unless the kind says who.
    usual = STAND_INS.get(capacities, ()) if form == "case" else ()
    for number, one in enumerate(usual if kind.stand_ins is None else kind.stand_ins, start=1):
        standing = tuple(word for word in one.capacities if word not in kind.withheld_from)
        if standing:
            yield Line(kind.key, form, part, number, one.among, standing)


def _parts(capacities: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The capacities of one side each: a lab's, a partner's, the government's."""
    sides: dict[str, list[str]] = {}
    for word in capacities:
        side = word.partition("_")[0] if word in _INVITED else Kind.AGENCY
        sides.setdefault(side, []).append(word)
    return [tuple(words) for words in sides.values()]


# Capacities, and roles where a deadline names an organisation, of those whom the government invited.
_INVITED = {"lab", "lab_viewer", "partner", *ROLES_OF[Kind.LAB], *ROLES_OF[Kind.PARTNER]}


def government_kinds() -> list[str]:
    """The kinds that bind the government's side alone: only these can be late. A date shared with a lab or partner is news."""
    return [key for key, kind in DEADLINES.items() if not _INVITED & set(kind.capacities)]


def dates_shared() -> list[str]:
    """The kinds that are news to a lab or a partner: once such a date has passed, nobody is late with anything."""
    return [key for key, kind in DEADLINES.items() if _INVITED & set(kind.capacities)]


# The capacities in which a seat's holder may be asked to act, besides the role itself.
_STANDS_AS = {
    ("lab", "admin"): ("lab",),
    ("lab", "contributor"): ("lab",),
    ("agency", "coordinator"): ("agency_coordinator",),
    ("agency", "reviewer"): ("lead",),
    ("partner", "admin"): ("partner",),
    ("partner", "member"): ("partner",),
}


def kinds_for(seats) -> list[str]:
    """The kinds of deadlines whose reminders could go to somebody with these seats."""
    words = {seat.role for seat in seats}
    words.update(word for seat in seats for word in _STANDS_AS.get((seat.kind, seat.role), ()))
    return [key for key, kind in DEADLINES.items() if words & set(kind.capacities)]


def is_essential(message) -> bool:
    """Whether a message goes at once, whatever its person chose, and to whom it was written, whatever they see since."""
    kind = kind_of(message)
    return kind is None or kind.essential
