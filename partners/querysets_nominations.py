"""Every read of nominations."""

from datetime import datetime

from django.db import models
from django.db.models import Q

from portal.accounts.models import Kind, Role
from portal.submissions.querysets import barred_labs, has_no_conflicts, of_other_labs, oversees


class PartnerNominationQuerySet(models.QuerySet):
    def visible_to(self, user, *, at: datetime | None = None):
        """For a lab's people and an agency's coordinators their own side's (invariant 9); for who oversees the programme all, but
        for those of labs that a conflict keeps them from.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        sides = [*user.organisations_as(Kind.LAB), *user.organisations_as(Kind.AGENCY, Role.COORDINATOR)]
        own = Q(nominated_for__in=sides)
        if not oversees(user):
            return self.filter(own)
        if has_no_conflicts(user):
            return self.all()
        return self.filter(own | ~Q(nominated_for__in=barred_labs(user)))

    def beyond(self, user):
        """Less those of labs the person belongs to: the workbench is the government's side."""
        return of_other_labs(self, user, "nominated_for")

    def waiting(self):
        return self.filter(outcome="")

    def for_list(self):
        return self.select_related("nominated_for", "nominated_by").order_by("-nominated_at", "pk")
