"""Assessments on the workbench: written, checked, shared and made final."""

from typing import Any

from django.contrib import admin
from django.forms.models import fields_for_model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_GET

from portal.accounts.models import Kind, Role
from portal.admin import PortalAdmin, Question, Step, StepForm, state_tag
from portal.stepup import confirmed
from portal.submissions import policies as cases
from portal.submissions.admin.fields import CaseStepForm
from portal.submissions.admin.spills import report_step
from portal.submissions.models import Submission
from reviews import actions, looks, policies
from reviews.admin import answering, logs
from reviews.admin.choices import KeyField
from reviews.admin.columns import NONE, case, shown
from reviews.models import Assessment, Retest
from reviews.reporting import report_of
from reviews.states import ASSESSMENT, LAB_READS, AssessmentState

NEEDED = {"domain", *Assessment.REQUIRED}
_ROWS = {"method": 6, "findings": 14, "limitations": 4, "what": 3, "text": 8}


class TextsForm(StepForm):
    """The assessment's own fields; anything may be missing until the check is asked for."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, field in fields_for_model(Assessment, fields=Assessment.TEXTS).items():
            field.required = name in NEEDED
            if name in _ROWS:
                field.widget.attrs["rows"] = _ROWS[name]
            if self.subject is not None:
                self.initial.setdefault(name, getattr(self.subject, name))
            self.fields[name] = field
        if self.subject is not None:
            fields, written = answering.fields_of(self.subject)
            self.fields |= fields
            self.initial = written | self.initial

    def full_clean(self):
        """A draft may miss what only its check needs; the labels tell it as needed all the same."""
        for name in Assessment.REQUIRED:
            self.fields[name].required = False
        super().full_clean()
        for name in Assessment.REQUIRED:
            self.fields[name].required = True

    def arguments(self):
        values = super().arguments()
        texts = {name: values.pop(name) for name in Assessment.TEXTS}
        answers = answering.taken(values)
        return values | {"values": texts, "answers": answers}


class WriteForm(CaseStepForm, TextsForm):
    key = KeyField()


class RetestForm(StepForm):
    key = KeyField()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, field in fields_for_model(Retest, fields=Retest.TEXTS).items():
            if name in _ROWS:
                field.widget.attrs["rows"] = _ROWS[name]
            self.fields[name] = field

    def arguments(self):
        values = super().arguments()
        return values | {"values": {name: values.pop(name) for name in Retest.TEXTS}}


class Waits(Question):
    title = "what it waits for"
    parameter_name = "waits"
    questions = {
        "check": (
            "My check",
            lambda rows, user, at: rows.reviewed_by(user, at=at).awaiting_check_by(user),
        ),
        "share": (
            "My sharing",
            lambda rows, user, at: rows.led_by(user, at=at).in_state(AssessmentState.PEER_CHECKED),
        ),
        "finalize": (
            "My making it final",
            lambda rows, user, at: rows.led_by(user, at=at).in_state(AssessmentState.LAB_RESPONDED),
        ),
        "mine": (
            "My own writing",
            lambda rows, user, at: rows.in_state(AssessmentState.DRAFT).filter(author=user),
        ),
        "retest": (
            "A retest the lab asked for",
            lambda rows, user, at: rows.reviewed_by(user, at=at).awaiting_retest(),
        ),
        "lab": ("The lab's response", lambda rows, user, at: rows.in_state(AssessmentState.SHARED)),
    }


def _is_own_draft(user, draft: Assessment, at) -> bool:
    return policies.writes_draft(user, draft, at=at)


class AssessmentAdmin(logs.TakesLogs, PortalAdmin):
    list_display = ("domain", case, "author", "agency", "state_shown", "created_at", "shared_at")
    keys_first = True
    list_filter = (Waits, "state", "domain")
    search_fields = ("submission__case_number__istartswith", "author__name__istartswith")
    search_help_text = "The beginning of a case number or of an author's name, or words of the assessment."
    ordering = ("-created_at", "id")
    readonly_fields = (
        case, shown("author", "Author"), "agency", "domain", "method", "access_used", "hours", "confidence", "findings",
        "limitations", "classified_pointer", "created_at", "check_asked_at", "peer_checked_at",
        shown("peer_checked_by", "Checked by"), "shared_at", shown("shared_by", "Shared by"), "documents_read", "response",
        "responded_at", "finalized_at",
    )  # fmt: skip
    fieldsets: Any = (
        (None, {"fields": readonly_fields[:11]}),
        ("Its way", {"fields": readonly_fields[11:18]}),
        ("Response of the lab", {"fields": readonly_fields[18:]}),
    )
    machine = ASSESSMENT
    subject = "assessment"
    add_step = Step(
        "create_assessment",
        actions.create_assessment,
        form=WriteForm,
        label="Write an assessment",
        submit="Save the draft",
        explain="A draft of your own. The lab never sees a draft. The other reviewers see it once you ask for their check and"
        " theirs is in, and you see theirs from then on."
        " Write no score and nothing about whether to release. Once it is saved, you answer the questions of its domain.",
        done="The draft is saved.",
    )
    steps = (
        Step(
            "save_assessment",
            actions.save_assessment,
            form=TextsForm,
            label="Edit the draft",
            submit="Save the draft",
            explain="Save at any moment, with anything missing. What is not marked optional is needed for the check.",
            done="The draft is saved.",
            available=_is_own_draft,
        ),
        Step(
            "move_rubric",
            actions.move_rubric,
            form=answering.MoveForm,
            label="Move to the newest questions",
            submit="Move the draft",
            explain="A newer version of the rubric was published since this draft was begun. Answers to unchanged questions are"
            " kept. Of a question in new words your text stays, and you say anew how far it was studied.",
            done="The draft answers the newest version now.",
            available=lambda user, draft, at: (
                _is_own_draft(user, draft, at) and answering.has_newer_rubric(draft)
            ),
        ),
        Step(
            "ask_check",
            actions.ask_check,
            form=answering.AskForm,
            label="Ask for the peer check",
            explain="Yours is in with this: the draft opens to the other reviewers of the case whose own is in, who are told."
            " Theirs open to you.",
            done="The other reviewers have been asked.",
            available=lambda user, draft, at: _is_own_draft(user, draft, at) and draft.check_asked_at is None,
        ),
        *logs.STEPS,
        Step(
            "peer_check",
            actions.peer_check,
            explain="You have read the draft and checked its method, its findings and the results of its logs. All of it"
            " stands from here on.",
            done="Checked. The author and the lead have been told.",
        ),
        Step(
            "share",
            actions.share,
            explain="The lab reads the assessment from now on, and may respond. Which of its documents the author had read is"
            " noted with it.",
            done="Shared with the lab.",
        ),
        Step(
            "retest",
            actions.record_retest,
            form=RetestForm,
            label="Record a retest",
            submit="Record the retest",
            explain="What you saw when you tried again what this assessment found. The lab reads it at once and may answer it. It"
            " is not changed afterwards; whoever tries once more records another.",
            done="Recorded. The lab has been told.",
            available=lambda user, row, at: policies.may_retest(user, row, at=at),
        ),
        Step(
            "finalize",
            actions.finalize,
            explain="The lab has responded. The assessment and the response stay as they are.",
            done="The assessment is final.",
        ),
        report_step("assessment"),
    )

    def get_urls(self):
        report = path(
            "report/<uuid:submission_id>/", self.wrap(self.report_view), name="reviews_assessment_report"
        )
        return [report, *super().get_urls()]

    @method_decorator(require_GET)
    @confirmed
    def report_view(self, request: HttpRequest, submission_id) -> HttpResponse:
        """What was shared with the lab of a case, as one PDF."""
        seen = Submission.objects.visible_to(request.user).beyond(request.user).select_related("lab", "facts")
        return report_of(get_object_or_404(seen.with_markings(), pk=submission_id), actor=request.user)

    def may_open(self, user):
        # Security officers for what break-glass access opens to them.
        roles = (Role.REVIEWER, Role.COORDINATOR, Role.DESIGNATOR, Role.AUDITOR, Role.SECURITY)
        return user.has_seat(Kind.AGENCY, *roles)

    def may_add(self, user):
        return policies.reviews_for_an_agency(user)

    def capacities(self, user, obj, *, at):
        return policies.capacities(user, obj, at=at)

    def for_page(self, rows):
        return (
            rows.for_workbench().select_related("peer_checked_by", "shared_by").with_answers().with_retests()
        )

    def for_list(self, rows):
        long_texts = ("method", "findings", "limitations", "response")
        return rows.for_workbench().defer(*long_texts)

    def listed(self, request, objects):
        looks.read_assessments(actor=request.user, assessments=objects)

    def opened(self, request, obj):
        looks.read_assessment(actor=request.user, assessment=obj)

    def panels(self, request, assessment):
        found = [answering.panel(assessment), *logs.panels(request, assessment)]
        if assessment.state in LAB_READS:
            retests = {"retests": assessment.retests.all(), "assessment": assessment}
            found.append(("Retests", "reviews/admin/retests.html", retests))
        if cases.may_see(request.user, assessment.submission, "record"):
            found.append(("The case", "reviews/admin/case_link.html", {"assessment": assessment}))
        return [panel for panel in found if panel]

    @admin.display(description="Agency")
    def agency(self, assessment):
        return str(assessment.assignment.agency)

    @admin.display(description="State")
    def state_shown(self, assessment):
        return state_tag(AssessmentState(assessment.state))

    @admin.display(description="Documents the author had read")
    def documents_read(self, assessment):
        if assessment.shared_at is None:
            return NONE
        versions = assessment.versions_read.unfrozen().select_related("document")
        return ", ".join(f"{one.document.title}, version {one.number}" for one in versions) or "None"
