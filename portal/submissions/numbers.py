"""Case numbers: random, because a running number would tell each lab how many cases the others have."""

import re
import secrets

# Crockford's base 32: no letter that reads like a digit.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

# A case number, or how it begins.
BEGINNING = re.compile(r"FM-[0-9A-Z]{0,4}(-[0-9A-Z]{0,4})?\Z")


def random_number(prefix: str) -> str:
    """Such as ``FM-7K3Q-9D2V``: 40 random bits; the unique index refuses the rare repeat."""
    text = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"{prefix}-{text[:4]}-{text[4:]}"


def new_case_number() -> str:
    """The number of a new submission."""
    return random_number("FM")
