"""Files on their way in, piece by piece."""

from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import Q

from portal import clock
from portal.submissions.models.base import USER, Key
from portal.submissions.querysets import UploadQuerySet

LIFETIME = timedelta(hours=24)


def _end():
    return clock.now() + LIFETIME


class Upload(Key):
    """A person's file that has not become a document's version yet: ``length`` is what it will have in bytes.

    How much of it has arrived is the size of its file on this machine's disk, and stands nowhere else: a process that is killed
    while it receives loses what it had not written, and nothing that says otherwise is left.
    """

    person = models.ForeignKey(USER, models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    length = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField(default=_end)

    objects = UploadQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        indexes = [models.Index(fields=["expires_at"], name="upload_expiry")]
        constraints = [models.CheckConstraint(name="upload_has_length", condition=Q(length__gt=0))]

    def __str__(self):
        return self.name

    @property
    def path(self) -> Path:
        """Where its bytes lie. Never the uploader's name: it may be hostile, and it may be secret."""
        return Path(settings.PORTAL_UNFINISHED_DIR) / self.pk.hex

    @property
    def offset(self) -> int:
        """How many bytes have arrived."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0
