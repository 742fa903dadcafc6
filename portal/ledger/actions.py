"""Writing the ledger. Called by every action, and by every read of lab material, inside the caller's transaction."""

import hashlib
import hmac
import json
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import models, transaction

from portal import clock
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


def event_digest(event: Event) -> bytes:
    """HMAC-SHA256 (32 bytes) over the event's columns in a canonical JSON form."""
    values = {name: getattr(event, name) for name in _SEALED_COLUMNS}
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), default=_plain)
    return hmac.digest(settings.PORTAL_LEDGER_KEY.encode(), text.encode(), hashlib.sha256)


def _plain(value):
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _event(*, actor, kind, verb, subject_type, subject_id, case_id, capacity, reason, data, at) -> Event:
    # A round trip through JSON first, so that the digest is made of what the database will give back.
    plain = json.loads(json.dumps(data or {}, default=_plain))
    event = Event(
        at=at,
        kind=kind,
        verb=verb,
        actor_id=getattr(actor, "pk", None),
        capacity=capacity,
        subject_type=subject_type,
        subject_id=subject_id,
        case_id=case_id,
        reason=reason,
        data=plain,
    )
    event.digest = event_digest(event)
    return event


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
    event = _event(
        actor=actor,
        kind=Event.Kind.CHANGE,
        verb=verb,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        case_id=case_id,
        capacity=capacity,
        reason=reason,
        data=data,
        at=at or clock.now(),
    )
    event.save(force_insert=True)
    return event


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
    at = at or clock.now()
    Event.objects.bulk_create(
        [
            _event(
                actor=actor,
                kind=Event.Kind.LOOK,
                verb=verb,
                subject_type=subject._meta.label_lower,
                subject_id=subject.pk,
                case_id=case_id,
                capacity=capacity,
                reason="",
                data=data,
                at=at,
            )
            for subject, case_id, capacity in subjects
        ]
    )


def _require_transaction():
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A ledger event is written in the transaction of what it records.")
