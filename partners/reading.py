"""What of a grant a person may read now: asked once for a whole page, for pages and API alike."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Max, Q

from partners.models import Grant, GrantReport
from partners.querysets import oversees
from portal.accounts.models import Kind
from portal.ledger.models import Event
from portal.submissions import markings
from portal.submissions.looks import OPENED
from portal.submissions.models import Audience, Document, Submission
from portal.submissions.querysets import FACTS, live


@dataclass(frozen=True, slots=True)
class Opened:
    """Which grants a person reads as lab or overseer, and what the audience opens to them as a partner's person."""

    labs: frozenset[UUID]
    cases: frozenset[UUID]
    scopes: frozenset[tuple[UUID, str]]
    documents: frozenset[tuple[UUID, UUID]]

    def as_side(self, grant: Grant) -> bool:
        """Whether they read it from the lab's side or the government's; the latter ends with the case's facts."""
        return grant.submission_id in self.cases or grant.submission.lab_id in self.labs

    def terms(self, grant: Grant) -> bool:
        """Purpose, kind of access, persons: for the two sides, and for the partner while the offer or grant stands."""
        return self.as_side(grant) or (grant.pk, "offer") in self.scopes

    def model(self, grant: Grant) -> bool:
        """The model's name and summary, as the partner reads them."""
        return (grant.pk, "model") in self.scopes

    def instructions(self, grant: Grant) -> bool:
        return (grant.pk, "instructions") in self.scopes

    def document(self, grant: Grant, document_id: UUID) -> bool:
        return self.as_side(grant) or (grant.pk, document_id) in self.documents


def opened_to(user, grants: Iterable[Grant], *, at: datetime) -> Opened:
    """One query for a partner's person, one for an overseer, none for a lab's."""
    grants = list(grants)
    cases: set[UUID] = set()
    if oversees(user):
        # A withdrawn case leaves its record to the government, and nothing that the lab wrote.
        seen = Submission.objects.visible_to(user, scope=FACTS, at=at)
        found = seen.filter(pk__in={grant.submission_id for grant in grants})
        cases = set(found.order_by().values_list("pk", flat=True))
    scopes: set[tuple[UUID, str]] = set()
    documents: set[tuple[UUID, UUID]] = set()
    if user.has_seat(Kind.PARTNER):
        rows = Audience.objects.filter(
            live(at), user=user, capacity="partner", source_id__in=[grant.pk for grant in grants]
        )
        for source, scope, document in rows.order_by().values_list("source_id", "scope", "document_id"):
            scopes.add((source, scope))
            if document is not None:
                documents.add((source, document))
    return Opened(
        frozenset(user.organisations_as(Kind.LAB)),
        frozenset(cases),
        frozenset(scopes),
        frozenset(documents),
    )


@dataclass(frozen=True, slots=True)
class Reported:
    """What was reported on a grant, the newest first, and the report that is owed."""

    written: list[GrantReport]
    owed: GrantReport | None


def reports_of(user, grant: Grant, *, at: datetime) -> Reported:
    """The reports of a grant that this person reads. One query."""
    rows = GrantReport.objects.visible_to(user, at=at).filter(grant=grant, dropped_at=None).for_list()
    found = list(rows)
    owed = next((report for report in found if report.is_open), None)
    return Reported([report for report in found if not report.is_open], owed)


def usage_of(grant: Grant) -> list[dict[str, Any]]:
    """For each person who was ever named for a grant and looked: how often, what they took, and when last. One query.

    Of the ledger, so that it says what the record says. It is for the grant's own lab, which reads each look by itself too.
    """
    looks = Event.objects.looks().filter(
        case_id=grant.submission_id,
        actor__in=grant.named.order_by().values("user"),
        at__gte=grant.proposed_at,
    )
    rows = (
        looks.order_by()
        .values("actor", person=F("actor__name"))
        .annotate(
            looks=Count("pk"),
            downloads=Count("pk", filter=Q(verb__in=OPENED)),
            reveals=Count("pk", filter=Q(verb="revealed_grant_instructions")),
            last=Max("at"),
        )
    )
    return list(rows.order_by("person", "actor"))


def strictest_marking(documents: Iterable[Document]) -> str:
    """The banner over several documents: at least as strict as the strictest of them. Empty for none."""
    return str(markings.derived(document.marks for document in documents) or "")
