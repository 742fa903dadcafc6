"""What every action on a disclosure notice shares: the locked beginning, the recorded end, who is told and by when."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from portal import clock
from portal.accounts.models import Membership, Role
from portal.deadlines import actions as deadlines
from portal.errors import NotAllowed
from portal.ledger import actions as ledger
from portal.ledger.models import Event
from portal.ledger.stale import refuse_stale
from portal.machine import Transition
from portal.submissions import deadline_kinds as kinds
from portal.submissions import policies
from portal.submissions.actions import case as cases
from portal.submissions.actions.question_steps import written
from portal.submissions.models import Barrier, DisclosureNotice, DisclosureStatement
from portal.submissions.states import DISCLOSURE

REFERENCE_LIMIT = DisclosureNotice._meta.get_field("reference").max_length


def begin(
    actor,
    notice: DisclosureNotice,
    verb: str,
    at: datetime | None,
    *,
    reason: str = "",
    expected_revision: int | None = None,
) -> tuple[DisclosureNotice, Transition, datetime]:
    case = cases.lock(notice.submission)
    at = at or clock.now()
    rows = case.disclosure_notices.select_for_update(of=("self",)).select_related("agency")
    found = rows.filter(pk=notice.pk).first()
    if found is None:
        raise NotAllowed("This step is not yours to take.")
    found.submission = case
    mine = policies.notice_capacities(actor, found, at=at)
    if not mine:
        raise NotAllowed("This step is not yours to take.")
    step = DISCLOSURE.require(found.state_at(at), verb, mine, reason=reason)
    refuse_stale(found, expected_revision, called="This notice")
    return found, step, at


def finish(
    found: DisclosureNotice,
    actor,
    step: Transition,
    at: datetime,
    *,
    said: str,
    by: UUID,
    data: dict | None = None,
) -> Event:
    """Save the step, what was said with it, and its event, which holds no words of either side."""
    before = found.stored_state
    found.stored_state = DISCLOSURE.stored(step.target)
    found.revision += 1
    found.save()
    statement = DisclosureStatement.objects.create(
        notice=found,
        number=found.revision,
        verb=step.verb,
        text=said,
        organisation_id=by,
        said_by=actor,
        said_at=at,
    )
    moved = {"from": before, "to": found.stored_state} if before != found.stored_state else {}
    capacity = "lab" if by == found.submission.lab_id else "agency"
    dates = {"disclose_at": found.disclose_at} if step.verb == "decide_to_disclose" else {}
    return note(
        found, actor, step.verb, capacity, at, data=moved | dates | {"statement": statement.pk} | (data or {})
    )


def note(
    notice: DisclosureNotice, actor, verb: str, capacity: str, at: datetime, *, data: dict | None = None
) -> Event:
    facts = {"revision": notice.revision, "number": notice.number}
    return ledger.record(
        actor=actor, verb=verb, subject=notice, case_id=notice.submission_id, capacity=capacity,
        data=facts | (data or {}), at=at,
    )  # fmt: skip


def lab_page(notice: DisclosureNotice) -> str:
    return f"/lab/cases/{notice.submission.case_number}/disclosures/{notice.number}/"


def _workbench(notice: DisclosureNotice) -> str:
    return f"/admin/submissions/disclosurenotice/{notice.pk}/change/"


def plan(notice: DisclosureNotice, at: datetime) -> None:
    """The lab's days to answer, and the date from which something is disclosed."""
    case = notice.submission
    common = {"subject_id": notice.pk, "case_id": case.pk, "case_number": case.case_number, "at": at}
    if notice.disclose_at is None:
        deadlines.set_deadline(
            kind=kinds.ANSWER_DISCLOSURE, due_at=notice.due_at, link=lab_page(notice), **common
        )
    else:
        deadlines.set_deadline(
            kind=kinds.DISCLOSURE_DATE, due_at=notice.disclose_at, link=lab_page(notice), **common
        )


def tell(
    event: Event, notice: DisclosureNotice, kind: str, *, lab: bool = False, agency: bool = False
) -> None:
    """Word to everybody of the lab who acts on the case, or to the agency's coordinators; the actor aside."""
    case = notice.submission
    sides = []
    if lab:
        sides.append((lab_page(notice), set(cases.people(case, "lab", at=event.at))))
    if agency:
        sides.append((_workbench(notice), _coordinators(notice)))
    for link, people in sides:
        deadlines.tell(
            recipients=sorted(people - {event.actor_id}), kind=kind, case_id=case.pk, case_number=case.case_number,
            about=event.pk, at=event.at, link=link,
        )  # fmt: skip


def _coordinators(notice: DisclosureNotice) -> set[UUID]:
    """Who decides for the agency: ``to_decide_by``, seen from the notice."""
    case = notice.submission
    barred = Barrier.objects.filter(Q(organisation_id=case.lab_id) | Q(submission=case)).order_by()
    held = Membership.objects.active().filter(
        organisation=notice.agency_id, role=Role.COORDINATOR, user__is_active=True
    )
    found = held.exclude(user__in=barred.values("user_id")).order_by()
    return set(found.values_list("user_id", flat=True))


def optional(text: str) -> str:
    """What was said with a step, which may be nothing."""
    return written(text, field="reason", missing="") if text.strip() else ""
