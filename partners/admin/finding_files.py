"""Evidence files of a finding on the workbench: listed, opened, and those of an agency's own finding put there and taken out."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_GET

from partners import policies_findings as policies
from partners.actions import findings as actions
from partners.downloads import download_of_finding
from partners.finding_files import files_read_by
from partners.findings_forms import FileForm
from partners.models import Finding, FindingFile
from portal.admin import Step, StepForm
from portal.doors import see_other
from portal.errors import NotAllowed, Refused


class AddForm(FileForm, StepForm):
    """The form of partners and labs, as a step's."""


class WhichForm(StepForm):
    file = forms.ModelChoiceField(
        FindingFile.objects.none(), label="File", empty_label=None, widget=forms.RadioSelect
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["file"].queryset = _files(self.user, self.subject)  # type: ignore[attr-defined]


def _files(user, finding: Finding | None):
    return FindingFile.objects.visible_to(user).filter(finding=finding)


STEPS = (
    Step(
        "add_file",
        actions.add_file,
        form=AddForm,
        label="Add an evidence file",
        submit="Add this file",
        explain="Your agency's people open it, the government's who follow findings once it is reported, and where you say so its"
        " owner once notified. Each opening is recorded. A file stays with the finding once that is reported.",
        done="The file is with the finding.",
        available=lambda user, finding, at: policies.may_add_file(user, finding),
    ),
    Step(
        "remove_file",
        actions.remove_file,
        form=WhichForm,
        label="Take an evidence file out",
        explain="Nobody reads it any more. That it was there stays on record.",
        done="The file was taken out.",
        available=lambda user, finding, at: (
            policies.may_edit_finding(user, finding) and _files(user, finding).exists()
        ),
    ),
)


def panel(request: HttpRequest, finding: Finding) -> tuple[str, str, dict]:
    """The section of the finding's page."""
    rows = files_read_by(request.user, finding)
    return "Evidence files", "partners/admin/finding_files.html", {"rows": rows, "finding": finding}


class OpensFiles:
    """The page of FindingAdmin by which an evidence file is opened."""

    def get_urls(self: Any):
        route = "<uuid:object_id>/files/<uuid:file_id>/content/"
        opened = path(route, self.wrap(self.content_view), name="partners_finding_content")
        return [opened, *super().get_urls()]  # type: ignore[misc]

    @method_decorator(transaction.non_atomic_requests)
    @method_decorator(require_GET)
    def content_view(self: Any, request: HttpRequest, object_id, file_id) -> HttpResponseBase:
        """A file, to who reads it on the government's side; 404 for everyone else."""
        finding = self.visible_or_404(request, object_id)
        file = get_object_or_404(_files(request.user, finding).select_related("finding"), pk=file_id)
        try:
            return download_of_finding(actor=request.user, file=file)
        except NotAllowed as refusal:
            raise Http404 from refusal
        except Refused as refusal:
            messages.error(request, refusal.message)
            return see_other(self.url_of("change", finding))
