"""Every read of what partners report."""

from datetime import datetime

from django.apps import apps
from django.db import models
from django.db.models import Q

from portal.accounts.models import Kind
from portal.submissions.querysets import oversees


class GrantReportQuerySet(models.QuerySet):
    def visible_to(self, user, *, at: datetime | None = None):
        """Of the grants a person sees: a lab's own cases', a partner's own, and all for who oversees the programme.

        Reviewers read grants and no reports: what a partner does with a model is no part of the government's review.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        grants = apps.get_model("partners", "Grant").objects.visible_to(user, at=at).order_by()
        mine = Q(grant__submission__lab_id__in=user.organisations_as(Kind.LAB))
        mine |= Q(grant__partner_id__in=user.organisations_as(Kind.PARTNER))
        rows = self.filter(grant_id__in=grants.values("pk"))
        return rows if oversees(user) else rows.filter(mine)

    def written(self):
        return self.filter(written_at__isnull=False)

    def owed(self):
        return self.filter(written_at=None, dropped_at=None)

    def for_list(self):
        return self.select_related("written_by").order_by("-number")
