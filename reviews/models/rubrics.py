"""The questions that an assessment in a domain answers, and the answers: words alone, never a score."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from portal import clock
from portal.submissions.models import Key
from reviews.models.seats import Domain
from reviews.querysets_rubrics import RubricVersionQuerySet

USER = settings.AUTH_USER_MODEL


class RubricVersion(Key):
    """One version of a domain's rubric. Append-only: a change is a new version, and what was written stays with its own.

    The first one of cyber came with the portal, so nobody published it.
    """

    domain = models.CharField(max_length=20, choices=Domain)
    number = models.PositiveIntegerField()
    introduction = models.TextField(max_length=4000, blank=True, help_text="Stands above the questions.")
    note = models.TextField(
        "why this version", max_length=2000, help_text="Who reviews and the labs read it beside the number."
    )
    published_at = models.DateTimeField(default=clock.now)
    published_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")

    objects = RubricVersionQuerySet.as_manager()

    class Meta:
        ordering = ["domain", "-number"]
        verbose_name = "rubric"
        constraints = [
            models.UniqueConstraint(fields=["domain", "number"], name="rubric_number_once"),
            models.CheckConstraint(name="rubric_number_from_one", condition=Q(number__gte=1)),
        ]

    def __str__(self):
        return f"{self.get_domain_display()} rubric, version {self.number}"


class RubricQuestion(Key):
    """One question of a version. ``key`` says which question of an earlier version it is."""

    version = models.ForeignKey(RubricVersion, models.PROTECT, related_name="questions")
    key = models.SlugField(max_length=60)
    title = models.CharField(max_length=200)
    guidance = models.TextField(max_length=2000, blank=True)
    position = models.PositiveSmallIntegerField()

    MOST = 30

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["version", "key"], name="rubric_key_once"),
            models.UniqueConstraint(fields=["version", "position"], name="rubric_position_once"),
            models.UniqueConstraint("version", Lower("title"), name="rubric_title_once"),
        ]

    def __str__(self):
        return self.title


class AssessmentAnswer(Key):
    """What an assessment says to one question of its rubric; anything may be missing in it while the author writes.

    A trigger holds it to a draft, and to a question of the version that the draft is pinned to.
    """

    class Covered(models.TextChoices):
        STUDIED = "studied", "Studied"
        PARTLY = "partly", "Studied in part"
        NOT_STUDIED = "not_studied", "Not studied"

    assessment = models.ForeignKey("reviews.Assessment", models.PROTECT, related_name="answers")
    question = models.ForeignKey(RubricQuestion, models.PROTECT, related_name="+")
    covered = models.CharField("how far it was studied", max_length=20, choices=Covered, blank=True)
    text = models.TextField("in words", max_length=20000, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assessment", "question"], name="one_answer_a_question")
        ]

    def __str__(self):
        return f"{self.question}: {self.get_covered_display()}"

    @property
    def is_given(self) -> bool:
        """Whether it answers: how far the question was studied, and something in words, for what was not studied the reason."""
        return bool(self.covered and self.text.strip())
