"""A value of dataclasses as plain JSON values, and back."""

from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from partners.advisories.csaf_reading import moment, placed
from partners.advisories.csaf_words import stamp
from partners.advisories.failures import READING, AdvisoryError, at


def plain(value: Any) -> Any:
    """Without fields that are as they are by default."""
    if is_dataclass(value):
        said = {
            one.name: getattr(value, one.name)
            for one in fields(value)
            if getattr(value, one.name) != one.default
        }
        return {name: plain(part) for name, part in said.items()}
    if isinstance(value, tuple):
        return [plain(part) for part in value]
    return stamp(value) if isinstance(value, datetime) else value


def parsed(kind: Any, value: Any, *path: str | int) -> Any:
    """The value of a type that :func:`plain` was made of. Refuses anything else, with its place."""
    origin = get_origin(kind)
    if origin is UnionType and NoneType in get_args(kind):
        return parsed(next(one for one in get_args(kind) if one is not NoneType), value, *path)
    if origin is tuple and isinstance(value, list):
        return tuple(parsed(get_args(kind)[0], part, *path, place) for place, part in enumerate(value))
    if is_dataclass(kind) and isinstance(value, dict):
        return _dataclass(kind, value, path)
    if kind is datetime and isinstance(value, str):
        return moment(value, *path)
    if (kind is str or origin is Literal) and isinstance(value, str):
        return value
    raise AdvisoryError(test=READING, path=at(path), message="Something else is expected here.")


def parsed_fields(kind: Any, value: dict[str, Any], *path: str | int) -> dict[str, Any]:
    """Those fields of a dataclass that are there."""
    types = get_type_hints(kind)
    return {name: parsed(types[name], part, *path, name) for name, part in value.items() if name in types}


def _dataclass(kind: Any, value: dict[str, Any], path: tuple[str | int, ...]) -> Any:
    said = parsed_fields(kind, value, *path)
    missing = [one.name for one in fields(kind) if one.default is MISSING and one.name not in said]
    if missing:
        raise AdvisoryError(test=READING, path=at(path), message=f"{', '.join(missing)} is missing.")
    with placed(*path):
        return kind(**said)
