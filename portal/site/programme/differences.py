"""How a changed setting is shown: a number or sentence before and after, a text sentence by sentence."""

import re
from types import SimpleNamespace
from typing import Any

from portal.programme import schema
from portal.programme.actions import Change
from portal.submissions import diffs

_SENTENCE = re.compile(r"(?<=[.?!])\s+")


def told(change: Change) -> dict[str, Any]:
    """A change for a page; ``found`` is there for a text, as ``includes/text_diff.html`` takes it."""
    row = schema.SETTINGS.get(change.key)
    group = schema.GROUPS[row.group] if row else "No longer set"
    found = None
    if isinstance(row, schema.Text):
        found = {
            "old": SimpleNamespace(number="before"),
            "new": SimpleNamespace(number="after"),
            "rows": diffs.compare(_sentences(change.before), _sentences(change.after)),
        }
    return {
        "group": group,
        "label": change.label,
        "before": change.said_before,
        "after": change.said_after,
        "found": found,
    }


def _sentences(text: str) -> list[str]:
    return [piece for line in text.splitlines() for piece in (_SENTENCE.split(line) if line else [""])]
