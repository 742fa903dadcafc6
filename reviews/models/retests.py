"""What a reviewer found when they tried again what an assessment had found."""

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from portal import clock
from portal.submissions.models import DocumentVersion, Key
from portal.submissions.people import UNNAMED
from reviews.models.assessments import ACCESS_USED, Assessment
from reviews.models.seats import Assignment
from reviews.querysets_retests import RetestQuerySet

USER = settings.AUTH_USER_MODEL


class Retest(Key):
    """One retest of a shared assessment, in words. Append-only: who tries once more writes another.

    ``versions_read`` is what the reviewer had opened of the lab's documents between the sharing and the retest, taken from the
    ledger. No outcome is a score: each says what was seen again, of that very thing.
    """

    class Outcome(models.TextChoices):
        STILL = "still_observed", "Still observed"
        PARTLY = "observed_in_part", "Observed in part"
        NO_LONGER = "no_longer_observed", "No longer observed"
        NOT_TESTED = "could_not_be_tested", "Could not be tested"

    assessment = models.ForeignKey(Assessment, models.PROTECT, related_name="retests")
    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="+")
    by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    what = models.TextField("what was retested", max_length=4000)
    outcome = models.CharField(max_length=20, choices=Outcome)
    text = models.TextField("in words", max_length=20000)
    hours = models.DecimalField(
        "hours spent",
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    access_used = models.CharField("kind of access used", max_length=20, choices=ACCESS_USED)
    versions_read = models.ManyToManyField(DocumentVersion, related_name="+", blank=True)

    TEXTS = ("what", "outcome", "text", "hours", "access_used")
    REQUIRED = ("what", "outcome", "text", "access_used")

    objects = RetestQuerySet.as_manager()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["assessment", "at"], name="retest_assessment")]
        constraints = [
            models.CheckConstraint(
                name="retest_hours_not_negative", condition=Q(hours=None) | Q(hours__gte=0)
            )
        ]

    def __str__(self):
        return f"Retest of the {self.assessment}"

    @property
    def by_shown(self) -> str:
        """What the case's lab may call the reviewer; of rows from ``with_public_names``."""
        return self.by.name if self.names_shown else self.by_alias or UNNAMED


class RetestAnswer(Key):
    """What the lab says to a retest, once. Append-only."""

    retest = models.OneToOneField(Retest, models.PROTECT, related_name="answer")
    by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    text = models.TextField("your answer", max_length=20000)

    def __str__(self):
        return f"Answer to the {self.retest}"
