"""How the portal writes an instant, everywhere alike."""

from datetime import datetime
from functools import cache

from django.utils.dates import MONTHS_3
from django.utils.timezone import localtime


@cache
def _months() -> list[str]:
    return [str(MONTHS_3[number]).capitalize() for number in range(1, 13)]


def instant(value: datetime) -> str:
    """``30 Jun 2026, 5:00 p.m. EDT`` in the reader's zone: ``DATETIME_FORMAT``, written out, since Django's formatter costs
    more than the rest of a list's cell.
    """
    local = localtime(value)
    half = "a.m." if local.hour < 12 else "p.m."
    month = _months()[local.month - 1]
    return (
        f"{local.day} {month} {local.year}, {local.hour % 12 or 12}:{local.minute:02} {half} {local.tzname()}"
    )
