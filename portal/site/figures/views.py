"""The page of the figures on the workbench, and its files."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse

from portal import clock, sheets
from portal.headers import attachment
from portal.ledger import actions as ledger
from portal.site.figures import forms
from portal.site.figures.counting import figures
from portal.stepup import confirmed
from portal.submissions.querysets import oversees

FILES = {"csv": (sheets.CSV, forms.as_csv), "pdf": ("application/pdf", forms.as_pdf)}


def may_read(user) -> bool:
    """The programme's coordinators and auditors, who answer for it."""
    return oversees(user)


def page(request: HttpRequest, context: dict) -> HttpResponse:
    if not may_read(request.user):
        raise Http404
    at = clock.now()
    context = context | {
        "title": forms.TITLE,
        "figures": figures(request.user, at=at),
        "note": forms.NOTE,
        "at": at,
    }
    return TemplateResponse(request, "admin/figures.html", context)


@confirmed
def file(request: HttpRequest, form: str) -> HttpResponse:
    """The figures as a file; that it was taken, and the SHA-256 of what was given, goes on record."""
    if not may_read(request.user) or form not in FILES:
        raise Http404
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    at = clock.now()
    content_type, made = FILES[form]
    content = made(figures(request.user, at=at), at=at)
    ledger.export(actor=request.user, verb="exported_figures", content=content, data={"form": form}, at=at)
    name = f"figures-{clock.calendar_day(at):%Y-%m-%d}.{form}"
    return attachment(content, name=name, content_type=content_type)
