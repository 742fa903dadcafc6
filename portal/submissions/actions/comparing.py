"""Two versions of a text beside each other: a look at both, recorded as one."""

from dataclasses import dataclass, field
from datetime import datetime

from portal.errors import NotAllowed, Refused
from portal.scope import action
from portal.submissions import diffs
from portal.submissions.actions.documents import refuse_withheld
from portal.submissions.looks import looked
from portal.submissions.models import Document, DocumentVersion

NO_TEXT = "Only text, Markdown, CSV and JSON files are compared here. Download both versions to compare them."
TOO_LARGE = (
    f"These versions are too large to be compared here: at most {diffs.MOST_BYTES // 1024} kB and {diffs.MOST_LINES} lines each."
    " Download both to compare them."
)
TOO_DIFFERENT = (
    f"More than {diffs.MOST_CHANGES} lines differ, so they are not shown here. Download both to compare them."
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two versions differ in. ``problem`` says why they are not compared; without it and without rows they are equal."""

    old: DocumentVersion
    new: DocumentVersion
    rows: list[diffs.Row] = field(default_factory=list)
    problem: str = ""


@action
def compare_versions(
    *, actor, old: DocumentVersion, new: DocumentVersion, at: datetime | None = None
) -> Comparison:
    """Two versions of one document, line by line. The look at each is recorded, unless nothing of them can be shown."""
    found = Document.objects.visible_to(actor, at=at).filter(pk=old.document_id)
    if old.document_id != new.document_id or not found.exists():
        raise NotAllowed("This document is not open to you now.")
    try:
        for version in (old, new):
            refuse_withheld(version)
    except Refused as refusal:
        return Comparison(old, new, problem=refusal.message)
    if problem := _problem(old, new):
        return Comparison(old, new, problem=problem)
    texts = [_lines(version) for version in (old, new)]
    if max(map(len, texts)) > diffs.MOST_LINES:
        return Comparison(old, new, problem=TOO_LARGE)
    try:
        compared = Comparison(old, new, diffs.compare(*texts))
    except diffs.TooDifferent:
        return Comparison(old, new, problem=TOO_DIFFERENT)
    for version in (old, new):
        looked(
            actor=actor, submission=version.document.submission, verb="compared_versions", subject=version,
            data={"document": version.document_id, "version": version.number, "sha256": version.sha256},
        )  # fmt: skip
    return compared


def _problem(*versions: DocumentVersion) -> str:
    if any(not version.is_text for version in versions):
        return NO_TEXT
    return TOO_LARGE if any(version.size > diffs.MOST_BYTES for version in versions) else ""


def _lines(version: DocumentVersion) -> list[str]:
    with version.file.open("rb") as source:
        return diffs.lines_of(source.read(diffs.MOST_BYTES + 1))
