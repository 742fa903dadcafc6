"""The versions of the programme's settings."""

import hashlib
import json
import uuid

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from portal import clock
from portal.programme.querysets import VersionQuerySet


class Version(models.Model):
    """The settings as somebody left them. Append-only, the newest holds.

    ``values`` holds what differs from what was delivered, by the keys of ``schema.SETTINGS``. ``digest`` is the SHA-256 of the
    row and of the digest of the version before it, so that none can be altered without the later ones.
    """

    REASON_LIMIT = 1000

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveIntegerField(unique=True)
    values = models.JSONField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=clock.now)
    reason = models.TextField(max_length=REASON_LIMIT)
    digest = models.CharField(max_length=64)

    objects = VersionQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        verbose_name = "version of the settings"
        verbose_name_plural = "versions of the settings"
        constraints = [
            models.CheckConstraint(name="programme_version_number", condition=Q(number__gte=1)),
            models.CheckConstraint(name="programme_version_has_reason", condition=~Q(reason="")),
        ]

    def __str__(self):
        return f"Settings, version {self.number}"

    @property
    def before(self) -> int:
        """The number of the version before it; 0 is what was delivered."""
        return self.number - 1

    def digest_after(self, before: str) -> str:
        """The SHA-256 (hex) of this row after the version with that digest; "" before the first."""
        row = [before, self.number, self.values, str(self.made_by_id), self.made_at, self.reason]
        text = json.dumps(row, sort_keys=True, separators=(",", ":"), cls=DjangoJSONEncoder)
        return hashlib.sha256(text.encode()).hexdigest()
