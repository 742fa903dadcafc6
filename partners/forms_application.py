"""The application of a partner organisation: it reads what was typed. Every rule is an action's."""

from functools import partial
from typing import Any

from django import forms

from partners import countries
from partners.attestations import ATTESTATIONS
from partners.forms import PlainForm
from partners.models import Ownership, PartnerApplication, PartnerProfile, Sector
from partners.telling import (
    CONTACT_PARTS,
    CONTACTS_AT_MOST,
    OPTIONAL_PARTS,
    Told,
    contact_problems,
    domains,
    lei,
    website,
)
from portal.accounts.models import Organisation
from portal.doors import attempt

CONTACTS_SHOWN = 2
_KINDS = {"name": "name", "role": "organization-title", "email": "email", "telephone": "tel"}


class ApplicationForm(PlainForm):
    """What an organisation says of itself: its work, its mail, its security contacts, its owners, and what it attests."""

    operates = forms.CharField(
        label="What your organisation operates or protects",
        max_length=20000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="Systems, regions, whom they serve, and what early access would let you do for them.",
        error_messages={"required": "Write what the organisation operates or protects."},
    )
    country = forms.ChoiceField(label="Country", error_messages={"required": "Choose the country."})
    sectors = forms.MultipleChoiceField(
        label="Sectors of critical infrastructure",
        choices=Sector,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one sector."},
    )
    website = forms.CharField(label="Website", required=False, max_length=200)
    mail_domains = forms.CharField(
        label="Mail domains",
        required=False,
        max_length=6000,
        help_text="What stands behind the @ of your people, such as utility.example. Several with a space between.",
    )
    lei = forms.CharField(
        label="Legal entity identifier (LEI)",
        required=False,
        max_length=40,
        help_text="Twenty letters and digits (ISO 17442).",
    )
    ownership = forms.ChoiceField(
        label="Foreign ownership or influence",
        choices=Ownership,
        widget=forms.RadioSelect,
        error_messages={"required": "Answer the question about foreign ownership."},
    )
    ownership_words = forms.CharField(
        label="Who it is, and how far their influence goes",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Needed unless there is none.",
    )

    def __init__(self, data=None, *, profile: PartnerProfile | None, told: PartnerApplication | None):
        super().__init__(data, initial=_initial(profile, told))
        self.fields["country"].choices = [("", "Choose"), *countries.names().items()]
        contacts = told.contacts if told else []
        self.rows = min(max(CONTACTS_SHOWN, len(contacts) + 1), CONTACTS_AT_MOST)
        if data is not None:
            sent = [number for number in range(CONTACTS_AT_MOST) if f"contact-{number}-name" in data]
            self.rows = max([self.rows, *(number + 1 for number in sent)])
        for number in range(self.rows):
            self._add_contact(number, contacts[number] if number < len(contacts) else {})
        for key, words in ATTESTATIONS.items():
            self.fields[f"attest-{key}"] = forms.BooleanField(
                label=words,
                initial=told is not None and key in {row["key"] for row in told.attested},
                error_messages={"required": "Attest this statement, or do not apply."},
            )

    def _add_contact(self, number: int, known: dict[str, str]) -> None:
        for part, label in CONTACT_PARTS.items():
            field = self.fields[f"contact-{number}-{part}"] = forms.CharField(
                label=label,
                # The first contact is asked for; the others can stay empty.
                required=number == 0 and part not in OPTIONAL_PARTS,
                error_messages={"required": f"Write the contact's {label.lower()}."},
                max_length=254,
                initial=known.get(part, ""),
                widget=forms.TextInput(attrs={"autocomplete": _KINDS[part]}),
            )
            # Above the form, where no group says whose it is.
            field.in_summary = f"Security contact {number + 1}, {label.lower()}"  # type: ignore[attr-defined]

    def clean(self):
        data = super().clean()
        for number, row in enumerate(self._contacts(data)):
            problems = contact_problems(row) if any(row.values()) else {}
            for part, problem in problems.items():
                if f"contact-{number}-{part}" not in self.errors:
                    self.add_error(f"contact-{number}-{part}", problem)
        for name, read in (("website", website), ("mail_domains", self._domains), ("lei", lei)):
            if name not in self.errors:
                attempt(None, self, partial(read, data[name]))
        return data

    def _domains(self, text: str) -> list[str]:
        return domains(text.replace(",", " ").split())

    @property
    def contact_rows(self) -> list[list[forms.BoundField]]:
        return [[self[f"contact-{number}-{part}"] for part in CONTACT_PARTS] for number in range(self.rows)]

    @property
    def attestation_rows(self) -> list[forms.BoundField]:
        return [self[f"attest-{key}"] for key in ATTESTATIONS]

    @property
    def told(self) -> Told:
        """The keywords of the action."""
        data = self.cleaned_data
        return {
            "sectors": data["sectors"],
            "country": data["country"],
            "operates": data["operates"],
            "website": data["website"],
            "mail_domains": self._domains(data["mail_domains"]),
            "lei": data["lei"],
            "contacts": self._contacts(data),
            "ownership": data["ownership"],
            "ownership_words": data["ownership_words"],
            "attestations": [key for key in ATTESTATIONS if data[f"attest-{key}"]],
        }

    def _contacts(self, data: dict[str, Any]) -> list[dict[str, str]]:
        return [
            {part: data.get(f"contact-{number}-{part}", "").strip() for part in CONTACT_PARTS}
            for number in range(self.rows)
        ]


class NominationForm(PlainForm):
    """An organisation that a lab puts forward; ``sides`` are the person's labs."""

    side = forms.ChoiceField(label="Lab")
    name = forms.CharField(
        label="Name of the organisation",
        max_length=200,
        error_messages={"required": "Write the organisation's name."},
    )
    country = forms.ChoiceField(label="Country", error_messages={"required": "Choose the country."})
    sectors = forms.MultipleChoiceField(
        label="Sectors of critical infrastructure",
        choices=Sector,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one sector."},
    )
    why = forms.CharField(
        label="Why this organisation",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="The programme office reads this, and nobody else.",
        error_messages={"required": "Write why this organisation."},
    )

    def __init__(self, data=None, *, sides: list[Organisation]):
        super().__init__(data)
        self.sides = {str(side.pk): side for side in sides}
        self.fields["country"].choices = [("", "Choose"), *countries.names().items()]
        self.fields["side"].choices = [(key, side.name) for key, side in self.sides.items()]
        if len(sides) == 1:
            del self.fields["side"]

    @property
    def told(self) -> dict[str, Any]:
        """The keywords of the action."""
        key = self.cleaned_data.get("side") or next(iter(self.sides))
        return self.cleaned_data | {"side": self.sides[key]}


class EvidenceForm(PlainForm):
    """One file, and what it shows."""

    shows = forms.CharField(
        label="What it shows",
        max_length=200,
        help_text="Such as: audit report of 2026, entry in the commercial register.",
        error_messages={"required": "Write what the file shows."},
    )
    file = forms.FileField(label="File", allow_empty_file=True, error_messages={"required": "Choose a file."})


def _initial(profile: PartnerProfile | None, told: PartnerApplication | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if profile is not None:
        found = {name: getattr(profile, name) for name in ("sectors", "country", "operates")}
    if told is not None:
        found |= {name: getattr(told, name) for name in ("website", "lei", "ownership", "ownership_words")}
        found["mail_domains"] = " ".join(told.mail_domains)
    return found
