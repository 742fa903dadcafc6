"""The partners of a case: the list, a proposal, and the page of one grant."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from partners import actions, choosing, policies
from partners.forms import PlainForm, ProposeForm
from partners.models import Grant
from partners.reading import reports_of, usage_of
from partners.states import NOT_ENDED
from partners.views.lab.base import grants_of, the_grant, url
from portal import clock, programme
from portal.doors import attempt, see_other
from portal.ledger.models import Event
from portal.stepup import confirmed
from portal.submissions import sight
from portal.submissions.freezing import DOCUMENT, frozen
from portal.submissions.models import Document, Submission
from portal.submissions.views.base import lab_page, page, take, the_case

HISTORY_SHOWN = 50


@lab_page()
def grants(request: HttpRequest, case_number: str) -> HttpResponse:
    """Every partner of the case: proposed, agreed, active and ended, with what each waits for."""
    case, at = the_case(request, case_number), clock.now()
    rows = grants_of(request, case).order_by("-proposed_at", "partner__name", "id")
    return page(
        request,
        "partners/lab/grants.html",
        case,
        look="viewed_grants",
        rows=[
            {"grant": grant, "state": grant.state_at(at), "silent_since": grant.silent_since(at)}
            for grant in rows
        ],
        may_propose=policies.may_propose(request.user, case, at=at),
        takes_proposals=policies.case_takes_proposals(case, at),
    )


@lab_page()
def coverage(request: HttpRequest, case_number: str) -> HttpResponse:
    """Which sectors and countries the partners of the case cover."""
    case = the_case(request, case_number)
    covered = choosing.coverage(request.user, case)
    return page(request, "partners/lab/coverage.html", case, look="viewed_grants", coverage=covered)


@lab_page("GET", "POST")
def propose(request: HttpRequest, case_number: str) -> HttpResponse:
    """Propose one or several partners on the same terms; proposing is the lab's consent."""
    case, at = the_case(request, case_number), clock.now()
    offer = choosing.offer(request.user, case, request.GET, at=at)
    form = ProposeForm(
        request.POST if request.method == "POST" else None,
        user=request.user,
        partners=offer.rows if request.method == "POST" else offer.shown,
        documents=documents_of(request, case),
        planned_release=case.planned_partner_release is not None,
        days=programme.target("grant_days"),
        initial={"access_mode": case.facts.access_mode},
    )
    done = form.is_bound and take(
        request,
        form,
        lambda: actions.propose_wave(
            actor=request.user,
            submission=case,
            partners=[profile.organisation for profile in form.cleaned_data["partners"]],
            **form.terms,
        ),
        done="Proposed. Your lab has consented by it; the programme office is asked to concur.",
        to=url(case),
    )
    if done:
        return done
    if not form.is_bound and not policies.may_propose(request.user, case, at=at):
        if not policies.proposes(request.user, case, at=at):
            raise PermissionDenied("Administrators and contributors of your lab propose partners.")
        messages.info(request, "Partners are proposed from acknowledgement until the release.")
        return see_other(url(case))
    return page(
        request,
        "partners/lab/propose.html",
        case,
        look="viewed_grants",
        form=form,
        offer=offer,
        offered=choosing.OFFERED,
        coverage=choosing.coverage(request.user, case, at=at),
    )


def documents_of(request: HttpRequest, case: Submission):
    return Document.objects.visible_to(request.user).filter(submission=case)


@lab_page()
def grant(request: HttpRequest, case_number: str, grant_id) -> HttpResponse:
    """One partner's grant as its lab sees it: signatures, scope, named people, and what was done."""
    case, found = the_grant(request, case_number, grant_id)
    at = clock.now()
    mine = policies.capacities(request.user, found, at=at)
    return page(
        request,
        "partners/lab/grant.html",
        case,
        look="viewed_grants",
        grant=found,
        state=found.state_at(at),
        silent_since=found.silent_since(at),
        started=found.agreed_at is not None and found.starts_at <= at,
        can=policies.open_verbs(request.user, found, at=at),
        writes="lab" in mine and found.state_at(at) in NOT_ENDED,
        reveals="lab" in mine and found.instructions_set_at is not None,
        scope=list(
            found.scope.filter(~frozen(DOCUMENT, "document_id"), ended_at=None).select_related("document")
        ),
        named=list(found.named.filter(ended_at=None).select_related("user")),
        extension=found.extensions.filter(completed_at=None, dropped_at=None).first(),
        history=_history(case, found),
        **_told(request, found, at),
    )


def _told(request: HttpRequest, grant: Grant, at) -> dict:
    """What the partner reported, which report it owes, and who of it looked at what how often."""
    found = reports_of(request.user, grant, at=at)
    return {"reports": found.written, "owed": found.owed, "usage": usage_of(grant), "now": at}


def _history(case: Submission, grant: Grant) -> list[dict]:
    """What was done to the grant, newest first, each with the name that the lab may know the person by."""
    events = list(Event.objects.filter(subject_id=grant.pk, kind="change").order_by("-seq")[:HISTORY_SHOWN])
    return [
        {
            "event": event,
            "name": name,
            "what": event.what,
        }
        for event, name in sight.with_names(case, events)
    ]


@lab_page("POST")
@never_cache
@confirmed
def reveal(request: HttpRequest, case_number: str, grant_id) -> HttpResponse:
    """What the lab wrote for this partner, in clear, on a page that no cache keeps; the look is recorded."""
    case, found = the_grant(request, case_number, grant_id)
    form = PlainForm(request.POST)
    text = attempt(request, form, lambda: actions.reveal_grant_instructions(actor=request.user, grant=found))
    context = {"submission": case, "grant": found, "text": text, "form": form}
    return render(request, "partners/lab/reveal.html", context, status=200 if form.is_valid() else 403)
