"""Legal entity identifiers: ISO 17442, with the check digits of ISO 7064 MOD 97-10."""

import re

_FORM = re.compile(r"[A-Z0-9]{18}[0-9]{2}")


def is_lei(text: str) -> bool:
    """Whether a text of capitals and digits is a LEI: twenty characters whose number, with A as 10 to Z as 35, leaves 1 by 97."""
    if _FORM.fullmatch(text) is None:
        return False
    return int("".join(str(int(character, 36)) for character in text)) % 97 == 1
