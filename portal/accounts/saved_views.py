"""The filters of a list that a person keeps under a name."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from portal import clock
from portal.accounts import querysets


class SavedView(models.Model):
    """One person's own: ``page`` is the list's model, ``query`` what stands behind the question mark of its address."""

    # Of one list, for one person.
    MOST = 20

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="saved_views")
    page = models.CharField(max_length=80)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=500)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = querysets.SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint("user", "page", Lower("name"), name="saved_view_name")]

    def __str__(self):
        return self.name
