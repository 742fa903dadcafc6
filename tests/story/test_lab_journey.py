"""A lab's own journey on the running stack, from an invitation by mail to the archive that it takes along.

By keyboard alone, with axe on each page at both widths. It takes the pictures of docs/lab.md on its way.
"""

import hashlib
import io
import json
import re
import urllib.request
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.evidence import logs
from tests.story import newcomer, post, programme
from tests.story.guide import LAB
from tests.story.journey import Travel
from tests.story.keyboard import Typist
from tests.story.lab import SAMPLES

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MODEL, CHECKPOINT = "Kestrel Heron 1", "heron-rc2"
ANSWER = "Tasks 1 to 29 with tools, 30 to 41 without."
INSTRUCTIONS = "Endpoint https://heron.invalid/v1, key heron-key-1"


class Journey(Travel):
    """The one who travels, what she carries, and where the clock stood when she set out."""

    guide = LAB
    number: str
    ines: Typist

    def case(self, page: str = "") -> str:
        return f"/lab/cases/{self.number}/{page}"


def test_a_lab_from_the_invitation_to_the_archive(stack, chromium, pictures, tmp_path):
    journey = Journey(stack, chromium, pictures, tmp_path)
    journey.go(CHAPTERS)


def a_colleague_is_invited(journey: Journey) -> None:
    kit = Typist(journey.browser, journey.stack, journey.faults, "kit.admin@kestrel.example").sign_in()
    newcomer.invite(kit)
    kit.context.close()
    journey.ines = Typist(journey.browser, journey.stack, journey.faults, newcomer.ADDRESS)
    newcomer.come_in(journey.ines, journey.album)
    newcomer.settle_in(journey.ines, journey.album)


def a_draft_from_evidence(journey: Journey) -> None:
    """A log is read, each value is confirmed by itself, and one evaluation is written by hand."""
    ines = journey.ines
    ines.enter("link", "Lab", ines.page.get_by_role("navigation", name="Main"))
    ines.follow("New submission").type("Model name", MODEL).press("Save draft")
    journey.number = re.search(r"FM-\w{4}-\w{4}", ines.text)[0]
    ines.type("Checkpoint hash or name", CHECKPOINT)
    expect(ines.page.locator("#kept")).to_contain_text("Saved ")
    ines.press("Evaluations").follow("Read evidence you have")
    for log in evidence(journey.folder):
        ines.attach(log).press("Read this file").sees("Tick each value that is right.")
        boxes = ines.page.get_by_role("checkbox")
        for number in range(boxes.count()):
            # The name stays as the lab wrote it; a log has the one it was run under.
            if boxes.nth(number).get_attribute("value") != "fact-model_name":
                ines.reach(boxes.nth(number))
                ines.page.keyboard.press("Space")
        if "evidence" not in journey.album.taken:
            journey.album.take("evidence", ines.page)
        ines.press("Take what is ticked").sees("Taken: 1 evaluation.", "Not kept")
        ines.follow("Read evidence you have")
    ines.follow("Back without reading anything")
    ines.follow("Write an evaluation")
    ines.type("Evaluation", "Invented cyber range").type("Dataset", "41 tasks").type(
        "Number of samples", "41"
    )
    ines.write_date("Date of the evaluation", journey.days(-9))
    for row, (name, metric, value, error) in enumerate(
        [("All tasks", "accuracy", "0.634", "0.075"), ("With tools", "accuracy", "0.759", "0.079")], start=1
    ):
        result = ines.page.get_by_role("group", name=f"Result {row}")
        ines.type("Name", name, within=result).type("Metric", metric, within=result)
        ines.type("Value", value, within=result).type("Standard error", error, within=result)
    ended = ines.page.locator(".usa-form-group").filter(has=ines.page.get_by_label("How it ended"))
    journey.album.take("evaluation", ines.page, top=ended)
    ines.press("Another row of results")
    expect(ines.page.get_by_role("group", name="Result 4").get_by_label("Name")).to_be_focused()
    ines.press("Add this evaluation").sees("All tasks: accuracy 0.634 ± 0.075", "Written by the lab")


def evidence(folder: Path) -> list[Path]:
    """A log made here, and a real one of Inspect where the samples are there."""
    made = folder / "cyber_range.json"
    made.write_bytes(logs.as_json().getvalue())
    return [made, *sorted(SAMPLES.glob("inspect/*.eval"))[:1]]


def the_steps_of_the_draft(journey: Journey) -> None:
    """Each step kept while it is typed; documents with their marks, one of them large enough to go up in pieces."""
    ines = journey.ines
    ines.press("The model")
    ines.choose("Kind of access offered", "API, reduced safeguards")
    ines.type("What the model is", "An invented general model with tools.")
    expect(ines.page.locator("#kept")).to_contain_text("Saved ")
    ines.press("Save and continue").type("Notable capabilities", "Long tasks with tools.")
    ines.type("Safeguards", "Refusals, and classifiers on input and output.").press("Save and continue")
    ines.press("Save and continue").choose("Times are in", "UTC")
    ines.write_date("Planned public release", journey.days(60))
    ines.write_date("Planned partner release", journey.days(38)).press("Save and continue")
    card, large = files(journey.folder)
    ines.attach(card).choose("Kind of document", "Draft system card").type("Title", "Card of the Heron")
    ines.press("Add this document").sees("Card of the Heron", sha256(card))
    upload_in_pieces(journey, large)
    ines.press("Save and continue").follow("Name and take off contacts")
    ines.choose("For what", "Security").type("Name", "Oskar Lindgren")
    ines.type("E-mail", "oskar@kestrel.example").press("Add this contact").sees("Oskar Lindgren")


def files(folder: Path) -> tuple[Path, Path]:
    """A small card, and a text of some megabytes."""
    card, large = folder / "card.md", folder / "safeguards.txt"
    card.write_text("# Kestrel Heron 1\n\nAn invented model.\n")
    large.write_text("Every safeguard of an invented model, once more.\n" * 250_000)
    return card, large


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def upload_in_pieces(journey: Journey, large: Path) -> None:
    """On a slow line, so that there is a middle in which it is paused; then it goes on, and the form with it."""
    ines, page = journey.ines, journey.ines.page
    line = ines.context.new_cdp_session(page)
    line.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 4 * 2**20}
    line.send("Network.emulateNetworkConditions", slow)
    ines.attach(large)
    expect(page.locator("[data-upload-percent]")).not_to_have_text("0 %")
    ines.toggle("Pause")
    expect(page.get_by_role("button", name="Resume")).to_be_focused()
    ines.look("paused")
    journey.album.take("upload", page, top=page.get_by_role("group", name="Add another document"))
    page.keyboard.press("Enter")
    line.send("Network.emulateNetworkConditions", slow | {"uploadThroughput": -1})
    ines.choose("Kind of document", "Safeguards").type("Title", "What the Heron refuses")
    ines.type("CUI banner", "CUI//SP-PROPIN").press("Add this document")
    ines.sees("What the Heron refuses", sha256(large), "CUI//SP-PROPIN")


def submitted_with_a_receipt(journey: Journey) -> None:
    ines = journey.ines
    ines.follow("Back").press("Look over and submit").sees(MODEL, CHECKPOINT, "Invented cyber range")
    journey.album.take("review", ines.page)
    ines.press("Submit to the programme").sees("Your submission was received.", "What happens next")
    ines.sees(*(sha256(path) for path in files(journey.folder)))
    journey.album.take("receipt", ines.page)
    assert ines.receive("link", re.compile("PDF")).read_bytes().startswith(b"%PDF-1.")


def terms_and_access(journey: Journey) -> None:
    ines = journey.ines
    programme.acknowledge(journey.stack, journey.number)
    ines.go(journey.case()).sees("Acknowledged", "Confidentiality", "Insider risk")
    ines.press(re.compile("^Accept version 1 for")).sees("Both sides accepted this version")
    ines.follow("Provide access").type("Access instructions", INSTRUCTIONS)
    ines.press("Provide access").sees("Stored encrypted").sees_not(INSTRUCTIONS)
    programme.take_a_seat(journey.stack, journey.number)


def the_window_opens(journey: Journey) -> None:
    """Nine days later: the clock has opened the window, a reviewer reads, and asks."""
    ines = journey.ines
    journey.stack.manage("move_clock", "--to", journey.days(9).isoformat())
    # What the clock did is recorded beside the pages: a form opened before is told so, and would have to be sent again.
    post.wait_until_told(journey.stack, ines.email, journey.number, "The access window has opened.")
    read = programme.read_and_ask(journey.stack, journey.number)
    assert sorted(read) == sorted(path.read_bytes() for path in files(journey.folder))
    ines.go(journey.case()).sees("Access window open", "Window opens", "Window closes", "1 open question")
    journey.album.take("case", ines.page, top=ines.page.locator(".portal-marking").first)


def a_question_is_answered(journey: Journey) -> None:
    ines = journey.ines
    ines.go(journey.case()).follow("1 open question").follow("Question 1").sees(programme.QUESTION)
    ines.type("Your answer", ANSWER)
    ines.tick("Card of the Heron")
    journey.album.take("question", ines.page, top=ines.page.locator(".portal-marking").first)
    ines.press("Give this answer").sees(ANSWER)


def a_date_is_weighed(journey: Journey) -> None:
    """The preview alone, and then the step."""
    ines = journey.ines
    ines.go(journey.case()).follow("Move dates")
    ines.write_date("Planned partner release", journey.days(31))
    ines.press("Show what follows").sees("Nothing has moved yet.", "The access window")
    journey.album.take("move-dates", ines.page)
    ines.press("Move the dates").sees("The dates were moved.")


def who_looked(journey: Journey) -> None:
    """What was read is there, and the file taken along has the hash that is on record."""
    ines = journey.ines
    ines.go(journey.case()).follow("Who can see this, and who looked")
    ines.sees("DCDA reviewer 1", "Programme coordinator", "Card of the Heron")
    assert "Rafael Stone" not in ines.text
    journey.album.take("who", ines.page, top=ines.page.locator("#seats-now"))
    ines.choose("Who", "Government").press("Show").sees("Revealed the access instructions")
    journey.album.take("looks", ines.page, top=ines.page.locator("#looks"))
    taken = ines.receive("link", "every look as CSV").read_bytes()
    assert b"DCDA reviewer 1" in taken
    ines.go(journey.case("who/")).sees(hashlib.sha256(taken).hexdigest())


def what_comes_by_mail(journey: Journey) -> None:
    ines = journey.ines
    newcomer.menu(ines, "What comes by mail")
    ines.pick("In one daily mail", within=ines.page.locator("main fieldset").first)
    journey.album.take("notices", ines.page)
    ines.press("Save").sees("saved")
    newcomer.menu(ines, "Calendar").press("Make an address")
    address = ines.page.locator("code").inner_text()
    with urllib.request.urlopen(address, timeout=60) as answer:
        calendar = answer.read().decode()
    assert journey.number in calendar
    assert MODEL not in calendar


def withdrawn_and_ended(journey: Journey) -> None:
    ines = journey.ines
    ines.go(journey.case()).follow("Withdraw").press("Withdraw this case")
    ines.sees("The case is withdrawn. All access under it ended with it.")
    programme.attest_withdrawal_of_credentials(journey.stack, journey.number)
    ines.follow("How access ended").sees("Demo Cyber Defense Agency (invented)", "Ended at", "not yet")
    journey.album.take("ended", ines.page)


def everything_is_taken_along(journey: Journey) -> None:
    """The archive's manifest names every file in it but itself and its signature, with the hash of what came."""
    ines = journey.ines
    ines.go(journey.case())
    archive = zipfile.ZipFile(io.BytesIO(ines.receive("link", "Take everything along (ZIP)").read_bytes()))
    manifest = json.loads(archive.read("manifest.json"))
    found = {
        name: hashlib.sha256(archive.read(name)).hexdigest()
        for name in archive.namelist()
        if not name.startswith("manifest.")
    }
    assert {file["path"]: file["sha256"] for file in manifest["files"]} == found
    assert manifest["case"] == journey.number
    offered = {sha256(path) for path in files(journey.folder)}
    assert offered <= set(found.values())
    tasks = [row["task"] for row in json.loads(archive.read("evaluations.json"))]
    assert len(tasks) == len(evidence(journey.folder)) + 1
    assert "Invented cyber range" in tasks
    (question,) = json.loads(archive.read("questions.json"))
    assert [said["text"] for said in question["said"]] == [programme.QUESTION, ANSWER]


CHAPTERS = [
    a_colleague_is_invited,
    a_draft_from_evidence,
    the_steps_of_the_draft,
    submitted_with_a_receipt,
    terms_and_access,
    the_window_opens,
    a_question_is_answered,
    a_date_is_weighed,
    who_looked,
    what_comes_by_mail,
    withdrawn_and_ended,
    everything_is_taken_along,
]
