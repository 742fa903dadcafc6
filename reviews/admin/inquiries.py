"""Inquiries on the workbench: acknowledged, benchmarked, answered, closed."""

from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.urls import reverse

from portal.accounts.models import Kind, Role
from portal.admin import PortalAdmin, Question, Step, StepForm, state_tag
from portal.submissions.admin.spills import report_step
from reviews import actions, looks, policies
from reviews.admin.columns import NONE, shown
from reviews.models import Designation, Inquiry
from reviews.states import INQUIRY, InquiryState

verbs = actions.inquiries


class AnswerForm(StepForm):
    answer = Inquiry._meta.get_field("answer").formfield(
        required=True,
        help_text="The lab reads it. What was determined is a designation of its own, recorded and confirmed by two persons.",
        error_messages={"required": "Write the answer."},
        widget=forms.Textarea(attrs={"rows": 8}),
    )


class Waits(Question):
    title = "what it waits for"
    parameter_name = "waits"
    questions = {
        "acknowledge": ("Acknowledgement", lambda rows, user, at: rows.in_state(InquiryState.SUBMITTED)),
        "benchmarking": ("Benchmarking", lambda rows, user, at: rows.in_state(InquiryState.ACKNOWLEDGED)),
        "answer": (
            "A designator's answer",
            lambda rows, user, at: rows.in_state(InquiryState.IN_BENCHMARKING),
        ),
        "close": ("Closing", lambda rows, user, at: rows.in_state(InquiryState.ANSWERED)),
    }


class InquiryAdmin(PortalAdmin):
    list_display = ("number", "lab", "model_shown", "state_shown", "submitted_at", "answered_at")
    list_filter = (Waits,)
    search_fields = ("number__istartswith", "lab__name__istartswith")
    search_help_text = "The beginning of a number or of a lab's name, or words of question and answer."
    ordering = ("-submitted_at", "id")
    fields = readonly_fields = (
        "number", shown("lab", "Lab"), "model_shown", "question_shown", "submitted_at", "acknowledged_at", "benchmarking_at",
        "answer", "answered_at", shown("answered_by", "Answered by"), "closed_at", "withdrawn_at",
    )  # fmt: skip
    machine = INQUIRY
    subject = "inquiry"
    steps = (
        Step("acknowledge", verbs.acknowledge, done="Acknowledged. The lab has been told."),
        Step(
            "begin_benchmarking",
            verbs.begin_benchmarking,
            explain="The lab is told, and the designators, whose answer comes next.",
            done="Benchmarking has begun.",
        ),
        Step("answer", verbs.answer, form=AnswerForm, done="Answered. The lab has been told."),
        Step("close", verbs.close, done="Closed."),
        report_step("inquiry"),
    )
    bulk_steps = ("acknowledge",)

    def may_open(self, user):
        return user.has_seat(Kind.AGENCY, Role.REVIEWER, Role.COORDINATOR, Role.DESIGNATOR, Role.AUDITOR)

    def capacities(self, user, obj, *, at):
        return policies.capacities(user, obj, at=at)

    def for_page(self, rows):
        return rows.select_related("lab", "answered_by")

    def for_list(self, rows):
        return rows.for_workbench().defer("question", "answer")

    def rows_to_read(self, request):
        return super().rows_to_read(request).readable_to(request.user)

    def listed(self, request, objects):
        looks.read_inquiries(actor=request.user, inquiries=objects, verb="listed")

    def opened(self, request, obj):
        looks.read_inquiries(actor=request.user, inquiries=[obj])

    def panels(self, request, inquiry):
        found = Designation.objects.visible_to(request.user).filter(inquiry=inquiry).for_workbench()
        add = ""
        if policies.is_designator(request.user) and inquiry.state != InquiryState.WITHDRAWN:
            given = {"lab": inquiry.lab_id, "inquiry": inquiry.pk, "subject": inquiry.model_name}
            add = f"{reverse('admin:reviews_designation_add')}?{urlencode(given)}"
        context = {"designations": found, "add": add}
        return [("Designations about this inquiry", "reviews/admin/designations.html", context)]

    @admin.display(description="Model")
    def model_shown(self, inquiry):
        # No lab reads its own inquiry here, and to everybody else a withdrawn one shows no words.
        return NONE if inquiry.state == InquiryState.WITHDRAWN else inquiry.model_name

    @admin.display(description="Question")
    def question_shown(self, inquiry):
        return NONE if inquiry.state == InquiryState.WITHDRAWN else inquiry.question

    @admin.display(description="State")
    def state_shown(self, inquiry):
        return state_tag(InquiryState(inquiry.state))
