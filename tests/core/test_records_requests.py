"""The agencies' logs of requests for records: the statute's dates, an answer once, and nothing disclosed while a lab is heard."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import Error, connection, transaction

from portal.accounts.models import Membership, Role
from portal.deadlines import planning
from portal.deadlines.models import Deadline, Message
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, Refused, Stale, WrongState
from portal.ledger.models import Event
from portal.submissions import actions, retention
from portal.submissions.actions import disclosures, records_requests
from portal.submissions.models import RecordsRequest, RequestNotice
from portal.submissions.querysets_records import notices_seen
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.factories_disclosures import notified, objected, to_be_disclosed
from tests.factories_records import NUMBER, RECEIVED, WANTED, answered, logged

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
# Monday, 14 September 2026; 20 business days later, Columbus Day (12 October) among them, and 30, all at the end of the day in
# US Eastern.
DUE = datetime(2026, 10, 14, 3, 59, 59, tzinfo=UTC)
EXTENDED = datetime(2026, 10, 28, 3, 59, 59, tzinfo=UTC)


@pytest.fixture
def case():
    return reviewing.Reviewed()


@pytest.fixture
def keeper(case):
    """A coordinator of an agency that was invited to the case."""
    return case.agency_coordinator


def linked(actor, request, notice, *, at=NOW) -> RecordsRequest:
    return records_requests.link_notice(actor=actor, request=request, notice=notice, at=at)


def deadline(request) -> Deadline:
    return Deadline.objects.get(kind="answer_records_request", subject_id=request.pk)


def test_a_request_is_entered_with_the_date_of_the_statute(case, keeper):
    request = logged(keeper)
    assert (
        request.agency, request.tracking_number, request.received_on, request.category, request.description, request.due_at,
        request.logged_by, request.logged_at, str(request.state), request.outcome, request.exemptions,
    ) == (case.agency, NUMBER, RECEIVED, "news_media", WANTED, DUE, keeper, NOW, "received", "", [])  # fmt: skip
    assert (deadline(request).due_at, deadline(request).organisation, deadline(request).case_id) == (
        DUE,
        case.agency,
        None,
    )
    event = Event.objects.get(subject_id=request.pk)
    assert (event.verb, event.actor, event.case_id, event.reason) == ("log", keeper, None, "")
    assert WANTED not in str(event.data)
    with pytest.raises(AlreadyDone, match="in its log already"):
        logged(keeper)
    # Another agency's system may number alike.
    assert logged(case.coordinator).agency == make.programme_office()


@pytest.mark.parametrize(
    ("received", "due"),
    [
        # A Saturday: Monday is the first day that counts. Thanksgiving and Christmas do not.
        (date(2026, 9, 5), date(2026, 10, 5)),
        (date(2026, 11, 25), date(2026, 12, 24)),
    ],
)
def test_business_days_alone_count(keeper, received, due):
    at = datetime(2026, 12, 31, tzinfo=UTC)
    request = logged(keeper, received_on=received, at=at)
    local = request.due_at - timedelta(hours=4 if due.month < 11 else 5)
    assert local.date() == due


@pytest.mark.parametrize(
    ("options", "refusal", "field"),
    [
        ({"tracking_number": " "}, Missing, "tracking_number"),
        ({"description": ""}, Missing, "description"),
        ({"description": "x" * 2001}, Invalid, "description"),
        ({"category": "friend"}, Invalid, "category"),
        ({"received_on": RECEIVED + timedelta(days=1)}, Invalid, "received_on"),
        ({"received_on": None}, Invalid, "received_on"),
    ],
)
def test_what_is_no_request_is_refused(keeper, options, refusal, field):
    with pytest.raises(refusal) as raised:
        logged(keeper, **options)
    assert raised.value.field == field
    assert not RecordsRequest.objects.exists()


def test_only_coordinators_of_the_agency_keep_its_log(case, keeper):
    request = logged(keeper)
    others = (
        case.contributor, case.reviewer, case.lead, case.coordinator, reviewing.auditor(), reviewing.designator(),
        make.member(case.agency, Role.SECURITY), make.member(make.agency(), Role.COORDINATOR),
        make.person(is_superuser=True),
    )  # fmt: skip
    for person in others:
        for call in (
            lambda person=person: records_requests.extend(actor=person, request=request, reason="x", at=NOW),
            lambda person=person: linked(person, request, None),
            lambda person=person: answered(person, request, "no_records"),
        ):
            with pytest.raises(NotAllowed):
                call()
    for person in (case.contributor, case.reviewer, reviewing.auditor(), make.person(is_superuser=True)):
        with pytest.raises(NotAllowed):
            logged(person, tracking_number="Another")
    assert RecordsRequest.objects.get().state == "received"


def test_who_coordinates_for_two_agencies_says_for_which(case, keeper):
    Membership.objects.create(
        user=keeper, organisation=make.programme_office(), role=Role.COORDINATOR, since=NOW - DAY
    )
    keeper = type(keeper).objects.get(pk=keeper.pk)
    with pytest.raises(Missing, match="for which of your agencies"):
        logged(keeper)
    assert logged(keeper, agency=case.agency).agency == case.agency


def test_it_is_extended_once_and_its_date_moves(keeper):
    request = logged(keeper)
    with pytest.raises(Missing):
        records_requests.extend(actor=keeper, request=request, reason=" ", at=NOW)
    with pytest.raises(Stale):
        records_requests.extend(actor=keeper, request=request, reason="x", expected_revision=7, at=NOW)
    moved = records_requests.extend(
        actor=keeper, request=request, reason="Records of two offices.", at=NOW + DAY
    )
    assert (str(moved.state), moved.due_at, moved.extended_at, moved.extension_reason) == (
        "extended", EXTENDED, NOW + DAY, "Records of two offices.",
    )  # fmt: skip
    assert deadline(request).due_at == EXTENDED
    with pytest.raises(AlreadyDone):
        records_requests.extend(actor=keeper, request=request, reason="Again.", at=NOW)


def test_coordinators_of_that_agency_are_reminded_until_it_is_answered(case, keeper):
    second, office = make.member(case.agency, Role.COORDINATOR), case.coordinator
    request = logged(keeper)
    planning.plan(at=DUE - 5 * DAY)
    told = Message.objects.filter(kind="answer_records_request")
    assert {m.recipient for m in told} == {keeper, second}
    assert {(m.case_number, m.link) for m in told} == {
        ("", f"/admin/submissions/recordsrequest/{request.pk}/change/")
    }
    seen = {
        person: list(Deadline.objects.visible_to(person).filter(kind="answer_records_request"))
        for person in (keeper, second, office, case.reviewer, case.contributor, reviewing.auditor())
    }
    assert {person for person, rows in seen.items() if rows} == {keeper, second}
    answered(keeper, request, "no_records", at=DUE - 4 * DAY)
    assert deadline(request).met_at == DUE - 4 * DAY
    planning.plan(at=DUE + DAY)
    assert told.count() == 2


def test_the_office_s_coordinators_read_the_dates_of_their_own_log(case):
    request = logged(case.coordinator)
    assert list(Deadline.objects.visible_to(case.coordinator).filter(subject_id=request.pk)) == [
        deadline(request)
    ]


@pytest.mark.parametrize(
    ("outcome", "exemptions"),
    [
        ("in_full", []), ("in_part", ["4", "7A"]), ("withheld", ["4"]), ("no_records", []), ("withdrawn", []),
    ],
)  # fmt: skip
def test_it_is_answered_once(keeper, outcome, exemptions):
    request = logged(keeper)
    done = answered(keeper, request, outcome, exemptions=exemptions[::-1], at=NOW + DAY)
    assert (str(done.state), done.outcome, done.answered_on, done.exemptions) == (
        "answered", outcome, RECEIVED + timedelta(days=1), exemptions,
    )  # fmt: skip
    with pytest.raises(AlreadyDone):
        answered(keeper, request, outcome, exemptions=exemptions)
    with pytest.raises(WrongState):
        records_requests.extend(actor=keeper, request=request, reason="x", at=NOW)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"outcome": "lost"}, "outcome"),
        ({"outcome": "withheld"}, "exemptions"),
        ({"outcome": "in_full", "exemptions": ["4"]}, "exemptions"),
        ({"outcome": "withheld", "exemptions": ["4", "10"]}, "exemptions"),
        ({"outcome": "no_records", "answered_on": RECEIVED - timedelta(days=1)}, "answered_on"),
        ({"outcome": "no_records", "answered_on": RECEIVED + timedelta(days=1)}, "answered_on"),
        ({"outcome": "no_records", "answered_on": None}, "answered_on"),
    ],
)
def test_what_is_no_answer_is_refused(keeper, options, field):
    request = logged(keeper)
    with pytest.raises(Invalid) as raised:
        answered(keeper, request, **options)
    assert raised.value.field == field
    assert RecordsRequest.objects.get().state == "received"


@pytest.mark.parametrize("outcome", ["in_full", "in_part"])
def test_nothing_is_answered_as_disclosed_while_a_linked_notice_is_open(case, keeper, outcome):
    request, exemptions = logged(keeper), ["4"] if outcome == "in_part" else []
    notice = notified(case, keeper)
    linked(keeper, request, notice)
    for step in (
        lambda: None,
        lambda: objected(case, notice),
        lambda: disclosures.decide_to_disclose(actor=keeper, notice=notice, reason="Why.", at=NOW),
    ):
        step()
        with pytest.raises(Refused) as refusal:
            answered(keeper, request, outcome, exemptions=exemptions)
        words = f"a lab is being heard: Disclosure notice 1 on case {case.submission.case_number} is open."
        assert refusal.value.code == "notice_open"
        assert refusal.value.message == f"Nothing is answered as disclosed while {words}"
    disclosures.decide_not_to_disclose(actor=keeper, notice=notice, at=NOW)
    assert answered(keeper, request, outcome, exemptions=exemptions).outcome == outcome


@pytest.mark.parametrize(
    ("outcome", "exemptions"), [("withheld", ["4"]), ("no_records", []), ("withdrawn", [])]
)
def test_what_discloses_nothing_waits_for_no_notice(case, keeper, outcome, exemptions):
    request = logged(keeper)
    linked(keeper, request, notified(case, keeper))
    assert answered(keeper, request, outcome, exemptions=exemptions).outcome == outcome


def test_only_notices_that_a_person_sees_are_linked_and_each_once(case, keeper):
    request = logged(keeper)
    foreign = notified(make.Case())
    own = notified(case, keeper)
    with pytest.raises(Invalid) as raised:
        linked(keeper, request, foreign)
    assert raised.value.field == "notice"
    linked(keeper, request, own)
    with pytest.raises(AlreadyDone):
        linked(keeper, request, own)
    assert [(row.notice, row.linked_by) for row in RequestNotice.objects.all()] == [(own, keeper)]
    for sql in (
        "DELETE FROM submissions_requestnotice",
        "UPDATE submissions_requestnotice SET linked_at = now()",
    ):
        with pytest.raises(Error, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


def test_a_conflict_hides_the_notices_their_count_and_that_there_are_any(case, keeper):
    request = logged(keeper)
    bare = logged(keeper, tracking_number="FOIA-bare")
    linked(keeper, request, notified(case, keeper))
    conflicted = make.member(case.agency, Role.COORDINATOR)
    auditor = reviewing.auditor()
    assert notices_seen(request, conflicted).count() == 1
    actions.declare_conflict(actor=conflicted, user=conflicted, organisation=case.lab, at=NOW)
    actions.declare_conflict(actor=auditor, user=auditor, submission=case.submission, at=NOW)
    for person in (conflicted, auditor):
        assert list(RecordsRequest.objects.visible_to(person).order_by("tracking_number")) == [request, bare]
        assert not notices_seen(request, person).exists()
        told = Event.objects.visible_to(person)
        assert not told.filter(verb="link_notice").exists()
    # What is read of the two requests differs in nothing: no revision, event or date tells of a link.
    rows = RecordsRequest.objects.order_by("tracking_number").values_list(
        "revision", "due_at", "stored_state"
    )
    assert len(set(rows)) == 1
    assert [Event.objects.filter(subject_id=one.pk).count() for one in (request, bare)] == [1, 1]
    with pytest.raises(Refused) as refusal:
        answered(conflicted, request)
    assert "notice" not in refusal.value.message.lower()
    assert case.submission.case_number not in refusal.value.message
    assert notices_seen(request, keeper).count() == 1
    assert Event.objects.visible_to(case.coordinator).filter(verb="link_notice").count() == 1
    assert not Event.objects.visible_to(case.contributor).filter(verb="link_notice").exists()


def test_who_reads_the_log(case, keeper):
    request, of_office = logged(keeper), logged(case.coordinator)
    foreign = make.member(make.agency(), Role.COORDINATOR)
    expected = {
        keeper: {request}, case.coordinator: {request, of_office}, reviewing.auditor(): {request, of_office},
        foreign: set(), case.contributor: set(), case.reviewer: set(), case.lead: set(), reviewing.designator(): set(),
        make.member(case.agency, Role.SECURITY): set(), make.person(is_superuser=True): set(),
    }  # fmt: skip
    found = {person: set(RecordsRequest.objects.visible_to(person)) for person in expected}
    assert found == expected


def test_a_request_without_its_answer_keeps_the_files_of_what_it_is_about(case, keeper):
    request, notice = logged(keeper), notified(case, keeper)
    linked(keeper, request, notice)
    disclosures.drop(actor=keeper, notice=notice, at=NOW)
    words = f"Records request {NUMBER} of {case.agency.name} is not answered"
    told = retention.kept_by([case.again()], at=NOW)[case.submission.pk]
    assert words in told
    answered(keeper, request, "withdrawn")
    assert words not in retention.kept_by([case.again()], at=NOW)[case.submission.pk]


def test_the_database_holds_an_answer_and_its_order(keeper):
    request = logged(keeper)
    for sql in (
        "UPDATE submissions_recordsrequest SET stored_state = 'answered'",
        "UPDATE submissions_recordsrequest SET outcome = 'in_full'",
        "UPDATE submissions_recordsrequest SET extended_at = now()",
    ):
        with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    answered(keeper, request, "no_records")
    with (
        pytest.raises(Error, match="Invalid transition"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "UPDATE submissions_recordsrequest SET stored_state = 'received', outcome = '', answered_on = NULL"
        )


def test_a_disclosure_that_is_done_ends_the_wait(case, keeper):
    request = logged(case.coordinator)
    notice = notified(case)
    linked(case.coordinator, request, notice)
    to_be_disclosed(case, objected(case, notice))
    notice.refresh_from_db()
    later = notice.disclose_at + DAY
    disclosures.record_disclosure(actor=case.coordinator, notice=notice, at=later)
    assert answered(case.coordinator, request, at=later).outcome == "in_full"
