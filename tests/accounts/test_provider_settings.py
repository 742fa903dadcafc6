"""What ``PORTAL_SIGN_IN_PROVIDERS`` may say, and that a half provider is offered nobody (docs/adr/0027)."""

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from portal.operating.providers import halves, read

ROOT = Path(__file__).resolve().parents[2]
ORGANISATION = "1c3f0c52-6a9b-4b9e-9d0a-5f6f1f0b7a11"
OIDC = {
    "id": "kestrel",
    "kind": "oidc",
    "name": "Kestrel Laboratory",
    "organisation": ORGANISATION,
    "issuer": "https://login.kestrel.example/tenant",
    "client_id": "portal",
    "client_secret": "marzipan-secret",
}


def certificate() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "login.kestrel.example")])
    begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, begin.replace(year=2036))
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


SAML = {
    "id": "osprey",
    "kind": "saml",
    "name": "Osprey Agency",
    "organisation": ORGANISATION,
    "issuer": "urn:osprey:login",
    "sign_in_url": "https://login.osprey.example/saml",
    "certificate": certificate(),
}


def said_of(*given: dict) -> list[str]:
    return list(halves(read(json.dumps(given))))


def test_none_is_the_default_and_empty_text_is_none():
    assert (read(""), read("  "), read("[]")) == ((), (), ())


def test_whole_ones_are_read_as_they_stand():
    more = {"domains": ["kestrel.example"], "second_factor": {"amr": ["mfa", "hwk"]}, "on_sign_in_page": True}
    oidc, saml = read(json.dumps([OIDC | more, SAML]))
    assert (oidc.is_whole, saml.is_whole) == (True, True)
    assert (oidc.organisation, oidc.asks_for("amr"), oidc.asks_for("acr")) == (
        UUID(ORGANISATION),
        ("mfa", "hwk"),
        (),
    )
    assert (oidc.verifies("Ines@KESTREL.example"), oidc.verifies("ines@sub.kestrel.example")) == (True, False)
    assert (oidc.verifies(""), saml.verifies("ines@kestrel.example")) == (False, False)
    assert (oidc.on_sign_in_page, saml.on_sign_in_page) == (True, False)


def test_addresses_of_a_description_are_at_the_issuers_host_or_at_one_that_is_named():
    [provider] = read(json.dumps([OIDC | {"hosts": ["api.kestrel.example"]}]))
    asked = {
        "https://login.kestrel.example/token": True,
        "https://api.kestrel.example/token": True,
        "http://login.kestrel.example/token": False,
        "https://login.kestrel.example:8443/token": False,
        "https://evil.example/login.kestrel.example": False,
        "https://login.kestrel.example@evil.example/": False,
        "https://evil@login.kestrel.example/": False,
        "javascript:alert(1)": False,
    }
    assert {address: provider.has(address) for address in asked} == asked
    assert (provider.has(None), provider.has(7)) == (False, False)


def test_a_providers_secret_is_in_no_text_of_it():
    [provider] = read(json.dumps([OIDC]))
    assert "marzipan" not in repr(provider)
    assert "marzipan" not in str(said_of(OIDC | {"issuer": "marzipan"}))


@pytest.mark.parametrize("text", ["{", '{"id": "kestrel"}', '["kestrel"]', "7"])
def test_what_is_no_list_of_objects_is_refused_without_its_content(text):
    with pytest.raises(ValueError, match="PORTAL_SIGN_IN_PROVIDERS is no JSON") as told:
        read(text)
    assert "kestrel" not in str(told.value)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"id": ""}, "one without an id: id is not 2 to 40 small letters, digits and hyphens"),
        ({"id": "../login"}, "../login: id is not 2 to 40 small letters, digits and hyphens"),
        ({"kind": "ldap"}, "kestrel: kind is neither oidc nor saml"),
        ({"name": " "}, "kestrel: name is missing"),
        ({"organisation": "Kestrel"}, "kestrel: organisation is no id of an organisation"),
        ({"issuer": ""}, "kestrel: issuer is missing"),
        ({"client_id": None}, "kestrel: client_id is missing"),
        ({"client_secret": ""}, "kestrel: client_secret is missing"),
        ({"issuer": "http://login.kestrel.example"}, "kestrel: issuer is no https:// address"),
        ({"issuer": "https://login.kestrel.example/?a=1"}, "kestrel: issuer is no https:// address"),
        ({"domains": "kestrel.example"}, "kestrel: domains is no list of mail domains in small letters"),
        ({"domains": ["Kestrel.example"]}, "kestrel: domains is no list of mail domains in small letters"),
        ({"domains": ["*"]}, "kestrel: domains is no list of mail domains in small letters"),
        (
            {"hosts": ["https://api.kestrel.example"]},
            "kestrel: hosts is no list of host names in small letters",
        ),
        ({"on_sign_in_page": "no"}, "kestrel: on_sign_in_page is neither true nor false"),
        ({"domain": ["kestrel.example"]}, "kestrel: nothing is called 'domain'"),
    ],
)
def test_a_half_one_says_what_is_wrong_with_it(change, fault):
    assert said_of(OIDC | change) == [fault]


@pytest.mark.parametrize(
    "strength", [[], {"amr": "mfa"}, {"amr": []}, {"amr": [""]}, {"context": ["x"]}, {"level": ["2"]}]
)
def test_what_stands_for_two_factors_is_a_list_of_words_under_a_known_name(strength):
    [fault] = said_of(OIDC | {"second_factor": strength})
    assert fault == "kestrel: second_factor is no object of acr and amr, each a list of words"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"certificate": "none"}, "osprey: certificate is none, in PEM or its base64 alone"),
        (
            {"domains": ["osprey.example"]},
            "osprey: domains are of no use: SAML has no word for an address that was verified",
        ),
        ({"certificate": ""}, "osprey: certificate is missing"),
        ({"sign_in_url": "http://login.osprey.example"}, "osprey: sign_in_url is no https:// address"),
        (
            {"second_factor": {"amr": ["mfa"]}},
            "osprey: second_factor is no object of context, each a list of words",
        ),
    ],
)
def test_a_half_saml_one_too(change, fault):
    assert said_of(SAML | change) == [fault]


def test_two_of_one_id_are_both_none():
    assert said_of(OIDC, SAML | {"id": "kestrel"}) == ["kestrel: two have its id"] * 2


def test_a_provider_on_this_machine_is_for_trials():
    here = OIDC | {"issuer": "http://127.0.0.1:9000/o"}
    assert read(json.dumps([here]))[0].is_whole
    assert said_of(here) == ["kestrel: its address is no https:// address"]


@pytest.mark.slow
def test_nothing_starts_with_a_setting_that_cannot_be_read(tmp_path):
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "PORTAL_VAR": str(tmp_path),
            "PORTAL_TESTING": "1",
            "PORTAL_SIGN_IN_PROVIDERS": '[{"client_secret": "marzipan"',
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "PORTAL_SIGN_IN_PROVIDERS is no JSON: line 1, column 30." in done.stderr
    assert "marzipan" not in done.stderr.replace("PORTAL_SIGN_IN_PROVIDERS", "")
