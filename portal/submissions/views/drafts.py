"""From nothing to a whole draft: begin it, write it step by step, and have what is typed kept while it is typed."""

from uuid import UUID, uuid4

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from portal import clock
from portal.accounts.models import Kind, Organisation, Role
from portal.doors import answer, attempt
from portal.errors import AlreadyDone
from portal.submissions import actions, history, wizard
from portal.submissions.actions.drafts import Conflict
from portal.submissions.forms import DocumentForm, DraftForm, NewForm
from portal.submissions.models import Document, Evaluation, Submission
from portal.submissions.views import keeping
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
        request,
        "lab/new.html",
        {"key": key, "labs": labs, "steps": wizard.BY_KEY, "step": wizard.STEPS[0]},
        form=form,
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
    verb, _ = keeping.wish(request)
    if verb == "keep" and form.is_bound:
        return keeping.kept(request, case, form)
    upload = _upload_form(request)
    conflicts: list[Conflict] = []

    def save() -> Submission:
        # The file first: a slow storage is waited for before the draft is locked. It goes again where the draft is refused.
        with transaction.atomic():
            _add(request, case, upload)
            merged = keeping.merge(request, case, form)
        conflicts.extend(merged.conflicts)
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
        seen = keeping.seen(request)
    else:
        typed = {conflict.field: form.cleaned_data[conflict.field] for conflict in conflicts}
        form = DraftForm.of(case, user=request.user, step=step, typed=typed)
        seen = keeping.digests(case, form) | {name: keeping.seen(request).get(name, "") for name in typed}
    documents, evaluations = history.documents_of(case), history.evaluations_of(case)
    contacts = list(case.contacts.standing())
    rows = {"documents": bool(documents), "evaluations": bool(evaluations), "contacts": bool(contacts)}
    response = page(
        request,
        "lab/edit.html",
        case,
        look="viewed_draft",
        form=form,
        steps=wizard.BY_KEY,
        step=step,
        progress=wizard.progress(case, at=clock.now(), rows=rows),
        seen=" ".join(f"{name}={value}" for name, value in seen.items()),
        conflicts=keeping.told(case, form, conflicts),
        upload=upload,
        documents=documents,
        evaluations=evaluations,
        contacts=contacts,
    )
    if conflicts:
        response.status_code = 409
    return response


def _upload_form(request: HttpRequest) -> DocumentForm:
    """Bound when a file came, or when something was written about one."""
    asked = (
        keeping.wish(request)[0] == "document"
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
    verb, document = keeping.wish(request)
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
    verb, named = keeping.wish(request)
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
