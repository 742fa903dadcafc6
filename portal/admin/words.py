"""Small pieces of admin pages that lower floors need, in the look of the portal's pages."""

from datetime import datetime
from functools import lru_cache

from django.template import engines
from django.utils.dates import MONTHS_3
from django.utils.timezone import localtime

_STATUS = "{% load portal %}{% status value label %}"


@lru_cache(maxsize=256)
def state_tag(value, label: str = ""):
    """A state as a tag, as every page shows it; ``label`` where the words are not the state's own."""
    return engines["django"].from_string(_STATUS).render({"value": value, "label": label})


def instant(value: datetime) -> str:
    """``DATETIME_FORMAT`` of portal.formats, written out: Django's formatter costs more than the rest of a list's cell."""
    local = localtime(value)
    half = "a.m." if local.hour < 12 else "p.m."
    month = str(MONTHS_3[local.month]).capitalize()
    return (
        f"{local.day} {month} {local.year}, {local.hour % 12 or 12}:{local.minute:02} {half} {local.tzname()}"
    )
