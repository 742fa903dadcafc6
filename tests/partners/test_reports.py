"""What partners report of their early access: owed every 30 days, written once, read by the lab and the government."""

from decimal import Decimal

import pytest
import time_machine

from partners import actions
from partners.models import GrantReport
from portal.accounts.models import Role
from portal.deadlines.models import Deadline, Message
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, WrongState
from portal.ledger.models import Event
from tests import factories as make
from tests import factories_reviews as reviews
from tests.admin.desk import Desk
from tests.api.calls import Caller
from tests.factories import DAY, NOW
from tests.factories_partners import GrantCase
from tests.partners.test_pages import Browser, grant_page, lab_page, text_of

pytestmark = pytest.mark.django_db
START = NOW + 20 * DAY
USED = "The toffee turbine was tried for nine days."


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def case():
    made = GrantCase()
    made.agree()
    return made


def owed(case: GrantCase) -> list[tuple]:
    """Number and due date of each report that is owed, with its deadline's due date and organisation."""
    found = []
    for report in case.grant_again().reports.owed():
        [date] = Deadline.objects.still_open().filter(kind="grant_report_due", subject_id=report.pk)
        found.append((report.number, report.due_at, date.due_at, date.organisation_id))
    return found


def write(case: GrantCase, actor=None, *, at, **options) -> GrantReport:
    values = {"used_for": USED, "number": None} | options
    return actions.write_report(actor=actor or case.partner.admin, grant=case.grant_again(), at=at, **values)


def test_the_first_is_owed_a_period_after_the_start_and_the_next_a_period_after_the_last(case):
    partner = case.partner.organisation.pk
    assert owed(case) == [(1, START + 30 * DAY, START + 30 * DAY, partner)]
    # Two days early: the next is owed at the end of the second period all the same.
    write(case, at=START + 28 * DAY)
    assert owed(case) == [(2, START + 60 * DAY, START + 60 * DAY, partner)]
    # Late by more than a period: one report speaks for both.
    case.grant = actions.extend(
        actor=case.contributor, grant=case.grant_again(), expires_at=START + 200 * DAY, at=START + 30 * DAY
    )
    actions.extend(
        actor=case.coordinator, grant=case.grant_again(), expires_at=START + 200 * DAY, at=START + 30 * DAY
    )
    write(case, at=START + 95 * DAY)
    assert owed(case) == [(3, START + 120 * DAY, START + 120 * DAY, partner)]


def test_an_ended_grant_owes_none(case):
    report = case.grant.reports.get()
    actions.revoke(
        actor=case.contributor, grant=case.grant_again(), reason_code="not_needed", at=START + 10 * DAY
    )
    assert owed(case) == []
    report.refresh_from_db()
    assert report.dropped_at == START + 10 * DAY
    with pytest.raises(WrongState):
        write(case, at=START + 11 * DAY)


def test_it_is_written_once_and_told_to_both_sides(case):
    report = write(
        case, at=START + 29 * DAY, number=1, outcome="A valve.", problems="None.", hours=Decimal("12.5")
    )
    report.refresh_from_db()
    assert (report.used_for, report.outcome, report.problems, report.hours, report.written_by) == (
        USED, "A valve.", "None.", Decimal("12.5"), case.partner.admin,
    )  # fmt: skip
    told = Message.objects.filter(kind="grant_reported").values_list("recipient_id", flat=True)
    assert set(told) == {case.contributor.pk, case.coordinator.pk}
    # The second of two tabs: its text is refused, not written as the next report.
    with pytest.raises(AlreadyDone):
        write(case, at=START + 29 * DAY, number=1, used_for="Again.")
    assert GrantReport.objects.written().count() == 1


@pytest.mark.parametrize(
    ("values", "refusal", "field"),
    [
        ({"used_for": "  "}, Missing, "used_for"),
        ({"hours": Decimal(-1)}, Invalid, "hours"),
        ({"hours": Decimal(100000)}, Invalid, "hours"),
    ],
)
def test_what_is_missing_or_wrong_is_named(case, values, refusal, field):
    with pytest.raises(refusal) as refused:
        write(case, at=START + DAY, **values)
    assert refused.value.field == field


def test_nothing_is_owed_before_the_start(case):
    with pytest.raises(WrongState):
        write(case, at=START - DAY)


def test_who_writes_and_who_reads_one(case):
    other = make.member(case.partner.organisation, Role.MEMBER)
    for stranger in (case.contributor, case.coordinator, other, GrantCase().partner.admin):
        with pytest.raises(NotAllowed):
            write(case, stranger, at=START + DAY)
    report = write(case, case.partner.member, at=START + DAY)
    reviewer, auditor = reviews.reviewer(make.programme_office()), reviews.auditor()
    readers = {
        "lab": case.contributor, "coordinator": case.coordinator, "auditor": auditor, "admin": case.partner.admin,
        "named": case.partner.member, "other member": other, "reviewer": reviewer, "stranger": GrantCase().contributor,
    }  # fmt: skip
    sees = {
        name
        for name, user in readers.items()
        if GrantReport.objects.visible_to(type(user).objects.get(pk=user.pk), at=START + 2 * DAY)
        .filter(pk=report.pk)
        .exists()
    }
    assert sees == {"lab", "coordinator", "auditor", "admin", "named"}


def test_the_pages_of_all_three_sides(case, time_machine):
    time_machine.move_to(START + 28 * DAY, tick=False)
    partner = Browser(case.partner.member)
    assert "Report 1 is due 3 Nov 2026" in text_of(partner.get(grant_page(case)))
    page = partner.get(grant_page(case, "report/"))
    assert "It cannot be changed afterwards" in text_of(page)
    empty = partner.post(grant_page(case, "report/"), 200, number=1, used_for="", outcome="A kept valve.")
    assert "If it was not used, say so." in empty.content.decode()
    assert "A kept valve." in empty.content.decode()
    said = partner.lands(grant_page(case, "report/"), number=1, used_for=USED, hours="3.5")
    for words in ("The report is written.", USED, "3.5 hours", "Report 2 is due 3 Dec 2026"):
        assert words in said, words
    lab = text_of(Browser(case.contributor).get(lab_page(case)))
    for words in (USED, "The next is due 3 Dec 2026", case.partner.member.name):
        assert words in lab, words
    assert USED in Desk(case.coordinator).text("partners_grant_change", case.grant.pk)


def test_the_lab_reads_who_of_the_partner_looked_how_often(case, time_machine):
    time_machine.move_to(START + DAY, tick=False)
    lab = Browser(case.contributor)
    assert "Nobody of the partner has looked at anything yet." in text_of(lab.get(lab_page(case)))
    member = Browser(case.partner.member)
    member.get(grant_page(case))
    version = case.document.versions.get()
    b"".join(member.client.get(f"/partner/documents/{version.pk}/content/").streaming_content)
    member.post(grant_page(case, "reveal/"), 200)
    # Who is not named, and the lab's own looks, are no use of the access.
    Browser(case.partner.admin).get(grant_page(case))
    shown = text_of(lab.get(lab_page(case)))
    assert f"{case.partner.member.name} 3 1 1 5 Oct 2026" in shown
    assert f"{case.partner.admin.name} 1 0 0" not in shown


def test_the_api_tells_and_takes_reports(case, time_machine):
    time_machine.move_to(START + 28 * DAY, tick=False)
    partner, lab = Caller(case.partner.member), Caller(case.contributor)
    path = f"grants/{case.grant.pk}/"
    answer = partner.post(f"{path}report/", {"number": 1, "used_for": USED, "hours": "3.5"})
    assert (answer.status_code, answer.json()["used_for"]) == (201, USED)
    again = partner.post(f"{path}report/", {"number": 1, "used_for": "Again."})
    assert (again.status_code, again.json()["code"]) == (409, "already_done")
    rows = [
        (row["number"], row["used_for"], row["hours"], row["written_by"])
        for row in lab.get(f"{path}reports/").json()
    ]
    assert rows == [(2, "", None, None), (1, USED, "3.5", case.partner.member.name)]
    look = Event.objects.looks().filter(actor=case.contributor).latest("seq")
    assert (look.verb, look.subject_id, look.case_id) == ("viewed_grant", case.grant.pk, case.submission.pk)
    assert lab.post(f"{path}report/", {"used_for": "Ours."}).status_code == 403
    assert Caller(GrantCase().contributor).get(f"{path}reports/").status_code == 404
