"""The pages that belong to nobody's side: the public page, the dashboard, and the way to a case."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views import defaults
from django.views.decorators.http import require_safe

from partners.models import Grant
from portal import sightings
from portal.accounts.models import Invitation, Kind
from portal.api import problem
from portal.deadlines.coming import due_for
from portal.deadlines.models import Message
from portal.submissions.models import Submission

LATEST = 5


@dataclass(frozen=True, slots=True)
class Tile:
    title: str
    text: str
    url: str


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What the programme is, to anybody; what waits for them, to those signed in."""
    if not request.user.is_authenticated:
        return render(request, "site/home.html")
    user = request.user
    context = {
        "tiles": tiles(user),
        "invitations": Invitation.objects.visible_to(user)
        .unanswered()
        .filter(user=user)
        .select_related("organisation"),
        "agency_seat": user.has_seat(Kind.AGENCY),
        "due": due_for(user, limit=LATEST),
        "latest": Message.objects.visible_to(user).order_by("-created_at", "id")[:LATEST],
    }
    return render(request, "site/dashboard.html", context)


def tiles(user) -> list[Tile]:
    """The areas a person's seats open."""
    found = []
    if user.has_seat(Kind.LAB):
        found.append(
            Tile("Your submissions", "Models your lab offers, their dates, and who can see them.", "/lab/")
        )
    if user.has_seat(Kind.AGENCY):
        found.append(Tile("Workbench", "Cases, seats, assessments and what waits for you.", "/admin/"))
    elif user.is_superuser:
        found.append(
            Tile("Administration", "Accounts and organisations. No lab material opens here.", "/admin/")
        )
    if user.has_seat(Kind.PARTNER):
        found.append(
            Tile("Access granted to you", "Models your organisation may use, and until when.", "/partner/")
        )
    return found


@require_safe
@login_required
def case(request: HttpRequest, case_number: str) -> HttpResponse:
    """The address in every message: leads each person to their own page of a case, and a stranger to 404."""
    user = request.user
    found = Submission.objects.visible_to(user).filter(case_number=case_number).first()
    if found is not None and found.lab_id in user.organisations_as(Kind.LAB):
        return redirect("lab:case", case_number)
    if found is not None and user.has_seat(Kind.AGENCY):
        return redirect("admin:submissions_submission_change", found.pk)
    granted = (
        Grant.objects.visible_to(user).filter(submission__case_number=case_number).order_by("-proposed_at")
    )
    grant = granted.first() if user.has_seat(Kind.PARTNER) else None
    if grant is not None:
        return redirect("partner:grant", grant.pk)
    raise Http404


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose page was too old: in the portal's frame, saying how nothing typed is lost."""
    sightings.forged_form(request)
    return render(request, "403_csrf.html", status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """The answer to a fault of the portal: a page, or a problem to a program."""
    if request.path.startswith("/api/"):
        return problem.server_error(request)
    return defaults.server_error(request)
