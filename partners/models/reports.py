"""What a partner reports of its early access: one report every so many days while a grant lasts."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from partners.models.grants import Grant
from partners.querysets_reports import GrantReportQuerySet
from portal.submissions.models import Key

USER = settings.AUTH_USER_MODEL


class GrantReport(Key):
    """A report that a partner owes by ``due_at``, and once it is written what it says. A written one is never changed: what came
    later stands in the next. ``dropped_at``: the grant ended first.
    """

    grant = models.ForeignKey(Grant, models.PROTECT, related_name="reports")
    number = models.PositiveIntegerField()
    due_at = models.DateTimeField("due")
    dropped_at = models.DateTimeField(null=True)
    written_at = models.DateTimeField("written", null=True)
    written_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")
    used_for = models.TextField("what the access was used for", max_length=20000, blank=True)
    outcome = models.TextField("what came of it", max_length=20000, blank=True)
    problems = models.TextField("what went wrong or is missing", max_length=20000, blank=True)
    hours = models.DecimalField("hours of work", max_digits=7, decimal_places=1, null=True)

    objects = GrantReportQuerySet.as_manager()

    class Meta:
        ordering = ["grant", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["grant", "number"], name="grant_report_once"),
            models.UniqueConstraint(
                fields=["grant"], condition=Q(written_at=None, dropped_at=None), name="grant_one_open_report"
            ),
            models.CheckConstraint(
                name="grant_report_written_whole",
                condition=Q(
                    written_at=None, written_by=None, used_for="", outcome="", problems="", hours=None
                )
                | (Q(written_at__isnull=False, written_by__isnull=False, dropped_at=None) & ~Q(used_for="")),
            ),
            models.CheckConstraint(
                name="grant_report_hours_not_negative", condition=Q(hours=None) | Q(hours__gte=0)
            ),
        ]

    def __str__(self):
        return f"Report {self.number}, {self.grant}"

    @property
    def is_open(self) -> bool:
        return self.written_at is None and self.dropped_at is None
