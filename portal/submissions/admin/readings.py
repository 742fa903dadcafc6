"""Reading that differs from usual, on the workbench: noted by the clock, looked into by people. Nobody is accused of anything."""

from django import forms
from django.contrib import admin

from portal.accounts.models import Kind, Role
from portal.admin import PortalAdmin, Question, Queue, Step, StepForm, case_link, queue, state_tag
from portal.submissions import actions
from portal.submissions import policies_readings as policies
from portal.submissions.models import Submission, UnusualReading
from portal.submissions.querysets import agency_wide, oversees
from portal.submissions.states import READING, ReadingState

Kinds = UnusualReading.Kind


class LookForm(StepForm):
    """What came of it, and a note."""

    outcome = forms.ChoiceField(
        label="What came of it",
        choices=UnusualReading.Outcome,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what came of it."},
        help_text="The lab reads it.",
    )
    reason = forms.CharField(
        label="Note",
        max_length=UnusualReading.NOTE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 5, "dir": "auto"}),
        error_messages={"required": "Write a note."},
        help_text="What you asked and learned. Coordinators of the programme office, security officers and auditors read it; the"
        " lab and the reader do not. Write nothing of the lab's here.",
    )


class Waits(Question):
    title = "where it stands"
    parameter_name = "waits"
    questions = {
        "look": ("To look into", lambda rows, user, at: rows.waiting()),
        "done": ("Looked into", lambda rows, user, at: rows.filter(state=ReadingState.LOOKED_INTO)),
        "explained": (
            "Explained by the work",
            lambda rows, user, at: rows.filter(outcome=UnusualReading.Outcome.EXPLAINED),
        ),
        "followed": (
            "Followed up",
            lambda rows, user, at: rows.filter(outcome=UnusualReading.Outcome.FOLLOWED_UP),
        ),
    }


class Side(Question):
    title = "the reader's side"
    parameter_name = "side"
    questions = {
        "agency": ("An agency", lambda rows, user, at: rows.filter(organisation__kind=Kind.AGENCY)),
        "partner": ("A partner", lambda rows, user, at: rows.filter(organisation__kind=Kind.PARTNER)),
    }


class UnusualReadingAdmin(PortalAdmin):
    list_display = (
        "day",
        "kind",
        "case_shown",
        "person",
        "organisation",
        "number",
        "state_shown",
        "noted_at",
    )
    list_filter = (Waits, "kind", Side)
    search_fields = ("submission__case_number__istartswith",)
    search_help_text = "A case number or how it begins."
    ordering = ("-noted_at", "id")
    fields = readonly_fields = (
        "day", "kind", "case_shown", "person", "organisation", "number", "noted_at", "state_shown", "looked_into_by",
        "looked_into_at", "outcome", "note",
    )  # fmt: skip
    singular, plural = "unusual reading", "unusual readings"
    machine = READING
    subject = "reading"
    steps = (
        Step(
            "look_into",
            actions.look_into,
            form=LookForm,
            submit="Record it",
            explain="Reading differs from usual for many good reasons: a deadline, a new seat, a journey. Say what came of it.",
            done="Recorded.",
        ),
    )

    def may_open(self, user) -> bool:
        return user.has_seat(Kind.AGENCY, Role.SECURITY) or oversees(user)

    def capacities(self, user, obj, *, at):
        return policies.capacities(user, obj)

    def for_page(self, rows):
        return rows.select_related("submission", "person", "organisation", "looked_into_by")

    @admin.display(description="Case", ordering="submission__case_number")
    def case_shown(self, reading: UnusualReading):
        return case_link(reading.submission_id, reading.submission.case_number)

    @admin.display(description="State")
    def state_shown(self, reading: UnusualReading):
        return state_tag(reading.state)


def queues(user, at) -> list[Queue]:
    """What waits for somebody to look into it."""
    if not (user.has_seat(Kind.AGENCY, Role.SECURITY) or Role.COORDINATOR in agency_wide(user)):
        return []
    return [
        queue(
            "Unusual reading to look into",
            UnusualReading.objects.to_look_into_by(user).waiting(),
            "submissions_unusualreading",
            "look",
            "It differs from usual, and nobody has looked into it yet",
        )
    ]


def panel(request, case: Submission, *, names: bool) -> tuple[str, str, dict] | None:
    """What was noted of a case, on its page, but of oneself. Without ``names`` for its lead, who does not look into it."""
    rows = UnusualReading.objects.told_beside(case, request.user).select_related("person", "organisation")
    found = list(rows)
    context = {"readings": found, "names": names}
    return ("Unusual reading", "admin/case/readings.html", context) if found else None
