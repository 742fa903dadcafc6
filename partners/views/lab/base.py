"""What the lab's pages about grants share: finding the grant, and a page for one step."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from partners import policies
from partners.models import Grant
from partners.states import NOT_ENDED
from portal.doors import see_other
from portal.errors import Stale
from portal.submissions.models import Submission
from portal.submissions.views.base import page, posted_revision, take, the_case

# What the lab changes besides the steps of the state table.
EDITS = ("set_documents", "set_instructions")


def url(case: Submission, name: str = "grants", grant: Grant | None = None) -> str:
    args = [case.case_number] if grant is None else [case.case_number, grant.pk]
    return reverse(f"lab_partners:{name}", args=args)


def grants_of(request: HttpRequest, case: Submission):
    rows = Grant.objects.visible_to(request.user).filter(submission=case).select_related("partner")
    return rows.defer("instructions_sealed")


def the_grant(request: HttpRequest, case_number: str, grant_id) -> tuple[Submission, Grant]:
    """The case, if it is of the person's lab, and the grant on it; else 404."""
    case = the_case(request, case_number)
    found = get_object_or_404(grants_of(request, case).select_related("accepted_terms"), pk=grant_id)
    found.submission = case
    return case, found


def step(
    request: HttpRequest,
    case_number: str,
    grant_id,
    *,
    verb: str,
    action: Callable[..., Any],
    form_of: Callable[[Any, Submission, Grant], BaseForm],
    done: str,
) -> HttpResponse:
    """A page that says what will happen and asks what the step needs, and the step itself."""
    case, grant = the_grant(request, case_number, grant_id)
    form = form_of(request.POST if request.method == "POST" else None, case, grant)
    taken = form.is_bound and take(
        request,
        form,
        lambda: action(
            actor=request.user,
            grant=grant,
            expected_revision=posted_revision(request.POST),
            **{name: value for name, value in form.cleaned_data.items() if name != "zone"},
        ),
        done=done,
        to=url(case, "grant", grant),
    )
    if taken:
        return taken
    case, grant = the_grant(request, case_number, grant_id)
    if not form.is_bound and (away := not_now(request, case, grant, verb)):
        return away
    stale = isinstance(getattr(form, "refusal", None), Stale)
    return page(
        request,
        "partners/lab/step.html",
        case,
        look="viewed_grants",
        form=form,
        grant=grant,
        grant_revision=posted_revision(request.POST) if form.is_bound and not stale else grant.revision,
        verb=verb,
        back=url(case, "grant", grant),
    )


def not_now(request: HttpRequest, case: Submission, grant: Grant, verb: str) -> HttpResponse | None:
    """None where the step is open. Else a way back to the grant, saying why; 403 to a person who never takes it."""
    is_writer = "lab" in policies.capacities(request.user, grant)
    if verb in policies.open_verbs(request.user, grant) or (
        verb in EDITS and is_writer and grant.state in NOT_ENDED
    ):
        return None
    if not is_writer:
        raise PermissionDenied("Administrators and contributors of your lab take this step.")
    messages.info(request, f"This grant is {grant.state.label.lower()}, so this step cannot be taken now.")
    return see_other(url(case, "grant", grant))
