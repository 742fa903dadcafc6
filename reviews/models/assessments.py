"""What a reviewer found: never a score, never a verdict on release."""

import pgtrigger
from django.conf import settings
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q

from portal import clock
from portal.searching import words_index
from portal.submissions.models import DocumentVersion, Facts, Key, Submission
from portal.submissions.people import UNNAMED
from reviews.models.rubrics import RubricVersion
from reviews.models.seats import Assignment, Domain
from reviews.querysets import AssessmentQuerySet
from reviews.states import ASSESSMENT, AssessmentState

USER = settings.AUTH_USER_MODEL

ACCESS_USED = [*Facts.AccessMode.choices, ("documents", "Documents only")]

# What a search reads.
_WORDS = ("method", "findings", "limitations", "response")


class Assessment(Key):
    """One reviewer's findings in one domain. The lab reads it from ``shared`` on; drafts never leave the agencies.

    ``versions_read`` is what the author had opened of the lab's documents when it was shared, taken from the ledger.
    ``classified_pointer`` is an opaque reference to what is kept elsewhere: the portal stores no classified value.
    """

    class Confidence(models.TextChoices):
        LOW = "low", "Low"
        MODERATE = "moderate", "Moderate"
        HIGH = "high", "High"

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="assessments")
    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="assessments")
    author = models.ForeignKey(USER, models.PROTECT, related_name="+")
    state = models.CharField(max_length=20, choices=AssessmentState, default=AssessmentState.DRAFT)
    revision = models.PositiveIntegerField(default=1)

    domain = models.CharField(max_length=20, choices=Domain)
    # Of the version that was current when the draft was made, until its author moves it; none in a domain without one.
    rubric = models.ForeignKey(RubricVersion, models.PROTECT, null=True, related_name="assessments")
    method = models.TextField(max_length=20000, blank=True)
    access_used = models.CharField("kind of access used", max_length=20, choices=ACCESS_USED, blank=True)
    hours = models.DecimalField(
        "hours spent",
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    findings = models.TextField(max_length=100000, blank=True)
    limitations = models.TextField(
        max_length=20000, blank=True, help_text="Such as a window too short, or a kind of access not offered."
    )
    confidence = models.CharField(max_length=10, choices=Confidence, blank=True)
    classified_pointer = models.CharField(
        "pointer to a classified part",
        max_length=40,
        blank=True,
        validators=[
            RegexValidator(r"^[A-Za-z0-9-]*\Z", "Letters, digits and hyphens only: an opaque reference.")
        ],
        help_text="An opaque reference only. Never write anything classified here.",
    )
    versions_read = models.ManyToManyField(DocumentVersion, related_name="+", blank=True)

    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)
    check_asked_at = models.DateTimeField(null=True)
    peer_checked_at = models.DateTimeField(null=True)
    peer_checked_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")
    shared_at = models.DateTimeField(null=True)
    shared_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")
    # The lab asked, with its response, that what was found be tried again.
    asks_retest = models.BooleanField(default=False)
    response = models.TextField("response of the lab", max_length=100000, blank=True)
    responded_at = models.DateTimeField(null=True)
    responded_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")
    finalized_at = models.DateTimeField(null=True)
    finalized_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")

    TEXTS = (
        "domain", "method", "access_used", "hours", "findings", "limitations", "confidence", "classified_pointer",
    )  # fmt: skip
    WORDS = _WORDS
    REQUIRED = ("method", "access_used", "hours", "findings", "confidence")

    objects = AssessmentQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        indexes = [
            models.Index(fields=["-created_at", "id"], name="assessment_newest"),
            models.Index(fields=["submission", "-created_at"], name="assessment_case"),
            models.Index(fields=["state", "-created_at"], name="assessment_state"),
            words_index("assessment_words", _WORDS),
        ]
        constraints = [
            models.CheckConstraint(
                name="peer_is_another_person",
                condition=Q(peer_checked_by=None) | ~Q(peer_checked_by=F("author")),
            ),
            models.CheckConstraint(
                name="checked_before_shared",
                condition=Q(state="draft") | Q(peer_checked_at__isnull=False, peer_checked_by__isnull=False),
            ),
            models.CheckConstraint(
                name="shared_has_instant",
                condition=Q(state__in=["draft", "peer_checked"], shared_at=None)
                | (~Q(state__in=["draft", "peer_checked"]) & Q(shared_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="response_has_instant",
                condition=~Q(state__in=["lab_responded", "final"]) | Q(responded_at__isnull=False),
            ),
            models.CheckConstraint(name="hours_not_negative", condition=Q(hours=None) | Q(hours__gte=0)),
        ]
        triggers = [
            pgtrigger.FSM(name="assessment_steps", field="state", transitions=ASSESSMENT.stored_jumps())
        ]

    def __str__(self):
        return f"{self.get_domain_display()} assessment, {self.submission}"

    @property
    def author_shown(self) -> str:
        """What the case's lab may call the author; of rows from ``with_public_names``."""
        return self.author.name if self.names_shown else self.author_alias or UNNAMED
