"""Who may do what to a case now. Plain answers; unknown means no."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal import clock
from portal.accounts.models import Kind, Role, User
from portal.submissions.models import (
    Audience,
    DisclosureNotice,
    Document,
    InformationRequest,
    Obligation,
    Submission,
)
from portal.submissions.querysets import FACTS, RECORD, lab_capacity, live, of_labs_alone
from portal.submissions.states import DISCLOSURE, MACHINE, PENDING, REQUEST, State

LAB_SEES = ("lab", "lab_viewer", "lab_service", "lab_service_viewer")
# Who writes what is not submitted yet; a lab's service too, which submits nothing.
LAB_WRITES = (Role.ADMIN, Role.CONTRIBUTOR, Role.SERVICE)
# In these capacities a person asks the lab, while they see the case's facts; the first that is held is put on record.
ASKERS = ("coordinator", "agency_coordinator", "lead", "reviewer")
# In these a person gives notice for their agency that it was asked to disclose something, while they see that the case exists.
NOTIFIERS = ("coordinator", "agency_coordinator")


@dataclass(frozen=True, slots=True)
class Edit:
    """From which states, and by whom, something of a case is written; ``otherwise`` is said in every other state."""

    states: tuple[State, ...]
    who: frozenset[str]
    otherwise: str


# What may be written on a case besides the steps of the state table: from which states, and by whom.
#
# A lab's service ("lab_service") does what is named here with it, and nothing else: no step of any state table is its, so that
# whatever binds the lab, or answers for it, is a person's (docs/adr/0012).
_LAB = frozenset({"lab"})
_LAB_OR_SERVICE = frozenset({"lab", "lab_service"})
EDITS: dict[str, Edit] = {
    "save_draft": Edit(
        (State.DRAFT,),
        _LAB_OR_SERVICE,
        "This case was submitted: its facts are corrected by a new version.",
    ),
    "correct_facts": Edit(PENDING, _LAB, "Facts can be corrected from submission until the window ends."),
    "add_document": Edit(
        (State.DRAFT, *PENDING), _LAB_OR_SERVICE, "Documents can be added until the window ends."
    ),
    "add_version": Edit(
        (State.DRAFT, *PENDING), _LAB_OR_SERVICE, "Versions can be added until the window ends."
    ),
    "add_evaluations": Edit(
        (State.DRAFT, *PENDING), _LAB_OR_SERVICE, "Evaluations can be added until the window ends."
    ),
    "take_back_evaluation": Edit(
        (State.DRAFT, *PENDING), _LAB_OR_SERVICE, "Evaluations can be taken back until the window ends."
    ),
    "add_contact": Edit(
        (State.DRAFT, *PENDING, State.ENDED), _LAB, "Contacts can be named until the case is over."
    ),
    "take_off_contact": Edit(
        (State.DRAFT, *PENDING, State.ENDED), _LAB, "Contacts can be taken off until the case is over."
    ),
    "remove_document": Edit(
        (State.DRAFT,), _LAB, "After submission a document is corrected by a new version, not taken out."
    ),
    "mark_document": Edit(
        tuple(State), _LAB, "A document's marking is its lab's to change, in every state of the case."
    ),
    "propose_terms": Edit(
        (State.ACKNOWLEDGED,),
        frozenset({"lab", "coordinator"}),
        "Terms are worked out between acknowledgement and agreement.",
    ),
}


def capacities(actor, submission: Submission, *, at: datetime | None = None) -> frozenset[str]:
    """In what capacities a person stands to a case now, as the audience view has it: ``lab``, ``coordinator``, ``lead``, ..."""
    if not actor.is_authenticated or not actor.is_active:
        return frozenset()
    at = at or clock.now()
    if of_labs_alone(actor, at):
        held = actor.memberships.held(at=at).filter(organisation=submission.lab_id).order_by()
        roles = held.values_list("role", flat=True) if submission.created_at <= at else ()
        return frozenset(lab_capacity(role) for role in roles)
    rows = Audience.objects.filter(live(at), submission=submission, user=actor).order_by()
    return frozenset(rows.values_list("capacity", flat=True).distinct())


def may_start(actor, lab) -> bool:
    """Whether a person may write a new submission for a lab."""
    return lab.pk in actor.organisations_as(Kind.LAB, *LAB_WRITES)


def may_upload(actor) -> bool:
    """Whether a person may send files ahead: who writes for any lab."""
    return actor.has_seat(Kind.LAB, *LAB_WRITES)


def writes_as(actor) -> str:
    """The capacity in which who may start a draft, or send a file ahead, does it."""
    return "lab_service" if actor.is_service else "lab"


def may_see(actor, submission: Submission, scope: str, *, at: datetime | None = None) -> bool:
    return Submission.objects.visible_to(actor, scope=scope, at=at).filter(pk=submission.pk).exists()


def may_reveal(actor, submission: Submission, *, at: datetime | None = None) -> bool:
    """Whether the government's access instructions are open to this person now. A partner's scope of that name is its own
    grant's instructions, which the partners' side keeps: it never opens these.
    """
    if not actor.is_authenticated or not actor.is_active:
        return False
    rows = Audience.objects.filter(
        live(at or clock.now()), submission=submission, user=actor, scope="instructions"
    )
    return rows.exclude(capacity="partner").exists()


def may_take(actor, submission: Submission, verb: str, *, at: datetime | None = None) -> bool:
    """Whether any row of the state table lets this person take a verb on this case, from whatever state."""
    mine = capacities(actor, submission, at=at)
    return any(t.verb == verb and t.who in mine for t in MACHINE.transitions)


def may_edit(actor, submission: Submission, edit: str, *, at: datetime | None = None) -> bool:
    """Whether one of ``EDITS`` is this person's on this case, from whatever state."""
    return bool(EDITS[edit].who & capacities(actor, submission, at=at))


def sees_as_lab(actor, submission: Submission, *, at: datetime | None = None) -> bool:
    """Whether the case is the person's own lab's: to it the portal owes who can see the case, and who looked."""
    return bool(capacities(actor, submission, at=at) & set(LAB_SEES))


def may_go_on_reading(person: UUID, document: UUID, *, at: datetime | None = None) -> bool:
    """Whether a download that has begun may go on: everything is asked anew, the account and its memberships too."""
    reader = User.objects.filter(pk=person).first()
    return reader is not None and Document.objects.visible_to(reader, at=at).filter(pk=document).exists()


def has_dates_to_move(submission: Submission, *, at: datetime) -> bool:
    """Whether any date of the case is still planned: after the window ended, a recorded release leaves none."""
    return submission.released_at is None or submission.state_at(at) != State.ENDED


def attests_as(actor, obligation: Obligation) -> str:
    """As whom a person attests what an agency owes: ``agency``, ``programme_office`` where the agency has nobody who could, or
    empty for not at all; the querysets say who does.
    """
    if Obligation.objects.to_attest_by(actor).filter(pk=obligation.pk).exists():
        return "agency"
    others = Obligation.objects.to_attest_for_others_by(actor)
    return "programme_office" if others.filter(pk=obligation.pk).exists() else ""


def may_attest(actor, obligation: Obligation) -> bool:
    return bool(attests_as(actor, obligation))


def open_verbs(actor, submission: Submission, *, at: datetime | None = None) -> list[str]:
    """The verbs this person can take on this case from its present state: what buttons are made from."""
    at = at or clock.now()
    return _verbs_of(capacities(actor, submission, at=at), submission, at)


def open_edits(actor, submission: Submission, *, at: datetime | None = None) -> list[str]:
    """The edits of ``EDITS`` that this person can make on this case in its present state; as ``open_verbs`` for the verbs."""
    at = at or clock.now()
    return _edits_of(capacities(actor, submission, at=at), submission, at)


def open_steps(actor, submission: Submission, *, at: datetime | None = None) -> set[str]:
    """``open_verbs`` and ``open_edits`` in one question."""
    at = at or clock.now()
    mine = capacities(actor, submission, at=at)
    return {*_verbs_of(mine, submission, at), *_edits_of(mine, submission, at)}


def _verbs_of(mine: frozenset[str], submission: Submission, at: datetime) -> list[str]:
    found = MACHINE.verbs_from(submission.state_at(at), mine)
    verbs = dict.fromkeys(t.verb for t in found)
    if not has_dates_to_move(submission, at=at):
        verbs.pop("move_dates", None)
    return list(verbs)


def _edits_of(mine: frozenset[str], submission: Submission, at: datetime) -> list[str]:
    state = submission.state_at(at)
    return [name for name, edit in EDITS.items() if state in edit.states and mine & edit.who]


def asks_for_an_agency(actor) -> bool:
    """Whether a person asks labs at all; on which case is the audience's answer."""
    return actor.has_seat(Kind.AGENCY, Role.COORDINATOR, Role.REVIEWER)


def asking_for(actor, submission: Submission, *, at: datetime | None = None) -> dict[UUID, str]:
    """The agencies for which a person may ask the lab of a case now, each with the capacity they ask in."""
    if not actor.is_active or not asks_for_an_agency(actor):
        return {}
    return _acting_for(actor, submission, ASKERS, FACTS, at)


def _acting_for(
    actor, submission: Submission, capacities: tuple[str, ...], scope: str, at: datetime | None
) -> dict[UUID, str]:
    """The organisations for which a person stands to a case in one of these capacities, each with the first that is held."""
    rows = Audience.objects.filter(
        live(at or clock.now()), submission=submission, user=actor, scope=scope, capacity__in=capacities
    )
    held = sorted(
        rows.order_by().values_list("organisation_id", "capacity").distinct(),
        key=lambda row: capacities.index(row[1]),
    )
    found: dict[UUID, str] = {}
    for agency, capacity in held:
        found.setdefault(agency, capacity)
    return found


def takes_questions(submission: Submission, *, at: datetime | None = None) -> bool:
    """Whether anything is asked and answered on a case: from its submission until it is closed or withdrawn."""
    state = submission.state_at(at or clock.now())
    return state != State.DRAFT and state not in MACHINE.terminal


def question_capacities(actor, question: InformationRequest, *, at: datetime | None = None) -> frozenset[str]:
    """``lab``, ``lab_viewer``, the programme's ``coordinator``, ``asking_agency`` and ``only_asking_agency``."""
    at = at or clock.now()
    if not actor.is_authenticated or not actor.is_active:
        return frozenset()
    if of_labs_alone(actor, at):
        return capacities(actor, question.submission, at=at)
    own = asking_for(actor, question.submission, at=at)
    found = {"coordinator"} & set(own.values()) | (
        capacities(actor, question.submission, at=at) & set(LAB_SEES)
    )
    served = {agency.pk for agency in question.agencies}
    if served & set(own):
        found.add("asking_agency")
    if served <= set(own):
        found.add("only_asking_agency")
    return frozenset(found)


def acting_on_question(actor, question: InformationRequest, *, at: datetime | None = None) -> frozenset[str]:
    """``question_capacities`` while the case goes on; none once it is over, for then no step is left."""
    at = at or clock.now()
    going = takes_questions(question.submission, at=at)
    return question_capacities(actor, question, at=at) if going else frozenset()


def may_take_question(actor, question: InformationRequest, verb: str, *, at: datetime | None = None) -> bool:
    """As ``may_take``, for a question."""
    mine = question_capacities(actor, question, at=at)
    return any(t.verb == verb and t.who in mine for t in REQUEST.transitions)


def open_question_verbs(actor, question: InformationRequest, *, at: datetime | None = None) -> list[str]:
    """The verbs this person can take on a question now."""
    at = at or clock.now()
    steps = REQUEST.verbs_from(question.state_at(at), acting_on_question(actor, question, at=at))
    return list(dict.fromkeys(t.verb for t in steps))


def gives_notices(actor) -> bool:
    """Whether a person gives labs notice of disclosures at all; on which case is the audience's answer."""
    return actor.has_seat(Kind.AGENCY, Role.COORDINATOR)


def notifying_for(actor, submission: Submission, *, at: datetime | None = None) -> dict[UUID, str]:
    """The agencies for which a person may give the lab of a case notice of a disclosure, each with the capacity it is in.

    A request may come in any state but the draft's, long after access has ended.
    """
    if not actor.is_active or not gives_notices(actor) or submission.submitted_at is None:
        return {}
    return _acting_for(actor, submission, NOTIFIERS, RECORD, at)


def notice_capacities(actor, notice: DisclosureNotice, *, at: datetime | None = None) -> frozenset[str]:
    """``lab``, ``lab_viewer``, and ``agency``: who acts for the agency that gave the notice."""
    if not actor.is_authenticated or not actor.is_active:
        return frozenset()
    found = capacities(actor, notice.submission, at=at) & set(LAB_SEES)
    if DisclosureNotice.objects.to_decide_by(actor).filter(pk=notice.pk).exists():
        found |= {"agency"}
    return frozenset(found)


def may_take_notice(actor, notice: DisclosureNotice, verb: str, *, at: datetime | None = None) -> bool:
    """As ``may_take``, for a disclosure notice."""
    mine = notice_capacities(actor, notice, at=at)
    return any(t.verb == verb and t.who in mine for t in DISCLOSURE.transitions)


def open_notice_verbs(actor, notice: DisclosureNotice, *, at: datetime | None = None) -> list[str]:
    """The verbs this person can take on a disclosure notice now."""
    at = at or clock.now()
    found = DISCLOSURE.verbs_from(notice.state_at(at), notice_capacities(actor, notice, at=at))
    verbs = dict.fromkeys(t.verb for t in found)
    if notice.disclose_at is None or notice.disclose_at > at:
        verbs.pop("record_disclosure", None)
    return list(verbs)


def has_perm(user, codename: str, obj) -> bool:
    """Django's question, answered for one row: whether it is seen. Nothing else is a stored permission here."""
    if codename == "view_disclosurenotice" and isinstance(obj, DisclosureNotice):
        return DisclosureNotice.objects.visible_to(user).filter(pk=obj.pk).exists()
    if codename == "view_informationrequest" and isinstance(obj, InformationRequest):
        return InformationRequest.objects.visible_to(user).filter(pk=obj.pk).exists()
    return codename == "view_submission" and isinstance(obj, Submission) and may_see(user, obj, "record")
