"""Erasing a person: asked for by one, done by another; what says who they are goes, what they did stays and verifies."""

import json
import smtplib
import time
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client

from portal.accounts import actions
from portal.accounts.models import (
    ApiToken,
    Erasure,
    Invitation,
    Membership,
    OtherAddress,
    PersonKey,
    ProviderLink,
    Role,
    SavedView,
    User,
)
from portal.deadlines import failures
from portal.deadlines.models import Absence, Bounce, CalendarFeed, Deadline, Message
from portal.errors import AlreadyDone, Invalid, NotAllowed, WrongState
from portal.ledger import sealing
from portal.ledger.models import Event
from portal.particulars import TEXTS, tombstone
from portal.submissions import actions as cases
from tests import factories as make
from tests import factories_partners as partnering
from tests import factories_reviews as reviewing
from tests.accounts.doors import is_signed_in, sign_in
from tests.admin.desk import Desk, words
from tests.factories_records import held, lifted
from tests.ledger import sealed

pytestmark = pytest.mark.django_db
AT = make.NOW + make.DAY
STONE = "Person erased on 15 September 2026"
STEPS_OF_ACCOUNTS = (
    "Change address",
    "Reset second factor",
    "End the person's sessions",
    "Close the account",
    "Open the account again",
    "Erase the person",
)
NAME, ADDRESS = "Quillon Marzipan", "quillon@marzipan.example"


@pytest.fixture
def root():
    return make.person("Sid", is_superuser=True)


@pytest.fixture
def second():
    return make.person("Sol", is_superuser=True)


def named(user: User) -> User:
    User.objects.filter(pk=user.pk).update(name=NAME, email=ADDRESS)
    user.refresh_from_db()
    return user


def left(user: User) -> User:
    Membership.objects.filter(user=user).update(ended_at=make.NOW)
    return User.objects.get(pk=user.pk)


def erased(root, second, user) -> User:
    actions.ask_erasure(actor=root, user=user, ground="asked", at=AT)
    return actions.erase_person(actor=second, user=user, at=AT)


def everywhere(*needles: str) -> set[tuple[str, str]]:
    """The columns of the whole database, of every table there is, in which one of these words stands."""
    found = set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT to_jsonb(t) FROM "{table}" AS t')
            for (row,) in cursor.fetchall():
                for column, value in (json.loads(row) if isinstance(row, str) else row).items():
                    if any(needle.lower() in str(value).lower() for needle in needles):
                        found.add((table, column))
    return found


# Where the person below can be read before they are erased.
HELD = {
    ("accounts_user", "name"), ("accounts_user", "email"), ("submissions_contact", "name"), ("submissions_contact", "email"),
    ("deadlines_bounce", "address"), ("deadlines_bounce", "said"), ("accounts_savedview", "name"),
    ("accounts_savedview", "query"), ("accounts_apitoken", "name"), ("accounts_providerlink", "subject"),
    ("account_emailaddress", "email"),
}  # fmt: skip


class Known:
    """A contributor with something in every table that says who somebody is, who has left."""

    def __init__(self):
        self.case = make.Case(make.submitted)
        self.user = user = named(self.case.contributor)
        self.browser = sign_in(user)
        coordinator = self.case.coordinator
        self.contact = cases.add_contact(
            actor=user, submission=self.case.submission, purpose="legal", name=NAME, email=ADDRESS.upper(),
            phone="+1 202 555 0100", at=make.NOW,
        )  # fmt: skip
        EmailAddress.objects.get_or_create(user=user, email=ADDRESS, defaults={"verified": True})
        OtherAddress.objects.create(user=user, email="q.marzipan@other.example", recorded_by=coordinator)
        ProviderLink.objects.create(
            user=user, provider="kestrel", issuer="https://login.example", subject="quillon-7"
        )
        SavedView.objects.create(user=user, page="x", name="Quillon's", query="q=Quillon")
        ApiToken.objects.create(user=user, expiry=timedelta(days=3), name="Quillon's laptop")
        CalendarFeed.objects.create(person=user, digest="d" * 64, made_at=make.NOW)
        Absence.objects.create(person=user, begins_at=make.NOW, ends_at=AT)
        Bounce.objects.create(person=user, address=ADDRESS, at=make.NOW, said="550 no Quillon here")
        other = make.lab()
        self.invitation = Invitation.objects.create(
            user=user, organisation=other, role=Role.VIEWER, invited_by=make.member(other, Role.ADMIN)
        )
        self.sent = Message.objects.create(
            recipient=user, key="sent", kind="membership_added", link="/account/", state="sent"
        )
        self.user = left(user)


def test_what_says_who_somebody_is_goes_and_what_they_did_stays(root, second):
    known = Known()
    before = Event.objects.filter(actor=known.user).count()
    assert before > 0
    assert everywhere("quillon") == HELD
    user = erased(root, second, known.user)
    assert everywhere(NAME, "quillon", "marzipan.example", "q.marzipan", "555 0100") == set()
    user.refresh_from_db()
    assert (str(user), user.email, user.is_active) == (STONE, f"{user.pk.hex}@erased.invalid", False)
    assert (user.erased_at, user.last_login, user.has_usable_password()) == (AT, None, False)
    of_user = {"user": user}
    for model in (EmailAddress, OtherAddress, ProviderLink, SavedView, ApiToken, Authenticator, UserSession):
        assert not model.objects.filter(**of_user).exists(), model
    for model in (CalendarFeed, Absence, Bounce):
        assert not model.objects.filter(person=user).exists(), model
    assert not Session.objects.exists()
    assert not is_signed_in(known.browser)
    known.contact.refresh_from_db()
    assert (known.contact.name, known.contact.phone, known.contact.purpose) == (STONE, "", "legal")
    known.invitation.refresh_from_db()
    assert known.invitation.outcome == "withdrawn"
    # What they did is there, and whom a message went to.
    assert Event.objects.filter(actor=user).count() == before
    known.sent.refresh_from_db()
    assert (known.sent.recipient, known.sent.state) == (user, "sent")
    states = set(Message.objects.filter(recipient=user).values_list("state", flat=True))
    assert states & {"waiting", "held"} == set()


def test_it_is_on_record_without_a_word_of_the_person(root, second):
    known = Known()
    erased(root, second, known.user)
    erasure = Erasure.objects.get()
    told = {"erasure": str(erasure.pk), "ground": "asked"}
    events = Event.objects.filter(subject_id=known.user.pk, at=AT).order_by("seq")
    assert list(events.values_list("verb", "actor", "subject_type", "reason", "data")) == [
        ("asked_to_erase", root.pk, "accounts.user", "", told),
        ("erased_person", second.pk, "accounts.user", "", told),
    ]
    assert Event.objects.get(verb="erased_contact").case_id == known.case.submission.pk
    assert (erasure.asked_by, erasure.confirmed_by, erasure.confirmed_at) == (root, second, AT)
    keys = {str(one.person): (one.key, one.erased_at) for one in PersonKey.objects.all()}
    assert keys == {str(known.user.pk): (None, AT), str(known.contact.pk): (None, AT)}


def test_the_sealed_ledger_verifies_afterwards_by_the_portal_and_by_a_lab(root, second, tmp_path):
    """The stand-alone verifier, over archives from before and after the erasure: the second goes on from the first."""
    known = Known()
    sealing.seal_new_events()
    before = sealed.archive(known.case, tmp_path / "before.zip")
    erased(root, second, known.user)
    sealing.seal_new_events()
    call_command("verify_ledger")
    after = sealed.archive(known.case, tmp_path / "after.zip")
    status, said = sealed.verdict(before, after, "--key", sealed.public_key())
    assert (status, "complete and unaltered" in said) == (0, True), said
    names = {name: NAME.encode() in content for name, content in sealed.files_of(after).items()}
    assert not any(names.values()), names
    assert any(NAME.encode() in content for content in sealed.files_of(before).values())


def test_a_second_person_erases_and_neither_who_asked_nor_the_person(root, second):
    person = left(make.person())
    for nobody in (make.coordinator(), make.member(make.lab(), Role.ADMIN), person):
        with pytest.raises(NotAllowed):
            actions.ask_erasure(actor=nobody, user=person, ground="asked", at=AT)
    with pytest.raises(NotAllowed):
        actions.ask_erasure(actor=root, user=root, ground="asked", at=AT)
    with pytest.raises(Invalid):
        actions.ask_erasure(actor=root, user=person, ground="because Quillon said so", at=AT)
    with pytest.raises(WrongState, match="Nobody has asked"):
        actions.erase_person(actor=second, user=person, at=AT)
    actions.ask_erasure(actor=root, user=person, ground="left", at=AT)
    with pytest.raises(AlreadyDone):
        actions.ask_erasure(actor=second, user=person, ground="left", at=AT)
    for nobody in (root, make.coordinator(), person):
        with pytest.raises(NotAllowed):
            actions.erase_person(actor=nobody, user=person, at=AT)
    actions.stop_erasure(actor=root, user=person, at=AT)
    with pytest.raises(WrongState):
        actions.erase_person(actor=second, user=person, at=AT)
    assert User.objects.get(pk=person.pk).erased_at is None
    erased(root, second, person)
    with pytest.raises(AlreadyDone):
        actions.erase_person(actor=second, user=person, at=AT)
    with pytest.raises(NotAllowed):
        actions.ask_erasure(actor=root, user=User.objects.get(pk=person.pk), ground="left", at=AT)


def test_a_superuser_can_be_erased_by_two_others(root, second):
    third = make.person("Sue", is_superuser=True)
    user = erased(root, second, third)
    assert (user.is_superuser, user.is_active) == (False, False)


def test_who_is_told(root, second):
    person = left(make.person())
    closed = make.person("Old", is_superuser=True, is_active=False)
    actions.ask_erasure(actor=root, user=person, ground="asked", at=AT)
    told = Message.objects.filter(kind__startswith="erasure").order_by("kind")
    page = f"/admin/accounts/user/{person.pk}/change/"
    assert list(told.values_list("kind", "recipient", "link", "case_number")) == [
        ("erasure_asked", second.pk, page, ""),
        ("erasure_coming", person.pk, "/account/", ""),
    ]
    assert closed not in User.objects.filter(pk__in=told.values("recipient"))


# --- what stands against it ------------------------------------------------------------------------------------------------


def against(user, at=AT) -> list[str]:
    return actions.against_erasing(user=User.objects.get(pk=user.pk), at=at)


def refused(root, user, words: str) -> None:
    assert [sentence for sentence in against(user) if words in sentence], against(user)
    with pytest.raises(WrongState, match="cannot be erased now"):
        actions.ask_erasure(actor=root, user=user, ground="asked", at=AT)


def test_a_role_a_seat_a_date_and_a_grant_stand_against_it(root):
    member = make.member(make.lab(), Role.VIEWER)
    refused(root, member, "have a role in an organisation")
    assert against(left(member)) == []
    reviewed = reviewing.Reviewed()
    refused(root, left(reviewed.reviewer), "A seat of theirs on a case is live.")
    person = make.person()
    date = Deadline.objects.create(
        kind="x", subject_id=person.pk, case_number="", person=person, due_at=AT, fresh_from=AT
    )
    refused(root, person, "A date waits for them.")
    date.met_at = AT
    date.save()
    assert against(person) == []
    granted = partnering.GrantCase()
    granted.agree()
    refused(root, left(granted.partner.member), "They are named in a grant that is not over.")


def test_a_legal_hold_over_what_they_did_stands_against_it_and_is_not_named(root, second):
    known = Known()
    stranger = left(make.person())
    hold = held(known.case)
    said = ["Records that name them have to be kept for now; the programme office knows until when."]
    assert against(known.user) == said
    assert against(stranger) == []
    refused(root, known.user, "have to be kept")
    # One that is placed after it was asked for stands against it too.
    lifted(known.case.coordinator, hold)
    actions.ask_erasure(actor=root, user=known.user, ground="asked", at=AT)
    of_lab = held(known.case, submission=None, lab=known.case.lab)
    with pytest.raises(WrongState, match="have to be kept"):
        actions.erase_person(actor=second, user=known.user, at=AT)
    assert User.objects.get(pk=known.user.pk).name == NAME
    lifted(known.case.coordinator, of_lab)
    assert actions.erase_person(actor=second, user=known.user, at=AT).name == STONE


# --- and it stays so -------------------------------------------------------------------------------------------------------


def test_nothing_is_written_in_their_place(root, second):
    user = erased(root, second, left(make.person()))
    with pytest.raises(WrongState, match="gets a new account"):
        actions.reactivate_person(actor=root, user=user, at=AT)
    with pytest.raises(WrongState, match="gets a new account"):
        actions.change_address(actor=root, user=user, email="back@example.invalid", at=AT)
    with pytest.raises(Invalid):
        actions.create_person(actor=root, email=user.email, name="Again", at=AT)
    for change in (
        {"name": "Quillon"},
        {"email": "q@example.invalid"},
        {"erased_at": None},
        {"is_active": True},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.filter(pk=user.pk).update(**change)
    key = PersonKey.objects.filter(person=user.pk)
    for refusal in (lambda: key.update(key=b"k" * 32, erased_at=None), key.delete):
        with pytest.raises(IntegrityError), transaction.atomic():
            refusal()
    assert [(one.key, one.erased_at) for one in key] == [(None, AT)]


def test_their_address_is_free_for_a_new_account_that_is_another_person(root, second):
    person = named(left(make.person()))
    erased(root, second, person)
    again = actions.create_person(actor=root, email=ADDRESS, name=NAME, at=AT)
    assert again.pk != person.pk
    assert not Event.objects.filter(actor=again).exists()


def test_the_database_wants_two_others(root, second):
    person = make.person()
    for wrong in (
        {"asked_by": person},
        {"asked_by": root, "confirmed_by": root, "confirmed_at": AT},
        {"asked_by": root, "confirmed_by": person, "confirmed_at": AT},
        {"asked_by": root, "confirmed_by": second},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Erasure.objects.create(user=person, ground="asked", asked_at=make.NOW, **wrong)
    Erasure.objects.create(user=person, ground="asked", asked_by=root)
    with pytest.raises(IntegrityError), transaction.atomic():
        Erasure.objects.create(user=person, ground="asked", asked_by=second)


def test_whose_key_was_lost_gets_a_row_that_can_be_mended(root):
    """What ``restore --accept-losses`` writes without a keyring: no name, and a superuser gives the account an address again."""
    person = left(make.person())
    User.objects.filter(pk=person.pk).update(**tombstone("accounts_user", person.pk, None))
    person.refresh_from_db()
    assert (str(person), person.is_active, person.erased_at) == ("Particulars lost", False, None)
    actions.change_address(actor=root, user=person, email="found@example.invalid", at=AT)
    assert actions.reactivate_person(actor=root, user=person, at=AT).is_active


def test_what_a_mail_server_said_is_kept_without_the_address():
    refused = smtplib.SMTPRecipientsRefused({ADDRESS: (550, f"5.1.1 <{ADDRESS}>: no such box".encode())})
    assert failures.of(refused).said == "550 5.1.1 <(address)>: no such box"
    assert "failure" in TEXTS["deadlines_message"].none.split()


# --- on the workbench ------------------------------------------------------------------------------------------------------


def test_the_pages_say_what_goes_what_stays_and_what_stands_against_it(root, second):
    known = Known()
    page = "accounts_user_change"
    desk, other = Desk(root), Desk(second)
    other.client = sign_in(second)
    asking = desk.text("accounts_user_ask_erasure", known.user.pk)
    assert "What goes" in asking
    assert "What stays" in asking
    assert "cannot be erased now" not in asking
    assert desk.post("accounts_user_ask_erasure", known.user.pk, ground="left").status_code == 303
    assert "It waits for a second person" in desk.text(page, known.user.pk)
    assert "Erase the person" not in desk.text(page, known.user.pk)
    assert "Erase the person" in other.text(page, known.user.pk)
    assert f"{root.name} asked for it on " in other.text("accounts_user_erase_person", known.user.pk)
    hold = held(known.case)
    stopped = other.post("accounts_user_erase_person", known.user.pk)
    assert (stopped.status_code, words(stopped).count("This person cannot be erased now.")) == (409, 1)
    lifted(known.case.coordinator, hold)
    # Who asked is not the second, and who used the second factor eleven minutes ago is asked for it first.
    assert desk.post("accounts_user_erase_person", known.user.pk).status_code == 403
    with time_machine.travel(time.time() + 601):
        assert other.post("accounts_user_erase_person", known.user.pk).status_code == 403
    assert User.objects.get(pk=known.user.pk).erased_at is None
    again = Desk(second)
    assert again.post("accounts_user_erase_person", known.user.pk).status_code == 303
    shown = desk.text(page, known.user.pk)
    assert "Person erased on " in shown
    assert "None: erased" in shown
    assert "Erased by Sol" in shown
    assert NAME not in shown
    assert ADDRESS not in shown
    assert {step for step in STEPS_OF_ACCOUNTS if step in shown} == set()
    assert desk.post("accounts_user_end_sessions_of", known.user.pk, reason="Away.").status_code == 403
    listed = desk.get("accounts_user_changelist", account="erased")
    assert [one.pk for one in listed.context["cl"].result_list] == [known.user.pk]


def test_a_coordinator_reads_that_it_was_asked_for_and_cannot_do_it(root):
    known = Known()
    actions.ask_erasure(actor=root, user=known.user, ground="asked", at=AT)
    desk = Desk(known.case.coordinator)
    page = desk.text("accounts_user_change", known.user.pk)
    assert "It waits for a second person" in page
    assert "Erase the person" not in page
    assert desk.post("accounts_user_stop_erasure", known.user.pk).status_code == 403
    assert Client().post(f"/admin/accounts/user/{known.user.pk}/ask_erasure/").status_code in (302, 404)
    assert Erasure.objects.waiting().count() == 1
