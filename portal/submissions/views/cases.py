"""The list of a person's labs' cases, and the page of one."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal import clock
from portal.accounts.models import Kind, Role
from portal.deadlines.models import Deadline, Message
from portal.deadlines.registry import label
from portal.doors import page_of
from portal.formats import instant
from portal.prepared import looked_up
from portal.submissions import history, looks, oversight, timeline
from portal.submissions.deadline_kinds import DISCLOSURE_DATE
from portal.submissions.models import Facts, InformationRequest, Submission
from portal.submissions.next_steps import lab_steps, newest_terms, next_step
from portal.submissions.panels import areas_of, links_of, moments_of, panels_of
from portal.submissions.querysets import SubmissionQuerySet
from portal.submissions.querysets_records import with_kept_since
from portal.submissions.states import RequestState, State
from portal.submissions.views.base import case_url, lab_page, open_to, own_cases, page, step_url, the_case
from portal.submissions.wizard import STEPS

MESSAGES_SHOWN = 5
DATES_SHOWN = 6


@lab_page()
def cases(request: HttpRequest) -> HttpResponse:
    """The cases of the person's labs, newest first: state, window, what comes next, unread notices."""
    at = clock.now()
    shown = page_of(request, own_cases(request.user).for_lab(request.user))
    looks.listed(actor=request.user, submissions=shown.object_list)
    writes_for = request.user.organisations_as(Kind.LAB, Role.ADMIN, Role.CONTRIBUTOR)
    rows = [_row(case, at, writes=case.lab_id in writes_for) for case in shown]
    context = {
        "areas": areas_of(request),
        "page": shown,
        "rows": rows,
        "several_labs": len(request.user.organisations_as(Kind.LAB)) > 1,
        "may_start": bool(writes_for),
    }
    return render(request, "lab/cases.html", context)


def _row(case: Submission, at: datetime, *, writes: bool) -> dict:
    """One line of the list. Its window in words: a first line, which is quiet where there is no instant, and a second."""
    state = State(case.state_at(at))
    opens, closes = case.opens_at, case.closes_at
    if case.submitted_at is None:
        window = ("Not yet submitted", "")
    elif opens and closes:
        window = (instant(opens), f"to {instant(closes)}")
    elif state in (State.ENDED, State.CLOSED, State.WITHDRAWN) or closes is None:
        window = ("Never opened", "")
    else:
        window = ("Shut until access is provided", f"closes {instant(closes)} at the latest")
    return {
        "case": case,
        "url": step_url(case, STEPS[0]) if state == State.DRAFT and writes else case_url(case),
        "state": state,
        "next": next_step(case, at=at),
        "window": window,
        "shut": not opens,
    }


@lab_page()
def case(request: HttpRequest, case_number: str) -> HttpResponse:
    """Everything about one case that its lab sees."""
    found = the_case(request, case_number, _whole)
    at = clock.now()
    coming = lab_steps(found, at=at)
    return page(
        request,
        "lab/case.html",
        found,
        look="viewed_case",
        can=_offers(open_to(request, found), found),
        state=State(found.state_at(at)),
        next_steps=coming,
        to_answer=any(step.verb == "object" for step in coming),
        story=timeline.story(found, at=at),
        line=timeline.line(found, at=at, more=[*moments_of(request, found), *_dates_to_act(request, found)]),
        now=at,
        documents=history.documents_of(found),
        evaluations=history.evaluations_of(found),
        earlier_facts=_earlier_facts(found),
        asked=history.asked_correction(found),
        open_questions=_open_questions(request, found, at),
        accesses=_accesses(found),
        panels=panels_of(request, found),
        links=links_of(found),
        notices=_notices(request, found),
        terms=newest_terms(found),
        earlier_terms=found.terms.all()[1:],
        **_instructions(found),
    )


def _whole(cases: SubmissionQuerySet) -> SubmissionQuerySet:
    return with_kept_since(cases.with_terms())


# What these speak of stands on the line of time by itself.
_DRAWN = ("window_closes", "grant_starts", "grant_expires")


def _dates_to_act(request: HttpRequest, case: Submission) -> list[tuple[str, datetime]]:
    """The open dates of the case that this person's side is told of. Targets, but for the date before which nothing is
    disclosed: none of them is in the way of anything of the lab's.
    """
    if case.submitted_at is None:
        return []
    found = Deadline.objects.visible_to(request.user, case_id=case.pk).still_open().exclude(kind__in=_DRAWN)
    return [
        (label(row.kind) if row.kind == DISCLOSURE_DATE else f"Target: {label(row.kind).lower()}", row.due_at)
        for row in looked_up(found.order_by("due_at")[:DATES_SHOWN])
    ]


def _offers(can: set[str], case: Submission) -> set[str]:
    """The steps to offer: those that are open, less those whose effect is there already."""
    done = set()
    if case.released_at is not None:
        done.add("release")
    terms = newest_terms(case)
    if terms is None or terms.lab_accepted_at is not None:
        done.add("accept_terms")
    return can - done


def _accesses(case: Submission) -> list[oversight.Opened]:
    # Of a case without agreed terms there is none.
    return oversight.opened(case) if case.agreed_at else []


def _open_questions(request: HttpRequest, case: Submission, at: datetime) -> int:
    if case.submitted_at is None:
        return 0
    mine = InformationRequest.objects.visible_to(request.user).filter(submission=case)
    return mine.in_state(RequestState.ASKED, at=at).count()


def _earlier_facts(case: Submission) -> list[Facts]:
    if case.facts is None or case.facts.number == 1:
        return []
    return list(case.facts_versions.exclude(pk=case.facts_id))


def _instructions(case: Submission) -> dict:
    return {"instructions": list(case.instructions.select_related("provided_by").defer("sealed"))}


def _notices(request: HttpRequest, case: Submission) -> list[dict]:
    """This person's latest notices about the case; opening the case does not mark them read."""
    found = Message.objects.visible_to(request.user).filter(case_id=case.pk)[:MESSAGES_SHOWN]
    return [
        {
            "at": notice.created_at,
            "label": notice.label,
            "text": notice.wording,
            "read_at": notice.read_at,
        }
        for notice in found
    ]
