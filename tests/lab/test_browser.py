"""The lab's pages in a real browser on the running portal: by keyboard alone, by impatient clicks, and each of them looked at.

Every page passed is checked by axe at both widths, and for errors of scripts and of the content security policy.
"""

import os
import re
import signal

import pytest
from playwright.sync_api import Browser, expect

from tests.accounts.doors import code
from tests.accounts.test_browser import tab_to
from tests.evidence import logs
from tests.story.conftest import chromium, pictures, stack  # noqa: F401 - fixtures
from tests.story.people import Faults, Person
from tests.story.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NOOR, VERA = "noor.contributor@kestrel.example", "vera.viewer@kestrel.example"
ADMIN = "kit.admin@kestrel.example"
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
    for heading in ("Capabilities and safeguards", "Evaluations", "Release plan"):
        tab_to(page, "Save and continue")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=2, name=heading)).to_be_visible()
        noor.look()
    tab_to(page, "Times are in")
    type_date(noor, "12242027")
    tab_to(page, "Save and continue")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=2, name="Documents")).to_be_visible()
    noor.look()
    tab_to(page, "File")
    tab_to(page, "Add this document")
    tab_to(page, "Save and continue")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=2, name="Contacts")).to_be_visible()
    noor.look()
    tab_to(page, "Save and continue")
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
    page.get_by_role("button", name="Save draft").dblclick()
    noor.follow("All on one page")
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
    page.locator("button[value=save]").last.dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("Edit the draft")
    page.goto(f"{stack.url}/lab/")
    assert page.locator("main").inner_text().count("Kestrel Plain") == 1
    context.close()


def test_what_is_wrong_is_said_beside_it_and_nothing_typed_is_lost(noor: Person, faults: Faults):
    page = noor.go("/lab/cases/new/").page
    page.get_by_label("Model name").fill("Kestrel Slip")
    noor.press("Save draft").follow("All on one page")
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


def test_evidence_is_read_and_each_value_confirmed(noor: Person, faults: Faults):
    page = begun(noor, "Kestrel Read").page
    noor.press("Evaluations").follow("Read evidence you have")
    log = {"name": "log.json", "mimeType": "application/json", "buffer": logs.as_json().getvalue()}
    page.locator("input[type=file]").set_input_files(log | {"buffer": log["buffer"][:-50]})
    noor.press("Read this file").look("a log cut off")
    noor.sees(
        "The file ends in the middle: it was cut off, or its writing was not finished. Nothing was stored."
    )
    page.locator("input[type=file]").set_input_files(log)
    noor.press("Read this file").look("what was read")
    noor.sees("cyber_range", "What remains", "Give the checkpoint hash or name.")
    tab_to(page, "Tick all")
    page.keyboard.press("Enter")
    tab_to(page, "Model name")
    page.keyboard.press("Space")
    noor.press("Take what is ticked").sees("Taken: 1 evaluation.", "match: accuracy 0.625 ± 0.05")
    noor.press("The model")
    expect(page.get_by_label("Model name")).to_have_value("Kestrel Read")
    assert faults.found == []


# --- Kept while it is typed -----------------------------------------------------------------------------------------


def test_what_is_typed_is_kept_without_a_button(noor: Person, faults: Faults):
    page = begun(noor, "Kestrel Kept").follow("All on one page").page
    page.get_by_label("What the model is").fill("Never sent by a button: سنجاب, 模型.")
    expect(page.locator("#kept")).to_contain_text("Saved ")
    noor.look("kept")
    # Neither does leaving ask anything, since nothing would be lost.
    page.goto(page.url)
    expect(page.get_by_label("What the model is")).to_have_value("Never sent by a button: سنجاب, 模型.")
    assert faults.found == []


def test_two_tabs_show_each_other_what_they_typed(noor: Person, faults: Faults):
    first = begun(noor, "Kestrel Tabs").page
    second = noor.context.new_page()
    second.goto(first.url)
    first.get_by_label("Checkpoint hash or name").fill("rc-1")
    expect(first.locator("#kept")).to_contain_text("Saved ")
    # What only the other tab changed arrives here with the next keeping; what both changed is asked about.
    second.get_by_label("What the model is").fill("From the second tab.")
    expect(second.get_by_label("Checkpoint hash or name")).to_have_value("rc-1")
    expect(second.locator("#kept")).to_contain_text("Changed elsewhere: Checkpoint hash or name.")
    first.get_by_label("What the model is").fill("From the first tab.")
    expect(first.get_by_role("heading", name="Somebody else changed this too")).to_be_visible()
    noor.look("both changed it")
    noor.sees("Noor", "wrote:", "From the second tab.")
    noor.press(re.compile("Keep mine"))
    expect(first.get_by_label("What the model is")).to_have_value("From the first tab.")
    second.reload()
    expect(second.get_by_label("What the model is")).to_have_value("From the first tab.")
    second.close()
    assert faults.found == []


def test_a_lost_connection_loses_nothing(noor: Person, faults: Faults):
    page = begun(noor, "Kestrel Offline").page
    noor.context.set_offline(True)
    page.get_by_label("What the model is").fill("Typed on a train.")
    expect(page.locator("#kept")).to_contain_text("Not saved: the portal cannot be reached.")
    noor.context.set_offline(False)
    expect(page.locator("#kept")).to_contain_text("Saved ", timeout=15_000)
    page.goto(page.url)
    expect(page.get_by_label("What the model is")).to_have_value("Typed on a train.")
    forget_lost_connections(faults)


def test_a_killed_web_process_loses_nothing_typed(noor: Person, stack: Stack, faults: Faults):  # noqa: F811
    page = begun(noor, "Kestrel Killed").page
    os.kill(stack.pids()["web"], signal.SIGKILL)
    page.get_by_label("What the model is").fill("Typed while the portal was down.")
    expect(page.locator("#kept")).to_contain_text("Saved ", timeout=60_000)
    page.goto(page.url)
    expect(page.get_by_label("What the model is")).to_have_value("Typed while the portal was down.")
    forget_lost_connections(faults)


def forget_lost_connections(faults: Faults) -> None:
    """The browser's own word for what the test did to it; every other fault stays."""
    faults.found[:] = [fault for fault in faults.found if "net::ERR_" not in fault]


def test_an_ended_session_loses_nothing_typed(chromium: Browser, stack: Stack, faults: Faults):  # noqa: F811
    """The autosave says so, and after signing in again the text is there and is saved."""
    kit = Person(chromium, stack, faults, ADMIN).sign_in()
    page = begun(kit, "Kestrel Signed Out").page
    kit.context.clear_cookies(name="sessionid")
    page.get_by_label("What the model is").fill("Typed after the session ended.")
    expect(page.locator("#kept")).to_contain_text("Not saved: you are signed out.")
    kit.follow("Sign in and go on")
    account = stack.account(ADMIN)
    page.get_by_label("E-mail").fill(ADMIN)
    page.get_by_label("Password", exact=True).fill(account["password"])
    kit.press("Sign in")
    # A code works once, and this half minute's was used.
    page.get_by_role("textbox", name="Code").fill(code(account["totp_secret"], steps=1))
    kit.press("Go on")
    expect(page.get_by_label("What the model is")).to_have_value("Typed after the session ended.")
    expect(page.locator("#kept")).to_contain_text("Saved ")
    assert faults.found == []


def begun(person: Person, model: str) -> Person:
    """A draft of this name, on its first step."""
    person.go("/lab/cases/new/").page.get_by_label("Model name").fill(model)
    return person.press("Save draft")


# --- Every page -----------------------------------------------------------------------------------------------------


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
