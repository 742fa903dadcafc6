"""Every read of the spills that were reported: kind, id and case; never the content."""

from datetime import datetime

from django.apps import apps
from django.db import models
from django.db.models import Q

from portal.accounts.models import Kind, Role
from portal.submissions.freezing import HIDING
from portal.submissions.querysets import agency_wide, no_conflict, of_other_labs


class SpillQuerySet(models.QuerySet):
    def visible_to(self, user, *, at: datetime | None = None):
        """The spills of which a person may know who reported what: security officers who look after them, auditors, and who
        coordinates in the reporter's own agency; none from which a conflict keeps them. A lab reads of its own on the case's
        record, under stable names.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        wanted = Q(pk__in=_looked_after(user))
        wanted |= Q(organisation_id__in=user.organisations_as(Kind.AGENCY, Role.COORDINATOR))
        if Role.AUDITOR in agency_wide(user):
            wanted |= Q(pk__isnull=False)
        return self.filter(wanted).filter(no_conflict(user, case="submission_id"))

    def to_settle_by(self, user):
        """Those that a person may lift, or whose content they may remove."""
        return self.filter(no_conflict(user, case="submission_id"), pk__in=_looked_after(user))

    def beyond(self, user):
        """Less those about one's own lab, on the workbench: it names agency people."""
        return of_other_labs(self, user, "lab_id")

    def hiding(self, kind: str, subject_id):
        """The spill that hides an object now, if any."""
        return self.filter(kind=kind, subject_id=subject_id, state__in=HIDING)


def _looked_after(user):
    told = apps.get_model("submissions", "Spill").agencies.through.objects
    own = user.organisations_as(Kind.AGENCY, Role.SECURITY)
    return told.filter(organisation_id__in=own).order_by().values("spill_id")
