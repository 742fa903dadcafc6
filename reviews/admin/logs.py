"""Evaluation logs with an assessment on the workbench: put there, taken out, opened, and compared with the lab's own."""

import hashlib
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_GET, require_POST

from portal import sheets
from portal.admin import Step, StepForm
from portal.doors import see_other
from portal.errors import NotAllowed, Refused
from portal.headers import attachment
from portal.stepup import confirmed
from reviews import actions, looks, policies
from reviews.downloads import download
from reviews.evidence.reading import evidence_of
from reviews.evidence.sheet import as_csv
from reviews.models import AgencyLog, Assessment

SIDES = {"lab": "The lab's", "agency": "Ours", "only_lab": "Only the lab's", "only_agency": "Only ours"}


class LogForm(StepForm):
    file = forms.FileField(
        label="Evaluation log of Inspect",
        help_text="The .eval or .json file that Inspect wrote, one at a time.",
        allow_empty_file=True,
        error_messages={"required": "Choose a file."},
    )

    def arguments(self):
        values = super().arguments()
        return values | {"upload": values.pop("file")}


class WhichLogForm(StepForm):
    log = forms.ModelChoiceField(
        AgencyLog.objects.none(), label="Log", empty_label=None, widget=forms.RadioSelect
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["log"].queryset = logs_of(self.user, self.subject)  # type: ignore[attr-defined]


def logs_of(user, assessment: Assessment | None):
    """The logs of an assessment that a person reads."""
    return AgencyLog.objects.visible_to(user).beyond(user).filter(assessment=assessment)


def _has_logs(user, draft: Assessment, at) -> bool:
    return policies.writes_draft(user, draft, at=at) and logs_of(user, draft).exists()


STEPS = (
    Step(
        "add_log",
        actions.add_log,
        form=LogForm,
        label="Add an evaluation log",
        submit="Upload and read it",
        explain="A log of an evaluation that you ran yourself. Its results stand beside the lab's own. The lab reads the results"
        " once the assessment is shared, and never gets the file. Who checks the draft checks them too.",
        done="The log was read. Its results stand with the draft.",
        available=lambda user, draft, at: policies.writes_draft(user, draft, at=at),
    ),
    Step(
        "remove_log",
        actions.remove_log,
        form=WhichLogForm,
        label="Take a log out",
        explain="The log and its results are no part of the draft any more. That they were stays on record.",
        done="The log was taken out.",
        available=_has_logs,
    ),
)


def panels(request: HttpRequest, assessment: Assessment) -> list[tuple[str, str, dict]]:
    """The section of the assessment's page."""
    logs = list(logs_of(request.user, assessment).select_related("uploaded_by"))
    return [
        ("Evaluation logs of our own", "reviews/admin/logs.html", {"logs": logs, "assessment": assessment})
    ]


class TakesLogs:
    """The pages of AssessmentAdmin that show logs."""

    def get_urls(self: Any):
        pages = (
            ("evidence/", self.evidence_view, "evidence"),
            ("evidence/csv/", self.evidence_csv, "evidence_csv"),
            ("logs/<uuid:log_id>/content/", self.log_view, "log"),
        )
        own = [
            path(f"<uuid:object_id>/{route}", self.wrap(view), name=f"reviews_assessment_{name}")
            for route, view, name in pages
        ]
        return [*own, *super().get_urls()]  # type: ignore[misc]

    @method_decorator(require_GET)
    def evidence_view(self: Any, request: HttpRequest, object_id) -> HttpResponse:
        """What the lab's rows and our logs say, beside each other."""
        assessment = self.visible_or_404(request, object_id)
        looks.read_evidence(actor=request.user, assessment=assessment)
        context = {
            **self.admin_site.each_context(request),
            "title": "Evaluations compared",
            "original": assessment,
            "evidence": evidence_of(request.user, assessment),
            "sides": SIDES,
            "opts": self.opts,
            "plural": self.plural,
            "back": self.url_of("change", assessment),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "reviews/admin/evidence.html", context)

    @method_decorator(require_POST)
    @confirmed
    def evidence_csv(self: Any, request: HttpRequest, object_id) -> HttpResponse:
        """The same as CSV; that it was taken, and its SHA-256, goes on record."""
        assessment = self.visible_or_404(request, object_id)
        content = as_csv(evidence_of(request.user, assessment).compared)
        sha256 = hashlib.sha256(content).hexdigest()
        looks.read_evidence(
            actor=request.user, assessment=assessment, verb="took_comparison", data={"sha256": sha256}
        )
        name = f"{assessment.submission.case_number}-{assessment.domain}-evaluations.csv"
        return attachment(content, name=name, content_type=sheets.CSV)

    @method_decorator(transaction.non_atomic_requests)
    @method_decorator(require_GET)
    def log_view(self: Any, request: HttpRequest, object_id, log_id) -> HttpResponseBase:
        """A log's file, to who reads its assessment on the agency's side; 404 for everyone else."""
        assessment = self.visible_or_404(request, object_id)
        log = get_object_or_404(
            logs_of(request.user, assessment).select_related("assessment__submission"), pk=log_id
        )
        try:
            return download(actor=request.user, log=log)
        except NotAllowed as refusal:
            raise Http404 from refusal
        except Refused as refusal:
            messages.error(request, refusal.message)
            return see_other(self.url_of("change", assessment))
