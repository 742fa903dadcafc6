"""What a person was told, and what waits for them."""

from allauth.account.decorators import reauthentication_required
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal import clock, doors, scope
from portal.deadlines import absences, actions, feeds, unsubscribing
from portal.deadlines.coming import coming_for, due_for
from portal.deadlines.forms import MakeForm
from portal.deadlines.models import Absence, CalendarFeed, Message, QuietHours
from portal.headers import attachment


@require_safe
@login_required
def notices(request: HttpRequest) -> HttpResponse:
    """A person's own messages, newest first, and the dates they should act by."""
    rows = Message.objects.visible_to(request.user)
    only_unread = request.GET.get("show") == "unread"
    if only_unread:
        rows = rows.unread()
    away = Absence.objects.visible_to(request.user).running(at=clock.now()).first()
    context = {
        "page": doors.page_of(request, rows.order_by("-created_at", "id")),
        "due": due_for(request.user),
        "only_unread": only_unread,
        "away_until": away and absences.until(away, timezone.get_current_timezone()),
    }
    return render(request, "site/notices.html", context)


@require_safe
@login_required
def coming(request: HttpRequest) -> HttpResponse:
    """The dates that concern a person, earliest first, and how they will be reminded of each."""
    rows, has_more = coming_for(request.user, at=clock.now())
    hours = QuietHours.objects.visible_to(request.user).first()
    return render(
        request, "site/notices_coming.html", {"rows": rows, "has_more": has_more, "quiet_hours": hours}
    )


@require_safe
@login_required
def open_notice(request: HttpRequest, message_id) -> HttpResponse:
    """Mark a notice read and go where it points."""
    message = get_object_or_404(Message.objects.visible_to(request.user), pk=message_id)
    actions.mark_read(actor=request.user, at=clock.now(), message_ids=[message.pk])
    return redirect(message.link)


@require_POST
@login_required
def mark_read(request: HttpRequest) -> HttpResponse:
    """Mark all of one's notices read."""
    return doors.verb_post(
        request,
        lambda: actions.mark_read(actor=request.user, at=clock.now()),
        done="All notices are marked as read.",
        back=reverse("notices:list"),
    )


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """End the daily mail without signing in. Mail programs post here from elsewhere; programs that follow links change nothing.

    Whose link it is decides, not who is signed in, and the page does not say whose it is.
    """
    person = unsubscribing.person_of(token)
    if person is None:
        raise Http404
    done = request.method == "POST"
    if done:
        actions.unsubscribe(actor=person, at=clock.now())
    return render(request, "site/unsubscribe.html", {"done": done})


# --- The calendar -----------------------------------------------------------------------------------------------------------


@require_safe
@sensitive_variables("secret")
def calendar(request: HttpRequest, secret: str) -> HttpResponse:
    """A person's dates for a program that knows their secret address; no session, no cookie."""
    person = feeds.holder(secret)
    if person is None:
        raise Http404
    scope.become(person.pk)
    at = clock.now()
    if feeds.too_often(person, at):
        return HttpResponse(status=429, headers={"Retry-After": "60"})
    actions.note_fetch(actor=person, at=at)
    return attachment(
        feeds.written(person, at=at),
        name="dates.ics",
        content_type="text/calendar; charset=utf-8",
        headers={"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def calendar_address(request: HttpRequest) -> HttpResponse:
    """One's calendar address; making one asks for the password again."""
    return _make_address(request) if request.method == "POST" else _address_page(request, MakeForm())


@sensitive_variables("address", "made")
@reauthentication_required
def _make_address(request: HttpRequest) -> HttpResponse:
    """A new address is on the answer to the form that made it, and nowhere else ever."""
    form, address = MakeForm(request.POST), ""
    if form.is_valid():
        made = doors.attempt(request, form, lambda: actions.make_feed(actor=request.user))
        if made:
            address, form = feeds.address(made[1]), MakeForm()
    return _address_page(request, form, address)


def _address_page(request: HttpRequest, form: MakeForm, address: str = "") -> HttpResponse:
    context = {"feed": CalendarFeed.objects.visible_to(request.user).first(), "address": address}
    return doors.answer(request, "site/notice_calendar.html", context, form=form)


@require_POST
@login_required
def revoke_calendar(request: HttpRequest) -> HttpResponse:
    return doors.verb_post(
        request,
        lambda: actions.revoke_feed(actor=request.user),
        done="The address was revoked. It opens nothing from now on.",
        back=reverse("notices:calendar"),
    )
