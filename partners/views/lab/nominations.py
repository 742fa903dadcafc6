"""A lab puts organisations forward, and reads what became of its own."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from partners import policies
from partners.actions import nominations as actions
from partners.forms_application import NominationForm
from partners.models import PartnerNomination
from partners.nominations_looks import read_nominations
from portal.accounts.models import Kind, Organisation
from portal.doors import answer
from portal.submissions.panels import areas_of
from portal.submissions.views.base import lab_page, take

SHOWN = 100


@lab_page("GET", "POST")
def nominate(request: HttpRequest) -> HttpResponse:
    """The form, and the nominations of the person's own labs."""
    user = request.user
    sides = Organisation.objects.filter(pk__in=user.organisations_as(Kind.LAB)).order_by("name")
    mine = [side for side in sides if policies.puts_forward(user, side)]
    form = NominationForm(request.POST if request.method == "POST" else None, sides=mine or list(sides))
    done = form.is_bound and take(
        request,
        form,
        lambda: actions.put_forward(actor=user, **form.told),
        done="The programme office was told.",
        to=reverse("lab_partners:nominate"),
    )
    if done:
        return done
    rows = PartnerNomination.objects.visible_to(user).filter(nominated_for__in=sides).for_list()[:SHOWN]
    read_nominations(actor=user, rows=rows, verb="listed_nominations")
    context = {
        "rows": rows,
        "writes": bool(mine),
        "several": len(sides) > 1,
        "areas": areas_of(request),
    }
    return answer(request, "partners/lab/nominate.html", context, form=form)
