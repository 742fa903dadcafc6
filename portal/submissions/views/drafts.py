"""From nothing to a whole draft: begin it, write it step by step, and have what is typed kept while it is typed."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse

from portal import clock
from portal.accounts.models import Kind, Organisation, Role
from portal.doors import answer, attempt
from portal.errors import AlreadyDone, NotAllowed
from portal.formats import instant
from portal.submissions import actions, history, looks, wizard
from portal.submissions.actions.drafts import DATES, Conflict, Merged, digest, value_of
from portal.submissions.forms import DocumentForm, DraftForm, NewForm
from portal.submissions.models import Document, Evaluation, Facts, Submission
from portal.submissions.people import public_names
from portal.submissions.views.base import case_url, lab_page, not_now, page, step_url, take, the_case
from portal.submissions.views.documents import add_from

SAVED = "The draft is saved. Only your lab sees it."


@lab_page("GET", "POST")
def new(request: HttpRequest) -> HttpResponse:
    """Begin a draft with its first step; everything may still be missing. The form's key makes a double click one draft."""
    writes_for = request.user.organisations_as(Kind.LAB, Role.ADMIN, Role.CONTRIBUTOR)
    labs = Organisation.objects.filter(pk__in=writes_for)
    if not writes_for:
        raise PermissionDenied("Administrators and contributors of a lab begin its submissions.")
    form = NewForm(request.POST if request.method == "POST" else None, user=request.user, labs=labs)
    key = _key(request)

    def create() -> Submission:
        lab = form.cleaned_data.get("lab") or labs[0]
        return actions.create_draft(actor=request.user, lab=lab, facts=form.facts, key=key)

    done = form.is_bound and take(
        request, form, create, done=SAVED, to=lambda case: _after(request, case, wizard.STEPS[0])
    )
    return done or answer(
        request, "lab/new.html", {"key": key, "labs": labs, "step": wizard.STEPS[0]}, form=form
    )


def _key(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        return uuid4()


@lab_page("GET", "POST")
def edit(request: HttpRequest, case_number: str, step: str = "") -> HttpResponse:
    """A step of the draft's form, or all of them on one page. Every button saves first, so that nothing typed is lost.

    What is typed is also kept while it is typed: a script posts the form with ``do=keep`` and is answered in JSON.
    """
    chosen = wizard.BY_KEY.get(step)
    if step and chosen is None:
        raise Http404
    case = the_case(request, case_number)
    form = DraftForm.of(
        case, request.POST if request.method == "POST" else None, user=request.user, step=chosen
    )
    verb, _ = _wish(request)
    if verb == "keep" and form.is_bound:
        return _kept(request, case, form)
    upload = _upload_form(request)
    conflicts: list[Conflict] = []

    def save() -> Submission:
        merged = _merge(request, case, form)
        conflicts.extend(merged.conflicts)
        _add(request, case, upload)
        _remove(request, case)
        return merged.submission

    done = form.is_bound and take(
        request, form, save, done=SAVED, to=lambda saved: _after(request, saved, chosen)
    )
    if done and not upload.errors and not conflicts:
        return done
    if away := not_now(request, case, "save_draft", typed=form.is_bound):
        return away
    if form.is_bound and form.errors:
        _ask_again(request, upload)
    return _edit_page(request, the_case(request, case_number), form, upload, chosen, conflicts)


def _merge(request: HttpRequest, case: Submission, form: DraftForm, *, while_typing: bool = False) -> Merged:
    """Merge a valid form into the draft; a button beside a conflict says whose text one field takes."""
    verb, named = _wish(request)
    facts, dates, seen = form.facts, form.dates, _seen(request)
    if verb == "theirs":
        facts.pop(named, None)
        dates.pop(named, None)
    if verb == "mine":
        seen[named] = request.POST.get(f"theirs-{named}", "")
    return actions.merge_draft(
        actor=request.user,
        submission=case,
        facts=facts,
        dates=dates,
        seen=seen,
        while_typing=while_typing,
    )


def _seen(request: HttpRequest) -> dict[str, str]:
    """The digests of what the form showed when it was made, as the page wrote them."""
    pairs = (pair.partition("=") for pair in request.POST.get("seen", "")[:2000].split())
    return {name: value for name, _, value in pairs}


def _digests(case: Submission, form: DraftForm) -> dict[str, str]:
    return {name: digest(value_of(case, name)) for name in (*Facts.TEXTS, *DATES) if name in form.fields}


def _kept(request: HttpRequest, case: Submission, form: DraftForm) -> JsonResponse:
    """What came of keeping what is being typed: which digests hold now, what others changed, what both did.

    A date that is half typed is no error: what can be read is kept, and the rest waits.
    """
    form.is_valid()
    _set_aside(form, form.errors)
    merged = attempt(request, form, lambda: _merge(request, case, form, while_typing=True))
    if merged is None and set(form.errors) & set(DATES):
        _set_aside(form, DATES)
        merged = _merge(request, case, form, while_typing=True)
    if merged is None:
        refusal = form.refusal  # type: ignore[attr-defined]
        if isinstance(refusal, NotAllowed):
            raise PermissionDenied(refusal.message)
        return JsonResponse({"refused": refusal.message}, status=refusal.status)
    case = merged.submission
    seen, now = _seen(request), _digests(case, form)
    both = {conflict.field for conflict in merged.conflicts}
    known = {name: value for name, value in now.items() if name not in both}
    theirs = [name for name in known if name not in merged.changed and known[name] != seen.get(name)]
    if theirs or both:
        looks.looked(actor=request.user, submission=case, verb="viewed_draft")
    fresh = DraftForm.of(case, user=request.user)
    told = {"conflicts": _told(case, fresh, merged.conflicts)}
    return JsonResponse(
        {
            "at": instant(clock.now()),
            "seen": known,
            "news": {name: _inputs(fresh, name) for name in theirs},
            "news_words": [str(fresh.fields[name].label) for name in theirs],
            "conflicts": render_to_string("lab/_conflicts.html", told, request=request) if both else "",
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


def _told(case: Submission, form: DraftForm, conflicts: list[Conflict]) -> list[dict[str, Any]]:
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


def _edit_page(
    request: HttpRequest,
    case: Submission,
    form: DraftForm,
    upload: DocumentForm,
    step: wizard.Step | None,
    conflicts: list[Conflict],
) -> HttpResponse:
    """The form: one that was refused as it was typed, any other with what the draft holds now but for the conflicts."""
    if form.is_bound and form.errors:
        seen = _seen(request)
    else:
        typed = {conflict.field: form.cleaned_data[conflict.field] for conflict in conflicts}
        form = DraftForm.of(case, user=request.user, step=step, typed=typed)
        seen = _digests(case, form) | {name: _seen(request).get(name, "") for name in typed}
    documents, evaluations = history.documents_of(case), history.evaluations_of(case)
    rows = {"documents": bool(documents), "evaluations": bool(evaluations)}
    response = page(
        request,
        "lab/edit.html",
        case,
        look="viewed_draft",
        form=form,
        step=step,
        progress=wizard.progress(case, at=clock.now(), rows=rows),
        seen=" ".join(f"{name}={value}" for name, value in seen.items()),
        conflicts=_told(case, form, conflicts),
        upload=upload,
        documents=documents,
        evaluations=evaluations,
    )
    if conflicts:
        response.status_code = 409
    return response


def _wish(request: HttpRequest) -> tuple[str, str]:
    """Which button was pressed, and for which document or field."""
    verb, _, named = request.POST.get("do", "save").partition(":")
    return verb, named


def _upload_form(request: HttpRequest) -> DocumentForm:
    """Bound when a file came, or when something was written about one."""
    asked = (
        _wish(request)[0] == "document"
        or request.FILES.get("file")
        or request.POST.get("upload")
        or request.POST.get("title", "").strip()
    )
    if request.method == "POST" and asked:
        return DocumentForm(request.POST, request.FILES)
    return DocumentForm()


def _add(request: HttpRequest, case: Submission, upload: DocumentForm) -> None:
    """Add the chosen file; a refusal stands on ``upload``, and the draft is saved all the same."""
    if upload.is_bound and upload.is_valid():
        attempt(request, upload, lambda: add_from(request, case, upload))
        if isinstance(getattr(upload, "refusal", None), AlreadyDone):
            # A second click, and what was wished for is there.
            messages.info(request, upload.refusal.message)
            upload.errors.clear()


def _ask_again(request: HttpRequest, upload: DocumentForm) -> None:
    """The draft was refused, and its file with it; a browser does not bring a chosen file back."""
    if request.FILES.get("file") and upload.is_valid():
        upload.add_error("file", "The file was not stored, because the draft was not. Choose it again.")


def _remove(request: HttpRequest, case: Submission) -> None:
    """Take out the document, or take back the evaluation, whose button was pressed."""
    verb, document = _wish(request)
    if verb == "remove":
        actions.remove_document(actor=request.user, document=_document(request, case, document))
    if verb == "take_back":
        row = get_object_or_404(
            Evaluation.objects.visible_to(request.user), pk=_id(document), submission=case
        )
        actions.take_back_evaluation(actor=request.user, evaluation=row)


def _document(request: HttpRequest, case: Submission, document: str) -> Document:
    return get_object_or_404(Document.objects.visible_to(request.user), pk=_id(document), submission=case)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404 from error


def _after(request: HttpRequest, case: Submission, step: wizard.Step | None) -> str:
    """Where the pressed button leads once the draft is saved."""
    verb, named = _wish(request)
    if verb == "review":
        return case_url(case, "review")
    if verb in ("version", "mark"):
        name = "lab:new_version" if verb == "version" else "lab:mark_document"
        return reverse(name, args=[case.case_number, _document(request, case, named).pk])
    if verb == "go" and named in wizard.BY_KEY:
        return step_url(case, wizard.BY_KEY[named])
    if verb == "next" and step is not None:
        following = wizard.after(step)
        return step_url(case, following) if following else case_url(case, "review")
    anchor = "#documents" if verb in ("document", "remove") or request.FILES.get("file") else ""
    return step_url(case, step) + anchor
