"""Serializers and fields that refuse what they do not know."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers

FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class StrictSerializer(serializers.Serializer):
    """A body of which every field is known: a misspelt one is an error, never silently dropped."""

    def to_internal_value(self, data: Any) -> dict:
        if isinstance(data, Mapping):
            known = {name for name, field in self.fields.items() if not field.read_only}
            unknown = [str(name) for name in data if name not in known]
            if unknown:
                raise serializers.ValidationError(
                    {name: ["There is no such field."] for name in unknown[:20]}
                )
        return super().to_internal_value(data)


class Instant(serializers.DateTimeField):
    """A point in time between the years 2000 and 2100; without a zone it is read as UTC, and it is answered in UTC."""

    default_error_messages = {"range": "Give a date between the years 2000 and 2100."}

    def to_internal_value(self, value: Any) -> datetime:
        found = super().to_internal_value(value)
        # Far dates are typing errors, and deadlines reckoned from them would leave the calendar.
        if not FIRST <= found < LAST:
            self.fail("range")
        return found

    def to_representation(self, value: datetime) -> str:
        # What the database gives is aware: no need for a look at formats and zones, a dozen times a row.
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


class Revision(serializers.IntegerField):
    """The revision of the object as the caller read it; the verb is refused when it changed since."""

    def __init__(self, **options: Any):
        words = "The revision you read; the call is refused (409, stale) when the object changed since."
        super().__init__(
            **{"required": False, "min_value": 1, "max_value": 2**31 - 1, "help_text": words} | options
        )


class Reason(serializers.CharField):
    """Why; empty unless the state table asks for it."""

    def __init__(self, **options: Any):
        super().__init__(**{"allow_blank": True} | options)
