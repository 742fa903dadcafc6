"""Spills on the workbench: reported from whatever may hold one, looked after by security officers. Kind and id, never content."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_http_methods

from portal import clock
from portal.accounts.models import Kind, Role
from portal.admin import PortalAdmin, Question, Step, StepForm, state_tag
from portal.doors import attempt, see_other
from portal.errors import AlreadyDone, NotAllowed
from portal.submissions import actions, looks, spills
from portal.submissions import policies_spills as policies
from portal.submissions.forms.spills import SpillForm
from portal.submissions.freezing import WHAT_HAPPENS
from portal.submissions.models import Document, Spill
from portal.submissions.states import SPILL

DONE = "Reported. It is frozen from now on, and security officers have been told."


class ReportForm(SpillForm, StepForm):
    """The lab's form, as a step's."""


class RemoveForm(StepForm):
    keep_name = forms.BooleanField(
        required=False,
        label="Keep titles and file names",
        help_text="Only where nothing is feared of the names themselves.",
    )


def report_step(subject: str) -> Step:
    """The button of an admin whose objects can be frozen; whoever reads the page may report it."""

    def report(*, actor, feared: str, **named) -> Spill:
        return actions.report_spill(actor=actor, subject=named[subject], feared=feared)

    return Step(
        "report_spill",
        report,
        form=ReportForm,
        label="Report a spill",
        submit="Report it and freeze it now",
        explain=WHAT_HAPPENS,
        done=DONE,
        available=lambda user, obj, at: True,
        grave=True,
    )


DOCUMENT_STEP = report_step("document")


class Standing(Question):
    title = "what became of it"
    parameter_name = "state"
    questions = {
        state: (label, lambda rows, user, at, state=state: rows.filter(state=state))
        for state, label in Spill._meta.get_field("state").choices
    }


class SpillAdmin(PortalAdmin):
    list_display = (
        "number",
        "kind_shown",
        "feared",
        "state_shown",
        "reported_at",
        "settled_at",
        "destroyed_at",
    )
    list_filter = (Standing, "feared")
    search_fields = ("number__istartswith",)
    search_help_text = "A case number or how it begins."
    ordering = ("-reported_at", "id")
    fields = readonly_fields = (
        "number", "kind_shown", "subject_id", "feared", "reported_by", "organisation", "reported_at", "settled_by", "settled_at",
        "destroyed_at",
    )  # fmt: skip
    singular, plural = "spill", "spills"
    machine = SPILL
    subject = "spill"
    steps = (
        Step(
            "lift_spill",
            actions.lift_spill,
            explain="It was none: what is frozen is shown again to whom the case admits. Give a reason that names nothing of the"
            " content.",
            done="Lifted. The lab, where it could read it, and the other security officers have been told.",
        ),
        Step(
            "remove_content",
            actions.remove_content,
            form=RemoveForm,
            submit="Destroy the content",
            explain="The stored bytes and texts are destroyed and cannot be brought back; a legal hold does not keep them. The"
            " record keeps the object's id and the SHA-256 of its files. Copies that were downloaded before are not reached: the"
            " looks on record say who has them.",
            done="Removed. The stored bytes are being destroyed.",
            grave=True,
        ),
    )

    def may_open(self, user) -> bool:
        return user.has_seat(Kind.AGENCY, Role.SECURITY, Role.AUDITOR, Role.COORDINATOR)

    def capacities(self, user, obj, *, at):
        return policies.capacities(user, obj, at=at)

    def for_page(self, rows):
        return rows.select_related("reported_by", "organisation", "settled_by")

    @admin.display(description="What is frozen", ordering="kind")
    def kind_shown(self, spill: Spill) -> str:
        return spills.label_of(spill.kind)

    @admin.display(description="State")
    def state_shown(self, spill: Spill):
        return state_tag(spill.state)

    # --- documents, which have no admin of their own ------------------------------------------------------------------------
    def get_urls(self):
        report = path(
            "document/<uuid:document_id>/report/",
            self.wrap(self.report_document),
            name="submissions_document_report_spill",
        )
        return [report, *super().get_urls()]

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def report_document(self, request: HttpRequest, document_id) -> HttpResponse:
        """The page that asks before a document is frozen, and the POST that freezes it."""
        documents = (
            Document.objects.visible_to(request.user).beyond(request.user).select_related("submission")
        )
        document = get_object_or_404(documents, pk=document_id)
        back = reverse("admin:submissions_submission_change", args=[document.submission_id])
        data = request.POST if request.method == "POST" else None
        form = ReportForm(data, user=request.user, subject=document, at=clock.now())
        if form.is_bound and form.is_valid():
            attempt(
                request,
                form,
                lambda: DOCUMENT_STEP.call(actor=request.user, document=document, **form.arguments()),
            )
            refusal = getattr(form, "refusal", None)
            if isinstance(refusal, NotAllowed):
                raise PermissionDenied(refusal.message)
            if refusal is None or isinstance(refusal, AlreadyDone):
                messages.success(request, DONE) if refusal is None else messages.info(
                    request, refusal.message
                )
                return see_other(back)
        # The page names the document.
        looks.looked(actor=request.user, submission=document.submission, verb="viewed_documents")
        context = {
            **self.admin_site.each_context(request),
            "title": DOCUMENT_STEP.label,
            "step": DOCUMENT_STEP,
            "form": form,
            "original": document,
            "opts": self.opts,
            "plural": self.plural,
            "back": back,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/step.html", context)
