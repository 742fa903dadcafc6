"""What reviewers know and how much they take on, and the runs that suggest who might review what."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from portal import clock
from portal.accounts.models import Membership, Organisation
from portal.submissions.models import Key, Submission
from reviews import numbers
from reviews.models.seats import Assignment, Domain
from reviews.querysets_matching import MatchingRunQuerySet, ReviewerProfileQuerySet
from reviews.states import RUN, RunState

USER = settings.AUTH_USER_MODEL


class ReviewerProfile(Key):
    """What one reviewer knows, for one agency, and how many live seats they take at most: kept by them or by their agency."""

    MOST = 20

    membership = models.OneToOneField(Membership, models.PROTECT, related_name="reviewer_profile")
    domains = ArrayField(models.CharField(max_length=20, choices=Domain))
    cap = models.PositiveSmallIntegerField("seats at most")
    revision = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField(default=clock.now)
    updated_by = models.ForeignKey(USER, models.PROTECT, related_name="+")

    objects = ReviewerProfileQuerySet.as_manager()

    class Meta:
        ordering = ["-updated_at", "id"]
        indexes = [models.Index(fields=["-updated_at", "id"], name="profile_newest")]
        constraints = [
            models.CheckConstraint(name="profile_cap_in_range", condition=Q(cap__lte=20)),
            models.CheckConstraint(name="profile_has_domains", condition=Q(domains__len__gt=0)),
        ]

    def __str__(self):
        return f"{self.membership.user.name}, {self.membership.organisation.short_name}"

    @property
    def domains_shown(self) -> str:
        return ", ".join(Domain(value).label for value in self.domains)


class MatchingRun(Key):
    """One suggestion of who might review what. Append-only, its state and revision aside.

    ``digests`` holds a SHA-256 of each part of the facts it was made from; ``result`` the exclusions and the empty seats, each
    with its reasons in words. Needs, pairs and what became of them are rows.
    """

    number = models.CharField(max_length=20, unique=True, default=numbers.new_run_number, editable=False)
    state = models.CharField(max_length=20, choices=RunState, default=RunState.SUGGESTED)
    revision = models.PositiveIntegerField(default=1)
    made_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=clock.now)
    digests = models.JSONField()
    result = models.JSONField()

    objects = MatchingRunQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "id"]
        verbose_name = "matching run"
        indexes = [models.Index(fields=["-made_at", "id"], name="matching_run_newest")]
        triggers = [pgtrigger.FSM(name="matching_run_steps", field="state", transitions=RUN.stored_jumps())]

    def __str__(self):
        return self.number


class MatchingNeed(Key):
    """New seats that a run was asked for. Append-only."""

    run = models.ForeignKey(MatchingRun, models.PROTECT, related_name="needs")
    submission = models.ForeignKey(Submission, models.PROTECT, related_name="+")
    domain = models.CharField(max_length=20, choices=Domain)
    seats = models.PositiveSmallIntegerField()
    lead = models.BooleanField(default=False)

    class Meta:
        ordering = ["submission__case_number", "domain"]
        constraints = [
            models.UniqueConstraint(fields=["run", "submission", "domain"], name="matching_need_once"),
            models.UniqueConstraint(
                fields=["run", "submission"], condition=Q(lead=True), name="matching_one_lead"
            ),
            models.CheckConstraint(name="matching_need_of_seats", condition=Q(seats__gte=1)),
        ]

    def __str__(self):
        return f"{self.get_domain_display()}, {self.submission}"


class MatchingPair(Key):
    """One seat that a run suggests, and why, in words. Append-only."""

    run = models.ForeignKey(MatchingRun, models.PROTECT, related_name="pairs")
    submission = models.ForeignKey(Submission, models.PROTECT, related_name="+")
    reviewer = models.ForeignKey(USER, models.PROTECT, related_name="+")
    agency = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    domain = models.CharField(max_length=20, choices=Domain)
    role = models.CharField(max_length=20, choices=Assignment.Role)
    why = models.JSONField()

    class Meta:
        # Cases are locked in this order, so that two confirmations do not wait for each other in a circle.
        ordering = ["submission_id", "role", "domain", "id"]
        constraints = [
            models.UniqueConstraint(fields=["run", "submission", "reviewer"], name="matching_pair_once")
        ]

    def __str__(self):
        return f"{self.reviewer}, {self.submission}"


class MatchingOutcome(Key):
    """What became of a pair at a step of its run: a seat proposed or revoked, or why not. Append-only."""

    class Step(models.TextChoices):
        CONFIRM = "confirm", "Confirmed"
        UNDO = "undo", "Undone"

    pair = models.ForeignKey(MatchingPair, models.PROTECT, related_name="outcomes")
    step = models.CharField(max_length=10, choices=Step)
    assignment = models.ForeignKey(Assignment, models.PROTECT, null=True, related_name="+")
    done = models.BooleanField()
    words = models.TextField(max_length=2000)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "step"]
        constraints = [
            models.UniqueConstraint(fields=["pair", "step"], name="matching_outcome_once"),
            models.CheckConstraint(
                name="matching_done_has_seat", condition=Q(done=False) | Q(assignment__isnull=False)
            ),
        ]

    def __str__(self):
        return f"{self.pair}: {self.words}"
