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

    A correction is a new designation about the same lab and model that ``supersedes`` this one; it takes force when it is
    confirmed itself, and until then the former stands. One is in force for a lab and a model, whatever the case of its letters:
    a trigger holds that. ``lapsed_at``, of rows read ``with_chain``, is when a later one of the chain took force.

    The lab reads it when it is shared and confirmed. Where a later one that is withheld took its place, the lab reads of the
    shared one that it is no longer in force, and since when: neither that it still stands, nor anything of the other.
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


class DesignationConsultation(Key):
    """Whom the designators consulted about a designation, and on which day: an agency, or an office named in words. Append-only;
    for the government alone, in words that say nothing of the lab's beyond what the designation says.
    """

    designation = models.ForeignKey(Designation, models.PROTECT, related_name="consultations")
    agency = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="+")
    office = models.CharField("office, where it is no agency here", max_length=200, blank=True)
    consulted_on = models.DateField("consulted on")
    words = models.CharField("in short", max_length=500, blank=True)
    noted_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    noted_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["consulted_on", "noted_at", "id"]
        constraints = [
            models.CheckConstraint(
                name="consultation_names_one",
                condition=Q(agency__isnull=False, office="") | Q(agency=None) & ~Q(office=""),
            )
        ]

    def __str__(self):
        return f"Consultation of {self.whom}, {self.consulted_on:%d %b %Y}"

    @property
    def whom(self) -> str:
        return self.agency.name if self.agency else self.office


class DesignationConfirmation(Key):
    """A second designator's confirmation, in a row of its own; the database refuses the one who recorded it."""

    designation = models.OneToOneField(Designation, models.PROTECT, related_name="confirmation")
    confirmed_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-confirmed_at"]

    def __str__(self):
        return f"Confirmation, {self.confirmed_at:%d %b %Y}"
