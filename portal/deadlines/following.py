"""Open deadlines follow the programme's settings: a changed target moves their dates, changed offsets their reminders.

In a fixed number of statements for each kind, whatever the number of deadlines. What may follow is what apps name here: dates
that are targets. The window, releases, grants, seats, eligibility, and what a notice gave a lab in writing are none of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from portal.deadlines import planning, registry
from portal.deadlines.models import Deadline, Message
from portal.errors import Refused
from portal.programme import versions
from portal.programme.effects import Consequence, Move, Reminders, giving_way, wait_a_moment
from portal.programme.models import Version
from portal.programme.versions import Programme

# Rows of one statement: bounded, so that a lock table or a parameter list never is the limit.
BATCH = 5000
# No step is under way for longer, and a worker that was away for some minutes still comes in time.
UNDER_WAY = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Formula:
    """How the date of one kind of deadline follows from facts and one target.

    ``dues`` gives, in one statement, the date of each deadline whose facts it finds, by the deadline's id. Where the subject's
    own row holds the date too, ``lock`` takes these rows before their deadlines, and ``keep`` writes it there, by their ids.
    """

    kind: str
    target: str
    dues: Callable[[Sequence[Deadline]], dict[UUID, datetime]]
    lock: Callable[[Sequence[Deadline]], None] | None = None
    keep: Callable[[dict[UUID, datetime]], None] | None = None


FORMULAS: dict[str, Formula] = {}


def register_formulas(*formulas: Formula) -> None:
    FORMULAS.update({formula.kind: formula for formula in formulas})


def follow(before: Version | None, after: Version, *, at: datetime) -> list[Consequence]:
    """Move what follows from a change of the settings, and say what that was; for the kinds that the change concerns."""
    was, will = versions.of(before), versions.of(after)
    offsets = {kind: (_offsets(was, kind), _offsets(will, kind)) for kind in registry.DEADLINES}
    moving = {
        key for key, formula in FORMULAS.items() if was.target(formula.target) != will.target(formula.target)
    }
    concerned = [kind for kind, (old, new) in offsets.items() if kind in moving or old != new]
    if not concerned:
        return []
    # Where only the reminders change, what is due by those before is written down first: of it the new ones know nothing.
    # Where a date moves, a reminder that nobody has been given yet moves with it.
    if told := [kind for kind in concerned if kind not in moving]:
        with versions.in_force(before.pk if before else None):
            planning.plan(at=at, kinds=told)
    found = [_follow(kind, kind in moving, *offsets[kind], at=at) for kind in concerned]
    return [one for one in found if one.open]


def settle_after_change(*, at: datetime) -> int:
    """Set the open dates as the settings that hold say, for a while after these changed; returns how many moved.

    For the steps that were under way when a version was saved: they read the one before it. Twice, late or beside itself: the
    same rows. Where steps on cases are in its way it does nothing, until it is asked again.
    """
    last = Version.objects.newest()
    if last is None or last.made_at < at - UNDER_WAY:
        return 0
    now = versions.of(last)
    offsets = {kind: _offsets(now, kind) for kind in FORMULAS}
    try:
        with giving_way(), versions.in_force(last.pk):
            wait_a_moment()
            found = [_follow(kind, True, offsets[kind], offsets[kind], at=at) for kind in sorted(FORMULAS)]
    except Refused:
        return 0
    return sum(len(one.moves) for one in found)


def _offsets(programme: Programme, kind: str) -> tuple[int, ...]:
    return tuple(programme.get(f"offsets:{kind}"))


def _follow(
    kind: str, moving: bool, old: tuple[int, ...], new: tuple[int, ...], *, at: datetime
) -> Consequence:
    told = Consequence(kind, registry.label(kind), 0, (), Reminders())
    found = list(Deadline.objects.still_open().filter(kind=kind).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(found), BATCH):
        told = _added(told, _follow_batch(kind, moving, old, new, found[start : start + BATCH], at))
    return told


def _added(one: Consequence, other: Consequence) -> Consequence:
    a, b = one.reminders, other.reminders
    sums = Reminders(a.new + b.new, a.moved + b.moved, a.skipped + b.skipped, a.dropped + b.dropped)
    return replace(one, open=one.open + other.open, moves=one.moves + other.moves, reminders=sums)


def _follow_batch(
    kind: str, moving: bool, old: tuple[int, ...], new: tuple[int, ...], ids: list[UUID], at: datetime
) -> Consequence:
    formula = FORMULAS.get(kind) if moving else None
    rows = Deadline.objects.still_open().filter(pk__in=ids).order_by("pk")
    if formula is not None and formula.lock is not None:
        # As every step does: the subject first, its deadline after it.
        formula.lock(list(rows))
    held = list(rows.select_for_update())
    dues = formula.dues(held) if formula is not None else {}
    moves = tuple(
        Move(row.pk, row.case_number, row.due_at, dues[row.pk])
        for row in held
        if dues.get(row.pk, row.due_at) != row.due_at
    )
    if formula is not None and formula.keep is not None and moves:
        kept = {row.pk: row.subject_id for row in held}
        formula.keep({kept[move.deadline_id]: move.after for move in moves})
    after = {move.deadline_id: move.after for move in moves}
    touched = [row for row in held if old != new or row.pk in after]
    steps = [timedelta(seconds=seconds) for seconds in new]
    _write(
        [
            (row.pk, due := after.get(row.pk, row.due_at), registry.next_moment(due, steps, after=at))
            for row in touched
        ],
        at,
    )
    told = _told([row.pk for row in touched])
    reminders = [
        _reminders(row.due_at, after.get(row.pk, row.due_at), old, new, told.get(row.pk, set()), at)
        for row in touched
    ]
    counts = [sum(column) for column in zip(*reminders, strict=True)] or [0, 0, 0, 0]
    return Consequence(kind, registry.label(kind), len(held), moves, Reminders(*counts))


def _told(ids: list[UUID]) -> dict[UUID, set[int]]:
    """The offsets of which anybody was told, by deadline: nobody is told of them again, whatever moves."""
    found: dict[UUID, set[int]] = {}
    told = Message.objects.filter(deadline__in=ids).order_by().values_list("deadline_id", "offset").distinct()
    for deadline, seconds in told:
        found.setdefault(deadline, set()).add(seconds)
    return found


def _reminders(
    due: datetime,
    new_due: datetime,
    old: tuple[int, ...],
    new: tuple[int, ...],
    told: set[int],
    at: datetime,
) -> tuple[int, int, int, int]:
    """How many of one deadline's coming reminders are new, move, are skipped, and fall away."""
    ahead = {seconds for seconds in old if due + timedelta(seconds=seconds) > at} - told
    later = {seconds for seconds in new if new_due + timedelta(seconds=seconds) >= at} - told
    fresh = later - ahead
    moved = later & ahead if due != new_due else set()
    skipped = (ahead & set(new)) - later
    return len(fresh), len(moved), len(skipped), len(ahead - set(new))


def _write(rows: list[tuple[UUID, datetime, datetime | None]], at: datetime) -> None:
    """The dates and next moments of deadlines, in one statement. Reminders of moments before ``at`` are skipped from now on."""
    if not rows:
        return
    ids, dues, nexts = (list(column) for column in zip(*rows, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE deadlines_deadline d SET due_at = n.due_at, next_at = n.next_at, fresh_from = %(at)s
            FROM unnest(%(ids)s::uuid[], %(dues)s::timestamptz[], %(nexts)s::timestamptz[]) AS n(id, due_at, next_at)
            WHERE d.id = n.id
            """,
            {"ids": ids, "dues": dues, "nexts": nexts, "at": at},
        )
