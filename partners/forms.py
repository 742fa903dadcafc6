"""The forms of grants and partner organisations: they read what was typed. Every rule is an action's."""

from django import forms

from partners.models import PartnerProfile
from portal.accounts.models import User
from portal.submissions.instants import InstantField, ZonedForm
from portal.submissions.models import Document, Facts

WITH_RELEASE, ON_DATE = "release", "date"


class PlainForm(forms.Form):
    """A step that asks for nothing but a decision."""

    use_required_attribute = False


class ReasonForm(PlainForm):
    """A reason of a list, and words where the person wants to add some."""

    reason_code = forms.ChoiceField(label="Reason", error_messages={"required": "Choose a reason."})
    reason = forms.CharField(
        label="In your words",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="The other sides read this. Leave it empty where the reason above says enough.",
    )

    def __init__(self, *args, reasons, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason_code"].choices = [("", "Choose"), *reasons]


class WordsForm(PlainForm):
    """A step with an optional word of explanation."""

    reason = forms.CharField(
        label="In your words",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="The other sides read this.",
    )


class PeopleField(forms.ModelMultipleChoiceField):
    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, person) -> str:
        return str(person)


def members_of(organisation_id):
    """The people with an active membership of an organisation."""
    rows = User.objects.filter(
        is_active=True, memberships__organisation_id=organisation_id, memberships__ended_at=None
    )
    return rows.distinct().order_by("name", "pk")


class AcceptForm(PlainForm):
    """The partner's acceptance: the version that was read, the people who will use the model, and the word that it was read."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    users = PeopleField(
        User.objects.none(),
        label="Who will use the model",
        required=False,
        help_text="Only named people reach the model, its instructions and its documents. You can change this later.",
    )
    read = forms.BooleanField(
        label="I have read these terms and accept them for my organisation",
        error_messages={"required": "Say that you have read and accept the terms, or decline."},
    )

    def __init__(self, *args, organisation_id, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["users"].queryset = members_of(organisation_id)


class NameForm(PlainForm):
    """One more person who will use the model."""

    user = forms.ModelChoiceField(
        User.objects.none(),
        label="Person",
        empty_label="Choose",
        error_messages={"required": "Choose a person."},
    )

    def __init__(self, *args, organisation_id, without, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = members_of(organisation_id).exclude(pk__in=without)


class ReportForm(PlainForm):
    """What a partner tells of its early access while the grant lasts."""

    number = forms.IntegerField(widget=forms.HiddenInput)
    used_for = forms.CharField(
        label="What the access was used for",
        max_length=20000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Since the last report, within the purpose you agreed to. Name nobody, and quote no document of the lab's.",
        error_messages={"required": "Write what the access was used for. If it was not used, say so."},
    )
    outcome = forms.CharField(
        label="What came of it",
        required=False,
        max_length=20000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="What you could protect, change or learn. Weaknesses are reported as findings, not here.",
    )
    problems = forms.CharField(
        label="What went wrong or is missing",
        required=False,
        max_length=20000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Access that failed, answers that did not come, time that was too short.",
    )
    hours = forms.DecimalField(
        label="Hours of work", required=False, min_value=0, max_value=99999, max_digits=7, decimal_places=1
    )


class CloseOutForm(PlainForm):
    """The attestation that ends a grant for good."""

    attested = forms.BooleanField(
        label="We have destroyed what we kept of this model, its documents and its credentials",
        help_text="Copies, notes that quote the lab's documents, and keys. Backups count too.",
        error_messages={"required": "Confirm the destruction before you attest it."},
    )
    reason = forms.CharField(
        label="Remarks",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Such as how it was done, and what the law makes you keep. Lab and programme office read this.",
    )


class ExtendForm(ZonedForm):
    """A later expiry."""

    instants = ("expires_at",)
    expires_at = InstantField(
        label="New expiry", help_text="It holds once the other side asks for the same date and time."
    )


class InstructionsForm(PlainForm):
    """A partner's access instructions: a secret, sealed as soon as it is read here."""

    instructions = forms.CharField(
        label="Access instructions for this partner",
        max_length=20000,
        widget=forms.Textarea(attrs={"rows": 10, "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Write how the partner reaches the model."},
        help_text="Endpoint, credentials, limits, whom to call. Stored encrypted; opened only to the people the partner names,"
        " from the start to the end of the grant. Every reading is recorded and shown to you.",
    )


class DocumentsField(forms.ModelMultipleChoiceField):
    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, document) -> str:
        return f"{document.title} ({document.get_kind_display()}, {document.marking})"


class ScopeForm(PlainForm):
    """Which documents of the case the partner may read."""

    documents = DocumentsField(
        Document.objects.none(),
        label="Documents in scope",
        required=False,
        help_text="The partner's named people read these while the grant is active, and no others.",
    )

    def __init__(self, *args, documents, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["documents"].queryset = documents


class ProposeForm(ZonedForm):
    """One or several partners, proposed on the same terms."""

    instants = ("starts_at", "expires_at")
    partners = forms.ModelMultipleChoiceField(
        PartnerProfile.objects.none(),
        label="Partner organisations",
        widget=forms.CheckboxSelectMultiple,
        help_text="Organisations that the programme found eligible. None of them learns of this case before you consent and"
        " the programme office concurs, and none ever learns of another.",
        error_messages={"required": "Choose at least one partner organisation."},
    )
    purpose = forms.CharField(
        label="Purpose",
        max_length=20000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What the partner may use the model for. Another purpose needs a new grant.",
        error_messages={"required": "Write what the access is for."},
    )
    access_mode = forms.ChoiceField(label="Kind of access", choices=Facts.AccessMode)
    start = forms.ChoiceField(
        label="Start",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose when the access starts."},
    )
    starts_at = InstantField(
        label="Start on this date", required=False, help_text="Only where you chose a date of its own."
    )
    expires_at = InstantField(label="Expiry", required=False, help_text="")
    documents = DocumentsField(Document.objects.none(), label="Documents in scope", required=False)
    instructions = forms.CharField(
        label="Access instructions",
        required=False,
        max_length=20000,
        widget=forms.Textarea(attrs={"rows": 6, "autocomplete": "off", "spellcheck": "false"}),
        help_text="The same for each partner chosen above. Can wait until later; stored encrypted.",
    )

    def __init__(self, *args, partners, documents, planned_release: bool, days: int, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["partners"].queryset = partners
        self.fields["partners"].label_from_instance = partner_label
        self.fields["documents"].queryset = documents
        self.fields["expires_at"].help_text = f"Empty means {days} days after the start."
        starts = [(ON_DATE, "On a date of its own")]
        if planned_release:
            starts.insert(0, (WITH_RELEASE, "With my planned partner release, and moves with it"))
        self.fields["start"].choices = starts
        self.fields["start"].initial = starts[0][0]

    def clean(self):
        data = super().clean()
        if data.get("start") == ON_DATE and not data.get("starts_at") and "starts_at" not in self.errors:
            self.add_error("starts_at", "Give the start.")
        return data

    @property
    def terms(self) -> dict:
        """The keywords of the action besides the partners."""
        data, follows = self.cleaned_data, self.cleaned_data["start"] == WITH_RELEASE
        return {
            "purpose": data["purpose"],
            "access_mode": data["access_mode"],
            "starts_at": None if follows else data["starts_at"],
            "expires_at": data["expires_at"],
            "follows_partner_release": follows,
            "documents": list(data["documents"]),
            "instructions": data["instructions"],
        }


def partner_label(profile: PartnerProfile) -> str:
    return f"{profile.organisation.name} ({', '.join(profile.sector_names)}; {profile.country})"
