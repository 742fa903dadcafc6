"""What a reported spill hides, from everybody: the one rule, which every read of the kinds that can be frozen asks."""

from django.apps import apps
from django.db.models import Exists, OuterRef

from portal.submissions.states import SpillState

# While a spill is in one of these its object is shown to nobody.
HIDING = (SpillState.FROZEN, SpillState.REMOVED)
# What is shown in its place where other rows have to stand around it.
FROZEN_WORDS = "Frozen after a report of a spill."
REMOVED_WORDS = "Removed after a spill."
DOCUMENT, QUESTION = "document", "question"


def frozen(kind: str, column: str = "pk") -> Exists:
    """For rows whose ``column`` names an object of this kind: whether a spill hides it."""
    rows = apps.get_model("submissions", "Spill").objects.filter(kind=kind, state__in=HIDING)
    return Exists(rows.filter(subject_id=OuterRef(column)).order_by())
