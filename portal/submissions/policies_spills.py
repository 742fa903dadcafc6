"""Who may report a spill, and who settles one. Plain answers; unknown means no."""

from datetime import datetime
from typing import Any
from uuid import UUID

from portal import clock
from portal.accounts.models import Kind
from portal.submissions.models import Audience, Spill
from portal.submissions.querysets import live


def may_report(actor, subject: Any, *, at: datetime | None = None) -> bool:
    """Whoever may read the object now, as a person of an agency or of a lab."""
    if not actor.is_authenticated or not actor.is_active or actor.is_service:
        return False
    if not (actor.has_seat(Kind.LAB) or actor.has_seat(Kind.AGENCY)):
        return False
    return type(subject).objects.visible_to(actor, at=at).filter(pk=subject.pk).exists()


def reports_for(actor, about: Any, *, at: datetime | None = None) -> UUID:
    """The organisation for which a person reports something about a case, or about what names its lab as a case does."""
    if about.lab_id in actor.organisations_as(Kind.LAB):
        return about.lab_id
    own = actor.organisations_as(Kind.AGENCY) or actor.organisations_as(Kind.LAB)
    stands = Audience.objects.filter(
        live(at or clock.now()), submission=about.pk, user=actor, organisation__in=own
    )
    return stands.order_by("organisation").values_list("organisation", flat=True).first() or min(own)


def may_settle(actor, spill: Spill) -> bool:
    """Whether a person may lift a spill, or remove its content: a security officer who looks after it."""
    if not actor.is_authenticated or not actor.is_active:
        return False
    return Spill.objects.to_settle_by(actor).filter(pk=spill.pk).exists()


def capacities(actor, spill: Spill, *, at: datetime | None = None) -> frozenset[str]:
    return frozenset({"security"}) if may_settle(actor, spill) else frozenset()
