"""The operators' page of secrets: whom it is for, what it says, and that it says nothing of what a secret is."""

import base64
import html
import re

import pytest
from django.conf import settings

from portal.operating import keys
from tests import factories as make
from tests.admin.desk import Desk

pytestmark = pytest.mark.django_db
PAGE = "/admin/operations/secrets/"
SINCE = "2026-06-02T14:00:00+00:00"


def superuser():
    return make.person("Sys Admin", is_superuser=True)


@pytest.fixture
def origins(settings, monkeypatch, tmp_path):
    """One secret of the environment, one of a file, one of the stack's folder, one without a password, one nowhere."""
    for one in keys.SECRETS:
        monkeypatch.delenv(one.variable, raising=False)
    monkeypatch.setenv("PORTAL_SECRET_KEY", "signing-of-the-environment")
    (tmp_path / "ledger").write_text("ledger-of-the-file\n")
    monkeypatch.setenv("PORTAL_LEDGER_KEY_FILE", str(tmp_path / "ledger"))
    settings.STACK = {
        "secrets": {"instructions_keys": "sealing-of-the-stack", "ledger_key": "ledger-of-the-stack"},
        "secrets_since": {"instructions_keys": SINCE},
        "redis_url": "redis://127.0.0.1:6379/0",
        "database": {"app_url": "postgresql://portal_app:word-of-the-database@127.0.0.1/portal"},
    }


def rows(text: str) -> dict[str, str]:
    """Secret -> what the table says of its state, source and date."""
    return {
        one.title: found[1].strip()
        for one in keys.SECRETS
        if (found := re.search(rf"{re.escape(one.title)} (.*?) {re.escape(one.protects)}", text))
    }


def test_where_each_secret_comes_from(origins):
    said = rows(Desk(superuser()).text(PAGE))
    file = said.pop("Ledger key")
    assert file.startswith("Set File that PORTAL_LEDGER_KEY_FILE names ")
    assert said == {
        "Signing key": "Set Environment, PORTAL_SECRET_KEY —",
        "Earlier signing keys": "Not set Nowhere —",
        "Signing keys of the ledger": "Not set Nowhere —",
        "Sealing keys": "Set stack.json of the stack's folder 2 Jun 2026, 10:00 a.m. EDT",
        "Metrics token": "Not set Nowhere —",
        "Sign-in providers": "Not set Nowhere —",
        "Password of the serving role": "Set stack.json of the stack's folder —",
        "Password of the owning role": "Not set Nowhere —",
        "Password of the broker": "Without a password stack.json of the stack's folder —",
        "Password of the mail server": "Not set Nowhere —",
        "Key of the file storage": "Not set Nowhere —",
    }


def test_no_secret_is_on_it(origins):
    page = Desk(superuser()).get(PAGE).content.decode()
    for value in (
        "signing-of-the-environment",
        "ledger-of-the-file",
        "ledger-of-the-stack",
        "sealing-of-the-stack",
        "word-of-the-database",
        settings.SECRET_KEY,
        settings.PORTAL_LEDGER_KEY,
        *settings.PORTAL_INSTRUCTIONS_KEYS,
        *(base64.b64encode(key).decode() for key in settings.PORTAL_LEDGER_SIGNING_KEYS),
        settings.DATABASES["default"]["PASSWORD"],
    ):
        assert value not in page


def test_how_each_is_changed_and_what_a_production_would_refuse():
    desk = Desk(superuser())
    text, page = desk.text(PAGE), desk.get(PAGE).content.decode()
    page = html.unescape(re.sub(r"</?code>", "", page))
    assert "`" not in page
    for one in keys.SECRETS:
        for said in (one.rotation, one.consequence):
            assert said.replace("`", "") in page
    for said in (
        "Only this machine reaches this portal: it is a trial.",
        "What a production would not be",
        "secrets are known. Set PORTAL_TESTING=0. Does not start portal.E002",
    ):
        assert said in text


def test_it_is_for_superusers_alone():
    """Coordinators look after the delivery of mail, and not after the installation; absent and forbidden answer alike."""
    office = Desk(make.coordinator())
    assert office.get(PAGE).status_code == 404
    assert f'href="{PAGE}"' not in office.get("/admin/").content.decode()
    assert f'href="{PAGE}"' in Desk(superuser()).get("/admin/").content.decode()
