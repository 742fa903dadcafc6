"""A person's own account with a sign-in provider, linked to the one they have here (docs/adr/0027)."""

import uuid

from django.conf import settings
from django.db import models

from portal import clock
from portal.accounts import querysets


class ProviderLink(models.Model):
    """One subject of one issuer is one person, and a person has one subject of a provider; the database says so too."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="provider_links")
    # The provider's id in the settings, and its name for itself: with another issuer under the same id no link holds.
    provider = models.CharField(max_length=40)
    issuer = models.CharField(max_length=500)
    subject = models.CharField(max_length=255)
    linked_at = models.DateTimeField(default=clock.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)

    objects = querysets.ProviderLinkQuerySet.as_manager()

    class Meta:
        ordering = ["provider"]
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="provider_subject_once"),
            models.UniqueConstraint(fields=["user", "provider"], name="provider_link_once"),
        ]

    def __str__(self):
        return f"{self.user}, {self.provider}"
