"""The services of a lab: made, rotated and revoked by its administrators."""

from collections.abc import Callable

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal import doors
from portal.accounts import actions, policies
from portal.accounts.forms import RevokeForm, RotateForm, ServiceForm
from portal.accounts.models import ApiToken, Organisation
from portal.accounts.views.people import administered


def _lab(request: HttpRequest, organisation_id) -> Organisation:
    """A lab whose services this person looks after, or 404."""
    subject = administered(request, organisation_id)
    if not policies.may_make_services(request.user, subject):
        raise Http404
    return subject


def _tokens(request: HttpRequest, subject: Organisation):
    return ApiToken.objects.of_services(request.user).filter(user__service_of=subject)


def _token(request: HttpRequest, organisation_id, service_id) -> tuple[Organisation, ApiToken]:
    """A live service of the lab by its newest token, or 404."""
    subject = _lab(request, organisation_id)
    return subject, get_object_or_404(_tokens(request, subject), user=service_id, replaced=False)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def services(request: HttpRequest, organisation_id) -> HttpResponse:
    """The services of a lab; making one asks for the password again."""
    subject = _lab(request, organisation_id)
    if request.method == "POST":
        return _make(request, subject)
    return _page(request, subject, ServiceForm())


@sensitive_variables("secret", "made")
@reauthentication_required
def _make(request: HttpRequest, subject: Organisation) -> HttpResponse:
    form, secret = ServiceForm(request.POST), ""
    if form.is_valid():
        made = doors.attempt(
            request,
            form,
            lambda: actions.make_service(actor=request.user, organisation=subject, **form.cleaned_data),
        )
        if made:
            secret, form = made[1], ServiceForm()
    return _page(request, subject, form, secret)


def _page(request: HttpRequest, subject: Organisation, form: ServiceForm, secret: str = "") -> HttpResponse:
    """A new token's secret is on the answer to the form that made it, and nowhere else ever."""
    context = {"organisation": subject, "tokens": _tokens(request, subject), "secret": secret}
    return doors.answer(request, "account/services.html", context, form=form)


@require_safe
@login_required
def service(request: HttpRequest, organisation_id, service_id) -> HttpResponse:
    """One service: a new secret, or its end."""
    return _service_page(request, *_token(request, organisation_id, service_id))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def rotate(request: HttpRequest, organisation_id, service_id) -> HttpResponse:
    """A new secret. Who comes to this address without the form, as by a reload, goes to the service's page."""
    subject, token = _token(request, organisation_id, service_id)
    if request.method != "POST":
        return redirect("account_service", subject.pk, token.user_id)
    return _rotate(request, subject, token)


@sensitive_variables("secret", "made")
@reauthentication_required
def _rotate(request: HttpRequest, subject: Organisation, token: ApiToken) -> HttpResponse:
    form, secret = RotateForm(request.POST, prefix="rotate"), ""
    if form.is_valid():
        made = doors.attempt(
            request,
            form,
            lambda: actions.rotate_service(actor=request.user, user=token.user, **form.cleaned_data),
        )
        if made:
            secret, form = made[1], RotateForm(prefix="rotate")
            token = _tokens(request, subject).get(user=token.user, replaced=False)
    return _service_page(request, subject, token, secret=secret, rotate_form=form)


@require_POST
@login_required
def revoke(request: HttpRequest, organisation_id, service_id) -> HttpResponse:
    """End a service, once it was confirmed."""
    subject, token = _token(request, organisation_id, service_id)
    form = RevokeForm(request.POST, prefix="revoke")
    if form.is_valid() and doors.attempt(request, form, _revoking(request, token)):
        messages.success(request, f"“{token.name}” was revoked. Its token opens nothing from now on.")
        return doors.see_other(reverse("account_services", args=[subject.pk]))
    return _service_page(request, subject, token, revoke_form=form)


def _revoking(request: HttpRequest, token: ApiToken) -> Callable:
    return lambda: actions.revoke_service(actor=request.user, user=token.user)


def _service_page(
    request: HttpRequest, subject: Organisation, token: ApiToken, secret: str = "", **forms
) -> HttpResponse:
    context = {
        "organisation": subject,
        "token": token,
        "secret": secret,
        "rotate_form": RotateForm(prefix="rotate"),
        "revoke_form": RevokeForm(prefix="revoke"),
        "older": _tokens(request, subject).filter(user=token.user, replaced=True),
    }
    shown = next(iter(forms.values()), context["rotate_form"])
    return doors.answer(request, "account/service.html", context | forms, form=shown)
