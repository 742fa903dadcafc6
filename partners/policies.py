"""Who may do what to a partner organisation or a grant now. Plain answers; unknown means no."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from partners.models import Grant, PartnerEvidence, PartnerProfile
from partners.states import MACHINE, PARTNERS, PartnerState
from portal import clock
from portal.accounts.models import Kind, Membership, Organisation, Role, Tie, User
from portal.submissions import hooks
from portal.submissions import policies as case_policies
from portal.submissions.models import Barrier, Submission
from portal.submissions.querysets import agency_wide
from portal.submissions.states import State as CaseState

# Whose people put organisations forward for their side, and are told of the answer.
FORWARD = {Kind.LAB: (Role.ADMIN, Role.CONTRIBUTOR), Kind.AGENCY: (Role.COORDINATOR,)}
PROPOSABLE = (CaseState.ACKNOWLEDGED, CaseState.AGREED, CaseState.OPEN, CaseState.ENDED)


def capacities(actor, grant: Grant, *, at: datetime | None = None) -> frozenset[str]:
    """In what capacities a person can take steps on a grant: ``lab``, ``coordinator``, ``partner`` (its administrators).

    A partner has none before lab consent and government concurrence are both there: until then it knows of nothing.
    """
    at = at or clock.now()
    mine = case_policies.capacities(actor, grant.submission, at=at) & {"lab", "coordinator"}
    if grant.offered_at is not None and grant.offered_at <= at and is_partner_admin(actor, grant.partner_id):
        mine |= {"partner"}
    return mine


def is_partner_admin(actor, organisation_id: UUID) -> bool:
    return organisation_id in actor.organisations_as(Kind.PARTNER, Role.ADMIN)


def proposes(actor, case: Submission, *, at: datetime | None = None) -> bool:
    """Whether this person proposes partners on this case, in whatever state it is."""
    return bool(case_policies.capacities(actor, case, at=at) & {"lab", "coordinator"})


def may_propose(actor, case: Submission, *, at: datetime | None = None) -> bool:
    """Whether this person can propose a partner on this case now."""
    at = at or clock.now()
    return case_takes_proposals(case, at) and proposes(actor, case, at=at)


def case_takes_proposals(case: Submission, at: datetime) -> bool:
    return case.state_at(at) in PROPOSABLE and case.released_at is None


def may_take(actor, grant: Grant, verb: str, *, at: datetime | None = None) -> bool:
    """Whether any row of the state table lets this person take a verb on this grant, from whatever state."""
    mine = capacities(actor, grant, at=at)
    return any(t.verb == verb and t.who in mine for t in MACHINE.transitions)


def open_verbs(actor, grant: Grant, *, at: datetime | None = None) -> list[str]:
    """The verbs this person can take on this grant from its present state: what buttons are made from."""
    at = at or clock.now()
    mine = capacities(actor, grant, at=at)
    found = dict.fromkeys(t.verb for t in MACHINE.verbs_from(grant.state_at(at), mine))
    return [verb for verb in found if not _done_by_own_side(grant, verb, mine)]


def _done_by_own_side(grant: Grant, verb: str, mine: frozenset[str]) -> bool:
    """A signature that is there already, or a suspension of the other side: nothing to press."""
    signed = {"consent": grant.lab_consented_at, "concur": grant.concurred_at, "accept": grant.accepted_at}
    own = grant.lab_suspended_at if "lab" in mine else grant.government_suspended_at
    return (verb in signed and signed[verb] is not None) or (
        (verb == "suspend" and own is not None) or (verb == "resume" and own is None)
    )


def partner_capacities(actor, profile: PartnerProfile) -> frozenset[str]:
    """In what capacities a person can take steps on a partner organisation's standing. Who has a tie to it, or declared a
    conflict with it, leaves its vetting to another coordinator.
    """
    mine = {"coordinator"} if keeps_partners(actor) and not is_tied(actor, profile.pk) else set()
    if is_partner_admin(actor, profile.pk):
        mine.add("partner")
    return frozenset(mine)


def is_tied(actor, organisation_id: UUID) -> bool:
    """Whether a person belongs or belonged to an organisation, has an address there, or declared a conflict with it."""
    ties = (
        Tie.objects.standing().filter(user=actor, organisation=organisation_id).order_by().values("user_id")
    )
    declared = Barrier.objects.filter(user=actor, organisation=organisation_id).order_by().values("user_id")
    return ties.union(declared).exists()


def keeps_partners(actor) -> bool:
    """Whether this person looks after the partner organisations for the programme: its coordinators do."""
    return Role.COORDINATOR in agency_wide(actor)


def vets(actor, profile: PartnerProfile) -> bool:
    """Whether this person vets an organisation, in whatever state it is."""
    return "coordinator" in partner_capacities(actor, profile)


def may_answer_criteria(actor, profile: PartnerProfile, *, at: datetime | None = None) -> bool:
    """Whether this person writes now what vetting finds; of an eligible organisation too, which is vetted before it lapses."""
    state = profile.state_at(at or clock.now())
    return vets(actor, profile) and state in (PartnerState.VETTING, PartnerState.ELIGIBLE)


def puts_forward(actor, side: Organisation) -> bool:
    """Whether this person puts organisations forward for a lab or an agency."""
    return any(side.pk in actor.organisations_as(kind, *roles) for kind, roles in FORWARD.items())


def may_take_partner(actor, profile: PartnerProfile, verb: str) -> bool:
    mine = partner_capacities(actor, profile)
    return any(t.verb == verb and t.who in mine for t in PARTNERS.transitions)


def open_partner_verbs(actor, profile: PartnerProfile, *, at: datetime | None = None) -> list[str]:
    at = at or clock.now()
    found = PARTNERS.verbs_from(profile.state_at(at), partner_capacities(actor, profile))
    return list(dict.fromkeys(t.verb for t in found))


def may_go_on_reading_evidence(person: UUID, evidence: UUID, *, at: datetime | None = None) -> bool:
    """Whether a file of evidence is open to a person, everything asked anew."""
    reader = User.objects.filter(pk=person).first()
    return (
        reader is not None and PartnerEvidence.objects.visible_to(reader, at=at).filter(pk=evidence).exists()
    )


def may_reveal(actor, grant: Grant, *, at: datetime | None = None) -> bool:
    """Whether a grant's access instructions open to this person now: its named persons while it is active, and the lab's own."""
    at = at or clock.now()
    if Grant.objects.open_to(actor, "instructions", at=at).filter(pk=grant.pk).exists():
        return True
    return "lab" in capacities(actor, grant, at=at)


def people_of(organisation_id: UUID):
    """Who belongs to an organisation for the purpose of conflicts: its members, whoever works or worked there, and whoever
    has an address at its mail domain."""
    return Tie.objects.standing().filter(organisation=organisation_id).order_by().values("user_id")


def conflicts_of(case: Submission) -> set[UUID]:
    """The persons who may have nothing to do with a grant on this case: the lab's, and those who review it (invariant 8)."""
    return {row["user_id"] for row in people_of(case.lab_id)} | set(hooks.gather(hooks.REVIEWERS_OF, case))


def may_be_partner(organisation, case: Submission) -> bool:
    """Whether an organisation is free of conflicts with a case: not the lab, no person in common with it or its reviewers."""
    if organisation.pk == case.lab_id or organisation.name.casefold() == case.lab.name.casefold():
        return False
    return not conflicts_of(case) & {row["user_id"] for row in people_of(organisation.pk)}


def reports_on(actor, grant: Grant) -> bool:
    """Whether a person writes the partner's reports on a grant: its administrators do, and whom it named."""
    if is_partner_admin(actor, grant.partner_id):
        return True
    member = grant.partner_id in actor.organisations_as(Kind.PARTNER)
    return member and grant.named.filter(user=actor, ended_at=None).exists()


def may_be_named(person, grant: Grant) -> bool:
    """Whether a person may be named on a grant: a member of the partner now, and free of conflicts with the case."""
    members = Membership.objects.filter(Q(user=person), organisation_id=grant.partner_id, ended_at=None)
    return person.is_active and members.exists() and person.pk not in conflicts_of(grant.submission)
