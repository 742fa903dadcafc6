"""Every read of rubrics."""

from datetime import datetime

from django.db import models
from django.db.models import Count, Q

from portal.accounts.models import Kind, Role

READERS = (Role.COORDINATOR, Role.REVIEWER, Role.DESIGNATOR, Role.AUDITOR)


class RubricVersionQuerySet(models.QuerySet):
    def visible_to(self, user, *, at: datetime | None = None):
        """Every version for who writes, reads or oversees assessments. To a lab its questions stand beside the answers."""
        if not user.is_authenticated or not user.is_active or not user.has_seat(Kind.AGENCY, *READERS):
            return self.none()
        return self.all()

    def current(self, domain: str):
        """The newest version of a domain; None for a domain without a rubric."""
        return self.filter(domain=domain).order_by("-number").first()

    def for_workbench(self):
        return (
            self.select_related("published_by")
            .annotate(asked=Count("questions"))
            .order_by("domain", "-number")
        )

    def pinned_drafts(self, domain: str):
        """(number, drafts pinned to it) of the versions of a domain that have any, the oldest first."""
        drafts = Count("assessments", filter=Q(assessments__state="draft"))
        rows = self.filter(domain=domain).order_by("number").annotate(drafts=drafts).filter(drafts__gt=0)
        return list(rows.values_list("number", "drafts"))
