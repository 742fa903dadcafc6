"""Every read of findings. Reporters see their own, the owner what it was notified of, the government what was reported."""

import re
from datetime import datetime

from django.apps import apps
from django.contrib.postgres.search import TrigramSimilarity
from django.db import models
from django.db.models import Exists, F, FloatField, OuterRef, Q, Value
from django.db.models.functions import Concat

from partners.findings_states import CLOCK_RUNS, FindingState
from portal import clock
from portal.accounts.models import Kind, Role
from portal.lookups import OneOf
from portal.searching import saying
from portal.submissions.models import Audience
from portal.submissions.querysets import INSTRUCTIONS, agency_wide, live, no_conflict, of_other_labs
from portal.submissions.querysets_questions import has_trigrams

# Whose people write an organisation's findings, and of an agency see its drafts.
WRITERS = {
    Kind.LAB: (Role.ADMIN, Role.CONTRIBUTOR),
    Kind.AGENCY: (Role.COORDINATOR, Role.REVIEWER, Role.LIAISON),
    Kind.PARTNER: (Role.ADMIN, Role.MEMBER),
}


def no_finding_conflict(user) -> Q:
    """Findings of no lab, no reporter and no case that a conflict hides from this person."""
    by_owner = no_conflict(user, case="submission_id", lab="owner_id")
    return by_owner & no_conflict(user, case="submission_id", lab="reporter_id")


def follows_findings(user) -> bool:
    """Whether a person sees every finding that was reported: agency-wide roles, and liaisons."""
    return bool(agency_wide(user)) or user.has_seat(Kind.AGENCY, Role.LIAISON)


class FindingQuerySet(models.QuerySet):
    # How many findings that share a word are compared.
    NEAR = 500

    def visible_to(self, user, *, at: datetime | None = None):
        """An organisation's own for its people; for a lab those it owns, once notified; for the government's people of
        agency-wide roles and liaisons what was reported; for a partner those addressed to it. Conflicts hide them from an
        agency's people, whoever reported.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        at = at or clock.now()
        labs = user.organisations_as(Kind.LAB)
        partners = user.organisations_as(Kind.PARTNER)
        seen = Q(reporter_id__in=labs + partners)
        if partners:
            seen |= _told_to(user, at)
        if labs:
            seen |= Q(owner_id__in=labs, owner_notified_at__lte=at)
        agencies = user.organisations_as(Kind.AGENCY, *WRITERS[Kind.AGENCY])
        government = Q(reporter_id__in=agencies) if agencies else Q(pk__in=[])
        if follows_findings(user):
            government |= Q(reported_at__lte=at)
        if user.has_seat(Kind.AGENCY):
            seen |= government & no_finding_conflict(user)
        return self.filter(seen)

    def of_side(self, user, kind: str, *, at: datetime | None = None):
        """Of what a person sees, that which their organisations of one kind report, own or were told of."""
        own = user.organisations_as(kind)
        theirs = Q(reporter_id__in=own) | Q(owner_id__in=own)
        if kind == Kind.PARTNER:
            theirs |= _told_to(user, at or clock.now())
        return self.visible_to(user, at=at).filter(theirs)

    def telling_reporter_to(self, user):
        """Of findings that a person sees, those of which they read who reported; ``policies_findings.reads_reporter`` says the
        same of one. The reporter's people, and the government's who follow findings, but for an owner's own.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        own = user.organisations_as(Kind.LAB) + user.organisations_as(Kind.PARTNER)
        government = Q(reporter_id__in=user.organisations_as(Kind.AGENCY))
        if follows_findings(user):
            labs = user.organisations_as(Kind.LAB)
            government |= Q(reported_at__isnull=False) & ~Q(owner_id__in=labs)
        return self.filter(Q(reporter_id__in=own) | government & no_finding_conflict(user))

    def beyond(self, user):
        """Less those that the person reads on a lab's side: the workbench names the reporters, whom an owner is not told."""
        return of_other_labs(self, user, "owner_id")

    def in_state(self, *states: str):
        return self.filter(state__in=states)

    def known(self):
        """Findings that another can be a duplicate of."""
        return self.exclude(state__in=[FindingState.DRAFT, FindingState.DUPLICATE])

    def overdue(self, *, at: datetime):
        """Findings whose disclosure date has passed while they are with their owner, unfixed."""
        return self.filter(state__in=CLOCK_RUNS, disclosure_due_at__lte=at)

    def alike(self, title: str, product: str, *, trigrams: bool | None = None):
        """Findings that may be the same: they share a longer word with this title or product. Of the ``NEAR`` newest the most
        alike first, each with ``likeness`` (0 to 1); the newest first, with 0, on a server without pg_trgm.
        """
        words = dict.fromkeys(re.findall(r"\w{4,}", f"{title} {product}".lower()))
        if not words:
            return self.none()
        said = saying(self.known(), " or ".join(list(words)[:20]))
        # Bounded first: a word that every finding has would have all of them compared.
        newest = said.order_by("-created_at", "id").values("pk")[: self.NEAR]
        found = self.model.objects.filter(pk__in=newest)
        if not (has_trigrams() if trigrams is None else trigrams):
            return found.annotate(likeness=Value(0.0, FloatField())).order_by("-created_at", "id")
        named = Concat(F("title"), Value(" "), F("product"))
        return found.annotate(likeness=TrigramSimilarity(named, f"{title} {product}")).order_by(
            "-likeness", "-created_at", "id"
        )

    def for_list(self):
        """For lists: the long texts stay in the database."""
        rows = self.select_related("reporter", "owner").defer("text", "reporter_chain")
        return rows.order_by("-created_at", "id")

    def whole(self):
        """For a page, with the relays to the clearinghouse."""
        return self.select_related("reporter", "owner", "submission", "duplicate_of").prefetch_related(
            "relays"
        )


class FindingAddresseeQuerySet(models.QuerySet):
    def standing(self, *, at: datetime):
        """Of those that were told by an instant, the partners that are eligible then."""
        eligible = apps.get_model("partners", "PartnerProfile").objects.eligible(at=at)
        return self.filter(addressed_at__lte=at, partner__partner_profile__in=eligible).order_by()

    def open_to(self, user, *, at: datetime):
        """What a person reads as one of a partner that was told: while it is eligible, and of a finding with a lab's model while
        an active grant opens that model to them (invariant 7).
        """
        granted = reaching_models(at).filter(
            user=user, submission=OuterRef("finding__submission"), organisation=OuterRef("partner")
        )
        return self.standing(at=at).filter(
            Q(finding__submission=None) | Exists(granted), partner_id__in=user.organisations_as(Kind.PARTNER)
        )


def _told_to(user, at: datetime) -> Q:
    """The findings that partners of a person were told of, as far as that person reads them."""
    told = apps.get_model("partners", "FindingAddressee").objects.open_to(user, at=at)
    return Q(OneOf("id", told.values("finding_id")))


def reaching_models(at: datetime):
    """Which partners' people reach which case's model at an instant."""
    return Audience.objects.filter(live(at), scope=INSTRUCTIONS, capacity="partner").order_by()


class FindingRelayQuerySet(models.QuerySet):
    def under_way(self):
        """Relays of which the clearinghouse's id is not known yet."""
        return self.filter(recorded_at=None)
