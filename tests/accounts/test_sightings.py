"""Attempts on the portal are on standard error, a line each: who and whence by id and address, never what was typed."""

import json
import re
from unittest.mock import Mock
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal import doors
from portal.accounts import actions
from portal.accounts.models import Role
from portal.errors import NotAllowed, WrongState
from portal.ledger.models import Event
from portal.logs import JsonFormatter
from tests import factories
from tests.accounts.doors import code, reauthenticate, sign_in
from tests.accounts.passkeys import Passkey
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
LOGIN, CODE_PAGE = "/account/login/", "/account/2fa/authenticate/"
AWAY = "198.51.100.7"


@pytest.fixture
def ada():
    return factories.member(factories.lab(), Role.ADMIN, "Ada")


@pytest.fixture
def written(caplog):
    """What was written about attempts since it was last asked, as the operator reads it; time, level and process left out."""

    def read() -> list[dict]:
        lines = [JsonFormatter().format(one) for one in caplog.records if one.name.startswith("portal.sec")]
        # Nor does Django write a second line about the same.
        assert [one for one in caplog.records if one.name.startswith("django.")] == []
        caplog.clear()
        for line in lines:
            assert len(line.splitlines()) == 1
        drop = {"at", "level", "process", "logger", "message"}
        return [{k: v for k, v in json.loads(line).items() if k not in drop} for line in lines]

    return read


def route_of(path: str) -> str:
    """Of an address without parts that vary; the API's end with a sign of their own."""
    return path.strip("/") + ("/$" if path.startswith("/api/") else "/")


def line(event: str, *, path: str, route: str | None, method: str = "POST", **more) -> dict:
    plain = {
        "event": event,
        "method": method,
        "path": path,
        "route": route,
        "address": "127.0.0.1",
        "person": None,
    }
    return plain | more


def failed(factor: str, account, path: str, **more) -> dict:
    told = {"route": route_of(path), "factor": factor, "account": account and str(account.pk)}
    return line("sign_in_failed", path=path, **told | more)


def limit(what: str, account, path: str, **more) -> dict:
    told = {"route": route_of(path), "what": what, "account": account and str(account.pk)}
    return line("limit_reached", path=path, **told | more)


# --- sign-in ----------------------------------------------------------------------------------------------------------------


def test_a_wrong_password_names_the_account_and_where_it_was_tried_and_nothing_typed(ada, written, caplog):
    for address, password in ((ada.email.upper(), "marzipan-guess"), ("nobody@example.invalid", PASSWORD)):
        Client().post(LOGIN, {"login": address, "password": password}, REMOTE_ADDR=AWAY)
    text = caplog.text + str([vars(one) for one in caplog.records])
    assert not [
        one for one in (ada.email, "nobody@", "marzipan-guess", PASSWORD) if one.lower() in text.lower()
    ]
    assert written() == [
        failed("password", ada, LOGIN, address=AWAY),
        failed("password", None, LOGIN, address=AWAY),
    ]


def test_an_account_that_is_none_costs_as_much_as_one_that_is(ada):
    def statements(address: str) -> list[str]:
        with CaptureQueriesContext(connection) as found:
            for _ in range(6):
                Client().post(LOGIN, {"login": address, "password": "wrong"}, REMOTE_ADDR=AWAY)
        asked = [re.sub(r"_django_curs_\w+|SAVEPOINT .*", "", one["sql"]) for one in found]
        return [one.replace(address, "somebody") for one in asked]

    known, unknown = statements(ada.email), statements("nobody@example.invalid")
    # Wrong five times, and then too often to be looked at.
    assert known == unknown
    assert len([one for one in known if "UPPER(" in one]) == 6


def test_too_many_wrong_passwords_are_one_line_each_of_a_limit(ada, written):
    for _ in range(6):
        Client().post(LOGIN, {"login": ada.email, "password": "wrong"})
    assert written() == [failed("password", ada, LOGIN)] * 5 + [limit("password", ada, LOGIN)]


def test_a_wrong_code_and_one_that_was_used_are_written_down(ada, written):
    used = code()
    sign_in(ada, digits=used)
    assert written() == []
    sign_in(ada, digits=used)
    client = Client()
    client.post(LOGIN, {"login": ada.email, "password": PASSWORD})
    client.post(CODE_PAGE, {"code": "000000"})
    assert written() == [failed("code", ada, CODE_PAGE)] * 2


def test_a_code_and_a_password_asked_for_again_name_the_person_too(ada, written):
    client = sign_in(ada)
    reauthenticate(client, "wrong")
    client.post("/account/2fa/reauthenticate/", {"code": "000000"})
    assert written() == [
        failed("password", ada, "/account/reauthenticate/", person=str(ada.pk)),
        failed("code", ada, "/account/2fa/reauthenticate/", person=str(ada.pk)),
    ]


def test_a_passkey_that_is_not_the_persons_is_written_down(ada, written):
    _, answer = Passkey().sign_in(ada)
    assert answer.status_code != 200 or answer.context["form"].errors
    # Whose it is was said by the browser alone.
    assert written() == [failed("passkey", None, "/account/2fa/webauthn/login/")]


def test_a_closed_account_and_a_token_that_opens_nothing(ada, written):
    ada.is_active = False
    ada.save()
    Client().post(LOGIN, {"login": ada.email, "password": PASSWORD})
    Client().get("/api/v1/submissions/", headers={"authorization": "Bearer " + "0" * 64})
    assert written() == [
        failed("closed account", ada, LOGIN),
        failed("token", None, "/api/v1/submissions/", method="GET"),
    ]


def test_who_signs_in_is_on_record_with_what_they_used(ada):
    client = sign_in(ada)
    reauthenticate(client)
    passkey = Passkey().enrolled(client)
    passkey.sign_in(ada)
    found = Event.objects.filter(verb="signed_in").order_by("seq").values_list("data", flat=True)
    assert list(found) == [{"factors": ["password", "totp"]}, {"factors": ["webauthn"]}]


# --- limits, forms, refusals ------------------------------------------------------------------------------------------------


def test_every_answer_of_too_many_requests_is_a_line(ada, settings, written):
    settings.PORTAL_WRITES_PER_MINUTE_OF_AN_ADDRESS = settings.PORTAL_WRITES_PER_MINUTE = 0
    settings.PORTAL_API_WRITES_PER_MINUTE = 0
    Client().post("/notices/read/")
    here = Client()
    here.force_login(ada)
    here.post("/notices/read/")
    _, secret = actions.create_token(actor=ada, name="script", scope="write", lifetime=factories.DAY)
    Client().post("/api/v1/submissions/", headers={"authorization": f"Bearer {secret}"})
    who = {"status": 429, "person": str(ada.pk)}
    assert written() == [
        limit("requests", None, "/notices/read/", route=None, status=429),
        limit("requests", None, "/notices/read/", route=None, **who),
        limit("requests", None, "/api/v1/submissions/", **who),
    ]


def test_a_forged_form_is_a_line_on_a_page_and_by_the_api(ada, written):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    assert client.post("/notices/read/").status_code == 403
    assert client.post("/api/v1/submissions/", "{}", content_type="application/json").status_code == 403
    assert Client(enforce_csrf_checks=True).post(LOGIN, {}).status_code == 403
    assert written() == [
        line("forged_form", path="/notices/read/", route="notices/read/", person=str(ada.pk)),
        line("forged_form", path="/api/v1/submissions/", route="api/v1/submissions/$", person=str(ada.pk)),
        line("forged_form", path=LOGIN, route="account/login/"),
    ]


def test_what_a_person_is_refused_names_them_and_a_strangers_wrong_address_does_not(ada, written, caplog):
    client = Client()
    client.force_login(ada)
    there = f"/account/organisation/{uuid4()}/"
    assert client.get(there).status_code == 404
    _, secret = actions.create_token(actor=ada, name="script", scope="read", lifetime=factories.DAY)
    api = "/api/v1/submissions/"
    program = {"authorization": f"Bearer {secret}"}
    assert Client().post(api, "{}", content_type="application/json", headers=program).status_code == 403
    who = {"person": str(ada.pk)}
    assert written() == [
        line(
            "access_refused",
            path=there,
            route="account/organisation/<uuid:organisation_id>/",
            method="GET",
            status=404,
            **who,
        ),
        line("access_refused", path=api, route="api/v1/submissions/$", status=403, **who),
    ]
    # An address that leads nowhere is no thing, and a stranger no person: Django's own line says that.
    assert client.get("/no/such/page/").status_code == 404
    assert [one.name for one in caplog.records] == ["django.request"]


def test_refused_values_and_steps_are_lines_whether_a_page_or_a_program_is_told(ada, written):
    client = Client()
    client.force_login(ada)
    who = {"person": str(ada.pk)}
    # A page says it beside the field, or after the redirect.
    assert client.post("/account/profile/", {"name": "", "zone": "UTC"}).status_code == 200
    assert client.post("/account/profile/", {"name": "Ada", "zone": "UTC"}).status_code == 303
    alone = f"/account/member/{ada.memberships.get().pk}/end/"
    assert client.post(alone, {"end-reason": "I leave."}).status_code == 409
    for status in (WrongState, NotAllowed):
        request = client.get("/account/profile/").wsgi_request
        doors.verb_post(request, Mock(side_effect=status("No.")), done="Done.", back="/")
    api = "/api/v1/submissions/"
    assert client.post(api, "{", content_type="application/json").status_code == 400
    assert written() == [
        line("value_refused", path="/account/profile/", route="account/profile/", status=400, **who),
        line("step_refused", path=alone, route="account/member/<uuid:membership_id>/end/", status=409, **who),
        line(
            "step_refused",
            path="/account/profile/",
            route="account/profile/",
            method="GET",
            status=409,
            **who,
        ),
        line(
            "access_refused",
            path="/account/profile/",
            route="account/profile/",
            method="GET",
            status=403,
            **who,
        ),
        line("value_refused", path=api, route="api/v1/submissions/$", status=400, **who),
    ]


def test_what_is_typed_begins_no_line_of_its_own(written):
    """Control characters, and the separators that some readers take for the end of a line."""
    forged = 'x\r\n{"event": "signed_in"}\x85\u2028\x1b[0m'
    reviewer = factories.member(factories.agency(), Role.REVIEWER)
    client = Client()
    client.force_login(reviewer)
    client.generic("GET", "/", PATH_INFO=f"/api/{forged}".encode().decode("latin-1"))
    Client().post(LOGIN, {"login": forged, "password": forged})
    Client().post(LOGIN, {"login": "nobody@example.invalid", "password": forged})
    [refused, guess] = written()
    assert (refused["event"], refused["path"]) == ("access_refused", f"/api/{forged}")
    assert guess == failed("password", None, LOGIN)
