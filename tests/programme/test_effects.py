"""What a change does to open dates and reminders: as its preview says, and never to a window, a release or an access."""

from datetime import timedelta

import pytest
from django.apps import apps

from partners import actions as partnering
from partners.models import GrantReport
from portal.deadlines import following, planning
from portal.deadlines.calendar import add_business_days
from portal.deadlines.models import Deadline, Message
from portal.errors import Stale
from portal.programme import actions, schema, versions
from portal.programme.models import Version
from portal.programme.schema import offset_name
from portal.submissions import actions as cases
from portal.submissions.models import DisclosureNotice, InformationRequest, Obligation, Submission
from reviews.models import Assignment
from tests import factories as make
from tests import factories_disclosures as disclosing
from tests import factories_questions as asking
from tests import factories_reviews as reviewing
from tests.factories_partners import GrantCase
from tests.programme.changing import keys, saved

pytestmark = pytest.mark.django_db
NOW, DAY, HOUR = make.NOW, make.DAY, timedelta(hours=1)
# Every target differs from what was delivered.
ALL = {
    "target__acknowledge_business_days": "4",
    "target__attest_business_days": "5",
    "target__information_request_business_days": "6",
    "target__draft_feedback_days": "2",
    "target__final_feedback_business_days": "9",
    "target__credentials_withdrawn_hours": "48",
    "target__destruction_attested_days": "20",
    "target__close_out_days": "21",
    "target__concur_business_days": "8",
    "target__partner_report_days": "45",
    "target__disclosure_objection_business_days": "20",
    "target__disclosure_after_objection_business_days": "20",
    "target__seat_days_after_window": "90",
    "target__grant_days": "30",
    "target__partner_revetting_days": "100",
    "target__conflict_renewal_days": "120",
}


def world() -> None:
    """Open dates of every kind: cases before and in their window and withdrawn, seats, questions, grants, notices, an inquiry."""
    make.Case(make.submitted)
    case = asking.Asked()
    reviewing.proposed(case, reviewing.reviewer(case.agency))
    disclosing.notified(case)
    gone = reviewing.Reviewed(at=NOW - 3 * DAY)
    cases.withdraw(actor=gone.contributor, submission=gone.submission, at=NOW)
    granted = GrantCase()
    granted.agree()
    GrantCase().propose()
    ended = GrantCase()
    ended.agree(starts_at=NOW + 12 * DAY)
    starts = ended.grant.starts_at
    partnering.revoke(actor=ended.contributor, grant=ended.grant, reason_code="not_needed", at=starts + DAY)
    lab = make.lab()
    reviewing.submitted_inquiry(make.member(lab, "contributor"), lab)


def open_dates() -> dict:
    return {row.pk: row.due_at for row in Deadline.objects.still_open()}


def by_kind() -> dict[str, list]:
    found: dict[str, list] = {}
    for row in Deadline.objects.still_open().order_by("kind", "due_at", "pk"):
        found.setdefault(row.kind, []).append(row.due_at)
    return found


def test_what_happens_is_what_the_preview_said():
    world()
    office, before, at = make.coordinator(), open_dates(), NOW + HOUR
    seen = actions.preview(actor=office, typed=keys(ALL), at=at)
    assert open_dates() == before
    said = {move.deadline_id: (move.before, move.after) for one in seen.consequences for move in one.moves}
    saved(office, at, **ALL)
    after = open_dates()
    assert said == {pk: (before[pk], after[pk]) for pk in before if before[pk] != after[pk]}
    moved = set(Deadline.objects.filter(pk__in=said).values_list("kind", flat=True))
    # Each kind whose date is a target moved; there is none that the test has no date of.
    assert moved == set(following.FORMULAS)


def test_each_date_is_what_its_facts_and_the_new_target_make_it():
    world()
    before = by_kind()
    saved(make.coordinator(), NOW + HOUR, **ALL)
    after = by_kind()
    closes = sorted(Submission.objects.filter(pk__in=Deadline.objects.still_open().filter(
        kind="draft_feedback").values("subject_id")).values_list("closes_at", flat=True))  # fmt: skip
    assert after["acknowledge"] == [add_business_days(NOW, 4)]
    assert set(after["acknowledge_inquiry"]) == {add_business_days(NOW, 4)}
    assert set(after["attest"]) == {add_business_days(NOW, 5)}
    # Those who attested on the way, before they were asked.
    assert {moment + 60 * DAY for moment in after["conflict_renewal"]} == set(before["conflict_renewal"])
    assert set(after["answer_question"]) == {add_business_days(NOW, 6)}
    assert set(after["withdraw_credentials"]) == {NOW + 48 * HOUR}
    assert set(after["attest_destruction"]) == {NOW + 20 * DAY}
    assert after["draft_feedback"] == [moment - 2 * DAY for moment in closes]
    assert after["final_feedback"] == [add_business_days(moment, 9) for moment in closes]
    assert [b - a for a, b in zip(before["grant_close_out"], after["grant_close_out"], strict=True)] == [
        7 * DAY
    ]
    assert after["grant_concur_due"] == [add_business_days(NOW, 8)]
    [report] = GrantReport.objects.owed()
    assert after["grant_report_due"] == [report.due_at] == [report.grant.starts_at + 45 * DAY]
    # What pages show of a question and of what an agency owes is the same date.
    assert {row.due_at for row in InformationRequest.objects.all()} == {add_business_days(NOW, 6)}
    assert {row.due_at - row.ended_at for row in Obligation.objects.all()} == {48 * HOUR, 20 * DAY}


def test_windows_releases_grants_seats_vetting_and_notices_never_move():
    world()

    def fixed() -> list:
        grant, profile = apps.get_model("partners", "Grant"), apps.get_model("partners", "PartnerProfile")
        rows = [
            Submission.objects.order_by("pk").values(
                "opens_at", "closes_at", "access_provided_at", "planned_public_release", "planned_partner_release",
                "released_at",
            ),
            grant.objects.order_by("pk").values("starts_at", "expires_at", "ended_at"),
            Assignment.objects.order_by("pk").values("expires_at"),
            profile.objects.order_by("pk").values("revet_due_at"),
            DisclosureNotice.objects.order_by("pk").values("due_at", "disclose_at"),
            Deadline.objects.exclude(kind__in=following.FORMULAS).order_by("pk").values("kind", "due_at", "next_at"),
        ]  # fmt: skip
        return [list(found) for found in rows]

    before = fixed()
    assert {row["kind"] for row in before[-1]} >= {
        "window_closes", "grant_starts", "grant_expires", "answer_disclosure", "partner_revetting",
    }  # fmt: skip
    saved(make.coordinator(), NOW + HOUR, **ALL)
    assert fixed() == before


def test_a_new_case_is_planned_by_the_new_targets():
    saved(make.coordinator(), NOW - DAY, **ALL)
    case = make.Case(make.submitted)
    assert by_kind()["acknowledge"] == [add_business_days(case.submission.submitted_at, 4)]


def told(case) -> list[tuple[str, str]]:
    rows = Message.objects.filter(
        deadline__isnull=False, case_id=case.submission.pk, recipient=case.coordinator
    )
    return [(row.kind, offset_name(row.offset)) for row in rows.order_by("created_at", "offset")]


def test_no_reminder_goes_out_twice_and_what_lies_in_the_past_is_skipped():
    case = make.Case(make.submitted)
    due = add_business_days(NOW, 2)
    planning.plan(at=due - DAY)
    assert told(case) == [("acknowledge", "-1d")]
    # One more day: its reminder of the day before was given already.
    saved(case.coordinator, due - 20 * HOUR, target__acknowledge_business_days="3")
    for hours in range(0, 24 * 5, 6):
        planning.plan(at=due - 20 * HOUR + timedelta(hours=hours))
    assert told(case) == [("acknowledge", "-1d"), ("acknowledge", "0"), ("acknowledge", "+1d")]


def test_an_earlier_date_skips_its_past_reminders_and_says_how_many():
    case = make.Case(make.submitted)
    due, at = add_business_days(NOW, 2), NOW + 26 * HOUR
    planning.plan(at=due - DAY)
    seen = actions.preview(actor=case.coordinator, typed={"target:acknowledge_business_days": "1"}, at=at)
    # Of -1d, 0 and +1d: the first was given before, the second lies in the past by the new date, the third moves.
    (one,) = seen.consequences
    assert (one.kind, one.numbers) == ("acknowledge", [1, 1, 0, 1, 1, 0])
    saved(case.coordinator, at, target__acknowledge_business_days="1")
    planning.plan(at=due + 5 * DAY)
    assert told(case) == [("acknowledge", "-1d"), ("acknowledge", "+1d")]


def test_other_offsets_hold_from_now_on_and_catch_up_on_nothing():
    case = make.Case(make.submitted)
    due, at = add_business_days(NOW, 2), NOW + 30 * HOUR
    planning.plan(at=at)
    typed = {"offsets__acknowledge": "-36h, -6h, 0, +2d"}
    seen = actions.preview(actor=case.coordinator, typed=keys(typed), at=at)
    (one,) = seen.consequences
    # -6h and +2d are new, -36h is past and nobody is told of it, +1d is dropped; no date moves.
    assert (one.kind, one.numbers) == ("acknowledge", [1, 0, 2, 0, 0, 1])
    saved(case.coordinator, at, **typed)
    for hours in range(0, 24 * 6, 3):
        planning.plan(at=at + timedelta(hours=hours))
    assert told(case) == [("acknowledge", name) for name in ("-1d", "-6h", "0", "+2d")]
    assert Deadline.objects.get(kind="acknowledge").due_at == due


def test_a_reminder_that_was_due_and_stays_is_told_though_others_change_before_the_tick():
    case = make.Case(make.submitted)
    due = add_business_days(NOW, 2)
    # No tick ran since the moment of the first reminder.
    at = due - DAY + HOUR
    saved(case.coordinator, at, offsets__acknowledge="-1d, +2d")
    assert told(case) == [("acknowledge", "-1d")]
    reminders = set(Message.objects.filter(deadline__isnull=False).values_list("pk", flat=True))
    assert planning.still_due(reminders, at=at) == reminders


def test_a_reminder_that_was_due_and_not_given_yet_moves_with_its_date():
    case = make.Case(make.submitted)
    due = add_business_days(NOW, 2)
    saved(case.coordinator, due - DAY + HOUR, target__acknowledge_business_days="4")
    assert told(case) == []
    planning.plan(at=add_business_days(NOW, 4))
    assert told(case) == [("acknowledge", "-1d"), ("acknowledge", "0")]


def test_other_facts_in_between_are_shown_again_and_nothing_is_saved():
    case = make.Case(make.submitted)
    typed = {"target:acknowledge_business_days": "4"}
    seen = actions.preview(actor=case.coordinator, typed=typed, at=NOW)
    make.Case(make.submitted)
    with pytest.raises(Stale):
        actions.change(
            actor=case.coordinator, typed=typed, reason="Late.", expected_number=0, expected_digest=seen.digest, at=NOW
        )  # fmt: skip
    assert not Version.objects.exists()
    assert set(by_kind()["acknowledge"]) == {add_business_days(NOW, 2)}


def test_a_step_that_was_under_way_under_the_old_settings_is_settled_afterwards():
    version = saved(make.coordinator(), target__acknowledge_business_days="4")
    with versions.in_force(None):
        make.Case(make.submitted)
    assert by_kind()["acknowledge"] == [add_business_days(NOW, 2)]
    assert [following.settle_after_change(at=NOW + HOUR / 4) for _ in range(2)] == [1, 0]
    assert by_kind()["acknowledge"] == [add_business_days(NOW, 4)]
    with versions.in_force(None):
        make.Case(make.submitted)
    # Long after a change there is nothing to settle, and nothing is read for it.
    assert following.settle_after_change(at=version.made_at + DAY) == 0


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Name at least one moment, such as -1d, 0."),
        ("-1d, 0, -24h", "Name each moment once."),
        ("soon", "Write moments such as -7d, -12h, 0, +1d; this is none: soon"),
        ("7", "Write moments such as -7d, -12h, 0, +1d; this is none: 7"),
        ("-121d", "At most 120 days before the date and 60 days after it."),
        (", ".join(f"+{day}d" for day in range(1, 18)), "Name at most 16 moments."),
    ],
)
def test_offsets_that_make_no_sense_are_refused(typed, words):
    from portal.errors import Invalid

    with pytest.raises(Invalid) as refused:
        schema.SETTINGS["offsets:acknowledge"].read(typed)
    assert refused.value.message == words
