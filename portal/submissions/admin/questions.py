"""Questions to labs on the workbench: one queue a case, asked, asked again, merged and withdrawn."""

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html

from portal.accounts.models import Kind, Role
from portal.admin import PortalAdmin, Question, Step, StepForm, state_tag
from portal.formats import beginning, instant
from portal.submissions import looks, policies
from portal.submissions.actions import questions as actions
from portal.submissions.admin.fields import AgencyStepForm
from portal.submissions.admin.spills import report_step
from portal.submissions.models import Document, InformationRequest, Submission
from portal.submissions.states import REQUEST, RequestState
from portal.submissions.threads import thread

# Two texts are called alike from here on; pg_trgm's own threshold.
ALIKE = 0.3
LABEL_LENGTH = 90


class AskForm(AgencyStepForm):
    """A case, the words, and the agency where the person asks for several."""

    roles = (Role.COORDINATOR, Role.REVIEWER)
    text = forms.CharField(
        label="Question",
        max_length=InformationRequest.TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 8, "dir": "auto"}),
        error_messages={"required": "Write the question."},
        help_text="The lab and everybody who reads the case's facts for the government read it. Look first whether another"
        " agency has asked the same.",
    )
    field_order = ("submission", "text", "agency")


class LikeField(forms.ModelChoiceField):
    """Another question, by its beginning."""

    def label_from_instance(self, question):
        words = beginning(question.text, LABEL_LENGTH)
        alike = " (alike)" if question.likeness >= ALIKE else ""
        return f"{question}, {question.agency.name}{alike}: {words}"


class MergeForm(StepForm):
    """The other questions of the case that still stand, the most alike first."""

    preface = "admin/case/merge.html"
    into = LikeField(
        InformationRequest.objects.none(),
        widget=forms.RadioSelect,
        label="Question that stands for both",
        error_messages={"required": "Choose the question that stands for both."},
        help_text="Its answer serves the agencies of both.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        others = InformationRequest.objects.visible_to(self.user, at=self.at).filter(
            submission=self.subject.submission_id
        )
        standing = others.in_state(RequestState.ASKED, RequestState.ANSWERED, at=self.at)
        standing = standing.exclude(pk=self.subject.pk).like(self.subject.text)
        self.fields["into"].queryset = standing.select_related("agency")


class WaitsFor(Question):
    title = "what it waits for"
    parameter_name = "waits"
    questions = {
        "lab": ("The lab's answer", lambda rows, user, at: rows.in_state(RequestState.ASKED, at=at)),
        "mine": (
            "The lab's answer to my agency",
            lambda rows, user, at: rows.in_state(RequestState.ASKED, at=at).serving(_own_agencies(user)),
        ),
        "answered": (
            "Nothing: answered, my agency's",
            lambda rows, user, at: rows.in_state(RequestState.ANSWERED, at=at).serving(_own_agencies(user)),
        ),
    }


def _own_agencies(user) -> list:
    return user.organisations_as(Kind.AGENCY)


class QuestionAdmin(PortalAdmin):
    list_display = ("question", "case_number", "words", "agencies_shown", "state_shown", "due")
    keys_first = True
    list_filter = (WaitsFor,)
    search_fields = ("submission__case_number__istartswith",)
    search_help_text = "A case number or how it begins, or words of the question."
    ordering = ("-asked_at", "id")
    singular, plural = "question", "questions"
    machine = REQUEST
    subject = "question"
    add_step = Step(
        "ask",
        actions.ask,
        form=AskForm,
        label="Ask the lab",
        submit="Ask",
        explain="The lab reads your agency's name, and yours only where the agreed terms show names. It is given a target, and"
        " nothing waits for its answer: no date of the lab's moves.",
        done="Asked. The lab has been told.",
    )
    steps = (
        Step(
            "ask_again",
            actions.ask_again,
            explain="Say what the answer leaves open. The lab gets a new target; its answers stay as they are.",
            done="Asked again. The lab has been told.",
        ),
        Step(
            "merge",
            actions.merge,
            form=MergeForm,
            explain="The other question stands for both from now on. Its answer, also one that is given already, serves this"
            " one's agency too. The agencies and the lab are told.",
            done="Merged. The agencies and the lab have been told.",
        ),
        Step(
            "withdraw",
            actions.withdraw,
            explain="The lab is told that nobody needs the answer any more.",
            done="Withdrawn. The lab has been told.",
            grave=True,
        ),
        report_step("question"),
    )

    def may_open(self, user) -> bool:
        return user.has_seat(Kind.AGENCY, Role.COORDINATOR, Role.REVIEWER, Role.DESIGNATOR, Role.AUDITOR)

    def may_add(self, user) -> bool:
        return policies.asks_for_an_agency(user)

    def capacities(self, user, obj, *, at):
        return policies.acting_on_question(user, obj, at=at)

    # --- the list -----------------------------------------------------------------------------------------------------------
    def for_list(self, rows: QuerySet) -> QuerySet:
        return rows.in_short().select_related("submission", "agency", "merged_into")

    def listed(self, request, objects):
        cases = {row.submission_id: row.submission for row in objects}
        looks.listed(actor=request.user, submissions=cases.values(), verb="listed_questions")

    def exported(self, request, rows, sha256):
        cases = {row.submission_id: row.submission for row in rows}
        looks.taken_along(actor=request.user, submissions=cases.values(), sha256=sha256)

    @admin.display(description="Question")
    def question(self, question):
        return str(question)

    @admin.display(description="What is asked")
    def words(self, question):
        words = beginning(question.excerpt, LABEL_LENGTH)
        return format_html('<span dir="auto">{}</span>', words)

    @admin.display(description="Case")
    def case_number(self, question):
        return format_html('<span class="portal-number">{}</span>', question.submission.case_number)

    @admin.display(description="Asked by")
    def agencies_shown(self, question):
        return ", ".join(dict.fromkeys([question.agency.name, *question.also_asked]))

    @admin.display(description="State")
    def state_shown(self, question):
        return state_tag(question.state)

    @admin.display(description="Target")
    def due(self, question):
        if question.state != RequestState.ASKED:
            return None
        return format_html('<span class="workbench-instant">{}</span>', instant(question.due_at))

    # --- one question -------------------------------------------------------------------------------------------------------
    def for_page(self, rows):
        return rows.whole()

    def get_fieldsets(self, request, obj=None):
        # The page is made of panels: nothing on it is a field.
        return []

    def panels(self, request, question):
        documents = Document.objects.visible_to(request.user).filter(submission=question.submission_id)
        said = thread(
            question, documents=set(documents.order_by().values_list("pk", flat=True)), for_lab=False
        )
        context = {"question": question, "thread": said, "state": question.state}
        return [("What was asked and answered", "admin/case/question.html", context)]

    def opened(self, request, question):
        looks.looked(
            actor=request.user, submission=question.submission, verb="viewed_questions", subject=question
        )

    def asked(self, request, step, question):
        if step.verb == "merge":
            # The question itself, and how the others of its case begin.
            self.opened(request, question)
            looks.listed(actor=request.user, submissions=[question.submission], verb="listed_questions")


def panel(request, case: Submission, *, at) -> tuple[str, str, dict]:
    """The questions of a case on its page, and a way to ask one for whom it is open."""
    found = InformationRequest.objects.visible_to(request.user, at=at).filter(submission=case).in_short()
    questions = list(found.order_by("-number"))
    for question in questions:
        question.submission = case
    asks = policies.takes_questions(case, at=at) and policies.asking_for(request.user, case, at=at)
    add = f"{reverse('admin:submissions_informationrequest_add')}?submission={case.case_number}"
    return (
        "Questions to the lab",
        "admin/case/questions.html",
        {"questions": questions, "ask": add if asks else ""},
    )
