"""What the notes of a CSAF 2.0 document say: the summary, what the format has no field for, and the rest."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from partners.advisories import vectors
from partners.advisories.advisory import Kind, Note
from partners.advisories.csaf_words import CVSS, KIND, KINDS, SSVC

_KINDS: dict[str, Any] = {words: kind for kind, words in KINDS.items()}
# What tells what it is about, the most telling first.
_SUMMARIES = ("description", "summary", "details", "general")


@dataclass
class Told:
    """What was read of notes."""

    summary: str = ""
    kind: Kind | None = None
    ssvc: str = ""
    cvss: list[str] = field(default_factory=list)
    notes: tuple[Note, ...] = ()


def notes_of(head: dict[str, Any], vulnerability: dict[str, Any]) -> Told:
    """The summary is the vulnerability's, or else the document's. Threats and the severity of all of it become notes."""
    own, general = _notes(vulnerability), _notes(head)
    told = Told()
    summary = _summary(own) or _summary(general)
    told.summary = summary.text if summary else ""
    rest = [note for note in [*general, *own] if note is not summary and not _understood(note, told)]
    # An incident's document says it twice.
    said = frozenset(note for note in general if note.text == told.summary)
    rest = [note for note in rest if note not in said]
    told.notes = tuple(dict.fromkeys([*rest, *_severity(head), *_threats(vulnerability)]))
    return told


def _notes(part: dict[str, Any]) -> list[Note]:
    return [Note(one["text"], one.get("title", ""), one["category"]) for one in part.get("notes", [])]


def _summary(notes: list[Note]) -> Note | None:
    found = [note for category in _SUMMARIES for note in notes if note.category == category]
    return found[0] if found else None


def _understood(note: Note, told: Told) -> bool:
    """Takes what an advisory has a field for."""
    if note.category != "other":
        return False
    if note.title == KIND and note.text in _KINDS:
        told.kind = _KINDS[note.text]
    elif note.title == SSVC and not told.ssvc:
        told.ssvc = note.text
    elif note.title.startswith(f"{CVSS} ") and _is_vector(note.text):
        told.cvss.append(note.text)
    else:
        return False
    return True


def _is_vector(text: str) -> bool:
    try:
        vectors.version_of(text)
    except ValueError:
        return False
    return True


def _severity(head: dict[str, Any]) -> Iterable[Note]:
    if "aggregate_severity" in head:
        yield Note(head["aggregate_severity"]["text"], "Aggregate severity", "other")


def _threats(vulnerability: dict[str, Any]) -> Iterable[Note]:
    for threat in vulnerability.get("threats", []):
        yield Note(threat["details"], f"Threat: {threat['category']}", "other")
