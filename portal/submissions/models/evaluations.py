"""Evaluations that a lab ran, as rows beside what it says of them in words."""

from django.db import models
from django.db.models import Q

from portal import clock
from portal.submissions.evidence.metrics import stderr_of, with_errors
from portal.submissions.models.base import USER, Key
from portal.submissions.models.cases import Submission
from portal.submissions.models.documents import DocumentVersion
from portal.submissions.querysets import EvaluationQuerySet


class Evaluation(Key):
    """One evaluation: what was measured on which model, and the results, as the lab confirmed or wrote them.

    ``scores`` is a list of ``{"name", "metrics": {name: number}}``. A row is never changed: a wrong one is taken back, and
    stays on record. ``source_sha256`` is the hash of the file the row was read from, whether or not that file was kept.
    """

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="evaluation_rows")
    task = models.CharField(max_length=500)
    dataset = models.CharField(max_length=500, blank=True)
    model = models.CharField(max_length=500, blank=True)
    checkpoint = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=20, blank=True)
    samples = models.PositiveBigIntegerField(null=True)
    evaluated_at = models.DateTimeField("date", null=True)
    scores = models.JSONField(default=list)
    source_name = models.CharField(max_length=200, blank=True)
    source_sha256 = models.CharField(max_length=64, blank=True)
    source_version = models.ForeignKey(DocumentVersion, models.PROTECT, null=True, related_name="+")
    added_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=clock.now)
    taken_back_at = models.DateTimeField(null=True)

    objects = EvaluationQuerySet.as_manager()

    class Meta:
        ordering = ["added_at", "task", "id"]
        constraints = [
            models.CheckConstraint(name="evaluation_names_a_task", condition=~Q(task="")),
        ]

    def __str__(self):
        return self.task

    stderr_of = staticmethod(stderr_of)

    @property
    def results(self) -> list[str]:
        """Each result in words, such as ``match: accuracy 0.625 ± 0.05``; the standard error stands with what it belongs to."""
        return [words for score in self.scores for words in _in_words(score)]


def _in_words(score: dict) -> list[str]:
    return [
        f"{score['name']}: {name} {value:.6g}" + (f" ± {error:.3g}" if error is not None else "")
        for name, value, error in with_errors(score["metrics"])
    ]
