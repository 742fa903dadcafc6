"""Evidence files on the pages of findings: put with one, opened, taken out of a draft."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404

from partners import policies_findings as policies
from partners.actions import findings as actions
from partners.downloads import download_of_finding
from partners.findings_forms import FileForm
from partners.models import FindingFile
from partners.views.findings import Side, own_findings, side_page, sided, the_finding
from portal.doors import see_other, verb_post
from portal.errors import NotAllowed, Refused
from portal.submissions.views.base import take


def the_file(request: HttpRequest, side: Side, finding_id, file_id) -> FindingFile:
    """A file that the person reads, of a finding of their side; else 404."""
    rows = FindingFile.objects.visible_to(request.user).filter(
        finding_id=finding_id, finding__in=own_findings(request.user, side).order_by().values("pk")
    )
    return get_object_or_404(rows.select_related("finding__reporter"), pk=file_id)


# In no transaction of the request's: an upload waits for its storage, and holds nothing meanwhile.
@transaction.non_atomic_requests
@sided("GET", "HEAD", "POST")
def add(request: HttpRequest, finding_id, *, side: Side) -> HttpResponse:
    """Put a file with a finding; what was typed stays where it cannot be taken."""
    finding = the_finding(request, side, finding_id)
    here = side.url("finding", finding.pk)
    if "reporter" not in policies.finding_capacities(request.user, finding):
        raise PermissionDenied("Only those who report a finding add files to it.")
    is_sent = request.method == "POST"
    if not is_sent and not policies.may_add_file(request.user, finding):
        messages.info(request, "This finding is over: no file is added any more.")
        return see_other(here)
    form = FileForm(*([request.POST, request.FILES] if is_sent else []))
    done = form.is_bound and take(
        request,
        form,
        lambda: actions.add_file(actor=request.user, finding=finding, **form.arguments()),
        done="The file is with the finding.",
        to=here,
    )
    return done or side_page(
        request, "partners/findings/file.html", side, form=form, finding=finding, back=here
    )


@sided("POST")
def remove(request: HttpRequest, finding_id, file_id, *, side: Side) -> HttpResponse:
    """Take a file out of a draft."""
    file = the_file(request, side, finding_id, file_id)
    if "reporter" not in policies.finding_capacities(request.user, file.finding):
        raise PermissionDenied("Only those who report a finding take its files out.")
    return verb_post(
        request,
        lambda: actions.remove_file(actor=request.user, finding=file.finding, file=file),
        done="The file was taken out.",
        back=side.url("finding", finding_id),
    )


@transaction.non_atomic_requests
@sided()
def content(request: HttpRequest, finding_id, file_id, *, side: Side) -> HttpResponseBase:
    """A file, to whom it is open. The look comes first."""
    file = the_file(request, side, finding_id, file_id)
    try:
        return download_of_finding(actor=request.user, file=file)
    except NotAllowed as error:
        raise Http404 from error
    except Refused as error:
        messages.error(request, error.message)
        return see_other(side.url("finding", finding_id))
