"""Words that nothing of the portal says of a release (DOMAIN.md, invariant 1)."""

import re

FORBIDDEN = re.compile(
    r"\b(approv\w*|den(y|ied|ies|ial)|licen[sc]\w*|clear(s|ed|ing|ance)?|permi(t\w*|ssion\w*)|holds?)\b",
    re.IGNORECASE,
)


def forbidden_in(text: str) -> list[str]:
    """Those of these words that a text has, as it spells them."""
    return [match.group() for match in FORBIDDEN.finditer(text)]
