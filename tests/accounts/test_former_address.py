"""An address that an account had before is told that it has another: whose account is being taken over learns of it."""

import pytest
from django.core import mail

from portal import clock
from portal.accounts import actions
from portal.accounts.models import FormerAddress
from portal.deadlines import bouncing, delivery, failures, outbox
from portal.deadlines.models import Bounce, Message
from tests import factories
from tests.admin.test_outbox import _outbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def root():
    return factories.person("Root", is_superuser=True)


@pytest.fixture
def pia():
    person = factories.person("Pia")
    person.email = "pia@kestrel.example"
    person.save()
    return person


def sent() -> dict[str, str]:
    delivery.deliver_due()
    found = {one.to[0]: one.subject + "\n" + one.body for one in mail.outbox}
    assert len(found) == len(mail.outbox)
    mail.outbox.clear()
    return found


def to_the_former() -> Message:
    return Message.objects.get(kind="address_left")


def test_both_addresses_are_told_and_the_old_one_names_neither_the_new_nor_the_person(root, pia):
    actions.change_address(actor=root, user=pia, email="moved@elsewhere.example")
    found = sent()
    assert set(found) == {"pia@kestrel.example", "moved@elsewhere.example"}
    text = found["pia@kestrel.example"]
    assert "The account has another address now" in text
    assert "tell your organisation's administrator or the programme at once" in text
    for word in ("moved", "elsewhere", "Pia", str(pia.pk), "http"):
        assert word not in text, word
    assert "The way you sign in was changed" in found["moved@elsewhere.example"]
    # Once.
    assert sent() == {}


def test_each_of_several_is_told_of_its_own_change(root, pia):
    for address in ("second@kestrel.example", "third@kestrel.example"):
        actions.change_address(actor=root, user=pia, email=address)
    delivery.deliver_due()
    told = sorted((one.to[0], "another address now" in one.body) for one in mail.outbox)
    assert told == [
        ("pia@kestrel.example", True),
        ("second@kestrel.example", True),
        ("third@kestrel.example", False),
        ("third@kestrel.example", False),
    ]


def test_it_goes_though_the_new_mailbox_takes_no_mail(root, pia):
    """As one that somebody gave who is not the person."""
    actions.change_address(actor=root, user=pia, email="moved@elsewhere.example")
    Bounce.objects.create(
        person=pia, address="moved@elsewhere.example", at=clock.now(), said="550 5.1.1 no such user"
    )
    assert set(sent()) == {"pia@kestrel.example"}


def test_a_former_mailbox_that_takes_no_mail_says_nothing_of_the_present_one(root, pia):
    actions.change_address(actor=root, user=pia, email="moved@elsewhere.example")
    message = to_the_former()
    with outbox.Marks() as marks:
        marks.failed(message, failures.of_status("5.1.1", "no such user"))
    assert to_the_former().state == Message.State.FAILED
    assert not Bounce.objects.exists()
    assert bouncing.reachable([message], at=clock.now()) == [message]
    assert set(sent()) == {"moved@elsewhere.example"}


def test_an_address_that_is_known_no_more_is_not_told_and_nobody_in_its_place(root, pia):
    actions.change_address(actor=root, user=pia, email="moved@elsewhere.example")
    FormerAddress.objects.all().delete()
    assert set(sent()) == {"moved@elsewhere.example"}
    assert to_the_former().state == Message.State.DROPPED


def test_an_erased_persons_former_address_is_gone(root, pia):
    actions.change_address(actor=root, user=pia, email="moved@elsewhere.example")
    actions.ask_erasure(actor=root, user=pia, ground="asked")
    actions.erase_person(actor=factories.person("Second", is_superuser=True), user=pia)
    assert not FormerAddress.objects.exists()
    assert "pia@kestrel.example" not in sent()


def test_who_looks_after_accounts_finds_it_in_the_outbox(root, pia):
    actions.change_address(actor=root, user=pia, email="moved@elsewhere.example")
    Message.objects.update(state=Message.State.FAILED, failure="SMTPRecipientsRefused: no such box")
    assert ("address_left", str(pia.pk)) in _outbox(root)
