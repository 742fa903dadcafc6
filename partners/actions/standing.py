"""What every action on a partner organisation shares: the locked beginning, the checked values, the recorded end."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID, uuid5

from django.db.models import Q

from partners import countries, policies
from partners import deadline_kinds as kinds
from partners.models import PartnerProfile, Sector
from partners.states import PARTNERS, PartnerState
from portal import clock
from portal.accounts.models import Membership, Organisation, Role
from portal.deadlines import actions as deadlines
from portal.deadlines.models import Deadline
from portal.errors import Invalid, Missing, NotAllowed
from portal.ledger import actions as ledger
from portal.ledger.models import Event
from portal.ledger.stale import refuse_stale
from portal.machine import Transition

CALLED = "This organisation's entry"
PROFILE_PAGE = "/partner/profile/"


def begin(
    actor, profile, verb, at, reason="", expected_revision=None
) -> tuple[PartnerProfile, Transition, datetime]:
    locked = lock(profile)
    at = at or clock.now()
    step = PARTNERS.require(
        locked.state_at(at), verb, policies.partner_capacities(actor, locked), reason=reason
    )
    refuse_stale(locked, expected_revision, called=CALLED)
    return locked, step, at


def refuse_tied(actor, organisation: UUID) -> None:
    """Raise NotAllowed for who acts for the government on an organisation that they have a tie to (invariant 8)."""
    if policies.is_tied(actor, organisation):
        raise NotAllowed(
            "You have a tie to this organisation, or declared a conflict with it: another coordinator does it."
        )


def lock(profile: PartnerProfile) -> PartnerProfile:
    rows = PartnerProfile.objects.select_for_update(of=("self",)).select_related("organisation")
    return rows.get(pk=profile.pk)


def checked(sectors: Iterable[str], country: str, operates: str) -> dict:
    """The application's values; raises Invalid, naming the field."""
    chosen = sorted(set(sectors))
    if not chosen:
        raise Missing("Choose at least one sector.", field="sectors")
    if unknown := set(chosen) - set(Sector.values):
        raise Invalid(f"Unknown sector: {', '.join(sorted(unknown))}.", field="sectors")
    code = country.strip().upper()
    if code not in countries.names():
        raise Invalid("Give the country's ISO 3166 code, such as US.", field="country")
    if not operates.strip():
        raise Missing("Write what the organisation operates or protects.", field="operates")
    return {"sectors": chosen, "country": code, "operates": operates.strip()}


def set_values(profile: PartnerProfile, values: dict) -> None:
    for name, value in values.items():
        setattr(profile, name, value)


def create(organisation: Organisation, state: str, values: dict, actor, at: datetime) -> PartnerProfile:
    profile = PartnerProfile(
        organisation=organisation, stored_state=state, created_at=at, created_by=actor, **values
    )
    profile.save(force_insert=True)
    return profile


def finish(
    profile: PartnerProfile,
    actor,
    verb: str,
    at: datetime,
    step: Transition | None,
    *,
    capacity: str = "",
    reason: str = "",
    data: dict | None = None,
) -> Event:
    before = profile.stored_state
    if step is not None:
        profile.stored_state = PARTNERS.stored(step.target)
    profile.revision += 1
    profile.save()
    facts = {"revision": profile.revision} | (data or {})
    if step is not None:
        facts |= {"from": before, "to": profile.stored_state}
    event = record(
        profile, actor, verb, at, capacity=capacity or (step.who if step else ""), reason=reason, data=facts
    )
    _plan_deadlines(profile, at)
    return event


def record(profile, actor, verb, at, *, capacity, reason="", data=None) -> Event:
    return ledger.record(
        actor=actor,
        verb=f"partner_{verb}",
        subject=profile,
        capacity=capacity,
        reason=reason,
        data=data,
        at=at,
    )


def _plan_deadlines(profile: PartnerProfile, at: datetime) -> None:
    """The next vetting is due while the organisation is eligible or may be reinstated."""
    is_due = profile.stored_state in (PartnerState.ELIGIBLE, PartnerState.SUSPENDED)
    # Each vetting begins dates of its own: a reminder that went out before one never stands for the next.
    subject = uuid5(profile.pk, profile.vetted_at.isoformat()) if is_due else None
    both = (kinds.REVETTING, kinds.REVETTING_PARTNER)
    before = Deadline.objects.still_open().filter(kind__in=both)
    before = before.filter(Q(source_id=profile.pk) | Q(subject_id=profile.pk)).exclude(subject_id=subject)
    for earlier in before.values_list("subject_id", flat=True).distinct():
        if is_due:
            for kind in both:
                deadlines.meet(kind=kind, subject_id=earlier, at=at)
        else:
            deadlines.cancel(at=at, kinds=both, subject_id=earlier)
    if not is_due:
        return
    common = {
        "subject_id": subject,
        "source_id": profile.pk,
        "case_id": None,
        "case_number": "",
        "due_at": profile.revet_due_at,
        "at": at,
    }
    deadlines.set_deadline(
        kind=kinds.REVETTING_PARTNER, organisation_id=profile.pk, link=PROFILE_PAGE, **common
    )
    office = Organisation.objects.filter(is_programme_office=True).values_list("pk", flat=True).first()
    if office is not None:
        deadlines.set_deadline(
            kind=kinds.REVETTING, organisation_id=office, link=_admin_page(profile), **common
        )


def _admin_page(profile: PartnerProfile) -> str:
    return f"/admin/partners/partnerprofile/{profile.pk}/change/"


def tell(
    profile: PartnerProfile, event: Event, kind: str, at: datetime, *, partner=False, office=False
) -> None:
    """Word to the organisation's administrators, or to the programme office's coordinators."""
    groups = []
    if partner:
        groups.append((_members(organisation_id=profile.pk, role=Role.ADMIN), PROFILE_PAGE))
    if office:
        groups.append((coordinators(), _admin_page(profile)))
    for people, link in groups:
        deadlines.tell(
            recipients=[person for person in people if person != event.actor_id],
            kind=kind,
            case_id=None,
            case_number="",
            about=event.pk,
            at=at,
            link=link,
        )


def coordinators() -> list[UUID]:
    """The programme office's coordinators."""
    return _members(organisation__is_programme_office=True, role=Role.COORDINATOR)


def members_of(organisation: Organisation, *roles: str) -> list[UUID]:
    """An organisation's people in one of these roles."""
    return _members(organisation=organisation, role__in=roles)


def _members(**where) -> list[UUID]:
    rows = Membership.objects.of_people().filter(ended_at=None, user__is_active=True, **where).order_by()
    return list(rows.values_list("user_id", flat=True).distinct())
