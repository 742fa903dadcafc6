"""Columns that show a related row by its words. Django would link it to a page that the reader may not have."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.utils.html import format_html

from portal.formats import instant

# Django shows a column's None as a dash in lists only.
NONE = "—"


def shown(path: str, label: str) -> Callable:
    """A read-only column with the words of what lies at ``path``, such as ``handed_over_to.reviewer``."""

    @admin.display(description=label)
    def column(obj: Any) -> str:
        value = obj
        for name in path.split("."):
            value = getattr(value, name, None)
            if value is None:
                return NONE
        return str(value)

    column.__name__ = path.replace(".", "_")
    return column


@admin.display(description="Case")
def case(obj: Any) -> str:
    """The case's number, kept on one line."""
    return format_html('<span class="portal-number">{}</span>', obj.submission.case_number)


def moment(value: datetime | None) -> str:
    """An instant in the reader's zone; a dash for none."""
    if value is None:
        return NONE
    return format_html('<span class="workbench-instant">{}</span>', instant(value))
