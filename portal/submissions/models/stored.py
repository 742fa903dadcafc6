"""A file as the portal keeps one, whatever it is of: judged and hashed on its way in, scanned, withheld if malware is in it."""

from typing import ClassVar

from django.db import models

from portal import clock
from portal.submissions.models.base import USER, Key

FILES_FOLDER = "documents"


def _file_path(stored, name):
    # Never the uploader's name: it may be hostile, and it may be secret.
    return f"{stored.FOLDER}/{stored.pk.hex[:2]}/{stored.pk.hex}"


class Scan(models.TextChoices):
    """What is known of malware in a file. Nothing found is not the same as nothing there."""

    NOT_SCANNED = "not_scanned", "Not scanned for malware"
    WAITING = "waiting", "Waits to be scanned for malware"
    NOTHING_FOUND = "nothing_found", "No known malware found"
    FOUND = "found", "Malware found"
    FAILED = "failed", "Could not be scanned for malware"
    GIVEN_UP = "given_up", "Could not be scanned for malware, and is not tried again"


class StoredFile(Key):
    """One uploaded file: ``size`` in bytes, ``sha256`` in hex as computed while it streamed in.

    A kind of it is registered with ``hooks.STORED``: what is registered there is scanned, and its strays are removed.
    """

    # Where in the storage the files of this kind are, each kind in a folder of its own.
    FOLDER: ClassVar[str]

    file = models.FileField(upload_to=_file_path, max_length=200)
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
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
        abstract = True

    def take_in(self, checked) -> None:
        """Take what ``files.check`` found."""
        self.name, self.content_type = checked.name, checked.content_type

    @classmethod
    def still_stored(cls):
        """The rows whose file is in the storage."""
        return cls._base_manager.all()

    @property
    def is_withheld(self) -> bool:
        """Whether nobody gets it, because malware was found in it."""
        return self.scan_state == Scan.FOUND

    @property
    def disposed_told(self) -> str:
        """That its content is no longer there, in words; empty while it is, as for every kind that is not disposed of."""
        return ""

    def withheld_now(self) -> bool:
        """``is_withheld``, asked anew: the scan may have ended since this was read."""
        return type(self)._base_manager.filter(pk=self.pk, scan_state=Scan.FOUND).exists()

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
