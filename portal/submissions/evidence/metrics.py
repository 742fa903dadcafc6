"""Which metric of a score is whose standard error. Pure; the one place where results of labs and agencies are taken apart."""

from collections.abc import Mapping

# What a standard error without a name of its own belongs to. Source: Inspect's documentation of scorers, built-in metrics
# (https://inspect.aisi.org.uk/scorers.html): ``stderr`` is that of the mean, and ``accuracy`` is a mean of right answers.
_HAS_STDERR = ("accuracy", "mean")


def stderr_of(metric: str) -> str:
    """The name under which a metric's standard error stands beside it."""
    return "stderr" if metric in _HAS_STDERR else f"{metric}_stderr"


def is_stderr(metric: str) -> bool:
    return metric == "stderr" or metric.endswith("_stderr")


def with_errors(metrics: Mapping[str, float]) -> list[tuple[str, float, float | None]]:
    """Each metric with its value and standard error, None where none stands beside it. An error of nothing is a metric itself."""
    own = {name: stderr_of(name) for name in metrics if stderr_of(name) in metrics}
    used = set(own.values())
    return [
        (name, value, metrics[own[name]] if name in own else None)
        for name, value in metrics.items()
        if name not in used
    ]
