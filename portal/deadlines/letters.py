"""The mail of one message: a sentence of the programme's, the case number and a link; nothing of the lab's."""

from django.conf import settings
from django.core.mail import EmailMessage

from portal import programme
from portal.deadlines import registry, unsubscribing
from portal.deadlines.models import Message
from portal.deadlines.querysets import DIGEST
from portal.programme.schema import offset_name


class Letter(EmailMessage):
    """Keeps each header on one line: the reminder's name is 77 characters, and programs that read it look at one line."""

    def message(self, *args, **kwargs):
        written = super().message(*args, **kwargs)
        written.policy = written.policy.clone(max_line_length=990)
        return written


def message_id(message: Message) -> str:
    """The same for every attempt, so that a mail that was sent twice is known as one."""
    return f"<{message.pk}@{settings.PORTAL_MAIL_DOMAIN}>"


def compose(message: Message) -> Letter:
    headers = {"Message-ID": message_id(message), "Auto-Submitted": "auto-generated"}
    if message.deadline_id:
        name = offset_name(message.offset)
        headers["X-Reminder"] = f"{message.deadline_id}/{message.recipient_id}/{name}"
    if message.kind == DIGEST:
        headers |= unsubscribing.headers(message.recipient)
    about = f"case {message.case_number}" if message.case_number else message.label
    subject = f"{programme.current().name}: {about}"
    return Letter(subject, _body(message), settings.DEFAULT_FROM_EMAIL, [message.address], headers=headers)


def _body(message: Message) -> str:
    kind = registry.NOTICES.get(message.kind)
    if kind is not None and kind.mail is not None:
        return kind.mail(message)
    body = f"{message.wording}\n\n"
    if message.case_number:
        body += f"Case {message.case_number}\n"
    body += f"{settings.PORTAL_BASE_URL}{message.link}\n\n"
    return body + "Sign in to see what this is about. This mail says nothing more on purpose.\n"
