"""What the account pages ask for. Forms check shape only; the actions decide."""

from datetime import timedelta
from zoneinfo import available_timezones

from django import forms

from portal.accounts.models import ROLES_OF, ApiToken, Kind, Organisation, Role

LIFETIMES = ((30, "30 days"), (90, "90 days"), (180, "180 days"), (365, "1 year"))
# Those whose names people know come first; the rest is there for whoever looks.
COMMON_ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "Europe/London",
    "Europe/Paris",
    "Asia/Tokyo",
    "Australia/Sydney",
    "UTC",
)


def zone_choices() -> list:
    others = sorted(
        z for z in available_timezones() if "/" in z and not z.startswith(("Etc/", "posix/", "right/"))
    )
    return [
        ("Common", [(zone, zone.replace("_", " ")) for zone in COMMON_ZONES]),
        ("All", [(zone, zone.replace("_", " ")) for zone in others if zone not in COMMON_ZONES]),
    ]


def role_choices(organisation: Organisation) -> list[tuple[str, str]]:
    return [(role.value, role.label) for role in ROLES_OF[Kind(organisation.kind)]]


class ProfileForm(forms.Form):
    name = forms.CharField(
        label="Your name", max_length=150, help_text="As your organisation's people know you."
    )
    zone = forms.ChoiceField(
        label="Time zone", choices=zone_choices, help_text="Dates and times are shown to you in this zone."
    )


class LifetimeForm(forms.Form):
    lifetime = forms.TypedChoiceField(
        label="Valid for",
        choices=LIFETIMES,
        initial=90,
        coerce=lambda days: timedelta(days=int(days)),
    )


class TokenForm(LifetimeForm):
    name = forms.CharField(
        label="What is it for?",
        max_length=80,
        help_text="Such as the machine or script that will use it.",
        error_messages={"required": "Say what the token is for."},
    )
    scope = forms.ChoiceField(
        label="What it may do",
        choices=ApiToken.Scope,
        initial=ApiToken.Scope.READ,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what the token may do."},
        help_text="A program that only looks things up needs no more than to read.",
    )
    field_order = ("name", "lifetime", "scope")


class ServiceForm(LifetimeForm):
    name = forms.CharField(
        label="Name of the service",
        max_length=80,
        help_text="Such as “Release pipeline”. It stands beside what the service does, with your lab's short name.",
        error_messages={"required": "Say what the service is called."},
    )
    scope = forms.ChoiceField(
        label="What it may do",
        choices=(
            (ApiToken.Scope.READ, "Reads your cases"),
            (
                ApiToken.Scope.WRITE,
                "Reads, and writes drafts, documents, their versions and evaluations",
            ),
        ),
        initial=ApiToken.Scope.READ,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what the service may do."},
        help_text="No service submits, withdraws, records a release, agrees to anything or answers for your lab.",
    )
    field_order = ("name", "lifetime", "scope")


class RotateForm(LifetimeForm):
    overlap = forms.BooleanField(
        label="Keep the old secret for another 24 hours",
        required=False,
        help_text="So that the system that uses it can be changed over. Not if the secret may have become known.",
    )


class RevokeForm(forms.Form):
    sure = forms.BooleanField(
        label="Yes, end this service at once",
        error_messages={"required": "Tick this to confirm."},
    )


class InviteForm(forms.Form):
    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        error_messages={"required": "Enter the person's e-mail address."},
    )
    name = forms.CharField(
        label="Name", max_length=150, error_messages={"required": "Enter the person's name."}
    )
    role = forms.ChoiceField(
        label="Role", widget=forms.RadioSelect, error_messages={"required": "Choose a role."}
    )

    def __init__(self, *args, organisation: Organisation, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = described_roles(organisation)


class RoleForm(forms.Form):
    role = forms.ChoiceField(label="Role", widget=forms.RadioSelect)

    def __init__(self, *args, organisation: Organisation, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = described_roles(organisation)


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Kept in the record; not sent to the person.",
    )


WHAT_ROLES_DO = {
    (Kind.LAB, Role.ADMIN): "looks after your people, and does everything a contributor does",
    (Kind.LAB, Role.CONTRIBUTOR): "writes, submits and withdraws submissions",
    (Kind.LAB, Role.VIEWER): "reads your submissions",
    (Kind.PARTNER, Role.ADMIN): "looks after your people and accepts terms",
    (Kind.PARTNER, Role.MEMBER): "uses the access granted to them by name",
}


def described_roles(organisation: Organisation) -> list[tuple[str, str]]:
    kind = Kind(organisation.kind)
    return [
        (
            role.value,
            f"{role.label}: {WHAT_ROLES_DO[kind, role]}" if (kind, role) in WHAT_ROLES_DO else role.label,
        )
        for role in ROLES_OF[kind]
    ]
