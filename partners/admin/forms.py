"""The forms of the workbench's steps on grants and partner organisations."""

from django import forms

from partners import choosing, countries
from partners.duplicates import Likely, likely
from partners.forms import partner_label
from partners.models import DeclineReason, PartnerProfile, RevokeReason, Sector
from partners.models.grants import CASE_REASONS
from portal.accounts.models import Kind, Organisation
from portal.admin import StepForm
from portal.submissions.admin.fields import CaseStepForm, instant_field
from portal.submissions.models import Facts


def _reasons(choices) -> list[tuple[str, str]]:
    return [("", "Choose"), *(choice for choice in choices if choice[0] not in CASE_REASONS)]


class WordsForm(StepForm):
    """Optional words that all sides read."""

    reason = forms.CharField(
        label="In your words",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Lab and partner read this.",
    )


class DeclineForm(WordsForm):
    reason_code = forms.ChoiceField(label="Reason", choices=_reasons(DeclineReason.choices))
    field_order = ("revision", "reason_code", "reason")


class RevokeForm(WordsForm):
    reason_code = forms.ChoiceField(label="Reason", choices=_reasons(RevokeReason.choices))
    field_order = ("revision", "reason_code", "reason")


class NotSelectForm(WordsForm):
    reason_code = forms.ChoiceField(
        label="Reason", choices=_reasons(PartnerProfile.NotSelectedReason.choices)
    )
    reapply_on = forms.DateField(
        label="May apply again from",
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text="Empty: at any time.",
    )
    field_order = ("revision", "reason_code", "reapply_on", "reason")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = "The organisation reads this with its outcome."


class ExtendForm(StepForm):
    expires_at = instant_field(
        "New expiry", "In your time zone. It holds once the lab asks for the same.", required=True
    )


class ProposeForm(CaseStepForm):
    """Partners for a case, on the same terms; the lab's consent and each partner's acceptance follow."""

    preface = "partners/admin/choosing.html"

    partners = forms.ModelMultipleChoiceField(
        PartnerProfile.objects.none(),
        label="Partner organisations",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one partner organisation."},
    )
    purpose = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=20000,
        help_text="What the partner may use the model for. Lab and partner read this.",
    )
    access_mode = forms.ChoiceField(
        label="Kind of access",
        required=False,
        choices=[("", "As the lab offers it"), *Facts.AccessMode.choices],
    )
    starts_at = instant_field(
        "Start", "In your time zone. Empty: with the lab's planned partner release, and moves with it."
    )
    expires_at = instant_field("Expiry", "Empty: the programme's usual time after the start.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        named = self.data.get("submission") if self.is_bound else self.initial.get("submission")
        self.case = self.case_named(named or "")
        if self.case is None:
            rows = shown = PartnerProfile.objects.visible_to(self.user).eligible(at=self.at).for_list()
        else:
            self.offer = choosing.offer(self.user, self.case, self.initial, at=self.at)
            rows, shown = self.offer.rows, self.offer.shown
        field = self.fields["partners"]
        field.queryset = rows if self.is_bound else shown
        field.label_from_instance = partner_label

    @property
    def terms(self) -> dict | None:
        """What helps to choose, above the form; nothing before the case is known."""
        if self.case is None:
            return None
        return {
            "coverage": choosing.coverage(self.user, self.case, at=self.at),
            "offer": self.offer,
            "offered": choosing.OFFERED,
            "kept": [("submission", self.case.case_number)],
        }

    def arguments(self):
        values = super().arguments()
        return values | {"partners": [profile.organisation for profile in values["partners"]]}


class NominateForm(StepForm):
    """A partner organisation that is known to the portal and not to the programme yet."""

    organisation = forms.ModelChoiceField(
        Organisation.objects.none(),
        help_text="Organisations of kind partner without an entry. A new one is made on the page of organisations.",
    )
    sectors = forms.MultipleChoiceField(choices=Sector, widget=forms.CheckboxSelectMultiple)
    country = forms.ChoiceField()
    operates = forms.CharField(
        label="What it operates or protects", widget=forms.Textarea(attrs={"rows": 5}), max_length=20000
    )

    is_another = forms.BooleanField(label="It is none of the organisations it may be", required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            del self.fields["is_another"]
        rows = Organisation.objects.filter(kind=Kind.PARTNER, partner_profile=None).order_by("name")
        self.fields["organisation"].queryset = rows
        self.fields["country"].choices = [("", "Choose"), *countries.names().items()]

    preface = "partners/admin/alike.html"
    terms: list[Likely] = []

    def clean(self):
        """Where the organisation may be here already, that is shown before it is saved: a look, and not a refusal."""
        data = super().clean()
        chosen = data.get("organisation")
        self.terms = likely(chosen) if chosen else []
        if not self.terms:
            del self.fields["is_another"]
            data.pop("is_another", None)
        elif not data.pop("is_another", False):
            self.add_error("is_another", "Look at what it may be, and tick this if it is none of them.")
        return data


class TermsForm(StepForm):
    text = forms.CharField(widget=forms.Textarea(attrs={"rows": 20}), max_length=50000)
