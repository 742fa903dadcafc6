"""What the lab takes along: the record of looks, the receipt as PDF, the whole case as an archive. Each taking is a look."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase

from portal.doors import see_other
from portal.stepup import confirmed
from portal.submissions.exports import giving
from portal.submissions.querysets import SubmissionQuerySet
from portal.submissions.views.base import case_url, lab_page, the_case


@lab_page()
@confirmed
def export_record(request: HttpRequest, case_number: str, form: str) -> HttpResponse:
    """Who can see the case and who looked, as a file."""
    case = the_case(request, case_number, SubmissionQuerySet.with_terms)
    if form not in giving.FORMS:
        raise Http404
    return giving.record_of(case, form, actor=request.user)


@lab_page()
@confirmed
def receipt_pdf(request: HttpRequest, case_number: str) -> HttpResponse:
    """The receipt as PDF/UA."""
    case = the_case(request, case_number)
    return giving.receipt_of(case, actor=request.user) or see_other(case_url(case))


@lab_page()
@confirmed
def take_along(request: HttpRequest, case_number: str) -> HttpResponseBase:
    """The whole case as one archive, streamed."""
    case = the_case(request, case_number, SubmissionQuerySet.with_terms)
    return giving.archive_of(case, actor=request.user)
