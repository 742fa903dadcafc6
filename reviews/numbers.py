"""Numbers of inquiries and matching runs: random, like case numbers and for the same reason."""

from portal.submissions.numbers import random_number


def new_inquiry_number() -> str:
    """Such as ``INQ-7K3Q-9D2V``."""
    return random_number("INQ")


def new_run_number() -> str:
    """Such as ``RUN-7K3Q-9D2V``."""
    return random_number("RUN")
