"""How and when mail comes to oneself: by group, not in quiet hours, and what else is done while one is away."""

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from portal import clock, doors
from portal.deadlines import absences, actions, digests, preferences, quiet
from portal.deadlines.forms import AwayForm, DeliveryForm, QuietHoursForm
from portal.deadlines.models import Absence, QuietHours

TEMPLATE = "site/notice_settings.html"


def _there(part: str = "") -> str:
    """The address of the settings, or of a part of them."""
    return reverse("notices:settings") + (f"#{part}" if part else "")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delivery(request: HttpRequest) -> HttpResponse:
    """How one's notices come by mail, by group; and all that is arranged besides."""
    choices = preferences.choices_of(request.user)
    form = DeliveryForm(request.POST or None, choices=[choice for choice in choices if choice.is_open])
    if form.is_valid():
        doors.attempt(
            request,
            form,
            lambda: actions.choose_delivery(actor=request.user, deliveries=form.cleaned_data),
        )
        if form.is_valid():
            messages.success(request, "Your choices were saved.")
            return doors.see_other(_there())
    return _page(request, choices, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def quiet_hours(request: HttpRequest) -> HttpResponse:
    """Have quiet hours, or other ones."""
    if request.method != "POST":
        return doors.see_other(_there("quiet-hours"))
    form = QuietHoursForm(request.POST)
    if form.is_valid():
        doors.attempt(
            request, form, lambda: quiet.choose_quiet_hours(actor=request.user, **form.cleaned_data)
        )
        if form.is_valid():
            messages.success(request, "Your quiet hours were saved.")
            return doors.see_other(_there("quiet-hours"))
    return _page(request, preferences.choices_of(request.user), quiet_form=form)


@require_POST
@login_required
def end_quiet_hours(request: HttpRequest) -> HttpResponse:
    """Have no quiet hours any more."""
    return doors.verb_post(
        request,
        lambda: quiet.end_quiet_hours(actor=request.user),
        done="Your quiet hours are off.",
        back=_there("quiet-hours"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def away(request: HttpRequest) -> HttpResponse:
    """Say on which days one is away."""
    if request.method != "POST":
        return doors.see_other(_there("away"))
    form = AwayForm(request.POST)
    if form.is_valid():
        doors.attempt(request, form, lambda: absences.add_absence(actor=request.user, **form.cleaned_data))
        if form.is_valid():
            messages.success(request, "Your absence was added.")
            return doors.see_other(_there("away"))
    return _page(request, preferences.choices_of(request.user), away_form=form)


@require_POST
@login_required
def remove_absence(request: HttpRequest, absence_id) -> HttpResponse:
    """Take out an absence to come, or be back from one."""
    absence = Absence.objects.visible_to(request.user).filter(pk=absence_id).first()
    if absence is None:
        if not absences.was_removed_by(request.user, absence_id):
            raise Http404
        messages.info(request, "This absence was removed already.")
        return doors.see_other(_there("away"))
    return doors.verb_post(
        request,
        lambda: absences.remove_absence(actor=request.user, absence=absence),
        done="The absence has ended." if absence.begins_at < clock.now() else "The absence was removed.",
        back=_there("away"),
    )


def _page(request: HttpRequest, choices, *, form=None, quiet_form=None, away_form=None) -> HttpResponse:
    """The page of all settings; of its three forms the one that was sent is bound."""
    at, user = clock.now(), request.user
    hours = QuietHours.objects.visible_to(user).first()
    times = {"begins": hours.begins, "ends": hours.ends} if hours else None
    choices_open = [choice for choice in choices if choice.is_open]
    context = {
        "form": form or DeliveryForm(choices=choices_open),
        "quiet_form": quiet_form or QuietHoursForm(initial=times),
        "away_form": away_form or AwayForm(),
        "quiet_hours": hours,
        "zone": user.zone.replace("_", " "),
        "absences": _absences(user, at),
        "always": [choice for choice in choices if not choice.is_open],
        "next_at": digests.next_at(at),
    }
    return doors.answer(request, TEMPLATE, context, form=quiet_form or away_form or context["form"])


def _absences(user, at) -> list[dict]:
    zone: ZoneInfo = timezone.get_current_timezone()  # type: ignore[assignment]
    rows = Absence.objects.visible_to(user).ahead(at=at).order_by("begins_at", "id")
    return [
        {"absence": row, "span": absences.span(row, zone), "running": row.begins_at <= at} for row in rows
    ]
