"""A partner organisation's way into the programme: it applies or is nominated, is vetted, and keeps or loses its standing."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Unpack

from partners import policies, telling
from partners.actions import applications, following, standing, steps, vetting
from partners.models import Grant, PartnerApplication, PartnerProfile, PartnerTerms, Vetting
from partners.states import MACHINE, PARTNERS, PartnerState, State
from partners.telling import Told
from portal import clock, programme
from portal.accounts.models import Kind, Organisation
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, Stale, WrongState
from portal.ledger import actions as ledger
from portal.ledger.stale import refuse_stale
from portal.scope import action
from portal.submissions.actions import case as case_steps
from portal.submissions.models import Submission


@action
def apply(
    *, actor, organisation: Organisation, at: datetime | None = None, **told: Unpack[Told]
) -> PartnerProfile:
    """The organisation's administrator applies; again after it was not selected, once the day for that has come."""
    at = at or clock.now()
    if not policies.is_partner_admin(actor, organisation.pk):
        raise NotAllowed("An administrator of the organisation applies for it.")
    values = standing.checked(told["sectors"], told["country"], told["operates"])
    more = telling.checked(told)
    # The organisation's own row is locked, since an entry that is not there yet cannot be.
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    profile = PartnerProfile.objects.select_for_update(of=("self",)).filter(pk=organisation.pk).first()
    if profile is None:
        profile = standing.create(organisation, PartnerState.APPLIED, values, actor, at)
        event = standing.record(
            profile, actor, "apply", at, capacity="partner", data={"to": PartnerState.APPLIED}
        )
    else:
        step = PARTNERS.require(profile.state_at(at), "apply", policies.partner_capacities(actor, profile))
        if profile.reapply_on is not None and clock.calendar_day(at) < profile.reapply_on:
            raise WrongState(f"Your organisation may apply again from {profile.reapply_on:%d %b %Y}.")
        standing.set_values(profile, values)
        event = standing.finish(profile, actor, "apply", at, step)
    newest = PartnerApplication.objects.newest(organisation.pk)
    applications.write(organisation, values | more, actor, at, newest=newest)
    standing.tell(profile, event, "partner_applied", at, office=True)
    return profile


@action
def nominate(
    *,
    actor,
    organisation: Organisation,
    sectors: Iterable[str],
    country: str,
    operates: str,
    at: datetime | None = None,
) -> PartnerProfile:
    """A programme coordinator puts an organisation forward for vetting."""
    at = at or clock.now()
    if not policies.keeps_partners(actor):
        raise NotAllowed("A programme coordinator nominates organisations.")
    standing.refuse_tied(actor, organisation.pk)
    if organisation.kind != Kind.PARTNER:
        raise Invalid("Choose a partner organisation.", field="organisation")
    values = standing.checked(sectors, country, operates)
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    if PartnerProfile.objects.filter(pk=organisation.pk).exists():
        raise AlreadyDone("This organisation is known to the programme already.")
    profile = standing.create(organisation, PartnerState.NOMINATED, values, actor, at)
    event = standing.record(
        profile, actor, "nominate", at, capacity="coordinator", data={"to": profile.stored_state}
    )
    standing.tell(profile, event, "partner_nominated", at, partner=True)
    return profile


@action
def update_profile(
    *,
    actor,
    profile: PartnerProfile,
    expected_revision: int | None = None,
    at: datetime | None = None,
    **told: Unpack[Told],
) -> PartnerProfile:
    """The organisation corrects what it said of itself, or says it first; its standing stays, and the coordinators are told."""
    at = at or clock.now()
    profile = standing.lock(profile)
    if not policies.is_partner_admin(actor, profile.pk):
        raise NotAllowed("An administrator of the organisation keeps its profile.")
    if profile.stored_state == PartnerState.REMOVED:
        raise WrongState("This organisation was removed from the programme.")
    refuse_stale(profile, expected_revision, called=standing.CALLED)
    values = standing.checked(told["sectors"], told["country"], told["operates"])
    every = values | telling.checked(told)
    newest = PartnerApplication.objects.newest(profile.pk)
    changed = telling.changed(newest, every)
    if not changed:
        return profile
    standing.set_values(profile, values)
    applications.write(profile.organisation, every, actor, at, newest=newest)
    event = standing.finish(
        profile, actor, "update_profile", at, None, capacity="partner", data={"changed": changed}
    )
    standing.tell(profile, event, "partner_changed", at, office=True)
    return profile


@action
def begin_vetting(
    *, actor, profile: PartnerProfile, expected_revision: int | None = None, at: datetime | None = None
) -> PartnerProfile:
    """The programme office begins to look into the organisation."""
    profile, step, at = standing.begin(
        actor, profile, "begin_vetting", at, expected_revision=expected_revision
    )
    criteria = vetting.under_way(profile, actor, at).criteria.number
    event = standing.finish(profile, actor, "begin_vetting", at, step, data={"criteria": criteria})
    standing.tell(profile, event, "partner_vetting", at, partner=True)
    return profile


@action
def find_eligible(
    *, actor, profile: PartnerProfile, expected_revision: int | None = None, at: datetime | None = None
) -> PartnerProfile:
    """Vetting found the organisation eligible, for the programme's usual time; then it lapses unless vetted again.

    Every criterion is answered by then; that each is met is not asked, since an answer has its reason.
    """
    profile, step, at = standing.begin(
        actor, profile, "find_eligible", at, expected_revision=expected_revision
    )
    vetting.require_answered(profile)
    vetting.end(profile, Vetting.Outcome.ELIGIBLE, actor, at)
    profile.vetted_at, profile.vetted_by = at, actor
    profile.revet_due_at = at + timedelta(days=programme.target("partner_revetting_days"))
    profile.reason_code, profile.reapply_on = "", None
    event = standing.finish(
        profile, actor, "find_eligible", at, step, data={"revet_due_at": profile.revet_due_at}
    )
    standing.tell(profile, event, "partner_eligible", at, partner=True)
    return profile


@action
def not_select(
    *,
    actor,
    profile: PartnerProfile,
    reason_code: str = "",
    reapply_on: date | None = None,
    reason: str = "",
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> PartnerProfile:
    """Vetting ended without selection. The organisation is told the reason and when it may apply again."""
    profile, step, at = standing.begin(actor, profile, "not_select", at, expected_revision=expected_revision)
    if not reason_code:
        raise Missing("Choose a reason.", field="reason_code")
    if reason_code not in PartnerProfile.NotSelectedReason.values:
        raise Invalid("Choose a reason of the list.", field="reason_code")
    if reapply_on is not None and reapply_on < clock.calendar_day(at):
        raise Invalid("The day lies in the past.", field="reapply_on")
    vetting.end(
        profile,
        Vetting.Outcome.NOT_SELECTED,
        actor,
        at,
        reason_code=reason_code,
        reason=reason,
        reapply_on=reapply_on,
    )
    profile.reason_code, profile.reapply_on = reason_code, reapply_on
    data = {"reason_code": reason_code, "reapply_on": reapply_on}
    event = standing.finish(profile, actor, "not_select", at, step, reason=reason, data=data)
    standing.tell(profile, event, "partner_not_selected", at, partner=True)
    return profile


@action
def suspend(
    *,
    actor,
    profile: PartnerProfile,
    reason: str = "",
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> PartnerProfile:
    """Access under every grant of the organisation stops at once, until it is reinstated; its grants stand."""
    profile, step, at = standing.begin(actor, profile, "suspend", at, reason, expected_revision)
    event = standing.finish(profile, actor, "suspend", at, step, reason=reason)
    standing.tell(profile, event, "partner_suspended", at, partner=True)
    return profile


@action
def reinstate(
    *, actor, profile: PartnerProfile, expected_revision: int | None = None, at: datetime | None = None
) -> PartnerProfile:
    """The suspension ends; the date of the next vetting stays as it was."""
    profile, step, at = standing.begin(actor, profile, "reinstate", at, expected_revision=expected_revision)
    event = standing.finish(profile, actor, "reinstate", at, step)
    standing.tell(profile, event, "partner_reinstated", at, partner=True)
    return profile


@action
def remove(
    *,
    actor,
    profile: PartnerProfile,
    reason: str = "",
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> PartnerProfile:
    """The organisation leaves the programme for good: its grants and proposals end in the same transaction."""
    # Cases first, as every action on a grant does; a grant made meanwhile is noticed below.
    open_grants = Grant.objects.filter(partner_id=profile.pk, stored_state__in=[State.PROPOSED, State.AGREED])
    case_ids = sorted(set(open_grants.order_by().values_list("submission_id", flat=True)))
    cases = {pk: case_steps.lock(Submission(pk=pk)) for pk in case_ids}
    profile, step, at = standing.begin(actor, profile, "remove", at, reason, expected_revision)
    for grant in (
        open_grants.not_ended(at=at).select_for_update(of=("self",)).select_related("partner").order_by("pk")
    ):
        if grant.submission_id not in cases:
            raise Stale("A grant of this organisation was proposed meanwhile. Look at it, then try again.")
        _end_grant(grant, cases[grant.submission_id], actor, at)
    event = standing.finish(profile, actor, "remove", at, step, reason=reason)
    standing.tell(profile, event, "partner_removed", at, partner=True)
    return profile


def _end_grant(grant: Grant, case: Submission, actor, at: datetime) -> None:
    grant.submission = case
    partner = steps.people_of_partner(grant, at=at)
    proposed = grant.stored_state == State.PROPOSED
    step = MACHINE.require(grant.state_at(at), "decline" if proposed else "revoke", {"coordinator"})
    code = "other" if proposed else "not_eligible"
    event = following.end_for_case(grant, step, actor=actor, case=case, code=code, at=at, window=not proposed)
    kind = "declined" if proposed else "revoked"
    steps.tell(event, grant, kind, at=at, lab=True, office=True, partner=partner)


@action
def publish_partner_terms(*, actor, text: str, at: datetime | None = None) -> PartnerTerms:
    """A new version of the standard text; grants keep the version their partner accepted."""
    at = at or clock.now()
    if not policies.keeps_partners(actor):
        raise NotAllowed("A programme coordinator publishes the partner terms.")
    if not text.strip():
        raise Missing("Write the terms.", field="text")
    newest = PartnerTerms.objects.order_by("-number").first()
    number = newest.number + 1 if newest else 1
    terms = PartnerTerms.objects.create(number=number, text=text.strip(), published_at=at, published_by=actor)
    ledger.record(
        actor=actor,
        verb="publish_partner_terms",
        subject=terms,
        capacity="coordinator",
        data={"number": number},
        at=at,
    )
    return terms
