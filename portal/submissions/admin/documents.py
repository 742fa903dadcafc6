"""Files on the workbench: opened by the action that records the look, and streamed."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET

from portal.doors import see_other
from portal.errors import NotAllowed, Refused
from portal.submissions import comparing
from portal.submissions.downloads import download
from portal.submissions.models import Document, DocumentVersion


def compared(request: HttpRequest, document_id) -> dict:
    """What the page of two versions of a document shows; 404 for whom the audience does not admit to it."""
    documents = Document.objects.visible_to(request.user).select_related("submission")
    document = get_object_or_404(documents, pk=document_id)
    found = comparing.compare(actor=request.user, document=document, asked=request.GET)
    return {
        "document": document,
        "found": found,
        "original": document.submission,
        "title": "Versions compared",
        "back": reverse("admin:submissions_submission_change", args=[document.submission_id]),
    }


# In no transaction of the request's: a copy may take as long as half a minute to make.
@transaction.non_atomic_requests
@require_GET
def content(request: HttpRequest, version_id) -> HttpResponseBase:
    """One version's file, for whom the audience admits to the document now; 404 for everyone else."""
    readable = Document.objects.visible_to(request.user).order_by().values("pk")
    versions = DocumentVersion.objects.select_related("document__submission")
    version = get_object_or_404(versions, pk=version_id, document__in=readable)
    try:
        return download(actor=request.user, version=version)
    except NotAllowed as refusal:
        # Access ended meanwhile: absent and forbidden answer alike.
        raise Http404 from refusal
    except Refused as refusal:
        messages.error(request, refusal.message)
        return see_other(
            reverse("admin:submissions_submission_change", args=[version.document.submission_id])
        )
