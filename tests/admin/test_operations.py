"""The operators' page: what it says, to whom, at what cost, and with nothing to say; and the mailboxes that take no mail."""

from datetime import timedelta

import pytest
import redis
from django.conf import settings

from portal.accounts.models import Role
from portal.deadlines import operations
from portal.deadlines.bouncing import clear_bounce
from portal.deadlines.models import Bounce, Heartbeat, Message
from portal.deadlines.status import Hour
from portal.errors import NotAllowed
from portal.ledger.models import Event
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.admin.desk import Desk, words
from tests.api.calls import counted

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PAGE = "/admin/operations/"
MESSAGES, BOUNCES = "deadlines_message_changelist", "deadlines_bounce_changelist"


@pytest.fixture(autouse=True)
def _broker():
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()
        yield
        client.flushdb()


def message(person, number: int, state: str = "waiting", **fields) -> Message:
    values = {"created_at": NOW, "try_at": NOW + HOUR, "kind": "sign_in_changed", "link": "/account/"}
    return Message.objects.create(recipient=person, key=f"k{number}", state=state, **values | fields)


def bounce(person, **fields) -> Bounce:
    values = {"address": person.email, "at": NOW - DAY, "said": "550 5.1.1 No such box"}
    return Bounce.objects.create(person=person, **values | fields)


def test_what_the_page_says():
    person = make.person()
    message(person, 1, try_at=NOW - 7 * MINUTE)
    message(person, 2, reason="outage")
    message(person, 3, "failed", reason="refused")
    message(person, 4, "sent", sent_at=NOW - MINUTE)
    bounce(person)
    for name, ago in (("tick", 3), ("worker", 0), ("queue:mail", 0)):
        Heartbeat.objects.create(name=name, at=NOW - ago * MINUTE)
    text = Desk(make.coordinator()).text(PAGE)
    for said in (
        "Delivery of mail As of 14 Sep 2026, 10:00 a.m. EDT.",
        "Oldest reminder that is due 7 minutes late",
        "Wait to be sent 1 now, 1 later",
        "Sent 1 in the last hour, 1 in 24 hours",
        "Given up 1",
        "Mailboxes that take no mail 1 Which they are",
        "14 Sep 2026, 10:00 a.m. EDT 1 14 Sep 2026, 9:00 a.m. EDT 0",
        "No mail server answers 1 tried again: No mail server answers 0",
        "The mail server refuses the message 0 1 given up: The mail server refuses the message",
        "Reminders are planned silent for 3 minutes 14 Sep 2026, 9:57 a.m. EDT",
        "A worker takes mail running 14 Sep 2026, 10:00 a.m. EDT",
        "Queue for long work is served never heard —",
        "Long work Removing stored files, and what else takes minutes 0",
    ):
        assert said in text
    assert person.name not in text
    assert person.email not in text


def test_with_nothing_to_say():
    text = Desk(make.coordinator()).text(PAGE)
    for said in (
        "None is late",
        "No mail was sent in the last 24 hours.",
        "Nothing fails: no message is tried again, and none was given up.",
        "Mailboxes that take no mail 0",
    ):
        assert said in text
    assert "Which they are" not in text


def test_who_reads_it():
    people = {
        "coordinator": make.coordinator(),
        "superuser": make.person(is_superuser=True),
        "auditor": reviewing.auditor(),
        "designator": reviewing.designator(),
        "another agency's coordinator": make.member(make.agency(), Role.COORDINATOR),
        "lab": make.member(make.lab(), Role.ADMIN),
        "partner": make.member(make.partner_organisation(), Role.ADMIN),
    }
    row = bounce(make.person())
    assert {
        name: [
            Desk(person).get(page, *args).status_code
            for page, *args in (
                (PAGE,),
                ("deadlines_bounce_change", row.pk),
                ("deadlines_bounce_write_again", row.pk),
            )
        ]
        for name, person in people.items()
    } == {name: [200] * 3 if name in ("coordinator", "superuser") else [404] * 3 for name in people}
    assert Desk(people["coordinator"]).client.post(PAGE).status_code == 405
    for name, shown in (("coordinator", True), ("superuser", True), ("auditor", False)):
        assert ('href="/admin/operations/"' in Desk(people[name]).get("/admin/").content.decode()) == shown


def test_it_comes_up_without_a_broker(settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    assert "The rest What the clock did, seals unknown" in Desk(make.coordinator()).text(PAGE)


@pytest.mark.parametrize("rows", [1, 30])
def test_the_page_and_the_list_cost_the_same_with_one_row_and_with_thirty(rows):
    for number in range(rows):
        person = make.person()
        bounce(person)
        message(person, number, "sent", sent_at=NOW - number * MINUTE)
        message(person, number + rows, "failed", reason="refused")
    desk = Desk(make.coordinator())
    desk.get(PAGE)
    # Clock, session, person, unread notices; then the six of how delivery stands, or keys and rows by their keys.
    for page, number in ((PAGE, 10), (BOUNCES, 6)):
        with counted(number):
            desk.get(page)


def test_a_failure_leads_to_the_outbox_where_those_messages_are():
    boss, person = make.person(is_superuser=True), make.person()
    rows = {
        ("failed", "refused"): message(person, 1, "failed", reason="refused"),
        ("failed", "unknown"): message(person, 2, "failed"),
        ("trying", "refused"): message(person, 3, reason="refused", failure="550"),
        ("trying", "outage"): message(person, 4, reason="outage", failure="down"),
    }
    desk = Desk(boss)
    page = desk.get(PAGE).content.decode().replace("&amp;", "&")
    for (delivery, reason), row in rows.items():
        address = f"/admin/deadlines/message/?delivery={delivery}&reason={reason}"
        assert f'href="{address}"' in page
        found = desk.get(MESSAGES, delivery=delivery, reason=reason).context["cl"].result_list
        assert [one.pk for one in found] == [row.pk]


def test_the_picture_has_a_bar_for_each_hour_that_something_was_sent_in():
    hours = [Hour(NOW - (i + 1) * HOUR, NOW - i * HOUR, {0: 1000, 23: 1}.get(i, 0)) for i in range(24)]
    drawn = operations.bars(tuple(hours))
    assert [(bar.y, bar.height) for bar in drawn] == [(126, 2), *[(128, 0)] * 22, (24, 104)]
    assert drawn[-1].x + drawn[-1].width <= 100


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 seconds"),
        (1.9, "1 second"),
        (59.9, "59 seconds"),
        (60, "1 minute"),
        (7199, "1 hour"),
        (172800, "2 days"),
    ],
)
def test_times_are_told_in_their_largest_unit(seconds, said):
    assert operations.span(seconds) == said


def test_a_mailbox_takes_mail_again():
    person = make.person("Ada Mailbox")
    row = bounce(person)
    desk = Desk(make.coordinator())
    shown = desk.text("deadlines_bounce_change", row.pk)
    assert "Person Ada Mailbox Address" in shown
    assert "Since 13 Sep 2026, 10:00 a.m. EDT The mail server said 550 5.1.1 No such box" in shown
    assert "Takes mail again since —" in shown
    assert "550 5.1.1 No such box Takes no mail" in desk.text(BOUNCES, mailbox="holds")
    step = "deadlines_bounce_write_again"
    assert "Mailbox takes mail again" in desk.text(step, row.pk)
    assert [desk.post(step, row.pk).status_code for _ in range(2)] == [303, 303]
    row.refresh_from_db()
    assert row.cleared_at == NOW
    event = Event.objects.get(verb="cleared_bounce")
    assert (event.subject_type, event.subject_id, event.actor_id) == (
        "accounts.user",
        person.pk,
        desk.user.pk,
    )
    assert list(desk.get(BOUNCES, mailbox="holds").context["cl"].result_list) == []
    assert "Takes mail again" in desk.text(BOUNCES, mailbox="cleared")
    assert "Said that the mailbox takes mail again" in desk.text("deadlines_bounce_history", row.pk)


def test_an_address_that_is_no_longer_used_holds_nothing():
    row = bounce(make.person(), address="before@example.invalid")
    desk = Desk(make.coordinator())
    assert list(desk.get(BOUNCES, mailbox="holds").context["cl"].result_list) == []
    assert "Address no longer used" in desk.text("deadlines_bounce_change", row.pk)


def test_others_do_not_clear_a_mailbox_also_by_the_action():
    row = bounce(make.person())
    for person in (reviewing.auditor(), make.member(make.agency(), Role.COORDINATOR), row.person):
        with pytest.raises(NotAllowed):
            clear_bounce(actor=person, bounce=row)
    row.refresh_from_db()
    assert row.cleared_at is None


def test_several_mailboxes_are_cleared_one_by_one():
    rows = [bounce(make.person()), bounce(make.person(), cleared_at=NOW)]
    chosen = {"action": "write_again", "_selected_action": [str(row.pk) for row in rows], "index": "0"}
    answer = Desk(make.coordinator()).client.post("/admin/deadlines/bounce/", chosen, follow=True)
    assert "The mailbox is written to again." in words(answer)
    assert Event.objects.filter(verb="cleared_bounce").count() == 1


def test_no_mailbox_is_said_in_words():
    assert "No mailboxes that take no mail yet" in Desk(make.coordinator()).text(BOUNCES)
