"""Evidence files of findings by the pages, the workbench and the API: what each says, refuses and costs, and to whom."""

import html

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from partners.actions import findings as actions
from partners.models import FindingFile
from portal.accounts.models import Affiliation, Role
from portal.ledger.models import Event
from tests import factories as make
from tests.admin.desk import Desk, words
from tests.api.calls import (
    NOT_FOUND,
    NOT_YOURS_TO_CHANGE,
    NOWHERE,
    UNCOUNTED,
    Caller,
    counted,
    problem,
    refused,
)
from tests.factories import NOW
from tests.factories_findings import FILE_NAME, VALUES, Reported
from tests.factories_partners import GrantCase
from tests.reviews.logged import folder
from tests.site.test_notices import client_of

pytestmark = pytest.mark.django_db
PARTNER, LAB, PAGE = "/partner/findings/", "/lab/findings/", "partners_finding_change"
__all__ = ["folder"]


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def body(answer) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else b""


def doors(case: Reported, file: FindingFile) -> list[str]:
    """The addresses of a file's content at every door."""
    part = f"{case.finding.pk}/files/{file.pk}/content/"
    return [f"{PARTNER}{part}", f"{LAB}{part}", f"/admin/partners/finding/{part}"]


def test_a_partner_adds_opens_and_takes_out_on_its_pages():
    case = Reported()
    client, page = client_of(case.member), f"{PARTNER}{case.finding.pk}/"
    assert "No evidence files yet" in words(client.get(page))
    add = f"{page}files/add/"
    empty = client.post(add, {"shows": "Log of <the> overflow", "for_owner": "on"})
    assert empty.context["form"].errors == {"file": ["Choose a file."]}
    typed = empty.context["form"]
    assert (typed["shows"].value(), typed["for_owner"].value()) == ("Log of <the> overflow", True)
    assert "checked" in str(typed["for_owner"])
    unsaid = client.post(add, {"file": make.pdf("a", name=FILE_NAME)})
    assert unsaid.context["form"].errors == {"shows": ["Write what the file shows."]}
    sent = {"shows": "Log of <the> overflow", "for_owner": "on"}
    saved = client.post(add, sent | {"file": make.pdf("marzipan", name=FILE_NAME)})
    assert (saved.status_code, saved["Location"]) == (303, page)
    shown = client.get(page)
    for part in ("The file is with the finding.", "Log of <the> overflow", FILE_NAME, "and the owner once notified",
                 f"by {case.member}", "Not scanned for malware."):  # fmt: skip
        assert part in words(shown)
    assert "<the>" not in shown.content.decode()
    # A double click, and the same bytes again under another name.
    client.post(add, sent | {"file": make.pdf("marzipan", name=FILE_NAME)})
    client.post(add, sent | {"file": make.pdf("marzipan", name="b.pdf")})
    file = FindingFile.objects.get()
    answer = client.get(f"{page}files/{file.pk}/content/")
    assert (answer["Content-Disposition"], answer["Cache-Control"]) == (
        f'attachment; filename="{FILE_NAME}"', "private, no-store",
    )  # fmt: skip
    assert b"marzipan" in body(answer)
    out = client.post(f"{page}files/{file.pk}/remove/")
    assert (out.status_code, out["Location"]) == (303, page)
    told = words(client.get(page))
    assert "The file was taken out." in told
    assert "No evidence files yet" in told
    assert client.get(f"{page}files/{file.pk}/content/").status_code == 404
    assert client.post(f"{page}files/{file.pk}/remove/").status_code == 404


def test_after_the_report_files_are_added_and_none_is_taken_out_and_after_the_end_neither():
    case = Reported(until="triage")
    file = case.add()
    client, page = client_of(case.member), f"{PARTNER}{case.finding.pk}/"
    assert "Take out" not in words(client.get(page))
    kept = client.post(f"{page}files/{file.pk}/remove/", follow=True)
    assert "This finding was reported: its files stay with it." in words(kept)
    more = {"shows": "More", "file": make.pdf("more")}
    assert client.post(f"{page}files/add/", more).status_code == 303
    case.step("not_reproduce", "coordinator", reason="Tried.")
    assert "Add an evidence file" not in words(client.get(page))
    late = client.get(f"{page}files/add/", follow=True)
    assert "This finding is over: no file is added any more." in words(late)
    refused_late = client.post(f"{page}files/add/", {"shows": "Too late?", "file": make.pdf("late")})
    assert (refused_late.status_code, refused_late.context["form"]["shows"].value()) == (409, "Too late?")
    assert FindingFile.objects.count() == 2


def test_an_owner_reads_what_is_for_it_and_nothing_that_tells_who_reported():
    granted = GrantCase()
    case = Reported(submission=granted.submission, until="validate")
    kept, given = case.add("kept", shows="Mail of the finder"), case.add("given", for_owner=True)
    lab, caller = client_of(case.owner), Caller(case.owner)
    page, path = f"{LAB}{case.finding.pk}/", f"findings/{case.finding.pk}/"
    for address in doors(case, given):
        assert lab.get(address).status_code == 404
    case.step("notify_owner", "coordinator", owner=case.lab)
    Desk(case.coordinator).get(PAGE, case.finding.pk)
    for file in (kept, given):
        body(Desk(case.coordinator).client.get(doors(case, file)[2]))
    opened = lab.get(doors(case, given)[1])
    assert opened["Content-Disposition"] == f'attachment; filename="{case.finding.number}-1.pdf"'
    assert b"given" in body(opened)
    shown, detail = lab.get(page), caller.get(path)
    assert f"{case.finding.number}-1.pdf" in words(shown)
    assert detail.json()["files"] == [
        {
            "id": str(given.pk), "name": f"{case.finding.number}-1.pdf", "shows": "Log of the overflow", "for_owner": True,
            "content_type": "application/pdf", "size": given.size, "sha256": None, "uploaded_by": None,
            "uploaded_at": "2026-09-14T14:00:00Z", "scan_state": "not_scanned",
        }
    ]  # fmt: skip
    looks = caller.get(f"submissions/{granted.submission.pk}/looks/", page_size=100)
    who = lab.get(f"/lab/cases/{granted.submission.case_number}/who/")
    assert "Downloaded an evidence file of a finding" in words(who)
    everything = [shown, detail, looks, who, caller.get("events/", page_size=100), lab.get(LAB),
                  lab.get("/notices/"), caller.get("findings/")]  # fmt: skip
    told = html.unescape("".join(answer.content.decode() for answer in everything)) + str(opened.headers)
    for word in (FILE_NAME, "Dam Watch", case.partner.name, case.member.name, "Mail of the finder", given.sha256,
                 kept.sha256, str(case.member.pk), str(case.partner.pk)):  # fmt: skip
        assert word not in told, word
    assert lab.get(doors(case, kept)[1]).status_code == 404
    assert caller.get(f"{path}files/{kept.pk}/content/").status_code == 404
    # What it may not do it is told so, for it sees the finding.
    assert lab.get(f"{page}files/add/").status_code == 403
    assert lab.post(f"{page}files/add/", {"shows": "x", "file": make.pdf()}).status_code == 403
    assert lab.post(f"{page}files/{given.pk}/remove/").status_code == 403
    assert lab.post(f"{page}files/{kept.pk}/remove/").status_code == 404


def test_an_owner_without_a_file_for_it_is_told_of_none():
    case = Reported(until="notify_owner")
    case.add("kept")
    assert "No evidence files for the owner." in words(client_of(case.owner).get(f"{LAB}{case.finding.pk}/"))
    assert Caller(case.owner).get(f"findings/{case.finding.pk}/").json()["files"] == []


def test_a_stranger_meets_nothing_at_any_door():
    case, other = Reported(until="notify_owner"), Reported(until="notify_owner")
    file = case.add(for_owner=True)
    barred = make.coordinator()
    Affiliation.objects.create(user=barred, organisation=case.lab)
    strangers = [
        other.member, other.owner, barred, make.person(is_superuser=True), make.member(make.agency(), Role.COORDINATOR),
        make.member(make.agency(), Role.REVIEWER), make.member(make.agency(), Role.SECURITY),
    ]  # fmt: skip
    for person in strangers:
        client, caller = client_of(person), Caller(person)
        for address in doors(case, file):
            assert client.get(address).status_code in (403, 404), (person, address)
        for side in (PARTNER, LAB):
            assert client.get(f"{side}{case.finding.pk}/files/add/").status_code == 404
            assert client.post(f"{side}{case.finding.pk}/files/{file.pk}/remove/").status_code == 404
        path = f"findings/{case.finding.pk}/files/"
        refused(caller.get(f"{path}{file.pk}/content/"), NOT_FOUND)
        refused(caller.post(f"{path}{file.pk}/remove/"), NOT_FOUND)
        refused(caller.upload(path, make.pdf(), shows="x"), NOT_FOUND)
    # A file under somebody else's finding is none, also to who sees both; nor is it on the other side's pages.
    both = [address.replace(str(case.finding.pk), str(other.finding.pk)) for address in doors(case, file)]
    assert {Desk(case.coordinator).client.get(address).status_code for address in both} == {404}
    assert client_of(case.member).get(doors(case, file)[1]).status_code == 404
    assert client_of(case.owner).get(doors(case, file)[0]).status_code == 404
    assert not Event.objects.filter(verb="downloaded_finding_file").exists()
    anyone = client_of(case.member)
    anyone.logout()
    for address in doors(case, file):
        assert anyone.get(address)["Location"].split("?")[0] in ("/account/login/", "/admin/login/")


def test_the_workbench_lists_and_opens():
    case = Reported(until="report")
    file = case.add()
    for person in (case.coordinator, case.liaison):
        desk = Desk(person)
        page = desk.text(PAGE, case.finding.pk)
        for part in (
            FILE_NAME,
            "Log of the overflow",
            file.sha256,
            str(case.member),
            "No: it may say who reported",
        ):
            assert part in page
        assert b"marzipan proof" in body(desk.client.get(doors(case, file)[2]))
        assert [
            offer for offer in desk.get(PAGE, case.finding.pk).context["offers"] if "file" in offer.step.verb
        ] == []
        more = {"shows": "More", "file": make.pdf("more")}
        assert desk.post("partners_finding_add_file", case.finding.pk, **more).status_code == 403
        assert (
            desk.post("partners_finding_remove_file", case.finding.pk, file=str(file.pk)).status_code == 403
        )
    empty = Desk(case.coordinator).text(PAGE, Reported(until="report").finding.pk)
    assert "None. Those who report it add files until it is over." in empty
    assert FindingFile.objects.count() == 1


def test_an_agencys_own_files_come_and_go_on_the_workbench():
    agency = make.agency()
    reviewer = make.member(agency, Role.REVIEWER)
    desk = Desk(reviewer)
    finding = actions.create_finding(actor=reviewer, reporter=agency, values=VALUES, at=NOW)
    form = desk.get("partners_finding_add_file", finding.pk)
    assert 'enctype="multipart/form-data"' in form.content.decode()
    wrong = desk.post("partners_finding_add_file", finding.pk, shows="Kept words")
    assert "Choose a file." in words(wrong)
    assert wrong.context["form"]["shows"].value() == "Kept words"
    sent = {"shows": "A log", "for_owner": "on", "file": make.pdf("log")}
    assert desk.post("partners_finding_add_file", finding.pk, **sent).status_code == 303
    file = FindingFile.objects.get()
    assert (file.for_owner, file.uploaded_by) == (True, reviewer)
    others = Reported().add()
    wrong = desk.post("partners_finding_remove_file", finding.pk, file=str(others.pk))
    assert wrong.status_code == 200
    assert desk.post("partners_finding_remove_file", finding.pk, file=str(file.pk)).status_code == 303
    history = desk.text("partners_finding_history", finding.pk)
    assert "Added an evidence file to the finding" in history
    assert FindingFile.objects.filter(removed_at=None).get() == others


def test_malware_is_said_on_the_pages_and_given_to_nobody():
    case = Reported(until="notify_owner")
    file = case.add(for_owner=True)
    FindingFile.objects.update(scan_state="found", scan_detail="Invented.Worm")
    for person, door, page in (
        (case.member, 0, f"{PARTNER}{case.finding.pk}/"),
        (case.owner, 1, f"{LAB}{case.finding.pk}/"),
        (case.coordinator, 2, reverse(f"admin:{PAGE}", args=[case.finding.pk])),
    ):
        client, address = client_of(person), doors(case, file)[door]
        answer = client.get(address)
        assert (answer.status_code, answer["Location"]) == (303, page)
        shown = client.get(page)
        assert "Malware was found in this file" in words(shown)
        assert address not in shown.content.decode()
    path = f"findings/{case.finding.pk}/files/{file.pk}/content/"
    assert (Caller(case.owner).get(path).status_code, Caller(case.owner).get(path).json()["code"]) == (
        409, "malware_found",
    )  # fmt: skip


def test_by_the_api_from_the_file_to_its_removal():
    case = Reported()
    caller = Caller(case.member)
    # In addresses the number stands for the id.
    path = f"findings/{case.finding.number}/files/"
    missing = caller.upload(path, None)
    assert missing.json()["errors"] == {
        "file": ["No file was submitted."],
        "shows": ["This field is required."],
    }
    changed = caller.upload(path, make.pdf(), shows="A log", sha256="0" * 64)
    assert changed.json()["errors"]["file"][0].startswith("The file changed on its way")
    answer = caller.upload(path, make.pdf("proof", name=FILE_NAME), shows="A log", for_owner="true")
    file = FindingFile.objects.get()
    row = {
        "id": str(file.pk), "name": FILE_NAME, "shows": "A log", "for_owner": True, "content_type": "application/pdf",
        "size": file.size, "sha256": file.sha256, "uploaded_by": str(case.member), "uploaded_at": "2026-09-14T14:00:00Z",
        "scan_state": "not_scanned",
    }  # fmt: skip
    assert (answer.status_code, answer.json()) == (201, row)
    assert caller.get(f"findings/{case.finding.pk}/").json()["files"] == [row]
    twice = caller.upload(path, make.pdf("proof"), shows="Again")
    already = "This very file is with the finding already; nothing was stored twice."
    refused(twice, problem(409, "Conflict", "already_done", already))
    assert b"proof" in body(caller.get(f"{path}{file.pk}/content/"))
    assert caller.post(f"{path}{file.pk}/remove/", {"file": "x"}).status_code == 400
    assert caller.post(f"{path}{file.pk}/remove/").status_code == 204
    for unknown in (file.pk, NOWHERE, "-" * 36):
        refused(caller.post(f"{path}{unknown}/remove/"), NOT_FOUND)
        refused(caller.get(f"{path}{unknown}/content/"), NOT_FOUND)
    case.take("report")
    late = Caller(case.coordinator)
    refused(late.upload(path, make.pdf(), shows="x"), NOT_YOURS_TO_CHANGE)
    stays = caller.upload(path, make.pdf("more"), shows="More").json()
    refused(late.post(f"{path}{stays['id']}/remove/"), NOT_YOURS_TO_CHANGE)
    reported = "This finding was reported: its files stay with it."
    refused(caller.post(f"{path}{stays['id']}/remove/"), problem(409, "Conflict", "wrong_state", reported))
    case.step("triage", "coordinator")
    case.step("not_reproduce", "coordinator", reason="Tried.")
    over = caller.upload(path, make.pdf("late"), shows="Late")
    refused(over, problem(409, "Conflict", "wrong_state", "This finding is over: no file is added any more."))


@pytest.mark.parametrize("rows", [1, 20])
@pytest.mark.parametrize(("who", "side", "number"), [("member", PARTNER, 8), ("owner", LAB, 8)])
def test_a_page_costs_the_same_with_one_file_and_with_twenty(who, side, number, rows):
    case = Reported(until="notify_owner")
    for count in range(rows):
        case.add(str(count), for_owner=True)
    client, page = client_of(getattr(case, who)), f"{side}{case.finding.pk}/"
    client.get(page)
    with counted(number):
        shown = client.get(page)
    assert len(shown.context["evidence"]) == rows
    caller = Caller(getattr(case, who))
    with counted(6):
        assert len(caller.get(f"findings/{case.finding.pk}/").json()["files"]) == rows


def test_the_workbenchs_page_costs_the_same_with_one_file_and_with_twenty():
    costs = []
    for rows in (1, 20):
        case = Reported(until="validate")
        for count in range(rows):
            case.add(str(count))
        desk = Desk(case.coordinator)
        desk.get(PAGE, case.finding.pk)
        with CaptureQueriesContext(connection) as captured:
            desk.get(PAGE, case.finding.pk)
        costs.append(len([q for q in captured.captured_queries if not q["sql"].startswith(UNCOUNTED)]))
    assert costs == [11, 11]
