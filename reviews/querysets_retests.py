"""Every read of retests: they are read with their assessment, which was shared before."""

from datetime import datetime

from django.apps import apps
from django.db import models
from django.db.models import OuterRef, Subquery

from portal.submissions.querysets import names_shown


class RetestQuerySet(models.QuerySet):
    def visible_to(self, user, *, at: datetime | None = None):
        assessments = apps.get_model("reviews", "Assessment").objects.visible_to(user, at=at)
        return self.filter(assessment__in=assessments.order_by().values("pk"))

    def with_public_names(self):
        """With what each retester may be called by the case's lab: the alias, and whether the agreed terms show names."""
        aliases = apps.get_model("submissions", "Alias").objects.filter(
            submission=OuterRef("assessment__submission"), user=OuterRef("by")
        )
        shown = names_shown("assessment__submission")
        return self.annotate(by_alias=Subquery(aliases.values("label")[:1]), names_shown=shown)

    def in_order(self):
        """The oldest first, each with the lab's answer and the versions read."""
        joined = self.select_related("by", "answer", "assessment__submission").prefetch_related(
            "versions_read__document"
        )
        return joined.with_public_names().order_by("at", "id")
