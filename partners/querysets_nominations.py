"""Every read of nominations."""

from datetime import datetime

from django.db import models

from portal.accounts.models import Kind, Role
from portal.submissions.querysets import oversees


class PartnerNominationQuerySet(models.QuerySet):
    def visible_to(self, user, *, at: datetime | None = None):
        """All for who oversees the programme; for a lab's people and an agency's coordinators their own side's (invariant 9)."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if oversees(user):
            return self.all()
        sides = [*user.organisations_as(Kind.LAB), *user.organisations_as(Kind.AGENCY, Role.COORDINATOR)]
        return self.filter(nominated_for__in=sides)

    def waiting(self):
        return self.filter(outcome="")

    def for_list(self):
        return self.select_related("nominated_for", "nominated_by").order_by("-nominated_at", "pk")
