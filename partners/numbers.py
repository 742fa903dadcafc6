"""Numbers of findings: random, like case numbers and for the same reason."""

from portal.submissions.numbers import random_number


def new_finding_number() -> str:
    """Such as ``FD-7K3Q-9D2V``."""
    return random_number("FD")
