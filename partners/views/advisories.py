"""Findings as advisory files on the pages of partners and labs: taken along, and brought in."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from partners import finding_advisories
from partners.actions.findings import import_advisory
from partners.doors_advisories import handed_out
from partners.findings_forms import ImportForm
from partners.views.findings import Side, side_page, sided, the_finding, writes_findings
from portal.doors import attempt, see_other
from portal.errors import Refused
from portal.stepup import confirmed


@sided()
@confirmed
def advisory(request: HttpRequest, finding_id, written: str, *, side: Side) -> HttpResponse:
    """The finding as a CSAF or OSV file."""
    if written not in finding_advisories.FORMATS:
        raise Http404
    found = the_finding(request, side, finding_id)
    try:
        return handed_out(request.user, found, written)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return see_other(side.url("finding", found.pk))


@sided("GET", "HEAD", "POST")
def bring_in(request: HttpRequest, *, side: Side) -> HttpResponse:
    """Drafts from an advisory file of somebody else's."""
    if not writes_findings(request.user, side):
        raise PermissionDenied("Administrators and contributors of your lab write its findings.")
    is_sent = request.method == "POST"
    form = ImportForm(
        request.POST if is_sent else None,
        request.FILES if is_sent else None,
        user=request.user,
        kind=side.kind,
    )
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        found = attempt(
            request,
            form,
            lambda: import_advisory(
                actor=request.user,
                reporter=form.reported_by,
                data=given["file"].read(finding_advisories.LARGEST + 1),
                form=given["form"],
            ),
        )
        if found:
            messages.success(
                request,
                f"{len(found)} draft{'s were' if len(found) > 1 else ' was'} made. Read before you report.",
            )
            return see_other(side.url("finding", found[0].pk) if len(found) == 1 else side.url("findings"))
    return side_page(request, "partners/findings/import.html", side, form=form)
