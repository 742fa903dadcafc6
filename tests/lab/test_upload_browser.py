"""A large file in a real browser on the running portal: progress, pause, a lost connection, a reload, a killed web process."""

import hashlib
import os
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.lab.test_browser import NOOR, numbers_by_state
from tests.story.conftest import chromium, pictures, stack  # noqa: F401 - fixtures
from tests.story.people import Faults, Person
from tests.story.stack import Stack, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MEGABYTE = 2**20


@pytest.fixture(scope="module")
def faults(pictures) -> Faults:  # noqa: F811
    return Faults(pictures)


@pytest.fixture(scope="module")
def noor(chromium: Browser, stack: Stack, faults: Faults) -> Person:  # noqa: F811
    return Person(chromium, stack, faults, NOOR).sign_in()


def log_of(folder: Path, megabytes: int, name: str) -> tuple[Path, str]:
    """A text file of so many megabytes that no other test sends, and its SHA-256."""
    path = folder / name
    noise = random.Random(name).randbytes(MEGABYTE // 2).hex().encode()
    path.write_bytes(b"".join(noise[turn:] + noise[:turn] for turn in range(megabytes)))
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def line(noor: Person) -> Iterator[Callable[..., None]]:
    """The line out of the browser: so many kilobytes a second, so that there is a middle of the upload, or none at all."""
    session = noor.context.new_cdp_session(noor.page)
    session.send("Network.enable")

    def set_line(kilobytes: int = 8 * 1024, *, offline: bool = False) -> None:
        sent = kilobytes * 1024
        values = {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": sent}
        session.send("Network.emulateNetworkConditions", values)

    set_line()
    yield set_line
    set_line(-1)
    session.detach()
    # What the browser says of a line that was cut is no fault of the page.
    noor.faults.found[:] = [fault for fault in noor.faults.found if "net::ERR_" not in fault]


def percent(page: Page) -> int:
    return int(page.locator("[data-upload-percent]").inner_text().split()[0])


def status(page: Page):
    return page.locator("[data-upload-status]")


def choose(noor: Person, path: Path) -> Page:
    number = numbers_by_state(noor)["Access window open"]
    page = noor.go(f"/lab/cases/{number}/documents/new/").page
    page.locator("input[type=file]").set_input_files(path)
    return page


def added(noor: Person, path: Path, sha256: str) -> None:
    expect(noor.page.get_by_text("The document was added.")).to_be_visible(timeout=60_000)
    row = noor.page.get_by_role("row").filter(has_text=path.name)
    assert sha256 in row.inner_text()


def arrived(folder: Path) -> int:
    """How many bytes of unfinished files lie on the disk."""
    unfinished = folder / "unfinished"
    return sum(path.stat().st_size for path in unfinished.iterdir()) if unfinished.exists() else 0


def test_it_pauses_and_goes_on_and_the_form_waits_for_it(noor: Person, faults: Faults, line, tmp_path):
    path, sha256 = log_of(tmp_path, 24, "paused.txt")
    page = choose(noor, path)
    expect(status(page)).to_have_text("Uploading.")
    expect(page.get_by_role("progressbar", name="Upload")).to_be_visible()
    wait_for("some of it", lambda: percent(page) > 10)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_focused()
    noor.look("paused")
    before = percent(page)
    page.get_by_role("button", name="Add this document").click()
    expect(status(page)).to_have_text("The form is sent as soon as the file has arrived.")
    page.get_by_role("button", name="Resume").click()
    added(noor, path, sha256)
    assert 10 < before < 100
    assert faults.found == []


def test_a_lost_connection_and_a_reload_lose_nothing(noor: Person, stack: Stack, line, tmp_path):  # noqa: F811
    path, sha256 = log_of(tmp_path, 40, "lost.txt")
    others = arrived(stack.folder)
    page = choose(noor, path)
    wait_for("some of it", lambda: percent(page) > 25)
    line(offline=True)
    expect(status(page)).to_contain_text("The connection was lost.", timeout=30_000)
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    assert arrived(stack.folder) - others >= 8 * MEGABYTE
    line()
    expect(status(page)).to_have_text("Connected again. Uploading.")
    wait_for("more of it", lambda: percent(page) > 40)
    page.reload()
    expect(status(page)).to_contain_text("An upload was interrupted.")
    assert path.name not in page.evaluate("JSON.stringify(localStorage)")
    page.locator("input[type=file]").set_input_files(path)
    expect(status(page)).to_have_text("Going on where the upload stopped.")
    wait_for("what was there before", lambda: percent(page) > 0)
    assert percent(page) > 20
    page.get_by_role("button", name="Add this document").click()
    added(noor, path, sha256)
    assert arrived(stack.folder) == others


def test_a_killed_web_process_loses_a_few_seconds_at_most(noor: Person, stack: Stack, line, tmp_path):  # noqa: F811
    path, sha256 = log_of(tmp_path, 40, "killed.txt")
    page = choose(noor, path)
    wait_for("some of it", lambda: percent(page) > 40)
    kept = arrived(stack.folder)
    web = stack.pids()["web"]
    os.kill(web, signal.SIGKILL)
    wait_for("another web process", lambda: stack.pids().get("web") not in (None, web))
    assert arrived(stack.folder) >= kept
    page.get_by_role("button", name="Add this document").click()
    wait_for("the portal", stack._ready)
    if page.get_by_role("button", name="Resume").is_visible():
        page.get_by_role("button", name="Resume").click()
    added(noor, path, sha256)


def test_an_upload_is_given_up(noor: Person, stack: Stack, faults: Faults, line, tmp_path):  # noqa: F811
    path, _ = log_of(tmp_path, 24, "given-up.txt")
    others = arrived(stack.folder)
    page = choose(noor, path)
    wait_for("some of it", lambda: percent(page) > 10)
    page.get_by_role("button", name="Give the upload up").click()
    expect(page.locator("[data-upload]")).to_be_hidden()
    wait_for("its pieces to go", lambda: arrived(stack.folder) == others)
    noor.press("Add this document")
    noor.sees("Choose a file.")


def test_what_the_portal_does_not_take_is_said_at_once(noor: Person, tmp_path):
    path, _ = log_of(tmp_path, 2, "na\u200bme.txt")
    page = choose(noor, path)
    expect(status(page)).to_have_text("The file's name has hidden characters: rename it.")
