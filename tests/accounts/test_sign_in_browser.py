"""Signing in, staying, confirming and ending in a real browser on the running portal, at both widths, with axe."""

import re

import pytest
from playwright.sync_api import expect

from tests.accounts.doors import code
from tests.accounts.test_browser import KEY, confirm, tab_to
from tests.story.conftest import chromium, pictures, stack  # noqa: F401 - fixtures
from tests.story.people import Faults, Person

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DESIGNATOR = "della.designator@dsd.example"
LAB = "vera.viewer@kestrel.example"
PARTNER = "clive.admin@cloverleaf.example"
AGED = """
import time
from portal.sessions import SessionStore
store = SessionStore("{key}")
for record in store["account_authentication_methods"]:
    record["at"] -= 700
store.modified = True
store.save()
"""
OVER = """
from datetime import timedelta
from django.contrib.sessions.models import Session
from portal import clock
Session.objects.filter(pk="{key}").update(expire_date=clock.machine() - timedelta(seconds=1))
"""
SPENT = """
from django.core.cache import cache
from portal.accounts.models import User
from portal.limits import Allowance
cache.count(Allowance("writes", str(User.objects.get(email="{email}").pk), 1).key, 60, 1_000_000)
"""


@pytest.fixture
def faults(pictures) -> Faults:  # noqa: F811
    return Faults(pictures)


class Narrow(Person):
    axe_at_320 = True


def after(person: Person, code: str) -> None:
    """Do to the person's session what time would."""
    key = next(one["value"] for one in person.context.cookies() if one["name"] == "sessionid")
    person.stack.manage("shell", "--no-imports", "-c", code.format(key=key))


def test_a_passkey_is_offered_first_and_used_by_keyboard_alone(chromium, stack, faults):  # noqa: F811
    person = Narrow(chromium, stack, faults, PARTNER).sign_in()
    page = person.page
    session = person.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    person.go("/account/2fa/").go("/account/2fa/webauthn/add/")
    confirm(person, stack.account(PARTNER)["password"])
    page.get_by_text("Sign in with this passkey alone").click()
    person.press("Add a passkey")
    page.context.clear_cookies(name="sessionid")
    person.go("/account/login/")
    tab_to(page, "Skip to main content")
    page.keyboard.press("Enter")
    tab_to(page, "Use a passkey")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Good to see you")
    # With the password, the passkey is offered before the code.
    page.context.clear_cookies(name="sessionid")
    person.go("/account/login/")
    page.get_by_label("E-mail").fill(PARTNER)
    page.get_by_label("Password", exact=True).fill(stack.account(PARTNER)["password"])
    with page.expect_navigation():
        page.get_by_role("button", name="Sign in", exact=True).click()
    person.look("with a passkey")
    with page.expect_navigation():
        page.get_by_role("button", name="Use a passkey or security key").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Good to see you")
    # Asked once more, it is the passkey that is asked for.
    after(person, AGED)
    person.go("/account/2fa/webauthn/reauthenticate/?next=/account/confirmed/").sees("Confirm that it is you")
    person.press("Use a passkey")
    expect(page.get_by_text("Confirmed. Go on with what you wanted to do.")).to_be_visible()
    assert faults.found == []


def test_a_designation_typed_for_long_is_not_lost_by_being_asked(chromium, stack, faults):  # noqa: F811
    della = Narrow(chromium, stack, faults, DESIGNATOR).sign_in()
    page = della.go("/admin/reviews/designation/add/").page
    page.get_by_label("Lab", exact=True).select_option(index=1)
    page.get_by_label("Model or checkpoint").fill("Heron 9")
    page.get_by_label("Outcome").select_option(index=1)
    page.get_by_label("Basis of the determination").fill("Typed for a quarter of an hour.")
    after(della, AGED)
    della.press("Record a designation").sees("Nothing was recorded yet.")
    della.look("asks to confirm")
    expect(page.get_by_label("Basis of the determination")).to_have_value("Typed for a quarter of an hour.")
    page.get_by_role("link", name="Confirm that it is you").click()
    della.look()
    page.get_by_label("code").fill(code(stack.account(DESIGNATOR)["totp_secret"], steps=1))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_label("Basis of the determination")).to_have_value("Typed for a quarter of an hour.")
    della.sees("Confirmed. Go on with what you wanted to do.", "What you had typed here was put back")
    della.look("put back")
    della.press("Record a designation").sees("Recorded.", "Heron 9")
    assert faults.found == []


def test_sessions_are_seen_and_ended_by_keyboard(chromium, stack, faults):  # noqa: F811
    here, other = (Narrow(chromium, stack, faults, LAB) for _ in range(2))
    here.sign_in()
    other.go("/account/login/")
    account = stack.account(LAB)
    other.page.get_by_label("E-mail").fill(LAB)
    other.page.get_by_label("Password", exact=True).fill(account["password"])
    other.press("Sign in")
    other.page.get_by_label("code").fill(code(account["totp_secret"], steps=1))
    other.press("Go on")
    page = here.go("/account/sessions/").sees("This one", "Chrome on Linux").page
    tab_to(page, "the session of Chrome on Linux")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    here.sees("The session ended.", "There is no other session.").look("alone")
    other.page.goto(f"{stack.url}/lab/")
    expect(other.page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert faults.found == []


def test_who_stayed_away_is_told_why_and_comes_back(chromium, stack, faults):  # noqa: F811
    person = Narrow(chromium, stack, faults, "hana.admin@harbor.example").sign_in()
    person.go("/account/profile/")
    after(person, OVER)
    person.page.goto(f"{stack.url}/account/sessions/")
    person.sees("nothing happened in your session for a while").look("after an hour away")
    account = stack.account(person.email)
    person.page.get_by_label("E-mail").fill(person.email)
    person.page.get_by_label("Password", exact=True).fill(account["password"])
    person.press(re.compile("^Sign in$"))
    person.page.get_by_label("code").fill(code(account["totp_secret"], steps=1))
    person.press("Go on")
    assert person.path == "/account/sessions/"
    assert faults.found == []


def test_too_many_forms_are_answered_by_a_page(chromium, stack, faults):  # noqa: F811
    person = Narrow(chromium, stack, faults, "milo.member@harbor.example").sign_in()
    page = person.go("/account/profile/").page
    stack.manage("shell", "--no-imports", "-c", SPENT.format(email=person.email))
    page.get_by_role("textbox", name="Your name").fill("Milo G.")
    person.press("Save").sees("Too many requests", "Nothing of this one was stored")
    person.look("429")
    page.goto(f"{stack.url}/account/profile/")
    expect(page.get_by_role("textbox", name="Your name")).to_have_value("Milo G.")
    assert faults.found == []
