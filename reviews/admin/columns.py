"""Columns that show a related row by its words. Django would link it to a page that the reader may not have."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin


def shown(path: str, label: str) -> Callable:
    """A read-only column with the words of what lies at ``path``, such as ``submission.case_number``."""

    @admin.display(description=label)
    def column(obj: Any) -> str | None:
        value = obj
        for name in path.split("."):
            value = getattr(value, name, None)
            if value is None:
                return None
        return str(value)

    column.__name__ = path.replace(".", "_")
    return column
