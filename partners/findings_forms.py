"""The forms of findings: they read what was typed. Every rule is an action's. The workbench's are made of the same parts."""

from django import forms

from partners.finding_advisories import CSAF, FORMATS
from partners.models import Finding, FindingFile, Grant
from partners.policies_findings import reporting_organisations
from portal.accounts.models import Kind, Organisation
from portal.submissions.instants import InstantField, ZonedForm
from portal.submissions.models import Submission


def _column(name: str, **options):
    return Finding._meta.get_field(name).formfield(required=False, **options)


class FindingFields(forms.Form):
    """What a reporter writes; all but the kind may be missing until it is reported."""

    kind = forms.ChoiceField(
        label="Kind of finding",
        choices=[("", "Choose"), *Finding.What.choices],
        error_messages={"required": "Choose the kind of finding."},
    )
    title = _column("title")
    product = _column("product")
    version = _column("version")
    text = _column(
        "text", widget=forms.Textarea(attrs={"rows": 10}), help_text="What happens, and how it is seen again."
    )
    exploited = forms.BooleanField(label="It is exploited already", required=False)
    cwe = _column("cwe", help_text="Such as CWE-79, where you know it.")
    cvss = _column("cvss", help_text="Begins with CVSS:4.0/ and names the metrics in their order.")
    ssvc = forms.ChoiceField(
        label="SSVC decision", required=False, choices=[("", "Not decided"), *Finding.Ssvc.choices]
    )
    tlp = forms.ChoiceField(
        label="TLP 2.0 marking", choices=Finding._meta.get_field("tlp").choices, initial="TLP:AMBER+STRICT"
    )
    reporter_chain = forms.CharField(
        label="Who found it and passed it on",
        required=False,
        strip=False,
        max_length=20000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Kept to the letter. The government reads it; the owner does not.",
    )

    def values(self) -> dict:
        return {name: self.cleaned_data[name] for name in Finding.WRITTEN}


class FindingForm(FindingFields, ZonedForm):
    """The same, as partners and labs write it."""

    instants = ("embargo_until",)
    embargo_until = InstantField(
        label="Under embargo until", required=False, help_text="Empty: until the disclosure date."
    )


class _ByNumber(forms.ModelChoiceField):
    def label_from_instance(self, row) -> str:
        case = row if isinstance(row, Submission) else row.submission
        return f"Case {case.case_number}"


class Reporting(forms.Form):
    """For which of a person's organisations: asked only of who writes for several."""

    reporter = forms.ModelChoiceField(Organisation.objects.none(), label="Reported by", empty_label="Choose")

    def ask_reporter(self, user, kind: str) -> None:
        own = Organisation.objects.filter(pk__in=reporting_organisations(user), kind=kind).order_by("name")
        self.own = list(own)
        self.fields["reporter"].queryset = own
        if len(self.own) == 1:
            del self.fields["reporter"]

    @property
    def reported_by(self) -> Organisation:
        return self.cleaned_data.get("reporter") or self.own[0]


class NewFindingForm(Reporting, FindingForm):
    """A new one: for which organisation, and on which of its cases or grants it was found."""

    field_order = ("reporter", "found_on")

    def __init__(self, *args, user, kind: str, **kwargs):
        super().__init__(*args, user=user, **kwargs)
        self.ask_reporter(user, kind)
        labs = user.organisations_as(Kind.LAB)
        rows = (
            Grant.objects.visible_to(user).filter(partner__in=self.own).select_related("submission__lab")
            if kind == Kind.PARTNER
            else Submission.objects.visible_to(user).filter(lab_id__in=labs).select_related("lab")
        )
        self.fields["found_on"] = _ByNumber(
            rows.order_by("-pk"),
            label="Found with the model of",
            required=False,
            empty_label="No case: another product",
        )
        self.order_fields(self.field_order)

    def arguments(self) -> dict:
        """The keywords of ``create_finding``."""
        found_on = self.cleaned_data["found_on"]
        where = "grant" if isinstance(found_on, Grant) else "submission"
        return {"reporter": self.reported_by, where: found_on, "values": self.values()}


class ImportForm(Reporting):
    """An advisory of somebody else's, from which drafts are made."""

    use_required_attribute = False
    form = forms.ChoiceField(
        label="Format", choices=list(FORMATS.items()), widget=forms.RadioSelect, initial=CSAF
    )
    file = forms.FileField(
        label="File",
        help_text="JSON, 5 MB at most. Each weakness in it becomes a draft of its own, which you read before you report it.",
        error_messages={"required": "Choose a file."},
    )
    field_order = ("form", "file", "reporter")

    def __init__(self, *args, user, kind: str, **kwargs):
        super().__init__(*args, **kwargs)
        self.ask_reporter(user, kind)


class FileForm(forms.Form):
    """One evidence file, and what it shows. Pages and the workbench ask the same."""

    use_required_attribute = False
    shows = forms.CharField(
        label="What it shows",
        max_length=200,
        help_text="Such as: log of the overflow. Name nobody: the owner reads this where it opens the file.",
        error_messages={"required": "Write what the file shows."},
    )
    file = forms.FileField(
        label="File",
        help_text="Its name is shown to your organisation and the government, never to the owner.",
        allow_empty_file=True,
        error_messages={"required": "Choose a file."},
    )
    for_owner = FindingFile._meta.get_field("for_owner").formfield(label="The owner opens it once notified")

    def arguments(self) -> dict:
        """The keywords of ``add_file``."""
        given = self.cleaned_data
        return {"upload": given["file"], "shows": given["shows"], "for_owner": given["for_owner"]}
