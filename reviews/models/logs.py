"""Evaluation logs that reviewers made themselves, and the results that were read from them."""

import sys
from typing import ClassVar

from django.db import models
from django.db.models import Q

from portal.submissions.models import Key, StoredFile
from reviews.models.assessments import Assessment
from reviews.querysets_evidence import AgencyLogQuerySet

LARGEST = sys.float_info.max


class AgencyLog(StoredFile):
    """An evaluation log of Inspect that an assessment's author made and put with it while it was a draft.

    The lab reads its rows once the assessment is shared, and never gets the file. ``task``, ``model``, ``status`` and
    ``evaluated_at`` are what the log says; ``problems`` what was there and could not be used. From the peer check on a trigger
    refuses every change but that of the scan.
    """

    FOLDER: ClassVar[str] = "agency_logs"
    AT_MOST: ClassVar[int] = 20

    assessment = models.ForeignKey(Assessment, models.PROTECT, related_name="logs")
    task = models.CharField(max_length=500)
    model = models.CharField(max_length=500, blank=True)
    status = models.CharField(max_length=20, blank=True)
    samples = models.PositiveBigIntegerField(null=True)
    evaluated_at = models.DateTimeField("date", null=True)
    problems = models.JSONField(default=list)
    removed_at = models.DateTimeField(null=True)

    objects = AgencyLogQuerySet.as_manager()

    class Meta:
        ordering = ["uploaded_at", "id"]
        indexes = [
            models.Index(
                fields=["uploaded_at"],
                condition=Q(scan_state__in=["waiting", "failed"]),
                name="agency_log_to_scan",
            )
        ]
        constraints = [
            models.CheckConstraint(name="agency_log_names_a_task", condition=~Q(task="")),
            models.UniqueConstraint(
                fields=["assessment", "sha256"], condition=Q(removed_at=None), name="agency_log_once"
            ),
        ]

    def __str__(self):
        return f"{self.task}, {self.name}"


class AgencyScore(Key):
    """One result of a log: a metric of a score, with its standard error where the log has one. Never changed."""

    log = models.ForeignKey(AgencyLog, models.PROTECT, related_name="scores")
    position = models.PositiveSmallIntegerField()
    score = models.CharField(max_length=500)
    metric = models.CharField(max_length=500)
    value = models.FloatField()
    stderr = models.FloatField("standard error", null=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["log", "position"], name="agency_score_once"),
            # PostgreSQL takes NaN for larger than every number.
            models.CheckConstraint(
                name="agency_score_is_a_number", condition=Q(value__gte=-LARGEST, value__lte=LARGEST)
            ),
            models.CheckConstraint(
                name="agency_score_stderr_is_none_or_a_number",
                condition=Q(stderr=None) | Q(stderr__gte=0, stderr__lte=LARGEST),
            ),
        ]

    def __str__(self):
        return f"{self.score}: {self.metric}"
