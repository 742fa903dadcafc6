"""Every read of partner organisations and grants. ``visible_to`` is the doorway, and partners never see each other."""

from datetime import datetime

from django.apps import apps
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import OuterRef, Q

from partners.deadline_kinds import CONCUR
from partners.states import PartnerState, State
from portal import clock
from portal.accounts.models import Kind, Role
from portal.submissions.models import Audience, Submission
from portal.submissions.querysets import OFFER, RECORD, live, of_other_labs, oversees


class PartnerProfileQuerySet(models.QuerySet):
    def visible_to(self, user, *, at: datetime | None = None):
        """Own for a partner; all for coordinators and auditors; for a lab those it may propose, and those it has grants with."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if oversees(user):
            return self
        at = at or clock.now()
        seen = Q(pk__in=user.organisations_as(Kind.PARTNER))
        labs = user.organisations_as(Kind.LAB)
        if labs:
            grants = apps.get_model("partners", "Grant").objects.order_by()
            seen |= _eligible(at) | Q(pk__in=grants.filter(submission__lab_id__in=labs).values("partner_id"))
        return self.filter(seen)

    def eligible(self, *, at: datetime):
        return self.filter(_eligible(at))

    def in_state(self, *states: str, at: datetime):
        """Those whose state at an instant is one of these; the SQL of ``PartnerProfile.state_at``."""
        lapsed = Q(stored_state=PartnerState.ELIGIBLE, revet_due_at__lte=at)
        conditions = {PartnerState.ELIGIBLE: _eligible(at), PartnerState.LAPSED: lapsed}
        wanted = Q(pk__in=[])
        for state in states:
            wanted |= conditions.get(PartnerState(state), Q(stored_state=state))
        return self.filter(wanted)

    def for_list(self):
        return self.select_related("organisation").order_by("organisation__name", "pk")


def _eligible(at: datetime) -> Q:
    return Q(stored_state=PartnerState.ELIGIBLE, revet_due_at__gt=at)


class GrantQuerySet(models.QuerySet):
    def visible_to(self, user, *, at: datetime | None = None):
        """The lab's own cases' grants; all of unconflicted cases for coordinators and auditors; those of their own case for
        reviewers with a seat on it; for a partner's people what is offered to them, and of what has ended the bare record.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        at = at or clock.now()
        labs = user.organisations_as(Kind.LAB)
        seen = Q(submission__lab_id__in=labs) if labs else Q(pk__in=[])
        if oversees(user):
            seen |= Q(submission_id__in=Submission.objects.visible_to(user, at=at).order_by().values("pk"))
        elif user.has_seat(Kind.AGENCY, Role.REVIEWER):
            seated = Audience.objects.filter(
                live(at), user=user, scope=RECORD, capacity__in=["lead", "reviewer"]
            )
            seen |= Q(submission_id__in=seated.order_by().values("submission_id"))
        partners = user.organisations_as(Kind.PARTNER)
        if partners:
            # The first condition follows from the others; it spares the database a walk over everybody's grants.
            seen |= Q(partner_id__in=partners) & (Q(pk__in=_offers(user, at)) | self._past(user, at))
        return self.filter(seen)

    def beyond(self, user):
        """Less those on cases of labs the person belongs to: the workbench names agency people, whom a lab may know by alias
        only.
        """
        return of_other_labs(self, user, "submission__lab_id")

    def _past(self, user, at: datetime) -> Q:
        """Grants that had been offered and have ended, for the administrators of the partner and the persons once named."""
        named = apps.get_model("partners", "GrantUser").objects.filter(user=user, ended_at=None).order_by()
        concerned = Q(partner_id__in=user.organisations_as(Kind.PARTNER, Role.ADMIN)) | Q(
            partner_id__in=user.organisations_as(Kind.PARTNER), pk__in=named.values("grant_id")
        )
        return concerned & Q(lab_consented_at__isnull=False, concurred_at__isnull=False) & _ended(at)

    def open_to(self, user, scope: str, *, at: datetime):
        """The grants under which a partner's person may see a scope (offer, model, documents, instructions) at an instant."""
        rows = Audience.objects.filter(live(at), user=user, scope=scope, capacity="partner").order_by()
        return self.filter(pk__in=rows.values("source_id"))

    def with_openings(self, user, *, at: datetime):
        """Each grant with ``scopes_open``: what the audience opens to a partner's person now."""
        mine = Audience.objects.filter(live(at), user=user, capacity="partner", source_id=OuterRef("pk"))
        return self.annotate(scopes_open=ArraySubquery(mine.order_by().values("scope")))

    def in_state(self, *states: str, at: datetime):
        """Grants whose state at an instant is one of these; the SQL of ``Grant.state_at``."""
        in_force = Q(stored_state=State.AGREED, expires_at__gt=at)
        free = Q(lab_suspended_at=None, government_suspended_at=None)
        conditions = {
            State.AGREED: in_force & free & Q(starts_at__gt=at),
            State.ACTIVE: in_force & free & Q(starts_at__lte=at),
            State.SUSPENDED: in_force & ~free,
            State.EXPIRED: Q(stored_state=State.AGREED, expires_at__lte=at),
        }
        wanted = Q(pk__in=[])
        for state in states:
            wanted |= conditions.get(State(state), Q(stored_state=state))
        return self.filter(wanted)

    def awaiting_concurrence(self):
        return self.filter(stored_state=State.PROPOSED, concurred_at=None)

    def unanswered(self, *, at: datetime):
        """Proposals of labs whose answer by the programme office is late."""
        late = apps.get_model("deadlines", "Deadline").objects.overdue(at=at).filter(kind=CONCUR)
        return self.awaiting_concurrence().filter(pk__in=late.order_by().values("subject_id"))

    def offered(self):
        """Proposals of which the partner knows."""
        return self.filter(
            stored_state=State.PROPOSED, lab_consented_at__isnull=False, concurred_at__isnull=False
        )

    def extension_asked_by(self, side: str, *, at: datetime):
        """Grants in force for which one side asked to extend, and the other has not answered."""
        extensions = apps.get_model("partners", "GrantExtension").objects.order_by()
        asked = extensions.filter(asked_side=side, completed_at=None, dropped_at=None)
        return self.not_ended(at=at).filter(pk__in=asked.values("grant_id"))

    def not_ended(self, *, at: datetime):
        return self.filter(Q(stored_state=State.PROPOSED) | Q(stored_state=State.AGREED, expires_at__gt=at))

    def for_list(self):
        return (
            self.select_related("submission", "partner")
            .defer("instructions_sealed")
            .order_by("-proposed_at", "id")
        )


class PartnerTermsQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The standard text is no secret: whoever is signed in reads it."""
        return self if user.is_authenticated and user.is_active else self.none()


def _offers(user, at: datetime):
    rows = Audience.objects.filter(live(at), user=user, scope=OFFER, capacity="partner").order_by()
    return rows.values("source_id")


def _ended(at: datetime) -> Q:
    return ~Q(stored_state__in=[State.PROPOSED, State.AGREED]) | Q(
        stored_state=State.AGREED, expires_at__lte=at
    )
