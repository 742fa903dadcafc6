"""The append-only record of every change and every look at lab material."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Func

from portal.ledger.querysets import EventQuerySet
from portal.ledger.words import said


class NextEventNumber(Func):
    """The database's own counter of events; gaps are rolled-back transactions."""

    template = "nextval('ledger_event_seq')"
    output_field = models.BigIntegerField()


class Event(models.Model):
    """One thing that happened: a change somebody made or a look somebody took.

    ``data`` holds ids, old and new values of dates and states; never a text, file name or secret of the lab's. ``digest`` is
    an HMAC-SHA256 over every other column but ``seq``, under a key that is not in the database.
    """

    class Kind(models.TextChoices):
        CHANGE = "change", "Change"
        LOOK = "look", "Look"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    seq = models.BigIntegerField(unique=True, db_default=NextEventNumber(), editable=False)
    at = models.DateTimeField()
    kind = models.CharField(max_length=10, choices=Kind)
    verb = models.CharField(max_length=60)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    capacity = models.CharField(max_length=30, blank=True)
    subject_type = models.CharField(max_length=60)
    subject_id = models.UUIDField()
    case_id = models.UUIDField(null=True)
    reason = models.TextField(blank=True)
    data = models.JSONField(default=dict)
    digest = models.BinaryField(max_length=32)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["-seq"]
        indexes = [
            models.Index(fields=["case_id", "-seq"], name="ledger_event_case"),
            models.Index(fields=["subject_id", "-seq"], name="ledger_event_subject"),
            models.Index(fields=["verb", "-seq"], name="ledger_event_verb"),
            models.Index(fields=["-seq"], condition=models.Q(actor=None), name="ledger_event_clock"),
            # Looks are nearly all of the ledger: changes among them are found without reading those.
            models.Index(fields=["-seq"], condition=models.Q(kind="change"), name="ledger_event_change"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=["change", "look"]), name="ledger_event_kind"),
        ]

    def __str__(self):
        return f"{self.verb} {self.subject_type}"

    @property
    def what(self) -> str:
        return said(self)


class Seal(models.Model):
    """A stretch of events closed for good: their number, their order and each digest are bound into ``digest``.

    Deleting or inserting an event inside a sealed stretch breaks the seal; deleting a seal breaks its successor.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveBigIntegerField(unique=True)
    at = models.DateTimeField()
    last_seq = models.BigIntegerField()
    events = models.PositiveIntegerField()
    digest = models.BinaryField(max_length=32)

    class Meta:
        ordering = ["number"]

    def __str__(self):
        return f"Seal {self.number}"
