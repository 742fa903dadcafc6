"""What was reported as a spill: something that the portal must not store. Never the content, and no free text about it."""

import pgtrigger
from django.db import models
from django.db.models import Q

from portal import clock
from portal.accounts.models import Organisation
from portal.submissions.models.base import USER, Key
from portal.submissions.models.cases import Submission
from portal.submissions.querysets_spills import SpillQuerySet
from portal.submissions.states import SPILL, SpillState


class Spill(Key):
    """One report that an object holds what the portal must not store. While it stands the object is shown to nobody.

    ``kind`` and ``subject_id`` name the object, as ``spills.KINDS`` knows it. ``agencies`` are those whose security officers
    look after it; ``told_lab`` is whether the lab could read the object, and so knows of the report. ``destroyed_at`` is when
    the last stored bytes of removed content were gone.
    """

    class Feared(models.TextChoices):
        CLASSIFIED = "classified", "Classified information"
        EXPORT = "export_controlled", "Export-controlled information"
        PERSONAL = "personal_data", "Personal data"
        OTHER = "other", "Something else that must not be here"

    kind = models.CharField("what is frozen", max_length=20)
    subject_id = models.UUIDField("its id")
    submission = models.ForeignKey(Submission, models.PROTECT, null=True, related_name="spills")
    # Of the case, or of what is about no case.
    number = models.CharField("case", max_length=20)
    lab = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    feared = models.CharField("what is feared", max_length=20, choices=Feared)
    state = models.CharField(max_length=20, choices=SpillState, default=SpillState.FROZEN)
    told_lab = models.BooleanField(default=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    agencies = models.ManyToManyField(Organisation, related_name="+")
    reported_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    reported_at = models.DateTimeField(default=clock.now)
    settled_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")
    settled_at = models.DateTimeField(null=True)
    destroyed_at = models.DateTimeField(null=True)

    objects = SpillQuerySet.as_manager()

    class Meta:
        ordering = ["-reported_at", "id"]
        indexes = [models.Index(fields=["-reported_at", "id"], name="spill_newest")]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject_id"],
                condition=Q(state__in=["frozen", "removed"]),
                name="spill_hides_once",
            ),
            models.CheckConstraint(
                name="spill_settled_by_a_person",
                condition=Q(state="frozen", settled_at=None, settled_by=None)
                | (~Q(state="frozen") & Q(settled_at__isnull=False, settled_by__isnull=False)),
            ),
            models.CheckConstraint(
                name="spill_destroyed_once_removed", condition=Q(destroyed_at=None) | Q(state="removed")
            ),
        ]
        triggers = [pgtrigger.FSM(name="spill_steps", field="state", transitions=SPILL.stored_jumps())]

    def __str__(self):
        return f"Spill, {self.number}, {self.reported_at:%d %b %Y %H:%M}"


class Frozen(models.Model):
    """A row of the view ``submissions_frozen``: an object that a spill hides from everybody, whoever may read of the report."""

    id = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=20)
    subject_id = models.UUIDField()

    class Meta:
        managed = False
        db_table = "submissions_frozen"

    def __str__(self):
        return f"{self.kind} {self.subject_id}"
