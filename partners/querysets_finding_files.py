"""Every read of the evidence files of findings."""

from datetime import datetime

from django.apps import apps
from django.db import models
from django.db.models import Q

from portal import clock
from portal.accounts.models import Kind


class FindingFileQuerySet(models.QuerySet):
    def visible_to(self, user, *, at: datetime | None = None):
        """Files of the findings that a person sees, less what was taken out: every one for who reads the reporter too, and of
        those for its owner also for the owning lab, once it was notified. Nobody else whom a finding is shown gets a file.
        """
        at = at or clock.now()
        seen = apps.get_model("partners", "Finding").objects.visible_to(user, at=at).order_by()
        owned = seen.none()
        if user.is_authenticated:
            labs = user.organisations_as(Kind.LAB)
            owned = seen.filter(owner_id__in=labs, owner_notified_at__lte=at)
        whole = seen.telling_reporter_to(user)
        admitted = Q(finding__in=whole.values("pk")) | Q(for_owner=True, finding__in=owned.values("pk"))
        return self.filter(admitted, removed_at=None)
