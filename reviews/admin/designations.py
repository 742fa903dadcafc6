"""Designations on the workbench: recorded by one designator, confirmed by another."""

from django import forms
from django.contrib import admin

from portal.accounts.models import Kind, Organisation, Role
from portal.admin import PortalAdmin, Question, Step, StepForm, state_tag
from portal.formats import instant
from reviews import actions, policies
from reviews.admin.choices import DesignationField, InquiryField, KeyField, designations_for, inquiries_for
from reviews.admin.columns import moment, shown
from reviews.models import Designation, DesignationConsultation, Inquiry
from reviews.states import DESIGNATION


class ConsultationForm(StepForm):
    agency = forms.ModelChoiceField(
        Organisation.objects.none(), required=False, label="Agency consulted", empty_label="Choose"
    )
    office = DesignationConsultation._meta.get_field("office").formfield(label="Or an office, in words")
    consulted_on = forms.DateField(
        label="Day",
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": "Give the day."},
    )
    words = DesignationConsultation._meta.get_field("words").formfield(
        label="In short",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Nothing of the lab's beyond what the designation says. The lab never reads it.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["agency"].queryset = Organisation.objects.filter(kind=Kind.AGENCY).order_by("name")


class RecordForm(StepForm):
    lab = forms.ModelChoiceField(Organisation.objects.none(), error_messages={"required": "Choose a lab."})
    subject = Designation._meta.get_field("subject").formfield()
    outcome = forms.ChoiceField(choices=[("", "Choose"), *Designation.Outcome.choices])
    basis = Designation._meta.get_field("basis").formfield(
        help_text="Where the designation is shared, the lab reads it.",
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    inquiry = InquiryField(
        Inquiry.objects.none(), required=False, help_text="Empty for a designation made unasked."
    )
    supersedes = DesignationField(
        Designation.objects.none(),
        required=False,
        help_text="An earlier designation that this one corrects. Nothing that was recorded is ever changed.",
    )
    shared_with_lab = forms.BooleanField(
        required=False,
        initial=True,
        label="Share it with the lab once it is confirmed",
        help_text="Fixed with the record.",
    )
    consulted_agency = forms.ModelChoiceField(
        Organisation.objects.none(),
        required=False,
        label="Agency consulted",
        help_text="One consultation can be noted at once, others later. The lab never reads them.",
    )
    consulted_office = DesignationConsultation._meta.get_field("office").formfield(
        label="Or an office, in words"
    )
    consulted_on = forms.DateField(
        required=False, label="Day of the consultation", widget=forms.DateInput(attrs={"type": "date"})
    )
    key = KeyField()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["lab"].queryset = Organisation.objects.filter(kind=Kind.LAB).order_by("name")
        self.fields["inquiry"].queryset = inquiries_for(self.user)
        self.fields["supersedes"].queryset = designations_for(self.user)
        self.fields["consulted_agency"].queryset = Organisation.objects.filter(kind=Kind.AGENCY).order_by(
            "name"
        )

    def clean(self):
        values = super().clean()
        named = [values.get("consulted_agency"), values.get("consulted_office")]
        if all(named):
            self.add_error("consulted_office", "Name an agency, or an office in words; not both.")
        if values.get("consulted_on") and not any(named):
            self.add_error("consulted_agency", "Name an agency, or an office in words.")
        if any(named) and not values.get("consulted_on") and "consulted_on" not in self.errors:
            self.add_error("consulted_on", "Give the day.")
        return values

    def arguments(self) -> dict:
        values = super().arguments()
        agency, office = values.pop("consulted_agency"), values.pop("consulted_office")
        day = values.pop("consulted_on")
        if day:
            values["consultations"] = [{"agency": agency, "office": office, "consulted_on": day}]
        return values


class Waits(Question):
    title = "what it waits for"
    parameter_name = "waits"
    questions = {
        "me": ("My confirmation", lambda rows, user, at: rows.awaiting_second(user)),
        "second": ("A second designator", lambda rows, user, at: rows.in_state("recorded")),
        "nothing": ("Nothing: confirmed", lambda rows, user, at: rows.in_state("confirmed")),
    }


class DesignationAdmin(PortalAdmin):
    list_display = ("subject", "lab", "outcome", "state_shown", "recorded_by", "recorded_at", "confirmed")
    list_filter = (Waits, "outcome")
    search_fields = ("subject__icontains", "lab__name__istartswith")
    search_help_text = "Part of a model's name, the beginning of a lab's, or words of the basis."
    ordering = ("-recorded_at", "id")
    fields = readonly_fields = (
        shown("lab", "Lab"), "subject", "outcome", "basis", shown("inquiry", "Inquiry"), "shared_with_lab",
        shown("recorded_by", "Recorded by"), "recorded_at", shown("confirmation.confirmed_by", "Confirmed by"), "confirmed",
        "standing",
        shown("supersedes", "Supersedes"), shown("successor", "Superseded by"),
    )  # fmt: skip
    machine = DESIGNATION
    subject = "designation"
    add_step = Step(
        "record_designation",
        actions.record_designation,
        form=RecordForm,
        label="Record a designation",
        explain="It is never changed afterwards, and it counts once another designator has confirmed it.",
        done="Recorded. The other designators have been told that it waits for a second person.",
        confirmed=True,
    )
    steps = (
        Step(
            "confirm",
            actions.confirm,
            explain="You are the second person. You have read the basis and come to the same outcome.",
            done="Confirmed.",
            confirmed=True,
        ),
        Step(
            "note_consultation",
            actions.note_consultation,
            form=ConsultationForm,
            label="Note a consultation",
            submit="Note it",
            explain="Whom you consulted about this designation, and when. It is never changed afterwards.",
            done="Noted.",
            available=lambda user, obj, at: policies.is_designator(user),
        ),
    )

    def may_open(self, user):
        return user.has_seat(Kind.AGENCY, Role.REVIEWER, Role.COORDINATOR, Role.DESIGNATOR, Role.AUDITOR)

    def may_add(self, user):
        return policies.is_designator(user)

    def capacities(self, user, obj, *, at):
        return policies.capacities(user, obj, at=at)

    def for_page(self, rows):
        return rows.for_workbench()

    def for_list(self, rows):
        return self.for_page(rows).defer("basis")

    def panels(self, request, designation):
        rows = designation.consultations.select_related("agency", "noted_by")
        return [("Consultations", "reviews/admin/consultations.html", {"consultations": rows})]

    @admin.display(description="In force")
    def standing(self, designation):
        if designation.lapsed_at:
            return f"Not since {instant(designation.lapsed_at)}"
        return "Yes" if designation.confirmed_at else "Once a second designator confirms it"

    @admin.display(description="State")
    def state_shown(self, designation):
        return state_tag(designation.state)

    @admin.display(description="Confirmed at")
    def confirmed(self, designation):
        return moment(designation.confirmed_at)
