"""What two people, or two tabs, write into one draft: merged, kept while it is typed, and told where both changed a field."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, JsonResponse
from django.template.loader import render_to_string

from portal import clock
from portal.doors import attempt
from portal.errors import NotAllowed
from portal.formats import instant
from portal.submissions import actions, looks
from portal.submissions.actions.drafts import DATES, Conflict, Merged, digest, value_of
from portal.submissions.forms import DraftForm
from portal.submissions.models import Facts, Submission
from portal.submissions.people import public_names


def wish(request: HttpRequest) -> tuple[str, str]:
    """Which button was pressed, and for which document or field."""
    verb, _, named = request.POST.get("do", "save").partition(":")
    return verb, named


def merge(request: HttpRequest, case: Submission, form: DraftForm, *, while_typing: bool = False) -> Merged:
    """Merge a valid form into the draft; a button beside a conflict says whose text one field takes."""
    verb, named = wish(request)
    facts, dates, known = form.facts, form.dates, seen(request)
    if verb == "theirs":
        facts.pop(named, None)
        dates.pop(named, None)
    if verb == "mine":
        known[named] = request.POST.get(f"theirs-{named}", "")
    return actions.merge_draft(
        actor=request.user,
        submission=case,
        facts=facts,
        dates=dates,
        seen=known,
        while_typing=while_typing,
    )


def seen(request: HttpRequest) -> dict[str, str]:
    """The digests of what the form showed when it was made, as the page wrote them."""
    pairs = (pair.partition("=") for pair in request.POST.get("seen", "")[:2000].split())
    return {name: value for name, _, value in pairs}


def digests(case: Submission, form: DraftForm) -> dict[str, str]:
    return {name: digest(value_of(case, name)) for name in (*Facts.TEXTS, *DATES) if name in form.fields}


def kept(request: HttpRequest, case: Submission, form: DraftForm) -> JsonResponse:
    """What came of keeping what is being typed: which digests hold now, what others changed, what both did.

    A date that is half typed is no error: what can be read is kept, and the rest waits.
    """
    form.is_valid()
    _set_aside(form, form.errors)
    merged = attempt(request, form, lambda: merge(request, case, form, while_typing=True))
    if merged is None and set(form.errors) & set(DATES):
        _set_aside(form, DATES)
        merged = merge(request, case, form, while_typing=True)
    if merged is None:
        refusal = form.refusal  # type: ignore[attr-defined]
        if isinstance(refusal, NotAllowed):
            raise PermissionDenied(refusal.message)
        return JsonResponse({"refused": refusal.message}, status=refusal.status)
    case = merged.submission
    before, now = seen(request), digests(case, form)
    both = {conflict.field for conflict in merged.conflicts}
    known = {name: value for name, value in now.items() if name not in both}
    theirs = [name for name in known if name not in merged.changed and known[name] != before.get(name)]
    if theirs or both:
        looks.looked(actor=request.user, submission=case, verb="viewed_draft")
    fresh = DraftForm.of(case, user=request.user)
    context = {"conflicts": told(case, fresh, merged.conflicts)}
    return JsonResponse(
        {
            "at": instant(clock.now()),
            "seen": known,
            "news": {name: _inputs(fresh, name) for name in theirs},
            "news_words": [str(fresh.fields[name].label) for name in theirs],
            "conflicts": render_to_string("lab/_conflicts.html", context, request=request) if both else "",
        }
    )


def _set_aside(form: DraftForm, names: Iterable[str]) -> None:
    for name in list(names):
        form.fields.pop(name, None)


def _inputs(form: DraftForm, name: str) -> dict[str, str]:
    """The values of a field's inputs, as a page that is made now would show them."""
    widget = form[name].field.widget
    value = form[name].value()
    if name in DATES:
        day, hour = widget.decompress(value)
        return {f"{name}_date": f"{day or ''}", f"{name}_time": hour or ""}
    return {name: value or ""}


def told(case: Submission, form: DraftForm, conflicts: list[Conflict]) -> list[dict[str, Any]]:
    """Conflicts as a page tells them: whose text, since when, and how to choose."""
    names = public_names(case, {conflict.by for conflict in conflicts if conflict.by})
    return [
        {
            "field": conflict.field,
            "label": form.fields[conflict.field].label,
            "theirs": _in_words(form, conflict),
            "digest": digest(conflict.theirs),
            "by": names[conflict.by] if conflict.by else "A colleague",
            "at": conflict.at,
        }
        for conflict in conflicts
    ]


def _in_words(form: DraftForm, conflict: Conflict) -> str:
    if conflict.field in DATES:
        return instant(conflict.theirs) if conflict.theirs else ""
    choices: Mapping = dict(getattr(form.fields[conflict.field], "choices", ()))
    return str(choices.get(conflict.theirs, conflict.theirs) if conflict.theirs else "")
