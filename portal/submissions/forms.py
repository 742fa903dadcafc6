"""The lab's forms: they read what was typed and say where it cannot be read. Every rule about a case is an action's."""

from datetime import datetime

from django import forms
from django.forms.models import fields_for_model

from portal.submissions import markings
from portal.submissions.actions.drafts import DATES, ask_for, value_of
from portal.submissions.instants import InstantField, ZonedForm
from portal.submissions.models import Document, Facts, InformationRequest, Submission, Terms
from portal.submissions.wizard import BY_KEY, PARTNER, PUBLIC, Step

_HINTS = {
    "model_name": "As you call it in your documents. Others see it only where this case's terms let them.",
    "checkpoint": "A hash or name that tells this trained state from every other. The 30 days count per checkpoint.",
    "access_mode": "How the government would reach the model, if you provide access.",
    "summary": "A few sentences: size and kind of model, what it was trained for, how it will be released.",
    "capabilities": "What is new or strong, in particular cyber, biological, chemical and autonomy.",
    "evaluations": "What you ran, with which method, and what you found. Logs can be added as documents.",
    "safeguards": "What stands between the model and misuse, and what of it the access offered leaves out.",
}
_ROWS = {"summary": 6, "capabilities": 4, "evaluations": 4, "safeguards": 4}


def _instant(label: str, help_text: str, *, required: bool) -> InstantField:
    return InstantField(label=label, help_text=help_text, required=required)


_PUBLIC_HELP = "When you plan to release the model to everyone."
_PARTNER_HELP = (
    "When you plan to release it to trusted partners before that. Leave empty for no partner stage."
)


class FactsForm(forms.Form):
    """What a lab says about the model. ``needed`` fields are those a submission cannot do without."""

    use_required_attribute = False

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        own = fields_for_model(Facts, fields=Facts.TEXTS)
        for name in Facts.TEXTS:
            field = own[name]
            field.required = name in Facts.REQUIRED
            field.help_text = _HINTS[name]
            field.error_messages["required"] = ask_for(name)
            if name in _ROWS:
                field.widget.attrs["rows"] = _ROWS[name]
            self.fields[name] = field
        self.order_fields([*Facts.TEXTS, *self.fields])

    @property
    def facts(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in Facts.TEXTS if name in self.fields}

    @property
    def fact_fields(self) -> list:
        return [self[name] for name in Facts.TEXTS if name in self.fields]

    def saved(self, case: Submission) -> list[tuple[str, object]]:
        """What the case holds now where it differs from what was typed: shown when somebody saved meanwhile."""
        now = {name: getattr(case.facts, name) for name in Facts.TEXTS}
        return [
            (self.fields[name].label, value or "nothing")
            for name, value in now.items()
            if value != self.cleaned_data.get(name, value)
        ]


class DraftForm(ZonedForm, FactsForm):
    """A draft: facts and release plan, or those of one step. What is missing is no error here; what cannot be read is."""

    instants = (PUBLIC, PARTNER)
    planned_public_release = _instant("Planned public release", _PUBLIC_HELP, required=True)
    planned_partner_release = _instant("Planned partner release", _PARTNER_HELP, required=False)

    def __init__(self, *args, step: Step | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        if step is not None:
            asked = {*step.fields, *(("zone",) if set(step.fields) & set(self.instants) else ())}
            for name in set(self.fields) - asked:
                del self.fields[name]

    @classmethod
    def of(cls, case: Submission, *args, typed: dict | None = None, **kwargs) -> "DraftForm":
        """The form of a case's draft as it is now, but for what was ``typed``."""
        now = {name: value_of(case, name) for name in (*Facts.TEXTS, *DATES)}
        return cls(*args, initial=now | (typed or {}), **kwargs)

    def clean(self):
        for name in [name for name, errors in self.errors.items() if _only_missing(errors)]:
            del self._errors[name]
            self.cleaned_data[name] = None if name in self.instants else ""
        return super().clean()

    @property
    def dates(self) -> dict[str, datetime | None]:
        return {name: self.cleaned_data.get(name) for name in self.instants if name in self.fields}


def _only_missing(errors) -> bool:
    return all(error.code == "required" for error in errors.as_data())


class NewForm(DraftForm):
    """A new draft, begun with its first step; the lab is asked only of a person who writes for several."""

    def __init__(self, *args, labs, **kwargs):
        super().__init__(*args, step=BY_KEY["model"], **kwargs)
        if len(labs) > 1:
            self.fields["lab"] = forms.ModelChoiceField(
                labs, label="Lab", empty_label=None, help_text="The lab whose model this is."
            )


class DatesForm(ZonedForm):
    """New planned dates of a case."""

    instants = (PUBLIC, PARTNER)
    planned_public_release = _instant("Planned public release", _PUBLIC_HELP, required=True)
    planned_partner_release = _instant("Planned partner release", _PARTNER_HELP, required=False)


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
        help_text="FOIA exemption 4. Government cannot remove this mark.",
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


class EvidenceForm(FileForm):
    """A log or card to be read, and whether it is kept as a document of the case."""

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


class AnswerForm(DocumentForm):
    """An answer to a question: words, documents that are in the case, and one file more. The file is judged by the action."""

    text = forms.CharField(
        label="Your answer",
        max_length=InformationRequest.TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 10, "dir": "auto"}),
        error_messages={"required": "Write the answer."},
        help_text="At most 10,000 characters. Whoever reads the facts of this case for the government reads it.",
    )
    documents = forms.MultipleChoiceField(
        label="Documents of this case that belong to the answer",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    field_order = ("text", "documents", "file", "tlp", "confidential_commercial")

    def __init__(self, *args, documents, takes_file: bool, **kwargs):
        super().__init__(*args, **kwargs)
        del self.fields["kind"], self.fields["title"]
        self.known = {str(document.pk): document for document in documents}
        self.fields["documents"].choices = [(key, document.title) for key, document in self.known.items()]
        self.fields["file"].required = False
        self.fields["file"].label = "A further file"
        if not takes_file:
            del self.fields["file"], self.fields["tlp"], self.fields["confidential_commercial"]

    @property
    def named(self) -> list[Document]:
        """The documents that were ticked."""
        return [self.known[key] for key in self.cleaned_data["documents"]]

    @property
    def marking(self) -> dict:
        """How the file is marked; nothing where the case takes no file any more."""
        names = ("tlp", "confidential_commercial")
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}


class InstructionsForm(forms.Form):
    """Access instructions: a secret, sealed as soon as it is read here."""

    use_required_attribute = False
    instructions = forms.CharField(
        label="Access instructions",
        max_length=20000,
        widget=forms.Textarea(attrs={"rows": 10, "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Write how the government reaches the model."},
        help_text="Endpoint, credentials, limits, whom to call. Stored encrypted; every reading is recorded and shown to you.",
    )


class TermsForm(forms.Form):
    """A version of the access terms: the purpose and the order's five heads."""

    use_required_attribute = False

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        own = fields_for_model(Terms, fields=("purpose", *Terms.HEADS, "names_shown"))
        for name, field in own.items():
            if name != "names_shown":
                field.error_messages["required"] = "Every head of the terms needs a text."
                field.widget.attrs["rows"] = 5
            self.fields[name] = field

    @property
    def texts(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in ("purpose", *Terms.HEADS)}


class BareForm(forms.Form):
    """A step that asks for nothing but a decision; carries a refusal back to its page."""


class LooksForm(forms.Form):
    """Which looks to show."""

    use_required_attribute = False
    side = forms.ChoiceField(label="Who", required=False)
    kind = forms.ChoiceField(label="What", required=False)

    def __init__(self, *args, sides, kinds, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["side"].choices = [("", "Everyone"), *((key, words[0]) for key, words in sides.items())]
        self.fields["kind"].choices = [("", "Everything"), *((key, words[0]) for key, words in kinds.items())]
