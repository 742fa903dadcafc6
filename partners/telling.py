"""What an organisation tells of itself, checked: the same for the form, the API and the action."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NotRequired, TypedDict

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email

from partners.attestations import ATTESTATIONS
from partners.lei import is_lei
from partners.models import Ownership, PartnerApplication
from portal.accounts.actions.ties import OPEN_TO_ALL
from portal.accounts.ties import DOMAIN
from portal.errors import Invalid, Missing

CONTACTS_AT_MOST = 5
DOMAINS_AT_MOST = 20
CONTACT_PARTS = {"name": "Name", "role": "Role", "email": "Mail address", "telephone": "Telephone"}
# What may be left out of a contact.
OPTIONAL_PARTS = frozenset({"role"})


class Told(TypedDict):
    """An application's values, as a door gives them."""

    sectors: Iterable[str]
    country: str
    operates: str
    contacts: Iterable[Mapping[str, str]]
    ownership: str
    attestations: Iterable[str]
    ownership_words: NotRequired[str]
    website: NotRequired[str]
    mail_domains: NotRequired[Iterable[str]]
    lei: NotRequired[str]


def checked(told: Mapping[str, Any]) -> dict[str, Any]:
    """The values beside sectors, country and what it operates; raises Invalid, naming the field."""
    ownership, words = told["ownership"], told.get("ownership_words", "").strip()
    if ownership not in Ownership.values:
        raise Missing("Answer the question about foreign ownership.", field="ownership")
    if ownership != Ownership.NONE and not words:
        raise Missing("Say who it is and how far their influence goes.", field="ownership_words")
    return {
        "website": website(told.get("website", "")),
        "mail_domains": domains(told.get("mail_domains", ())),
        "lei": lei(told.get("lei", "")),
        "contacts": _contacts(told["contacts"]),
        "ownership": ownership,
        "ownership_words": words,
        "attested": _attested(told["attestations"]),
    }


def changed(before: PartnerApplication | None, values: Mapping[str, Any]) -> list[str]:
    """The names of what a new application says otherwise than the one before."""
    return [name for name, value in values.items() if before is None or getattr(before, name) != value]


def contact_problems(contact: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with a security contact: the part, and words about it."""
    found = {
        part: f"Write the contact's {label.lower()}."
        for part, label in CONTACT_PARTS.items()
        if part not in OPTIONAL_PARTS and not contact.get(part, "").strip()
    }
    try:
        if "email" not in found:
            validate_email(contact["email"].strip())
    except ValidationError:
        found["email"] = "Write a mail address, such as security@utility.example."
    if "telephone" not in found and not re.search(r"\d", contact["telephone"]):
        found["telephone"] = "Write a telephone number."
    return found


def _contacts(contacts: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    rows = [{part: str(row.get(part, "")).strip() for part in CONTACT_PARTS} for row in contacts]
    rows = [row for row in rows if any(row.values())]
    if not rows:
        raise Missing("Name at least one security contact.", field="contacts")
    if len(rows) > CONTACTS_AT_MOST:
        raise Invalid(f"Name at most {CONTACTS_AT_MOST} security contacts.", field="contacts")
    for number, row in enumerate(rows, start=1):
        for problem in contact_problems(row).values():
            raise Invalid(f"Security contact {number}: {problem}", field="contacts")
    return rows


def _attested(keys: Iterable[str]) -> list[dict[str, str]]:
    given = set(keys)
    if missing := [words for key, words in ATTESTATIONS.items() if key not in given]:
        raise Missing(f"Every statement is attested, also this one: {missing[0]}", field="attestations")
    return [{"key": key, "words": words} for key, words in ATTESTATIONS.items()]


def website(text: str) -> str:
    """The address of a website; raises Invalid."""
    address = text.strip()
    try:
        if address:
            URLValidator(schemes=["https", "http"])(address)
    except ValidationError as error:
        raise Invalid("Write an address such as https://utility.example.", field="website") from error
    if len(address) > 200:
        raise Invalid("The address is longer than 200 characters.", field="website")
    return address


def domains(names: Iterable[str]) -> list[str]:
    """Mail domains in lower case, each once; raises Invalid."""
    found = dict.fromkeys(one.strip().lower().removeprefix("@").rstrip(".") for one in names)
    found.pop("", None)
    for domain in found:
        if re.fullmatch(DOMAIN, domain) is None or len(domain) > 253:
            raise Invalid(
                f"This is no domain: {domain}. Write one such as utility.example.", field="mail_domains"
            )
        if domain in OPEN_TO_ALL:
            raise Invalid(f"Anybody may have an address at {domain}.", field="mail_domains")
    if len(found) > DOMAINS_AT_MOST:
        raise Invalid(f"Name at most {DOMAINS_AT_MOST} domains.", field="mail_domains")
    return sorted(found)


def lei(text: str) -> str:
    """A LEI in capitals; raises Invalid."""
    code = "".join(text.split()).upper()
    if code and not is_lei(code):
        raise Invalid(
            "This is no LEI: it has 20 letters and digits, and its last two check the others.", field="lei"
        )
    return code
