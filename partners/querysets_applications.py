"""Every read of what partner organisations said of themselves."""

from datetime import datetime

from django.db import models

from portal.accounts.models import Kind
from portal.submissions.querysets import oversees


class PartnerApplicationQuerySet(models.QuerySet):
    def visible_to(self, user, *, at: datetime | None = None):
        """The organisation's own people, and who oversees the programme; no lab, and no other partner."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if oversees(user):
            return self.all()
        return self.filter(organisation_id__in=user.organisations_as(Kind.PARTNER))

    def newest(self, organisation_id):
        """What the organisation said last; None where it said nothing yet."""
        return self.filter(organisation_id=organisation_id).order_by("-number").first()


class PartnerEvidenceQuerySet(models.QuerySet):
    def visible_to(self, user, *, at: datetime | None = None):
        """The organisation's own people, while it is not taken out; and who oversees the programme. No lab, no other partner."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if oversees(user):
            return self.all()
        return self.filter(organisation_id__in=user.organisations_as(Kind.PARTNER), removed_at=None)
