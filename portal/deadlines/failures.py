"""What a failed attempt means: whether no mail server takes anything, not this one now, not this one ever, or not this mailbox.

By the reply codes of RFC 5321 (4.2.1, 4.2.3) and the status codes of RFC 3463.
"""

import re
import smtplib
from dataclasses import dataclass

from portal.deadlines.models import Message

Reason = Message.Reason
# A mail server repeats the address it was given. What is kept of its answer is why, and not of whom.
_ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:]+@[^\s<>()\[\]\"',;:]+")
_STATUS = re.compile(r"\b[45]\.(\d{1,3})\.\d{1,3}\b")
# The second number of a status code that is about the address or the mailbox (RFC 3463, 3.2 and 3.3).
_OF_A_MAILBOX = {"1", "2"}
# Without a status code: no such mailbox here (550, 551, 553), or it is full (552).
_MAILBOX_CODES = {550, 551, 552, 553}
SHUTTING_DOWN = 421


@dataclass(frozen=True, slots=True)
class Failure:
    """``again``: whether another attempt may succeed. ``stops``: nothing else would be taken now either."""

    reason: Reason
    said: str
    again: bool = True
    stops: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "said", _ADDRESS.sub("(address)", self.said))


class NotWrittenError(Exception):
    """A message could not be put into words. Says what was raised, without its text, which could hold a fact."""


class NoServerError(Exception):
    """No mail server takes mail from the portal at present."""


def of(error: Exception) -> Failure:
    """What an error in sending one message means."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        # One recipient a message.
        [(code, text)] = error.recipients.values()
        return _of_recipient(code, _words(text))
    if isinstance(error, NotWrittenError):
        return Failure(Reason.ERROR, _said(error))
    if isinstance(error, smtplib.SMTPDataError):
        return _of_reply(error.smtp_code, _words(error.smtp_error))
    if isinstance(error, smtplib.SMTPServerDisconnected | OSError) and not isinstance(
        error, smtplib.SMTPResponseException
    ):
        # The connection broke on this message: perhaps because of it. Others are tried over a new one.
        return Failure(Reason.OUTAGE, _said(error))
    if isinstance(error, NoServerError):
        return Failure(Reason.OUTAGE, str(error)[:200], stops=True)
    if isinstance(error, smtplib.SMTPException):
        # The server refuses the portal itself: its name, its sender or its password.
        return Failure(Reason.OUTAGE, _said(error), stops=True)
    return Failure(Reason.ERROR, type(error).__name__)


def of_status(status: str, said: str) -> Failure:
    """What a mail that comes back later means, by its status code."""
    about_it = _is_of_a_mailbox(status)
    return Failure(Reason.MAILBOX if about_it else Reason.REFUSED, said, again=False)


def _is_of_a_mailbox(text: str) -> bool | None:
    """Whether the status code in this text is about the mailbox; None where there is no such code."""
    status = _STATUS.search(text)
    return status.group(1) in _OF_A_MAILBOX if status else None


def _of_recipient(code: int, text: str) -> Failure:
    found = _of_reply(code, text)
    about_it = _is_of_a_mailbox(text)
    about_it = code in _MAILBOX_CODES if about_it is None else about_it
    return Failure(Reason.MAILBOX, found.said, again=False) if not found.again and about_it else found


def _of_reply(code: int, text: str) -> Failure:
    said = f"{code} {text}".strip()[:200]
    if code == SHUTTING_DOWN:
        return Failure(Reason.OUTAGE, said, stops=True)
    if 500 <= code < 600:
        return Failure(Reason.REFUSED, said, again=False)
    return Failure(Reason.LATER, said)


def _words(text: bytes | str) -> str:
    return text.decode(errors="replace") if isinstance(text, bytes) else str(text)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
