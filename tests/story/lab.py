"""What the lab's people do on their pages."""

import hashlib
import json
import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import Page

from tests.story.people import Person
from tests.story.stack import ROOT

SAMPLES = ROOT.parent / "shared" / "samples"
# Words that stand in the lab's texts alone, so that a mail that holds one tells on itself.
MODEL, SECRET = "Kestrel Marzipan", "marzipan-lattice"
INSTRUCTIONS = f"Endpoint https://marzipan.invalid/v1, key {SECRET}-key-1"
# None of these may leave the portal by mail, in any case of letters.
SECRETS = ("marzipan", "Kestrel 5", "llama", "security-guide")
ZONES = {"noor.contributor@kestrel.example": "America/Los_Angeles"}
FACTS = {
    "Model name": MODEL,
    "Checkpoint hash or name": f"sha256:{SECRET}-7f3a",
    "What the model is": f"A general model with an unusual {SECRET} of experts.",
    "Notable capabilities": f"Finds its way through a {SECRET} by itself.",
    "Evaluations done": f"A range of 41 exercises, {SECRET} included.",
    "Safeguards": f"Refuses to bake a {SECRET}.",
}


def files(folder: Path) -> list[tuple[Path, str, str]]:
    """The documents offered: path, kind, title. Real ones where the samples are there; else made here, and said so."""
    card, log = SAMPLES / "model_cards" / "llama4.md", next(SAMPLES.glob("inspect/*.json"), None)
    if not card.exists() or log is None:
        print("The samples are not there: the story makes a model card and an evaluation log itself.")
        card, log = folder / "card.md", folder / "log.json"
        card.write_text(f"---\nlicense: other\n---\n# Model card\n\nA {SECRET}.\n")
        log.write_text(
            json.dumps({"version": 2, "status": "success", "eval": {"task": SECRET, "model": "none"}})
        )
    return [
        (card, "Draft system card", f"Card of the {SECRET}"),
        (log, "Inspect evaluation log", f"Log of the {SECRET}"),
    ]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_instant(page: Page, label: str, at: datetime) -> None:
    """Type a date and a time into the two controls of one field."""
    group = page.get_by_role("group", name=re.compile(label))
    group.get_by_label("Date").fill(at.strftime("%Y-%m-%d"))
    group.get_by_label("Time").fill(at.strftime("%H:%M"))


def begin_a_draft(noor: Person) -> str:
    """Begin with a name alone, save, and leave; returns the case number."""
    noor.go("/lab/").follow("New submission")
    noor.page.get_by_label("Model name").fill(MODEL)
    noor.press("Save draft")
    number = re.search(r"FM-\w{4}-\w{4}", noor.page.content())
    assert number, noor.text
    return number[0]


def complete_the_draft(
    noor: Person, number: str, folder: Path, *, public: datetime, partner: datetime
) -> None:
    """Come back to the draft from the list, and fill in the rest, documents included."""
    noor.go("/lab/").follow(MODEL)
    page = noor.page
    assert page.get_by_label("Model name").input_value() == MODEL
    noor.follow("All on one page")
    for label, text in FACTS.items():
        page.get_by_role("textbox", name=label).fill(text)
    page.get_by_label("Kind of access offered").select_option(label="API, reduced safeguards")
    page.get_by_label("Times are in").select_option("UTC")
    write_instant(page, "Planned public release", public)
    write_instant(page, "Planned partner release", partner)
    for path, kind, title in files(folder):
        page.locator("input[type=file]").set_input_files(path)
        page.get_by_label("Kind of document").select_option(label=kind)
        page.get_by_label("Title").fill(title)
        noor.press("Add this document")
        noor.sees(title)


def submit(noor: Person, folder: Path) -> None:
    """Look it over, submit, and read the receipt: every file's SHA-256 and what happens next."""
    noor.press("Save and look it over").sees(*FACTS.values())
    noor.press("Submit to the programme").sees("Receipt", "What happens next")
    noor.sees(*(sha256(path) for path, _, _ in files(folder)))


def accept_the_terms(noor: Person, number: str) -> None:
    noor.go(f"/lab/cases/{number}/").press(re.compile("^Accept version 1 for"))
    noor.sees("accepted")


def provide_access(noor: Person, number: str) -> None:
    noor.go(f"/lab/cases/{number}/").follow("Provide access")
    noor.page.get_by_label("Access instructions").fill(INSTRUCTIONS)
    noor.press("Provide access")
    noor.sees("Stored encrypted").sees_not(INSTRUCTIONS)


def number_of(person: Person, model: str) -> str:
    """The case number of a model in the lab's list."""
    person.go("/lab/")
    row = person.page.get_by_role("row").filter(has=person.page.get_by_role("link", name=model, exact=True))
    return re.search(r"FM-\w{4}-\w{4}", row.inner_text())[0]


def respond(noor: Person, number: str, findings: str, response: str) -> None:
    """Read the shared assessment, and answer it."""
    noor.go(f"/lab/cases/{number}/").follow("Cyber").sees(findings)
    noor.page.get_by_role("textbox", name="Your response").fill(response)
    noor.press("Send the response").sees(response)


def move_dates(noor: Person, number: str, *, public: datetime, partner: datetime) -> None:
    """Write the new dates, read what follows from them, and confirm."""
    noor.go(f"/lab/cases/{number}/").follow("Move dates")
    noor.page.get_by_label("Times are in").select_option("UTC")
    write_instant(noor.page, "Planned public release", public)
    write_instant(noor.page, "Planned partner release", partner)
    noor.press("Show what follows").sees("Nothing has moved yet.", "The access window")
    noor.press("Move the dates").sees("The dates were moved.")


def shown(person: Person, at: datetime) -> str:
    """An instant as the portal shows it to a person, in their own zone."""
    local = at.astimezone(ZoneInfo(ZONES.get(person.email, "America/New_York")))
    half = "a.m." if local.hour < 12 else "p.m."
    minutes = f":{local:%M}"
    return f"{local.day} {local:%b %Y}, {local.hour % 12 or 12}{minutes} {half} {local:%Z}"


def looks(person: Person, kind: str) -> list[tuple[str, str]]:
    """Who looked at what, of one kind, from every page of the list; for a file, its document."""
    person.page.get_by_label("What", exact=True).select_option(label=kind)
    person.press("Show")
    found = []
    while True:
        for row in person.page.locator("table", has_text="Looks at this case").locator("tbody tr").all():
            who = row.locator("[data-label=Who]").inner_text().splitlines()[0]
            what = row.locator("[data-label=What]").inner_text().splitlines()[0]
            found.append((who, what.removeprefix("Downloaded a file: ")))
        following = person.page.locator("main").get_by_role("link", name=re.compile("^Next"))
        if not following.count():
            return sorted(found)
        following.first.click()
        person.page.wait_for_load_state()
