"""Who can see a case, who looked at what, and what was changed: the lab's receipt of everything."""

from django.http import HttpRequest, HttpResponse

from portal import clock
from portal.doors import page_of
from portal.submissions import history, sight
from portal.submissions.forms import LooksForm
from portal.submissions.next_steps import newest_terms
from portal.submissions.views.base import lab_page, page, the_case

LOOKS_A_PAGE = 50


@lab_page()
def who(request: HttpRequest, case_number: str) -> HttpResponse:
    """Everyone the audience view names, now and ever, and every look that was taken, newest first."""
    case, at = the_case(request, case_number), clock.now()
    seats = sight.seats_of(case, at=at)
    form = LooksForm(request.GET, sides=history.SIDES, kinds=history.KINDS)
    wanted = form.cleaned_data if form.is_valid() else {}
    looks = page_of(
        request,
        history.looks(case, side=wanted.get("side", ""), kind=wanted.get("kind", "")),
        size=LOOKS_A_PAGE,
    )
    told = sight.with_names(case, history.tell_looks(looks.object_list))
    houses = {seat.user_id: seat.organisation for seat in seats}
    terms = newest_terms(case)
    return page(
        request,
        "lab/who.html",
        case,
        look="viewed_record",
        now=at,
        seats_now=[seat for seat in seats if seat.status == sight.NOW],
        seats_other=[seat for seat in seats if seat.status != sight.NOW],
        filter=form,
        filtered=any(wanted.values()),
        page=looks,
        looks=[
            {
                "look": look,
                "name": name,
                "organisation": houses.get(look.actor_id),
                "capacity": _capacity(look),
            }
            for look, name in told
        ],
        terms=terms,
    )


def _capacity(look: history.Look) -> str:
    return sight.CAPACITIES.get(look.capacity, look.capacity.replace("_", " ").capitalize())


@lab_page()
def changes(request: HttpRequest, case_number: str) -> HttpResponse:
    """Every change of the case, newest first."""
    case = the_case(request, case_number)
    shown = page_of(request, history.changes(case), size=LOOKS_A_PAGE)
    told = sight.with_names(case, history.tell(shown.object_list))
    return page(request, "lab/changes.html", case, look="viewed_record", page=shown, changes=told)
