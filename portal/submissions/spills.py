"""The kinds of objects that a report of a spill freezes. Upper floors add theirs from their AppConfig."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class SpillKind:
    """One kind: how such an object is locked, taken apart and opened again.

    ``lock`` returns what the object is about, locked: its case, or itself where it is of none; both name their lab.
    ``number`` is the public number of that. ``lab_reads``: whether the lab could read the object, and so is told.
    ``blank`` takes the texts out of the rows, in the transaction that removes them; ``files`` names the stored bytes, which
    follow once it is committed. ``follow`` plans the dates that hang on an object, which it has none of while it is frozen.
    """

    key: str
    label: str
    model: type
    lock: Callable[[Any], Any]
    lab_reads: Callable[[Any], bool]
    blank: Callable[[UUID], None]
    files: Callable[[UUID], list[str]] = lambda pk: []
    # Names of the object and its files, blanked unless they are kept; their hashes stay.
    blank_names: Callable[[UUID], None] = lambda pk: None
    follow: Callable[[UUID, datetime], None] = lambda pk, at: None


KINDS: dict[str, SpillKind] = {}


def register(*kinds: SpillKind) -> None:
    KINDS.update({kind.key: kind for kind in kinds})


def kind_of(subject: Any) -> SpillKind:
    """The kind of an object; KeyError for what cannot be frozen."""
    return next(kind for kind in KINDS.values() if isinstance(subject, kind.model))


def label_of(key: str) -> str:
    return KINDS[key].label if key in KINDS else key
