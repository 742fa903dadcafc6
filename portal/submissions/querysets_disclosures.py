"""Every read of the notices that precede a disclosure."""

from datetime import datetime

from django.apps import apps
from django.db import models
from django.db.models import Prefetch, Q
from django.db.models.functions import Left

from portal.accounts.models import Kind, Role
from portal.submissions.querysets import no_conflict, of_other_labs, oversees
from portal.submissions.states import DisclosureState


class DisclosureNoticeQuerySet(models.QuerySet):
    # How much of a notice's text a list shows.
    EXCERPT = 200

    def visible_to(self, user, *, at: datetime | None = None):
        """The notices about one's own lab's cases; those of one's own agency, for its coordinators; all of the cases they
        oversee, for the programme's coordinators and auditors.

        An agency keeps seeing its notices when the case itself is no longer its to see: a request outlives the access.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        wanted = Q(submission__lab_id__in=user.organisations_as(Kind.LAB)) | _own(user)
        if oversees(user):
            submissions = apps.get_model("submissions", "Submission").objects
            wanted |= Q(submission_id__in=submissions.visible_to(user, at=at).order_by().values("pk"))
        return self.filter(wanted)

    def to_decide_by(self, user):
        """The notices on which a person acts for the agency that gave them: its coordinators do, but for conflicts."""
        return self.filter(_own(user))

    def beyond(self, user):
        """Less those about one's own lab's cases, on the workbench."""
        return of_other_labs(self, user, "submission__lab_id")

    def in_state(self, *states: str, at: datetime):
        """Notices whose state at an instant is one of these; the SQL of ``DisclosureNotice.state_at``."""
        notified = Q(stored_state=DisclosureState.NOTIFIED)
        conditions = {
            DisclosureState.NOTIFIED: notified & Q(due_at__gt=at),
            DisclosureState.SILENT: notified & Q(due_at__lte=at),
        }
        wanted = Q(pk__in=[])
        for state in states:
            wanted |= conditions.get(DisclosureState(state), Q(stored_state=state))
        return self.filter(wanted)

    def in_short(self):
        """For lists: the beginning of each text as ``excerpt``; long texts stay in the database."""
        return (
            self.select_related("agency", "submission__lab")
            .defer("text")
            .annotate(excerpt=Left("text", self.EXCERPT))
        )

    def whole(self):
        """For a page: with what was said to it, and the documents it names."""
        get = apps.get_model
        said = get("submissions", "DisclosureStatement").objects.select_related("organisation", "said_by")
        named = get("submissions", "Document").objects.standing().order_by("created_at", "id")
        return self.select_related("submission__lab", "agency", "given_by").prefetch_related(
            Prefetch("statements", said), Prefetch("documents", named)
        )


def _own(user) -> Q:
    hidden = no_conflict(user, case="submission_id", lab="submission__lab_id")
    return Q(agency_id__in=user.organisations_as(Kind.AGENCY, Role.COORDINATOR)) & hidden
