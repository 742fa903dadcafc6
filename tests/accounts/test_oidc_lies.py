"""A provider, or whoever stands between, that answers what is not to be believed: nothing of it opens an account."""

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from portal.accounts import actions
from portal.accounts.models import Role
from portal.logs import JsonFormatter
from tests import factories as make
from tests.accounts import providers as provider
from tests.accounts.doors import is_signed_in
from tests.accounts.oidc_server import CLIENT, SECRET
from tests.accounts.providers import PAGE, asked_for, sent_to

pytestmark = pytest.mark.django_db
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def liar(settings):
    with provider.Liar().serving() as liar:
        yield liar


@pytest.fixture
def ines(settings, liar):
    """Linked, and let in by the provider alone, so that one believed lie would open her account."""
    lab = make.lab()
    user = make.member(lab, Role.CONTRIBUTOR, "Ines")
    # The honest token says amr too: see ``come_by``.
    settings.PORTAL_SIGN_IN_PROVIDERS = (
        provider.configured(liar.issuer, lab, second_factor=(("amr", ("mfa",)),)),
    )
    actions.link_provider(
        actor=user, provider=settings.PORTAL_SIGN_IN_PROVIDERS[0], subject="ines-at-kestrel"
    )
    return user


def come_by(liar, make_token, *, query: str = "") -> tuple[Client, object]:
    """A sign-in in which the provider answers with what ``make_token`` makes of the nonce."""
    client = Client()
    asked = asked_for(sent_to(client))
    liar.token_answer = lambda: {"access_token": "x", "id_token": make_token(asked["nonce"])}
    return client, client.get(f"{PAGE}callback/?code=1&state={asked['state']}{query}")


def honest(liar, nonce: str, /, **more) -> dict:
    return liar.claims(nonce, amr=["mfa"], **more)


def test_the_honest_token_signs_in(liar, ines):
    """Without this, the rest would prove nothing."""
    client, answer = come_by(liar, lambda nonce: liar.signed(honest(liar, nonce)))
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/account/profile/").wsgi_request.user == ines


@pytest.mark.parametrize(
    "more",
    [
        {"aud": [CLIENT, "another"], "azp": CLIENT},
        {"aud": [CLIENT]},
        {"email": "other@example.invalid", "email_verified": True},
    ],
)
def test_other_honest_tokens_sign_in(liar, ines, more):
    client, _ = come_by(liar, lambda nonce: liar.signed(honest(liar, nonce, **more)))
    assert is_signed_in(client)


@pytest.mark.parametrize(
    "lie",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"nonce": 1},
        {"nonce": ""},
        {"aud": "another-client"},
        {"aud": None},
        {"aud": [CLIENT, "another"]},
        {"azp": "another"},
        {"iss": "https://login.other.example"},
        {"iss": None},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"iat": 4_000_000_000},
        {"iat": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"sub": "another-at-kestrel"},
    ],
    ids=str,
)
def test_a_signed_token_with_a_lie_in_it_opens_nothing(liar, ines, lie):
    client, answer = come_by(liar, lambda nonce: liar.signed(honest(liar, nonce, **lie)))
    assert (answer.status_code, is_signed_in(client)) == (403, False)


def public_pem(liar) -> bytes:
    return liar.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def by_hand(liar, nonce: str, secret: bytes) -> str:
    """A token signed with HMAC, past what PyJWT itself would refuse to make."""
    body = liar.unsigned(honest(liar, nonce)).split(".")[1]
    head = provider.part({"alg": "HS256", "typ": "JWT", "kid": "one"})
    signature = hmac.digest(secret, f"{head}.{body}".encode(), hashlib.sha256)
    return f"{head}.{body}.{provider.part(signature)}"


FORGERIES = {
    "no signature": lambda liar, nonce: liar.unsigned(honest(liar, nonce)),
    "signature cut off": lambda liar, nonce: liar.signed(honest(liar, nonce)).rpartition(".")[0] + ".",
    "another's key": lambda liar, nonce: liar.signed(honest(liar, nonce), key=OTHER_KEY),
    "a key that is not there": lambda liar, nonce: liar.signed(honest(liar, nonce), kid="two"),
    "the client's secret": lambda liar, nonce: by_hand(liar, nonce, SECRET.encode()),
    "the public key as a secret": lambda liar, nonce: by_hand(liar, nonce, public_pem(liar)),
    "body changed after signing": lambda liar, nonce: ".".join(
        [
            liar.signed(honest(liar, nonce, sub="another")).split(".")[0],
            liar.signed(honest(liar, nonce)).split(".")[1],
            liar.signed(honest(liar, nonce, sub="another")).split(".")[2],
        ]
    ),
    "no token": lambda liar, nonce: None,
    "a number": lambda liar, nonce: 7,
    "nonsense": lambda liar, nonce: "a.b.c",
    "empty": lambda liar, nonce: "",
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_token_opens_nothing(liar, ines, forgery):
    client, answer = come_by(liar, lambda nonce: forgery(liar, nonce))
    assert (answer.status_code, is_signed_in(client)) == (403, False)


@pytest.mark.parametrize(
    "answer",
    [(500, {}), (200, b""), (200, b"[]"), (200, b"not JSON"), (200, {"error": "invalid_grant"}), (302, {})],
    ids=str,
)
def test_a_token_endpoint_that_fails_is_no_fault_of_the_portal(liar, ines, answer):
    client = Client()
    asked = asked_for(sent_to(client))
    liar.token_answer = lambda: answer
    assert client.get(f"{PAGE}callback/?code=1&state={asked['state']}").status_code == 403
    assert not is_signed_in(client)
    # The client's secret went to one address, and was sent on to none.
    assert "/elsewhere" not in liar.asked


def described(**more):
    def change(liar) -> None:
        liar.description |= more

    return change


def keyless(liar) -> None:
    liar.keys = {"keys": []}


def doubled(liar) -> None:
    liar.keys = {"keys": [liar.public(), liar.public()]}


def no_list(liar) -> None:
    liar.keys = {"keys": "none"}


def huge(liar) -> None:
    liar.keys = {"keys": [liar.public()], "padding": "x" * 2_000_000}


@pytest.mark.parametrize("change", [keyless, doubled, no_list, huge])
def test_keys_that_cannot_be_told_apart_or_read_open_nothing(liar, ines, change):
    change(liar)
    client, answer = come_by(liar, lambda nonce: liar.signed(honest(liar, nonce)))
    assert (answer.status_code, is_signed_in(client)) == (403, False)


@pytest.mark.parametrize(
    "change",
    [
        described(issuer="https://login.other.example"),
        described(issuer=None),
        described(token_endpoint=None),
        described(token_endpoint="https://other.example/token"),
        described(jwks_uri="https://127.0.0.1/keys"),
        described(authorization_endpoint="https://x@127.0.0.1:1/authorize"),
        described(authorization_endpoint="javascript:alert(1)"),
        described(jwks_uri="file:///etc/passwd"),
    ],
)
def test_a_description_that_is_not_the_providers_sends_nobody_off(liar, ines, change):
    change(liar)
    client = Client()
    assert client.post(PAGE).status_code == 403


def test_who_is_sent_back_by_another_provider_is_not_let_in(liar, ines):
    right = f"&iss={liar.issuer}"
    client, answer = come_by(liar, lambda nonce: liar.signed(honest(liar, nonce)), query=right)
    assert is_signed_in(client)
    client, answer = come_by(
        liar, lambda nonce: liar.signed(honest(liar, nonce)), query="&iss=https://login.other.example"
    )
    assert (answer.status_code, is_signed_in(client)) == (403, False)


def test_nothing_a_provider_answered_is_in_the_log(liar, ines, caplog):
    client = Client()
    asked = asked_for(sent_to(client))
    liar.token_answer = lambda: (400, {"id_token": "marzipan-in-a-token"})
    client.get(f"{PAGE}callback/?code=marzipan-code&state={asked['state']}")
    [said] = [one.fields for one in caplog.records if one.name.startswith("portal")]
    assert (said["event"], said["factor"], said["why"]) == (
        "sign_in_failed",
        "provider kestrel",
        "OAuth2Error",
    )
    assert "marzipan" not in caplog.text + str([JsonFormatter().format(one) for one in caplog.records])
