"""Break-glass access: asked for by a security officer, opened by a second person, and over when its time is (docs/adr/0028).

No step here opens anything by itself: the audience reads the row. Nothing has to run for an access to end.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from portal import clock, programme
from portal.accounts.models import Kind, Membership, Organisation, Role, User
from portal.deadlines import actions as deadlines
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, WrongState
from portal.ledger import actions as ledger
from portal.ledger.models import Event
from portal.machine import Transition
from portal.scope import action
from portal.submissions import policies_break_glass as policies
from portal.submissions.actions import case as cases
from portal.submissions.actions.question_steps import written
from portal.submissions.models import BreakGlass, Submission
from portal.submissions.querysets_break_glass import OFFICE
from portal.submissions.states import BREAK_GLASS, BreakGlassState

PAGE = "/admin/submissions/breakglass/{}/change/"
NO_CASE = "No case that you can ask for has this number."


@action
def ask(
    *,
    actor,
    submission: Submission,
    scopes: Sequence[str],
    hours: int,
    reason: str,
    agency: Organisation | None = None,
    at: datetime | None = None,
) -> BreakGlass:
    """Ask to read parts of one case for so many hours from when a second person concurs. Opens nothing.

    ``agency`` is asked of who is a security officer of several. Raises AlreadyDone while an earlier ask of the same person on
    the case waits or is open.
    """
    case = cases.lock(submission)
    at = at or clock.now()
    asker = _agency_of(actor, agency)
    if not policies.may_ask(actor, case, asker, at=at):
        raise NotAllowed(NO_CASE)
    waiting = BreakGlass.objects.filter(submission=case, asked_by=actor)
    if waiting.in_state(BreakGlassState.ASKED, BreakGlassState.OPEN, at=at).exists():
        raise AlreadyDone("You have asked for this case already: see the list.")
    most = programme.target("break_glass_hours")
    if not 1 <= hours <= most:
        raise Invalid(f"Between 1 and {most} hours.", field="hours")
    parts = [scope for scope in BreakGlass.Scope.values if scope in set(scopes)]
    if not parts or set(scopes) - set(parts):
        raise Missing("Choose at least one part of the case.", field="scopes")
    words = written(reason, field="reason", missing="Give a reason.", limit=BreakGlass.REASON_LIMIT)
    access = BreakGlass.objects.create(
        submission=case, agency_id=asker, asked_by=actor, asked_at=at, scopes=parts, reason=words, hours=hours,
        lapses_at=at + timedelta(hours=programme.target("break_glass_answer_hours")),
    )  # fmt: skip
    # On the access's own record: a lab reads of what was opened, not of what was only asked for.
    event = ledger.record(
        actor=actor, verb="ask", subject=access, case_id=case.pk, capacity="security", reason=words,
        data={"scopes": parts, "hours": hours, "lapses_at": access.lapses_at}, at=at,
    )  # fmt: skip
    _tell_officers(access, event, "break_glass_asked", _seconds(access))
    return access


@action
def concur(*, actor, access: BreakGlass, at: datetime | None = None) -> BreakGlass:
    """Open it, as the second person: from now on, for the hours asked for. The lab is told in the same moment.

    Raises WrongState where who asked may not have it any more: another role by now, a conflict, a case that is over.
    """
    found, step, at = _begin(actor, access, "concur", at)
    if not policies.may_be_given(_officer(found), found, at=at):
        raise WrongState("Who asked cannot be given this access any more.")
    if found.hours > programme.target("break_glass_hours"):
        raise WrongState("More hours were asked for than are given by now: it has to be asked for anew.")
    found.stored_state, found.opened_by, found.opened_at = step.target, actor, at
    found.expires_at = at + timedelta(hours=found.hours)
    found.save(update_fields=["stored_state", "opened_by", "opened_at", "expires_at"])
    event = _on_case(found, actor, "open_break_glass", at, reason=found.reason)
    _tell_lab(found, event, "break_glass_opened")
    others = {*cases.people(found.submission, "coordinator", at=at), found.asked_by_id}
    _tell_officers(found, event, "break_glass_given", others)
    return found


@action
def turn_down(*, actor, access: BreakGlass, reason: str, at: datetime | None = None) -> BreakGlass:
    """Answer that it is not opened, and why; who asked is told."""
    found, step, at = _begin(actor, access, "turn_down", at, reason=reason)
    event = _end(found, actor, step, at, reason=reason)
    _tell_officers(found, event, "break_glass_turned_down", [found.asked_by_id])
    return found


@action
def take_back(*, actor, access: BreakGlass, at: datetime | None = None) -> BreakGlass:
    """Take back what one asked for and nobody has answered."""
    found, step, at = _begin(actor, access, "take_back", at)
    _end(found, actor, step, at)
    return found


@action
def end(*, actor, access: BreakGlass, at: datetime | None = None) -> BreakGlass:
    """End an open access before its time; the lab is told, and the other of the two."""
    found, step, at = _begin(actor, access, "end", at)
    found.stored_state, found.ended_by, found.ended_at = step.target, actor, at
    found.save(update_fields=["stored_state", "ended_by", "ended_at"])
    event = _on_case(found, actor, "end_break_glass", at)
    _tell_lab(found, event, "break_glass_ended")
    _tell_officers(found, event, "break_glass_ended", [found.asked_by_id, found.opened_by_id])
    return found


def _begin(
    actor, access: BreakGlass, verb: str, at: datetime | None, *, reason: str = ""
) -> tuple[BreakGlass, Transition, datetime]:
    """The case's lock first, as every step on a case: of two second persons, or of one and a withdrawal, one is first."""
    case = cases.lock(access.submission)
    found = BreakGlass.objects.select_for_update(of=("self",)).get(pk=access.pk)
    found.submission = case
    at = at or clock.now()
    mine = policies.capacities(actor, found)
    return found, BREAK_GLASS.require(found.state_at(at), verb, mine, reason=reason), at


def _end(access: BreakGlass, actor, step: Transition, at: datetime, *, reason: str = "") -> Event:
    access.stored_state, access.ended_by, access.ended_at = step.target, actor, at
    access.save(update_fields=["stored_state", "ended_by", "ended_at"])
    return ledger.record(
        actor=actor, verb=step.verb, subject=access, case_id=access.submission_id, capacity=_capacity(access, actor),
        reason=reason, at=at,
    )  # fmt: skip


def _on_case(access: BreakGlass, actor, verb: str, at: datetime, *, reason: str = "") -> Event:
    """On the case's own record, so that its lab reads it there. No person's id stands in it: a lab knows them by stable names."""
    data = {"break_glass": access.pk, "scopes": access.scopes, "expires_at": access.expires_at}
    return ledger.record(
        actor=actor, verb=verb, subject=access.submission, case_id=access.submission_id,
        capacity=_capacity(access, actor), reason=reason, data=data, at=at,
    )  # fmt: skip


def _capacity(access: BreakGlass, actor) -> str:
    security = actor.pk == access.asked_by_id or actor.has_seat(Kind.AGENCY, Role.SECURITY)
    return "security" if security else "coordinator"


def _agency_of(actor, agency: Organisation | None) -> UUID:
    own = actor.organisations_as(Kind.AGENCY, Role.SECURITY)
    if agency is not None:
        return agency.pk
    if not own:
        raise NotAllowed("A security officer of an agency asks for this.")
    if len(own) > 1:
        raise Missing("Say for which agency you ask.", field="agency")
    return min(own)


def _officer(access: BreakGlass) -> User:
    """Who asked, with the roles they have now."""
    return User.objects.get(pk=access.asked_by_id)


def _seconds(access: BreakGlass) -> set[UUID]:
    """Whoever could concur."""
    seats = Membership.objects.active().filter(organisation__kind=Kind.AGENCY, role__in=OFFICE)
    people = User.objects.people().filter(is_active=True, pk__in=seats.order_by().values("user"))
    # Each is asked by the one rule of who answers: the few who could be are few, and so are such accesses.
    return {one.pk for one in people if BreakGlass.objects.to_answer_by(one).filter(pk=access.pk).exists()}


def _tell_officers(access: BreakGlass, event: Event, kind: str, people: Iterable[UUID | None]) -> None:
    _tell(access, event, kind, people, PAGE.format(access.pk))


def _tell_lab(access: BreakGlass, event: Event, kind: str) -> None:
    case = access.submission
    _tell(access, event, kind, cases.people(case, "lab", at=event.at), f"/case/{case.case_number}/")


def _tell(access: BreakGlass, event: Event, kind: str, people: Iterable[UUID | None], link: str) -> None:
    wanted = {person for person in people if person is not None} - {event.actor_id}
    deadlines.tell(
        recipients=sorted(wanted), kind=kind, case_id=access.submission_id,
        case_number=access.submission.case_number, about=event.pk, at=event.at, link=link,
    )  # fmt: skip
