"""What this room tells the floors below: events a person reads, what comes next on a case, what follows a moved date."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import F, Q

from partners import findings_readers
from partners.deadline_kinds import of_an_organisation
from partners.models import Grant, PartnerNomination, PartnerProfile, PartnerTerms, VettingCriteria
from partners.querysets import oversees
from partners.states import PartnerState, State
from portal import scope
from portal.accounts.models import Kind
from portal.formats import instant
from portal.ledger.models import Event
from portal.submissions.models import Submission
from portal.submissions.next_steps import CLOCK, NextStep
from portal.submissions.readers import OneOf, own_cases

GRANT = Grant._meta.label_lower
OWN = (GRANT, PartnerProfile._meta.label_lower)


def events(user) -> Q | None:
    """For a lab what happened to the grants on its cases; for a partner's people what they did themselves; for overseers
    what happened to partner organisations (grants come with their cases).
    """
    parts = []
    if partners := user.organisations_as(Kind.PARTNER):
        grants = Grant.objects.filter(partner__in=partners).order_by().values("pk")
        about = Q(OneOf("subject_id", grants)) | Q(subject_id__in=partners)
        parts.append(Q(about, actor=user, subject_type__in=OWN))
    if (own := own_cases(user)) is not None:
        parts.append(Q(OneOf("case_id", own), subject_type=GRANT))
    if oversees(user):
        labels = [model._meta.label_lower for model in (PartnerProfile, PartnerTerms, VettingCriteria)]
        parts.append(Q(case_id=None, subject_type__in=labels))
        nominations = PartnerNomination.objects.visible_to(user).beyond(user).order_by().values("pk")
        parts.append(Q(OneOf("subject_id", nominations), subject_type=PartnerNomination._meta.label_lower))
    if not parts:
        return None
    found = parts[0]
    for part in parts[1:]:
        found |= part
    return found


# Whoever reads the organisation's state reads this of it, and nothing else of that event.
@scope.lifted("ledger")
def reason_told(profile: PartnerProfile, state: str) -> str:
    """Why an organisation is suspended or was removed, as the programme office wrote it to everyone concerned."""
    verb = {PartnerState.SUSPENDED: "partner_suspend", PartnerState.REMOVED: "partner_remove"}.get(state)  # type: ignore[call-overload]
    if verb is None:
        return ""
    events = Event.objects.filter(subject_id=profile.pk, subject_type=OWN[1], verb=verb).order_by("-seq")
    return events.values_list("reason", flat=True).first() or ""


def messages(user) -> Q | None:
    """What was told about partner organisations, for those who oversee them; what is told of grants comes with their cases."""
    return Q(kind__in=of_an_organisation()) if oversees(user) else None


def has_perm(user, codename: str, obj) -> bool:
    """Django's question, answered for one grant, partner organisation or finding: whether it is seen."""
    if codename == "view_grant" and isinstance(obj, Grant):
        return Grant.objects.visible_to(user).filter(pk=obj.pk).exists()
    if codename == "view_partnerprofile" and isinstance(obj, PartnerProfile):
        return PartnerProfile.objects.visible_to(user).filter(pk=obj.pk).exists()
    return findings_readers.has_perm(user, codename, obj)


def next_steps(submission: Submission, at: datetime) -> list[NextStep]:
    """The start of the first agreed grant, which everyone who sees the case can read from its dates.

    Proposals are told on the pages of those who take part in grants: the readers of this list are told apart by nobody.
    """
    start = submission.first_grant_starts_at
    if (
        start is None
        or start <= at
        or submission.withdrawn_at is not None
        or submission.released_at is not None
    ):
        return []
    return [NextStep(CLOCK, "start", "starts the first partner's early access.", start)]


def consequences(submission: Submission, dates: Mapping[str, datetime | None], at: datetime) -> list[str]:
    """What would follow for grants if the lab moved its planned partner release."""
    new = dates.get("planned_partner_release")
    if new is None or new == submission.planned_partner_release:
        return []
    following = Grant.objects.filter(submission=submission, follows_partner_release=True).not_ended(at=at)
    moving = [grant for grant in following if grant.agreed_at is None or grant.starts_at > at]
    if not moving:
        return []
    verb = "starts" if len(moving) == 1 else "start"
    return [
        f"{_many(len(moving), 'grant')} {verb} with the new partner release; each expiry moves by the same span."
    ]


def owed(cases: Collection[UUID], at: datetime) -> dict[UUID, list[str]]:
    """For cases, the grants under which partners still read, or have not yet attested that they kept nothing. One query."""
    rows = Grant.objects.filter(submission__in=cases, agreed_at__isnull=False, closed_out_at=None)
    found: dict[UUID, list[str]] = {}
    for grant in rows.select_related("partner").order_by("starts_at", "id"):
        ended_at = grant.ended_at or grant.expires_at
        if grant.starts_at >= ended_at:
            continue
        words = "is not closed out" if ended_at <= at else f"runs until {instant(ended_at)}"
        found.setdefault(grant.submission_id, []).append(f"Grant to {grant.partner.name} {words}")
    return found


def first_grant_if(submission: Submission, release: datetime | None, at: datetime) -> datetime | None:
    """The start of the first agreed grant if the planned partner release moved there, as ``dates_moved`` would move it."""
    agreed = Grant.objects.filter(submission=submission, agreed_at__isnull=False)
    agreed = agreed.filter(Q(ended_at=None) | Q(ended_at__gt=F("starts_at")))
    moved = None if release == submission.planned_partner_release else release
    starts = [
        moved
        if moved is not None
        and grant.follows_partner_release
        and grant.stored_state == State.AGREED
        and grant.starts_at > at
        else grant.starts_at
        for grant in agreed
    ]
    return min(starts, default=None)


def against_erasing(*, user, at: datetime) -> list[str]:
    """Why a person cannot be erased now: without the case, which who looks after accounts does not see."""
    going = Grant.objects.in_state(State.PROPOSED, State.AGREED, State.ACTIVE, State.SUSPENDED, at=at)
    if going.filter(named__user=user, named__ended_at=None).exists():
        return ["They are named in a grant that is not over."]
    return []


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
