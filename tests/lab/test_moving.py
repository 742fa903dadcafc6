"""The lab moves its planned dates: the preview, what follows, and what is refused."""

from datetime import UTC, datetime

import pytest
import time_machine

from portal.deadlines.models import Deadline
from portal.deadlines.registry import label
from portal.ledger.models import Event
from portal.submissions import actions
from tests import factories as make
from tests.factories_partners import GrantCase
from tests.lab.opened import opened
from tests.lab.visitor import Visitor, errors_beside, stored_rows, words

pytestmark = pytest.mark.django_db


def dates(case, **changed):
    """The form as the page has it, for the usual dates, in US Eastern."""
    return {
        "zone": "America/New_York",
        "planned_public_release_date": "2026-11-13",
        "planned_public_release_time": "09:00",
        "planned_partner_release_date": "2026-10-24",
        "planned_partner_release_time": "10:00",
        "revision": case.again().revision,
    } | changed


def moves(changes) -> dict:
    return {change.label: change.new for change in changes}


MOVED = {
    "later": {"planned_partner_release_date": "2026-11-05"},
    "earlier": {"planned_partner_release_date": "2026-10-01"},
    "so early that the window is shorter": {"planned_partner_release_date": "2026-09-16"},
    "no partner stage": {"planned_partner_release_date": "", "planned_partner_release_time": ""},
    "both": {"planned_public_release_date": "2026-12-24", "planned_partner_release_date": "2026-12-01"},
}


@pytest.mark.parametrize("how", MOVED)
@pytest.mark.parametrize("made", [make.submitted, make.with_access])
@pytest.mark.parametrize("days", [0, 15])
def test_the_preview_is_what_happens(how, made, days):
    case = make.Case(made)
    with time_machine.travel(make.NOW + days * make.DAY, tick=False):
        visitor = Visitor(case.contributor)
        posted = dates(case, **MOVED[how])
        before = stored_rows()
        shown = visitor.post("move_dates", case.submission, preview="1", **posted)
        if days and how == "so early that the window is shorter":
            assert errors_beside(shown, "planned_partner_release") == [
                "The planned partner release lies in the past."
            ]
            return
        preview = shown.context["preview"]
        assert stored_rows() == before
        kept = dict(shown.context["kept"])
        answer = visitor.post(
            "move_dates", case.submission, confirm="1", revision=shown.context["revision"], **kept
        )
        assert "The dates were moved." in visitor.follow(answer)
    moved = case.again()
    assert moves(preview.planned) == {
        "Planned public release": moved.planned_public_release,
        "Planned partner release": moved.planned_partner_release,
    }
    window = moves(preview.window)
    assert (window["Window opens"], window["Window closes"]) == (moved.opens_at, moved.closes_at)
    assert moves(preview.reminders) == still_due(moved)


def still_due(case) -> dict:
    """The open deadlines of a case that hang on its window, as the preview names them."""
    kinds = ("provide_access", "window_closes", "draft_feedback", "final_feedback")
    rows = Deadline.objects.still_open().filter(case_id=case.pk, kind__in=kinds)
    return {label(row.kind): row.due_at for row in rows}


@pytest.mark.parametrize("follows", [True, False])
@pytest.mark.parametrize("how", MOVED)
def test_the_preview_knows_how_grants_follow(how, follows):
    case = GrantCase()
    starts = {} if follows else {"starts_at": make.NOW + 20 * make.DAY}
    case.agree(
        follows_partner_release=follows, **({"starts_at": case.again().planned_partner_release} | starts)
    )
    visitor = Visitor(case.contributor)
    shown = visitor.post("move_dates", case.submission, preview="1", **dates(case, **MOVED[how]))
    preview = shown.context["preview"]
    kept = dict(shown.context["kept"])
    visitor.post("move_dates", case.submission, confirm="1", revision=shown.context["revision"], **kept)
    moved = case.again()
    assert moves(preview.window) == {
        "First release": min(
            at
            for at in (
                moved.planned_partner_release,
                moved.planned_public_release,
                moved.first_grant_starts_at,
            )
            if at
        ),
        "Window opens": moved.opens_at,
        "Window closes": moved.closes_at,
    }
    assert moves(preview.reminders) == still_due(moved)
    grant_moved = case.grant_again().starts_at != case.grant.starts_at
    assert bool(preview.others) == grant_moved


def test_after_the_end_the_dates_move_and_the_page_says_that_the_window_does_not():
    case = GrantCase()
    case.agree(starts_at=None)
    later = make.NOW + 70 * make.DAY
    actions.move_dates(
        actor=case.contributor,
        submission=case.submission,
        planned_partner_release=later,
        planned_public_release=make.NOW + 90 * make.DAY,
        at=make.NOW + 15 * make.DAY,
    )
    was = case.again()
    with time_machine.travel(make.NOW + 45 * make.DAY, tick=False):
        visitor = Visitor(case.contributor)
        assert "Move dates" in visitor.text("case", case.submission)
        posted = dates(case, planned_public_release_date="2026-12-24", **MOVED["later"])
        shown = visitor.post("move_dates", case.submission, preview="1", **posted)
        text = words(shown)
        for row in (
            "Planned partner release 23 Nov 2026, 9:00 a.m. EST 5 Nov 2026, 10:00 a.m. EST",
            "Window opens 24 Sep 2026, 10:00 a.m. EDT unchanged",
            "Window closes 24 Oct 2026, 10:00 a.m. EDT unchanged",
            "1 grant starts with the new partner release",
        ):
            assert row in text
        for words_of_a_running_window in (
            "Deadlines and their reminders",
            "stays at 30 days",
            "ends at once",
        ):
            assert words_of_a_running_window not in text
        kept = dict(shown.context["kept"])
        answer = visitor.post(
            "move_dates", case.submission, confirm="1", revision=shown.context["revision"], **kept
        )
        assert "The dates were moved. Grants and their reminders follow them now" in visitor.follow(answer)
        moved = case.again()
        assert (moved.opens_at, moved.closes_at, moved.state) == (was.opens_at, was.closes_at, "ended")
        assert case.grant_again().starts_at == moved.planned_partner_release < later
        actions.release(actor=case.contributor, submission=case.submission)
        assert "this step cannot be taken now" in visitor.follow(visitor.get("move_dates", case.submission))
        assert "Move dates" not in visitor.text("case", case.submission)


@pytest.mark.parametrize(
    "passed",
    [
        datetime(2026, 10, 24, 14, 0, 0, 123456, tzinfo=UTC),
        datetime(2026, 10, 24, 14, 0, 59, tzinfo=UTC),
        # 1:30 a.m. in US Eastern for the second time that day.
        datetime(2026, 11, 1, 6, 30, tzinfo=UTC),
    ],
)
def test_a_date_left_as_shown_is_not_moved_by_what_the_page_does_not_show(passed):
    case = make.Case()
    actions.move_dates(
        actor=case.contributor,
        submission=case.submission,
        planned_partner_release=passed,
        planned_public_release=make.NOW + 60 * make.DAY,
        at=make.NOW,
    )
    with time_machine.travel(make.NOW + 50 * make.DAY, tick=False):
        visitor = Visitor(case.contributor)
        form = visitor.get("move_dates", case.submission).context["form"]
        day, hour = form["planned_partner_release"].field.widget.decompress(
            form.initial["planned_partner_release"]
        )
        posted = dates(
            case,
            planned_partner_release_date=day.isoformat(),
            planned_partner_release_time=hour,
            planned_public_release_date="2026-12-24",
        )
        shown = visitor.post("move_dates", case.submission, preview="1", **posted)
        kept = dict(shown.context["kept"])
        answer = visitor.post(
            "move_dates", case.submission, confirm="1", revision=shown.context["revision"], **kept
        )
        assert "The dates were moved." in visitor.follow(answer)
    assert (case.again().planned_partner_release, case.again().planned_public_release) == (
        passed,
        datetime(2026, 12, 24, 14, 0, tzinfo=UTC),
    )


def test_a_preview_moves_nothing_and_says_all_that_follows():
    case, visitor = opened()
    text = words(visitor.post("move_dates", case.submission, preview="1", **dates(case, **MOVED["later"])))
    for row in (
        "Nothing has moved yet.",
        "Planned partner release 24 Oct 2026, 10:00 a.m. EDT 5 Nov 2026, 10:00 a.m. EST",
        "Planned public release 13 Nov 2026, 9:00 a.m. EST unchanged",
        "First release 24 Oct 2026, 10:00 a.m. EDT 5 Nov 2026, 10:00 a.m. EST",
        "Window opens 24 Sep 2026, 10:00 a.m. EDT 6 Oct 2026, 11:00 a.m. EDT",
        "Window closes 24 Oct 2026, 10:00 a.m. EDT 5 Nov 2026, 10:00 a.m. EST",
        "Access window closes 24 Oct 2026, 10:00 a.m. EDT 5 Nov 2026, 10:00 a.m. EST",
    ):
        assert row in text


def test_a_window_that_ends_at_once_is_said_beforehand():
    case = make.Case()
    with time_machine.travel(make.NOW + 39 * make.DAY, tick=False):
        visitor = Visitor(case.contributor)
        later = dates(case, planned_partner_release_date="2026-11-10")
        shown = visitor.post("move_dates", case.submission, preview="1", **later)
        assert "The window stays at 30 days in all for this checkpoint" in words(shown)
        assert shown.context["preview"].ends_now is False


BAD_DATES = {
    "no public release": (
        {"planned_public_release_date": "", "planned_public_release_time": ""},
        "planned_public_release",
        "Give the planned public release.",
    ),
    "in the past": (
        {"planned_public_release_date": "2026-09-01", "planned_partner_release_date": ""},
        "planned_partner_release",
        "Give the date too, or empty the time.",
    ),
    "public in the past": (
        {
            "planned_public_release_date": "2026-09-01",
            "planned_partner_release_date": "",
            "planned_partner_release_time": "",
        },
        "planned_public_release",
        "The planned public release lies in the past.",
    ),
    "partner in the past": (
        {"planned_partner_release_date": "2026-09-01"},
        "planned_partner_release",
        "The planned partner release lies in the past.",
    ),
    "partner after public": (
        {"planned_partner_release_date": "2026-11-14"},
        "planned_partner_release",
        "The partner release cannot come after the public release.",
    ),
    "the same as before": ({}, "planned_public_release", "These are the dates the case has already."),
    "no date at all": (
        {"planned_public_release_date": "someday"},
        "planned_public_release",
        "Write a date that exists, such as 2026-10-30.",
    ),
}


@pytest.mark.parametrize("what", BAD_DATES)
@pytest.mark.parametrize("button", ["preview", "confirm"])
def test_dates_that_cannot_be_are_told_beside_them(what, button):
    changed, field, message = BAD_DATES[what]
    case, visitor = opened()
    before = stored_rows()
    posted = dates(case, **changed)
    answer = visitor.post("move_dates", case.submission, **{button: "1"}, **posted)
    assert answer.status_code == 200
    assert errors_beside(answer, field) == [message]
    page = answer.content.decode()
    day = posted["planned_public_release_date"]
    assert f'name="planned_public_release_date" value="{day}"' in page or not day
    assert stored_rows() == before


def test_changing_them_again_brings_the_form_back_as_it_was_typed():
    case, visitor = opened()
    answer = visitor.post("move_dates", case.submission, change="1", **dates(case, **MOVED["both"]))
    assert 'name="planned_public_release_date" value="2026-12-24"' in answer.content.decode()


def test_a_stale_move_is_refused_with_what_changed_and_a_double_click_moves_once():
    case, visitor = opened()
    posted = dates(case, **MOVED["later"])
    visitor.post("move_dates", case.submission, confirm="1", **posted)
    assert "nothing was done twice" in visitor.follow(
        visitor.post("move_dates", case.submission, confirm="1", **posted)
    )
    before = stored_rows()
    answer = visitor.post("move_dates", case.submission, confirm="1", **(posted | MOVED["both"]))
    assert answer.status_code == 409
    assert "10:00 a.m. EDT: Moved the planned dates" in words(answer)
    assert 'name="planned_public_release_date" value="2026-12-24"' in answer.content.decode()
    assert stored_rows() == before
    assert Event.objects.filter(verb="move_dates").count() == 1


def test_moves_are_in_the_history_of_the_dates():
    case, visitor = opened()
    visitor.post("move_dates", case.submission, confirm="1", **dates(case, **MOVED["later"]))
    text = visitor.text("changes", case.submission, of="dates")
    assert "Accepted the access terms" not in text
    assert "Accepted the access terms" in visitor.text("changes", case.submission)
    assert (
        f"14 Sep 2026, 10:00 a.m. EDT {case.contributor.name} Moved the planned dates Planned partner release:"
        " 24 Oct 2026, 10:00 a.m. EDT → 5 Nov 2026, 10:00 a.m. EST"
        " Window after it: 6 Oct 2026, 11:00 a.m. EDT to 5 Nov 2026, 10:00 a.m. EST"
    ) in text
