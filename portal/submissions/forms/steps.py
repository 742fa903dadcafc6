"""What the other steps of a case ask for."""

from django import forms
from django.forms.models import fields_for_model

from portal.submissions.models import Contact, Terms


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


class ContactForm(forms.Form):
    """Somebody whom the government may call. Whether they can be reached is the action's to say."""

    use_required_attribute = False
    purpose = forms.ChoiceField(label="For what", choices=Contact.Purpose)
    name = forms.CharField(
        label="Name", max_length=200, error_messages={"required": "Give the contact's name."}
    )
    email = forms.CharField(label="E-mail", max_length=254, required=False)
    phone = forms.CharField(
        label="Phone",
        max_length=50,
        required=False,
        help_text="With the country's code. One of the two is enough.",
    )


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
