"""From nothing to a receipt: begin a draft, save it at any moment, look it over, submit it."""

from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from portal import clock
from portal.accounts.models import Kind, Organisation, Role
from portal.doors import answer, attempt, see_other
from portal.submissions import actions, history
from portal.submissions.forms import BareForm, DocumentForm, DraftForm, NewForm
from portal.submissions.missing import missing
from portal.submissions.models import Document, Facts, Submission
from portal.submissions.next_steps import road_ahead
from portal.submissions.people import public_names
from portal.submissions.views.base import case_url, lab_page, not_now, page, posted_revision, take, the_case
from portal.submissions.views.documents import add_from

SAVED = "The draft is saved. Only your lab sees it."


@lab_page("GET", "POST")
def new(request: HttpRequest) -> HttpResponse:
    """Begin a draft; everything may still be missing. The form's key makes a double click one draft."""
    writes_for = request.user.organisations_as(Kind.LAB, Role.ADMIN, Role.CONTRIBUTOR)
    labs = Organisation.objects.filter(pk__in=writes_for)
    if not writes_for:
        raise PermissionDenied("Administrators and contributors of a lab begin its submissions.")
    form = NewForm(request.POST if request.method == "POST" else None, user=request.user, labs=labs)
    upload = _upload_form(request)
    key = _key(request)
    made: list[Submission] = []

    def create() -> Submission:
        lab = form.cleaned_data.get("lab") or labs[0]
        case = actions.create_draft(actor=request.user, lab=lab, facts=form.facts, dates=form.dates, key=key)
        made.append(case)
        _add(request, case, upload)
        return case

    done = form.is_bound and take(request, form, create, done=SAVED, to=lambda case: _after(request, case))
    if done and not upload.errors:
        return done
    if made:
        # The draft is there, its file was refused: go on where the draft is edited.
        return _edit_page(request, the_case(request, made[0].case_number), form, upload, fresh=True)
    _ask_again(request, upload)
    return answer(request, "lab/new.html", {"key": key, "upload": upload, "labs": labs}, form=form)


def _key(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        return uuid4()


@lab_page("GET", "POST")
def edit(request: HttpRequest, case_number: str) -> HttpResponse:
    """The draft's one form. Every button saves it first, so that nothing typed is lost on the way to something else."""
    case = the_case(request, case_number)
    now: dict[str, Any] = {name: getattr(case.facts, name) for name in Facts.TEXTS}
    now |= {name: getattr(case, name) for name in DraftForm.instants}
    form = DraftForm(request.POST if request.method == "POST" else None, user=request.user, initial=now)
    upload = _upload_form(request)

    def save() -> Submission:
        saved = actions.save_draft(
            actor=request.user,
            submission=case,
            facts=form.facts,
            dates=form.dates,
            expected_revision=posted_revision(request.POST),
        )
        _add(request, case, upload)
        _remove(request, case)
        return saved

    done = form.is_bound and take(request, form, save, done=SAVED, to=lambda saved: _after(request, saved))
    if done and not upload.errors:
        return done
    if away := not_now(request, case, "save_draft", typed=form.is_bound):
        return away
    if not done:
        _ask_again(request, upload)
    return _edit_page(request, the_case(request, case_number), form, upload, fresh=bool(done))


def _edit_page(request: HttpRequest, case: Submission, form, upload, *, fresh: bool) -> HttpResponse:
    return page(
        request,
        "lab/edit.html",
        case,
        look="viewed_draft",
        form=form,
        fresh=fresh,
        upload=upload,
        documents=history.documents_of(case),
    )


def _wish(request: HttpRequest) -> tuple[str, str]:
    """Which button was pressed, and for which document."""
    verb, _, document = request.POST.get("do", "save").partition(":")
    return verb, document


def _upload_form(request: HttpRequest) -> DocumentForm:
    """Bound when a file came, or when something was written about one."""
    asked = (
        _wish(request)[0] == "document" or request.FILES.get("file") or request.POST.get("title", "").strip()
    )
    if request.method == "POST" and asked:
        return DocumentForm(request.POST, request.FILES)
    return DocumentForm()


def _add(request: HttpRequest, case: Submission, upload: DocumentForm) -> None:
    """Add the chosen file; a refusal stands on ``upload``, and the draft is saved all the same."""
    if upload.is_bound and upload.is_valid():
        attempt(request, upload, lambda: add_from(request, case, upload))


def _ask_again(request: HttpRequest, upload: DocumentForm) -> None:
    """The draft was refused, and its file with it; a browser does not bring a chosen file back."""
    if request.FILES.get("file") and upload.is_valid():
        upload.add_error("file", "The file was not stored, because the draft was not. Choose it again.")


def _remove(request: HttpRequest, case: Submission) -> None:
    verb, document = _wish(request)
    if verb == "remove":
        actions.remove_document(actor=request.user, document=_document(request, case, document))


def _document(request: HttpRequest, case: Submission, document: str) -> Document:
    try:
        key = UUID(document)
    except ValueError as error:
        raise Http404 from error
    return get_object_or_404(Document.objects.visible_to(request.user), pk=key, submission=case)


def _after(request: HttpRequest, case: Submission) -> str:
    """Where the pressed button leads once the draft is saved."""
    verb, document = _wish(request)
    if verb == "review":
        return case_url(case, "review")
    if verb == "version":
        return reverse("lab:new_version", args=[case.case_number, _document(request, case, document).pk])
    anchor = "#documents" if verb in ("document", "remove") or request.FILES.get("file") else ""
    return case_url(case, "edit") + anchor


@lab_page("GET", "POST")
def review(request: HttpRequest, case_number: str) -> HttpResponse:
    """The draft as it would be received, and everything that is still missing; from here it is submitted."""
    case = the_case(request, case_number)
    form = BareForm(request.POST if request.method == "POST" else None)
    done = form.is_bound and take(
        request,
        form,
        lambda: actions.submit(
            actor=request.user, submission=case, expected_revision=posted_revision(request.POST)
        ),
        done="Your submission was received.",
        to=case_url(case, "receipt"),
    )
    if done:
        return done
    if away := not_now(request, case, "submit"):
        return away
    return page(
        request,
        "lab/review.html",
        the_case(request, case_number),
        look="viewed_draft",
        form=form,
        lacks=[(lack, _link(case, lack.field)) for lack in missing(case, at=clock.now())],
        documents=history.documents_of(case),
    )


def _link(case: Submission, field: str) -> str:
    """Where a field is written: the form, at that field."""
    return f"{case_url(case, 'edit')}#id_{field}"


@lab_page()
def receipt(request: HttpRequest, case_number: str) -> HttpResponse:
    """What was received, as it was then, and what follows; to print and keep."""
    case = the_case(request, case_number)
    found = history.receipt(case)
    if found is None:
        return see_other(case_url(case))
    by = public_names(case, [found.actor_id])[found.actor_id] if found.actor_id else ""
    at = clock.now()
    return page(
        request,
        "lab/receipt.html",
        case,
        look="viewed_receipt",
        receipt=found,
        by=by,
        facts=case.facts_versions.order_by("number").first(),
        steps=road_ahead(case, at=at),
        now=at,
    )
