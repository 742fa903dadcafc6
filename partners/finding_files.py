"""The evidence files of a finding as one person reads them: the same for pages, workbench and API."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from partners import policies_findings as policies
from partners.models import Finding, FindingFile


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file under the name by which a person has it. ``uploaded_by`` and ``sha256`` are None for an owner, as the sender is."""

    file: FindingFile
    name: str
    uploaded_by: str | None
    sha256: str | None


def files_read_by(user, finding: Finding) -> list[FileRow]:
    """The files of one finding."""
    return files_of(user, [finding]).get(finding.pk, [])


def files_of(user, findings: Iterable[Finding]) -> dict[UUID, list[FileRow]]:
    """The files of each of these findings. One statement."""
    named = {finding.pk: finding for finding in findings}
    rows = FindingFile.objects.visible_to(user).filter(finding__in=named).select_related("uploaded_by")
    found: dict[UUID, list[FileRow]] = {}
    for file in rows:
        file.finding = named[file.finding_id]
        found.setdefault(file.finding_id, []).append(row_of(user, file))
    return found


def row_of(user, file: FindingFile) -> FileRow:
    """What a person reads of a file that they see."""
    name = policies.name_of_file(user, file)
    if policies.reads_reporter(user, file.finding):
        return FileRow(file, name, str(file.uploaded_by), file.sha256)
    return FileRow(file, name, None, None)
