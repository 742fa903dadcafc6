"""What is coming: each person's own dates with the reminders to come, and nothing they could not be reminded of."""

import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import time_machine

from portal.accounts.models import Membership, Role, User
from portal.deadlines import actions, planning, quiet, registry
from portal.deadlines.coming import COMING_SHOWN, coming_for
from portal.deadlines.models import Deadline
from portal.submissions import actions as cases
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.accounts.test_pages import queries
from tests.factories_partners import GrantCase
from tests.matrix import world as worlds
from tests.site.test_notices import client_of

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
PAGE = "/notices/coming/"


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def coming(user, at=NOW) -> list:
    with time_machine.travel(at, tick=False):
        return coming_for(User.objects.get(pk=user.pk), at=at)[0]


def dates(user, at=NOW) -> list[tuple[str, str]]:
    return [(row.deadline.kind, row.deadline.case_number) for row in coming(user, at)]


def text_of(user, at=NOW) -> str:
    """The words of the page's main part, as one line."""
    with time_machine.travel(at, tick=False):
        content = client_of(user).get(PAGE).content.decode()
    main = content[content.index("<main") : content.index("</main>")]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def also(user, organisation, role: str) -> User:
    Membership.objects.create(user=user, organisation=organisation, role=role, since=NOW - 365 * DAY)
    return User.objects.get(pk=user.pk)


def give(user, number: int = 1, *, kind: str = "attest", due_at=NOW + 10 * DAY) -> None:
    """Dates of no case that name one person."""
    for _ in range(number):
        actions.set_deadline(
            kind=kind, subject_id=uuid4(), case_id=None, case_number="", due_at=due_at, at=NOW, person=user
        )


# --- Whose dates they are -----------------------------------------------------------------------------------------------------


def reminded(at) -> dict[UUID, set[UUID]]:
    """Whom planning would remind of what, did the last reminder of every date that is open fall on this instant."""
    for kind, offsets in registry.offsets_of().items():
        dates_of = Deadline.objects.still_open().filter(kind=kind)
        dates_of.update(due_at=at - max(offsets), fresh_from=at, next_at=at)
    found: dict[UUID, set[UUID]] = {}
    for row in planning.preview(at=at):
        # Who is told in another's place is not asked.
        if not row.get("line"):
            found.setdefault(row["person"], set()).add(row["deadline"])
    return found


def test_it_is_what_the_reminders_rule_says_for_everybody_in_the_world():
    world = worlds.build()
    at = worlds.AT
    people = {name: user for name, user in world.people.items() if user.is_authenticated}
    people["coordinator who leads elsewhere"] = also(make.coordinator(), make.agency(), Role.REVIEWER)
    people["viewer who writes elsewhere"] = also(
        make.member(world.case.lab, Role.VIEWER), make.lab(), Role.ADMIN
    )
    people["coordinator with a lab"] = also(make.coordinator(), world.case.lab, Role.VIEWER)
    people["lab with a partner"] = also(
        make.member(world.case.lab, Role.ADMIN), world.granted.partner.organisation, Role.ADMIN
    )
    found = {name: {row.deadline.pk for row in coming(user, at)} for name, user in people.items()}
    news = Deadline.objects.filter(kind__in=registry.dates_shared(), due_at__lt=at)
    news_that_came = set(news.values_list("pk", flat=True))
    told = reminded(at)
    assert found == {name: told.get(user.pk, set()) - news_that_came for name, user in people.items()}
    # Enough is there, or it would prove nothing.
    assert {name for name, pks in found.items() if pks} >= {
        "lab admin", "granting lab", "coordinator", "lead", "reviewer", "partner admin", "named member", "invited coordinator",
        "coordinator who leads elsewhere", "coordinator with a lab", "lab with a partner",
    }  # fmt: skip


def test_another_labs_case_is_nowhere_on_it():
    case, other = make.Case(), make.Case()
    assert dates(case.contributor) == [("window_closes", case.submission.case_number)]
    text = text_of(case.contributor)
    assert case.submission.case_number in text
    assert other.submission.case_number not in text


def test_a_date_of_another_organisation_is_not_the_programmes():
    case = reviewing.Reviewed(at=NOW - DAY)
    cases.withdraw(actor=case.contributor, submission=case.submission, at=NOW)
    owed = Deadline.objects.filter(kind="withdraw_credentials")
    theirs, ours = owed.get(organisation=case.agency), owed.get(organisation=make.programme_office())
    assert {row.deadline.pk for row in coming(case.agency_coordinator)} & {theirs.pk, ours.pk} == {theirs.pk}
    assert {row.deadline.pk for row in coming(case.coordinator)} & {theirs.pk, ours.pk} == {ours.pk}


def test_a_conflict_hides_it():
    case = make.Case(make.agreed)
    barred, free = (reviewing.reviewer(make.programme_office()) for _ in range(2))
    for person in (barred, free):
        reviewing.proposed(case, person)
    number = case.submission.case_number
    assert number in text_of(barred)
    cases.declare_conflict(actor=barred, user=barred, submission=case.submission, at=NOW)
    assert dates(free) == [("attest", number)]
    assert dates(barred) == []
    assert number not in text_of(barred)


def test_a_partner_reads_of_its_own_grant_and_of_no_date_of_the_labs():
    case, other = GrantCase(), GrantCase()
    for one in (case, other):
        one.agree()
    number = case.submission.case_number
    kinds = {kind for kind, _ in dates(case.partner.member)}
    assert kinds == {"grant_starts_partner", "grant_expires_partner"}
    assert {found for _, found in dates(case.partner.member)} == {number}
    assert other.submission.case_number not in text_of(case.partner.admin)
    assert "Access window closes" not in text_of(case.partner.admin)
    # Of the same organisation, and not named on the grant.
    assert dates(make.member(case.partner.organisation, Role.MEMBER)) == []


def test_a_date_of_no_case_is_its_persons_alone():
    mine, other = (reviewing.reviewer(make.programme_office()) for _ in range(2))
    give(mine)
    assert dates(mine) == [("attest", "")]
    assert dates(other) == []
    assert "Nothing is coming" in text_of(other)


def test_who_is_of_several_places_reads_in_each_what_is_theirs_there():
    led, seen = reviewing.Reviewed(), reviewing.Reviewed()
    both = also(led.lead, make.programme_office(), Role.COORDINATOR)
    closing = [number for kind, number in dates(both) if kind == "window_closes"]
    assert closing == [led.submission.case_number]
    assert seen.submission.case_number not in closing


def test_what_was_done_is_gone():
    case = make.Case(make.submitted)
    assert ("acknowledge", case.submission.case_number) in dates(case.coordinator)
    cases.acknowledge(actor=case.coordinator, submission=case.submission, at=NOW)
    assert ("acknowledge", case.submission.case_number) not in dates(case.coordinator)


def test_the_short_list_of_the_notices_page_is_its_beginning():
    case = make.Case()
    give(case.contributor, 12, due_at=NOW + 3 * DAY)
    due = [deadline.pk for deadline in client_of(case.contributor).get("/notices/").context["due"]]
    assert due == [row.deadline.pk for row in coming(case.contributor)][:10]


# --- What is said of each -------------------------------------------------------------------------------------------------------


def test_each_says_what_when_and_how_it_is_reminded_of_in_the_readers_zone():
    case = make.Case()
    User.objects.filter(pk=case.contributor.pk).update(zone="Asia/Kathmandu")
    closes = case.submission.closes_at
    [row] = coming(case.contributor)
    assert [(reminder.at, reminder.distance) for reminder in row.reminders] == [
        (closes - 14 * DAY, "14 days before"),
        (closes - 7 * DAY, "7 days before"),
        (closes - 3 * DAY, "3 days before"),
    ]
    assert (row.more, row.last.at, row.last.distance) == (2, closes, "on time")
    text = text_of(case.contributor)
    assert (
        f"Access window closes {case.submission.case_number} "
        "10 Oct 2026, 7:45 p.m. +0545 (14 days before) 17 Oct 2026, 7:45 p.m. +0545 (7 days before) "
        "21 Oct 2026, 7:45 p.m. +0545 (3 days before) and 2 more, the last on 24 Oct 2026, 7:45 p.m. +0545 (on time) "
        "By mail at once"
    ) in text
    assert (
        f'<a href="/case/{case.submission.case_number}/">'
        in client_of(case.contributor).get(PAGE).content.decode()
    )


def test_a_reminder_whose_moment_is_past_or_lies_before_the_date_was_set_does_not_come():
    case = make.Case()
    closes = case.submission.closes_at
    moments = {
        at: [reminder.distance for reminder in coming(case.contributor, at)[0].reminders]
        for at in (closes - 7 * DAY - timedelta(seconds=1), closes - 7 * DAY, closes - timedelta(hours=1))
    }
    assert list(moments.values()) == [
        ["7 days before", "3 days before", "1 day before", "on time"],
        ["3 days before", "1 day before", "on time"],
        ["on time"],
    ]
    Deadline.objects.filter(kind="window_closes").update(fresh_from=closes - 2 * DAY)
    assert [reminder.distance for reminder in coming(case.contributor)[0].reminders] == [
        "1 day before",
        "on time",
    ]


def test_the_programmes_settings_say_when_it_is_reminded_of(monkeypatch):
    case = make.Case()
    known = registry.offsets_of()
    monkeypatch.setattr(
        "portal.deadlines.coming.registry.offsets_of",
        lambda: known | {"window_closes": [-timedelta(hours=12)]},
    )
    [row] = coming(case.contributor)
    assert [reminder.distance for reminder in row.reminders] == ["12 hours before"]


def test_how_it_comes_is_what_its_person_chose():
    case, other = make.Case(), make.Case()
    ways = {
        "at_once": "By mail at once",
        "daily": "In the daily mail",
        "off": "In the portal only, without mail",
    }
    for delivery, words in ways.items():
        actions.choose_delivery(actor=case.contributor, deliveries={"reminders": delivery})
        assert coming(case.contributor)[0].delivery == delivery
        assert words in text_of(case.contributor)
    assert "By mail at once" in text_of(other.contributor)


def test_what_is_essential_comes_at_once_whatever_was_chosen():
    case = make.Case()
    notice = cases.disclosures.give_notice(
        actor=case.coordinator, submission=case.submission, reference="FOIA-1", text="A recipe.", at=NOW
    )
    assert notice.due_at > NOW
    actions.choose_delivery(actor=case.contributor, deliveries={"reminders": "off"})
    found = {row.deadline.kind: (row.delivery, row.essential) for row in coming(case.contributor)}
    assert found == {"answer_disclosure": ("at_once", True), "window_closes": ("off", False)}
    assert "Always, since it is essential" in text_of(case.contributor)


def test_a_date_tried_by_the_demonstration_comes_at_once():
    case = make.Case()
    actions.choose_delivery(actor=case.contributor, deliveries={"reminders": "daily"})
    Deadline.objects.filter(kind="window_closes").update(at_once=True)
    assert coming(case.contributor)[0].delivery == "at_once"


def test_quiet_hours_are_said_where_there_are_any():
    case = make.Case()
    assert "quiet hours" not in text_of(case.contributor)
    quiet.choose_quiet_hours(actor=case.contributor, begins=quiet.time(22, 0), ends=quiet.time(7, 30), at=NOW)
    assert "In your quiet hours, 10:00 p.m. to 7:30 a.m., a reminder that can wait" in text_of(
        case.contributor
    )


def test_the_government_is_told_plainly_that_it_is_late():
    case = make.Case(make.submitted)
    text = text_of(case.coordinator, NOW + 10 * DAY)
    assert re.search(r"Sep 2026, \S+ \S+ EDT Overdue Acknowledge the submission", text)
    assert "None is left to come." in text


def test_a_lab_is_never_late_and_its_dates_go_when_they_come():
    case = make.Case()
    assert dates(case.contributor, case.submission.closes_at - DAY) != []
    assert dates(case.contributor, case.submission.closes_at + DAY) == []
    assert "Overdue" not in text_of(case.contributor, case.submission.closes_at + DAY)


# --- The page -------------------------------------------------------------------------------------------------------------------


def test_with_nothing_to_come_it_says_so():
    text = text_of(make.person())
    assert "Nothing is coming No date is set that you should act by or are told of." in text


def test_more_than_it_shows_is_said():
    mine = reviewing.reviewer(make.programme_office())
    give(mine, COMING_SHOWN)
    assert "There are more." not in text_of(mine)
    give(mine, due_at=NOW + 30 * DAY)
    page = client_of(mine).get(PAGE)
    assert len(page.context["rows"]) == COMING_SHOWN
    assert "There are more. These are the next 50" in text_of(mine)


def test_one_and_thirty_cost_the_same():
    mine = reviewing.reviewer(make.programme_office())
    client = client_of(mine)
    give(mine)
    few = queries(client, PAGE)
    give(mine, 29)
    assert len(client.get(PAGE).context["rows"]) == 30
    # Session, person, dates, choices, quiet hours, badge.
    assert (few, queries(client, PAGE)) == (6, 6)


def test_notices_and_settings_lead_there():
    client = client_of(make.Case().contributor)
    for page in ("/notices/", "/notices/settings/"):
        assert f'href="{PAGE}"' in client.get(page).content.decode()
