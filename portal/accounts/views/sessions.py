"""Where one is signed in: each session, and its end."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal import doors, stepup
from portal.accounts import actions, providers
from portal.accounts.querysets import open_sessions

FACTORS = {
    "password": "password",
    "totp": "authenticator app",
    "webauthn": "passkey",
    "recovery_codes": "recovery code",
}


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def sessions(request: HttpRequest) -> HttpResponse:
    """One's own sessions; POST ends all but this one."""
    if request.method == "POST":
        return _end_others(request)
    found = open_sessions(request.user)
    for row in found:
        row.begun_by = _in_words(row.begun_with)
    # The one at hand first, then the others as they were last used.
    found.sort(key=lambda row: row.session_key != request.session.session_key)
    context = {
        "sessions": found,
        "here": request.session.session_key,
        "idle_minutes": settings.PORTAL_SESSION_IDLE_MINUTES,
        "hours": settings.PORTAL_SESSION_HOURS,
    }
    return render(request, "account/sessions.html", context)


@stepup.confirmed
def _end_others(request: HttpRequest) -> HttpResponse:
    return doors.verb_post(
        request,
        lambda: actions.end_other_sessions(actor=request.user, kept=request.session.session_key),
        done="Your other sessions ended.",
        back=reverse("account_sessions"),
    )


def _in_words(records: list[dict]) -> str:
    """What a session was begun with: "Password, authenticator app"."""
    said = [
        providers.called(one["provider"])
        if one["method"] == "socialaccount"
        else FACTORS.get(one.get("type") or one["method"], "")
        for one in records
    ]
    words = ", ".join(one for one in dict.fromkeys(said) if one)
    return words[:1].upper() + words[1:]


@require_POST
@login_required
@stepup.confirmed
def end(request: HttpRequest, session_id: int) -> HttpResponse:
    """End one of one's own other sessions; the one at hand ends by signing out."""
    for row in open_sessions(request.user):
        if row.pk == session_id and row.session_key != request.session.session_key:
            return doors.verb_post(
                request,
                lambda row=row: actions.end_session(actor=request.user, session=row),
                done="The session ended.",
                back=reverse("account_sessions"),
            )
    raise Http404


@require_safe
@login_required
def confirmed(request: HttpRequest) -> HttpResponse:
    """Between the page that asked for the second factor and the page one came from: says that it was enough."""
    if stepup.is_confirmed(request):
        messages.success(request, "Confirmed. Go on with what you wanted to do.")
    return redirect(doors.back_or(request, "/"))
