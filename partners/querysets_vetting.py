"""Every read of vetting criteria and vettings."""

from datetime import datetime

from django.db import models
from django.db.models import Count

from portal.accounts.models import Kind
from portal.submissions.querysets import oversees


class VettingCriteriaQuerySet(models.QuerySet):
    def visible_to(self, user, *, at: datetime | None = None):
        """Every version for who oversees the programme, and for the people of partner organisations, who are vetted by them."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.all() if oversees(user) or user.has_seat(Kind.PARTNER) else self.none()

    def current(self):
        """The newest version; None where there is none."""
        return self.order_by("-number").first()

    def for_workbench(self):
        return self.select_related("published_by").annotate(asked=Count("criteria")).order_by("-number")

    def pinned(self):
        """(number, vettings under way by it) of the versions that have any, the oldest first."""
        under_way = Count("vettings", filter=models.Q(vettings__ended_at=None))
        rows = self.order_by("number").annotate(under_way=under_way).filter(under_way__gt=0)
        return list(rows.values_list("number", "under_way"))


class VettingQuerySet(models.QuerySet):
    def visible_to(self, user, *, at: datetime | None = None):
        """All for who oversees the programme; for an organisation's people their own. What was found is theirs once it ended."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if oversees(user):
            return self.all()
        return self.filter(organisation_id__in=user.organisations_as(Kind.PARTNER))

    def under_way(self, organisation_id):
        """The organisation's vetting that has not ended; None where there is none."""
        return self.filter(organisation_id=organisation_id, ended_at=None).select_related("criteria").first()

    def with_answers(self):
        """With the version, its criteria and what was found; four queries for any number of vettings."""
        rows = self.select_related("criteria", "begun_by", "ended_by")
        return rows.prefetch_related("criteria__criteria", "answers__answered_by").order_by("-number")
