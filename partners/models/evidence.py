"""Files that an organisation puts with its application."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from partners.querysets_applications import PartnerEvidenceQuerySet
from portal.accounts.models import Organisation
from portal.submissions.models import StoredFile


class PartnerEvidence(StoredFile):
    """A file that shows something of an organisation, such as an audit report; for its own people and who oversees the programme.

    Taken out, its row and its file stay for the programme office, which may have decided by it.
    """

    FOLDER: ClassVar[str] = "partner_evidence"
    AT_MOST: ClassVar[int] = 20

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="evidence")
    shows = models.CharField("what it shows", max_length=200)
    removed_at = models.DateTimeField(null=True)

    objects = PartnerEvidenceQuerySet.as_manager()

    class Meta:
        ordering = ["uploaded_at", "id"]
        verbose_name = "file of evidence"
        indexes = [
            models.Index(
                fields=["uploaded_at"],
                condition=Q(scan_state__in=["waiting", "failed"]),
                name="partner_evidence_to_scan",
            )
        ]
        constraints = [
            models.CheckConstraint(name="partner_evidence_shows_something", condition=~Q(shows="")),
            models.UniqueConstraint(
                fields=["organisation", "sha256"], condition=Q(removed_at=None), name="partner_evidence_once"
            ),
        ]

    def __str__(self):
        return f"{self.shows}, {self.name}"
