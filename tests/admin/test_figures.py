"""Figures of the programme: what is counted, for whom, with small cells left out, as page, CSV and PDF."""

import csv
import hashlib
import io
from datetime import timedelta

import pytest

from portal.accounts.models import Role
from portal.ledger.models import Event
from portal.site.figures.counting import LEFT_OUT, Figure, figures
from portal.submissions import actions
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.admin.desk import Desk, words
from tests.api.calls import counted
from tests.factories_findings import Reported
from tests.factories_partners import GrantCase
from tests.lab import pdfs

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
PAGE, CSV, PDF = "/admin/figures/", "/admin/figures/csv/", "/admin/figures/pdf/"


def figure(person, title: str, at=NOW) -> Figure:
    return next(one for one in figures(person, at=at) if one.title.startswith(title))


def cells(found: Figure, column: str) -> dict[str, int]:
    return {name: row[found.columns.index(column)] for name, row in zip(found.rows, found.cells, strict=True)}


def test_cases_are_counted_in_the_quarter_of_each_step():
    first = [make.Case(at=NOW - 100 * DAY) for _ in range(2)]
    make.Case(make.submitted)
    make.Case(make.draft)
    actions.withdraw(actor=first[0].contributor, submission=first[0].submission, at=NOW - 90 * DAY)
    found = figure(first[0].coordinator, "By quarter")
    assert found.rows[-2:] == ["2026, quarter 2", "2026, quarter 3"]
    assert len(found.rows) == 8
    submitted = cells(found, "Submitted")
    assert (submitted["2026, quarter 2"], submitted["2026, quarter 3"]) == (2, 1)
    assert cells(found, "Withdrawn")["2026, quarter 2"] == 1
    assert sum(cells(found, "Withdrawn").values()) == 1


def test_a_quarter_ends_in_the_programmes_zone():
    # 02:00 UTC on 1 July is still the evening of 30 June in US Eastern.
    case = make.Case(make.submitted, at=NOW.replace(month=7, day=1, hour=2))
    assert cells(figure(case.coordinator, "By quarter"), "Submitted")["2026, quarter 2"] == 1


def test_cases_by_access_and_grants_by_sector():
    granted = GrantCase()
    granted.agree()
    starts = granted.grant.starts_at
    person = granted.coordinator
    found = figure(person, "Cases by kind")
    assert sum(map(sum, found.cells)) == 1
    assert sum(map(sum, figure(person, "Early access").cells)) == 0
    later = figure(person, "Early access", at=starts + timedelta(hours=1))
    assert sum(cells(later, "Active").values()) == len(granted.partner.profile.sectors)


def test_targets_are_told_with_the_middle_of_their_times():
    cases = [make.Case(make.submitted, at=NOW - 20 * DAY) for _ in range(6)]
    for number, case in enumerate(cases[:5]):
        actions.acknowledge(
            actor=case.coordinator,
            submission=case.submission,
            at=NOW - 20 * DAY + timedelta(hours=number + 1),
        )
    found = figure(cases[0].coordinator, "Targets")
    row = found.rows.index("Acknowledge the submission")
    assert (found.cells[row], found.medians[row]) == ([5, 0, 1], "3 hours")


def test_no_median_is_told_of_few():
    case = make.Case(make.submitted, at=NOW - 20 * DAY)
    actions.acknowledge(actor=case.coordinator, submission=case.submission, at=NOW - 19 * DAY)
    found = figure(case.coordinator, "Targets")
    assert found.medians[found.rows.index("Acknowledge the submission")] == LEFT_OUT


def test_a_conflict_takes_a_case_out_of_the_numbers_and_so_does_ones_own_lab():
    case, other = make.Case(), make.Case()
    person = case.coordinator
    assert sum(cells(figure(person, "By quarter"), "Submitted").values()) == 2
    actions.declare_conflict(actor=person, user=person, organisation=other.lab, at=NOW)
    assert sum(cells(figure(person, "By quarter"), "Submitted").values()) == 1


def test_small_counts_are_not_on_the_page_and_in_no_file():
    case = make.Case()
    desk = Desk(case.coordinator)
    found = figure(case.coordinator, "By quarter")
    assert found.shown[found.rows.index("2026, quarter 3")][0] == LEFT_OUT
    assert found.total[0] == LEFT_OUT
    shown = desk.text(PAGE)
    assert f"2026, quarter 3 {LEFT_OUT}" in shown
    rows = list(csv.reader(io.StringIO(desk.client.post(CSV).content.decode())))
    quarter = next(row for row in rows if row and row[0] == "2026, quarter 3")
    assert quarter[1] == LEFT_OUT
    for text in (shown, str(rows)):
        assert case.lab.name not in text
        assert case.submission.case_number not in text


def test_counts_of_five_are_shown():
    cases = [make.Case() for _ in range(5)]
    found = figure(cases[0].coordinator, "By quarter")
    assert (found.shown[-2][0], found.total[0]) == ("5", "5")


def test_who_reads_them():
    case = make.Case()
    for person in (case.coordinator, reviewing.auditor()):
        desk = Desk(person)
        assert "Figures of the programme" in desk.text(PAGE)
        assert 'href="/admin/figures/"' in desk.get("/admin/").content.decode()
    others = [
        case.contributor,
        reviewing.designator(),
        reviewing.reviewer(make.agency()),
        make.member(make.agency(), Role.COORDINATOR),
        make.person(is_superuser=True),
    ]
    for person in others:
        desk = Desk(person)
        for answer in (desk.client.get(PAGE), desk.client.post(CSV), desk.client.post(PDF)):
            assert answer.status_code == 404
    assert not Event.objects.filter(verb="exported_figures").exists()


def test_the_files_are_recorded_with_their_hash_and_are_not_got_by_a_link():
    case = make.Case()
    desk = Desk(case.coordinator)
    assert desk.client.get(CSV).status_code == 405
    assert desk.client.post("/admin/figures/xlsx/").status_code == 404
    taken = {form: desk.client.post(f"/admin/figures/{form}/") for form in ("csv", "pdf")}
    assert [answer["Content-Disposition"] for answer in taken.values()] == [
        'attachment; filename="figures-2026-09-14.csv"',
        'attachment; filename="figures-2026-09-14.pdf"',
    ]
    recorded = Event.objects.filter(verb="exported_figures").order_by("seq")
    assert [event.data for event in recorded] == [
        {"form": form, "sha256": hashlib.sha256(answer.content).hexdigest()} for form, answer in taken.items()
    ]
    assert all(event.actor_id == case.coordinator.pk for event in recorded)
    told = " ".join(pdfs.words(taken["pdf"].content))
    assert "Figures of the programme" in told
    assert "Acknowledge the submission" in told


def test_an_empty_programme_has_empty_tables():
    text = words(Desk(make.coordinator()).get(PAGE))
    assert "By quarter" in text
    assert f" {LEFT_OUT} " not in text.partition("By quarter")[2]


@pytest.mark.parametrize("rows", [1, 12])
def test_the_page_costs_the_same_with_one_case_and_with_twelve(rows):
    cases = [reviewing.Reviewed() for _ in range(rows)]
    desk = Desk(cases[0].coordinator)
    desk.get(PAGE)
    with counted(19):
        desk.get(PAGE)


def test_findings_are_told_by_kind_with_the_middle_of_the_times_to_the_fix():
    office = make.coordinator()
    for days in (1, 2, 3, 10, 20):
        made = Reported(until="remediate")
        made.step("fix", "owner", at=NOW + days * DAY)
    Reported(until="validate", kind="incident")
    Reported(kind="incident")
    told = figure(office, "Findings by kind", at=NOW + 30 * DAY)
    rows = dict(zip(told.rows, zip(told.cells, told.medians, strict=True), strict=True))
    assert rows == {
        "Software vulnerability": ([0, 0, 5, 0], "3.0 days"),
        "Model safeguard": ([0, 0, 0, 0], ""),
        "Model capability": ([0, 0, 0, 0], ""),
        "Incident": ([1, 0, 0, 0], "x"),
    }
    # One incident is too few to be told.
    assert "1" not in [cell for row in told.shown for cell in row]
