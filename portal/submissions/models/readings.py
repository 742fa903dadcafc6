"""Reading of a case that differs from what is usual, and the few numbers by which that is judged (docs/adr/0029)."""

import pgtrigger
from django.db import models
from django.db.models import Q

from portal import clock
from portal.accounts.models import Organisation
from portal.submissions.models.base import USER, Key
from portal.submissions.models.cases import Submission
from portal.submissions.querysets_readings import UnusualReadingQuerySet
from portal.submissions.states import READING, ReadingState


class ReadingTally(Key):
    """How much one person read on one calendar day of the programme's zone: looks, different files, and the most in a clock hour.

    Made from the ledger by the job alone, and forgotten after a while.
    """

    person = models.ForeignKey(USER, models.PROTECT, related_name="+")
    day = models.DateField()
    looks = models.PositiveIntegerField()
    documents = models.PositiveIntegerField()
    hour_looks = models.PositiveIntegerField()
    hour_documents = models.PositiveIntegerField()

    class Meta:
        ordering = ["day", "id"]
        constraints = [models.UniqueConstraint(fields=["person", "day"], name="reading_tally_once")]

    def __str__(self):
        return f"{self.person}, {self.day}"


class ReadingDay(Key):
    """A calendar day whose looks were all judged: it is not judged again."""

    day = models.DateField(unique=True)
    judged_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-day"]

    def __str__(self):
        return str(self.day)


class UnusualReading(Key):
    """One person's reading of one case on one day, which differs from usual in one way. Says nothing about why.

    ``organisation`` is for whom the person read; ``number`` how many looks at the case were counted, which grows while the day
    is judged. ``note`` is the government's own; ``outcome`` the lab reads.
    """

    class Kind(models.TextChoices):
        VOLUME = "volume", "More than usual"
        HOURS = "hours", "Outside working hours"
        DOMAIN = "domain", "Outside the person's domain"

    class Outcome(models.TextChoices):
        EXPLAINED = "explained", "Explained by the person's work"
        FOLLOWED_UP = "followed_up", "Followed up"

    NOTE_LIMIT = 2000

    person = models.ForeignKey(USER, models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    submission = models.ForeignKey(
        Submission, models.PROTECT, related_name="unusual_readings", verbose_name="case"
    )
    kind = models.CharField("how it differs", max_length=20, choices=Kind)
    day = models.DateField()
    number = models.PositiveIntegerField("looks counted")
    noted_at = models.DateTimeField(default=clock.now)
    state = models.CharField(max_length=20, choices=ReadingState, default=ReadingState.NOTED)
    looked_into_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")
    looked_into_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, choices=Outcome, blank=True)
    note = models.TextField(max_length=NOTE_LIMIT, blank=True)

    objects = UnusualReadingQuerySet.as_manager()

    class Meta:
        ordering = ["-noted_at", "id"]
        verbose_name = "unusual reading"
        indexes = [
            models.Index(fields=["-noted_at", "id"], name="unusual_reading_newest"),
            models.Index(
                fields=["-noted_at", "id"], condition=Q(state="noted"), name="unusual_reading_to_look_into"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "submission", "kind", "day"], name="unusual_reading_once"
            ),
            models.CheckConstraint(
                name="unusual_reading_looked_into_whole",
                condition=Q(state="noted", looked_into_by=None, looked_into_at=None, outcome="", note="")
                | Q(
                    ~Q(outcome=""),
                    ~Q(note=""),
                    state="looked_into",
                    looked_into_by__isnull=False,
                    looked_into_at__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="unusual_reading_by_another",
                condition=Q(looked_into_by=None) | ~Q(looked_into_by=models.F("person")),
            ),
        ]
        triggers = [
            pgtrigger.FSM(name="unusual_reading_steps", field="state", transitions=READING.stored_jumps())
        ]

    def __str__(self):
        return f"{self.submission}, {self.day:%d %b %Y}, {self.get_kind_display().lower()}"
