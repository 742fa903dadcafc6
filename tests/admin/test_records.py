"""What is kept of cases, on the workbench: legal holds, and the retention schedule."""

import io
import json
import zipfile

import pytest
from django.urls import reverse

from portal.ledger.models import Event
from portal.submissions import actions, retention
from portal.submissions.models import DocumentVersion, LegalHold
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.admin.desk import CASE, Desk, words
from tests.api.calls import counted
from tests.factories_records import MATTER, PAST, REASON, disposed, held, withdrawn

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
HOLDS, HOLD = "submissions_legalhold_changelist", "submissions_legalhold_change"
ADD, LIFT = "submissions_legalhold_add", "submissions_legalhold_lift"
KEPT, KEPT_CASE = "submissions_retention_changelist", "submissions_retention_change"
DISPOSE = "submissions_retention_dispose"
LAB_PAGE = "/lab/cases/{}/"


@pytest.fixture
def case():
    return reviewing.Reviewed()


def rows(desk: Desk, page: str = HOLDS, **query) -> list:
    return list(desk.get(page, **query).context["cl"].result_list)


def test_a_coordinator_places_one_from_the_page_of_the_case_and_lifts_it(case):
    desk = Desk(case.coordinator)
    page = desk.get(CASE, case.submission.pk)
    add = f"{reverse(f'admin:{ADD}')}?submission={case.submission.case_number}"
    assert add in page.content.decode()
    assert "No legal hold stands." in words(page)
    form = desk.client.get(add).context["form"]
    assert form.initial == {"submission": case.submission.case_number}
    data = {"submission": case.submission.case_number, "matter": MATTER, "reason": REASON}
    done = desk.post(ADD, **data)
    hold = LegalHold.objects.get()
    assert (done.status_code, done["Location"]) == (303, reverse(f"admin:{HOLD}", args=[hold.pk]))
    assert (hold.submission, hold.placed_by) == (case.submission, case.coordinator)
    shown = desk.text(CASE, case.submission.pk)
    assert f"Legal hold, {MATTER} : this case, since" in shown
    assert f"placed by {case.coordinator}." in shown
    unsaid = desk.post(LIFT, hold.pk)
    assert unsaid.context["form"].errors == {"reason": ["Give a reason."]}
    assert desk.post(LIFT, hold.pk, reason="The matter is over.").status_code == 303
    assert LegalHold.objects.get().state == "lifted"
    assert desk.get(LIFT, hold.pk).status_code == 409


def test_everything_of_a_lab_is_kept_by_its_name(case):
    desk = Desk(case.coordinator)
    done = desk.post(ADD, lab=str(case.lab.pk), matter=MATTER, reason=REASON)
    assert done.status_code == 303
    assert f"Legal hold, {MATTER} : everything of {case.lab}, since" in desk.text(CASE, case.submission.pk)
    assert [str(row.about) for row in rows(desk)] == [f"Everything of {case.lab}"]


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({"matter": ""}, {"matter": ["Write the matter's reference."]}),
        ({"reason": ""}, {"reason": ["Give a reason."]}),
        ({"submission": "FM-0000-0000"}, {"submission": ["No case that you see has this number."]}),
        ({"submission": ""}, {"submission": ["Name a case or a lab, not both."]}),
    ],
)
def test_what_is_no_hold_is_said_beside_the_field(case, data, errors):
    given = {"submission": case.submission.case_number, "matter": MATTER, "reason": REASON} | data
    answer = Desk(case.coordinator).post(ADD, **given)
    assert answer.context["form"].errors == errors
    assert not LegalHold.objects.exists()


def test_a_conflict_hides_holds_and_labs(case):
    other = make.Case()
    hold, foreign = held(case), held(other)
    conflicted = make.coordinator()
    actions.declare_conflict(actor=conflicted, user=conflicted, organisation=case.lab, at=NOW)
    desk = Desk(conflicted)
    assert rows(desk) == [foreign]
    assert desk.get(HOLD, hold.pk).status_code == 404
    labs = set(desk.get(ADD).context["form"].fields["lab"].queryset)
    assert (case.lab in labs, other.lab in labs) == (False, True)


def test_an_auditor_reads_and_decides_nothing(case):
    hold = held(case)
    desk = Desk(reviewing.auditor())
    page = desk.get(HOLD, hold.pk)
    assert page.context["offers"] == []
    assert {MATTER, REASON} <= {part for part in (MATTER, REASON) if part in words(page)}
    assert (desk.get(ADD).status_code, desk.get(LIFT, hold.pk).status_code) == (403, 409)
    assert desk.post(LIFT, hold.pk, reason="x").status_code == 403
    assert LegalHold.objects.get().state == "standing"
    assert f"Legal hold, {MATTER}" in desk.text(CASE, case.submission.pk)


def test_reviewers_and_other_agencies_are_told_nothing_of_it(case):
    hold = held(case)
    held(case, matter="Another nougat")
    for person in (case.reviewer, case.lead, case.agency_coordinator, reviewing.designator()):
        desk = Desk(person)
        assert (desk.get(HOLDS).status_code, desk.get(HOLD, hold.pk).status_code) == (403, 404)
        page = desk.get(CASE, case.submission.pk)
        assert page.status_code == 200
        text = page.content.decode().lower()
        assert not [word for word in ("nougat", "legal hold", "records kept") if word in text]


def test_the_lab_reads_that_its_records_are_kept_and_not_for_what(case):
    desk = Desk(case.contributor)
    page = LAB_PAGE.format(case.submission.case_number)
    assert "legal hold" not in desk.text(page)
    hold = held(case)
    text = desk.text(page)
    assert (
        "Records of this case are kept under a legal hold since 14 Sep 2026, 10:00 a.m. EDT. It changes nothing about your"
        " dates, access or release." in text
    )
    pages = [desk.get(page), desk.get(f"{page}changes/"), desk.get(f"{page}who/")]
    for answer in pages:
        body = answer.content.decode()
        assert not [word for word in (MATTER, REASON, str(hold.pk), str(case.coordinator)) if word in body]
    other = make.Case()
    assert "legal hold" not in Desk(other.contributor).text(LAB_PAGE.format(other.submission.case_number))


@pytest.mark.parametrize("number", [1, 30])
def test_a_list_costs_the_same_for_one_and_for_thirty(case, number):
    for _ in range(number):
        held(make.Case())
    desk = Desk(case.coordinator)
    desk.get(HOLDS)
    with counted(5):
        assert len(rows(desk)) == number


def shown(desk: Desk, **query) -> list[tuple[str, str]]:
    """The cases of the retention list, each with what keeps it."""
    cl = desk.get(KEPT, **query).context["cl"]
    return [(case.case_number, "; ".join(case.reasons)) for case in cl.result_list]


def test_the_list_says_what_is_due_and_what_keeps_it(time_machine):
    free, kept, going = withdrawn("Nougat card"), withdrawn(), make.Case(make.submitted)
    time_machine.move_to(PAST, tick=False)
    hold = held(kept, at=PAST)
    desk = Desk(free.coordinator)
    by_hold = f"Legal hold since 16 Sep 2027, 10:00 a.m. EDT, placed by {kept.coordinator}"
    numbers = {
        name: case.submission.case_number for name, case in (("free", free), ("kept", kept), ("going", going))
    }
    rows = {numbers["free"]: "", numbers["kept"]: by_hold, numbers["going"]: "The case goes on: submitted"}
    assert dict(shown(desk)) == rows
    assert {number for number, _ in shown(desk, due="past")} == {numbers["free"], numbers["kept"]}
    assert shown(desk, due="hold") == [(numbers["kept"], by_hold)]
    assert {number for number, _ in shown(desk, due="over")} == {numbers["free"], numbers["kept"]}
    assert shown(desk, due="disposed") == []
    text = desk.text(KEPT)
    assert all(rule.records in text and rule.why in text for rule in retention.SCHEDULE)
    assert "15 Sep 2027" in text
    assert "1 file" in text
    # A list of the lab's cases is a look; the words of its documents are not on it.
    assert "Nougat card" not in text
    assert Event.objects.filter(kind="look", verb="listed", actor=free.coordinator).exists()
    assert {e.subject_type for e in Event.objects.filter(kind="look")} == {"submissions.submission"}
    assert hold.state == "standing"


def test_a_coordinator_sees_what_would_go_and_disposes_of_it(time_machine):
    case = withdrawn("Card", "Report")
    time_machine.move_to(PAST, tick=False)
    desk = Desk(case.coordinator)
    size = sum(DocumentVersion.objects.values_list("size", flat=True))
    page = desk.get(KEPT_CASE, case.submission.pk)
    assert [offer.step.verb for offer in page.context["offers"]] == ["dispose"]
    assert "Nothing keeps these files any more." in words(page)
    asked = desk.text(DISPOSE, case.submission.pk)
    assert f"Files that would go 2 Bytes {size} ({size} bytes)" in asked
    assert not DocumentVersion.objects.exclude(disposed_at=None).exists()
    done = desk.post(DISPOSE, case.submission.pk, revision=case.again().revision)
    assert (done.status_code, done["Location"]) == (
        303,
        reverse(f"admin:{KEPT_CASE}", args=[case.submission.pk]),
    )
    assert DocumentVersion.objects.filter(disposed_at=PAST).count() == 2
    assert "2 disposed of; 2 of these still in the storage" in desk.text(KEPT_CASE, case.submission.pk)
    actions.remove_disposed()
    after = desk.text(KEPT_CASE, case.submission.pk)
    assert "2 disposed of" in after
    assert "still in the storage" not in after
    assert desk.get(DISPOSE, case.submission.pk).status_code == 409


def test_a_case_that_is_kept_is_not_disposed_of_and_the_page_says_why(time_machine):
    case = withdrawn()
    time_machine.move_to(PAST, tick=False)
    desk = Desk(case.coordinator)
    asked = desk.get(DISPOSE, case.submission.pk)
    assert asked.status_code == 200
    held(case, at=PAST)
    refused = desk.post(DISPOSE, case.submission.pk, revision=case.again().revision)
    assert refused.status_code == 409
    assert "The files of this case are kept. Legal hold since 16 Sep 2027" in words(refused)
    assert not DocumentVersion.objects.exclude(disposed_at=None).exists()
    page = desk.get(KEPT_CASE, case.submission.pk)
    assert page.context["offers"] == []
    assert "What keeps it Legal hold since 16 Sep 2027" in words(page)


def test_who_has_the_page_of_retention(case, time_machine):
    auditor, conflicted = reviewing.auditor(), make.coordinator()
    actions.declare_conflict(actor=conflicted, user=conflicted, organisation=case.lab, at=NOW)
    assert shown(Desk(conflicted)) == []
    assert Desk(conflicted).get(KEPT_CASE, case.submission.pk).status_code == 404
    page = Desk(auditor).get(KEPT_CASE, case.submission.pk)
    assert (page.status_code, page.context["offers"]) == (200, [])
    look = Event.objects.get(kind="look", verb="viewed_retention")
    assert (look.actor, look.case_id, look.subject_type) == (
        auditor,
        case.submission.pk,
        "submissions.submission",
    )
    for person in (
        case.reviewer,
        case.agency_coordinator,
        reviewing.designator(),
        make.person(is_superuser=True),
    ):
        desk = Desk(person)
        assert desk.get(KEPT).status_code in (403, 404)
        assert desk.get(KEPT_CASE, case.submission.pk).status_code == 404


def test_the_lab_reads_on_each_file_that_it_was_disposed_of():
    case = withdrawn("Card")
    version = DocumentVersion.objects.get()
    desk = Desk(case.contributor)
    page = LAB_PAGE.format(case.submission.case_number)
    link = reverse("lab:content", args=[version.pk])
    assert link in desk.get(page).content.decode()
    disposed(case)
    after = desk.get(page)
    said = "The content of this file was disposed of on 16 Sep 2027 under the retention schedule."
    assert said in words(after)
    assert link not in after.content.decode()
    assert version.sha256 in after.content.decode()
    assert "Disposed of the content of the files, under the retention schedule" in desk.text(
        f"{page}changes/"
    )
    gone = desk.client.get(link, follow=True)
    assert said in words(gone)
    api = desk.client.get(f"/api/v1/documents/{version.document_id}/")
    assert [v["disposed_at"] for v in api.json()["versions"]] == ["2027-09-16T14:00:00Z"]


def test_the_archive_of_a_lab_says_what_is_gone():
    case = withdrawn("Card")
    disposed(case)
    actions.remove_disposed(at=PAST)
    answer = Desk(case.contributor).client.get(reverse("lab:take_along", args=[case.submission.case_number]))
    content = b"".join(answer.streaming_content)
    manifest = json.loads(zipfile.ZipFile(io.BytesIO(content)).read("manifest.json"))
    gone = [row for row in manifest["files"] if row["path"] is None]
    assert [(row["name"], row["withheld"]) for row in gone] == [
        ("Card.pdf", "The content of this file was disposed of on 16 Sep 2027 under the retention schedule.")
    ]


@pytest.mark.parametrize("number", [1, 30])
def test_the_retention_list_costs_the_same_for_one_and_for_thirty(number):
    for _ in range(number):
        case = withdrawn()
    desk = Desk(case.coordinator)
    desk.get(KEPT)
    # One of them asks for the movable clock, which production has not.
    with counted(9):
        assert len(rows(desk, KEPT)) == number
