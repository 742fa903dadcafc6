"""Signing in by an organisation's own provider as a real browser does it: off to another site and back, by SAML or by OpenID.

The providers are real and run in processes of their own (tests/accounts/saml_server.py, oidc_server.py).
"""

import json
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.accounts import oidc_server, saml_server
from tests.accounts.doors import code
from tests.accounts.providers import ROOT
from tests.story.conftest import chromium, pictures, stack  # noqa: F401 - fixtures
from tests.story.people import Faults, Person

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PEOPLE = {"saml": "vera.viewer@kestrel.example", "oidc": "noor.contributor@kestrel.example"}
NAMES = {"saml": "Kestrel's own sign-in", "oidc": "Kestrel's other sign-in"}
LAB = "from portal.accounts.models import Organisation; print(Organisation.objects.get(name__startswith='Kestrel').pk)"


@pytest.fixture(scope="module")
def providers(stack, tmp_path_factory):  # noqa: F811
    """The stack once more, with two providers of one lab that know its address."""
    folder = tmp_path_factory.mktemp("providers")
    answers, callback = (f"{stack.url}/account/provider/{kind}/{end}/" for kind, end in
                         (("saml", "saml"), ("oidc", "callback")))  # fmt: skip
    of_lab = {"organisation": stack.manage("shell", "--no-imports", "-c", LAB).strip()}
    commands = [("saml_server", answers), ("oidc_server", callback)]
    children = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", f"tests.accounts.{name}", str(folder), to],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name, to in commands
    ]
    try:
        saml, oidc = (child.stdout.readline().strip() for child in children)
        setting = [
            of_lab | {"id": "saml", "kind": "saml", "name": NAMES["saml"], "issuer": saml_server.NAME,
                      "sign_in_url": f"{saml}/sign-in", "certificate": (folder / "provider.pem").read_text()},
            of_lab | {"id": "oidc", "kind": "oidc", "name": NAMES["oidc"], "issuer": oidc,
                      "client_id": oidc_server.CLIENT, "client_secret": oidc_server.SECRET},
        ]  # fmt: skip
        assert stack.stop() == []
        stack.start(PORTAL_SIGN_IN_PROVIDERS=json.dumps(setting))
        yield {"saml": saml, "oidc": oidc}
    finally:
        for child in children:
            child.terminate()
            child.wait()
            child.stdout.close()


@pytest.fixture
def faults(pictures) -> Faults:  # noqa: F811
    return Faults(pictures)


class Narrow(Person):
    axe_at_320 = True


def at_provider(person: Person, kind: str, address: str, name: str) -> None:
    """What somebody does there, once the portal has sent them off."""
    page = person.page
    page.wait_for_url(f"{address.removesuffix('/o')}/**")
    if kind == "saml":
        page.get_by_label("Name").fill(name)
    else:
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password").fill(oidc_server.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{person.stack.url}/**")
    page.wait_for_load_state()


@pytest.mark.parametrize("kind", PEOPLE)
def test_off_to_the_provider_and_back(chromium, stack, providers, faults, kind):  # noqa: F811
    person = Narrow(chromium, stack, faults, PEOPLE[kind]).sign_in()
    page = person.page
    person.go("/account/providers/").sees(NAMES[kind], "Not linked")
    page.get_by_role("button", name=f"Link {NAMES[kind]}").click()
    at_provider(person, kind, providers[kind], "ines")
    expect(page.get_by_role("row").filter(has_text=NAMES[kind])).to_contain_text("Unlink")
    person.look("linked")

    # Without the portal's session, but with what was linked: the portal's own second factor, then on to where they meant to go.
    page.context.clear_cookies(name="sessionid", domain="localhost")
    person.go(f"/account/provider/{kind}/?next=/notices/")
    page.get_by_role("button", name=f"Go on to {NAMES[kind]}").click()
    if kind == "saml":
        at_provider(person, kind, providers[kind], "ines")
    else:
        # This provider remembers who signed in there a moment ago, and does not ask again.
        page.wait_for_url("**/2fa/authenticate/**")
    person.look("after the provider")
    # The next code: an app's code works once, and they signed in with this half minute's.
    page.get_by_label("code").fill(code(stack.account(PEOPLE[kind])["totp_secret"], steps=1))
    person.press("Go on")
    assert person.path == "/notices/"
    person.go("/account/sessions/").sees(f"{NAMES[kind]}, authenticator app")
    assert faults.found == []


@pytest.mark.parametrize("kind", PEOPLE)
def test_whom_nobody_linked_is_not_let_in(chromium, stack, providers, faults, kind):  # noqa: F811
    person = Narrow(chromium, stack, faults, "nobody@kestrel.example")
    person.go(f"/account/provider/{kind}/")
    person.page.get_by_role("button", name=f"Go on to {NAMES[kind]}").click()
    at_provider(person, kind, providers[kind], "strong")
    person.look("refused")
    person.sees("Your organisation's sign-in did not bring you in")
    person.go("/notices/")
    assert person.path.startswith("/account/login/")
    assert faults.found == []
