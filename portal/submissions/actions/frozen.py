"""Nothing is done to what a spill hides."""

from uuid import UUID

from portal.errors import WrongState
from portal.submissions.models import Spill


def refuse_frozen(kind: str, subject_id: UUID) -> None:
    """Raise WrongState where a spill hides the object. Its case, its dates and every step of the lab's on it stand."""
    if Spill.objects.hiding(kind, subject_id).exists():
        raise WrongState("This was reported as a spill and is frozen.")
