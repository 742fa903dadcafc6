"""Evidence files of a finding."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from partners.models.findings import Finding
from partners.querysets_finding_files import FindingFileQuerySet
from portal.submissions.models import StoredFile


class FindingFile(StoredFile):
    """A file that shows something of a finding, such as a log or a proof of concept; its reporters put it there.

    Files are taken out of a draft only; a trigger refuses every other change but that of the scan. ``number`` counts, from 1,
    the files of one finding that are for its owner, and the others by themselves: an owner reads nothing from a gap.
    """

    FOLDER: ClassVar[str] = "finding_files"
    AT_MOST: ClassVar[int] = 20

    finding = models.ForeignKey(Finding, models.PROTECT, related_name="files")
    number = models.PositiveSmallIntegerField()
    shows = models.CharField("what it shows", max_length=200)
    for_owner = models.BooleanField(
        "the owner opens it once notified",
        default=False,
        help_text="Leave it unticked where the file itself would say who reported.",
    )
    removed_at = models.DateTimeField(null=True)

    objects = FindingFileQuerySet.as_manager()

    class Meta:
        ordering = ["uploaded_at", "id"]
        verbose_name = "evidence file"
        indexes = [
            models.Index(
                fields=["uploaded_at"],
                condition=Q(scan_state__in=["waiting", "failed"]),
                name="finding_file_to_scan",
            )
        ]
        constraints = [
            models.CheckConstraint(name="finding_file_shows_something", condition=~Q(shows="")),
            models.UniqueConstraint(
                fields=["finding", "sha256"], condition=Q(removed_at=None), name="finding_file_once"
            ),
            models.UniqueConstraint(
                fields=["finding", "for_owner", "number"],
                condition=Q(removed_at=None),
                name="finding_file_number",
            ),
        ]

    def __str__(self):
        return f"{self.shows}, {self.name}"
