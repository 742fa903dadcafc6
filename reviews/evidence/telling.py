"""The comparison as data for a document that is set by Typst: texts alone, so that nothing in them is a command."""

from typing import Any

from reviews.evidence.pairing import Measured
from reviews.evidence.reading import Evidence

NOTE = (
    "Results of the same task, score and metric: of the evaluations that the lab confirmed on this case, and of logs that the"
    " reviewers made. What stands after ± is a standard error; n is the number of samples. The difference is the agency's value"
    " less the lab's, and its standard error the root of the sum of both squares. The words are about these numbers, and about"
    " nothing else."
)
_ALONE = ["Result", "Value", "Of what"]


def told(evidence: Evidence) -> dict[str, Any] | None:
    """None for an assessment without logs."""
    if not evidence.logs:
        return None
    compared = evidence.compared
    pairs = [
        [_name(pair.lab), _side(pair.lab), _side(pair.agency, named=pair.named), _distance(pair), pair.words]
        for pair in compared.pairs
    ]
    both = ["Result", "The lab's", "The agency's", "Difference", "In words"]
    alone = (("Only the lab's", compared.only_lab), ("Only the agency's", compared.only_agency))
    parts = [{"title": "On both sides", "heads": both, "rows": pairs}]
    for title, rows in alone:
        lines = [[_name(one), _side(one, model=False), one.model or "—"] for one in rows]
        parts.append({"title": title, "heads": _ALONE, "rows": lines})
    return {"note": NOTE, "parts": parts, "left_out": compared.left_out}


def _name(one: Measured) -> str:
    return f"{one.task}\n{one.score}: {one.metric}"


def _side(one: Measured, *, model: bool = True, named: str = "") -> str:
    samples = f"n = {one.samples}" if one.samples is not None else ""
    parts = [one.shown, f"as {named}" if named else "", samples, one.model if model else ""]
    return "\n".join(part for part in parts if part)


def _distance(pair) -> str:
    return pair.difference_shown + (f" ± {pair.stderr_shown}" if pair.stderr is not None else "")
