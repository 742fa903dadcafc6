"""What a reported spill hides, from everybody: the one rule, which every read of the kinds that can be frozen asks."""

from django.apps import apps
from django.db.models import Exists, OuterRef

from portal.submissions.states import SpillState

# While a spill is in one of these its object is shown to nobody; the view ``submissions_frozen`` says the same.
HIDING = (SpillState.FROZEN, SpillState.REMOVED)
# What is shown in its place where other rows have to stand around it.
FROZEN_WORDS = "Frozen after a report of a spill."
REMOVED_WORDS = "Removed after a spill."
# What a page says before somebody reports one.
WHAT_HAPPENS = (
    "For something that the portal must not store: classified or export-controlled information, or personal data. It is frozen in"
    " that moment: nobody sees it any more, you and the lab included, in any list, page or download. Security officers are told"
    " the case number, and lift it or destroy the content. The case, its dates and every step on it stay as they are. Do not"
    " describe what you saw anywhere in the portal."
)
DOCUMENT, QUESTION = "document", "question"


def frozen(kind: str, column: str = "pk") -> Exists:
    """For rows whose ``column`` names an object of this kind: whether a spill hides it."""
    rows = apps.get_model("submissions", "Frozen").objects
    return Exists(rows.filter(kind=kind, subject_id=OuterRef(column)).order_by())
