"""Access in an emergency: a security officer reads one case for a few hours, because a second person concurred."""

from datetime import datetime, timedelta

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from portal import clock
from portal.accounts.models import Organisation
from portal.submissions.models.base import USER, Key
from portal.submissions.models.cases import Submission
from portal.submissions.querysets_break_glass import BreakGlassQuerySet
from portal.submissions.states import BREAK_GLASS, BreakGlassState

# No setting makes one longer.
MOST_HOURS = 24


class BreakGlass(Key):
    """One access that was asked for, and what became of it. Each column is written once; no row is removed.

    ``scopes`` are the parts of the case asked for beside its record. ``stored_state`` holds what people did; that an access
    expired, or that nobody answered, follows from the dates (``state_at``). ``ended_at`` is also when it was turned down or
    taken back. What it opens, and until when, the audience says.
    """

    class Scope(models.TextChoices):
        FACTS = "facts", "Facts about the model"
        DOCUMENTS = "documents", "Documents"
        ASSESSMENTS = "assessments", "Assessments"

    REASON_LIMIT = 2000

    submission = models.ForeignKey(
        Submission, models.PROTECT, related_name="break_glass", verbose_name="case"
    )
    agency = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=clock.now)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope), verbose_name="what it opens")
    reason = models.TextField(max_length=REASON_LIMIT)
    hours = models.PositiveSmallIntegerField("hours asked for")
    # Until then somebody may concur.
    lapses_at = models.DateTimeField("can be answered until")
    stored_state = models.CharField(
        max_length=20, choices=BreakGlassState, default=BreakGlassState.ASKED, verbose_name="state"
    )
    opened_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    objects = BreakGlassQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "id"]
        verbose_name = "break-glass access"
        verbose_name_plural = "break-glass accesses"
        indexes = [
            models.Index(fields=["-asked_at", "id"], name="break_glass_newest"),
            models.Index(
                fields=["asked_by", "submission"],
                condition=Q(opened_at__isnull=False),
                name="break_glass_opened",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="break_glass_two_persons", condition=Q(opened_by=None) | ~Q(opened_by=F("asked_by"))
            ),
            models.CheckConstraint(
                name="break_glass_at_most_24_hours",
                condition=Q(hours__gte=1, hours__lte=MOST_HOURS)
                & (
                    Q(expires_at=None)
                    | Q(
                        expires_at__gt=F("opened_at"),
                        expires_at__lte=F("opened_at") + timedelta(hours=MOST_HOURS),
                    )
                ),
            ),
            models.CheckConstraint(
                name="break_glass_names_parts",
                condition=~Q(scopes=[]) & Q(scopes__contained_by=["facts", "documents", "assessments"]),
            ),
            models.CheckConstraint(name="break_glass_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="break_glass_opened_whole",
                condition=Q(
                    stored_state__in=["open", "ended"],
                    opened_by__isnull=False,
                    opened_at__isnull=False,
                    expires_at__isnull=False,
                    opened_at__gte=F("asked_at"),
                    opened_at__lt=F("lapses_at"),
                )
                | Q(
                    stored_state__in=["asked", "turned_down", "taken_back"],
                    opened_by=None,
                    opened_at=None,
                    expires_at=None,
                ),
            ),
            models.CheckConstraint(
                name="break_glass_ended_whole",
                condition=Q(stored_state__in=["asked", "open"], ended_by=None, ended_at=None)
                | Q(
                    stored_state__in=["ended", "turned_down", "taken_back"],
                    ended_by__isnull=False,
                    ended_at__isnull=False,
                ),
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="break_glass_steps", field="stored_state", transitions=BREAK_GLASS.stored_jumps()
            )
        ]

    def __str__(self):
        return f"Break-glass access to {self.submission}"

    def state_at(self, at: datetime) -> BreakGlassState:
        """Its state at an instant; ``BreakGlassQuerySet.in_state`` says the same in SQL."""
        over = any(
            end is not None and end <= at for end in (self.submission.closed_at, self.submission.withdrawn_at)
        )
        if self.stored_state == BreakGlassState.ASKED and (over or self.lapses_at <= at):
            return BreakGlassState.LAPSED
        if self.stored_state == BreakGlassState.OPEN and (over or self.expires_at <= at):
            return BreakGlassState.EXPIRED
        return BreakGlassState(self.stored_state)

    @property
    def state(self) -> BreakGlassState:
        return self.state_at(clock.now())

    @property
    def parts(self) -> list[str]:
        """What it opens, in words."""
        return [self.Scope(scope).label for scope in self.scopes]

    @property
    def until(self) -> datetime | None:
        """When it ends or ended, as far as this row and its case say; None for what was never opened."""
        ends = (self.expires_at, self.ended_at, self.submission.closed_at, self.submission.withdrawn_at)
        return min(end for end in ends if end is not None) if self.opened_at is not None else None
