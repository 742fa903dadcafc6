"""What an agency owes a lab once access has ended: credentials withdrawn, material destroyed, each attested by a person."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q

from portal import clock
from portal.accounts.models import Organisation
from portal.submissions.models.base import USER, Key
from portal.submissions.models.cases import Submission
from portal.submissions.querysets import ObligationQuerySet


class Obligation(Key):
    """One thing that one agency attests after access under one case has ended. ``due_at`` is a target; nothing waits for it."""

    class ObligationKind(models.TextChoices):
        CREDENTIALS = "credentials", "Credentials withdrawn"
        DESTRUCTION = "destruction", "Material destroyed"

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="obligations")
    agency = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=ObligationKind)
    ended_at = models.DateTimeField()
    due_at = models.DateTimeField()
    created_at = models.DateTimeField(default=clock.now)
    attested_at = models.DateTimeField(null=True)
    attested_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")
    # The agency had neither a coordinator nor a security officer, so that a coordinator of the programme office attested for it.
    by_programme_office = models.BooleanField(default=False, db_default=False)

    objects = ObligationQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["submission", "agency", "kind"], name="obligation_once"),
            models.CheckConstraint(name="obligation_due_after_end", condition=Q(due_at__gt=F("ended_at"))),
            models.CheckConstraint(
                name="obligation_attested_by_somebody",
                condition=Q(attested_at=None, attested_by=None)
                | Q(attested_at__isnull=False, attested_by__isnull=False),
            ),
            models.CheckConstraint(
                name="obligation_office_attested",
                condition=Q(by_programme_office=False) | Q(attested_at__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["agency", "due_at"], name="obligation_agency")]

    def __str__(self):
        return f"{self.get_kind_display()}, {self.agency.name}"

    @property
    def attested_told(self) -> str:
        """For whom it was attested where that was not the agency itself; empty otherwise."""
        return f"Attested for {self.agency.name} by the programme office" if self.by_programme_office else ""

    @property
    def state(self) -> str:
        """attested, overdue or waiting, at the present instant."""
        return self.state_at(clock.now())

    def state_at(self, at: datetime) -> str:
        if self.attested_at is not None:
            return "attested"
        return "overdue" if self.due_at < at else "waiting"
