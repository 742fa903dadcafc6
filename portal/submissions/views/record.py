"""Who can see a case, who looked at what, and what was changed: the lab's receipt of everything."""

from uuid import UUID

from django.core.paginator import Page
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from portal import clock
from portal.doors import page_of
from portal.ledger.models import Event
from portal.submissions import history, oversight, sight
from portal.submissions.endings import parties_of
from portal.submissions.forms import LooksForm
from portal.submissions.models import Submission
from portal.submissions.people import names_in, naming, with_names_shown
from portal.submissions.querysets import SubmissionQuerySet
from portal.submissions.views.base import lab_page, page, the_case

LOOKS_A_PAGE = 50


@lab_page()
def who(request: HttpRequest, case_number: str) -> HttpResponse:
    """Everyone the audience view names, now and ever, and every look that was taken, newest first."""
    case, at = the_case(request, case_number, _with_terms), clock.now()
    seats = sight.seats_of(case, at=at)
    form = LooksForm(request.GET, sides=history.SIDES, kinds=history.KINDS)
    wanted = form.cleaned_data if form.is_valid() else {}
    found = history.looks(case, side=wanted.get("side", ""), kind=wanted.get("kind", ""))
    looks, named = _page_with_names(request, case, history.with_files(found))
    told = sight.with_names(case, history.tell_looks(looks.object_list), named)
    houses = {seat.user_id: seat.organisation for seat in seats}
    return page(
        request,
        "lab/who.html",
        case,
        look="viewed_record",
        now=at,
        seats_now=[seat for seat in seats if seat.status == sight.NOW],
        seats_other=[seat for seat in seats if seat.status != sight.NOW],
        accesses=oversight.opened(case) if case.agreed_at else [],
        readings=oversight.noted(case) if case.submitted_at else [],
        filter=form,
        filtered=any(wanted.values()),
        page=looks,
        looks=[
            {
                "look": look,
                "name": name,
                "organisation": houses.get(look.actor_id),
                "capacity": sight.capacity_words(look.capacity),
            }
            for look, name in told
        ],
        terms=case.newest_terms,
    )


def _with_terms(cases: SubmissionQuerySet) -> QuerySet[Submission]:
    return with_names_shown(cases.with_newest_terms())


def _page_with_names(
    request: HttpRequest, case: Submission, events: QuerySet[Event]
) -> tuple[Page, dict[UUID, str]]:
    """A page of the case's record, and the names the lab reads for those who did what stands on it."""
    shown = page_of(request, events.annotate(**naming(case, "actor")), size=LOOKS_A_PAGE)
    return shown, names_in(case, shown.object_list, "actor")


@lab_page()
def ended(request: HttpRequest, case_number: str) -> HttpResponse:
    """How access under the case ended, party by party, and what each has attested since."""
    case, at = the_case(request, case_number, _with_terms), clock.now()
    return page(request, "lab/ended.html", case, look="viewed_record", parties=parties_of(case, at=at))


@lab_page()
def changes(request: HttpRequest, case_number: str) -> HttpResponse:
    """Every change of the case but what was kept while typing, newest first; with ``?of=dates`` those that moved a date."""
    case = the_case(request, case_number, with_names_shown)
    of_dates = request.GET.get("of") == "dates"
    rows = history.date_changes(case) if of_dates else history.worth_telling(case)
    shown, named = _page_with_names(request, case, rows)
    told = sight.with_names(case, history.tell(shown.object_list), named)
    return page(
        request,
        "lab/changes.html",
        case,
        look="viewed_record",
        page=shown,
        changes=told,
        of_dates=of_dates,
    )
