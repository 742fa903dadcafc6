"""Every read of what was noted as reading that differs from usual."""

from django.db import models
from django.db.models import Q

from portal.accounts.models import Kind, Role
from portal.submissions.querysets import agency_wide, no_conflict, of_other_labs, oversees
from portal.submissions.states import ReadingState


class UnusualReadingQuerySet(models.QuerySet):
    def visible_to(self, user):
        """All for who oversees the programme and for the programme office's security officers; of its own people for an agency's;
        never of oneself, and none from which a conflict keeps them. A lab reads of its own case's by ``told_to_lab``.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        everywhere = oversees(user) or any(
            seat.kind == Kind.AGENCY and seat.programme_office and seat.role == Role.SECURITY
            for seat in user.seats
        )
        own = Q(organisation_id__in=user.organisations_as(Kind.AGENCY, Role.SECURITY))
        hidden = no_conflict(user, case="submission_id", lab="submission__lab_id")
        return self.filter(Q(pk__isnull=False) if everywhere else own, hidden).exclude(person=user)

    def to_look_into_by(self, user):
        """Those of which a person may say that they looked into them: auditors only read."""
        found = self.visible_to(user)
        seats = user.has_seat(Kind.AGENCY, Role.SECURITY) or Role.COORDINATOR in agency_wide(user)
        return found.beyond(user) if seats else found.none()

    def beyond(self, user):
        """Less those on cases of labs the person belongs to, on the workbench: it names agency people."""
        return of_other_labs(self, user, "submission__lab_id")

    def told_to_lab(self, case):
        """What the lab of a case reads, the newest first."""
        return self.filter(submission=case).order_by("-day", "-noted_at", "pk")

    def told_beside(self, case, user):
        """What somebody who works on a case reads of it: all but of themself."""
        return self.told_to_lab(case).exclude(person=user)

    def waiting(self):
        return self.filter(state=ReadingState.NOTED)
