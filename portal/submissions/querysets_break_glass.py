"""Every read of the accesses that security officers asked for. What one opens is the audience's to say, not this file's."""

from datetime import datetime

from django.apps import apps
from django.db import models
from django.db.models import Q

from portal.accounts.models import Kind, Role
from portal.submissions.querysets import no_conflict, of_other_labs, oversees
from portal.submissions.states import BreakGlassState

# Who concurs for the programme office.
OFFICE = (Role.SECURITY, Role.COORDINATOR)


class BreakGlassQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those of one's own agency for its security officers; all for the programme office's, for its coordinators and for
        auditors; none from which a conflict keeps them. A lab reads of its own case's by ``told_to_lab``.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        hidden = no_conflict(user, case="submission_id", lab="submission__lab_id")
        return self.filter(self._of(user), hidden)

    def to_answer_by(self, user):
        """Those that a person may concur with, turn down or end as the second person: never what they asked for themself."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        seconds = Q(pk__isnull=False) if _of_office(user) else self._of_agencies(user)
        hidden = no_conflict(user, case="submission_id", lab="submission__lab_id")
        return self.filter(seconds, hidden).exclude(asked_by=user).beyond(user)

    def _of(self, user) -> Q:
        return Q(pk__isnull=False) if oversees(user) or _of_office(user) else self._of_agencies(user)

    def _of_agencies(self, user) -> Q:
        return Q(agency_id__in=user.organisations_as(Kind.AGENCY, Role.SECURITY))

    def beyond(self, user):
        """Less those on cases of labs the person belongs to, on the workbench: it names agency people."""
        return of_other_labs(self, user, "submission__lab_id")

    def told_to_lab(self, case):
        """What the lab of a case reads: each access that was opened, never one that was only asked for."""
        return self.filter(submission=case, opened_at__isnull=False).order_by("-opened_at", "pk")

    def in_state(self, *states: str, at: datetime):
        """Those whose state at an instant is one of these; the SQL of ``BreakGlass.state_at``."""
        over = Q(submission__closed_at__lte=at) | Q(submission__withdrawn_at__lte=at)
        going = Q()
        for column in ("submission__closed_at", "submission__withdrawn_at"):
            going &= Q(**{f"{column}__isnull": True}) | Q(**{f"{column}__gt": at})
        asked, opened = Q(stored_state=BreakGlassState.ASKED), Q(stored_state=BreakGlassState.OPEN)
        conditions = {
            BreakGlassState.ASKED: asked & going & Q(lapses_at__gt=at),
            BreakGlassState.LAPSED: asked & (over | Q(lapses_at__lte=at)),
            BreakGlassState.OPEN: opened & going & Q(expires_at__gt=at),
            BreakGlassState.EXPIRED: opened & (over | Q(expires_at__lte=at)),
        }
        wanted = Q(pk__in=[])
        for state in states:
            wanted |= conditions.get(BreakGlassState(state), Q(stored_state=state))
        return self.filter(wanted)


def _of_office(user) -> bool:
    """Whether a person concurs for the programme office, on every agency's."""
    return any(
        seat.kind == Kind.AGENCY and seat.programme_office and seat.role in OFFICE for seat in user.seats
    )


def askable(user, *, at: datetime):
    """The cases to which a security officer may ask for access: under agreed terms, not over, and hidden by no conflict.

    Of all others, drafts and strangers' numbers among them, there is one answer: none.
    """
    submissions = apps.get_model("submissions", "Submission").objects
    if not user.is_active or user.is_service or not user.has_seat(Kind.AGENCY, Role.SECURITY):
        return submissions.none()
    going = Q(agreed_at__lte=at, withdrawn_at=None, closed_at=None)
    return submissions.filter(going, no_conflict(user)).beyond(user)


def opened_for(user, cases, *, at: datetime) -> set:
    """The ids of those of these cases that break-glass access opens to a person now. Costs no query but of security officers."""
    if not user.has_seat(Kind.AGENCY, Role.SECURITY):
        return set()
    audience = apps.get_model("submissions", "Audience").objects.order_by()
    rows = audience.filter(
        user=user, capacity="break_glass", submission__in=cases, since__lte=at, until__gt=at
    )
    return set(rows.values_list("submission_id", flat=True))
