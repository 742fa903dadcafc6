"""CVSS vectors of the versions 2.0, 3.0, 3.1 and 4.0: which version one is of, and what follows from it."""

from typing import Any

from cvss import CVSS2, CVSS3, CVSS4, constants2, constants3, constants4
from cvss.exceptions import CVSSError

_READERS = {"2.0": CVSS2, "3.0": CVSS3, "3.1": CVSS3, "4.0": CVSS4}
_TEMPORAL = {"E", "RL", "RC"}
_OTHERS = _TEMPORAL | {"CVSS", "AV", "AC", "Au", "PR", "UI", "S", "C", "I", "A"}
_ORDER = list(constants4.METRICS_ABBREVIATIONS)


def version_of(vector: str) -> str:
    """'2.0', '3.0', '3.1' or '4.0'. Raises ValueError, in words, for what is no vector: each base metric stands once with a
    value it may have, and those of 4.0 stand in the order of its specification."""
    version = vector[5:8] if vector.startswith("CVSS:") else "2.0"
    if version not in _READERS:
        raise ValueError(f"CVSS has no version {version!a}.")
    _read(vector, version)
    if version == "4.0":
        places = [_ORDER.index(part.split(":")[0]) for part in vector.split("/")[1:]]
        if places != sorted(places):
            raise ValueError("The metrics of a CVSS 4.0 vector stand in the order of its specification.")
    return version


def as_json(vector: str, *, minimal: bool = True) -> dict[str, Any]:
    """The data that FIRST's JSON schemas have for a vector: its scores, severities and metrics in words."""
    return dict(_read(vector, version_of(vector)).as_json(minimal=minimal))


def score(vector: str) -> float:
    """The base score."""
    return float(_read(vector, version_of(vector)).base_score)


def named(vector: str) -> dict[str, Any]:
    """The part of :func:`as_json` that follows from metrics the vector names; it says nothing of the rest of them."""
    version = version_of(vector)
    words = (
        constants2.METRICS_ABBREVIATIONS_JSON if version == "2.0" else constants3.METRICS_ABBREVIATIONS_JSON
    )
    names = {part.split(":")[0] for part in vector.split("/")}
    groups = (
        {"base"}
        | ({"temporal"} if names & _TEMPORAL else set())
        | (set() if names <= _OTHERS else {"environmental"})
    )
    keys = {words[name] for name in names if name in words} | {
        g + end for g in groups for end in ("Score", "Severity")
    }
    return {key: value for key, value in as_json(vector, minimal=False).items() if key in keys}


def _read(vector: str, version: str) -> Any:
    try:
        return _READERS[version](vector)
    except CVSSError as error:
        raise ValueError(f"{error}.") from error
