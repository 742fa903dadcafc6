"""The calendar of one's dates: at a secret address, what its person can see at that moment, and nothing of a lab's."""

import json
import logging
import re
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from partners import actions as partners
from portal.accounts import actions as accounts
from portal.accounts.models import Membership, Role, User
from portal.deadlines import actions, feeds, registry
from portal.deadlines.models import CalendarFeed, Deadline, Message
from portal.errors import NotAllowed
from portal.ledger.models import Event
from portal.logs import JsonFormatter, without_secrets
from portal.submissions import actions as cases
from portal.submissions.models import Obligation
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.accounts.doors import reauthenticate, sign_in
from tests.accounts.test_pages import NOISE, queries
from tests.factories_partners import GrantCase
from tests.factories_questions import Asked
from tests.site.test_notices import client_of

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
PAGE = "/notices/calendar/"


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


class Feed:
    """A calendar program with an address."""

    def __init__(self, person):
        self.secret = actions.make_feed(actor=person, at=NOW)[1]

    def get(self, at=NOW):
        cache.clear()
        with time_machine.travel(at, tick=False):
            return Client().get(f"/calendar/{self.secret}.ics")

    def read(self, at=NOW) -> Calendar:
        answer = self.get(at)
        assert answer.status_code == 200
        return Calendar.from_ical(answer.content)

    def dates(self, at=NOW) -> list[tuple]:
        """(what, when), as a program reads them."""
        return [(str(event["summary"]), event["dtstart"].dt) for event in self.read(at).events]

    def labels(self, at=NOW) -> list[str]:
        return [what.partition(",")[0] for what, _ in self.dates(at)]


# --- What is in it ----------------------------------------------------------------------------------------------------------


def test_each_date_says_what_when_and_where_and_nothing_of_the_labs():
    case = make.Case()
    deadline = Deadline.objects.get(kind="window_closes")
    feed = Feed(case.contributor)
    answer = feed.get()
    [event] = Calendar.from_ical(answer.content).events
    number = case.submission.case_number
    assert {name: str(event[name]) for name in ("uid", "summary", "url", "transp")} == {
        "uid": f"{deadline.pk}@localhost.localdomain",
        "summary": f"Access window closes, {number}",
        "url": f"http://localhost:8000/case/{number}/",
        "transp": "TRANSPARENT",
    }
    assert (event["dtstart"].dt, event["sequence"], event["last-modified"].dt) == (deadline.due_at, 0, NOW)
    assert f"DTSTART:{deadline.due_at:%Y%m%dT%H%M%SZ}\r\n".encode() in answer.content
    text = answer.content.decode().replace("\r\n ", "")
    for secret in (
        "marzipan",
        "Kestrel",
        case.lab.name,
        case.contributor.name,
        case.contributor.email,
        "sha256",
    ):
        assert secret not in text


def _links(person) -> dict[str, set[str]]:
    """Where the dates lead, by what they are; every page opens for its person."""
    found: dict[str, set[str]] = {}
    for event in Feed(person).read().events:
        url = str(event["url"]).removeprefix("http://localhost:8000")
        assert client_of(person).get(url, follow=True).status_code == 200, url
        found.setdefault(str(event["summary"]).partition(",")[0], set()).add(url)
    return found


def test_each_date_leads_its_reader_to_a_page_of_their_own():
    case = Asked()
    number = case.submission.case_number
    pages = {f"/lab/cases/{number}/questions/{question.number}/" for question in (case.first, case.second)}
    assert _links(case.contributor)["Answer a question"] == pages
    # Who is of a lab too, and not of this one, has no page of it there.
    both = make.coordinator()
    Membership.objects.create(user=both, organisation=make.lab(), role=Role.VIEWER, since=NOW - 365 * DAY)
    both = User.objects.get(pk=both.pk)
    for person in (case.coordinator, reviewing.designator(make.agency()), reviewing.auditor(), both):
        assert _links(person)["Answer a question"] == {f"/case/{number}/"}


def test_what_an_agency_owes_leads_to_the_workbench():
    case = reviewing.Reviewed(at=NOW - DAY)
    cases.withdraw(actor=case.contributor, submission=case.submission, at=NOW)
    what = "Attest that credentials are withdrawn"
    for person, agency in (
        (case.agency_coordinator, case.agency),
        (case.coordinator, make.programme_office()),
    ):
        row = Obligation.objects.get(agency=agency, kind="credentials")
        assert f"/admin/submissions/obligation/{row.pk}/change/" in _links(person)[what]
    assert what not in _links(case.contributor)


def test_the_answer_is_kept_by_nobody_and_sets_nothing():
    case = make.Case()
    answer = Feed(case.contributor).get()
    wanted = {
        "Content-Type": "text/calendar; charset=utf-8",
        "Cache-Control": "private, no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
    }
    assert {name: answer[name] for name in wanted} == wanted
    assert answer.cookies == {}


def test_lines_are_folded_and_words_of_every_language_survive(settings, monkeypatch):
    settings.PORTAL_PROGRAMME_NAME = "Programme für Früherkennung, 早期アクセス; " * 4
    case = make.Case()
    feed = Feed(case.contributor)
    content = feed.get().content
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert b"\r\n " in content
    assert str(Calendar.from_ical(content)["x-wr-calname"]) == settings.PORTAL_PROGRAMME_NAME + ": dates"
    words = "Zugangsfenster schließt; \\ 終了, wirklich: " * 3
    monkeypatch.setitem(
        registry.DEADLINES, "window_closes", replace(registry.DEADLINES["window_closes"], label=words)
    )
    [(said, _)] = feed.dates()
    assert said == f"{words}, {case.submission.case_number}"


def test_a_moved_date_is_the_same_event_changed():
    case = make.Case()
    feed = Feed(case.contributor)
    [before] = feed.read().events
    for number in (1, 2):
        at, release = NOW + number * DAY, NOW + (30 - number) * DAY
        cases.move_dates(
            actor=case.contributor, submission=case.again(), planned_public_release=release,
            planned_partner_release=release, at=at,
        )  # fmt: skip
        [after] = feed.read(at).events
        assert after["uid"] == before["uid"]
        assert after["dtstart"].dt == release
        assert after["sequence"] == number * 86400
        assert after["last-modified"].dt == at


def test_what_was_done_or_is_no_longer_due_is_taken_out():
    case = make.Case(make.submitted)
    office, lab = Feed(case.coordinator), Feed(case.contributor)
    assert (office.labels(), lab.labels()) == (
        ["Acknowledge the submission", "Provide access (optional)"],
        ["Provide access (optional)"],
    )
    cases.acknowledge(actor=case.coordinator, submission=case.submission, at=NOW)
    assert office.labels() == ["Provide access (optional)"]
    cases.withdraw(actor=case.contributor, submission=case.again(), at=NOW)
    assert (office.labels(), lab.labels()) == ([], [])


def test_past_dates_stand_for_thirty_days():
    case = make.Case()
    feed, closes = Feed(case.viewer), case.submission.closes_at
    assert feed.labels(closes + 30 * DAY) == ["Access window closes"]
    assert feed.labels(closes + 30 * DAY + timedelta(seconds=1)) == []


def test_it_holds_the_next_dates_and_the_last_ones_past(monkeypatch):
    monkeypatch.setattr(feeds, "COMING", 2)
    monkeypatch.setattr(feeds, "GONE", 2)
    case = make.Case(make.agreed)
    Deadline.objects.update(cancelled_at=NOW)
    for day in (-5, -3, -1, 2, 4, 6):
        actions.set_deadline(
            kind="provide_access", subject_id=make.person(second_factor=False).pk, case_id=case.submission.pk,
            case_number=case.submission.case_number, due_at=NOW + day * DAY, at=NOW,
        )  # fmt: skip
    assert [when for _, when in Feed(case.contributor).dates()] == [NOW + day * DAY for day in (-3, -1, 2, 4)]


# --- Whose it is ------------------------------------------------------------------------------------------------------------


def test_everybody_reads_the_dates_they_can_see_and_no_others():
    case, other = reviewing.Reviewed(), make.Case()
    people = {
        "contributor": case.contributor, "viewer": case.viewer, "coordinator": case.coordinator, "lead": case.lead,
        "reviewer": case.reviewer, "another lab": other.contributor, "nobody": make.person(),
        "stranger": make.member(make.lab(), Role.ADMIN),
    }  # fmt: skip
    for name, person in people.items():
        user = User.objects.get(pk=person.pk)
        seen = Deadline.objects.visible_to(user).still_open().order_by("due_at", "id")
        expected = [] if name == "nobody" else [
            (", ".join(filter(None, [registry.label(one.kind), one.case_number])), one.due_at) for one in seen
        ]  # fmt: skip
        assert sorted(Feed(person).dates()) == sorted(expected), name
    assert [what for what, _ in Feed(other.contributor).dates()] == [
        f"Access window closes, {other.submission.case_number}"
    ]
    assert Feed(people["stranger"]).dates() == Feed(people["nobody"]).dates() == []


def test_a_partner_learns_nothing_before_both_agreed_and_reads_nothing_after_the_end():
    granted = GrantCase()
    member, admin = Feed(granted.partner.member), Feed(granted.partner.admin)

    def about(feed: Feed, at=NOW) -> list[str]:
        return [what for what, _ in feed.dates(at) if granted.submission.case_number in what]

    assert (about(member), about(admin)) == ([], [])
    granted.agree()
    during, number = granted.grant.starts_at + DAY, granted.submission.case_number
    dates = [
        f"Your grant starts, {number}",
        f"Report on your grant, {number}",
        f"Your grant expires, {number}",
    ]
    assert (about(admin), about(admin, during)) == (dates, dates)
    assert (about(member), about(member, during)) == (dates[::2], dates[::2])
    partners.revoke(
        actor=granted.contributor, grant=granted.grant, reason="", reason_code="not_needed", at=during
    )
    # What is left is what the partner's administrators owe: to destroy what they kept.
    assert about(admin, during + DAY) == [f"Close out the grant, {number}"]
    assert about(member, during + DAY) == []


@pytest.mark.parametrize(
    ("losing", "expected"),
    [
        (lambda case: Membership.objects.filter(user=case.contributor).update(ended_at=NOW), 200),
        (lambda case: User.objects.filter(pk=case.contributor.pk).update(is_active=False), 404),
        (lambda case: Authenticator.objects.filter(user=case.contributor).delete(), 404),
        (lambda case: actions.revoke_feed(actor=case.contributor), 404),
        (lambda case: actions.make_feed(actor=case.contributor), 404),
    ],
    ids=["membership ended", "account closed", "second factor reset", "revoked", "replaced"],
)
def test_what_was_lost_is_gone_at_once(losing, expected):
    case = make.Case()
    feed = Feed(case.contributor)
    assert feed.labels() == ["Access window closes"]
    losing(case)
    answer = feed.get()
    assert answer.status_code == expected
    assert case.submission.case_number not in answer.content.decode()


def test_an_account_that_was_closed_and_opened_again_makes_a_new_address():
    case, boss = make.Case(), make.person(is_superuser=True)
    make.member(case.lab, Role.ADMIN)
    feed = Feed(case.contributor)
    accounts.deactivate_person(actor=boss, user=case.contributor, at=NOW)
    assert feed.get().status_code == 404
    accounts.reactivate_person(actor=boss, user=case.contributor, at=NOW)
    assert feed.get().status_code == 404
    assert Feed(case.contributor).labels() == ["Access window closes"]


def test_a_recused_reviewer_reads_nothing_more():
    case = reviewing.Reviewed()
    feed = Feed(case.reviewer)
    assert "Access window closes" in feed.labels()
    cases.declare_conflict(actor=case.coordinator, user=case.reviewer, submission=case.submission, at=NOW)
    assert [what for what, _ in feed.dates() if case.submission.case_number in what] == []


def test_a_secret_that_is_none_opens_nothing():
    case = make.Case()
    feed = Feed(case.contributor)
    digest = CalendarFeed.objects.get().digest
    for wrong in (
        "x",
        "A" * 43,
        feed.secret[:-1],
        feed.secret + "A",
        feed.secret.swapcase(),
        digest,
        str(case.contributor.pk),
    ):
        assert Client().get(f"/calendar/{wrong}.ics").status_code == 404, wrong
    assert Client().post(f"/calendar/{feed.secret}.ics").status_code == 405
    assert CalendarFeed.objects.get().fetched_at is None


# --- Fetching -----------------------------------------------------------------------------------------------------------------


def test_each_fetch_is_shown_to_its_person_and_is_no_event():
    case = make.Case()
    feed, page = Feed(case.contributor), sign_in(case.contributor)
    assert "Not yet" in page.get(PAGE).content.decode()
    before = Event.objects.count()
    for minutes in (1, 90):
        at = NOW + timedelta(minutes=minutes)
        feed.get(at)
        assert CalendarFeed.objects.get().fetched_at == at
    assert "14 Sep 2026, 11:30 a.m. EDT" in page.get(PAGE).content.decode()
    assert Event.objects.count() == before


def test_who_asks_too_often_waits_a_minute():
    case, other = make.Case(), make.Case()
    secret, another = Feed(case.contributor).secret, Feed(other.contributor).secret
    statuses = [Client().get(f"/calendar/{secret}.ics").status_code for _ in range(feeds.OFTEN + 1)]
    assert statuses == [200] * feeds.OFTEN + [429]
    answer = Client().get(f"/calendar/{secret}.ics")
    assert (answer["Retry-After"], answer.content) == ("60", b"")
    assert Client().get(f"/calendar/{another}.ics").status_code == 200
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False):
        assert Client().get(f"/calendar/{secret}.ics").status_code == 200


@pytest.mark.parametrize(("who", "dates"), [("contributor", 1), ("coordinator", 3)])
def test_one_case_and_thirty_cost_the_same(who, dates):
    case = make.Case()
    feed, counts = Feed(getattr(case, who)), []
    for number in (0, 29):
        for _ in range(number):
            make.with_access(actor=case.contributor, lab=case.lab, by=case.coordinator)
        with CaptureQueriesContext(connection) as captured:
            assert len(feed.dates()) == dates * (number + 1)
        counts.append(
            len([query for query in captured.captured_queries if not query["sql"].startswith(NOISE)])
        )
    # The person by the secret, the note of the fetch, dates past and dates to come.
    assert counts == [4, 4]


# --- The page -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def ada():
    return make.member(make.lab(), Role.CONTRIBUTOR)


def test_an_address_is_shown_once_and_kept_as_a_hash(ada):
    client = sign_in(ada)
    assert client.post(PAGE)["Location"].startswith("/account/reauthenticate/")
    assert not CalendarFeed.objects.exists()
    reauthenticate(client)
    answer = client.post(PAGE)
    address = answer.context["address"]
    secret = re.fullmatch(r"http://localhost:8000/calendar/([\w-]{43})\.ics", address)[1]
    assert address in answer.content.decode()
    assert secret not in client.get(PAGE).content.decode()
    kept = [CalendarFeed, Event, Message]
    assert secret not in str([list(model.objects.values()) for model in kept])
    assert CalendarFeed.objects.get().digest == feeds.digest_of(secret)
    assert Client().get(f"/calendar/{secret}.ics").status_code == 200


def test_replacing_and_revoking_are_told_and_recorded(ada):
    client = sign_in(ada)
    reauthenticate(client)
    first = client.post(PAGE).context["address"]
    second = client.post(PAGE).context["address"]
    assert first != second
    assert [
        Client().get(address.removeprefix("http://localhost:8000")).status_code for address in (first, second)
    ] == [404, 200]
    assert client.post(f"{PAGE}revoke/")["Location"] == PAGE
    assert "There is no calendar address" in client.post(f"{PAGE}revoke/", follow=True).content.decode()
    assert Client().get(second.removeprefix("http://localhost:8000")).status_code == 404
    events = Event.objects.filter(verb__endswith="_feed").order_by("seq")
    assert [(event.what, event.actor, event.subject_id, event.data) for event in events] == [
        (words, ada, ada.pk, {})
        for words in (
            "Made a calendar address",
            "Replaced the calendar address",
            "Revoked the calendar address",
        )
    ]
    told = Message.objects.filter(recipient=ada, kind="calendar_made")
    assert [(message.link, message.case_number) for message in told] == [(PAGE, "")] * 2


def test_nobody_revokes_anothers(ada):
    other = Feed(make.member(make.lab(), Role.ADMIN))
    client = sign_in(ada)
    client.post(f"{PAGE}revoke/")
    assert other.get().status_code == 200
    assert "Last fetched" not in client.get(PAGE).content.decode()


def test_without_a_second_factor_there_is_no_address():
    with pytest.raises(NotAllowed):
        actions.make_feed(actor=make.person(second_factor=False))


def test_the_page_costs_four_queries_and_is_linked(ada):
    client = sign_in(ada)
    Feed(ada)
    # Session, person, address, badge.
    assert queries(client, PAGE) == 4
    for page in ("/notices/", "/lab/", "/account/profile/"):
        assert f'href="{PAGE}"' in client.get(page).content.decode(), page


# --- The secret stays out of logs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("Not Found: /calendar/abc_-DEF.ics", "Not Found: /calendar/..."),
        ('"GET /calendar/abc.ics HTTP/1.1" 200', '"GET /calendar/... HTTP/1.1" 200'),
        ("/notices/unsubscribe/abc.def/", "/notices/unsubscribe/.../"),
        ("/notices/calendar/", "/notices/calendar/"),
        ("/notices/calendar/revoke/", "/notices/calendar/revoke/"),
        ("/case/FM-ABCD-1234/", "/case/FM-ABCD-1234/"),
    ],
)
def test_lines_without_secrets(line, written):
    assert without_secrets(line) == written


def test_a_log_line_about_a_wrong_address_does_not_name_it(caplog):
    with caplog.at_level(logging.WARNING, logger="django.request"):
        Client().get("/calendar/nearly-a-secret.ics")
    [record] = [record for record in caplog.records if record.name == "django.request"]
    line = JsonFormatter().format(record)
    assert "nearly-a-secret" not in line
    assert json.loads(line)["path"] == "/calendar/..."
