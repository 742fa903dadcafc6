"""Lists that are published in versions, row by row under keys: the questions of a rubric, the criteria of vetting."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.text import slugify

from portal.errors import Invalid, Missing


@dataclass(frozen=True, slots=True)
class Nouns:
    """What a row, rows and the whole list are called."""

    one: str
    many: str
    whole: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A row as a new version would have it; without a key it is a new one."""

    title: str
    guidance: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a version changes against an earlier one; for changed rows (before, after)."""

    new: list[Asked]
    changed: list[tuple[Any, Asked]]
    gone: list[Any]
    kept: list[Asked]
    moved: bool

    @property
    def is_none(self) -> bool:
        return not (self.new or self.changed or self.gone or self.moved)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A version that can be published: what is current now, the rows trimmed, and what they change."""

    current: Any
    asked: list[Asked]
    effect: Effect

    @property
    def number(self) -> int:
        return self.current.number + 1 if self.current else 1


def compare(before: Iterable[Any], asked: Sequence[Any]) -> Effect:
    """Compare rows, of a form or of a later version, with those of a version. Keys say which is which."""
    old = {row.key: row for row in before}
    now = {row.key: row for row in asked if row.key in old}
    same = {
        key for key, row in now.items() if (row.title, row.guidance) == (old[key].title, old[key].guidance)
    }
    return Effect(
        new=[row for row in asked if row.key not in old],
        changed=[(old[key], row) for key, row in now.items() if key not in same],
        gone=[row for key, row in old.items() if key not in now],
        kept=[row for key, row in now.items() if key in same],
        moved=[key for key in old if key in now] != list(now),
    )


def trimmed(rows: Sequence[Asked], known: Collection[str], *, most: int, nouns: Nouns) -> list[Asked]:
    """The rows, trimmed, if each has words and none stands twice; ``known`` are the keys of every earlier version."""
    asked = [Asked(one.title.strip(), one.guidance.strip(), one.key) for one in rows]
    if not asked:
        raise Missing(f"Write at least one {nouns.one}.")
    if len(asked) > most:
        raise Invalid(f"{nouns.whole} has at most {most} {nouns.many}.")
    titles: set[str] = set()
    for one in asked:
        if not one.title:
            raise Missing(f"A {nouns.one} has guidance and no words of its own.")
        if one.title.lower() in titles:
            raise Invalid(f"This {nouns.one} stands twice: {one.title}")
        titles.add(one.title.lower())
    keys = [one.key for one in asked if one.key]
    if len(keys) != len(set(keys)) or set(keys) - set(known):
        raise Invalid(f"A {nouns.one} of an earlier version stands twice, or there is none of its key.")
    return asked


def keyed(asked: Sequence[Asked], taken: set[str], *, nouns: Nouns) -> list[Asked]:
    """Each with a key: a new row gets one that no row ever had, so that what once was asked is not mistaken for it."""
    rows = []
    for one in asked:
        key = one.key or _new_key(one.title, taken, nouns.one)
        taken.add(key)
        rows.append(Asked(one.title, one.guidance, key))
    return rows


def _new_key(title: str, taken: set[str], otherwise: str) -> str:
    stem = slugify(title)[:50].strip("-") or otherwise
    number = 1
    while (key := stem if number == 1 else f"{stem}-{number}") in taken:
        number += 1
    return key
