"""Writing the ledger. Called by every action, and by every read of lab material, inside the caller's transaction."""

import hashlib
import hmac
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, models, transaction

from portal import clock, scope
from portal.ledger.leaf import Row
from portal.ledger.models import Event

_SEALED_COLUMNS = (
    "id",
    "at",
    "kind",
    "verb",
    "actor_id",
    "capacity",
    "subject_type",
    "subject_id",
    "case_id",
    "reason",
    "data",
)

# Every page writes its looks, a list one for each row: columns of arrays cost a third of what as many saved objects do.
_LOOKS_COLUMNS = {
    "id": "uuid",
    "subject_type": "text",
    "subject_id": "uuid",
    "case_id": "uuid",
    "capacity": "text",
    "digest": "bytea",
}
_EACH = ", ".join(_LOOKS_COLUMNS)
_ARRAYS = ", ".join(f"%({name})s::{kind}[]" for name, kind in _LOOKS_COLUMNS.items())
_LOOKS = f"""
    INSERT INTO ledger_event ({_EACH}, at, kind, verb, actor_id, reason, data)
    SELECT {_EACH}, %(at)s, %(kind)s, %(verb)s, %(actor_id)s, %(reason)s, %(data)s::jsonb
      FROM unnest({_ARRAYS}) AS look({_EACH})
"""  # noqa: S608 (names of columns only)


def event_digest(event: Event) -> bytes:
    """HMAC-SHA256 (32 bytes) over the event's columns in a canonical JSON form."""
    return _digest({name: getattr(event, name) for name in _SEALED_COLUMNS})


def digest_fits(row: Row) -> bool:
    """Whether an event's digest is this portal's, of its columns as text."""
    values = row._asdict()
    for name in ("actor_id", "case_id"):
        values[name] = values[name] or None
    values |= {"at": datetime.fromisoformat(row.at), "data": json.loads(row.data)}
    digest = _digest({name: values[name] for name in _SEALED_COLUMNS})
    return hmac.compare_digest(digest.hex(), row.digest)


def _digest(values: dict) -> bytes:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), default=_plain)
    return hmac.digest(settings.PORTAL_LEDGER_KEY.encode(), text.encode(), hashlib.sha256)


def _plain(value):
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _stored(data: dict | None) -> dict:
    """Data as the database will give it back, so that a digest is made of that."""
    return json.loads(json.dumps(data or {}, default=_plain), parse_float=_number)


def _number(text: str) -> int | float:
    """A number as PostgreSQL's jsonb spells it: without an exponent, and zero without a sign."""
    plain = f"{Decimal(text):f}"
    return float(plain) + 0.0 if "." in plain else int(plain)


def _instant(at: datetime | None) -> datetime:
    return (at or clock.now()).astimezone(UTC)


def record(
    *,
    actor,
    verb: str,
    subject: models.Model,
    case_id: UUID | None = None,
    capacity: str = "",
    reason: str = "",
    data: dict | None = None,
    at: datetime | None = None,
) -> Event:
    """Write one change. ``actor`` is None for the clock.

    Raises RuntimeError when no transaction is open: an event lives and dies with its change.
    """
    _require_transaction()
    event = Event(
        at=_instant(at),
        kind=Event.Kind.CHANGE,
        verb=verb,
        actor_id=getattr(actor, "pk", None),
        capacity=capacity,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        case_id=case_id,
        reason=reason,
        data=_stored(data),
    )
    event.digest = event_digest(event)
    # Who records an event does not always read it.
    with scope.lifted("ledger"):
        event.save(force_insert=True)
    return event


def export(*, actor, verb: str, content: bytes, data: dict, at: datetime) -> Event:
    """Something about no one case left the portal as a file: who took it, what it was, and its SHA-256."""
    told = data | {"sha256": hashlib.sha256(content).hexdigest()}
    return record(actor=actor, verb=verb, subject=actor, data=told, at=at)


def look(
    *,
    actor,
    verb: str,
    subjects: Iterable[tuple[models.Model, UUID | None, str]],
    data: dict | None = None,
    at: datetime | None = None,
) -> None:
    """Write that a person saw lab material: one event per ``(subject, case id, capacity)``, in one statement."""
    _require_transaction()
    same = {
        "at": _instant(at),
        "kind": Event.Kind.LOOK.value,
        "verb": verb,
        "actor_id": getattr(actor, "pk", None),
        "reason": "",
        "data": _stored(data),
    }
    columns: dict[str, list] = {name: [] for name in _LOOKS_COLUMNS}
    for subject, case_id, capacity in subjects:
        each = {
            "id": uuid4(),
            "subject_type": subject._meta.label_lower,
            "subject_id": subject.pk,
            "case_id": case_id,
            "capacity": capacity,
        }
        each["digest"] = _digest(same | each)
        for name, value in each.items():
            columns[name].append(value)
    if columns["id"]:
        with connection.cursor() as cursor:
            cursor.execute(_LOOKS, same | columns | {"data": json.dumps(same["data"])})


def _require_transaction():
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A ledger event is written in the transaction of what it records.")
