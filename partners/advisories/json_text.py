"""JSON that strangers sent, read within limits, and JSON that is the same bytes for the same advisory."""

import json
import math
from collections.abc import Iterator
from typing import Any, NoReturn

from partners.advisories.failures import JSON, AdvisoryError, at

LARGEST = 5_000_000  # bytes
DEEPEST = 100  # CSAF's product tree is two levels a branch; thirty branches are the most a real one has
MOST_VALUES = 100_000  # keys counted too
# Lists whose check takes the square of their length: the schema compares every two entries.
MOST_ENTRIES = {"flags": 500, "ids": 500, "involvements": 500}


def read(data: bytes) -> dict[str, Any]:
    """The object a file holds. Refuses, with the place, what readers of JSON disagree about or choke on."""
    if len(data) > LARGEST:
        _refuse(f"The file has more than {LARGEST // 1_000_000} MB.")
    try:
        document = json.loads(
            data.decode("utf-8-sig"),
            object_pairs_hook=_without_doubles,
            parse_constant=_no_number,
            parse_float=_finite,
        )
    except UnicodeDecodeError:
        _refuse("The file is not text in UTF-8.")
    except RecursionError:
        _refuse("The values are nested too deeply.")
    except json.JSONDecodeError as error:
        _refuse(f"This is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.")
    except ValueError:
        # Python reads no integer of more than some thousand digits.
        _refuse("A number is too long.")
    if not isinstance(document, dict):
        _refuse("The file holds no JSON object.")
    within_limits(document)
    return document


def dumps(document: dict[str, Any]) -> str:
    """The document's text: sorted keys, and a final newline."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2, sort_keys=True) + "\n"


def within_limits(document: object) -> None:
    """Refuses what would be costly to check or can't be stored: depth, number of values, long lists of objects, broken text."""
    for count, (path, value) in enumerate(_walk(document)):
        if count > MOST_VALUES:
            _refuse(f"The document has more than {MOST_VALUES:,} values and keys.")
        if len(path) > DEEPEST:
            _refuse("The values are nested too deeply.", path[:3])
        if isinstance(value, str):
            _whole_text(value, path)
        elif isinstance(value, float) and not math.isfinite(value):
            _refuse("Not a number that JSON has.", path)
        elif (
            isinstance(value, list)
            and path
            and len(value) > (most := MOST_ENTRIES.get(path[-1], MOST_VALUES))
        ):
            _refuse(f"The list has more than {most:,} entries.", path)


def _walk(document: object) -> Iterator[tuple[tuple[str | int, ...], object]]:
    """Every value with its path, and every key as a text of its object. No recursion: depth is what is looked for."""
    waiting: list[tuple[tuple[str | int, ...], object]] = [((), document)]
    while waiting:
        path, value = waiting.pop()
        yield path, value
        if len(path) > DEEPEST:
            continue
        if isinstance(value, dict):
            for key, inner in value.items():
                yield path, key
                waiting.append(((*path, key), inner))
        elif isinstance(value, list):
            waiting += [((*path, index), inner) for index, inner in enumerate(value)]


def _whole_text(text: str, path: tuple[str | int, ...]) -> None:
    if "\x00" in text:
        _refuse("A text holds the character NUL.", path)
    try:
        text.encode()
    except UnicodeEncodeError:
        _refuse("A text holds half a character (a lone surrogate).", path)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for key, value in pairs:
        if key in read:
            _refuse(f"The key {ascii(key)[:80]} stands twice in one object.")
        read[key] = value
    return read


def _no_number(word: str) -> NoReturn:
    _refuse(f"{word} is not a number that JSON has.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        _refuse("A number is too large.")
    return number


def _refuse(message: str, path: tuple[str | int, ...] = ()) -> NoReturn:
    # A key may hold what can't be printed.
    raise AdvisoryError(test=JSON, path=ascii(at(path))[1:-1][:300], message=message)
