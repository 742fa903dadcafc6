"""How the portal writes instants, days and sizes, everywhere alike."""

from datetime import date, datetime
from functools import cache

from django.utils.dates import MONTHS_3
from django.utils.text import Truncator
from django.utils.timezone import localtime

from portal import clock


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


def day(value: datetime) -> str:
    """``30 Jun 2026``: the day of an instant in the programme's calendar."""
    return plain_day(clock.calendar_day(value))


def plain_day(value: date) -> str:
    """``30 Jun 2026``."""
    return f"{value.day} {_months()[value.month - 1]} {value.year}"


def size(value: int) -> str:
    """``1.2 MB`` in powers of 1000, as disks and networks count."""
    left = float(value)
    for unit in ("bytes", "kB", "MB"):
        if left < 1000:
            return f"{int(left)} {unit}" if unit == "bytes" else f"{left:.1f} {unit}"
        left /= 1000
    return f"{left:.1f} GB"


def beginning(text: str, length: int) -> str:
    """A text in one line and in no more than so many characters, the last of which says that there is more."""
    line = " ".join(text.split())
    if line.isascii():
        # What ``Truncator`` makes of it, which looks at every character for what joins it to another.
        return line if len(line) <= length else f"{line[: length - 1]}…"
    return Truncator(line).chars(length)
