"""The partner's report on its early access."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from partners import actions, policies
from partners.forms import ReportForm
from partners.models import GrantReport
from partners.views.base import grant_url, page, partner_page, the_grant
from portal import clock
from portal.doors import see_other
from portal.submissions.views.base import take


@partner_page("GET", "POST")
def report(request: HttpRequest, grant_id) -> HttpResponse:
    """Write the report that is owed, and read those written before."""
    found = the_grant(request, grant_id)
    if not policies.reports_on(request.user, found):
        raise PermissionDenied(
            "Your organisation's administrators and the people it named write its reports."
        )
    reports = GrantReport.objects.visible_to(request.user).filter(grant=found).for_list()
    owed = reports.owed().first()
    form = ReportForm(
        request.POST if request.method == "POST" else None, initial={"number": owed.number if owed else None}
    )
    done = form.is_bound and take(
        request,
        form,
        lambda: actions.write_report(actor=request.user, grant=found, **form.cleaned_data),
        done="The report is written. The lab and the programme office have been told.",
        to=grant_url(found),
    )
    if done:
        return done
    if not form.is_bound and (owed is None or found.starts_at > clock.now()):
        messages.info(request, "No report is owed on this grant now.")
        return see_other(grant_url(found))
    written = list(reports.written())
    return page(request, "partners/report.html", found, form=form, owed=owed, reports=written)
