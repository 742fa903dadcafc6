"""Settings refuse what would be unsafe, and read what they are given."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal import config
from portal.stack import supervise
from portal.stack.layout import new_secrets

ROOT = Path(__file__).resolve().parents[2]


def check(tmp_path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "PORTAL_VAR": str(tmp_path)} | variables
    return subprocess.run(
        [sys.executable, "-c", "import portal.settings"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


GIVEN = {
    "PORTAL_SECRET_KEY": "a" * 60,
    "PORTAL_LEDGER_KEY": "b" * 40,
    "PORTAL_LEDGER_SIGNING_KEYS": base64.b64encode(b"d" * 32).decode(),
    "PORTAL_INSTRUCTIONS_KEYS": "c",
}


@pytest.mark.parametrize("missing", GIVEN)
def test_production_does_not_start_without_a_secret(tmp_path, missing):
    done = check(tmp_path, **{name: value for name, value in GIVEN.items() if name != missing})
    assert done.returncode == 1
    assert f"Set {missing}" in done.stderr


def test_production_starts_with_its_secrets(tmp_path):
    done = check(tmp_path, **GIVEN)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("given", "asked"), [({}, "True 300"), ({"PORTAL_DEMO": "1"}, "False 6000")])
def test_production_asks_agencies_people_for_a_passkey_and_counts_narrowly(tmp_path, given, asked):
    code = "from portal import settings as s; print(s.PORTAL_AGENCY_PASSKEYS, s.PORTAL_WRITES_PER_MINUTE)"
    environment = {"PATH": os.environ["PATH"], "PORTAL_VAR": str(tmp_path)} | GIVEN | given
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert (done.stdout.strip(), done.stderr) == (asked, "")


def test_production_has_no_movable_clock(tmp_path):
    done = check(tmp_path, **GIVEN, PORTAL_CLOCK_MOVABLE="1")
    assert done.returncode == 1
    assert "demonstrations and tests only" in done.stderr


@pytest.mark.parametrize("value", ["", "bm8=", "not base64", f"{'A' * 43}=,{'A' * 43}="])
def test_a_signing_key_that_is_none_is_refused(value):
    with pytest.raises(ImproperlyConfigured, match="PORTAL_LEDGER_SIGNING_KEYS must be"):
        config.signing_keys(value)


def test_a_new_stack_makes_a_signing_key_of_its_own():
    one, two = (config.signing_keys(new_secrets()["ledger_signing_keys"]) for _ in range(2))
    assert [len(key) for key in one + two] == [32, 32]
    assert one != two
    assert supervise.SECRET_VARIABLES["PORTAL_LEDGER_SIGNING_KEYS"] == "ledger_signing_keys"


def test_a_mistyped_switch_is_refused(monkeypatch):
    monkeypatch.setenv("PORTAL_DEBUG", "flase")
    with pytest.raises(ImproperlyConfigured, match="PORTAL_DEBUG must be 1 or 0"):
        config.flag("PORTAL_DEBUG", default=False)


def test_a_database_address_with_quoted_parts():
    found = config.database("postgresql://us%40er:p%2Fw@db.example:6432/na%20me?sslmode=verify-full")
    wanted = {
        "ENGINE": found["ENGINE"],
        "NAME": "na me",
        "USER": "us@er",
        "PASSWORD": "p/w",
        "HOST": "db.example",
        "PORT": "6432",
        "OPTIONS": {"sslmode": "verify-full"},
    }
    assert found == wanted


@pytest.mark.parametrize("url", ["sqlite:///x.db", "mysql://localhost/x", ""])
def test_any_other_database_is_refused(url):
    with pytest.raises(ImproperlyConfigured, match="postgresql://"):
        config.database(url)


def test_mail_addresses():
    plain, tls, secure = (
        config.email(url) for url in ("smtp://mail:2525", "smtp://u:p%40@mail?tls=1", "smtps://mail")
    )
    assert [
        (one["EMAIL_PORT"], one["EMAIL_USE_TLS"], one["EMAIL_USE_SSL"]) for one in (plain, tls, secure)
    ] == [
        (2525, False, False),
        (587, True, False),
        (465, False, True),
    ]
    assert (tls["EMAIL_HOST_USER"], tls["EMAIL_HOST_PASSWORD"]) == ("u", "p@")


def test_storage_addresses(tmp_path):
    assert config.storage("", tmp_path)["OPTIONS"]["location"] == str(tmp_path)
    s3 = config.storage("s3://key:se%2Fcret@store.example:9000/cases?scheme=http", tmp_path)
    assert s3["BACKEND"] == "storages.backends.s3.S3Storage"
    assert {name: s3["OPTIONS"][name] for name in ("bucket_name", "secret_key", "endpoint_url")} == {
        "bucket_name": "cases",
        "secret_key": "se/cret",
        "endpoint_url": "http://store.example:9000",
    }
