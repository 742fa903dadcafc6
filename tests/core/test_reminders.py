"""Planning and delivery: one person, one deadline, one offset: one message, ever (invariants 17, 19)."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from portal.accounts.models import Role
from portal.deadlines import actions as deadlines
from portal.deadlines import delivery, outbox, planning, registry
from portal.deadlines.calendar import add_business_days
from portal.deadlines.models import Deadline, Message
from portal.programme.schema import offset_name
from portal.submissions import actions
from tests import factories as make
from tests import factories_reviews as reviewed
from tests.core.test_concurrency import at_once

HOUR = timedelta(hours=1)


def reminders(case) -> list[tuple[str, str, str]]:
    """The reminders of the lab's people."""
    found = Message.objects.filter(case_id=case.submission.pk, deadline__isnull=False)
    found = found.filter(recipient__memberships__organisation=case.lab)
    return sorted((m.kind, offset_name(m.offset), m.recipient.email) for m in found)


@pytest.mark.django_db
def test_each_offset_reaches_each_person_once_however_often_it_is_planned():
    case = make.Case()
    second = make.member(case.lab, Role.ADMIN)
    closes = case.submission.closes_at
    for at in (
        closes - 15 * make.DAY,
        closes - 14 * make.DAY,
        closes - 14 * make.DAY + HOUR,
        closes - 7 * make.DAY,
    ):
        planning.plan(at=at)
        planning.plan(at=at)
    people = sorted([case.contributor.email, second.email])
    assert reminders(case) == [
        ("window_closes", name, person) for name in ("-14d", "-7d") for person in people
    ]


@pytest.mark.django_db
def test_a_late_planner_catches_up():
    case = make.Case()
    planning.plan(at=case.submission.closes_at + HOUR)
    assert [name for _, name, _ in reminders(case)] == ["-14d", "-1d", "-3d", "-7d", "0"]


@pytest.mark.django_db
def test_a_moved_date_skips_what_now_lies_in_the_past_and_doubles_nothing():
    case = make.Case()
    closes = case.submission.closes_at
    planning.plan(at=closes - 14 * make.DAY)
    moved_at = closes - 13 * make.DAY
    actions.move_dates(
        actor=case.contributor,
        submission=case.submission,
        planned_public_release=closes - 8 * make.DAY,
        planned_partner_release=closes - 8 * make.DAY,
        at=moved_at,
    )
    # 5 days are left: -14 and -7 of the new date lie in the past and are skipped.
    planning.plan(at=moved_at)
    assert [name for _, name, _ in reminders(case)] == ["-14d"]
    planning.plan(at=closes - 8 * make.DAY)
    assert [name for _, name, _ in reminders(case)] == ["-14d", "-1d", "-3d", "0"]


@pytest.mark.django_db
def test_the_lab_is_reminded_of_its_own_case_alone_and_viewers_are_not():
    case, other = make.Case(), make.Case()
    planning.plan(at=case.submission.closes_at)
    told = Message.objects.filter(case_id=case.submission.pk, kind="window_closes", line=0)
    assert {message.recipient for message in told} == {case.contributor}
    assert other.contributor not in {m.recipient for m in Message.objects.filter(case_id=case.submission.pk)}


@pytest.mark.django_db
def test_who_left_gets_nothing_more_not_even_what_was_planned():
    case = make.Case()
    planning.plan(at=case.submission.closes_at - 14 * make.DAY)
    with time_machine.travel(case.submission.closes_at - 13 * make.DAY, tick=False):
        membership = case.contributor.memberships.get()
        membership.ended_at = case.submission.closes_at - 13.5 * make.DAY
        membership.save()
        delivery.deliver_due()
    own = Message.objects.filter(kind="window_closes", recipient=case.contributor)
    assert own.get().state == Message.State.DROPPED
    planning.plan(at=case.submission.closes_at)
    assert own.count() == 1


@pytest.mark.django_db
def test_the_preview_says_what_planning_does_and_writes_nothing():
    case = make.Case()
    at = case.submission.closes_at - 14 * make.DAY
    before = Message.objects.count()
    rows = planning.preview(at=at)
    told = ("kind", "offset", "email", "stands_as", "line", "planned")
    assert Message.objects.count() == before
    # Nobody of the government's side sits on this case, so its coordinator stands in.
    assert [tuple(row[name] for name in told) for row in rows] == sorted(
        [
            ("window_closes", "-14d", case.contributor.email, "lab", 0, False),
            ("window_closes", "-14d", case.coordinator.email, "coordinator", 2, False),
        ],
        key=lambda row: row[2],
    )
    assert planning.plan(at=at) == 2
    # What was planned is told by the deadline itself: its next moment has moved on.
    assert planning.preview(at=at) == []


@pytest.mark.django_db
def test_the_number_of_statements_does_not_grow_with_the_deadlines():
    counts = []
    for number in (1, 30):
        for _ in range(number):
            make.Case()
        with CaptureQueriesContext(
            connection,
        ) as captured:
            planning.plan(at=make.NOW + 30 * make.DAY + number * HOUR)
        counts.append(len([q for q in captured if "SAVEPOINT" not in q["sql"]]))
    # Whether anything is due, which settings hold, and the planning itself.
    assert counts == [3, 3]


@pytest.mark.django_db
def test_mail_carries_number_and_link_and_nothing_of_the_labs(mail_folder):
    case = make.Case()
    planning.plan(at=case.submission.closes_at)
    with time_machine.travel(case.submission.closes_at, tick=False):
        sent = delivery.deliver_due()
    mails = [message_from_bytes(path.read_bytes()) for path in mail_folder.glob("*.eml")]
    assert (len(mails), sent) == (Message.objects.count(), Message.objects.count())
    text = "\n".join(mail.as_string() for mail in mails)
    for secret in ("marzipan", "Kestrel", case.lab.name, "sha256"):
        assert secret not in text
    for mail in mails:
        assert case.submission.case_number in mail.get_payload()
        assert f"/case/{case.submission.case_number}/" in mail.get_payload()
    tags = {mail["X-Reminder"] for mail in mails if mail["To"] == case.contributor.email} - {None}
    deadline = Deadline.objects.get(kind="window_closes")
    assert tags == {
        f"{deadline.pk}/{case.contributor.pk}/{name}" for name in ("-14d", "-7d", "-3d", "-1d", "0")
    }
    assert len({mail["Message-ID"] for mail in mails}) == len(mails)


@pytest.mark.django_db
def test_sending_again_after_a_crash_repeats_the_message_id(mail_folder):
    case = make.Case(make.submitted)
    message = Message.objects.get(case_id=case.submission.pk, kind="submit", recipient=case.coordinator)
    with time_machine.travel(make.NOW + HOUR, tick=False):
        delivery.deliver_due()
        first = {message_from_bytes(path.read_bytes())["Message-ID"] for path in mail_folder.glob("*.eml")}
        # What a kill between the mail server's acceptance and the mark leaves behind.
        Message.objects.filter(pk=message.pk).update(state="waiting", sent_at=None, try_at=make.NOW)
        delivery.deliver_due()
    again = {message_from_bytes(path.read_bytes())["Message-ID"] for path in mail_folder.glob("*.eml")}
    assert again == first


@pytest.mark.django_db
def test_without_a_mail_server_messages_wait_and_no_attempt_is_used_up(settings):
    case = make.Case(make.submitted)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    with time_machine.travel(make.NOW + HOUR, tick=False):
        assert delivery.deliver_due() == 0
    message = Message.objects.get(case_id=case.submission.pk, kind="submit", recipient=case.coordinator)
    assert (message.state, message.attempts) == ("waiting", 0)
    assert message.try_at == make.NOW + HOUR + outbox.OUTAGE_PAUSE
    assert message.failure.startswith("ConnectionRefusedError")


@pytest.mark.committed_db
def test_workers_beside_each_other_send_each_message_once(mail_folder):
    for _ in range(5):
        make.Case()
    with time_machine.travel(make.NOW + 60 * make.DAY, tick=True):
        at_once([lambda: planning.plan(at=make.NOW + 60 * make.DAY)] * 4)
        at_once([delivery.deliver_due] * 4)
    assert set(Message.objects.values_list("state", flat=True)) == {"sent"}
    assert len(list(mail_folder.glob("*.eml"))) == Message.objects.count()


@pytest.mark.parametrize(
    ("start", "days", "expected"),
    [
        # Friday 3 July 2026 is the observed Independence Day; the weekend follows.
        (datetime(2026, 7, 1, 14, 0, tzinfo=UTC), 2, datetime(2026, 7, 6, 14, 0, tzinfo=UTC)),
        (datetime(2026, 9, 14, 14, 0, tzinfo=UTC), 2, datetime(2026, 9, 16, 14, 0, tzinfo=UTC)),
        # Over the end of daylight-saving time the local time of day stays: 10:00 in New York.
        (datetime(2026, 10, 30, 14, 0, tzinfo=UTC), 1, datetime(2026, 11, 2, 15, 0, tzinfo=UTC)),
        # Over its beginning, too: the second Sunday of March.
        (datetime(2026, 3, 6, 15, 0, tzinfo=UTC), 1, datetime(2026, 3, 9, 14, 0, tzinfo=UTC)),
        # A leap day is a day like any other: Tuesday 29 February 2028.
        (datetime(2028, 2, 28, 15, 0, tzinfo=UTC), 1, datetime(2028, 2, 29, 15, 0, tzinfo=UTC)),
        (datetime(2028, 2, 28, 15, 0, tzinfo=UTC), 2, datetime(2028, 3, 1, 15, 0, tzinfo=UTC)),
        # Christmas, observed on Monday where it falls on a Sunday; New Year's Day likewise.
        (datetime(2022, 12, 23, 15, 0, tzinfo=UTC), 1, datetime(2022, 12, 27, 15, 0, tzinfo=UTC)),
        (datetime(2022, 12, 30, 15, 0, tzinfo=UTC), 1, datetime(2023, 1, 3, 15, 0, tzinfo=UTC)),
        # 10 p.m. Friday in New York is Saturday in UTC.
        (datetime(2026, 9, 12, 2, 0, tzinfo=UTC), 1, datetime(2026, 9, 15, 2, 0, tzinfo=UTC)),
    ],
)
def test_business_days_are_counted_in_the_programmes_zone(start, days, expected):
    assert add_business_days(start, days) == expected


@pytest.mark.django_db
def test_telling_twice_about_one_event_tells_once():
    case = make.Case(make.submitted)
    for _ in range(2):
        deadlines.tell(
            recipients=[case.coordinator.pk, case.coordinator.pk],
            kind="withdraw",
            case_id=case.submission.pk,
            case_number=case.submission.case_number,
            about=case.submission.pk,
            at=make.NOW,
        )
    assert Message.objects.filter(kind="withdraw").count() == 1


@pytest.mark.django_db
def test_a_conflict_hides_a_persons_own_date_and_its_reminders():
    case = make.Case(make.agreed)
    barred, free = (reviewed.reviewer(make.programme_office()) for _ in range(2))
    for person in (barred, free):
        reviewed.proposed(case, person)
    actions.declare_conflict(actor=barred, user=barred, submission=case.submission, at=make.NOW)
    own = Deadline.objects.filter(kind="attest")
    at = max(own.values_list("due_at", flat=True))
    told = {row["person"] for row in planning.preview(at=at) if row["kind"] == "attest"}
    assert (free.pk in told, barred.pk in told) == (True, False)
    assert own.visible_to(free).filter(person=free).count() == 1
    assert own.visible_to(barred).filter(person=barred).count() == 0


# DOMAIN.md, "Deadlines and reminders": when each is reminded of, in days from its date; "daily" goes on for the days named.
TABLE = {
    "acknowledge": [-1, 0, 1],
    "acknowledge_inquiry": [-1, 0, 1],
    "provide_access": [-7, 0, 7, 14, 21],
    "window_closes": [-14, -7, -3, -1, 0],
    "draft_feedback": [-2, 0, 1, 2, 3, 4, 5],
    "final_feedback": [-2, 0, 1, 2, 3, 4, 5],
    "attest": [0, 1, 2, 3, 4, 5],
    "answer_question": [-1, 0],
    "withdraw_credentials": [-1, *range(15)],
    "attest_destruction": [-1, *range(15)],
    "grant_starts": [-7, -1],
    "grant_starts_partner": [-7, -1],
    "grant_expires": [-14, -7, -1],
    "grant_expires_partner": [-14, -7, -1],
    "grant_report_due": [-3, 0, 3],
    "grant_close_out": [-3, 0, 3],
    "partner_revetting": [-60, -30, -7],
    "partner_revetting_partner": [-60, -30, -7],
    "conflict_renewal": [-60, -30, -7],
    "finding_owner_silent": [-7, -1],
    "finding_owner_silent_office": [-7, -1],
    "finding_disclosure": [-7, -1],
    "finding_disclosure_office": [-7, -1],
    "finding_disclosure_reporter": [-7, -1],
}


def test_every_date_of_the_domain_is_registered_with_its_reminders():
    registered = {
        key: [offset / make.DAY for offset in kind.offsets] for key, kind in registry.DEADLINES.items()
    }
    assert {key: registered.get(key) for key in TABLE} == TABLE


@pytest.mark.django_db
def test_a_clock_that_jumps_or_steps_back_plans_the_same():
    steady, unsteady = make.Case(), make.Case()
    closes = steady.submission.closes_at
    assert unsteady.submission.closes_at == closes
    ticks = [closes - 15 * make.DAY + hours * HOUR for hours in range(0, 15 * 24 + 2, 6)]
    # An hour ahead, then back, then as it should be, and each twice: two beats at once.
    wild = [moment + jump for moment in ticks for jump in (HOUR, -HOUR, timedelta(0)) for _ in range(2)]

    def plan(moments, case) -> list:
        with transaction.atomic():
            for moment in moments:
                planning.plan(at=moment)
            found = reminders(case)
            transaction.set_rollback(True)
        return [(kind, name) for kind, name, _ in found]

    assert plan(ticks, steady) == plan(wild, steady) == plan([closes + HOUR], steady) == plan(wild, unsteady)
    assert len(plan(ticks, steady)) == len(TABLE["window_closes"])


@pytest.mark.django_db
def test_a_reminder_that_was_held_for_the_daily_mail_is_not_lost_when_its_date_moves(mail_folder):
    case = make.Case()
    Message.objects.all().delete()
    closes = case.submission.closes_at
    preference = {"actor": case.contributor, "deliveries": {"reminders": "daily"}, "at": make.NOW}
    deadlines.choose_delivery(**preference)
    planning.plan(at=closes - 7 * make.DAY)
    with time_machine.travel(closes - 7 * make.DAY, tick=False):
        delivery.deliver_due()
    own = Message.objects.filter(recipient=case.contributor, offset=-7 * 86400)
    first = own.get()
    assert first.state == "held"
    moved = closes + 3 * make.DAY
    deadlines.set_deadline(
        kind="window_closes",
        subject_id=case.submission.pk,
        case_id=case.submission.pk,
        case_number=case.submission.case_number,
        due_at=moved,
        at=closes - 7 * make.DAY + HOUR,
    )
    planning.plan(at=moved - 7 * make.DAY)
    second = own.get()
    assert (second.pk, second.state, second.due_at) == (first.pk, "waiting", moved)
