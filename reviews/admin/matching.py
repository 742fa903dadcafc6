"""Runs of matching: asked for, read, confirmed, undone, discarded, by the programme's coordinators."""

from django import forms
from django.contrib import admin
from django.template.defaultfilters import pluralize

from portal.admin import PortalAdmin, Question, Step, StepForm, state_tag
from portal.submissions.models import Submission
from portal.submissions.querysets import oversees
from reviews import actions, candidates, policies, runs
from reviews.actions.matching import MOST_CASES, MOST_SEATS, Wanted
from reviews.models import Assignment, Domain
from reviews.states import RUN, RunState

SHOWN = 200
FIRST = "first"


class SuggestForm(StepForm):
    """The same seats for each of the cases named: one of each domain chosen, and a lead where a case has none."""

    submission = forms.CharField(
        label="Case numbers",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=f"One a line, at most {MOST_CASES}. Each gets the same seats; for others make a run of their own.",
    )
    domains = forms.MultipleChoiceField(
        choices=Domain,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one domain."},
    )
    seats = forms.IntegerField(
        label="Seats of each domain", min_value=1, max_value=MOST_SEATS - 1, initial=1, help_text="The lead aside."
    )  # fmt: skip
    lead = forms.ChoiceField(
        label="Domain of the lead",
        choices=[(FIRST, "The first domain chosen"), *Domain.choices, ("", "No lead is wanted")],
        initial=FIRST,
        required=False,
        help_text="One seat more, on each case that has no lead yet.",
    )

    def clean_submission(self) -> list[Submission]:
        numbers = dict.fromkeys(self.cleaned_data["submission"].upper().replace(",", " ").split())
        seen = Submission.objects.visible_to(self.user).beyond(self.user).filter(case_number__in=numbers)
        found = {case.case_number: case for case in seen}
        missing = [number for number in numbers if number not in found]
        if missing:
            raise forms.ValidationError(f"No case that you see has this number: {', '.join(missing[:5])}.")
        return [found[number] for number in numbers]

    def arguments(self):
        given = self.cleaned_data
        cases = given["submission"]
        leading = given["domains"][0] if given["lead"] == FIRST else given["lead"]
        seats = Assignment.objects.live(at=self.at).filter(submission__in=cases, role=Assignment.Role.LEAD)
        led = set(seats.order_by().values_list("submission", flat=True)) if leading else set()
        domains = dict.fromkeys(given["domains"], given["seats"])
        needs = []
        for case in cases:
            wanted = dict(domains)
            leads = leading if leading and case.pk not in led else ""
            if leads:
                wanted[leads] = wanted.get(leads, 0) + 1
            needs += [Wanted(case, domain, number, domain == leads) for domain, number in wanted.items()]
        return {"needs": needs}


class ConfirmForm(StepForm):
    """Asks for a word more where the run's facts are others by now."""

    despite_changes = forms.BooleanField(
        required=False, label="I have looked at what changed, and propose these seats all the same."
    )
    preface = ""
    terms = ""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.changes = candidates.changes_since(self.subject, at=self.at)
        if self.changes:
            self.preface = "reviews/admin/run_changed.html"
        else:
            del self.fields["despite_changes"]


class Standing(Question):
    title = "state"
    parameter_name = "state"
    questions = {
        state.value: (state.label, lambda rows, user, at, state=state: rows.in_state(state))
        for state in RunState
    }


class MatchingRunAdmin(PortalAdmin):
    list_display = ("number", "state_shown", "cases", "seats", "found", "made_by", "made_at")
    list_filter = (Standing,)
    search_fields = ("number__istartswith",)
    search_help_text = "A run's number or how it begins."
    ordering = ("-made_at", "id")
    fields = readonly_fields = ("asked_for", "made_by_name", "made_at")
    machine = RUN
    subject = "run"
    add_step = Step(
        "suggest",
        actions.matching.suggest,
        form=SuggestForm,
        label="Run the matching",
        explain="Suggests reviewers by their domains, their caps and seats, their agencies and the labs they know. Nobody is"
        " seated or told until the run is confirmed.",
        done="The suggestion is made. Nobody has been told.",
    )
    steps = (
        Step(
            "confirm",
            actions.matching.confirm,
            form=ConfirmForm,
            explain="Each pair becomes a proposed seat, one by one. The reviewers are told, and attest or decline. What is"
            " refused meanwhile stands on the run with its reason.",
            done="Confirmed. What became of each pair stands below.",
        ),
        Step(
            "discard",
            actions.matching.discard,
            explain="The suggestion stays on record and seats nobody.",
            done="Discarded.",
        ),
        Step(
            "undo",
            actions.matching.undo,
            explain="Revokes the seats of this run that nobody has attested. Those that were attested stay.",
            done="Undone. What became of each seat stands below.",
            grave=True,
        ),
    )

    def may_open(self, user):
        return oversees(user)

    def may_add(self, user):
        return policies.proposes_seats(user)

    def capacities(self, user, obj, *, at):
        return policies.capacities(user, obj, at=at)

    def for_page(self, rows):
        return rows.for_workbench()

    def for_list(self, rows):
        return self.for_page(rows).defer("result", "digests")

    def panels(self, request, run):
        told = runs.told(run)
        exclusions = told["exclusions"]
        left = {"exclusions": exclusions[:SHOWN], "more": len(exclusions) - SHOWN}
        return [
            ("Suggested", "reviews/admin/run_pairs.html", {"pairs": told["pairs"]}),
            ("Seats nobody is left for", "reviews/admin/run_unmet.html", {"unmet": told["unmet"]}),
            ("Not considered", "reviews/admin/run_exclusions.html", left),
        ]

    @admin.display(description="State")
    def state_shown(self, run):
        return state_tag(RunState(run.state))

    @admin.display(description="Cases")
    def cases(self, run):
        return run.cases

    @admin.display(description="Seats asked for")
    def seats(self, run):
        return run.seats

    @admin.display(description="Suggested")
    def found(self, run):
        return run.found or 0

    @admin.display(description="Made by")
    def made_by_name(self, run):
        return run.made_by.name

    @admin.display(description="Asked for")
    def asked_for(self, run):
        return f"{run.seats} seat{pluralize(run.seats)} on {run.cases} case{pluralize(run.cases)}"
