"""Sending over real SMTP to a server that refuses, is slow, breaks off or is away; what waits, what is given up, who is told."""

import asyncio
import resource
import signal
import socket
from collections import Counter
from datetime import time, timedelta
from email import message_from_bytes

import pytest
import time_machine
from aiosmtpd.controller import Controller

from portal.accounts.models import Role
from portal.deadlines import actions, delivery, digests, outbox, pace, planning, quiet
from portal.deadlines.models import Absence, Bounce, Deadline, DomainPace, Message, QuietHours
from tests import factories as make
from tests import factories_reviews as reviewed
from tests.site.test_notices import client_of

pytestmark = pytest.mark.django_db
SMTP = "django.core.mail.backends.smtp.EmailBackend"
HOUR = timedelta(hours=1)


class Server:
    """Takes mail, but answers as it was told for an address (``recipients``) or after the mail's text (``texts``)."""

    def __init__(self):
        self.mails, self.recipients, self.texts = [], {}, {}
        self.connections = 0

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self.recipients.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        answer = self.texts.get(envelope.rcpt_tos[0], "250 OK")
        if answer == "slow":
            await asyncio.sleep(1.2)
            answer = "250 OK"
        if answer != "refused":
            self.mails.append(message_from_bytes(envelope.content))
        if answer == "drop":
            server.transport.close()
        return "550 5.7.1 no" if answer == "refused" else "250 OK" if answer == "drop" else answer

    def to(self) -> list[str]:
        return sorted(mail["To"] for mail in self.mails)


@pytest.fixture
def server(settings):
    handler = Server()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP, "127.0.0.1", port
    settings.EMAIL_TIMEOUT = 5
    yield handler
    controller.stop()


@pytest.fixture
def case():
    """A case with a reminder each to a contributor and two administrators of the lab, and to the coordinator who stands in."""
    found = make.Case()
    found.admins = [make.member(found.lab, Role.ADMIN) for _ in range(2)]
    Message.objects.all().delete()
    found.at = found.submission.closes_at - 14 * make.DAY
    planning.plan(at=found.at)
    found.all = sorted(
        [found.contributor.email, found.coordinator.email, *(one.email for one in found.admins)]
    )
    return found


def send(at) -> int:
    with time_machine.travel(at, tick=False):
        return delivery.deliver_due()


def row(person) -> tuple:
    message = Message.objects.get(recipient=person, kind="window_closes")
    return message.state, message.reason, message.attempts


def test_each_goes_once_over_one_connection(server, case):
    assert (send(case.at), send(case.at)) == (4, 0)
    assert (server.to(), server.connections) == (case.all, 1)
    assert Counter(Message.objects.values_list("state", "reason", "failure")) == {("sent", "", ""): 4}


@pytest.mark.parametrize(
    ("where", "answer"), [("recipients", "451 4.3.0 later"), ("texts", "452 4.2.2 mailbox full")]
)
def test_what_is_refused_for_now_is_tried_again_ever_later_and_not_all_at_once(server, case, where, answer):
    getattr(server, where)[case.contributor.email] = answer
    assert send(case.at) == 3
    message = Message.objects.get(recipient=case.contributor, kind="window_closes")
    assert (message.state, message.reason, message.attempts, message.failure) == (
        "waiting",
        "later",
        1,
        answer,
    )
    assert case.at + timedelta(seconds=5) <= message.try_at <= case.at + timedelta(seconds=10)
    assert send(case.at + timedelta(seconds=4)) == 0
    getattr(server, where).clear()
    assert send(case.at + timedelta(seconds=11)) == 1
    sent = [mail["Message-ID"] for mail in server.mails if mail["To"] == case.contributor.email]
    assert set(sent) == {f"<{message.pk}@localhost.localdomain>"}


def test_the_waits_grow_to_an_hour_and_differ():
    at = make.NOW
    waits = [[(pace.after_failure(n, at=at) - at).total_seconds() for _ in range(50)] for n in range(1, 31)]
    for number, found in enumerate(waits, start=1):
        longest = min(3600, 5 * 2**number)
        assert longest / 2 <= min(found) < max(found) <= longest


def test_a_message_that_is_refused_for_good_is_given_up_and_says_nothing_of_its_mailbox(server, case):
    server.texts[case.contributor.email] = "refused"
    assert send(case.at) == 3
    assert row(case.contributor) == ("failed", "refused", 1)
    assert not Bounce.objects.exists()
    assert send(case.at + make.DAY) == 0


def test_a_message_that_is_never_taken_is_given_up_in_the_end(server, case):
    server.recipients[case.contributor.email] = "451 4.3.0 later"
    Message.objects.filter(recipient=case.contributor).update(attempts=outbox.GIVE_UP_AFTER - 1)
    send(case.at)
    assert row(case.contributor) == ("failed", "later", outbox.GIVE_UP_AFTER)


def test_a_mailbox_that_takes_no_mail_is_given_up_and_who_looks_after_the_lab_is_told(server, case):
    server.recipients[case.contributor.email] = "550 5.1.1 no such user"
    # Three reminders, and word of it to two.
    assert send(case.at) == 5
    assert row(case.contributor) == ("failed", "mailbox", 1)
    bounce = Bounce.objects.get()
    assert (bounce.person, bounce.address, bounce.said, bounce.cleared_at) == (
        case.contributor,
        case.contributor.email,
        "550 5.1.1 no such user",
        None,
    )
    told = Message.objects.filter(kind="mailbox_bounces")
    assert {(m.recipient, m.link) for m in told} == {
        (admin, f"/account/organisation/{case.lab.pk}/") for admin in case.admins
    }
    # Two administrators of the lab can be reached: nobody else is reminded in its place.
    assert set(Message.objects.filter(kind="window_closes", line=1)) == set()
    # What comes for this address from now on is given up unsent, and nobody is told of the mailbox twice.
    planning.plan(at=case.at + 7 * make.DAY)
    server.mails.clear()
    send(case.at + 7 * make.DAY)
    assert case.contributor.email not in server.to()
    assert Message.objects.filter(recipient=case.contributor, state="failed").count() == 2
    assert Message.objects.filter(kind="mailbox_bounces").count() == 2


def test_the_next_in_line_is_reminded_of_just_what_the_last_contact_could_not_get(server):
    case = make.Case()
    Message.objects.all().delete()
    case.at = case.submission.closes_at - 14 * make.DAY
    planning.plan(at=case.at)
    server.recipients[case.contributor.email] = "550 5.1.1 no such user"
    send(case.at)
    [message] = Message.objects.filter(recipient=case.viewer)
    assert (message.kind, message.offset, message.line, message.state) == (
        "window_closes",
        -14 * 86400,
        1,
        "sent",
    )
    [mail] = [mail for mail in server.mails if mail["To"] == case.viewer.email]
    assert "because nobody who is asked first can be reached" in mail.get_payload().replace("\n", " ")
    # At the next moment it is known beforehand.
    planning.plan(at=case.at + 7 * make.DAY)
    assert Message.objects.filter(recipient=case.viewer, offset=-7 * 86400).count() == 1


def test_of_a_reviewers_mailbox_the_office_is_told_where_it_can_see_to_it(server):
    case = make.Case()
    Message.objects.all().delete()
    person = reviewed.reviewer(make.programme_office())
    tell = {
        "recipients": [person.pk],
        "kind": "account_made",
        "case_id": None,
        "case_number": "",
        "link": "/",
    }
    actions.tell(about=case.lab.pk, at=make.NOW, **tell)
    server.recipients[person.email] = "550 5.1.1 no such user"
    send(make.NOW)
    [told] = Message.objects.filter(kind="mailbox_bounces")
    bounce = Bounce.objects.get()
    assert (told.recipient, told.link) == (case.coordinator, f"/admin/deadlines/bounce/{bounce.pk}/change/")
    assert client_of(case.coordinator).get(told.link).status_code == 200


def test_what_a_daily_mail_could_not_tell_is_told_to_the_next_in_line(server):
    case = make.Case()
    Message.objects.all().delete()
    at = case.submission.closes_at - 14 * make.DAY
    actions.choose_delivery(actor=case.contributor, deliveries={"reminders": "daily"}, at=make.NOW)
    planning.plan(at=at)
    send(at)
    own = Message.objects.filter(recipient=case.contributor, kind="window_closes")
    assert own.get().state == "held"
    server.recipients[case.contributor.email] = "550 5.1.1 no such user"
    morning = at + make.DAY
    digests.make(at=morning)
    send(morning)
    assert own.get().state == "failed"
    [message] = Message.objects.filter(recipient=case.viewer)
    assert (message.kind, message.offset, message.line) == ("window_closes", -14 * 86400, 1)


def test_a_new_address_is_written_to_again(server, case):
    server.recipients[case.contributor.email] = "550 5.1.1 no such user"
    send(case.at)
    case.contributor.email = "new.address@example.invalid"
    case.contributor.save()
    planning.plan(at=case.at + 7 * make.DAY)
    send(case.at + 7 * make.DAY)
    assert "new.address@example.invalid" in server.to()


def test_a_server_that_shuts_down_costs_nobody_an_attempt(server, case):
    server.recipients[case.contributor.email] = "421 4.3.2 shutting down"
    sent = send(case.at)
    rest = Message.objects.filter(state="waiting")
    assert sent + rest.count() == 4
    assert set(rest.values_list("attempts", "reason", "try_at")) == {
        (0, "outage", case.at + outbox.OUTAGE_PAUSE)
    }
    server.recipients.clear()
    send(case.at + timedelta(minutes=1))
    assert server.to() == case.all


def test_a_connection_that_breaks_after_the_text_repeats_the_message_id_and_stops_no_other(server, case):
    server.texts[case.contributor.email] = "drop"
    assert send(case.at) == 3
    assert row(case.contributor) == ("waiting", "outage", 1)
    server.texts.clear()
    send(case.at + timedelta(minutes=1))
    ids = [mail["Message-ID"] for mail in server.mails if mail["To"] == case.contributor.email]
    assert (len(ids), len(set(ids))) == (2, 1)
    assert sorted(set(server.to())) == case.all


def test_a_server_that_breaks_every_connection_is_left_alone(server, case):
    server.texts.update(dict.fromkeys(case.all, "drop"))
    assert send(case.at) == 0
    assert sorted(Message.objects.values_list("attempts", flat=True)) == [0, 1, 1, 1]


def test_a_slow_server_gets_no_more_than_the_lease_has_time_for(server, case, settings):
    settings.PORTAL_MAIL_LEASE_SECONDS = 4
    server.texts.update(dict.fromkeys(case.all, "slow"))
    with time_machine.travel(case.at, tick=True):
        assert delivery.deliver_due(batches=1) == 1
    # What was not tried is free at once for whoever comes next, and has lost no attempt.
    rest = Message.objects.filter(state="waiting", try_at__lt=case.at + timedelta(seconds=4))
    assert list(rest.values_list("attempts", "reason")) == [(0, "")] * 3
    server.texts.clear()
    assert send(case.at + timedelta(seconds=4)) == 3
    assert server.to() == case.all


def test_a_message_that_cannot_be_written_waits_and_the_others_go(server, case):
    # No address that a mail can be written to; nothing in the portal makes such a one.
    case.contributor.email = "a b\nc@@example.invalid"
    case.contributor.save()
    assert send(case.at) == 3
    assert row(case.contributor) == ("waiting", "error", 1)
    assert Message.objects.get(recipient=case.contributor).failure


def test_a_full_disk_for_the_folder_of_mail_costs_nobody_an_attempt(case, mail_folder):
    """By the kernel's limit on the size of a file, which refuses a write as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        assert send(case.at) == 0
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert set(Message.objects.values_list("state", "reason", "attempts")) == {("waiting", "outage", 0)}
    assert list(mail_folder.iterdir()) == []
    assert send(case.at + HOUR) == 4


def test_a_domain_gets_no_more_a_minute_than_is_set_and_the_rest_in_the_next(server, case, settings):
    settings.PORTAL_MAIL_DOMAIN_PER_MINUTE = 3
    at = case.at.replace(second=0, microsecond=0)
    Message.objects.update(try_at=at)
    [domain] = {email.rpartition("@")[2] for email in case.all}
    assert send(at) == 3
    assert DomainPace.objects.get().taken == 3
    [late] = Message.objects.filter(state="waiting")
    assert (late.attempts, at + pace.MINUTE <= late.try_at < at + 2 * pace.MINUTE) == (0, True)
    assert send(at + timedelta(seconds=30)) == 0
    assert send(at + 2 * pace.MINUTE) == 1
    assert (DomainPace.objects.get().domain, DomainPace.objects.get().taken) == (domain, 1)


def test_what_can_wait_waits_for_the_end_of_quiet_hours_and_nothing_else_does(server, case):
    # 8 p.m. to 7 a.m. in New York.
    at = case.at.replace(hour=3, minute=0)
    for person in (case.contributor, *case.admins):
        QuietHours.objects.create(person=person, begins=time(20), ends=time(7))
    soon, essential = case.admins
    reminder = Message.objects.get(recipient=soon, kind="window_closes")
    Deadline.objects.filter(pk=reminder.deadline_id).update(due_at=at + 2 * HOUR)
    Message.objects.filter(pk=reminder.pk).update(due_at=at + 2 * HOUR)
    Message.objects.filter(recipient=essential).update(
        kind="account_made", deadline=None, offset=None, due_at=None, case_id=None
    )
    Message.objects.update(try_at=at)
    send(at)
    assert case.contributor.email not in server.to()
    assert {soon.email, essential.email} <= set(server.to())
    [late] = Message.objects.filter(state="waiting")
    assert (late.recipient, late.try_at, late.attempts) == (
        case.contributor,
        at.replace(hour=11 if at.month < 11 else 12),
        0,
    )
    # Without quiet hours there is nothing to wait for.
    quiet.end_quiet_hours(actor=case.contributor, at=at + HOUR)
    late.refresh_from_db()
    assert (late.state, late.try_at) == ("waiting", at + HOUR)


def test_who_is_away_is_reminded_and_so_is_who_stands_in():
    case = make.Case()
    Message.objects.all().delete()
    at = case.submission.closes_at - 7 * make.DAY
    Absence.objects.create(person=case.contributor, begins_at=at - HOUR, ends_at=at + HOUR)
    planning.plan(at=case.submission.closes_at)
    lab = Message.objects.filter(recipient__in=[case.contributor, case.viewer], kind="window_closes")
    assert sorted((m.recipient.email, m.offset // 86400, m.line) for m in lab) == sorted(
        [*((case.contributor.email, days, 0) for days in (-14, -7, -3, -1, 0)), (case.viewer.email, -7, 1)]
    )
