"""The forms of the workbench's steps on findings."""

from django import forms

from partners import choosing
from partners.findings_addressing import addressable
from partners.findings_forms import FindingFields, Reporting
from partners.forms import partner_label
from partners.models import Finding, PartnerProfile
from portal.accounts.models import Kind, Organisation
from portal.admin import StepForm
from portal.submissions.admin.fields import CaseStepForm, instant_field
from portal.submissions.models import Submission


class WrittenForm(FindingFields, CaseStepForm):
    """What a reporter writes, as the workbench asks for it."""

    embargo_until = instant_field(
        "Under embargo until", "In your time zone. Empty: until the disclosure date."
    )
    submission: forms.Field | None


class NewForm(Reporting, WrittenForm):
    """A draft of one's own agency."""

    submission = forms.CharField(
        max_length=20, label="Case number", required=False, help_text="Where it was found with a lab's model."
    )
    field_order = ("reporter", "submission")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.ask_reporter(self.user, Kind.AGENCY)

    def clean_submission(self) -> Submission | None:
        return super().clean_submission() if self.cleaned_data["submission"] else None

    def arguments(self) -> dict:
        given = {"submission": self.cleaned_data["submission"], "values": self.values()}
        return {"reporter": self.reported_by, **given}


class EditForm(WrittenForm):
    """The same of a draft that stands."""

    submission = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial = {name: getattr(self.subject, name) for name in Finding.WRITTEN} | self.initial

    def arguments(self) -> dict:
        return {"values": self.values(), "expected_revision": self.cleaned_data["revision"]}


class TriageForm(StepForm):
    ssvc = forms.ChoiceField(
        label="SSVC decision", required=False, choices=[("", "As reported"), *Finding.Ssvc.choices]
    )


class DuplicateForm(StepForm):
    """The number of the finding that was there first; the value is that finding, if the person sees it."""

    duplicate_of = forms.CharField(max_length=20, label="Number of the finding that was there first")

    def clean_duplicate_of(self) -> Finding:
        number = self.cleaned_data["duplicate_of"].strip().upper()
        found = Finding.objects.visible_to(self.user).filter(number=number).first()
        if found is None:
            raise forms.ValidationError("No finding that you see has this number.")
        return found


class OwnerForm(StepForm):
    owner = forms.ModelChoiceField(
        Organisation.objects.none(), label="Owning lab", required=False, empty_label="An outside vendor"
    )
    vendor_contact = forms.CharField(
        label="Contact of an outside vendor",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Write to it yourself: the portal sends nothing to outside vendors.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = Organisation.objects.filter(kind=Kind.LAB).order_by("name")
        self.initial = {"owner": self.subject.owner_id} | self.initial


class EmbargoForm(StepForm):
    embargo_until = instant_field("Under embargo until", "In your time zone.", required=True)


class AddressForm(StepForm):
    """Partners that are told of a finding, all or none; narrowed by sector, country and name."""

    preface = "partners/admin/addressing.html"
    narrowed_by = tuple(choosing.NarrowForm.base_fields)
    partners = forms.ModelMultipleChoiceField(
        PartnerProfile.objects.none(),
        label="Partner organisations",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one partner organisation."},
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.offer = choosing.narrowed(addressable(self.subject, at=self.at), self.initial)
        field = self.fields["partners"]
        field.queryset, field.label_from_instance = self.offer.shown, partner_label
        if self.is_bound:
            # Any of them may be chosen; those shown again are those that were shown.
            field.queryset = self.offer.rows
            field.widget.choices = [(profile.pk, partner_label(profile)) for profile in self.offer.shown]

    @property
    def terms(self) -> dict:
        """What narrows the choice, above the form."""
        return {"offer": self.offer, "offered": choosing.OFFERED, "with_model": self.subject.submission_id}

    def arguments(self) -> dict:
        values = super().arguments()
        return values | {"partners": [profile.organisation for profile in values["partners"]]}


class MarkingForm(StepForm):
    tlp = forms.ChoiceField(label="TLP 2.0 marking", choices=Finding._meta.get_field("tlp").choices)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial = {"tlp": self.subject.tlp} | self.initial


class RelayForm(StepForm):
    clearinghouse = forms.CharField(max_length=200, required=False, help_text="Empty: the programme's own.")
    clearinghouse_id = forms.CharField(
        max_length=100,
        required=False,
        label="The id they gave",
        help_text="With it the relay is complete. Until then no date of this finding moves.",
    )
