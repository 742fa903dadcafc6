"""Words that a password may not hold: whoever guesses one of this field tries them first (NIST SP 800-63B-4, 3.1.1.2).

docs/settings.md lists them; a test holds that it does.
"""

import re
import unicodedata
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError

from portal import programme
from portal.accounts.models import Organisation

# Of the field, for everybody. A long one stands for what contains it.
WORDS = (
    "frontier",
    "early access",
    "portal",
    "checkpoint",
    "red team",
    "model card",
    "covered model",
    "safeguard",
)
# Shorter words stand in too many others: an organisation's is looked for only where it is so long.
SHORTEST = 5
# What people type for letters; a 1 is an l or an i.
_FOR_LETTERS = [str.maketrans("01345789@$!", f"o{one}eastbgasi") for one in "li"]


def plain(text: str) -> str:
    """Letters and digits alone, small, without accents: "Früh-Zugang 2" is "fruhzugang2"."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(one for one in folded if one.isalnum())


def readings(text: str) -> set[str]:
    """The same, and with what people type for letters read as those: "Fr0nt!er" is "frontier" too."""
    return {plain(text), *(plain(text.translate(table)) for table in _FOR_LETTERS)}


def words_for(user: Any) -> list[str]:
    """The words that this person's password may not hold, each as it is written."""
    host = urlsplit(settings.PORTAL_BASE_URL).hostname or ""
    current = programme.current()
    names = (
        [] if user is None else Organisation.objects.that_have_or_ask(user).values_list("name", "short_name")
    )
    theirs = [text for pair in names for text in pair]
    parts = [part for text in theirs for part in re.split(r"\W+", text)]
    found = [*WORDS, current.name, current.determining_authority, *host.split("."), *theirs, *parts]
    return list(dict.fromkeys(one for one in found if len(plain(one)) >= SHORTEST))


class NoWordOfTheField:
    """A password holds no word of the field, of the programme or of one's organisations."""

    def validate(self, password: str, user: Any = None) -> None:
        typed = readings(password)
        for word in words_for(user):
            if any(plain(word) in one for one in typed):
                raise ValidationError(
                    "“%(word)s” is among what somebody who guesses tries first. Leave it out, and take words that have nothing "
                    "to do with your work, your organisation or the programme.",
                    code="password_word",
                    params={"word": word},
                )

    def get_help_text(self) -> str:
        return "Use no word of your work, of your organisation or of the programme."
