"""Which events are of a case's record, and what of them its lab is told. Upper floors fill these from their AppConfig."""

# Kinds of subject whose changes, beside every look, are numbered within their case: what a lab reads of its record.
TOLD: set[str] = set()
# Kinds of subject that the lab knows, so that its archive opens what was done to which of them.
OPENED: set[str] = set()


def is_told(kind: str, subject_type: str, case_id: str) -> bool:
    """Whether an event that is sealed now is counted in its case's record."""
    return bool(case_id) and (kind == "look" or subject_type in TOLD)
