"""Proposing partners for early access: by the lab, which thereby consents, or by the programme office, which thereby concurs."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from partners import policies
from partners.actions import scope, standing, steps
from partners.models import Grant, PartnerProfile, Side
from partners.states import PartnerState, State
from portal import clock, programme
from portal.accounts.models import Organisation
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, WrongState
from portal.scope import action
from portal.submissions import policies as case_policies
from portal.submissions.actions import case as case_steps
from portal.submissions.models import Document, Facts, Submission


@action
def propose_grant(
    *, actor, submission: Submission, partner: Organisation, purpose: str, at: datetime | None = None, **terms
) -> Grant:
    """Propose one partner. The proposer's side signs by proposing; the others sign later, in any order. The other side is told.

    Without ``starts_at`` the grant starts with the lab's planned partner release and follows it; without ``expires_at`` it
    lasts the programme's usual time. The other ``terms`` are ``access_mode``, ``documents``, ``instructions`` and
    ``follows_partner_release``. Raises Invalid, naming the field; a conflict is refused without saying whose.
    """
    return _propose(
        actor=actor, submission=submission, partner=partner, purpose=purpose, at=at, tells=True, **terms
    )


def _propose(
    *,
    actor,
    submission: Submission,
    partner: Organisation,
    purpose: str,
    starts_at: datetime | None = None,
    expires_at: datetime | None = None,
    access_mode: str = "",
    documents: Iterable[Document] = (),
    instructions: str = "",
    follows_partner_release: bool = False,
    tells: bool,
    at: datetime | None = None,
) -> Grant:
    """One proposal; of those of a wave the first alone ``tells`` the other side."""
    case = case_steps.lock(submission)
    at = at or clock.now()
    side = _side(actor, case, at)
    if side == Side.GOVERNMENT:
        standing.refuse_tied(actor, partner.pk)
    partner = _eligible(partner, case, at)
    if not purpose.strip():
        raise Missing("Write what the access is for.", field="purpose")
    mode = access_mode or case.facts.access_mode
    if mode not in Facts.AccessMode.values:
        raise Invalid("Choose a kind of access.", field="access_mode")
    starts, expires, follows = _dates(case, starts_at, expires_at, follows_partner_release, at)
    open_grants = Grant.objects.filter(submission=case, partner=partner)
    if open_grants.filter(stored_state__in=[State.PROPOSED, State.AGREED]).exists():
        raise AlreadyDone(
            "This partner has a grant on this case already, or has not closed out its last one."
        )
    if instructions.strip() and side != Side.LAB:
        raise NotAllowed("Only the lab gives access instructions.")
    grant = Grant(
        submission=case,
        partner=partner,
        proposed_by=actor,
        proposed_at=at,
        proposed_side=side,
        purpose=purpose.strip(),
        access_mode=mode,
        starts_at=starts,
        expires_at=expires,
        follows_partner_release=follows,
    )
    _record(grant, actor, documents, instructions, tells=tells)
    return grant


def _record(grant: Grant, actor, documents: Iterable[Document], instructions: str, *, tells: bool) -> None:
    """Sign for the proposer's side, save, put the scope in, tell the other side."""
    case, at, by_lab = grant.submission, grant.proposed_at, grant.proposed_side == Side.LAB
    if by_lab:
        grant.lab_consented_at, grant.lab_consented_by = at, actor
    else:
        grant.concurred_at, grant.concurred_by = at, actor
    if instructions.strip():
        scope.seal_instructions(grant, instructions, actor=actor, at=at)
    grant.save(force_insert=True)
    chosen = scope.add_documents(grant, documents, actor=actor, at=at)
    event = steps.finish(
        actor=actor,
        case=case,
        grant=grant,
        verb="propose",
        at=at,
        capacity="lab" if by_lab else "coordinator",
        data={
            "partner": grant.partner_id,
            "starts_at": grant.starts_at,
            "expires_at": grant.expires_at,
            "documents": [document.pk for document in chosen],
        },
    )
    if tells:
        steps.tell(event, grant, "proposed", at=at, lab=not by_lab, office=by_lab)


@action
def propose_wave(
    *, actor, submission: Submission, partners: Iterable[Organisation], at: datetime | None = None, **terms
) -> list[Grant]:
    """Propose several partners on the same terms: all of them, or, if one is refused, none. The other side is told once."""
    at = at or clock.now()
    # In a fixed order, so that two waves on one case wait for each other in the same order.
    ordered = sorted(partners, key=lambda partner: partner.pk)
    if not ordered:
        raise Missing("Choose at least one partner.", field="partners")
    given = {"actor": actor, "submission": submission, "at": at, **terms}
    return [_one_of(ordered, one, tells=one is ordered[0], **given) for one in ordered]


def _one_of(wave: list[Organisation], partner: Organisation, **terms) -> Grant:
    """One of a wave; what is refused of it names the organisation, since a person chose several."""
    try:
        return _propose(partner=partner, **terms)
    except (Invalid, AlreadyDone) as refusal:
        if len(wave) > 1 and (refusal.field == "partner" or isinstance(refusal, AlreadyDone)):
            raise Invalid(
                f"{partner.name}: {refusal.message}", field="partners", code=refusal.code
            ) from refusal
        raise


def _side(actor, case: Submission, at: datetime) -> Side:
    mine = case_policies.capacities(actor, case, at=at)
    if not mine & {"lab", "coordinator"}:
        raise NotAllowed("Partners are proposed by the lab or the programme's coordinator.")
    if not policies.case_takes_proposals(case, at):
        raise WrongState("Partners are proposed from acknowledgement until the release.")
    return Side.LAB if "lab" in mine else Side.GOVERNMENT


def _eligible(partner: Organisation, case: Submission, at: datetime) -> Organisation:
    """The partner, its standing locked so that it is not lost meanwhile. Why one is refused is not said: it may be secret."""
    profile = PartnerProfile.objects.select_for_update(of=("self",)).filter(pk=partner.pk).first()
    if profile is None or profile.state_at(at) != PartnerState.ELIGIBLE:
        raise Invalid("Choose an eligible partner organisation.", field="partner")
    if not policies.may_be_partner(partner, case):
        raise Invalid("This organisation cannot be a partner on this case.", field="partner", code="conflict")
    return partner


def _dates(
    case: Submission, starts: datetime | None, expires: datetime | None, follows: bool, at: datetime
) -> tuple[datetime, datetime, bool]:
    planned = case.planned_partner_release
    if starts is None and planned is not None:
        follows = True
    if follows:
        if planned is None:
            raise Invalid("The lab plans no partner release that the start could follow.", field="starts_at")
        starts = planned
    if starts is None:
        raise Missing("Give the start.", field="starts_at")
    if clock.calendar_day(starts) < clock.calendar_day(at) and not follows:
        raise Invalid("The start lies in the past.", field="starts_at")
    starts = max(starts, at)
    expires = expires or starts + timedelta(days=programme.target("grant_days"))
    if expires <= starts:
        raise Invalid("The expiry must come after the start.", field="expires_at")
    return starts, expires, follows
