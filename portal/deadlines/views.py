"""What a person was told, and what waits for them."""

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal import clock, doors
from portal.deadlines import actions, registry
from portal.deadlines.models import Deadline, Message

DUE_SHOWN = 10


def due_for(user, *, limit: int = DUE_SHOWN) -> list[Deadline]:
    """The dates by which this person, or others in the same role, should act: earliest first, each with its ``label``.

    A date that is news to a lab or a partner is shown until it comes, never as something they are late with.
    """
    mine = Q(person=user) | Q(person=None, kind__in=registry.kinds_for(user.seats))
    passed = Q(kind__in=registry.dates_shared(), due_at__lt=clock.now())
    found = list(
        Deadline.objects.next_for(user, limit=limit, narrow=lambda rows: rows.filter(mine).exclude(passed))
    )
    for deadline in found:
        deadline.label = registry.label(deadline.kind)
    return found


@require_safe
@login_required
def notices(request: HttpRequest) -> HttpResponse:
    """A person's own messages, newest first, and the dates they should act by."""
    rows = Message.objects.visible_to(request.user)
    only_unread = request.GET.get("show") == "unread"
    if only_unread:
        rows = rows.unread()
    page = doors.page_of(request, rows.order_by("-created_at", "id"))
    context = {"page": page, "due": due_for(request.user), "only_unread": only_unread}
    return render(request, "site/notices.html", context)


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
