"""The forms of the workbench's steps on findings."""

from django import forms

from partners.models import Finding
from partners.policies_findings import reporting_organisations
from portal.accounts.models import Kind, Organisation
from portal.admin import StepForm
from portal.submissions.admin.fields import CaseStepForm, instant_field
from portal.submissions.models import Submission

TEXT = forms.Textarea(attrs={"rows": 8})


def _column(name: str, **options):
    return Finding._meta.get_field(name).formfield(required=False, **options)


class WrittenForm(CaseStepForm):
    """What a reporter writes of a finding."""

    kind = forms.ChoiceField(label="Kind of finding", choices=[("", "Choose"), *Finding.What.choices])
    title = _column("title")
    text = _column("text", widget=TEXT)
    product = _column("product")
    version = _column("version")
    cwe = _column("cwe", help_text="Such as CWE-79.")
    cvss = _column("cvss", help_text="Begins with CVSS:4.0/ and names the metrics in their order.")
    ssvc = _column("ssvc")
    tlp = _column("tlp")
    exploited = forms.BooleanField(label="It is exploited", required=False)
    embargo_until = instant_field(
        "Under embargo until", "In your time zone. Empty: until the disclosure date."
    )
    reporter_chain = forms.CharField(
        label="Who found it and passed it on",
        required=False,
        strip=False,
        max_length=20000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Kept to the letter. The owner does not read it.",
    )
    submission: forms.Field | None

    def values(self) -> dict:
        given = {name: self.cleaned_data[name] for name in Finding.WRITTEN}
        # An empty choice of a marking is the usual one.
        return {name: value for name, value in given.items() if name != "tlp" or value}


class NewForm(WrittenForm):
    """A draft of one's own agency."""

    submission = forms.CharField(
        max_length=20, label="Case number", required=False, help_text="Where it was found with a lab's model."
    )
    reporter = forms.ModelChoiceField(Organisation.objects.none(), label="Reporting agency", required=False)
    field_order = ("reporter", "submission")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        own = Organisation.objects.filter(pk__in=reporting_organisations(self.user), kind=Kind.AGENCY)
        self.fields["reporter"].queryset = own.order_by("name")
        if len(own) == 1:
            self.only = own[0]
            del self.fields["reporter"]
        else:
            self.fields["reporter"].required = True

    def clean_submission(self) -> Submission | None:
        return super().clean_submission() if self.cleaned_data["submission"] else None

    def arguments(self) -> dict:
        reporter = self.cleaned_data.get("reporter") or self.only
        return {"reporter": reporter, "submission": self.cleaned_data["submission"], "values": self.values()}


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


class RelayForm(StepForm):
    clearinghouse = forms.CharField(max_length=200, required=False, help_text="Empty: the programme's own.")
    clearinghouse_id = forms.CharField(
        max_length=100,
        required=False,
        label="The id they gave",
        help_text="With it the relay is complete. Until then no date of this finding moves.",
    )
