"""Mail that comes back after it was taken: who is believed, what it ends, and who is told (RFC 3464)."""

import io
import sys

import pytest
from django.core.management import CommandError, call_command

from portal.deadlines import planning, returned
from portal.deadlines.letters import message_id
from portal.deadlines.models import Bounce, Message
from tests import factories as make

pytestmark = pytest.mark.django_db


def notification(message, *, address="", status="5.1.1", action="failed", original="") -> bytes:
    return f"""From: mailer-daemon@mx.example
To: portal@localhost.localdomain
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {address or message.recipient.email}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} no such user here
--b
Content-Type: text/rfc822-headers

Subject: whatever
Message-ID: {original or message_id(message)}
--b--
""".encode()


@pytest.fixture
def sent():
    """A reminder that was sent to the only contact of a lab."""
    case = make.Case()
    case.at = case.submission.closes_at - 14 * make.DAY
    planning.plan(at=case.at)
    Message.objects.update(state="sent", sent_at=case.at)
    case.message = Message.objects.get(kind="window_closes", recipient=case.contributor)
    return case


def test_a_mail_that_comes_back_is_given_up_and_the_next_in_line_is_reminded_once(sent):
    for _ in range(2):
        found = returned.receive(notification(sent.message))
    assert found is None
    message = Message.objects.get(pk=sent.message.pk)
    assert (message.state, message.reason) == ("failed", "mailbox")
    assert message.failure == "smtp; 550 5.1.1 no such user here"
    bounce = Bounce.objects.get()
    assert (bounce.person, bounce.address, bounce.cleared_at) == (
        sent.contributor,
        sent.contributor.email,
        None,
    )
    again = Message.objects.filter(deadline=message.deadline, state="waiting")
    assert [(row.recipient, row.offset, row.line) for row in again] == [(sent.viewer, message.offset, 1)]
    assert again.get().wording.endswith("because nobody who is asked first can be reached.")


@pytest.mark.parametrize(
    "changed",
    [
        {"address": "somebody.else@lab.example"},
        {"status": "4.2.2"},
        {"action": "delayed"},
        {"original": "<a-mail-of-another@elsewhere.example>"},
        {"original": "<11111111-2222-3333-4444-555555555555@localhost.localdomain>"},
    ],
)
def test_what_names_no_mail_of_the_portals_to_this_address_counts_for_nothing(sent, changed):
    assert returned.receive(notification(sent.message, **changed)) is None
    assert not Bounce.objects.exists()
    assert Message.objects.get(pk=sent.message.pk).state == "sent"


def test_a_message_that_was_refused_says_nothing_about_its_mailbox(sent):
    assert returned.receive(notification(sent.message, status="5.7.1")) == sent.message
    message = Message.objects.get(pk=sent.message.pk)
    assert (message.state, message.reason, Bounce.objects.count()) == ("failed", "refused", 0)


def test_the_command_reads_a_pipe(sent, monkeypatch, capsys):
    class Pipe:
        buffer = io.BytesIO(notification(sent.message))

    monkeypatch.setattr(sys, "stdin", Pipe)
    call_command("receive_bounce")
    Pipe.buffer = io.BytesIO(b"From: a\n\nnothing of the kind \xff")
    with pytest.raises(CommandError, match="Nothing in it"):
        call_command("receive_bounce")
    assert Bounce.objects.count() == 1


@pytest.mark.parametrize("cut", [0, 1, 50, 300, 420, 700])
def test_half_a_notification_or_rubbish_is_read_without_harm(sent, cut):
    content = notification(sent.message)
    for hostile in (
        content[:cut],
        content[cut:],
        b"\x00\xff" * 50,
        b"Content-Type: multipart/report\n\n" + content,
    ):
        returned.read(hostile)
