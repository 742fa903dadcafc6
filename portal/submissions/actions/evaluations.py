"""Rows of evaluations: added as the lab confirmed or wrote them, never changed, taken back where they are wrong."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.errors import AlreadyDone, Invalid
from portal.scope import action
from portal.submissions.actions import case as steps
from portal.submissions.actions.drafts import Conflict, merge_draft
from portal.submissions.evidence.metrics import is_stderr
from portal.submissions.models import DocumentVersion, Evaluation, Submission

ROWS_AT_MOST, METRICS_AT_MOST, METRIC_NAME_AT_MOST = 100, 200, 500
TEXTS = {"task": 500, "dataset": 500, "model": 500, "checkpoint": 200, "status": 20}
WRITTEN = (*TEXTS, "samples", "evaluated_at", "scores")


@dataclass(frozen=True, slots=True)
class Source:
    """The file that rows were read from; ``version`` where it was kept as a document of the case."""

    name: str
    sha256: str
    version: DocumentVersion | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of taking a file's values: the rows, the facts that changed, and those others changed meanwhile."""

    rows: list[Evaluation]
    changed: list[str]
    conflicts: list[Conflict]


@action
def take_evidence(
    *,
    actor,
    submission: Submission,
    facts: dict,
    rows: list[dict[str, Any]],
    seen: Mapping[str, str],
    source: Source | None = None,
    at: datetime | None = None,
) -> Taken:
    """Take confirmed values into a case: facts into a draft, as ``merge_draft`` does, and rows of evaluations.

    Raises AlreadyDone where nothing of it is new.
    """
    merged = None
    if facts:
        merged = merge_draft(actor=actor, submission=submission, facts=facts, seen=seen, at=at)
    made: list[Evaluation] = []
    if rows:
        try:
            made = add_evaluations(actor=actor, submission=submission, rows=rows, source=source, at=at)
        except AlreadyDone:
            if merged is None or not (merged.changed or merged.conflicts):
                raise
    elif merged is not None and not merged.changed and not merged.conflicts:
        raise AlreadyDone("All of this is in the draft already.")
    return Taken(made, merged.changed if merged else [], merged.conflicts if merged else [])


@action
def add_evaluations(
    *,
    actor,
    submission: Submission,
    rows: list[dict[str, Any]],
    source: Source | None = None,
    at: datetime | None = None,
) -> list[Evaluation]:
    """Add rows. Those that the case has already are left out; raises AlreadyDone where that is all of them.

    Raises Invalid, naming the field, for a row without a task, a number that is none, or more than is sane.
    """
    if not 0 < len(rows) <= ROWS_AT_MOST:
        raise Invalid(f"Give 1 to {ROWS_AT_MOST} rows.", field="rows")
    checked = [checked_row(row) for row in rows]
    case, at = steps.begin_edit(actor=actor, submission=submission, edit="add_evaluations", at=at)
    sha256 = source.sha256 if source else ""
    standing = case.evaluation_rows.filter(taken_back_at=None, source_sha256=sha256)
    there = [
        {name: getattr(row, name) for name in WRITTEN}
        for row in standing.filter(task__in={row["task"] for row in checked})
    ]
    fresh = [row for row in checked if row not in there]
    if not fresh:
        raise AlreadyDone("These rows are in the case already; nothing was added twice.")
    made = [
        Evaluation(
            submission=case,
            added_by=actor,
            added_at=at,
            source_name=source.name if source else "",
            source_sha256=sha256,
            source_version=source.version if source else None,
            **row,
        )
        for row in fresh
    ]
    Evaluation.objects.bulk_create(made)
    readers = []
    if case.submitted_at is not None:
        readers = steps.people(case, "coordinator", "lead", "reviewer", at=at, scope="facts")
    steps.finish(
        case=case,
        actor=actor,
        verb="add_evaluations",
        at=at,
        data={"evaluations": [row.pk for row in made], "sha256": sha256},
        tell=readers,
    )
    return made


@action
def take_back_evaluation(*, actor, evaluation: Evaluation, at: datetime | None = None) -> Evaluation:
    """Take a row back; it stays on record as taken back."""
    case, at = steps.begin_edit(
        actor=actor, submission=evaluation.submission, edit="take_back_evaluation", at=at
    )
    row = Evaluation.objects.select_for_update().get(pk=evaluation.pk)
    if row.taken_back_at is not None:
        raise AlreadyDone("This row was taken back already.")
    row.taken_back_at = at
    row.save(update_fields=["taken_back_at"])
    steps.finish(case=case, actor=actor, verb="take_back_evaluation", at=at, data={"evaluation": row.pk})
    return row


def checked_row(row: dict[str, Any]) -> dict[str, Any]:
    """A row as it may be kept. Raises Invalid, naming the field, for what may not."""
    unknown = set(row) - set(WRITTEN)
    if unknown:
        raise Invalid(f"Unknown value: {', '.join(sorted(unknown))}.", field="rows")
    found: dict[str, Any] = {}
    for name, longest in TEXTS.items():
        value = str(row.get(name) or "").strip()
        if len(value) > longest or "\x00" in value:
            raise Invalid(f"The {name} is longer than {longest} characters, or no text.", field=name)
        found[name] = value
    if not found["task"]:
        raise Invalid("Say what was evaluated: a row needs its task.", field="task")
    found["samples"] = _count(row.get("samples"))
    found["evaluated_at"] = _instant(row.get("evaluated_at"))
    found["scores"] = _scores(row.get("scores") or [])
    return found


def _count(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise Invalid("The number of samples is a whole number from 0 on.", field="samples")
    return value


def _instant(value: Any) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    return datetime.fromisoformat(value)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    # Larger whole numbers have no float, and no reader for whom they would mean anything.
    return abs(value) < 2**63 if isinstance(value, int) else math.isfinite(value)


def _scores(given: list[dict]) -> list[dict]:
    """Each score's metrics, checked to be finite numbers: JSON knows no others, and a reader could do nothing with them."""
    if sum(len(score["metrics"]) for score in given) > METRICS_AT_MOST:
        raise Invalid(f"A row has at most {METRICS_AT_MOST} results.", field="scores")
    found = []
    for score in given:
        for name, value in score["metrics"].items():
            if len(name) > METRIC_NAME_AT_MOST or "\x00" in name:
                raise Invalid(
                    f"A metric's name is longer than {METRIC_NAME_AT_MOST} characters, or no text.",
                    field="scores",
                )
            if not _is_number(value):
                raise Invalid(f"{name} is not a number.", field="scores")
            if value < 0 and is_stderr(name):
                raise Invalid("A standard error is 0 or more.", field="scores")
        found.append({"name": str(score["name"])[:500], "metrics": dict(score["metrics"])})
    return found
