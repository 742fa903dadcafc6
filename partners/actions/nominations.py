"""A lab or an agency puts an organisation forward; the programme office takes it up or sets it aside."""

from collections.abc import Iterable
from datetime import datetime

from partners import policies
from partners.actions import organisations, standing
from partners.models import PartnerNomination, PartnerProfile
from portal import clock
from portal.accounts.models import Kind, Organisation
from portal.deadlines import actions as deadlines
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed
from portal.ledger import actions as ledger
from portal.scope import action
from portal.submissions.models import Barrier

WHY_AT_MOST = 4000
LAB_PAGE = "/lab/partners/nominate/"


@action
def put_forward(
    *,
    actor,
    side: Organisation,
    name: str,
    country: str,
    sectors: Iterable[str],
    why: str,
    at: datetime | None = None,
) -> PartnerNomination:
    """Put an organisation forward for a lab (its administrators and contributors) or an agency (its coordinators)."""
    at = at or clock.now()
    if not policies.puts_forward(actor, side):
        raise NotAllowed(
            "A lab's administrators and contributors and an agency's coordinators put organisations forward."
        )
    if not why.strip():
        raise Missing("Write why this organisation.", field="why")
    if not name.strip() or len(name.strip()) > 200:
        raise Invalid("Write the organisation's name, in at most 200 characters.", field="name")
    values = standing.checked(sectors, country, why[:WHY_AT_MOST])
    row = PartnerNomination.objects.create(
        nominated_for=side,
        name=name.strip(),
        country=values["country"],
        sectors=values["sectors"],
        why=values["operates"],
        nominated_at=at,
        nominated_by=actor,
    )
    capacity = "lab" if side.kind == Kind.LAB else "agency_coordinator"
    event = ledger.record(
        actor=actor, verb="put_forward", subject=row, capacity=capacity, data={"side": side.pk}, at=at
    )
    barred = set(Barrier.objects.filter(organisation=side).order_by().values_list("user_id", flat=True))
    deadlines.tell(
        recipients=[pk for pk in standing.coordinators() if pk != actor.pk and pk not in barred],
        kind="partner_put_forward",
        case_id=None,
        case_number="",
        about=event.pk,
        at=at,
        link=_workbench_page(row),
    )
    return row


@action
def take_up(
    *,
    actor,
    nomination: PartnerNomination,
    organisation: Organisation,
    operates: str = "",
    at: datetime | None = None,
) -> PartnerNomination:
    """The organisation is nominated by the programme office, in its own words; one that is in the programme already is named."""
    at = at or clock.now()
    row = _unanswered(actor, nomination)
    if not PartnerProfile.objects.filter(pk=organisation.pk).exists():
        organisations.nominate(
            actor=actor,
            organisation=organisation,
            sectors=row.sectors,
            country=row.country,
            operates=operates,
            at=at,
        )
    row.organisation = organisation
    return _answer(row, PartnerNomination.Outcome.TAKEN_UP, actor, "", at)


@action
def set_aside(
    *, actor, nomination: PartnerNomination, reason: str, at: datetime | None = None
) -> PartnerNomination:
    """The organisation is not taken up; whoever nominated it reads why."""
    at = at or clock.now()
    row = _unanswered(actor, nomination)
    if not reason.strip():
        raise Missing("Write why it is set aside.", field="reason")
    return _answer(row, PartnerNomination.Outcome.SET_ASIDE, actor, reason.strip(), at)


def _unanswered(actor, nomination: PartnerNomination) -> PartnerNomination:
    if not policies.keeps_partners(actor):
        raise NotAllowed("A programme coordinator answers nominations.")
    seen = PartnerNomination.objects.visible_to(actor).beyond(actor)
    row = seen.select_for_update(of=("self",)).filter(pk=nomination.pk).first()
    if row is None:
        raise NotAllowed("A nomination of a lab that you have a conflict with is for another coordinator.")
    if row.outcome:
        raise AlreadyDone("This nomination was answered already.")
    return row


def _answer(row: PartnerNomination, outcome: str, actor, reason: str, at: datetime) -> PartnerNomination:
    row.outcome, row.reason, row.answered_at, row.answered_by = outcome, reason, at, actor
    row.save()
    event = ledger.record(
        actor=actor, verb=str(outcome), subject=row, capacity="coordinator", reason=reason,
        data={"organisation": row.organisation_id}, at=at,
    )  # fmt: skip
    side = row.nominated_for
    readers = policies.FORWARD[Kind(side.kind)]
    deadlines.tell(
        recipients=[pk for pk in standing.members_of(side, *readers) if pk != actor.pk],
        kind="nomination_answered",
        case_id=None,
        case_number="",
        about=event.pk,
        at=at,
        link=LAB_PAGE if side.kind == Kind.LAB else _workbench_page(row),
    )
    return row


def _workbench_page(row: PartnerNomination) -> str:
    return f"/admin/partners/partnernomination/{row.pk}/change/"
