"""Which agencies and which reviewers stand to a case."""

from datetime import datetime

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from portal import clock
from portal.accounts.models import Organisation
from portal.submissions.models import Key, Submission
from reviews.querysets import AssignmentQuerySet, CaseAgencyQuerySet
from reviews.states import ASSIGNMENT, LIVE, AssignmentState

USER = settings.AUTH_USER_MODEL


class Domain(models.TextChoices):
    CYBER = "cyber", "Cyber"
    BIOLOGICAL = "biological", "Biological"
    CHEMICAL = "chemical", "Chemical"
    AUTONOMY = "autonomy", "Autonomy"
    OTHER = "other", "Other"


class CaseAgency(Key):
    """The programme office asked another agency to a case; its coordinators see the case until ``ended_at``."""

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="agencies")
    agency = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    invited_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    invited_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = CaseAgencyQuerySet.as_manager()

    class Meta:
        ordering = ["invited_at", "id"]
        verbose_name = "invited agency"
        verbose_name_plural = "invited agencies"
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "agency"], condition=Q(ended_at=None), name="case_agency_once"
            ),
            models.CheckConstraint(
                name="case_agency_ends_after_it_began",
                condition=Q(ended_at=None) | Q(ended_at__gte=models.F("invited_at")),
            ),
        ]

    def __str__(self):
        return f"{self.agency.short_name} on {self.submission}"


_LIVE = Q(stored_state__in=[str(state) for state in LIVE], expiry_recorded_at=None)
_ALL_ATTESTED = Q(no_conflict=True, nondisclosure=True, training=True)


class Assignment(Key):
    """One reviewer's seat on one case.

    ``stored_state`` holds what people did; that a seat expired is derived (``state_at``) from its own date and from the
    case's end. The lab's material opens by ``attested_at`` only together with agreed terms: see the view
    ``reviews_audience``. While ``expiry_follows`` is set, ``expires_at`` moves with the window.
    """

    class Role(models.TextChoices):
        LEAD = "lead", "Lead"
        REVIEWER = "reviewer", "Reviewer"

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="assignments")
    reviewer = models.ForeignKey(USER, models.PROTECT, related_name="assignments")
    agency = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    domain = models.CharField(max_length=20, choices=Domain)
    role = models.CharField(max_length=20, choices=Role, default=Role.REVIEWER)
    stored_state = models.CharField(max_length=20, choices=AssignmentState, default=AssignmentState.PROPOSED)
    revision = models.PositiveIntegerField(default=1)
    note = models.TextField(
        "note to the reviewer",
        max_length=2000,
        blank=True,
        help_text="Nothing of the lab's: it is read before terms are agreed.",
    )

    proposed_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(default=clock.now)
    attested_at = models.DateTimeField(null=True)
    no_conflict = models.BooleanField("no conflict of interest", default=False)
    nondisclosure = models.BooleanField("nondisclosure agreement in force", default=False)
    training = models.BooleanField("training done", default=False)
    writes_none_at = models.DateTimeField("stated to write no assessment at", null=True)
    expires_at = models.DateTimeField()
    expiry_follows = models.BooleanField("the expiry moves with the window", default=True)
    ended_at = models.DateTimeField(null=True)
    reason = models.TextField(max_length=2000, blank=True)
    handed_over_to = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="taken_over_from", verbose_name="handed over to"
    )
    # How far the clock's job has told people: no rule of access consults it.
    expiry_recorded_at = models.DateTimeField(null=True)

    ATTESTATIONS = ("no_conflict", "nondisclosure", "training")

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ["-proposed_at", "id"]
        indexes = [
            models.Index(fields=["-proposed_at", "id"], name="assignment_newest"),
            # Few are declined, revoked or handed over: such are found without reading the others.
            models.Index(fields=["stored_state", "-proposed_at"], name="assignment_state"),
            # Few at any time: what is counted and listed of them is answered from the index.
            models.Index(
                fields=["-proposed_at", "id"],
                include=["stored_state", "expires_at", "submission", "agency", "reviewer"],
                condition=Q(stored_state__in=LIVE),
                name="assignment_live",
            ),
            # Whether a case has a lead is asked for each case of a list: answered from the index.
            models.Index(
                fields=["submission"],
                include=["id", "expires_at"],
                condition=Q(stored_state=AssignmentState.ACTIVE, role="lead"),
                name="assignment_leads",
            ),
            models.Index(fields=["reviewer", "-proposed_at"], name="assignment_reviewer"),
            models.Index(fields=["submission", "proposed_at"], name="assignment_case"),
            models.Index(fields=["expires_at"], condition=_LIVE, name="assignment_expiring"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["submission"], condition=_LIVE & Q(role="lead"), name="one_live_lead_a_case"
            ),
            models.UniqueConstraint(
                fields=["submission", "reviewer"], condition=_LIVE, name="one_live_seat_a_person_and_case"
            ),
            models.CheckConstraint(
                name="attested_all_or_nothing",
                condition=(Q(attested_at=None) & Q(no_conflict=False, nondisclosure=False, training=False))
                | (Q(attested_at__isnull=False) & _ALL_ATTESTED),
            ),
            models.CheckConstraint(
                name="active_seat_is_attested",
                condition=~Q(stored_state__in=["active", "completed"]) | Q(attested_at__isnull=False),
            ),
            models.CheckConstraint(
                name="who_writes_none_has_attested",
                condition=Q(writes_none_at=None) | Q(attested_at__isnull=False),
            ),
            models.CheckConstraint(
                name="ended_seat_has_instant",
                condition=Q(stored_state__in=["proposed", "active"], ended_at=None)
                | (~Q(stored_state__in=["proposed", "active"]) & Q(ended_at__isnull=False)),
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="assignment_steps", field="stored_state", transitions=ASSIGNMENT.stored_jumps()
            )
        ]

    def __str__(self):
        return f"{self.get_role_display()}, {self.get_domain_display()}, {self.submission}"

    def lapses_at(self) -> datetime:
        """The instant at which the clock ends this seat; earlier steps of people aside."""
        ends = (self.expires_at, self.submission.closed_at, self.submission.withdrawn_at)
        return min(end for end in ends if end is not None)

    @property
    def ends_at(self) -> datetime:
        """When the seat ended or will end, as far as is known now."""
        return self.ended_at or self.lapses_at()

    def state_at(self, at: datetime) -> str:
        """The seat's state at an instant; ``AssignmentQuerySet.in_state`` says the same in SQL."""
        if self.stored_state in LIVE and self.lapses_at() <= at:
            return AssignmentState.EXPIRED
        return AssignmentState(self.stored_state)

    @property
    def state(self) -> AssignmentState:
        return AssignmentState(self.state_at(clock.now()))
