"""Changing the programme's settings. What a change does is shown by doing it and taking it back, so that the two agree."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from portal import clock
from portal.errors import Invalid, Missing, NotAllowed, Stale
from portal.ledger import actions as ledger
from portal.programme import policies, versions
from portal.programme.effects import Consequence, follow_all, giving_way, wait_a_moment
from portal.programme.models import Version
from portal.programme.schema import SETTINGS
from portal.programme.versions import Programme

NOTHING = "Nothing is different from what holds now."


@dataclass(frozen=True, slots=True)
class Change:
    """One setting, before and after."""

    key: str
    before: Any
    after: Any

    @property
    def label(self) -> str:
        return SETTINGS[self.key].label if self.key in SETTINGS else self.key

    def _said(self, value: Any) -> str:
        return SETTINGS[self.key].shown(value) if self.key in SETTINGS else str(value)

    @property
    def said_before(self) -> str:
        return self._said(self.before)

    @property
    def said_after(self) -> str:
        return self._said(self.after)


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change is: on which version, which settings, and what follows from it for open deadlines."""

    base: int
    changes: list[Change]
    consequences: list[Consequence]

    @property
    def digest(self) -> str:
        """The SHA-256 (hex) of all of it: two effects with the same digest do the same to the same deadlines."""
        moves = [
            [str(move.deadline_id), move.before.isoformat(), move.after.isoformat()]
            for found in self.consequences
            for move in found.moves
        ]
        facts = [
            self.base,
            [[change.key, change.before, change.after] for change in self.changes],
            [[found.kind, found.numbers] for found in self.consequences],
            sorted(moves),
        ]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    @property
    def counts(self) -> dict[str, list[int]]:
        return {found.kind: found.numbers for found in self.consequences}


class _TakenBack(Exception):  # noqa: N818 (no fault: how a preview ends)
    pass


def preview(*, actor, typed: Mapping[str, str], at: datetime | None = None) -> Effect:
    """What a change would do at this moment: it is made, looked at, and taken back as a whole. Writes nothing.

    Raises Invalid for a value that is refused, and where nothing would change.
    """
    at = at or clock.now()
    found: list[Effect] = []
    try:
        with giving_way():
            found.append(_change(actor, typed, "A preview.", at)[1])
            raise _TakenBack
    except _TakenBack:
        return found[0]


def change(
    *,
    actor,
    typed: Mapping[str, str],
    reason: str,
    expected_number: int,
    expected_digest: str,
    at: datetime | None = None,
) -> Version:
    """Save a new version, if it does what its preview said: else Stale, and nothing is done.

    ``typed`` holds the settings that change, as a person types them. Open deadlines follow in the same transaction.
    """
    words = reason.replace("\r\n", "\n").strip()
    if not words:
        raise Missing("Give a reason.", field="reason")
    if len(words) > Version.REASON_LIMIT or "\x00" in words:
        raise Invalid(f"Write at most {Version.REASON_LIMIT:,} characters.", field="reason")
    with giving_way():
        version, effect = _change(actor, typed, words, at or clock.now())
        if (effect.base, effect.digest) != (expected_number, expected_digest):
            raise Stale("Something changed since you looked. Look again at what your change would do.")
    versions.follow(version.pk)
    return version


def _change(actor, typed: Mapping[str, str], reason: str, at: datetime) -> tuple[Version, Effect]:
    if not policies.may_change(actor):
        raise NotAllowed("The programme's coordinators and administrators change its settings.")
    last = _lock()
    before = versions.of(last)
    values = _read(typed)
    changes = [
        Change(key, before.get(key), value) for key, value in values.items() if value != before.get(key)
    ]
    if not changes:
        raise Invalid(NOTHING)
    version = _save(actor, last, dict(before.values) | values, reason, at)
    with versions.in_force(version.pk):
        consequences = follow_all(last, version, at=at)
    effect = Effect(before.number, changes, consequences)
    _record(actor, version, effect, at)
    return version, effect


def _lock() -> Version | None:
    """The newest version, after every other change has ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('programme.version'))")
    wait_a_moment()
    return Version.objects.newest()


def _read(typed: Mapping[str, str]) -> dict[str, Any]:
    unknown = [key for key in typed if key not in SETTINGS]
    if unknown:
        raise Invalid(f"There is no such setting: {unknown[0][:60]}")
    return {key: SETTINGS[key].read(text) for key, text in typed.items()}


def _save(actor, last: Version | None, values: dict[str, Any], reason: str, at: datetime) -> Version:
    # What is as delivered is not stored, so that it follows what is delivered later.
    stored = {
        key: value
        for key, value in sorted(values.items())
        if key not in SETTINGS or value != SETTINGS[key].default()
    }
    version = Version(
        number=last.number + 1 if last else 1, values=stored, made_by=actor, made_at=at, reason=reason
    )
    version.digest = version.digest_after(last.digest if last else "")
    version.save(force_insert=True)
    return version


def _record(actor, version: Version, effect: Effect, at: datetime) -> None:
    moved = {found.kind: len(found.moves) for found in effect.consequences if found.moves}
    ledger.record(
        actor=actor,
        verb="changed_settings",
        subject=version,
        capacity="programme_office" if policies.is_of_the_office(actor) else "sysadmin",
        reason=version.reason,
        data={
            "number": version.number,
            "settings": [change.key for change in effect.changes],
            "moved": moved,
        },
        at=at,
    )


def between(older: Programme, newer: Programme) -> list[Change]:
    """What differs between two versions, by today's names of the settings."""
    keys = [*SETTINGS, *sorted({*older.values, *newer.values} - set(SETTINGS))]
    found = []
    for key in keys:
        pair = [one.get(key) if key in SETTINGS else one.values.get(key, "") for one in (older, newer)]
        if pair[0] != pair[1]:
            found.append(Change(key, *pair))
    return found
