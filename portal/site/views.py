"""The pages that belong to nobody's side: the public page, the dashboard, and the way to a case."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.accounts.models import Kind
from portal.submissions.models import Submission


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What the programme is, to anybody; the way on, to those signed in."""
    return render(request, "site/home.html")


@require_safe
@login_required
def case(request: HttpRequest, case_number: str) -> HttpResponse:
    """The address in every message: leads each person to their own page of a case, and a stranger to 404."""
    found = Submission.objects.visible_to(request.user).filter(case_number=case_number).first()
    if found is not None and found.lab_id in request.user.organisations_as(Kind.LAB):
        return redirect("lab:case", case_number)
    if found is not None and request.user.has_seat(Kind.AGENCY):
        return redirect("admin:submissions_submission_change", found.pk)
    raise Http404
