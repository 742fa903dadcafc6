"""Files and what they are marked with; evidence that is read."""

from django import forms

from portal.submissions import markings
from portal.submissions.models import Document


class FileForm(forms.Form):
    """One file."""

    use_required_attribute = False
    file = forms.Field(
        label="File",
        widget=forms.FileInput,
        error_messages={"required": "Choose a file."},
        help_text="PDF, Office, PNG, JPEG, text, Markdown, CSV, JSON, an Inspect log or a ZIP archive. No model weights.",
    )
    # Filled by the page's script: the upload as which the file has come already, and what its bytes are.
    upload = forms.UUIDField(required=False, widget=forms.HiddenInput)
    sha256 = forms.RegexField("^[0-9a-f]{64}$", required=False, widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.is_bound and self.data.get("upload"):
            self.fields["file"].required = False


class MarkingForm(forms.Form):
    """How a document is marked. The action judges the banner."""

    use_required_attribute = False
    tlp = forms.ChoiceField(
        label="Marking (TLP 2.0)",
        choices=Document.Tlp,
        initial=Document.Tlp.AMBER_STRICT,
        help_text="How far its readers may pass it on.",
    )
    confidential_commercial = forms.BooleanField(
        label="Confidential commercial information",
        required=False,
        initial=True,
        help_text="FOIA exemption 4. Government cannot remove this mark without telling you first.",
    )
    cui = forms.CharField(
        label="CUI banner",
        max_length=markings.LONGEST,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Empty for none. Otherwise CUI, its categories, its limited dissemination: CUI//SP-PROPIN, CUI//NOCON, "
        "CUI//SP-PROPIN//NOFORN.",
    )

    @property
    def marks(self) -> dict:
        return {name: self.cleaned_data[name] for name in ("tlp", "cui", "confidential_commercial")}


class DocumentForm(FileForm, MarkingForm):
    """A file with what it is and how it is marked. The file itself is judged by the action."""

    kind = forms.ChoiceField(label="Kind of document", choices=Document.DocumentKind)
    title = forms.CharField(
        label="Title", max_length=200, required=False, help_text="Empty takes the file's name."
    )
    field_order = ("kind", "title", "tlp", "cui", "confidential_commercial", "file", "upload", "sha256")


class EvidenceForm(forms.Form):
    """A log or card to be read, and whether it is kept as a document of the case."""

    use_required_attribute = False
    file = forms.Field(
        label="File",
        widget=forms.FileInput,
        error_messages={"required": "Choose a file."},
        help_text="An evaluation log of Inspect (.eval or .json, old ones too) or a model card in Markdown.",
    )

    keep = forms.BooleanField(
        label="Keep the file as a document of this case",
        required=False,
        help_text="Otherwise it is read and forgotten; nothing of it is stored before you confirm it.",
    )


def _choose(what: str) -> dict[str, str]:
    """The same words for nothing and for what is none of the list: Django's own would show an id."""
    return dict.fromkeys(("required", "invalid_choice"), f"Choose {what} of the list.")


class EvidenceInCaseForm(forms.Form):
    """A document of the case to be read."""

    use_required_attribute = False
    version = forms.ChoiceField(
        label="Document",
        error_messages=_choose("a document"),
    )

    def __init__(self, *args, versions, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["version"].choices = [
            (str(version.pk), f"{version.document.title}, {version.name}") for version in versions
        ]


class EarlierCaseForm(forms.Form):
    """An earlier submission of the lab to take facts from."""

    use_required_attribute = False
    earlier = forms.ChoiceField(
        label="Submission",
        error_messages=_choose("a submission"),
    )

    def __init__(self, *args, cases, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["earlier"].choices = [
            (str(case.pk), f"{case.model_name or 'Model not named yet'}, {case.case_number}")
            for case in cases
        ]
