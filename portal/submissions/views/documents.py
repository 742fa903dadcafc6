"""Files of a case: added, given new versions, and read."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from portal.doors import back_or, page_of, see_other
from portal.errors import Invalid, NotAllowed, Refused
from portal.submissions import actions, comparing, history
from portal.submissions.actions.uploads import USED
from portal.submissions.downloads import download
from portal.submissions.forms import DocumentForm, FileForm, MarkingForm
from portal.submissions.models import Document, DocumentVersion, Upload
from portal.submissions.states import State
from portal.submissions.views.base import case_url, lab_page, not_now, page, step_url, take, the_case
from portal.submissions.wizard import BY_KEY

DOCUMENTS_A_PAGE = 100


@lab_page()
def listed(request: HttpRequest, case_number: str) -> HttpResponse:
    """The documents of a case by themselves, to read, a hundred a page."""
    case = the_case(request, case_number)
    shown = page_of(request, history.documents(case), size=DOCUMENTS_A_PAGE)
    return page(
        request,
        "lab/documents.html",
        case,
        look="viewed_documents",
        page=shown,
        documents=shown.object_list,
    )


@lab_page("GET", "POST")
def add(request: HttpRequest, case_number: str) -> HttpResponse:
    """A further document of a case, for as long as its window has not ended."""
    case = the_case(request, case_number)
    form = DocumentForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    done = form.is_bound and take(
        request,
        form,
        lambda: add_from(request, case, form),
        done="The document was added.",
        to=case_url(case) + "#documents",
    )
    return (
        done
        or not_now(request, case, "add_document", typed=form.is_bound)
        or page(request, "lab/add_document.html", case, look="viewed_documents", form=form)
    )


def add_from(request: HttpRequest, case, form: DocumentForm) -> Document:
    """Add the document that a valid form describes."""
    return actions.add_document(
        actor=request.user,
        submission=case,
        kind=form.cleaned_data["kind"],
        title=form.cleaned_data["title"],
        **form.marks,
        **sent(request, form),
    )


def sent(request: HttpRequest, form: FileForm) -> dict:
    """The file of a valid form: what came along, or the person's upload as which it has come already."""
    upload = request.FILES.get("file")
    if upload is None and (key := form.cleaned_data["upload"]):
        upload = Upload.objects.visible_to(request.user).filter(pk=key).first()
        if upload is None:
            raise Invalid(USED, field="file")
    return {"upload": upload, "sha256": form.cleaned_data["sha256"]}


@lab_page("GET", "POST")
def new_version(request: HttpRequest, case_number: str, document_id) -> HttpResponse:
    """A new version of a document; the earlier ones stay."""
    case = the_case(request, case_number)
    document = get_object_or_404(Document.objects.visible_to(request.user), pk=document_id, submission=case)
    form = FileForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    back = (
        step_url(case, BY_KEY["documents"]) if case.state == State.DRAFT else case_url(case)
    ) + "#documents"
    done = form.is_bound and take(
        request,
        form,
        lambda: actions.add_version(actor=request.user, document=document, **sent(request, form)),
        done="The new version was added. The earlier ones stay.",
        to=back,
    )
    return (
        done
        or not_now(request, case, "add_version", typed=form.is_bound)
        or page(
            request,
            "lab/new_version.html",
            case,
            look="viewed_documents",
            form=form,
            document=document,
            back=back,
        )
    )


@lab_page("GET", "POST")
def mark(request: HttpRequest, case_number: str, document_id) -> HttpResponse:
    """Another marking for a document: the lab's own act, stricter or laxer."""
    case = the_case(request, case_number)
    document = get_object_or_404(Document.objects.visible_to(request.user), pk=document_id, submission=case)
    now = {
        "tlp": document.tlp,
        "cui": document.cui,
        "confidential_commercial": document.confidential_commercial,
    }
    form = MarkingForm(request.POST if request.method == "POST" else None, initial=now)
    back = case_url(case, "edit" if case.state == State.DRAFT else "case") + "#documents"
    done = form.is_bound and take(
        request,
        form,
        lambda: actions.mark_document(actor=request.user, document=document, **form.marks),
        done="The marking was changed.",
        to=back,
    )
    return (
        done
        or not_now(request, case, "mark_document", typed=form.is_bound)
        or page(
            request,
            "lab/mark_document.html",
            case,
            look="viewed_documents",
            form=form,
            document=document,
            back=back,
        )
    )


@lab_page()
def compare(request: HttpRequest, document_id) -> HttpResponse:
    """Two versions of a document of one's lab, beside each other."""
    documents = Document.objects.visible_to(request.user).select_related("submission")
    document = get_object_or_404(documents, pk=document_id)
    case = the_case(request, document.submission.case_number)
    found = comparing.compare(actor=request.user, document=document, asked=request.GET)
    return page(request, "lab/compare.html", case, look="viewed_documents", document=document, found=found)


# In no transaction of the request's: a copy may take as long as half a minute to make.
@transaction.non_atomic_requests
@require_GET
@login_required
def content(request: HttpRequest, version_id) -> HttpResponseBase:
    """A file, for whomever the audience admits to it now: lab, reviewer, coordinator or partner. The look comes first."""
    documents = Document.objects.visible_to(request.user).order_by().values("pk")
    version = get_object_or_404(
        DocumentVersion.objects.select_related("document__submission"),
        pk=version_id,
        document_id__in=documents,
    )
    try:
        return download(actor=request.user, version=version)
    except NotAllowed as error:
        raise Http404 from error
    except Refused as error:
        messages.error(request, error.message)
        return see_other(back_or(request, "/"))
