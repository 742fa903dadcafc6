"""Break-glass access on the workbench: asked for by security officers, opened by a second person, on record for good."""

from django import forms
from django.contrib import admin
from django.db.models import Q

from portal import programme, scope
from portal.accounts.models import Kind, Role
from portal.admin import PortalAdmin, Question, Queue, Step, StepForm, case_link, queue, state_tag
from portal.ledger.models import Event
from portal.submissions import policies_break_glass as policies
from portal.submissions.actions import break_glass as actions
from portal.submissions.admin.fields import AgencyStepForm
from portal.submissions.models import BreakGlass, Submission
from portal.submissions.querysets import oversees
from portal.submissions.querysets_break_glass import askable
from portal.submissions.states import BREAK_GLASS, BreakGlassState

S = BreakGlassState


class AskForm(AgencyStepForm):
    """A case by its number, what of it, for how long, and why."""

    roles = (Role.SECURITY,)
    scopes = forms.MultipleChoiceField(
        label="What you need to read",
        choices=BreakGlass.Scope,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one part of the case."},
        help_text="No more than the reason needs. Access instructions are never opened this way.",
    )
    hours = forms.IntegerField(label="For how many hours", min_value=1)
    reason = forms.CharField(
        label="Reason",
        max_length=BreakGlass.REASON_LIMIT,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
        error_messages={"required": "Give a reason."},
        help_text="The lab reads it, word for word, in the moment in which a second person concurs. Write nothing classified.",
    )
    field_order = ("submission", "scopes", "hours", "reason", "agency")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        most = programme.target("break_glass_hours")
        self.fields["hours"].help_text = f"{most} at most, from when a second person concurs."

    def clean_submission(self) -> Submission:
        found = self.case_named(self.cleaned_data["submission"])
        if found is None:
            raise forms.ValidationError(actions.NO_CASE)
        return found

    def case_named(self, text: str) -> Submission | None:
        # A case that they do not see: its number is what they bring.
        with scope.lifted("submissions"):
            return askable(self.user, at=self.at).filter(case_number=text.strip().upper()).first()


class ConcurForm(StepForm):
    """Nothing to write: what is concurred with stands above the button."""

    preface = "admin/case/break_glass_asked.html"

    @property
    def terms(self) -> BreakGlass:
        return self.subject


class Waits(Question):
    title = "where it stands"
    parameter_name = "waits"
    questions = {
        "mine": (
            "Waits for me, as the second person",
            lambda rows, user, at: rows.in_state(S.ASKED, at=at) & BreakGlass.objects.to_answer_by(user),
        ),
        "asked": ("Asked for", lambda rows, user, at: rows.in_state(S.ASKED, at=at)),
        "open": ("Open now", lambda rows, user, at: rows.in_state(S.OPEN, at=at)),
        "over": ("Was open", lambda rows, user, at: rows.in_state(S.EXPIRED, S.ENDED, at=at)),
        "never": (
            "Never opened",
            lambda rows, user, at: rows.in_state(S.TURNED_DOWN, S.TAKEN_BACK, S.LAPSED, at=at),
        ),
    }


class BreakGlassAdmin(PortalAdmin):
    list_display = (
        "case_shown", "asked_by", "agency", "parts_shown", "state_shown", "asked_at", "opened_by", "until_shown",
    )  # fmt: skip
    list_display_links = ("asked_at",)
    list_filter = (Waits,)
    search_fields = ("submission__case_number__istartswith",)
    search_help_text = "A case number or how it begins."
    ordering = ("-asked_at", "id")
    fields = readonly_fields = (
        "case_shown", "asked_by", "agency", "asked_at", "parts_shown", "reason", "hours", "lapses_at", "state_shown",
        "opened_by", "opened_at", "until_shown", "ended_by", "ended_at",
    )  # fmt: skip
    singular, plural = "break-glass access", "break-glass accesses"
    machine = BREAK_GLASS
    subject = "access"
    add_step = Step(
        "ask",
        actions.ask,
        form=AskForm,
        label="Ask for break-glass access",
        submit="Ask a second person",
        explain="You ask to read one case for a few hours. It opens once a second person concurs: another security officer of"
        " your agency or of the programme office, or one of its coordinators. In that moment the lab is told, and reads your"
        " reason, what was opened and until when. Each look is on record. A conflict of interest closes the case to you here"
        " too.",
        done="Asked. Those who can concur have been told. Nothing is open yet.",
        confirmed=True,
    )
    steps = (
        Step(
            "concur",
            actions.concur,
            form=ConcurForm,
            explain="From this moment on who asked reads what is named here, for the hours named here. The lab is told at once."
            " It ends by itself; either of you can end it before.",
            done="Open from now on. The lab has been told.",
            confirmed=True,
        ),
        Step(
            "turn_down",
            actions.turn_down,
            explain="Nothing is opened. Who asked is told and reads your reason; the lab is told of nothing.",
            done="Turned down. Who asked has been told.",
        ),
        Step("take_back", actions.take_back, explain="Nothing is opened.", done="Taken back."),
        Step(
            "end",
            actions.end,
            explain="What was opened is closed at once. The lab is told.",
            done="Ended. The lab has been told.",
            grave=True,
        ),
    )

    def may_open(self, user) -> bool:
        return user.has_seat(Kind.AGENCY, Role.SECURITY) or oversees(user)

    def may_add(self, user) -> bool:
        return policies.asks(user)

    def capacities(self, user, obj, *, at):
        return policies.capacities(user, obj)

    def for_page(self, rows):
        return rows.select_related("submission", "asked_by", "agency", "opened_by", "ended_by")

    def history(self, request, obj):
        """With what stands on the case's own record, where its lab reads it."""
        on_case = Q(case_id=obj.submission_id, data__break_glass=str(obj.pk))
        events = Event.objects.changes().filter(Q(subject_id=obj.pk) | on_case)
        # Of an access that is over, too, when the case is out of their sight again.
        with scope.lifted("ledger"):
            return list(events.select_related("actor").order_by("-seq"))

    @admin.display(description="Case", ordering="submission__case_number")
    def case_shown(self, access: BreakGlass):
        # Who may read it follows the number to its page; to everybody else there is none.
        if access.state == S.OPEN:
            return case_link(access.submission_id, access.submission.case_number)
        return access.submission.case_number

    @admin.display(description="What it opens")
    def parts_shown(self, access: BreakGlass) -> str:
        return ", ".join(access.parts)

    @admin.display(description="State")
    def state_shown(self, access: BreakGlass):
        return state_tag(access.state)

    @admin.display(description="Until")
    def until_shown(self, access: BreakGlass):
        return access.until


def queues(user, at) -> list[Queue]:
    """What waits on a person as the second one."""
    if not (user.has_seat(Kind.AGENCY, Role.SECURITY) or oversees(user)):
        return []
    waiting = BreakGlass.objects.to_answer_by(user).in_state(S.ASKED, at=at)
    return [
        queue(
            "Break-glass access to answer",
            waiting,
            "submissions_breakglass",
            "mine",
            "A security officer waits for a second person",
        )
    ]


def panel(case: Submission, *, at) -> tuple[str, str, dict]:
    """The accesses to a case that were opened, for who audits it."""
    rows = BreakGlass.objects.told_to_lab(case).select_related(
        "submission", "asked_by", "agency", "opened_by"
    )
    return "Break-glass access", "admin/case/break_glass.html", {"accesses": list(rows), "now": at}
