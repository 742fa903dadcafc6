"""A case's contacts: added and taken off by its lab, at any time before the case is over."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from portal.errors import AlreadyDone, Invalid
from portal.scope import action
from portal.submissions.actions import case as steps
from portal.submissions.models import Contact, Submission

AT_MOST = 20
LONGEST = {"name": 200, "email": 254, "phone": 50}


@action
def add_contact(
    *,
    actor,
    submission: Submission,
    purpose: str,
    name: str,
    email: str = "",
    phone: str = "",
    at: datetime | None = None,
) -> Contact:
    """Name somebody whom the government may call. Raises Invalid, naming the field, for one who could not be reached."""
    if purpose not in Contact.Purpose.values:
        raise Invalid("Choose what the contact is for.", field="purpose")
    values = {"name": name.strip(), "email": email.strip(), "phone": phone.strip()}
    if not values["name"]:
        raise Invalid("Give the contact's name.", field="name")
    for field, longest in LONGEST.items():
        if len(values[field]) > longest or "\x00" in values[field]:
            raise Invalid(f"This is longer than {longest} characters, or no text.", field=field)
    if not values["email"] and not values["phone"]:
        raise Invalid("Give an e-mail address or a phone number.", field="email")
    if values["email"]:
        try:
            validate_email(values["email"])
        except ValidationError as error:
            raise Invalid("Write an e-mail address, such as name@example.org.", field="email") from error
    case, at = steps.begin_edit(actor=actor, submission=submission, edit="add_contact", at=at)
    there = list(case.contacts.filter(taken_off_at=None))
    if any((one.purpose, one.name, one.email, one.phone) == (purpose, *values.values()) for one in there):
        raise AlreadyDone("This contact is on the case already.")
    if len(there) >= AT_MOST:
        raise Invalid(f"A case has at most {AT_MOST} contacts.", field="name")
    contact = Contact.objects.create(submission=case, purpose=purpose, added_by=actor, added_at=at, **values)
    steps.finish(case=case, actor=actor, verb="add_contact", at=at, data={"contact": contact.pk})
    return contact


@action
def take_off_contact(*, actor, contact: Contact, at: datetime | None = None) -> Contact:
    """Take a contact off the case."""
    case, at = steps.begin_edit(actor=actor, submission=contact.submission, edit="take_off_contact", at=at)
    row = Contact.objects.select_for_update().get(pk=contact.pk)
    if row.taken_off_at is not None:
        raise AlreadyDone("This contact was taken off already.")
    row.taken_off_at = at
    row.save(update_fields=["taken_off_at"])
    steps.finish(case=case, actor=actor, verb="take_off_contact", at=at, data={"contact": row.pk})
    return row
