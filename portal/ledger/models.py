"""The append-only record of every change and every look at lab material."""

import uuid

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Func

from portal.ledger.querysets import EventQuerySet
from portal.ledger.words import said


class NextEventNumber(Func):
    """The database's own counter of events; gaps are rolled-back transactions."""

    template = "nextval('ledger_event_seq')"
    output_field = models.BigIntegerField()


class NewSalt(Func):
    """Two times 122 random bits in 32 bytes, made by the database for each row."""

    template = "uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())"
    output_field = models.BinaryField()


class Event(models.Model):
    """One thing that happened: a change somebody made or a look somebody took.

    ``data`` holds ids, old and new values of dates and states; never a text, file name or secret of the lab's. ``digest`` is
    an HMAC-SHA256 over every other column but ``seq`` and ``salt``, under a key that is not in the database: it vouches for an
    event until it is sealed. ``salt`` keeps the sealed parts of its leaf from being guessed (portal/ledger/leaf.py).
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
    salt = models.BinaryField(max_length=32, db_default=NewSalt(), editable=False)

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
            # Events come nearly in the order of their instants: a few bytes a block find those of some days.
            BrinIndex(fields=["at"], name="ledger_event_at", pages_per_range=32, autosummarize=True),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=["change", "look"]), name="ledger_event_kind"),
        ]

    def __str__(self):
        return f"{self.verb} {self.subject_type}"

    @property
    def what(self) -> str:
        return said(self)


class Leaf(models.Model):
    """An event's place in the sealed log, for good; made by the sealing job alone, in the order of the events' numbers.

    ``case_id`` and ``ordinal`` are set where the event is of a case's record, which its lab reads: its number in it, from 0.
    ``hash`` is the leaf's (portal/ledger/leaf.py).
    """

    place = models.BigIntegerField(primary_key=True)
    # No constraint to the event: it would cost the job more than the rest of it, and verification finds what is missing.
    event = models.OneToOneField(
        Event, models.DO_NOTHING, to_field="seq", db_column="seq", db_constraint=False, related_name="leaf"
    )
    case_id = models.UUIDField(null=True)
    ordinal = models.BigIntegerField(null=True)
    hash = models.BinaryField(max_length=32)

    class Meta:
        ordering = ["place"]
        constraints = [
            models.UniqueConstraint(
                fields=["case_id", "ordinal"],
                condition=models.Q(case_id__isnull=False),
                name="ledger_leaf_once",
            ),
            models.CheckConstraint(
                condition=models.Q(case_id=None, ordinal=None)
                | models.Q(case_id__isnull=False, ordinal__isnull=False),
                name="ledger_leaf_of_a_case",
            ),
        ]

    def __str__(self):
        return f"Leaf {self.place}"


class Node(models.Model):
    """The hash over 256 hashes of the level below, from ``256 * number`` on; level 0 are the leaves."""

    id = models.BigAutoField(primary_key=True)
    level = models.PositiveSmallIntegerField()
    number = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        ordering = ["level", "number"]
        constraints = [models.UniqueConstraint(fields=["level", "number"], name="ledger_node_once")]

    def __str__(self):
        return f"Node {self.level}/{self.number}"


class Key(models.Model):
    """A key that signs tree heads, from the size of the log at which it took over (portal/ledger/heads.py)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveIntegerField(unique=True)
    public = models.BinaryField(max_length=32, unique=True)
    since = models.DateTimeField()
    from_size = models.BigIntegerField()
    endorsed = models.BinaryField(max_length=64)
    accepted = models.BinaryField(max_length=64)

    class Meta:
        ordering = ["number"]
        verbose_name = "key of the ledger"
        verbose_name_plural = "keys of the ledger"

    def __str__(self):
        return f"Key {self.number}"


class Head(models.Model):
    """A signed tree head: the log as it stood after one run of the sealing job."""

    number = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    size = models.BigIntegerField(unique=True)
    last_seq = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    counts = models.BinaryField(max_length=32)
    key = models.ForeignKey(Key, models.PROTECT, related_name="+")
    signature = models.BinaryField(max_length=64)

    class Meta:
        ordering = ["number"]

    def __str__(self):
        return f"Head of {self.size}"


class Seal(models.Model):
    """What sealed events before the tree did (docs/adr/0005). Read once, before the first head; none is made any more.

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
