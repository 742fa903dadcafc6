"""What every table of cases has."""

import uuid

from django.conf import settings
from django.db import models

USER = settings.AUTH_USER_MODEL


class Key(models.Model):
    """A public id made in Python, so that a row can be named before it is written."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True
