"""How CSAF 2.0 says what it has no field for: the words that are written, and read again."""

import re
from datetime import UTC, datetime

# TLP 2.0 to the label of CSAF 2.0, which has TLP 1.0.
LABELS = {
    "TLP:RED": "RED",
    "TLP:AMBER+STRICT": "AMBER",
    "TLP:AMBER": "AMBER",
    "TLP:GREEN": "GREEN",
    "TLP:CLEAR": "WHITE",
}
MARKS = {"RED": "TLP:RED", "AMBER": "TLP:AMBER", "GREEN": "TLP:GREEN", "WHITE": "TLP:CLEAR"}
STRICT = "TLP:AMBER+STRICT (TLP 2.0): for the recipient's own organisation only."
KIND, SSVC, CVSS, AFFECTED = "Kind of finding", "SSVC", "CVSS", "vers:all/*"
KINDS = {
    "software_vulnerability": "Software vulnerability",
    "model_safeguard": "Weakness of a model's safeguard",
    "model_capability": "Capability of a model",
    "incident": "Incident",
}
_EMBARGO = re.compile(r"Under embargo until (\S+)\.")


def distribution(tlp: str, embargo_until: datetime | None, text: str) -> str:
    """How a reader may pass the document on, beyond its label, a line each."""
    strict = STRICT if tlp == "TLP:AMBER+STRICT" else ""
    embargo = f"Under embargo until {stamp(embargo_until)}." if embargo_until else ""
    return "\n".join(line for line in (strict, embargo, text) if line)


def distributed(label: str, text: str) -> tuple[str, str, str]:
    """TLP 2.0 mark, end of the embargo ('' for none) and remaining text, of a label and :func:`distribution`'s text. Another
    publisher's words make an AMBER strict where they name that mark."""
    strict, embargo, lines = False, "", text.split("\n")
    if label == "AMBER" and lines[0] == STRICT:
        strict, lines = True, lines[1:]
    if lines and (match := _EMBARGO.fullmatch(lines[0])):
        embargo, lines = match[1], lines[1:]
    rest = "\n".join(lines)
    strict = strict or "AMBER+STRICT" in rest.upper()
    mark = "TLP:AMBER+STRICT" if label == "AMBER" and strict else MARKS[label]
    return mark, embargo, rest


def stamp(at: datetime) -> str:
    """An instant as both formats write it."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
