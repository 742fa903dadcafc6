"""One evaluation, written by hand: what was measured on what, and its results in as many rows as are asked for."""

from typing import Any

from django import forms

from portal.submissions.instants import InstantField, ZonedForm
from portal.submissions.models import Evaluation, Facts

ROWS_AT_FIRST, ROWS_AT_MOST = 3, 50
STATUSES = (
    ("success", "Finished"),
    ("cancelled", "Stopped before its end"),
    ("error", "Ended with an error"),
)
_NUMBER = {"invalid": "Write a number, such as 0.62."}


def _text(label: str, longest: int, help_text: str = "", **more: Any) -> forms.CharField:
    own = forms.TextInput(attrs={"dir": "auto", "autocomplete": "on"})
    return forms.CharField(label=label, max_length=longest, help_text=help_text, widget=own, **more)


class EvaluationForm(ZonedForm):
    """An evaluation. A row of results counts where something is written in it, and then says name, metric and value."""

    instants = ("evaluated_at",)
    task = _text(
        "Evaluation",
        500,
        "What was run: a benchmark, a range, a red-team exercise.",
        error_messages={"required": "Say what was evaluated."},
    )
    dataset = _text("Dataset", 500, required=False)
    model = _text("Model", 500, "As the evaluation names it.", required=False)
    checkpoint = _text("Checkpoint", 200, required=False)
    samples = forms.IntegerField(
        label="Number of samples",
        min_value=0,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "invalid": "Write a whole number, such as 1200.",
            "min_value": "Write a whole number from 0 on.",
        },
    )
    status = forms.ChoiceField(label="How it ended", choices=STATUSES)
    evaluated_at = InstantField(label="Date of the evaluation", required=False)

    def __init__(self, *args: Any, rows: int = ROWS_AT_FIRST, judged: bool = True, **kwargs: Any):
        """``rows`` of results; not ``judged`` where what was typed is only shown again, with a row more."""
        super().__init__(*args, **kwargs)
        self.judged = judged
        self.rows = max(1, min(rows, ROWS_AT_MOST))
        for number in range(1, self.rows + 1):
            self._add_row(number)
        if not judged:
            self.fields[f"name_{self.rows}"].widget.attrs["autofocus"] = True

    @classmethod
    def on(cls, facts: Facts, *, user: Any) -> "EvaluationForm":
        """An empty form for an evaluation of the model that the case is about."""
        return cls(user=user, initial={"model": facts.model_name, "checkpoint": facts.checkpoint})

    def _add_row(self, number: int) -> None:
        def named(label: str) -> str:
            return f"{label} of result {number}"

        self.fields |= {
            f"name_{number}": _text(named("Name"), 500, required=False),
            f"metric_{number}": _text(named("Metric"), 200, required=False),
            f"value_{number}": _number(named("Value")),
            f"stderr_{number}": _number(named("Standard error"), min_value=0),
        }

    def full_clean(self) -> None:
        super().full_clean()
        if not self.judged:
            self._errors.clear()

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        for number in range(1, self.rows + 1):
            if not any(self.data.get(f"{part}_{number}", "").strip() for part in _PARTS):
                continue
            for part, told in _PARTS.items():
                name = f"{part}_{number}"
                if told and name not in self.errors and data.get(name) in (None, ""):
                    self.add_error(name, told)
        return data

    @property
    def takes_more(self) -> bool:
        return self.rows < ROWS_AT_MOST

    @property
    def result_rows(self) -> list[dict[str, Any]]:
        """The fields of each row, for the page."""
        return [
            {"number": number} | {part: self[f"{part}_{number}"] for part in _PARTS}
            for number in range(1, self.rows + 1)
        ]

    @property
    def row(self) -> dict[str, Any]:
        """The evaluation as the action takes it; each row of results is a score of its own."""
        found = {name: self.cleaned_data[name] for name in self.base_fields}
        return found | {
            "scores": [score for number in range(1, self.rows + 1) if (score := self._score(number))]
        }

    def _score(self, number: int) -> dict[str, Any] | None:
        name, metric, value, error = (self.cleaned_data[f"{part}_{number}"] for part in _PARTS)
        if not name:
            return None
        metrics = {metric: value}
        if error is not None:
            metrics[Evaluation.stderr_of(metric)] = error
        return {"name": name, "metrics": metrics}


# What a row of results asks for, and what is said where it is missing.
_PARTS = {
    "name": "Name what was scored, such as the scorer or a part of the dataset.",
    "metric": "Name the metric, such as accuracy.",
    "value": "Give the value.",
    "stderr": "",
}


def _number(label: str, **more: Any) -> forms.FloatField:
    told = _NUMBER | {"min_value": "A standard error is 0 or more."}
    return forms.FloatField(
        label=label,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages=told,
        **more,
    )
