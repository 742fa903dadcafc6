"""Which of the lab's results and of the agency's are about the same, and how far apart they are. Pure: no database, no clock.

What it says of a pair is a statement about two numbers and their standard errors, and never one about the model or its release.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

# Of each kind: of many evaluations of one name each stands beside each.
ROWS_AT_MOST = 300
WITHIN = "within 2 standard errors"
DIFFERS = "differs by more than 2 standard errors"
NO_ERROR = "no standard error given"
TOO_LARGE = "too large to subtract"
_GAPS = re.compile(r"[\s_-]+")

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Measured:
    """One result: a metric of a score in an evaluation. ``stderr`` and ``samples`` are None where none was given."""

    task: str
    score: str
    metric: str
    value: float
    stderr: float | None = None
    samples: int | None = None
    model: str = ""
    of: datetime | None = None

    @property
    def key(self) -> Key:
        return key_of(self.task, self.score, self.metric)

    @property
    def shown(self) -> str:
        """The value and its standard error, such as ``0.625 ± 0.05``."""
        return f"{self.value:.6g}" + (f" ± {self.stderr:.3g}" if self.stderr is not None else "")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two results of one name. ``difference`` is the agency's less the lab's, ``stderr`` is its standard error. Each is None
    where there is no such number.
    """

    lab: Measured
    agency: Measured
    difference: float | None
    stderr: float | None
    words: str

    @property
    def named(self) -> str:
        """What the agency's result is called, where that is not to the letter what the lab's is called."""
        names = [(one.task, one.score, one.metric) for one in (self.lab, self.agency)]
        return (
            "" if names[0] == names[1] else f"{self.agency.task}, {self.agency.score}: {self.agency.metric}"
        )

    @property
    def difference_shown(self) -> str:
        return "—" if self.difference is None else f"{self.difference:+.6g}" if self.difference else "0"

    @property
    def stderr_shown(self) -> str:
        return "—" if self.stderr is None else f"{self.stderr:.3g}"


@dataclass(frozen=True, slots=True)
class Compared:
    """What both sides say: in pairs, or under the side that alone has it. ``left_out`` counts what of it is not here."""

    pairs: list[Pair]
    only_lab: list[Measured]
    only_agency: list[Measured]
    left_out: int = 0

    @property
    def is_empty(self) -> bool:
        return not (self.pairs or self.only_lab or self.only_agency)


def key_of(task: str, score: str, metric: str) -> Key:
    """Under what name a result is looked for on the other side; results of one name are about the same.

    The task and the score are taken without the package that they may be named with, as in ``inspect_evals/gpqa_diamond``: what
    counts is behind the last slash. In all three case does not matter, and spaces, hyphens and underscores are the same, since
    a file's name has hyphens where the task's has underscores. Nothing else is: ``accuracy``, ``mean``, ``std``, ``stderr`` and
    whatever other metrics there are stay apart. Source: Inspect's documentation of tasks in packages and of built-in metrics
    (https://inspect.aisi.org.uk/tasks.html, https://inspect.aisi.org.uk/scorers.html).
    """
    return _plain(_unpackaged(task)), _plain(_unpackaged(score)), _plain(metric)


def _unpackaged(name: str) -> str:
    name = name.strip()
    return name.rpartition("/")[2].strip() or name


def _plain(name: str) -> str:
    return _GAPS.sub("_", name.strip().casefold())


def compare(lab: Iterable[Measured], agency: Iterable[Measured]) -> Compared:
    """The results of both sides matched by ``key_of``, in whatever order they come: of several of one name each beside each.

    What is no finite number is no result; a standard error that is none, or less than 0, counts as not given.
    """
    theirs, ours = _by_key(lab), _by_key(agency)
    both = sorted(theirs.keys() & ours.keys())
    pairs = ((one, other) for key in both for one in theirs[key] for other in ours[key])
    only_lab = [one for key in sorted(theirs.keys() - ours.keys()) for one in theirs[key]]
    only_agency = [one for key in sorted(ours.keys() - theirs.keys()) for one in ours[key]]
    numbers = (sum(len(theirs[key]) * len(ours[key]) for key in both), len(only_lab), len(only_agency))
    return Compared(
        # Of very many of one name the pairs are never all made.
        [pair_of(one, other) for one, other in islice(pairs, ROWS_AT_MOST)],
        only_lab[:ROWS_AT_MOST],
        only_agency[:ROWS_AT_MOST],
        sum(max(0, number - ROWS_AT_MOST) for number in numbers),
    )


def pair_of(lab: Measured, agency: Measured) -> Pair:
    """Two results and how far apart they are: the standard error of the difference is the root of the sum of both squares."""
    difference = _finite(agency.value - lab.value)
    given = lab.stderr is not None and agency.stderr is not None
    stderr = _finite(math.hypot(lab.stderr, agency.stderr)) if given else None  # type: ignore[arg-type]
    if not given:
        words = NO_ERROR
    elif difference is None or stderr is None:
        words = TOO_LARGE
    else:
        words = WITHIN if abs(difference) <= 2 * stderr else DIFFERS
    return Pair(lab, agency, difference, stderr, words)


def _by_key(rows: Iterable[Measured]) -> dict[Key, list[Measured]]:
    found = defaultdict(list)
    for row in sorted(filter(None, map(_sound, rows)), key=_order):
        found[row.key].append(row)
    return dict(found)


def _sound(row: Measured) -> Measured | None:
    if _finite(row.value) is None:
        return None
    if row.stderr is None or (_finite(row.stderr) is not None and row.stderr >= 0):
        return row
    return Measured(row.task, row.score, row.metric, row.value, None, row.samples, row.model, row.of)


def _order(row: Measured) -> tuple:
    """The same rows stand in the same order, however they came: by date, then by all they say."""
    optional = [(value is not None, value or 0) for value in (row.stderr, row.samples)]
    return (
        row.of is not None,
        row.of and row.of.timestamp(),
        row.task,
        row.score,
        row.metric,
        row.model,
        row.value,
        *optional,
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
