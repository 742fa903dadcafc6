"""What the determining authority's delegates recorded about a model. Append-only: nothing here is ever changed."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from portal import clock
from portal.accounts.models import Organisation
from portal.searching import words_index
from portal.submissions.models import Key
from reviews.models.inquiries import Inquiry
from reviews.querysets import DesignationQuerySet
from reviews.states import DesignationState

USER = settings.AUTH_USER_MODEL

# What a search reads.
_WORDS = ("subject", "basis")


class Designation(Key):
    """One designator's record of whether a model is a covered frontier model; in force once another confirmed it.

    A correction is a new designation that ``supersedes`` this one. The lab reads it when it is shared and confirmed.
    """

    class Outcome(models.TextChoices):
        COVERED = "covered", "Covered frontier model"
        NOT_COVERED = "not_covered", "Not a covered frontier model"

    WORDS = _WORDS

    lab = models.ForeignKey(Organisation, models.PROTECT, related_name="designations")
    subject = models.CharField("model or checkpoint", max_length=200)
    outcome = models.CharField(max_length=20, choices=Outcome)
    basis = models.TextField("basis of the determination", max_length=20000)
    inquiry = models.ForeignKey(Inquiry, models.PROTECT, null=True, blank=True, related_name="designations")
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    shared_with_lab = models.BooleanField(default=True)
    recorded_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(default=clock.now)

    objects = DesignationQuerySet.as_manager()

    class Meta:
        ordering = ["-recorded_at", "id"]
        indexes = [
            models.Index(fields=["lab", "-recorded_at"], name="designation_lab"),
            models.Index(fields=["-recorded_at", "id"], name="designation_queue"),
            words_index("designation_words", _WORDS),
        ]
        constraints = [
            models.CheckConstraint(
                name="designation_supersedes_another", condition=Q(supersedes=None) | ~Q(supersedes=F("id"))
            )
        ]

    def __str__(self):
        return f"{self.get_outcome_display()}, recorded {self.recorded_at:%d %b %Y}"

    @property
    def state(self) -> DesignationState:
        return DesignationState.CONFIRMED if self.confirmed_at else DesignationState.RECORDED

    @property
    def confirmed_at(self):
        """When a second designator confirmed it; None while nobody has. Reads ``confirmation`` (select it with the row)."""
        try:
            return self.confirmation.confirmed_at
        except DesignationConfirmation.DoesNotExist:
            return None

    @property
    def is_open_to_lab(self) -> bool:
        return self.shared_with_lab and self.confirmed_at is not None

    @property
    def successor(self) -> "Designation | None":
        """The designation that supersedes this one, if any."""
        try:
            return self.superseded_by
        except Designation.DoesNotExist:
            return None


class DesignationConfirmation(Key):
    """A second designator's confirmation, in a row of its own; the database refuses the one who recorded it."""

    designation = models.OneToOneField(Designation, models.PROTECT, related_name="confirmation")
    confirmed_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-confirmed_at"]

    def __str__(self):
        return f"Confirmation, {self.confirmed_at:%d %b %Y}"
