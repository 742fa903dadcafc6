"""Mail that comes back after a mail server had taken it: delivery status notifications (RFC 3464).

Who can write one could make a mailbox look dead. So one counts only where it names the ``Message-ID`` of a mail that the portal
sent, which is random and known to its reader alone, and the address that this mail went to.
"""

import re
from dataclasses import dataclass
from email import policy
from email.message import Message as Mail
from email.parser import BytesParser
from uuid import UUID

from django.conf import settings

from portal import clock
from portal.deadlines import bouncing, failures
from portal.deadlines.models import Message
from portal.scope import action

LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Returned:
    """What a notification says: of which message, to which address, with which status code and words."""

    message_id: UUID
    address: str
    status: str
    said: str


def read(content: bytes) -> Returned | None:
    """What is said of one of the portal's mails that will not arrive; None where nothing of the kind is."""
    mail = BytesParser(policy=policy.compat32).parsebytes(content[:LARGEST])
    message_id = _original(mail)
    if message_id is None:
        return None
    for part in mail.walk():
        if part.get_content_type() != "message/delivery-status" or not isinstance(part.get_payload(), list):
            continue
        for fields in part.get_payload():
            found = _failed(fields, message_id)
            if found:
                return found
    return None


def _failed(fields: Mail, message_id: UUID) -> Returned | None:
    status = str(fields.get("Status", "")).strip()
    address = str(fields.get("Original-Recipient") or fields.get("Final-Recipient") or "")
    if str(fields.get("Action", "")).strip().lower() != "failed" or not status.startswith("5."):
        return None
    said = " ".join(str(fields.get("Diagnostic-Code", "")).split()) or status
    return Returned(message_id, address.rpartition(";")[2].strip(), status, said[:200])


def _original(mail: Mail) -> UUID | None:
    """The message whose mail a notification gives back, whole or by its headers."""
    for part in mail.walk():
        if part.get_content_type() not in ("message/rfc822", "text/rfc822-headers"):
            continue
        found = _ID.search(part.as_string())
        if found and found.group(2).lower() == settings.PORTAL_MAIL_DOMAIN.lower():
            return UUID(found.group(1))
    return None


_ID = re.compile(r"^Message-ID:\s*<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@([^>\s]+)>", re.I | re.M)


@action
def receive(content: bytes) -> Message | None:
    """Take in one notification; the message it was about, or None where it says nothing that counts. Twice: the same."""
    found = read(content)
    if found is None:
        return None
    rows = Message.objects.select_for_update(of=("self",)).select_related("recipient")
    message = rows.filter(pk=found.message_id, state=Message.State.SENT).first()
    if message is None or message.address.lower() != found.address.lower():
        return None
    failure = failures.of_status(found.status, found.said)
    rows.filter(pk=message.pk).update(state=Message.State.FAILED, reason=failure.reason, failure=failure.said)
    if failure.reason == Message.Reason.MAILBOX and not message.goes_to_another:
        bouncing.note(message, said=failure.said, at=clock.now())
    return message
