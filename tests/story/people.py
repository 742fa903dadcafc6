"""People with a browser each. They sign in as people do, and every page they pass is looked at for faults."""

import base64
import hashlib
import hmac
import os
import re
import struct
import time
from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Download, Error, Locator, Page, Response, expect

from tests.story.stack import Stack

CHROMIUM = os.environ.get("PORTAL_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
CONFIRMING = "/account/2fa/reauthenticate/"
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 320, "height": 700}


def totp(secret: str) -> str:
    """The six digits of RFC 6238 for this half minute."""
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30), hashlib.sha1)
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


class Faults:
    """What was wrong on the pages passed; the story fails at its end with all of it at once."""

    def __init__(self, pictures: Path):
        self.pictures = pictures
        self.found: list[str] = []
        self.looked_at: set[str] = set()

    def add(self, page: str, fault: str) -> None:
        self.found.append(f"{page}: {fault}")


class Person:
    """One person at one browser; ``page`` is where they are."""

    # Whether axe looks at the narrow page too, which takes as long again.
    axe_at_320 = False

    def __init__(self, browser: Browser, stack: Stack, faults: Faults, email: str):
        self.stack, self.faults, self.email = stack, faults, email
        self.name = email.partition("@")[0]
        self.context = browser.new_context(viewport=WIDE, accept_downloads=True)
        self.context.set_default_timeout(30_000)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self._fault(f"script error: {error}"))
        self.page.on("response", self._response)
        # Of the authenticator app, where they enrolled it on their way.
        self.secret = ""
        self._axe = False

    # --- Where they are ------------------------------------------------------------------------------------------

    def sign_in(self) -> "Person":
        """Password, then the code of the authenticator app."""
        account = self.stack.account(self.email)
        self.go("/account/login/")
        self.page.get_by_label("E-mail").fill(self.email)
        self.page.get_by_label("Password", exact=True).fill(account["password"])
        self.press("Sign in")
        self.page.get_by_label("code").fill(totp(account["totp_secret"]))
        self.press("Go on")
        expect(self.page.get_by_role("navigation", name="Main").get_by_text("Notices")).to_be_visible()
        return self

    def go(self, path: str, *, status: int = 200) -> "Person":
        """Open an address of the portal, as by a bookmark or a mail's link."""
        url = path if path.startswith("http") else f"{self.stack.url}{path}"
        answer = self.page.goto(url)
        got = answer.status if answer else None
        assert got == status, f"{self.name} at {path}: {got}"
        self.look()
        return self

    def visit(self, path: str) -> bool:
        """Open an address that may be a file's; whether it was a page, which was looked at."""
        try:
            self.go(path)
        except Error as error:
            if "Download is starting" not in error.message:
                raise
            return False
        return True

    def follow(self, name: str | re.Pattern, *, within: Locator | None = None) -> "Person":
        """Click a link by its words."""
        (within or self.page.locator("main")).get_by_role("link", name=name).first.click()
        self.page.wait_for_load_state()
        self.look()
        return self.follow(name, within=within) if self.confirms() else self

    def press(self, name: str | re.Pattern, *, within: Locator | None = None) -> "Person":
        """Press a button by its words, and wait for what it leads to."""
        button = (within or self.page.locator("main")).get_by_role("button", name=name).first
        with self.page.expect_navigation():
            button.click()
        self.look()
        return self.press(name, within=within) if self.confirms() else self

    def receive(self, role: str, name: str | re.Pattern) -> Path:
        """Follow a link, or press a button, that gives a file; returns where it lies."""
        given: list[Download] = []

        def take(file: Download) -> None:
            given.append(file)

        until = time.monotonic() + 60
        self.page.on("download", take)
        self.begin(role, name)
        while not given and not self.path.startswith(CONFIRMING):
            assert time.monotonic() < until, f"{self.name} was given no file by {name!r} at {self.path}."
            self.page.wait_for_timeout(50)
        self.page.remove_listener("download", take)
        if given:
            return Path(given[0].path())
        self.page.wait_for_load_state()
        self.confirms()
        return self.receive(role, name)

    def begin(self, role: str, name: str | re.Pattern) -> None:
        self.page.locator("main").get_by_role(role, name=name).first.click()  # type: ignore[arg-type]

    def code(self) -> str:
        """What the authenticator app shows now."""
        return totp(self.secret or self.stack.account(self.email)["totp_secret"])

    def confirms(self) -> bool:
        """Where the second factor is asked for once more, ten minutes after sign-in: the code, and back. Whether it was."""
        if not self.path.startswith(CONFIRMING):
            return False
        self.page.get_by_label("code").fill(self.code())
        with self.page.expect_navigation():
            self.page.get_by_role("button", name="Confirm").click()
        return True

    def tick(self, label: str | re.Pattern) -> "Person":
        """Tick a box by clicking its words, as people do: the box itself is drawn by the style sheet."""
        box = self.page.locator("main").get_by_label(label)
        expect(box).to_have_count(1)
        self.page.locator(f"label[for={box.get_attribute('id')}]").click()
        expect(box).to_be_checked()
        return self

    def open_row(self, *words: str) -> "Person":
        """Follow the link of the one row of a list that holds these words."""
        row = self.page.locator("main").get_by_role("row")
        for word in words:
            row = row.filter(has_text=word)
        expect(row).to_have_count(1)
        row.get_by_role("link").first.click()
        self.page.wait_for_load_state()
        self.look()
        return self

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self.stack.url)

    @property
    def text(self) -> str:
        """The words of the page's main part."""
        return self.page.locator("main").inner_text()

    def sees(self, *words: str) -> "Person":
        for word in words:
            assert word in self.text, f"{self.name} does not see {word!r} at {self.path}:\n{self.text}"
        return self

    def sees_not(self, *words: str) -> "Person":
        content = self.page.content()
        for word in words:
            assert word not in content, f"{self.name} sees {word!r} at {self.path}"
        return self

    # --- What is wrong with it -----------------------------------------------------------------------------------

    def look(self, name: str = "") -> None:
        """Look at this page once: axe, both widths, a picture of each for human eyes."""
        key = self._which(name)
        if key in self.faults.looked_at:
            return
        self.faults.looked_at.add(key)
        stem = f"{len(self.faults.looked_at):03}-{self.name}-{re.sub(r'[^a-z0-9]+', '-', key.lower())[:60].strip('-')}"
        self.page.screenshot(path=self.faults.pictures / f"{stem}-1280.png", full_page=True)
        self._ask_axe()
        self.page.set_viewport_size(NARROW)
        width = self.page.evaluate("document.documentElement.scrollWidth")
        if width > NARROW["width"]:
            self._fault(f"scrolls sideways at 320 px: {width} px wide")
        if self.axe_at_320:
            self._ask_axe(" at 320 px")
        self.page.screenshot(path=self.faults.pictures / f"{stem}-320.png", full_page=True)
        self.page.set_viewport_size(WIDE)

    def _ask_axe(self, where: str = "") -> None:
        with self._quietly():
            for violation in Axe().run(self.page).response["violations"]:
                nodes = "; ".join(
                    str(node["target"]) + " " + node["html"][:160] for node in violation["nodes"][:3]
                )
                self._fault(f"axe{where} {violation['id']}: {violation['help']}: {nodes}")

    def _which(self, name: str) -> str:
        """Which page this is: the address without its ids, the state of what it is about, and on the workbench who looks."""
        address = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", self.path.partition("?")[0])
        address = re.sub(r"FM-\w{4}-\w{4}", "CASE", address)
        head, state = self.page.locator("h1").first, self.page.locator("main .portal-status").first
        words = [address, name]
        if "/admin/" in address:
            words.append(self.name)
        elif head.count():
            words.append(head.inner_text())
        if "ID" in address or "CASE" in address:
            words.append(state.inner_text() if state.count() else "")
        return " ".join(word for word in words if word)

    @contextmanager
    def _quietly(self):
        """axe brings inline styles of its own, which the policy refuses: no fault of the page."""
        self._axe = True
        try:
            yield
        finally:
            self._axe = False

    def _console(self, message) -> None:
        if message.type in ("error", "warning") and not self._axe:
            if "the server responded with a status of 4" not in message.text:
                self._fault(f"console {message.type}: {message.text[:300]}")

    def _response(self, response: Response) -> None:
        if response.status >= 500:
            self._fault(f"{response.status} from {response.url}")

    def _fault(self, fault: str) -> None:
        self.faults.add(f"{self.name} at {self.path}", fault)
