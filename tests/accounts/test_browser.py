"""Accounts in a real browser on the running portal: keyboard alone, an invitation by mail, an app, a passkey, a reset.

Every page passed is checked by axe at both widths, and for errors of scripts and of the content security policy.
"""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.accounts.doors import code
from tests.story.conftest import chromium, pictures, stack  # noqa: F401 - fixtures
from tests.story.people import Faults, Person, totp
from tests.story.stack import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ADMIN = "marta.admin@meridian.example"
KEYBOARD = "clive.admin@cloverleaf.example"
NEW, PASSWORD = "zoe.new@meridian.example", "four words nobody knows"
KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def faults(pictures) -> Faults:  # noqa: F811
    return Faults(pictures)


def tab_to(page: Page, name: str) -> None:
    """Move by the Tab key alone until the thing with this name has the focus."""
    for _ in range(40):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "(e => (e.labels && e.labels.length ? e.labels[0].innerText : e.innerText) || '')(document.activeElement)"
        )
        if name in focused:
            return
    raise AssertionError(f"The keyboard does not reach {name!r} at {page.url}")


def test_sign_in_and_out_by_keyboard_alone(chromium, stack, faults):  # noqa: F811
    person, account = Person(chromium, stack, faults, KEYBOARD), stack.account(KEYBOARD)
    page = person.go("/account/login/").page
    tab_to(page, "Skip to main content")
    page.keyboard.press("Enter")
    tab_to(page, "E-mail address")
    page.keyboard.type(KEYBOARD)
    tab_to(page, "Password")
    page.keyboard.type(account["password"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/2fa/authenticate/")
    person.look()
    tab_to(page, "Code")
    page.keyboard.type(totp(account["totp_secret"]))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Good to see you")
    person.look()
    tab_to(page, "Clive")
    page.keyboard.press("Enter")
    tab_to(page, "Sign out")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
    assert faults.found == []


def confirm(person: Person, password: str) -> None:
    """The password once more, where the portal asks for it."""
    if "/reauthenticate/" in person.path:
        person.look()
        person.page.get_by_label("Password", exact=True).fill(password)
        person.press("Confirm")


def test_from_invitation_to_a_lost_second_factor(chromium, stack, faults):  # noqa: F811
    marta = Person(chromium, stack, faults, ADMIN).sign_in()
    for path in ("profile", "2fa", "sessions", "tokens", "password/change"):
        marta.go(f"/account/{path}/")
    _invite(marta)
    zoe = Person(chromium, stack, faults, NEW)
    _choose_password(zoe)
    _enrol_app(zoe)
    zoe.go("/").sees("invites you").press(re.compile("Accept"))
    zoe.sees("You have joined.")
    _enrol_passkey(zoe)
    _lose_second_factor(marta, zoe)
    assert faults.found == []


def _invite(marta: Person) -> None:
    marta.go("/account/organisations/").follow("Invite a person")
    marta.press("Send the invitation").sees("Enter the person's e-mail address.")
    marta.page.get_by_label("E-mail address").fill(NEW)
    marta.page.get_by_role("textbox", name="Name").fill("Zoe Novak")
    marta.page.get_by_text("Member: ").click()
    marta.press("Send the invitation").sees(NEW, "Invited, not answered yet")


def _choose_password(zoe: Person) -> None:
    mail = wait_for(
        "the invitation's mail", lambda: next((m for m in zoe.stack.mails() if m["To"] == NEW), None)
    )
    link = re.search(r"http\S+/password/reset/key/\S+", mail.get_content())[0]
    zoe.go(link)
    zoe.page.get_by_label("New password", exact=True).fill(PASSWORD)
    zoe.page.get_by_label("New password, again").fill(PASSWORD)
    zoe.press("Save the password").follow("Sign in")
    zoe.page.get_by_label("E-mail address").fill(NEW)
    zoe.page.get_by_label("Password", exact=True).fill(PASSWORD)
    zoe.press("Sign in").sees("Set up your second factor")
    zoe.page.goto(f"{zoe.stack.url}/partner/")
    zoe.sees("Set up your second factor")


def _enrol_app(zoe: Person) -> None:
    zoe.follow("Set up an app")
    confirm(zoe, PASSWORD)
    zoe.page.get_by_role("textbox", name="Code").fill("000000")
    zoe.press("Finish").sees("This code is not right.")
    zoe.page.get_by_role("textbox", name="Code").fill(totp(zoe.page.locator("code").inner_text()))
    zoe.press("Finish").sees("Your recovery codes", "10 of 10 are unused.")


def _enrol_passkey(zoe: Person) -> None:
    session = zoe.context.new_cdp_session(zoe.page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    zoe.go("/account/2fa/webauthn/add/")
    confirm(zoe, PASSWORD)
    zoe.page.get_by_text("Sign in with this passkey alone").click()
    zoe.press("Add a passkey").go("/account/2fa/webauthn/").sees("signs in without a password")
    zoe.page.get_by_role("button", name="Zoe").click()
    zoe.press("Sign out", within=zoe.page.get_by_role("banner"))
    zoe.go("/account/login/").press("Use a passkey").sees("Good to see you, Zoe")


def _lose_second_factor(marta: Person, zoe: Person) -> None:
    marta.go("/account/organisations/").page.get_by_role("link", name=re.compile("Manage Zoe Novak")).click()
    marta.look()
    marta.page.locator("#id_reset-reason").fill("Lost her phone and her laptop.")
    marta.press("Reset the second factor")
    confirm(marta, marta.stack.account(ADMIN)["password"])
    marta.sees("sets up a new second factor at the next sign-in")
    # The session that was open has ended, without anybody's waiting.
    zoe.page.goto(f"{zoe.stack.url}/partner/")
    expect(zoe.page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_what_was_typed_survives_the_end_of_a_session(chromium, stack, faults):  # noqa: F811
    person = Person(chromium, stack, faults, "hana.admin@harbor.example").sign_in()
    person.go("/account/organisations/").page.get_by_role(
        "link", name=re.compile("Manage Milo Grant")
    ).click()
    form_page, text = person.path, "A long reason, typed over an hour."
    person.page.locator("#id_end-reason").fill(text)
    person.context.clear_cookies(name="sessionid")
    person.press("End the role")
    expect(person.page.get_by_role("heading", name="Sign in")).to_be_visible()
    account = stack.account("hana.admin@harbor.example")
    person.page.get_by_label("E-mail").fill(person.email)
    person.page.get_by_label("Password", exact=True).fill(account["password"])
    person.press("Sign in")
    person.page.get_by_role("textbox", name="Code").fill(code(account["totp_secret"], steps=1))
    person.press("Go on")
    assert person.path == form_page
    expect(person.page.locator("#id_end-reason")).to_have_value(text)
    person.sees("What you had typed here was put back; it is not sent yet.").look("put back")
    # Sent at last, it is forgotten: a later visit begins empty.
    person.press("End the role").sees("no longer has this role")
    assert person.page.evaluate("Object.keys(sessionStorage).filter(k => k.startsWith('kept'))") == []
    assert faults.found == []
