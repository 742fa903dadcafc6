"""A lab reports that a document of its own holds what the portal must not store."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from portal.submissions import actions
from portal.submissions.forms.spills import SpillForm
from portal.submissions.freezing import WHAT_HAPPENS
from portal.submissions.models import Document
from portal.submissions.views.base import case_url, lab_page, page, take, the_case


@lab_page("GET", "POST")
def report_document(request: HttpRequest, case_number: str, document_id) -> HttpResponse:
    """The page that says what will happen, and the button that freezes the document."""
    case = the_case(request, case_number)
    document = get_object_or_404(Document.objects.visible_to(request.user), pk=document_id, submission=case)
    form = SpillForm(request.POST if request.method == "POST" else None)
    done = form.is_bound and take(
        request,
        form,
        lambda: actions.report_spill(
            actor=request.user, subject=document, feared=form.cleaned_data["feared"]
        ),
        done="Reported. The document is frozen from now on, and security officers have been told.",
        to=case_url(case) + "#documents",
    )
    return done or page(
        request,
        "lab/report_spill.html",
        case,
        look="viewed_documents",
        form=form,
        document=document,
        what_happens=WHAT_HAPPENS,
        back=case_url(case) + "#documents",
    )
