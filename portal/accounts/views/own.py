"""One's own account."""

import time

from allauth.account.decorators import reauthentication_required
from allauth.account.views import password_reset as allauth_password_reset
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.webauthn.views import remove_webauthn as allauth_remove_webauthn
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal import doors
from portal.accounts import actions
from portal.accounts.adapter import MFAAdapter
from portal.accounts.forms import ProfileForm, TokenForm
from portal.accounts.models import ApiToken, Invitation, Membership

ANSWERS = {
    "accept": (actions.accept_invitation, "You have joined."),
    "decline": (actions.decline_invitation, "You declined the invitation."),
}


@transaction.non_atomic_requests
def lost_password(request: HttpRequest) -> HttpResponseBase:
    """allauth's page. A mail is put down for a real account only, so its answer is given after the same time for all."""
    begun = time.monotonic()
    with transaction.atomic():
        answer = allauth_password_reset(request)
    if request.method == "POST":
        time.sleep(max(0.0, begun + settings.PORTAL_LOST_PASSWORD_SECONDS - time.monotonic()))
    return answer


@require_safe
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    return redirect("account_profile")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Name and time zone, and the roles one holds."""
    user = request.user
    form = ProfileForm(request.POST or None, initial={"name": user.name, "zone": user.zone})
    if form.is_valid():
        doors.attempt(request, form, lambda: actions.update_profile(actor=user, **form.cleaned_data))
        if form.is_valid():
            messages.success(request, "Your profile was saved.")
            return doors.see_other(reverse("account_profile"))
    held = Membership.objects.visible_to(user).active().filter(user=user).select_related("organisation")
    return doors.answer(request, "account/profile.html", {"memberships": held}, form=form)


class AddAuthenticatorApp(ActivateTOTPView):
    """allauth's page. The code that shows that the app was set up has been used by it, and signs in no more."""

    def form_valid(self, form) -> HttpResponse:
        answer = super().form_valid(form)
        app = actions.second_factors_of(self.request.user).get(type=Authenticator.Type.TOTP)
        actions.use_code(authenticator=app, code=form.cleaned_data["code"])
        return answer


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def remove_passkey(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Remove a passkey, unless it is the last second factor."""
    authenticator = get_object_or_404(actions.second_factors_of(request.user), pk=pk, type="webauthn")
    adapter = MFAAdapter()
    if not adapter.can_delete_authenticator(authenticator):
        messages.error(request, adapter.error_messages["cannot_delete_authenticator"])
        return redirect("mfa_list_webauthn")
    return allauth_remove_webauthn(request, pk=pk)


# --- API tokens -----------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def tokens(request: HttpRequest) -> HttpResponse:
    """One's tokens; making one asks for the password again."""
    return _make_token(request) if request.method == "POST" else _tokens_page(request, TokenForm())


@sensitive_variables("secret", "made")
@reauthentication_required
def _make_token(request: HttpRequest) -> HttpResponse:
    """A new token's secret is on the answer to the form that made it, and nowhere else ever."""
    form, secret = TokenForm(request.POST or None), ""
    if form.is_valid():
        made = doors.attempt(
            request, form, lambda: actions.create_token(actor=request.user, **form.cleaned_data)
        )
        if made:
            secret, form = made[1], TokenForm()
    return _tokens_page(request, form, secret)


def _tokens_page(request: HttpRequest, form: TokenForm, secret: str = "") -> HttpResponse:
    context = {"tokens": ApiToken.objects.visible_to(request.user), "secret": secret}
    return doors.answer(request, "account/tokens.html", context, form=form)


@require_POST
@login_required
def revoke_token(request: HttpRequest, token_id) -> HttpResponse:
    token = get_object_or_404(ApiToken.objects.visible_to(request.user).select_related("user"), id=token_id)
    return doors.verb_post(
        request,
        lambda: actions.revoke_token(actor=request.user, token=token),
        done=f"“{token.name}” was revoked. It opens nothing from now on.",
        back=reverse("account_tokens"),
    )


# --- Invitations to oneself -------------------------------------------------------------------------------------------------


@require_POST
@login_required
def answer_invitation(request: HttpRequest, invitation_id, answer: str) -> HttpResponse:
    if answer not in ANSWERS:
        raise Http404
    mine = Invitation.objects.visible_to(request.user).filter(user=request.user)
    invitation = get_object_or_404(mine, pk=invitation_id)
    action, done = ANSWERS[answer]
    return doors.verb_post(
        request, lambda: action(actor=request.user, invitation=invitation), done=done, back=reverse("home")
    )
