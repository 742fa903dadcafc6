"""What is kept of a case, and because of what."""

from django.db import models
from django.db.models import Q

from portal import clock
from portal.accounts.models import Organisation
from portal.submissions.models.base import USER, Key
from portal.submissions.models.cases import Submission
from portal.submissions.querysets_records import LegalHoldQuerySet, RetentionQuerySet


class LegalHold(Key):
    """A duty to keep every record of one case, or of everything of one lab, until it is lifted: nothing under it is removed.

    It is about records alone: no date, access or release of the lab's follows from it. ``matter`` is the reference of what it is
    for, which the lab does not read. A row is never removed, and lifted once; a trigger holds that.
    """

    submission = models.ForeignKey(
        Submission, models.PROTECT, null=True, related_name="legal_holds", verbose_name="case"
    )
    lab = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    matter = models.CharField("matter", max_length=120)
    reason = models.TextField("reason", max_length=2000)
    placed_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    placed_at = models.DateTimeField(default=clock.now)
    lifted_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True)
    lift_reason = models.TextField("why it was lifted", max_length=2000, blank=True)

    objects = LegalHoldQuerySet.as_manager()

    class Meta:
        ordering = ["-placed_at", "id"]
        verbose_name = "legal hold"
        constraints = [
            models.CheckConstraint(
                name="legal_hold_names_one",
                condition=Q(lab__isnull=False, submission=None) | Q(lab=None, submission__isnull=False),
            ),
            models.CheckConstraint(name="legal_hold_says_why", condition=~Q(matter="") & ~Q(reason="")),
            models.CheckConstraint(
                name="legal_hold_lifted_by_somebody",
                condition=Q(lifted_at=None, lifted_by=None, lift_reason="")
                | Q(lifted_at__gte=models.F("placed_at"), lifted_by__isnull=False) & ~Q(lift_reason=""),
            ),
            models.UniqueConstraint(
                fields=["submission", "matter"],
                condition=Q(lifted_at=None, lab=None),
                name="legal_hold_once_a_case",
            ),
            models.UniqueConstraint(
                fields=["lab", "matter"],
                condition=Q(lifted_at=None, submission=None),
                name="legal_hold_once_a_lab",
            ),
        ]
        indexes = [
            models.Index(fields=["submission"], condition=Q(lifted_at=None), name="legal_hold_of_case"),
            models.Index(fields=["lab"], condition=Q(lifted_at=None), name="legal_hold_of_lab"),
        ]

    def __str__(self):
        return f"Legal hold, {self.matter}"

    @property
    def about(self) -> str:
        """What it keeps, in words."""
        return f"Case {self.submission}" if self.submission_id else f"Everything of {self.lab}"

    @property
    def state(self) -> str:
        return "lifted" if self.lifted_at else "standing"


class Retention(Submission):
    """A case as far as it is kept: its own list and page on the workbench, and no table of its own."""

    objects = RetentionQuerySet.as_manager()

    class Meta:
        proxy = True
        verbose_name = "retention"
        verbose_name_plural = "retention"


class Content(models.Model):
    """A row of the view ``content_shown``: one stored version of a document, without its name, for who oversees what is kept.

    It is there also of cases whose documents are open to nobody any more.
    """

    id = models.UUIDField(primary_key=True)
    submission = models.ForeignKey(Submission, models.DO_NOTHING, related_name="+")
    size = models.PositiveBigIntegerField()
    disposed_at = models.DateTimeField(null=True)
    file_removed_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "content_shown"

    def __str__(self):
        return f"{self.size} bytes"
