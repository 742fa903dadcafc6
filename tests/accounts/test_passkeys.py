"""Passkeys: offered first, signing in alone, and asked of agencies' people where the setting says so."""

import json

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from portal.accounts import actions, checks
from portal.accounts.models import Role
from tests import factories
from tests.accounts.doors import code, is_signed_in, sign_in
from tests.accounts.passkeys import Passkey
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
ASKED = override_settings(PORTAL_AGENCY_PASSKEYS=True)


@pytest.fixture
def agent():
    return factories.member(factories.agency(), Role.REVIEWER, "Agnes")


def with_passkey(user) -> tuple[Client, Passkey]:
    client = sign_in(user)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    return client, Passkey().enrolled(client)


def order(text: str, *words: str) -> list[int]:
    return [text.index(word) for word in words]


def test_the_sign_in_page_offers_the_passkey_first():
    text = Client().get("/account/login/").content.decode()
    found = order(text, "Use a passkey", "E-mail address", "Password", "No account?")
    assert found == sorted(found)


def test_the_page_of_second_factors_offers_passkey_app_and_codes_in_this_order(agent):
    text = sign_in(agent).get("/account/2fa/").content.decode()
    found = order(text, "Passkey or security key", "<h2>Authenticator app", "<h2>Recovery codes")
    assert found == sorted(found)


def test_after_the_password_the_passkey_is_offered_first_to_who_has_one(agent):
    def asked() -> str:
        client = Client()
        client.post("/account/login/", {"login": agent.email, "password": PASSWORD})
        return client.get("/account/2fa/authenticate/").content.decode()

    assert "Use a passkey" not in asked()
    with_passkey(agent)
    found = order(asked(), "Use a passkey or security key", "Enter the six digits")
    assert found == sorted(found)


def test_a_passkey_alone_signs_in_and_the_answer_is_good_once(agent):
    _, passkey = with_passkey(agent)
    client, answer = passkey.sign_in(agent)
    assert (answer["Location"], is_signed_in(client)) == ("/", True)
    other = Client()
    ask = other.get("/account/2fa/webauthn/login/", headers={"x-requested-with": "XMLHttpRequest"})
    credential = json.dumps(passkey.used(ask.json()["request_options"], agent))
    thief = Client()
    thief.get("/account/2fa/webauthn/login/", headers={"x-requested-with": "XMLHttpRequest"})
    thief.post("/account/2fa/webauthn/login/", {"credential": credential})
    assert not is_signed_in(thief)


def test_a_passkey_gets_in_while_strangers_guess_the_password(agent):
    _, passkey = with_passkey(agent)
    for host in range(10):
        for _ in range(5):
            Client().post(
                "/account/login/",
                {"login": agent.email, "password": "wrong"},
                REMOTE_ADDR=f"203.0.113.{host}",
            )
    client, _ = passkey.sign_in(agent)
    assert is_signed_in(client)


def test_a_passkey_that_is_none_is_answered_alike_whosever_it_says_it_is(agent):
    owner = factories.person()
    with_passkey(agent)
    unknown = factories.person()
    seen = set()
    for user in (agent, owner, unknown):
        if user is unknown:
            kept, _ = unknown.pk, unknown.delete()
            unknown.pk = kept
        client, answer = Passkey().sign_in(user)
        seen.add(
            (answer.status_code, answer["Location"], client.get("/account/login/").content.count(b"code"))
        )
    assert len(seen) == 1


@pytest.mark.parametrize("handle", ["", "AA", "!!!", None, 7, "////"])
def test_a_passkey_of_nonsense_is_refused_and_no_fault(handle):
    client = Client()
    client.get("/account/2fa/webauthn/login/", headers={"x-requested-with": "XMLHttpRequest"})
    credential = Passkey()._answer({"userHandle": handle, "clientDataJSON": "e30"}, {})
    for sent in (credential, {"response": handle}, [], "x", {"response": {"userHandle": handle}}):
        answer = client.post("/account/2fa/webauthn/login/", {"credential": json.dumps(sent)})
        assert answer.status_code == 302


# --- agencies -----------------------------------------------------------------------------------------------------------------


@ASKED
def test_an_agencys_person_with_an_app_alone_sees_nothing_but_the_way_to_a_passkey(agent):
    client = sign_in(agent)
    for path in ("/", "/admin/", "/account/profile/", "/account/tokens/", "/account/sessions/", "/notices/"):
        assert (path, client.get(path).get("Location")) == (path, "/account/2fa/")
    assert "People of agencies sign in with a passkey" in client.get("/account/2fa/").content.decode()
    answer = client.get("/api/v1/submissions/")
    assert (answer.status_code, answer.json()["code"]) == (403, "passkey_required")
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    passkey = Passkey().enrolled(client)
    # Added, it is used once; then everything opens.
    asked = client.get("/admin/?q=x")
    assert asked["Location"].startswith("/account/2fa/webauthn/reauthenticate/?next=")
    assert client.get("/api/v1/submissions/").json()["code"] == "passkey_not_used"
    passkey.confirm(client, agent)
    assert client.get("/admin/").status_code == 200


@ASKED
def test_a_session_begun_with_a_code_opens_nothing_and_enrols_no_further_passkey(agent):
    """A password and a code can be given to a false website. Whoever has them must not add a passkey of their own."""
    with_passkey(agent)
    thief = sign_in(agent, digits=code(steps=1))
    thief.post("/account/reauthenticate/", {"password": PASSWORD})
    for path in ("/admin/", "/account/2fa/webauthn/add/", "/account/2fa/", "/account/2fa/recovery-codes/"):
        assert thief.get(path)["Location"].startswith("/account/2fa/webauthn/reauthenticate/")
    assert thief.post("/account/2fa/webauthn/add/", {"credential": "{}"}).status_code == 303
    assert thief.get("/account/2fa/webauthn/reauthenticate/").status_code == 200


@ASKED
def test_with_the_passkey_alone_an_agencys_person_comes_in(agent):
    with override_settings(PORTAL_AGENCY_PASSKEYS=False):
        _, passkey = with_passkey(agent)
    client, _ = passkey.sign_in(agent)
    assert client.get("/admin/").status_code == 200


@ASKED
def test_a_token_of_an_agencys_person_without_passkey_opens_nothing(agent):
    _, secret = actions.create_token(actor=agent, name="script", lifetime=factories.DAY)
    headers = {"authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/submissions/", headers=headers).status_code == 401
    Authenticator.objects.create(user=agent, type="webauthn", data={"name": "laptop"})
    assert Client().get("/api/v1/submissions/", headers=headers).status_code == 200


@ASKED
@pytest.mark.parametrize("kind", ["lab", "partner"])
def test_labs_and_partners_choose_for_themselves(kind):
    assert is_signed_in(sign_in(factories.member(factories.organisation(kind), Role.ADMIN)))


@ASKED
def test_a_superuser_is_held_to_it_too():
    client = sign_in(factories.person(is_superuser=True))
    assert client.get("/admin/")["Location"] == "/account/2fa/"


def test_the_deploy_check_warns_where_production_does_not_ask():
    with ASKED:
        assert checks.agency_passkeys(None) == []
    assert [warning.id for warning in checks.agency_passkeys(None)] == ["portal.accounts.W001"]


def test_that_a_passkey_is_asked_for_costs_no_further_query(agent):
    with_passkey(agent)
    agent.refresh_from_db()
    client = Client()
    client.force_login(agent)
    session = client.session
    session["account_authentication_methods"][-1]["type"] = "webauthn"
    session.save()

    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as seen:
            assert client.get("/account/profile/").status_code == 200
        return [query["sql"].split(" ")[0] for query in seen]

    usual = queries()
    with ASKED:
        assert queries() == usual
