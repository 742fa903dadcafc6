"""What the admin's steps on accounts ask for."""

from typing import Any

from django import forms

from portal.accounts import actions, policies
from portal.accounts.models import ROLES_OF, Kind, Membership, User
from portal.admin import StepForm


class PersonField(forms.EmailField):
    """A person, named by the address they sign in with: a list of thousands of names helps nobody."""

    def clean(self, value: Any) -> User | None:
        email = super().clean(value)
        person = User.objects.filter(email__iexact=email).first() if email else None
        if email and person is None:
            raise forms.ValidationError("No account has this address.")
        return person


class ReasonStep(StepForm):
    reason = forms.CharField(
        label="Reason", required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )


class CreatePerson(StepForm):
    email = forms.EmailField(label="E-mail address", max_length=254)
    name = forms.CharField(label="Name", max_length=150)
    is_superuser = forms.BooleanField(
        label="Sysadmin",
        required=False,
        help_text="Looks after all accounts and settings. Opens no lab material.",
    )


class ChangeAddress(StepForm):
    email = forms.EmailField(label="New e-mail address", max_length=254)


class CreateOrganisation(StepForm):
    kind = forms.ChoiceField(label="Kind", choices=Kind.choices)
    name = forms.CharField(label="Name", max_length=200)
    short_name = forms.CharField(
        label="Short name",
        max_length=40,
        help_text="Labs see an agency's people under it: “CAISI reviewer 2”.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not policies.may_look_after_all(self.user):
            self.fields["kind"].choices = [(Kind.AGENCY.value, Kind.AGENCY.label)]


class LeaveProgramme(StepForm):
    """Shows first what ends with an agency, and what stands against its leaving."""

    preface = "admin/accounts/leaving.html"
    reason = forms.CharField(
        label="Reason",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="It stands on record beside each role that ends.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.members = Membership.objects.visible_to(self.user).active().filter(organisation=self.subject)
        self.members = list(self.members.select_related("user").order_by("user__name", "role"))
        self.against = actions.keeps_it(actor=self.user, organisation=self.subject, at=self.at)


class RenameOrganisation(StepForm):
    name = forms.CharField(label="Name", max_length=200)
    short_name = forms.CharField(label="Short name", max_length=40)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["name"].initial = self.subject.name
        self.fields["short_name"].initial = self.subject.short_name


class WithRole(StepForm):
    role = forms.ChoiceField(label="Role")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        organisation = getattr(self.subject, "organisation", self.subject)
        self.fields["role"].choices = [(role.value, role.label) for role in ROLES_OF[Kind(organisation.kind)]]


class AddMember(WithRole):
    user = PersonField(label="Address of the person's account")
    field_order = ("user", "role")


class InvitePerson(WithRole):
    email = forms.EmailField(label="E-mail address", max_length=254)
    name = forms.CharField(label="Name", max_length=150)
    field_order = ("email", "name", "role")
