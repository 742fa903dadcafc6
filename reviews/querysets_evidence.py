"""Every read of the evaluation logs that reviewers put with their assessments."""

from datetime import datetime

from django.apps import apps
from django.db import models

from portal.submissions.querysets import of_other_labs


class AgencyLogQuerySet(models.QuerySet):
    def visible_to(self, user, *, at: datetime | None = None):
        """The logs of the assessments that this person reads, and of no others; none that was taken out."""
        assessments = apps.get_model("reviews", "Assessment").objects.visible_to(user, at=at)
        return self.filter(assessment_id__in=assessments.order_by().values("pk"), removed_at=None)

    def beyond(self, user):
        """Less those about one's own lab's cases, whose files no lab ever gets."""
        return of_other_labs(self, user, "assessment__submission__lab_id")

    def with_scores(self):
        """With the results; one more query."""
        return self.prefetch_related("scores")
