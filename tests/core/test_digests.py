"""How messages come by mail: as each person chose, decided when they are sent; nothing twice, nothing to who lost access."""

from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from smtplib import SMTPDataError

import pytest
import time_machine
from django.db import IntegrityError, transaction

from portal.accounts.models import Role
from portal.deadlines import (
    actions,
    delivery,
    digests,
    outbox,
    planning,
    preferences,
    registry,
    unsubscribing,
)
from portal.deadlines.models import Deadline, Message, NoticePreference
from portal.deadlines.querysets import DIGEST
from portal.errors import Invalid
from portal.ledger.models import Event
from portal.submissions import actions as cases
from reviews.actions import confirm, inquiries
from tests import factories as make
from tests import factories_reviews as desk
from tests.core.test_concurrency import at_once

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
# The factories' 10:00 in New York; the next daily mail leaves 22 hours later.
NOW = make.NOW
MORNING = NOW + 22 * HOUR


class Post:
    """The mail folder, read as mail."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, *, to=None) -> list:
        mails = [message_from_bytes(path.read_bytes()) for path in self.folder.glob("*.eml")]
        return [mail for mail in mails if to is None or mail["To"] == to.email]

    def subjects(self, to) -> list[str]:
        return sorted(mail["Subject"].partition(": ")[2] for mail in self(to=to))


@pytest.fixture
def post(mail_folder):
    return Post(mail_folder)


def send(at: datetime) -> int:
    """What beat does at an instant."""
    with time_machine.travel(at, tick=False):
        digests.make(at=at)
        return delivery.deliver_due()


def choose(person, at: datetime = NOW, **deliveries: str) -> dict:
    return actions.choose_delivery(actor=person, deliveries=deliveries, at=at)


def open_to(person) -> list[str]:
    """The groups in which a person has anything to choose."""
    return [choice.key for choice in preferences.choices_of(person) if choice.is_open]


def tell(person, case, kind: str = "acknowledge", at: datetime = NOW, about=None) -> Message:
    about = about or make.person(second_factor=False).pk
    actions.tell(
        recipients=[person.pk],
        kind=kind,
        case_id=case.submission.pk,
        case_number=case.submission.case_number,
        about=about,
        at=at,
    )
    return Message.objects.get(key=f"{about}/{kind}", recipient=person)


def quiet() -> make.Case:
    """A submitted case about which everything was sent."""
    case = make.Case(make.submitted)
    Message.objects.update(state="sent", sent_at=NOW)
    return case


def states(*messages: Message) -> list[str]:
    found = dict(Message.objects.values_list("pk", "state"))
    return [found[message.pk] for message in messages]


# --- Each way -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_who_chose_nothing_gets_each_message_at_once(post):
    case = quiet()
    message = tell(case.contributor, case)
    assert send(NOW + MINUTE) == 1
    assert states(message) == ["sent"]
    [mail] = post(to=case.contributor)
    assert (mail["Subject"].partition(": ")[2], mail["List-Unsubscribe"]) == (
        f"case {case.submission.case_number}",
        None,
    )


@pytest.mark.django_db
def test_off_is_about_mail_alone(post):
    case = quiet()
    choose(case.contributor, steps="off")
    message = tell(case.contributor, case)
    assert send(NOW + MINUTE) == send(MORNING) == 0
    assert (states(message), post()) == (["kept"], [])
    assert list(Message.objects.visible_to(case.contributor).filter(pk=message.pk)) == [message]


@pytest.mark.django_db
def test_the_daily_mail_lists_what_was_held_once_at_eight(post):
    case = quiet()
    choose(case.contributor, steps="daily")
    messages = [tell(case.contributor, case), tell(case.contributor, case, "agreed", at=NOW + HOUR)]
    assert send(NOW + 2 * HOUR) == send(MORNING - MINUTE) == 0
    assert (states(*messages), post()) == (["held", "held"], [])
    assert send(MORNING) == 1
    for at in (MORNING, MORNING + HOUR, MORNING + 30 * HOUR):
        assert send(at) == 0
    assert states(*messages) == ["sent", "sent"]
    digest = Message.objects.get(kind=DIGEST)
    assert {message.sent_at for message in Message.objects.filter(digest=digest)} == {digest.sent_at}
    [mail] = post(to=case.contributor)
    assert mail["Message-ID"] == f"<{digest.pk}@localhost.localdomain>"
    assert (mail["Subject"].partition(": ")[2], mail["X-Reminder"]) == ("Daily mail", None)
    number = case.submission.case_number
    assert mail.get_payload() == (
        f"Your submission was acknowledged.\nCase {number}\nhttp://localhost:8000/case/{number}/\n\n"
        "Both sides accepted the same version of the access terms.\n"
        f"Case {number}\nhttp://localhost:8000/case/{number}/\n\n"
        "Sign in to see what these are about. This mail says nothing more on purpose.\n\n"
        "Choose what comes by mail:\nhttp://localhost:8000/notices/settings/\n"
    )


@pytest.mark.django_db
def test_nothing_of_the_labs_is_in_a_daily_mail(post):
    case = make.Case()
    for group in open_to(case.contributor):
        choose(case.contributor, **{group: "daily"})
    planning.plan(at=case.submission.closes_at)
    send(case.submission.closes_at)
    send(case.submission.closes_at + 24 * HOUR)
    [daily] = [mail for mail in post(to=case.contributor) if mail["List-Unsubscribe"]]
    assert "The access window of this case closes soon" in daily.get_payload()
    for secret in ("marzipan", "Kestrel", case.lab.name, "sha256", case.coordinator.name):
        assert secret not in daily.as_string()


@pytest.mark.django_db
def test_the_daily_mail_stands_on_no_notices_page():
    case = quiet()
    choose(case.contributor, steps="daily")
    message = tell(case.contributor, case)
    send(NOW + MINUTE)
    assert digests.make(at=MORNING) == 1
    seen = Message.objects.visible_to(case.contributor).filter(created_at__gte=NOW)
    assert message in seen
    assert not seen.filter(kind=DIGEST).exists()
    boss = make.person(is_superuser=True)
    assert [m.kind for m in Message.objects.in_outbox_of(boss)] == [DIGEST]
    assert not Message.objects.in_outbox_of(case.coordinator).filter(kind=DIGEST).exists()


@pytest.mark.django_db
def test_a_long_daily_mail_ends_in_a_link_to_the_rest(post, monkeypatch):
    monkeypatch.setattr(digests, "LISTED", 2)
    case = quiet()
    choose(case.contributor, steps="daily")
    messages = [tell(case.contributor, case) for _ in range(3)]
    send(NOW + MINUTE)
    send(MORNING)
    [mail] = post()
    assert mail.get_payload().count("Your submission was acknowledged.") == 2
    assert "There is more:\nhttp://localhost:8000/notices/\n" in mail.get_payload()
    assert states(*messages) == ["sent"] * 3


# --- What is essential ------------------------------------------------------------------------------------------------------


ESSENTIAL = {
    "account_made", "invited", "membership_added", "membership_ended", "password_asked", "sign_in_changed",
    "second_factor_reset", "security_needed", "calendar_made", "service_changed", "mailbox_bounces", DIGEST,
    "erasure_asked", "erasure_coming", "address_left",
    "provide_access", "window_opened", "window_ended", "move_dates", "release", "withdraw", "close",
    "malware_found", "dispose", "spill_reported", "spill_lifted", "spill_removed",
    "break_glass_asked", "break_glass_opened", "break_glass_given", "break_glass_turned_down", "break_glass_ended",
    "disclosure_notified", "disclosure_answered", "disclosure_to_disclose", "disclosure_not_disclosed",
    "disclosure_disclosed", "disclosure_dropped", "disclosure_suit",
    "agency_invited", "agency_invitation_ended", "assignment_proposed", "assignment_revoked", "assignment_handed_over",
    "assignment_expired",
    "inquiry_withdrawn",
    "grant_declined", "grant_named", "grant_moved", "grant_active", "grant_suspended", "grant_resumed", "grant_extended",
    "grant_expired", "grant_revoked", "grant_surrendered", "partner_suspended", "partner_removed",
    "finding_notify_owner", "finding_moved", "finding_exploited", "finding_publish", "finding_addressed",
}  # fmt: skip


def test_which_kinds_nobody_can_put_off():
    assert {key for key, kind in registry.NOTICES.items() if kind.essential} == ESSENTIAL
    assert {key for key, kind in registry.DEADLINES.items() if kind.essential} == {
        "grant_close_out",
        "answer_disclosure",
        "disclosure_date",
        "service_expires",
    }
    groups = {kind.group.key for kind in (*registry.NOTICES.values(), *registry.DEADLINES.values())}
    assert groups == {
        "steps",
        "reminders",
        "questions",
        "readings",
        "break_glass",
        "disclosures",
        "reviews",
        "inquiries",
        "grants",
        "findings",
        "partners",
        "account",
        DIGEST,
    }
    is_open = {
        kind.group.key
        for kind in (*registry.NOTICES.values(), *registry.DEADLINES.values())
        if not kind.essential
    }
    assert groups - is_open == {"account", "break_glass", "disclosures", DIGEST}


def test_an_essential_kind_that_is_none_does_not_load():
    with pytest.raises(ValueError, match="no_such_kind"):
        registry.register(essential=["no_such_kind"])


@pytest.mark.django_db
@pytest.mark.parametrize("chosen", ["daily", "off"])
def test_what_is_essential_goes_at_once_whatever_was_chosen(chosen, post):
    case = quiet()
    choose(case.coordinator, **dict.fromkeys(open_to(case.coordinator), chosen))
    # Nor does a row that no action writes put anything off.
    NoticePreference.objects.create(person=case.coordinator, group="account", delivery=chosen, chosen_at=NOW)
    cases.withdraw(actor=case.contributor, submission=case.submission, at=NOW)
    actions.tell(
        recipients=[case.coordinator.pk], kind="sign_in_changed", case_id=None, case_number="",
        about=case.lab.pk, at=NOW, link="/account/",
    )  # fmt: skip
    send(NOW + MINUTE)
    assert post.subjects(case.coordinator) == ["Your sign-in", f"case {case.submission.case_number}"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("group", "value"), [("account", "off"), (DIGEST, "off"), ("no_such", "daily"), ("steps", "never")]
)
def test_a_choice_that_is_none_is_refused_and_nothing_of_it_is_kept(group, value):
    ada = make.member(make.lab(), Role.CONTRIBUTOR)
    with pytest.raises(Invalid) as refused:
        choose(ada, reminders="daily", **{group: value})
    assert refused.value.field == group
    assert not NoticePreference.objects.exists()
    assert not Event.objects.filter(verb="chose_delivery").exists()


@pytest.mark.django_db
def test_the_database_knows_three_ways_and_one_row_a_group():
    ada = make.person()
    row = {"person": ada, "group": "steps", "chosen_at": NOW}
    with pytest.raises(IntegrityError, match="notice_preference_delivery"), transaction.atomic():
        NoticePreference.objects.create(delivery="never", **row)
    NoticePreference.objects.create(delivery="daily", **row)
    with pytest.raises(IntegrityError, match="notice_preference_once"), transaction.atomic():
        NoticePreference.objects.create(delivery="off", **row)


@pytest.mark.django_db
def test_reminders_marked_as_such_go_at_once_whatever_was_chosen(post):
    case = quiet()
    choose(case.coordinator, reminders="daily")
    due = Deadline.objects.get(kind="acknowledge").due_at
    other = make.Case(make.submitted)
    Deadline.objects.filter(kind="acknowledge", subject_id=other.submission.pk).update(at_once=True)
    Message.objects.update(state="sent")
    planning.plan(at=due)
    send(due)
    tagged = sorted(mail["X-Reminder"].split("/")[2] for mail in post(to=case.coordinator))
    assert tagged == ["-1d", "0"]
    numbers = {line for mail in post(to=case.coordinator) for line in mail.get_payload().splitlines()}
    assert f"Case {other.submission.case_number}" in numbers
    assert f"Case {case.submission.case_number}" not in numbers


# --- A change of mind ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("then", "state", "mails"), [("at_once", "sent", 1), ("off", "kept", 0), ("daily", "held", 0)]
)
def test_a_change_of_mind_holds_for_what_is_held(then, state, mails, post):
    case = quiet()
    choose(case.contributor, steps="daily")
    message = tell(case.contributor, case)
    send(NOW + MINUTE)
    choose(case.contributor, at=NOW + HOUR, steps=then)
    send(NOW + HOUR)
    assert (states(message), len(post())) == ([state], mails)
    send(MORNING)
    assert len(post()) == mails + (then == "daily")


@pytest.mark.django_db
@pytest.mark.parametrize(("then", "states_after"), [("daily", ["held", "held"]), ("off", ["kept", "held"])])
def test_a_change_of_mind_about_one_group_leaves_the_others_held(then, states_after):
    case = make.Case()
    Message.objects.update(state="sent")
    choose(case.contributor, steps="daily", reminders="daily")
    planning.plan(at=case.submission.closes_at - 14 * make.DAY)
    at = case.submission.closes_at - 14 * make.DAY
    news, reminder = (
        tell(case.contributor, case, at=at),
        Message.objects.get(state="waiting", kind="window_closes", recipient=case.contributor),
    )
    send(at)
    choose(case.contributor, at=at, steps=then)
    send(at)
    assert states(news, reminder) == states_after


@pytest.mark.django_db
def test_what_waits_for_a_mail_server_is_decided_when_it_can_be_sent(post):
    case = quiet()
    message = tell(case.contributor, case)
    choose(case.contributor, steps="daily")
    send(NOW + MINUTE)
    assert (states(message), post()) == (["held"], [])


@pytest.mark.django_db
def test_what_was_kept_in_the_portal_is_not_mailed_later(post):
    case = quiet()
    choose(case.contributor, steps="off")
    message = tell(case.contributor, case)
    send(NOW + MINUTE)
    choose(case.contributor, at=NOW + HOUR, steps="at_once")
    send(NOW + 2 * HOUR)
    send(MORNING)
    assert (states(message), post()) == (["kept"], [])


@pytest.mark.django_db
def test_off_holds_for_a_daily_mail_that_could_not_leave_yet(post):
    case = quiet()
    choose(case.contributor, steps="daily", reminders="daily")
    news = tell(case.contributor, case)
    send(NOW + MINUTE)
    assert digests.make(at=MORNING) == 1
    choose(case.contributor, at=MORNING, steps="off")
    assert send(MORNING + MINUTE) == 0
    assert (states(news, Message.objects.get(kind=DIGEST)), post()) == (["kept", "dropped"], [])


@pytest.mark.django_db
def test_each_change_is_one_event_and_none_is_none():
    ada = make.member(make.lab(), Role.CONTRIBUTOR)
    assert choose(ada, steps="daily", reminders="off", grants="at_once") == {
        "reminders": ["at_once", "off"],
        "steps": ["at_once", "daily"],
    }
    assert choose(ada, steps="daily", reminders="off") == {}
    assert choose(ada, steps="at_once") == {"steps": ["daily", "at_once"]}
    events, said = Event.objects.filter(subject_id=ada.pk).order_by("seq"), "Chose how notices come by mail"
    assert [(event.verb, event.actor, event.data, event.what) for event in events] == [
        ("chose_delivery", ada, {"reminders": ["at_once", "off"], "steps": ["at_once", "daily"]}, said),
        ("chose_delivery", ada, {"steps": ["daily", "at_once"]}, said),
    ]


# --- Late, twice, beside itself -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "day", "following"),
    [
        (datetime(2026, 9, 14, 11, 59, tzinfo=UTC), date(2026, 9, 13), datetime(2026, 9, 14, 12, tzinfo=UTC)),
        (datetime(2026, 9, 14, 12, 0, tzinfo=UTC), date(2026, 9, 14), datetime(2026, 9, 15, 12, tzinfo=UTC)),
        # The clock goes back on 1 November 2026: 8:00 is 13:00 UTC from then on.
        (datetime(2026, 10, 31, 20, 0, tzinfo=UTC), date(2026, 10, 31), datetime(2026, 11, 1, 13, tzinfo=UTC)),
        (datetime(2026, 11, 1, 12, 59, tzinfo=UTC), date(2026, 10, 31), datetime(2026, 11, 1, 13, tzinfo=UTC)),
        (datetime(2026, 11, 1, 13, 0, tzinfo=UTC), date(2026, 11, 1), datetime(2026, 11, 2, 13, tzinfo=UTC)),
        # And forth on 14 March 2027.
        (datetime(2027, 3, 14, 12, 0, tzinfo=UTC), date(2027, 3, 14), datetime(2027, 3, 15, 12, tzinfo=UTC)),
        (datetime(2027, 3, 14, 11, 59, tzinfo=UTC), date(2027, 3, 13), datetime(2027, 3, 14, 12, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_the_hour_is_the_programmes_all_year(at, day, following):
    assert (digests.day_of(at), digests.next_at(at)) == (day, following)
    assert digests.day_of(following) > day


@pytest.mark.django_db
def test_two_days_late_is_one_mail_of_all_that_was_missed(post):
    case = quiet()
    choose(case.contributor, steps="daily")
    messages = [tell(case.contributor, case, at=NOW + day * make.DAY) for day in range(3)]
    with time_machine.travel(NOW + 2 * make.DAY, tick=False):
        delivery.deliver_due()
    assert states(*messages) == ["held"] * 3
    late = MORNING + 2 * make.DAY + 5 * HOUR
    assert [send(late), send(late), send(late + MINUTE)] == [1, 0, 0]
    [mail] = post()
    assert mail.get_payload().count("Your submission was acknowledged.") == 3


@pytest.mark.django_db
def test_what_is_held_after_the_hour_waits_for_the_next_day(post):
    case = quiet()
    choose(case.contributor, steps="daily")
    first, second = tell(case.contributor, case), tell(case.contributor, case, at=MORNING + MINUTE)
    send(MORNING + 2 * MINUTE)
    send(MORNING + 3 * MINUTE)
    assert states(first, second) == ["sent", "held"]
    send(MORNING + make.DAY)
    assert (states(second), len(post())) == (["sent"], 2)
    assert len({mail["Message-ID"] for mail in post()}) == 2


@pytest.mark.committed_db
def test_makers_and_workers_beside_each_other_mail_once_a_person(mail_folder):
    case = quiet()
    people = [case.contributor, case.coordinator, *(make.member(case.lab, Role.VIEWER) for _ in range(4))]
    for person in people:
        choose(person, steps="daily")
        for _ in range(3):
            tell(person, case)
    with time_machine.travel(NOW + MINUTE, tick=True):
        at_once([delivery.deliver_due] * 4)
    assert set(Message.objects.filter(kind="acknowledge").values_list("state", flat=True)) == {"held"}
    with time_machine.travel(MORNING, tick=True):
        at_once([lambda: digests.make(at=MORNING)] * 4)
        at_once([delivery.deliver_due] * 4)
    assert set(Message.objects.values_list("state", flat=True)) == {"sent"}
    mails = [message_from_bytes(path.read_bytes()) for path in mail_folder.glob("*.eml")]
    assert sorted(mail["To"] for mail in mails) == sorted(person.email for person in people)
    assert [mail.get_payload().count("acknowledged.") for mail in mails] == [3] * 6


@pytest.mark.committed_db
def test_choosing_beside_makers_workers_and_readers_loses_and_doubles_nothing(mail_folder):
    case = quiet()
    ada = case.contributor
    choose(ada, steps="daily")
    messages = [tell(ada, case) for _ in range(30)]
    with time_machine.travel(NOW + MINUTE, tick=True):
        delivery.deliver_due()
    calls = [
        lambda to=to: choose(ada, at=MORNING, steps=to) for to in ("at_once", "daily", "off", "daily") * 2
    ]
    calls += [lambda: digests.make(at=MORNING), delivery.deliver_due] * 3
    calls += [lambda: actions.mark_read(actor=ada, at=MORNING)] * 2
    with time_machine.travel(MORNING, tick=True):
        assert set(at_once(calls)) == {"done"}
    send(MORNING + HOUR)
    send(MORNING + make.DAY)
    assert set(states(*messages)) <= {"sent", "kept"}
    mails = [message_from_bytes(path.read_bytes()) for path in mail_folder.glob("*.eml")]
    told = sum(mail.get_payload().count("acknowledged.") for mail in mails)
    assert told == states(*messages).count("sent")


# --- Failure ------------------------------------------------------------------------------------------------------------------


class Broken:
    """A mail server that takes connections and refuses every mail."""

    def __init__(self, *args, **kwargs):
        pass

    def open(self):
        return True

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *args):
        pass

    def send_messages(self, messages):
        raise SMTPDataError(451, b"4.3.0 try later")


@pytest.mark.django_db
def test_a_daily_mail_that_fails_is_tried_again_under_its_own_id(post, settings):
    case = quiet()
    choose(case.contributor, steps="daily")
    message = tell(case.contributor, case)
    send(NOW + MINUTE)
    working, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, f"{__name__}.Broken"
    assert send(MORNING) == 0
    digest = Message.objects.get(kind=DIGEST)
    assert (digest.state, digest.attempts, digest.failure) == ("waiting", 1, "451 4.3.0 try later")
    assert states(message) == ["held"]
    settings.EMAIL_BACKEND = working
    assert send(MORNING + HOUR) == 1
    assert states(message, digest) == ["sent", "sent"]
    [mail] = post()
    # What a kill between the mail server's acceptance and the mark leaves behind.
    Message.objects.filter(pk=digest.pk).update(state="waiting", try_at=MORNING)
    Message.objects.filter(pk=message.pk).update(state="held")
    send(MORNING + 2 * HOUR)
    assert (
        [again["Message-ID"] for again in post()]
        == [mail["Message-ID"]]
        == [f"<{digest.pk}@localhost.localdomain>"]
    )


@pytest.mark.django_db
def test_a_daily_mail_that_was_given_up_can_be_sent_again_whole_or_in_parts(post, settings):
    case = quiet()
    choose(case.contributor, steps="daily")
    messages = [tell(case.contributor, case), tell(case.contributor, case, "agreed")]
    send(NOW + MINUTE)
    working, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, f"{__name__}.Broken"
    digests.make(at=MORNING)
    Message.objects.filter(kind=DIGEST).update(attempts=outbox.GIVE_UP_AFTER - 1)
    send(MORNING)
    digest = Message.objects.get(kind=DIGEST)
    assert states(digest, *messages) == ["failed"] * 3
    settings.EMAIL_BACKEND = working
    actions.requeue(actor=case.coordinator, message=messages[0], at=MORNING)
    actions.requeue(actor=make.person(is_superuser=True), message=digest, at=MORNING)
    send(MORNING + HOUR)
    assert states(digest, *messages) == ["sent", "held", "sent"]
    send(MORNING + make.DAY)
    assert states(*messages) == ["sent", "sent"]
    assert [mail.get_payload().count(f"Case {case.submission.case_number}") for mail in post()] == [1, 1]


# --- Access -------------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_who_lost_access_while_it_was_held_gets_nothing(post):
    case = make.Case()
    colleague = make.member(case.lab, Role.CONTRIBUTOR)
    Message.objects.update(state="sent")
    at = case.submission.closes_at - 14 * make.DAY
    planning.plan(at=at)
    for person in (case.contributor, colleague):
        choose(person, at=at, steps="daily", reminders="daily", inquiries="daily")
        tell(person, case, at=at)
        actions.tell(
            recipients=[person.pk],
            kind="inquiry_answered",
            case_id=None,
            case_number="IN-1",
            about=case.lab.pk,
            at=at,
        )
    send(at)
    membership = case.contributor.memberships.get()
    membership.ended_at = at + HOUR
    membership.save()
    send(at + make.DAY)
    found = Message.objects.filter(recipient=case.contributor, created_at=at)
    assert sorted(found.values_list("kind", "state")) == [
        ("acknowledge", "kept"),
        ("inquiry_answered", "kept"),
        ("window_closes", "dropped"),
    ]
    assert Message.objects.get(recipient=case.contributor, kind=DIGEST).state == "dropped"
    [mail] = [mail for mail in post() if mail["To"] != case.coordinator.email]
    assert mail["To"] == colleague.email
    assert sorted(line for line in mail.get_payload().splitlines() if line.startswith("Case ")) == [
        f"Case {case.submission.case_number}",
        f"Case {case.submission.case_number}",
        "Case IN-1",
    ]


@pytest.mark.django_db
def test_a_date_that_moved_while_it_was_held_is_not_told(post):
    case = make.Case()
    Message.objects.update(state="sent")
    at = case.submission.closes_at - 14 * make.DAY
    planning.plan(at=at)
    choose(case.contributor, at=at, reminders="daily")
    send(at)
    Deadline.objects.filter(kind="window_closes").update(due_at=case.submission.closes_at - make.DAY)
    send(at + make.DAY)
    assert Message.objects.get(kind=DIGEST).state == "dropped"
    assert case.contributor.email not in {mail["To"] for mail in post()}


@pytest.mark.django_db
def test_a_closed_account_gets_no_daily_mail(post):
    case = quiet()
    choose(case.contributor, steps="daily")
    message = tell(case.contributor, case)
    send(NOW + MINUTE)
    case.contributor.is_active = False
    case.contributor.save()
    send(MORNING)
    assert (states(message, Message.objects.get(kind=DIGEST)), post()) == (["dropped", "dropped"], [])


# --- The end of it ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_link_in_it_names_a_person_and_nothing_else(post):
    case = quiet()
    choose(case.contributor, steps="daily")
    tell(case.contributor, case)
    send(NOW + MINUTE)
    send(MORNING)
    [mail] = post()
    link = f"http://localhost:8000/notices/unsubscribe/{unsubscribing.token(case.contributor)}/"
    assert mail["List-Unsubscribe"] == f"<{link}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link not in mail.get_payload()
    assert case.submission.case_number not in link
    assert unsubscribing.person_of(unsubscribing.token(case.contributor)) == case.contributor


@pytest.mark.django_db
def test_ending_it_turns_what_came_by_it_off_and_leaves_the_rest(post):
    case = quiet()
    choose(case.contributor, steps="daily", reminders="daily", grants="off", inquiries="at_once")
    message = tell(case.contributor, case)
    send(NOW + MINUTE)
    assert actions.unsubscribe(actor=case.contributor, at=NOW + HOUR) == {
        "reminders": ["daily", "off"],
        "steps": ["daily", "off"],
    }
    assert actions.unsubscribe(actor=case.contributor, at=NOW + HOUR) == {}
    chosen = NoticePreference.objects.values_list("group", "delivery")
    assert dict(chosen) == {"grants": "off", "reminders": "off", "steps": "off"}
    [event] = Event.objects.filter(verb="unsubscribed")
    assert (event.actor, event.capacity, event.data) == (
        case.contributor,
        "link",
        {"reminders": ["daily", "off"], "steps": ["daily", "off"]},
    )
    send(MORNING)
    assert (states(message), post()) == (["kept"], [])


@pytest.mark.django_db
def test_news_that_waited_goes_to_nobody_who_may_no_longer_know(post):
    """Written while the coordinator saw the case, sent after a conflict hid it: it stays in the portal."""
    case = quiet()
    for person in (case.coordinator, case.contributor):
        actions.tell(
            recipients=[person.pk], kind="accept_terms", case_id=case.submission.pk,
            case_number=case.submission.case_number, about=case.lab.pk, at=NOW,
        )  # fmt: skip
    cases.declare_conflict(actor=case.coordinator, user=case.coordinator, submission=case.submission, at=NOW)
    send(NOW + MINUTE)
    assert (post(to=case.coordinator), len(post(to=case.contributor))) == ([], 1)
    kept = Message.objects.get(recipient=case.coordinator, kind="accept_terms")
    assert kept.state == Message.State.KEPT


@pytest.mark.django_db
def test_a_conflict_declared_overnight_keeps_inquiries_and_designations_out_of_the_daily_mail(post):
    barred, free = make.coordinator(), make.coordinator()
    labs = make.lab(), make.lab()
    writers = [make.member(lab, Role.CONTRIBUTOR) for lab in labs]
    for person in (*writers, barred, free):
        choose(person, inquiries="daily", reminders="daily")
    mine, other = [desk.submitted_inquiry(writer, lab) for writer, lab in zip(writers, labs, strict=True)]
    for lab in labs:
        made = desk.designation(desk.designator(), lab)
        confirm(actor=desk.designator(), designation=made, at=NOW)
    for inquiry in (mine, other):
        inquiries.acknowledge(actor=make.coordinator(), inquiry=inquiry, at=NOW)
    send(NOW + MINUTE)
    cases.declare_conflict(actor=barred, user=barred, organisation=labs[0], at=NOW + HOUR)
    send(MORNING)
    told = {}
    for person in (barred, free, *writers):
        [daily] = [mail for mail in post(to=person) if mail["List-Unsubscribe"]]
        lines = daily.get_payload().splitlines()
        told[person] = (
            {line for line in lines if line.startswith("Case ")},
            sum("/admin/reviews/designation/" in line for line in lines),
        )
    numbers = {f"Case {mine.number}"}, {f"Case {other.number}"}
    assert told == {
        barred: (numbers[1], 1),
        free: (numbers[0] | numbers[1], 2),
        # Who wrote it is of that lab, which is no conflict in what a lab is told.
        writers[0]: (numbers[0], 0),
        writers[1]: (numbers[1], 0),
    }
