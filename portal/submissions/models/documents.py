"""Documents and the versions of their files."""

from django.db import models
from django.db.models import Q

from portal import clock
from portal.searching import words_index
from portal.submissions import markings, watermarks
from portal.submissions.models.base import USER, Key
from portal.submissions.models.cases import Submission
from portal.submissions.querysets import DocumentQuerySet

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
        """Whether its two newest versions are texts."""
        versions = list(self.versions.all())[:2]
        return len(versions) == 2 and all(version.is_text for version in versions)

    @property
    def marks(self) -> markings.Marking:
        return markings.Marking(self.tlp, self.cui, self.confidential_commercial)

    @property
    def marking(self) -> str:
        return str(self.marks)


TEXTS = frozenset({"text/plain", "text/markdown", "text/csv", "application/json"})
FILES_FOLDER = "documents"


def _file_path(version, name):
    # Never the uploader's name: it may be hostile, and it may be secret.
    return f"{FILES_FOLDER}/{version.pk.hex[:2]}/{version.pk.hex}"


class Scan(models.TextChoices):
    """What is known of malware in a file. Nothing found is not the same as nothing there."""

    NOT_SCANNED = "not_scanned", "Not scanned for malware"
    WAITING = "waiting", "Waits to be scanned for malware"
    NOTHING_FOUND = "nothing_found", "No known malware found"
    FOUND = "found", "Malware found"
    FAILED = "failed", "Could not be scanned for malware"
    GIVEN_UP = "given_up", "Could not be scanned for malware, and is not tried again"


class DocumentVersion(Key):
    """One uploaded file: ``size`` in bytes, ``sha256`` in hex as computed while it streamed in."""

    document = models.ForeignKey(Document, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    file = models.FileField(upload_to=_file_path, max_length=200)
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    # Why its readers' copies carry no name, a word of ``watermarks.PROBLEMS``; empty for nothing, None where it was never tried.
    watermark_problem = models.CharField(max_length=20, null=True, blank=True)
    scan_state = models.CharField(
        max_length=20, choices=Scan, default=Scan.NOT_SCANNED, db_default=Scan.NOT_SCANNED
    )
    # What was found, of when the scanner's signatures were, or why the scan failed.
    scan_detail = models.CharField(max_length=200, blank=True, default="", db_default="")
    scanned_at = models.DateTimeField(null=True)
    # When a run took it up that has not answered yet, and when a scan of it first failed.
    scan_begun_at = models.DateTimeField(null=True, editable=False)
    scan_failed_at = models.DateTimeField(null=True, editable=False)
    uploaded_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-number"]
        indexes = [
            models.Index(
                fields=["uploaded_at"],
                condition=Q(scan_state__in=["waiting", "failed"]),
                name="version_to_scan",
            )
        ]
        constraints = [models.UniqueConstraint(fields=["document", "number"], name="document_version_once")]

    def __str__(self):
        return f"{self.name}, version {self.number}"

    @property
    def is_withheld(self) -> bool:
        """Whether nobody gets it, because malware was found in it."""
        return self.scan_state == Scan.FOUND

    def withheld_now(self) -> bool:
        """``is_withheld``, asked anew: the scan may have ended since this was read."""
        return DocumentVersion.objects.filter(pk=self.pk, scan_state=Scan.FOUND).exists()

    @property
    def scan_told(self) -> str:
        """What is known of malware in it, in words."""
        label = Scan(self.scan_state).label
        if self.scan_state == Scan.NOTHING_FOUND:
            return f"{label}, by signatures of {self.scan_detail}."
        if self.scan_state == Scan.FOUND:
            return f"{label}: {self.scan_detail}. This file is given to nobody."
        failed = self.scan_state in (Scan.FAILED, Scan.GIVEN_UP)
        return f"{label}: {self.scan_detail}" if failed else f"{label}."

    @property
    def is_text(self) -> bool:
        """Whether it can be set beside another version, line by line."""
        return self.content_type in TEXTS

    @property
    def watermark_told(self) -> str:
        """What stands against copies that carry their reader's name, in words; empty for nothing."""
        return watermarks.PROBLEMS.get(self.watermark_problem or "", "")
