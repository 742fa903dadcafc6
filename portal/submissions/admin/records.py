"""What is kept of cases, on the workbench: legal holds."""

from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.urls import reverse

from portal.accounts.models import Kind, Organisation
from portal.admin import PortalAdmin, Question, Step, StepForm, state_tag
from portal.submissions import policies_records as policies
from portal.submissions.actions import holds
from portal.submissions.models import LegalHold, Submission
from portal.submissions.querysets import oversees


class HoldForm(StepForm):
    """A case or a lab, the matter, and why."""

    submission = forms.CharField(
        required=False,
        label="Case number",
        help_text="Such as FM-7K3Q-9D2V. Its records are kept.",
        max_length=20,
    )
    lab = forms.ModelChoiceField(
        Organisation.objects.none(),
        required=False,
        label="Or everything of a lab",
        help_text="All its cases, also those it submits later.",
    )
    matter = forms.CharField(
        label="Matter",
        max_length=holds.MATTER_LIMIT,
        error_messages={"required": "Write the matter's reference."},
        help_text="The reference under which the matter is kept. The lab does not read it.",
    )
    reason = forms.CharField(
        label="Reason",
        max_length=holds.REASON_LIMIT,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Give a reason."},
        help_text="Write nothing of the lab's here. Coordinators of the programme office and auditors read it.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        labs = Organisation.objects.filter(kind=Kind.LAB).order_by("name")
        self.fields["lab"].queryset = policies.labs_kept_by(self.user, labs)

    def clean_submission(self):
        number = self.cleaned_data["submission"].strip().upper()
        if not number:
            return None
        found = Submission.objects.visible_to(self.user).beyond(self.user).filter(case_number=number).first()
        if found is None:
            raise forms.ValidationError("No case that you see has this number.")
        return found


class LiftForm(StepForm):
    """Why it ends."""

    reason = forms.CharField(
        label="Reason",
        max_length=holds.REASON_LIMIT,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Give a reason."},
        help_text="Write nothing of the lab's here.",
    )


class Stands(Question):
    title = "whether it stands"
    parameter_name = "stands"
    questions = {
        "now": ("Stands now", lambda rows, user, at: rows.standing()),
        "lifted": ("Lifted", lambda rows, user, at: rows.exclude(lifted_at=None)),
    }


class LegalHoldAdmin(PortalAdmin):
    list_display = ("matter", "about", "state_shown", "placed_at", "placed_by", "lifted_at")
    list_filter = (Stands,)
    search_fields = ("submission__case_number__istartswith", "matter__istartswith")
    search_help_text = "A case number or a matter's reference, or how it begins."
    ordering = ("-placed_at", "id")
    fields = readonly_fields = (
        "about", "matter", "reason", "placed_by", "placed_at", "lifted_by", "lifted_at", "lift_reason",
    )  # fmt: skip
    subject = "hold"
    add_step = Step(
        "place",
        holds.place,
        form=HoldForm,
        label="Place a legal hold",
        explain="Nothing that the portal has stored of this is removed until the hold is lifted. It changes none of the lab's"
        " dates, its access or its release. The lab reads that its records are kept, and since when.",
        done="The records are kept from now on.",
    )
    steps = (
        Step(
            "lift",
            holds.lift,
            form=LiftForm,
            label="Lift this legal hold",
            explain="The records are kept as the retention schedule says again, unless another legal hold stands. Nothing is"
            " removed by this step.",
            done="The legal hold was lifted.",
            available=lambda user, hold, at: policies.may_lift(user, hold),
            grave=True,
        ),
    )

    def may_open(self, user) -> bool:
        return oversees(user)

    def may_add(self, user) -> bool:
        return policies.keeps_records(user)

    def for_page(self, rows):
        return rows.select_related("submission", "lab", "placed_by", "lifted_by")

    @admin.display(description="Keeps")
    def about(self, hold: LegalHold) -> str:
        return hold.about

    @admin.display(description="State")
    def state_shown(self, hold: LegalHold):
        return state_tag(hold.state)


def panel(request, case: Submission) -> tuple[str, str, dict] | None:
    """What keeps a case's records, on its page, for who oversees the programme. One query."""
    rows = LegalHold.objects.visible_to(request.user).standing().over(case)
    standing = rows.select_related("lab", "submission", "placed_by")
    add = f"{reverse('admin:submissions_legalhold_add')}?{urlencode({'submission': case.case_number})}"
    place = add if policies.keeps_records(request.user) else ""
    return "Records kept", "admin/case/records.html", {"holds": list(standing), "place": place}
