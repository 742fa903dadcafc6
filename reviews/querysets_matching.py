"""Reads of reviewers' profiles and of matching runs."""

from datetime import datetime

from django.apps import apps
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, Sum

from portal import clock
from portal.accounts.models import Kind, Role
from portal.submissions.querysets import RECORD, barred_cases, barred_labs, oversees
from reviews.querysets import cases_seen, is_active


class ReviewerProfileQuerySet(models.QuerySet):
    def visible_to(self, user):
        """One's own, those of one's agency for its coordinators, and all for the programme's coordinators and auditors."""
        if not is_active(user):
            return self.none()
        if oversees(user):
            return self.all()
        agencies = user.organisations_as(Kind.AGENCY, Role.COORDINATOR)
        own = Q(membership__user=user, membership__organisation__in=user.organisations_as(Kind.AGENCY))
        return self.filter(own | Q(membership__organisation_id__in=agencies))

    def of_reviewers(self):
        """Those of present reviewers."""
        return self.filter(membership__ended_at=None, membership__user__is_active=True)

    def for_workbench(self):
        joined = self.select_related("membership__user", "membership__organisation", "updated_by")
        return joined.order_by("-updated_at", "id")


class MatchingRunQuerySet(models.QuerySet):
    def visible_to(self, user, *, at: datetime | None = None):
        """For the programme's coordinators and auditors, but those with any case, or any lab, that a conflict hides from them.

        A run tells who reviewed a lab before, so a conflict with any case of a lab hides every run with that lab.
        """
        if not is_active(user) or not oversees(user):
            return self.none()
        at = at or clock.now()
        needs = apps.get_model("reviews", "MatchingNeed").objects.filter(run=OuterRef("pk")).order_by()
        submissions = apps.get_model("submissions", "Submission").objects.order_by()
        hidden = ~Q(submission_id__in=cases_seen(user, RECORD, at))
        hidden |= Q(submission__lab_id__in=barred_labs(user))
        hidden |= Q(submission__lab_id__in=submissions.filter(pk__in=barred_cases(user)).values("lab_id"))
        hidden |= Q(submission__lab_id__in=user.organisations_as(Kind.LAB))
        return self.filter(~Exists(needs.filter(hidden)))

    def in_state(self, *states: str):
        return self.filter(state__in=states)

    def for_workbench(self):
        """With how many cases and seats each run was asked for, and how many it found somebody for."""
        needs = apps.get_model("reviews", "MatchingNeed").objects.filter(run=OuterRef("pk")).order_by()
        pairs = apps.get_model("reviews", "MatchingPair").objects.filter(run=OuterRef("pk")).order_by()
        asked = needs.values("run")
        return (
            self.select_related("made_by")
            .annotate(
                cases=asked.annotate(number=Count("submission", distinct=True)).values("number"),
                seats=asked.annotate(number=Sum("seats")).values("number"),
                found=pairs.values("run").annotate(number=Count("pk")).values("number"),
            )
            .order_by("-made_at", "id")
        )
