"""Documents and the versions of their files."""

from django.db import models
from django.db.models import Q

from portal import clock
from portal.formats import day
from portal.searching import words_index
from portal.submissions import markings, watermarks
from portal.submissions.models.base import USER, Key
from portal.submissions.models.cases import Submission
from portal.submissions.models.stored import FILES_FOLDER, StoredFile
from portal.submissions.querysets import DocumentQuerySet
from portal.submissions.querysets_records import DocumentVersionQuerySet

# What a search reads.
_WORDS = ("title",)


class Document(Key):
    """A document of a case; its content is in its versions, of which the newest counts and none is destroyed."""

    class DocumentKind(models.TextChoices):
        SYSTEM_CARD = "system_card", "Draft system card"
        PREPAREDNESS = "preparedness", "Preparedness evaluations"
        INSPECT_LOG = "inspect_log", "Inspect evaluation log"
        SAFEGUARDS = "safeguards", "Safeguards description"
        THIRD_PARTY = "third_party", "Third-party report"
        OTHER = "other", "Other"

    class Tlp(models.TextChoices):
        RED = "TLP:RED", "TLP:RED"
        AMBER_STRICT = "TLP:AMBER+STRICT", "TLP:AMBER+STRICT"
        AMBER = "TLP:AMBER", "TLP:AMBER"
        GREEN = "TLP:GREEN", "TLP:GREEN"
        CLEAR = "TLP:CLEAR", "TLP:CLEAR"

    WORDS = _WORDS

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=20, choices=DocumentKind)
    title = models.CharField(max_length=200)
    tlp = models.CharField("TLP 2.0 marking", max_length=20, choices=Tlp, default=Tlp.AMBER_STRICT)
    # As ``markings`` writes it; empty for none.
    cui = models.CharField("CUI banner", max_length=markings.LONGEST, blank=True, default="", db_default="")
    confidential_commercial = models.BooleanField(
        "confidential commercial information",
        default=True,
        help_text="FOIA exemption 4; government cannot remove this mark without telling you first.",
    )
    # Who took that mark off last, and the notice under which, where it was not the lab. A trigger refuses every other removal.
    unmarked_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+", editable=False)
    unmarked_under = models.ForeignKey(
        "submissions.DisclosureNotice", models.PROTECT, null=True, related_name="+", editable=False
    )
    created_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    # A document taken out of a draft before anyone else could see the case.
    removed_at = models.DateTimeField(null=True)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [
            models.Index(fields=["-created_at", "id"], condition=Q(removed_at=None), name="document_newest"),
            words_index("document_words", _WORDS),
        ]
        constraints = [
            models.CheckConstraint(
                name="document_cui_banner", condition=Q(cui="") | Q(cui="CUI") | Q(cui__startswith="CUI//")
            )
        ]

    def __str__(self):
        return self.title

    @property
    def current(self):
        """The newest version; from the prefetched versions when they are there."""
        versions = list(self.versions.all())
        return versions[0] if versions else None

    @property
    def is_comparable(self) -> bool:
        """Whether its two newest versions are texts, and there to be read."""
        versions = list(self.versions.all())[:2]
        return len(versions) == 2 and all(v.is_text and v.disposed_at is None for v in versions)

    @property
    def marks(self) -> markings.Marking:
        return markings.Marking(self.tlp, self.cui, self.confidential_commercial)

    @property
    def marking(self) -> str:
        return str(self.marks)


TEXTS = frozenset({"text/plain", "text/markdown", "text/csv", "application/json"})


class DocumentVersion(StoredFile):
    """One uploaded file of a document."""

    FOLDER = FILES_FOLDER

    document = models.ForeignKey(Document, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    # Why its readers' copies carry no name, a word of ``watermarks.PROBLEMS``; empty for nothing, None where it was never tried.
    watermark_problem = models.CharField(max_length=20, null=True, blank=True)
    # When its content was disposed of under the retention schedule, and when its file had left the storage.
    disposed_at = models.DateTimeField(null=True, editable=False)
    file_removed_at = models.DateTimeField(null=True, editable=False)

    objects = DocumentVersionQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        indexes = [
            models.Index(
                fields=["uploaded_at"],
                condition=Q(scan_state__in=["waiting", "failed"]),
                name="version_to_scan",
            ),
            models.Index(
                fields=["disposed_at"],
                condition=Q(disposed_at__isnull=False, file_removed_at=None),
                name="version_to_remove",
            ),
            models.Index(
                fields=["document"], condition=Q(disposed_at__isnull=False), name="version_disposed_of"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["document", "number"], name="document_version_once"),
            models.CheckConstraint(
                name="version_disposed_before_removed",
                condition=Q(file_removed_at=None) | Q(disposed_at__isnull=False),
            ),
        ]

    def __str__(self):
        return f"{self.name}, version {self.number}"

    def take_in(self, checked) -> None:
        super().take_in(checked)
        self.watermark_problem = checked.watermark_problem

    @classmethod
    def still_stored(cls):
        return super().still_stored().filter(disposed_at=None)

    @property
    def is_withheld(self) -> bool:
        """Whether nobody gets it, because malware was found in it or its content was disposed of."""
        return super().is_withheld or self.disposed_at is not None

    def withheld_now(self) -> bool:
        """``is_withheld``, asked anew: a scan may have ended since this was read, or the file be gone."""
        self.refresh_from_db(fields=["scan_state", "disposed_at"])
        return self.is_withheld

    @property
    def disposed_told(self) -> str:
        """That its content is no longer there, in words; empty while it is."""
        if self.disposed_at is None:
            return ""
        return f"The content of this file was disposed of on {day(self.disposed_at)} under the retention schedule."

    @property
    def told(self) -> str:
        """What stands beside it wherever it is named: that it is gone, else what is known of malware in it."""
        return self.disposed_told or self.scan_told

    @property
    def is_text(self) -> bool:
        """Whether it can be set beside another version, line by line."""
        return self.content_type in TEXTS

    @property
    def watermark_told(self) -> str:
        """What stands against copies that carry their reader's name, in words; empty for nothing."""
        return watermarks.PROBLEMS.get(self.watermark_problem or "", "")
