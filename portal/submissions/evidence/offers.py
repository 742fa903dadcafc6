"""What a file offers to a case: values for its facts and rows of evaluations, each with its place in the file. Writes nothing.

An offer is plain data, so that it can travel in a form between reading a file and the person's confirming of each value.
"""

import re
from collections.abc import Container
from datetime import UTC, datetime
from typing import Any

from portal.submissions.evidence.found import Evidence, Score

# Headings of a model card, and the fact each of them speaks about. The first that fits counts, and only once.
_HEADINGS = (
    (
        "summary",
        re.compile(r"model (information|details?|description|overview|summary)|introduction|overview", re.I),
    ),
    ("capabilities", re.compile(r"capabilit|intended use|uses\b", re.I)),
    ("evaluations", re.compile(r"evaluation|benchmark|results", re.I)),
    ("safeguards", re.compile(r"safeguard|safety|responsib|mitigation", re.I)),
)
FORMATS = {
    "inspect_json": "Evaluation log of Inspect (JSON)",
    "inspect_eval": "Evaluation log of Inspect (archive)",
    "model_card": "Model card",
}
ROWS_AT_MOST, METRICS_AT_MOST = 100, 200
_FINISHED = ("success", None)


def offer_of(found: Evidence, *, checkpoint: str = "") -> dict[str, Any]:
    """What a read file offers; ``checkpoint`` is the draft's own, which no log names."""
    problems = list(found.problems)
    rows = _rows(found, checkpoint)
    if found.status not in _FINISHED:
        # Its results are none, and a row that says so would read like a result.
        rows = []
    if len(rows) > ROWS_AT_MOST:
        problems.append(f"Of {len(rows)} rows of results the first {ROWS_AT_MOST} are offered.")
        rows = rows[:ROWS_AT_MOST]
    return {
        "format": FORMATS[found.format],
        "facts": _facts(found),
        "rows": rows,
        "problems": problems,
    }


def _facts(found: Evidence) -> list[dict[str, Any]]:
    offered = []
    if found.model:
        offered.append(
            {"field": "model_name", "value": found.model[:200], "where": _PLACES[found.format]["model"]}
        )
    for field, fits in _HEADINGS:
        section = next((section for section in found.sections if fits.search(section.heading)), None)
        if section is not None:
            offered.append(
                {"field": field, "value": section.text, "where": f"line {section.line}, “{section.heading}”"}
            )
    return offered


_PLACES: dict[str, dict[str, str]] = {
    "inspect_json": {
        "task": "eval.task",
        "dataset": "eval.dataset.name",
        "model": "eval.model",
        "samples": "results.total_samples, or the samples listed",
        "status": "status",
        "evaluated_at": "eval.created",
    },
    "model_card": {"task": "", "model": "title or header"},
}
_PLACES["inspect_eval"] = {name: f"header.json, {place}" for name, place in _PLACES["inspect_json"].items()}


def _rows(found: Evidence, checkpoint: str) -> list[dict[str, Any]]:
    if found.format == "model_card":
        return [
            _row(
                found,
                {"task": score.name, "model": found.model, "checkpoint": checkpoint},
                [score],
                {"task": score.where},
            )
            for score in found.scores
        ]
    values = {
        "task": found.task,
        "dataset": found.dataset,
        "model": found.model,
        "checkpoint": checkpoint,
        "samples": found.samples,
        "status": found.status,
        "evaluated_at": instant_in(found.created),
    }
    zone = found.created and values["evaluated_at"] and not _has_zone(found.created)
    places = (
        {"evaluated_at": f"{_PLACES[found.format]['evaluated_at']}, without a zone: read as UTC"}
        if zone
        else {}
    )
    return [_row(found, values, found.scores, places)]


def _has_zone(text: str) -> bool:
    return datetime.fromisoformat(text).tzinfo is not None


def _row(found: Evidence, values: dict, scores: list[Score], places: dict[str, str]) -> dict[str, Any]:
    known = _PLACES[found.format] | {"checkpoint": "this draft"} | places
    metrics = [
        {"score": score.name, "metric": name, "value": value, "where": score.where}
        for score in scores
        for name, value in score.metrics.items()
        if value is not None
    ]
    return {
        "values": [
            {"name": name, "value": value, "where": known.get(name, "")}
            for name, value in values.items()
            if value not in (None, "")
        ],
        "metrics": metrics[:METRICS_AT_MOST],
    }


def instant_in(text: str | None) -> str | None:
    """A file's instant as ISO 8601 in UTC; one without a zone counts as UTC, and None stands for what is none."""
    try:
        read = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    if read is None or not 1990 <= read.year <= 2200:
        return None
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC).isoformat()


class _Everything:
    def __contains__(self, name: object) -> bool:
        return True


def everything(offer: dict[str, Any]) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """``taken`` with every value ticked: what a program is told, which confirms by what it sends back."""
    return taken(offer, _Everything())


def taken(offer: dict[str, Any], ticked: Container[str]) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """The facts and rows of an offer that a person confirmed, value by value; a row counts where its task was confirmed.

    Names of values are ``fact-<field>``, ``row-<n>-<name>`` and ``row-<n>-metric-<m>``.
    """
    facts = {item["field"]: item["value"] for item in offer["facts"] if f"fact-{item['field']}" in ticked}
    rows = []
    for number, row in enumerate(offer["rows"]):
        values = {
            item["name"]: item["value"] for item in row["values"] if f"row-{number}-{item['name']}" in ticked
        }
        if "task" not in values:
            continue
        scores: dict[str, dict[str, float]] = {}
        for place, metric in enumerate(row["metrics"]):
            if f"row-{number}-metric-{place}" in ticked:
                scores.setdefault(metric["score"], {})[metric["metric"]] = metric["value"]
        values["scores"] = [{"name": name, "metrics": metrics} for name, metrics in scores.items()]
        rows.append(values)
    return facts, rows
