"""The lab's pages in a real browser on the running portal: by keyboard alone, by impatient clicks, and each of them looked at.

Every page passed is checked by axe at both widths, and for errors of scripts and of the content security policy.
"""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.accounts.test_browser import tab_to
from tests.story.conftest import chromium, pictures, stack  # noqa: F401 - fixtures
from tests.story.people import Faults, Person
from tests.story.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NOOR, VERA = "noor.contributor@kestrel.example", "vera.viewer@kestrel.example"
STATES = (
    "Draft",
    "Submitted",
    "Acknowledged",
    "Terms agreed",
    "Access window open",
    "Access window ended",
    "Closed",
    "Withdrawn",
)


@pytest.fixture(scope="module")
def faults(pictures) -> Faults:  # noqa: F811
    return Faults(pictures)


@pytest.fixture(scope="module")
def noor(chromium: Browser, stack: Stack, faults: Faults) -> Person:  # noqa: F811
    """Signed in once: a code of the authenticator app works once in its half minute."""
    return Person(chromium, stack, faults, NOOR).sign_in()


def numbers_by_state(person: Person) -> dict[str, str]:
    """A case number for each state in the person's list."""
    found = {}
    for row in person.go("/lab/").page.locator("main tbody tr").all():
        text = row.inner_text()
        state = next(state for state in STATES if state in text)
        found.setdefault(state, re.search(r"FM-\w{4}-\w{4}", text)[0])
    return found


def type_date(noor: Person, day: str) -> None:
    """Tab to the next date and type it as a browser of this language wants it, month first."""
    tab_to(noor.page, "Date")
    noor.page.keyboard.type(day)


def test_a_submission_by_keyboard_alone(noor: Person, faults: Faults):
    page = noor.go("/lab/").page
    tab_to(page, "New submission")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("New submission")
    texts = {
        "Model name": "Kestrel Keys",
        "Checkpoint hash": "rc-keys",
        "What the model is": "Typed, never clicked.",
    }
    tab_to(page, "Model name")
    page.keyboard.type(texts["Model name"])
    tab_to(page, "Checkpoint hash")
    page.keyboard.type(texts["Checkpoint hash"])
    tab_to(page, "Kind of access offered")
    page.keyboard.type("API, red")
    tab_to(page, "What the model is")
    page.keyboard.type(texts["What the model is"])
    tab_to(page, "Times are in")
    type_date(noor, "12242027")
    tab_to(page, "File")
    tab_to(page, "Add this document")
    tab_to(page, "Save and look it over")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Look over and submit")
    noor.look()
    noor.sees(*texts.values(), "API, reduced safeguards", "24 Dec 2027, 12:00 p.m. PST", "No partner stage")
    tab_to(page, "Submit to the programme")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Receipt of your submission")
    noor.look()
    noor.sees("Your submission was received.")
    assert faults.found == []


def test_impatient_clicks_submit_once(noor: Person, faults: Faults):
    page = noor.go("/lab/cases/new/").page
    page.get_by_label("Model name").fill("Kestrel Twice")
    page.get_by_label("Checkpoint hash or name").fill("rc-twice")
    page.get_by_label("Kind of access offered").select_option(label="Lab-hosted enclave")
    page.get_by_label("What the model is").fill("Clicked, and clicked again.")
    page.get_by_role("group", name="Planned public release").get_by_label("Date").fill("2027-12-24")
    page.get_by_role("button", name="Save and look it over").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look over and submit")
    page.get_by_role("button", name="Submit to the programme").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("Receipt of your submission")
    noor.go("/lab/")
    assert noor.text.count("Kestrel Twice") == 1
    noor.follow("Kestrel Twice").follow("Every change")
    assert noor.text.count("Submitted the case") == 1
    assert faults.found == []


def test_clicks_without_scripts_submit_once(chromium: Browser, stack: Stack, noor: Person):  # noqa: F811
    """The second click's answer is the one the browser shows, and it says where the first one led."""
    context = chromium.new_context(java_script_enabled=False, storage_state=noor.context.storage_state())
    page = context.new_page()
    page.goto(f"{stack.url}/lab/cases/new/")
    page.get_by_label("Model name").fill("Kestrel Plain")
    page.locator("button[value=save]").first.dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("Edit the draft")
    page.goto(f"{stack.url}/lab/")
    assert page.locator("main").inner_text().count("Kestrel Plain") == 1
    context.close()


def test_what_is_wrong_is_said_beside_it_and_nothing_typed_is_lost(noor: Person, faults: Faults):
    page = noor.go("/lab/cases/new/").page
    page.get_by_label("Model name").fill("Kestrel Slip")
    page.get_by_role("group", name="Planned public release").get_by_label("Date").fill("2027-03-01")
    page.get_by_role("group", name="Planned partner release").get_by_label("Date").fill("2027-04-01")
    noor.press("Save draft")
    noor.look("wrong dates")
    noor.sees("The partner release cannot come after the public release.")
    assert page.get_by_label("Model name").input_value() == "Kestrel Slip"
    page.get_by_role("link", name="Planned partner release").click()
    page.get_by_role("group", name="Planned partner release").get_by_label("Date").fill("2027-02-01")
    cut = {"name": "card.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 cut off"}
    page.locator("input[type=file]").set_input_files(cut)
    noor.press("Add this document")
    noor.look("a refused file")
    noor.sees("The draft is saved.", "The file is truncated: its end is missing.")
    assert page.get_by_label("Model name").input_value() == "Kestrel Slip"
    assert faults.found == []


def test_every_page_in_every_state(noor: Person, chromium: Browser, stack: Stack, faults: Faults):  # noqa: F811
    numbers = numbers_by_state(noor)
    assert set(numbers) == set(STATES)
    for number in numbers.values():
        noor.go(f"/lab/cases/{number}/").go(f"/lab/cases/{number}/who/").go(f"/lab/cases/{number}/changes/")
    draft, opened, acknowledged = (
        numbers[state] for state in ("Draft", "Access window open", "Acknowledged")
    )
    noor.go(f"/lab/cases/{draft}/edit/").go(f"/lab/cases/{draft}/review/").go(f"/lab/cases/{draft}/withdraw/")
    for step in ("receipt", "facts", "access", "dates", "release", "withdraw", "documents/new"):
        noor.go(f"/lab/cases/{opened}/{step}/")
    noor.go(f"/lab/cases/{acknowledged}/terms/propose/")
    noor.go(f"/lab/cases/{opened}/").press("Reveal the newest version")
    noor.go(f"/lab/cases/{opened}/").follow("New version of")
    vera = Person(chromium, stack, faults, VERA).sign_in()
    for number in numbers.values():
        vera.go(f"/lab/cases/{number}/")
    assert faults.found == []


def test_the_receipt_prints_without_the_frame(noor: Person):
    number = numbers_by_state(noor)["Access window open"]
    page = noor.go(f"/lab/cases/{number}/receipt/").page
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    expect(page.get_by_role("button", name="Print this receipt")).to_be_hidden()
    expect(page.get_by_text("Taking part is voluntary, and nothing in this receipt")).to_be_visible()
    hashes = page.locator(".lab-hash").all_inner_texts()
    page.emulate_media(media="screen")
    assert [len(text.split()[-1]) for text in hashes] == [64] * len(hashes) != []
