"""The list of a person's labs' cases, and the page of one."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal import clock
from portal.accounts.models import Kind, Role
from portal.deadlines.models import Message
from portal.doors import page_of
from portal.submissions import history, looks, sight, timeline
from portal.submissions.models import Submission
from portal.submissions.next_steps import next_step, next_steps
from portal.submissions.panels import areas_of, links_of, panels_of
from portal.submissions.states import State
from portal.submissions.views.base import lab_page, open_to, own_cases, page, the_case

HISTORY_SHOWN, MESSAGES_SHOWN = 10, 5


@lab_page()
def cases(request: HttpRequest) -> HttpResponse:
    """The cases of the person's labs, newest first: state, window, what comes next, unread notices."""
    at = clock.now()
    shown = page_of(request, own_cases(request.user).for_lab(request.user))
    looks.listed(actor=request.user, submissions=shown.object_list)
    writes_for = request.user.organisations_as(Kind.LAB, Role.ADMIN, Role.CONTRIBUTOR)
    rows = [
        {
            "case": case,
            "state": State(case.state_at(at)),
            "next": next_step(case, at=at),
            "writes": case.lab_id in writes_for,
        }
        for case in shown
    ]
    context = {
        "areas": areas_of(request),
        "page": shown,
        "rows": rows,
        "several_labs": len(request.user.organisations_as(Kind.LAB)) > 1,
        "may_start": bool(writes_for),
    }
    return render(request, "lab/cases.html", context)


@lab_page()
def case(request: HttpRequest, case_number: str) -> HttpResponse:
    """Everything about one case that its lab sees."""
    found = the_case(request, case_number)
    at = clock.now()
    return page(
        request,
        "lab/case.html",
        found,
        look="viewed_case",
        can=_offers(open_to(request, found), found),
        state=State(found.state_at(at)),
        next_steps=next_steps(found, at=at),
        story=timeline.story(found, at=at),
        line=timeline.line(found, at=at),
        now=at,
        documents=history.documents_of(found),
        facts_versions=list(found.facts_versions.all()),
        asked=history.asked_correction(found),
        panels=panels_of(request, found),
        links=links_of(found),
        notices=_notices(request, found),
        **_terms(found),
        **_instructions(found),
        **_history(found),
    )


def _offers(can: set[str], case: Submission) -> set[str]:
    """The steps to offer: those that are open, less those whose effect is there already."""
    done = set()
    if case.released_at is not None:
        done.add("release")
    terms = case.terms.first()
    if terms is None or terms.lab_accepted_at is not None:
        done.add("accept_terms")
    return can - done


def _terms(case: Submission) -> dict:
    versions = list(case.terms.select_related("lab_accepted_by"))
    return {"terms": versions[0] if versions else None, "earlier_terms": versions[1:]}


def _instructions(case: Submission) -> dict:
    return {"instructions": list(case.instructions.select_related("provided_by").defer("sealed"))}


def _history(case: Submission) -> dict:
    """The latest changes and every move of a date, each with who made it under the name the lab reads."""
    recent = list(history.changes(case)[: HISTORY_SHOWN + 1])
    dates = list(history.date_changes(case)[:HISTORY_SHOWN])
    told = history.tell([*recent, *dates])
    named = sight.with_names(case, told)
    return {
        "changes": named[: len(recent)][:HISTORY_SHOWN],
        "more_changes": len(recent) > HISTORY_SHOWN,
        "date_changes": named[len(recent) :],
    }


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
