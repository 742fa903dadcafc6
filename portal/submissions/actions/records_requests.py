"""An agency's log of requests for records: received, extended once, answered. Each step is its coordinators'.

Source: 5 U.S.C. 552(a)(6)(A)(i) and (B)(i). What a lab is told before a disclosure is a notice of its own (``disclosures``).
"""

from collections.abc import Collection
from datetime import date, datetime

from portal import clock
from portal.accounts.models import Organisation
from portal.deadlines import actions as deadlines
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, Refused
from portal.ledger import actions as ledger
from portal.ledger.stale import refuse_stale
from portal.machine import Transition
from portal.scope import action
from portal.submissions import deadline_kinds as kinds
from portal.submissions import policies_records as policies
from portal.submissions.actions.question_steps import agency_among, written
from portal.submissions.models import DisclosureNotice, RecordsRequest, RequestNotice
from portal.submissions.states import DISCLOSURE, RECORDS_REQUEST

NUMBER_LIMIT = RecordsRequest._meta.get_field("tracking_number").max_length
TEXT_LIMIT = RecordsRequest._meta.get_field("description").max_length
NOT_YOURS = "A coordinator of the agency that got the request keeps its log."


@action
def log(
    *,
    actor,
    tracking_number: str,
    received_on: date,
    category: str,
    description: str,
    agency: Organisation | None = None,
    at: datetime | None = None,
) -> RecordsRequest:
    """Enter a request. Its date follows from the day it was received. Raises AlreadyDone for a number the agency has already."""
    at = at or clock.now()
    own = policies.logs_for(actor)
    if not own:
        raise NotAllowed("A coordinator of an agency logs requests for records.")
    keeping = agency_among(dict.fromkeys(own, "agency_coordinator"), agency)
    number = written(
        tracking_number, field="tracking_number", missing="Write the request's number.", limit=NUMBER_LIMIT
    )
    words = written(description, field="description", missing="Write what is asked for.", limit=TEXT_LIMIT)
    if category not in RecordsRequest.Category.values:
        raise Invalid("Choose the kind of requester.", field="category")
    if received_on is None or received_on > clock.calendar_day(at):
        raise Invalid("Give the day it was received, which has come.", field="received_on")
    if RecordsRequest.objects.filter(agency=keeping, tracking_number=number).exists():
        raise AlreadyDone("Your agency has this request in its log already.")
    request = RecordsRequest.objects.create(
        agency_id=keeping, tracking_number=number, received_on=received_on, category=category, description=words,
        due_at=kinds.answer_records_request_due(received_on), logged_by=actor, logged_at=at,
    )  # fmt: skip
    _note(request, actor, "log", at, {"due_at": request.due_at})
    _plan(request, at)
    return request


@action
def extend(
    *,
    actor,
    request: RecordsRequest,
    reason: str,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> RecordsRequest:
    """Extend the date once, by 10 business days, for unusual circumstances, which the reason names."""
    found, step, at = _begin(actor, request, "extend", at, reason=reason, revision=expected_revision)
    found.extension_reason = written(reason, field="reason", missing="Give a reason.", limit=TEXT_LIMIT)
    found.extended_at, before = at, found.due_at
    found.due_at = kinds.extended_records_request_due(found.received_on)
    _finish(found, actor, step, at, {"old": before, "new": found.due_at})
    _plan(found, at)
    return found


@action
def link_notice(
    *,
    actor,
    request: RecordsRequest,
    notice: DisclosureNotice,
    at: datetime | None = None,
) -> RecordsRequest:
    """Say that a request has to do with a disclosure notice that the person may see. Raises AlreadyDone for a linked one."""
    found, step, at = _begin(actor, request, "link_notice", at)
    if not DisclosureNotice.objects.visible_to(actor, at=at).beyond(actor).filter(pk=notice.pk).exists():
        raise Invalid("Choose a disclosure notice that you see.", field="notice")
    if found.links.filter(notice=notice).exists():
        raise AlreadyDone("This notice is linked to the request already.")
    link = RequestNotice.objects.create(request=found, notice=notice, linked_by=actor, linked_at=at)
    # Of the notice's case, and not among what was done to the request: whom a conflict keeps from it reads not even that.
    ledger.record(
        actor=actor,
        verb=step.verb,
        subject=link,
        case_id=notice.submission_id,
        capacity="agency_coordinator",
        data={"request": found.pk, "disclosure_notice": notice.pk},
        at=at,
    )
    return found


@action
def answer(
    *,
    actor,
    request: RecordsRequest,
    outcome: str,
    answered_on: date,
    exemptions: Collection[str] = (),
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> RecordsRequest:
    """Record what the agency answered, and when. What keeps something back says under which exemptions.

    Refused for a disclosure while a linked notice is open: the lab is heard first.
    """
    found, step, at = _begin(actor, request, "answer", at, revision=expected_revision)
    if outcome not in RecordsRequest.Outcome.values:
        raise Invalid("Choose what was answered.", field="outcome")
    if answered_on is None or not found.received_on <= answered_on <= clock.calendar_day(at):
        raise Invalid(
            "Give the day of the answer: it has come, and the request was there.", field="answered_on"
        )
    cited = [one for one in RecordsRequest.Exemption.values if one in set(exemptions)]
    if len(cited) < len(set(exemptions)):
        raise Invalid("Choose exemptions of the list.", field="exemptions")
    if bool(cited) != (outcome in RecordsRequest.KEPT_BACK):
        if cited:
            raise Invalid("This answer keeps nothing back under an exemption.", field="exemptions")
        raise Missing("Say under which exemptions something is kept back.", field="exemptions")
    if outcome in RecordsRequest.DISCLOSED:
        _require_heard(actor, found, at)
    found.outcome, found.answered_on, found.exemptions = outcome, answered_on, cited
    _finish(found, actor, step, at, {"outcome": outcome, "exemptions": cited, "answered_on": answered_on})
    deadlines.meet(kind=kinds.ANSWER_RECORDS_REQUEST, subject_id=found.pk, at=at)
    return found


def _require_heard(actor, request: RecordsRequest, at: datetime) -> None:
    """Refuse while a linked notice is open. What a conflict hides from the person is not named, nor counted."""
    ended = [str(state) for state in DISCLOSURE.terminal]
    linked = DisclosureNotice.objects.filter(pk__in=request.links.values("notice"))
    going = linked.exclude(stored_state__in=ended)
    if not going.exists():
        return
    seen = (
        going.visible_to(actor, at=at).beyond(actor).select_related("submission").order_by("given_at", "id")
    )
    named = [f"{notice} on case {notice.submission.case_number}" for notice in seen]
    if not named:
        raise Refused(
            "You cannot record this answer. Another coordinator of your agency can say whether it may be recorded.",
            code="notice_open",
        )
    raise Refused(
        f"Nothing is answered as disclosed while a lab is being heard: {', '.join(named)} is open.",
        code="notice_open",
    )


def _begin(
    actor,
    request: RecordsRequest,
    verb: str,
    at: datetime | None,
    *,
    reason: str = "",
    revision: int | None = None,
) -> tuple[RecordsRequest, Transition, datetime]:
    found = RecordsRequest.objects.select_for_update(of=("self",)).select_related("agency").get(pk=request.pk)
    at = at or clock.now()
    mine = policies.records_request_capacities(actor, found)
    if not mine:
        raise NotAllowed(NOT_YOURS)
    step = RECORDS_REQUEST.require(found.state_at(at), verb, mine, reason=reason)
    refuse_stale(found, revision, called="This request")
    return found, step, at


def _finish(found: RecordsRequest, actor, step: Transition, at: datetime, data: dict) -> None:
    before = found.stored_state
    found.stored_state = RECORDS_REQUEST.stored(step.target)
    found.revision += 1
    found.save()
    moved = {"from": before, "to": found.stored_state} if before != found.stored_state else {}
    _note(found, actor, step.verb, at, moved | data)


def _note(request: RecordsRequest, actor, verb: str, at: datetime, data: dict) -> None:
    """On record, about no case: which cases it has to do with is told by its notices alone."""
    ledger.record(
        actor=actor,
        verb=verb,
        subject=request,
        capacity="agency_coordinator",
        data={"revision": request.revision, "agency": request.agency_id} | data,
        at=at,
    )


def _plan(request: RecordsRequest, at: datetime) -> None:
    deadlines.set_deadline(
        kind=kinds.ANSWER_RECORDS_REQUEST,
        subject_id=request.pk,
        case_id=None,
        case_number="",
        due_at=request.due_at,
        at=at,
        organisation_id=request.agency_id,
        link=f"/admin/submissions/recordsrequest/{request.pk}/change/",
    )
