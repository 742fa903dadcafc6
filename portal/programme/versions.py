"""The settings that hold, read once a piece of work.

Which version that is, is asked of the database: in the statement that finds the signed-in person, or in one of its own where
nobody is signed in. What a version says never changes, so each process keeps that by the version's id. A new version therefore
holds from the next request or task of every process, and there is no cache that could be late.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db.models import Subquery

from portal import work
from portal.programme.schema import SETTINGS

_KEPT = "programme"


@dataclass(frozen=True, slots=True)
class Programme:
    """The settings of one version; number 0 is what was delivered."""

    number: int = 0
    values: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def get(self, key: str) -> Any:
        """What holds for a key of ``schema.SETTINGS``."""
        return self.values[key] if key in self.values else SETTINGS[key].default()

    def said(self, key: str) -> str:
        """The same in words."""
        return SETTINGS[key].shown(self.get(key))

    def target(self, name: str) -> int:
        """A target, in the unit that its name ends in."""
        return self.values.get(f"target:{name}", settings.PORTAL_TARGETS[name])

    @property
    def name(self) -> str:
        return self.get("name")

    @property
    def determining_authority(self) -> str:
        return self.get("authority")


DELIVERED = Programme()


def marker() -> Subquery:
    """The id of the newest version, to be asked for within another statement."""
    return Subquery(_rows().order_by("-number").values("pk")[:1])


def note(version_id: UUID | None) -> None:
    """Say which version is the newest, for the present piece of work, unless it is known in it."""
    kept = work.kept()
    if kept is not None:
        kept.setdefault(_KEPT, version_id)


def current() -> Programme:
    """The settings that hold for this piece of work; outside of any they are asked for each time."""
    kept = work.kept()
    if kept is None:
        return _of(_newest())
    if _KEPT not in kept:
        kept[_KEPT] = _newest()
    return _of(kept[_KEPT])


def target(name: str) -> int:
    """A target that holds now, in the unit that its name ends in."""
    return current().target(name)


@contextmanager
def in_force(version_id: UUID | None) -> Iterator[None]:
    """Run a block under one version, whichever is the newest."""
    with work.piece():
        note(version_id)
        yield


def follow(version_id: UUID) -> None:
    """A new version was saved in this piece of work, which goes on under it."""
    kept = work.kept()
    if kept is not None:
        kept[_KEPT] = version_id


def of(version) -> Programme:
    """What a version says."""
    return Programme(version.number, MappingProxyType(version.values)) if version else DELIVERED


def _rows():
    return apps.get_model("programme", "Version").objects


def _newest() -> UUID | None:
    return _rows().order_by("-number").values_list("pk", flat=True).first()


def _of(version_id: UUID | None) -> Programme:
    return DELIVERED if version_id is None else _read(version_id)


@lru_cache(maxsize=16)
def _read(version_id: UUID) -> Programme:
    number, values = _rows().filter(pk=version_id).values_list("number", "values").get()
    return Programme(number, MappingProxyType(values))
