"""The queue of cases and each case's page, for coordinators, reviewers, designators and auditors."""

from datetime import timedelta

from django.contrib import admin, messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.views.decorators.http import require_GET

from portal import clock
from portal.accounts.models import Kind
from portal.admin import PortalAdmin, Question, Step, state_tag
from portal.admin.panels import waiting
from portal.doors import see_other
from portal.errors import NotAllowed
from portal.formats import instant
from portal.searching import saying
from portal.stepup import confirmed
from portal.submissions import actions, looks, policies
from portal.submissions.admin import documents, terms
from portal.submissions.admin.marks import mark
from portal.submissions.admin.page import CasePage
from portal.submissions.models import Conflict, Facts, Submission
from portal.submissions.next_steps import next_step
from portal.submissions.numbers import BEGINNING
from portal.submissions.querysets import FACTS, oversees
from portal.submissions.states import MACHINE, State

SOON = timedelta(days=7)


def _shown(value, before: str = ""):
    return format_html('<span class="workbench-instant">{}{}</span>', before, instant(value))


def _closing(rows, user, at):
    return rows.in_state(State.AGREED, State.OPEN, at=at).filter(closes_at__lte=at + SOON)


class WaitsFor(Question):
    title = "what it waits for"
    parameter_name = "waits"
    questions = {
        # Asked with the request: see below.
        "me": ("A step of mine", lambda rows, user, at: rows),
        "acknowledge": ("Acknowledgement", lambda rows, user, at: rows.in_state(State.SUBMITTED, at=at)),
        "terms": ("Our acceptance of terms", lambda rows, user, at: rows.awaiting_terms("government")),
        "lab": ("The lab's answer", lambda rows, user, at: rows.awaiting_lab()),
        "correction": ("A correction", lambda rows, user, at: rows.awaiting_correction()),
        "no_lead": ("A lead", lambda rows, user, at: rows.without_lead(at=at)),
        "close": ("Closing", lambda rows, user, at: rows.in_state(State.ENDED, at=at)),
    }

    def queryset(self, request, queryset):
        """ "A step of mine" is whatever stands in a queue of the person's first page, or hangs on a case there."""
        if self.value() == "me":
            return queryset.filter(waiting(request.user, Submission, "submission_id", at=clock.now()))
        return super().queryset(request, queryset)


class Window(Question):
    title = "the access window"
    parameter_name = "window"
    questions = {
        "open": ("Open", lambda rows, user, at: rows.in_state(State.OPEN, at=at)),
        "closing": ("Closes within 7 days", _closing),
        "ahead": ("Not open yet", lambda rows, user, at: rows.in_state(State.AGREED, at=at)),
        "over": ("Over", lambda rows, user, at: rows.in_state(State.ENDED, State.CLOSED, at=at)),
    }


class Conflicted(Question):
    title = "conflicts"
    parameter_name = "conflict"
    questions = {
        "declared": (
            "One was declared",
            lambda rows, user, at: rows.with_conflict(Conflict.objects.visible_to(user).standing()),
        ),
    }

    def lookups(self, request, model_admin):
        # Whose own conflict it is does not see the case; only who answers for everybody's has something to ask.
        return super().lookups(request, model_admin) if oversees(request.user) else []


class SubmissionAdmin(PortalAdmin):
    list_display = ("case_number", "lab", "model_shown", "state_shown", "window", "lead", "waits_for")
    keys_first = True
    list_filter = (WaitsFor, Window, Conflicted)
    search_fields = ("case_number",)
    search_help_text = "A case number or how it begins, part of a model's name, or words from its facts."
    ordering = ("-submitted_at", "id")
    singular, plural = "case", "cases"
    # Each row is written into the ledger as a look, so a page holds what a person reads, and no more.
    list_per_page = 25
    always_count = True
    change_form_template = "admin/case/case.html"
    machine = MACHINE
    subject = "submission"
    steps = (
        Step(
            "acknowledge",
            actions.acknowledge,
            explain="The lab is told that its submission was received, and the programme's standard access terms are laid before"
            " both sides as version 1.",
            done="Acknowledged. The lab has been told.",
        ),
        *terms.STEPS,
        Step(
            "request_correction",
            actions.request_correction,
            explain="The lab is asked for a new version of facts or documents. Nothing waits for its answer, and no date moves.",
            done="The lab has been asked.",
        ),
        Step(
            "close",
            actions.close,
            explain="The window has ended. Closing ends the reviewers' last access to facts and assessments.",
            done="Closed.",
            grave=True,
        ),
    )
    bulk_steps = ("acknowledge",)

    def may_open(self, user) -> bool:
        return user.has_seat(Kind.AGENCY)

    def capacities(self, user, obj, *, at):
        return policies.capacities(user, obj, at=at)

    # --- the list -----------------------------------------------------------------------------------------------------------
    def for_list(self, rows):
        return rows.for_workbench()

    def get_search_results(self, request, queryset, search_term):
        """A case number from its beginning, for everyone; a model's name, or words, only among the facts the person sees."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if BEGINNING.match(term.upper()):
            # One index answers this; asking for the name as well would read every visible case.
            return queryset.filter(case_number__startswith=term.upper()), False
        readable = Submission.objects.visible_to(request.user, scope=FACTS).order_by()
        told = saying(Facts.objects.order_by(), term).values("pk")
        found = readable.filter(Q(facts__model_name__icontains=term) | Q(facts__in=told))
        return queryset.filter(pk__in=found.values("pk")), False

    def listed(self, request, objects):
        mark(request.user, objects, at=clock.now())
        looks.listed(actor=request.user, submissions=[case for case in objects if case.facts_open])

    def exported(self, request, rows, sha256):
        told = [case for case in rows if case.facts_open]
        looks.taken_along(actor=request.user, submissions=told, sha256=sha256)

    @admin.display(description="Model")
    def model_shown(self, case):
        return case.model_name if case.facts_open else None

    @admin.display(description="State")
    def state_shown(self, case):
        late = state_tag("overdue") if case.late else ""
        return format_html("{} {}", state_tag(case.state), late)

    @admin.display(description="Access window")
    def window(self, case):
        if case.opens_at is None:
            return _shown(case.closes_at, "closes ") if case.closes_at else None
        return format_html("{}<br>{}", _shown(case.opens_at), _shown(case.closes_at, "to "))

    @admin.display(description="Lead")
    def lead(self, case):
        return case.lead_name

    @admin.display(description="Waits for")
    def waits_for(self, case):
        step = next_step(case, at=clock.now())
        return f"{step.by} {step.text}" if step else None

    # --- one case -----------------------------------------------------------------------------------------------------------
    def for_page(self, rows):
        return rows.select_related("facts", "lab")

    def get_fieldsets(self, request, obj=None):
        # The page is made of panels: nothing on it is a field.
        return []

    def change_view(self, request, object_id, form_url="", extra_context=None):
        case = self.visible_or_404(request, object_id)
        return super().change_view(
            request, object_id, form_url, {"page": CasePage.of(request, case)} | (extra_context or {})
        )

    def panels(self, request, obj):
        return CasePage.of(request, obj).panels()

    def opened(self, request, obj):
        CasePage.of(request, obj).record_looks()

    def history(self, request, obj):
        return CasePage.of(request, obj).events.select_related("actor")

    # --- files and secrets --------------------------------------------------------------------------------------------------
    def get_urls(self):
        return [
            path(
                "documents/<uuid:version_id>/content/",
                self.wrap(documents.content),
                name="submissions_document_content",
            ),
            path(
                "documents/<uuid:document_id>/compare/",
                self.wrap(self.compare_view),
                name="submissions_document_compare",
            ),
            path(
                "<uuid:object_id>/reveal_instructions/",
                self.wrap(self.reveal_view),
                name="submissions_submission_reveal_instructions",
            ),
            *super().get_urls(),
        ]

    @method_decorator(require_GET)
    def compare_view(self, request: HttpRequest, document_id) -> HttpResponse:
        """Two versions of a document beside each other."""
        context = {
            **self.admin_site.each_context(request),
            **documents.compared(request, document_id),
            "opts": self.opts,
            "plural": self.plural,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/case/compare.html", context)

    @confirmed
    def reveal_view(self, request: HttpRequest, object_id) -> HttpResponse:
        """The access instructions, shown on the answer to a POST and nowhere kept: a reload asks again and is recorded again."""
        case = self.visible_or_404(request, object_id)
        if request.method != "POST":
            return redirect(self.url_of("change", case))
        try:
            text = actions.reveal_instructions(actor=request.user, submission=case)
        except NotAllowed as refusal:
            messages.error(request, refusal.message)
            return see_other(self.url_of("change", case))
        context = {
            **self.admin_site.each_context(request),
            "title": "Access instructions",
            "original": case,
            "opts": self.opts,
            "plural": self.plural,
            "text": text,
            "back": self.url_of("change", case),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/case/revealed.html", context)
