"""What the settings are, how they came to be, and changing them: a form, its effect, and a yes to that."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import reverse

from portal import programme
from portal.accounts.models import Organisation
from portal.accounts.querysets import sees_all_accounts
from portal.deadlines.models import Deadline
from portal.doors import page_of, refuse, see_other
from portal.errors import Invalid, Refused, Stale
from portal.programme import actions, policies, schema, versions
from portal.programme.actions import Effect
from portal.programme.models import Version
from portal.programme.versions import DELIVERED, Programme
from portal.site.programme.differences import told
from portal.site.programme.forms import ConfirmForm, SettingsForm, confirmation

SHOWN = 50
TITLE = "Programme settings"


def index(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """The settings that hold, by group, and the versions, newest first."""
    _readers_only(request)
    now = programme.current()
    rows = Version.objects.visible_to(request.user).select_related("made_by").order_by("-number")
    groups = [
        (
            key,
            label,
            [(row, row.shown(now.get(row.key)), row.key in now.values) for row in schema.of_group(key)],
        )
        for key, label in schema.GROUPS.items()
    ]
    found = {
        "title": TITLE,
        "groups": groups,
        "now": now,
        "page": page_of(request, rows),
        "agencies": Organisation.objects.of_the_programme(),
        "keeps_accounts": sees_all_accounts(request.user),
        "may_change": policies.may_change(request.user),
    }
    return TemplateResponse(request, "admin/programme/index.html", context | found)


def differences(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """What differs between any two versions, the two newest where none are named; version 0 is what was delivered."""
    _readers_only(request)
    newer = _numbered(request, request.GET.get("new") or str(programme.current().number))
    older = _numbered(request, request.GET.get("old") or str(max(newer.number - 1, 0)))
    version = (
        Version.objects.visible_to(request.user).filter(number=newer.number).select_related("made_by").first()
    )
    found = {
        "title": f"{_name(older)} and {_name(newer).lower()}",
        "older": older,
        "newer": newer,
        "version": version if older.number + 1 == newer.number else None,
        "changes": [told(change) for change in actions.between(older, newer)],
    }
    return TemplateResponse(request, "admin/programme/differences.html", context | found)


def change(request: HttpRequest, context: dict[str, Any], group: str) -> HttpResponse:
    """Change a group of settings: the form, then what it would do, then saving exactly that."""
    if not policies.may_change(request.user) or group not in schema.GROUPS:
        raise Http404
    context = context | {"title": f"Change: {schema.GROUPS[group].lower()}", "group": group}
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "POST"])
    if request.POST.get("step") in ("save", "edit"):
        carried = ConfirmForm(request.POST)
        if not carried.is_valid():
            raise Http404
        if request.POST["step"] == "save":
            return _save(request, context, group, carried)
        return _form_page(request, context, _filled(group, carried))
    form = SettingsForm(request.POST or None, group=group, now=programme.current())
    if not form.is_bound or not form.is_valid():
        return _form_page(request, context, form)
    return _effect_page(request, context, form, form.changed, form.cleaned_data["reason"])


def _save(request: HttpRequest, context: dict, group: str, carried: ConfirmForm) -> HttpResponse:
    seen = carried.cleaned_data
    try:
        version = actions.change(
            actor=request.user,
            typed=seen["typed"],
            reason=seen["reason"],
            expected_number=seen["number"],
            expected_digest=seen["digest"],
        )
    except Stale as error:
        refused = error
    except Refused as error:
        form = _filled(group, carried)
        refuse(form, error)
        return _form_page(request, context, form)
    else:
        messages.success(request, f"Saved as version {version.number}. It holds from now on.")
        return see_other(reverse("admin:programme"))
    context |= {"stale": refused.message, "carried": carried}
    return _effect_page(request, context, _filled(group, carried), seen["typed"], seen["reason"])


def _filled(group: str, carried: ConfirmForm) -> SettingsForm:
    """The form as it was typed, for going back to it."""
    now = programme.current()
    typed = {row.key: row.typed(now.get(row.key)) for row in schema.of_group(group)}
    return SettingsForm(
        typed | carried.cleaned_data["typed"] | {"reason": carried.cleaned_data["reason"]},
        group=group,
        now=now,
    )


def _form_page(request: HttpRequest, context: dict, form: SettingsForm) -> HttpResponse:
    return TemplateResponse(request, "admin/programme/change.html", context | {"form": form})


def _effect_page(
    request: HttpRequest, context: dict, form: SettingsForm, typed: dict[str, str], reason: str
) -> HttpResponse:
    try:
        effect = actions.preview(actor=request.user, typed=typed)
    except Refused as error:
        form.is_valid()
        refuse(form, error if isinstance(error, Invalid) else Invalid(error.message))
        return _form_page(request, context, form)
    stale = "stale" in context
    found = {
        "effect": effect,
        "changes": [told(change) for change in effect.changes],
        "moves": _moves(request.user, effect),
        "sees_cases": policies.is_of_the_office(request.user),
        "moving": sum(len(one.moves) for one in effect.consequences),
        "reason": reason,
        "meanwhile": _meanwhile(request, context["carried"], effect) if stale else [],
        "form": confirmation(effect, typed=typed, reason=reason),
    }
    return TemplateResponse(
        request, "admin/programme/effect.html", context | found, status=409 if stale else 200
    )


def _moves(user, effect: Effect) -> list[dict[str, Any]]:
    """The first dates that move, of the cases that a coordinator of the programme office sees; nobody else sees any here."""
    if not policies.is_of_the_office(user):
        return []
    moves = {move.deadline_id: (one.label, move) for one in effect.consequences for move in one.moves}
    rows = Deadline.objects.visible_to(user).filter(pk__in=list(moves)).order_by("due_at", "pk")[:SHOWN]
    return [
        {
            "number": move.case_number,
            "label": label,
            "before": move.before,
            "after": move.after,
            "url": reverse("case", args=[move.case_number]) if row.case_id else "",
        }
        for row in rows
        for label, move in [moves[row.pk]]
    ]


def _meanwhile(request: HttpRequest, carried: ConfirmForm, effect: Effect) -> list[str]:
    """What is different from the effect that the person had seen."""
    base = carried.cleaned_data["number"]
    rows = Version.objects.visible_to(request.user).filter(number__gt=base).select_related("made_by")
    words = [
        f"Version {row.number} was saved by {row.made_by}: {row.reason}" for row in rows.order_by("number")
    ]
    seen, labels = carried.seen, {one.kind: one.label for one in effect.consequences}
    for kind in [*labels, *(set(seen) - set(labels))]:
        before, after = (numbers.get(kind, [0] * 6) for numbers in (seen, effect.counts))
        if before != after:
            words.append(
                f"{labels.get(kind, kind)}: {after[0]} open dates (before: {before[0]}), of which {after[1]} move"
                f" (before: {before[1]})."
            )
    return words or ["Other dates move than those that you were shown."]


def _readers_only(request: HttpRequest) -> None:
    if not policies.may_read(request.user):
        raise Http404


def _numbered(request: HttpRequest, text: str) -> Programme:
    """The version a page is asked for; 404 where there is none."""
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Http404
    if int(text) == 0:
        return DELIVERED
    row = Version.objects.visible_to(request.user).filter(number=int(text)).first()
    if row is None:
        raise Http404
    return versions.of(row)


def _name(one: Programme) -> str:
    return f"Version {one.number}" if one.number else "As delivered"


# (address beneath /admin/programme/, view, name).
PAGES = (
    ("", index, "programme"),
    ("differences/", differences, "programme_differences"),
    ("<slug:group>/change/", change, "programme_change"),
)
