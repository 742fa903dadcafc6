"""A passkey without a browser: what a device answers to the portal's questions (WebAuthn level 2, ES256, no attestation)."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64encode

from allauth.account.utils import user_pk_to_url_str
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from fido2 import cbor
from fido2.cose import ES256

from portal.accounts.models import User

ORIGIN = "http://localhost:8000"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


class Passkey:
    """One person's device. It answers for the relying party it is asked by, as a browser on that site would have it."""

    def __init__(self):
        self.id = secrets.token_bytes(16)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.counter = 0

    def enrolled(self, client: Client) -> "Passkey":
        """Added on its page; the session has confirmed who it is."""
        options = client.get("/account/2fa/webauthn/add/").context["js_data"]["creation_options"]
        answer = client.post(
            "/account/2fa/webauthn/add/", {"name": "Laptop", "credential": json.dumps(self.made(options))}
        )
        assert answer.status_code == 302, answer.context["form"].errors
        return self

    def made(self, options: dict) -> dict:
        """The answer to ``navigator.credentials.create``."""
        asked = options["publicKey"]
        public = cbor.encode(dict(ES256.from_cryptography_key(self.key.public_key())))
        attested = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + public
        data = self._data(asked["rp"]["id"], ATTESTED) + attested
        statement = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            {
                "clientDataJSON": _text(_client_data("webauthn.create", asked["challenge"])),
                "attestationObject": _text(statement),
            },
            {"credProps": {"rk": True}},
        )

    def used(self, options: dict, user: User) -> dict:
        """The answer to ``navigator.credentials.get``."""
        asked = options["publicKey"]
        client_data = _client_data("webauthn.get", asked["challenge"])
        data = self._data(asked["rpId"], 0)
        signed = self.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {
                "clientDataJSON": _text(client_data),
                "authenticatorData": _text(data),
                "signature": _text(signed),
                "userHandle": _text(user_pk_to_url_str(user).encode()),
            },
            {},
        )

    def sign_in(self, user: User, client: Client | None = None):
        """A client and the answer to signing in with this passkey alone."""
        client = client or Client()
        ask = client.get("/account/2fa/webauthn/login/", headers={"x-requested-with": "XMLHttpRequest"})
        credential = json.dumps(self.used(ask.json()["request_options"], user))
        return client, client.post("/account/2fa/webauthn/login/", {"credential": credential})

    def confirm(self, client: Client, user: User, *, then: str = ""):
        """The answer to using this passkey once more in an open session."""
        page = "/account/2fa/webauthn/reauthenticate/"
        options = client.get(page).context["js_data"]["request_options"]
        return client.post(page, {"credential": json.dumps(self.used(options, user)), "next": then})

    def _data(self, rp: str, more: int) -> bytes:
        self.counter += 1
        flags = PRESENT | VERIFIED | more
        return hashlib.sha256(rp.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4, "big")

    def _answer(self, response: dict, extensions: dict) -> dict:
        return {
            "id": _text(self.id),
            "rawId": _text(self.id),
            "type": "public-key",
            "response": response,
            "clientExtensionResults": extensions,
        }


def _client_data(kind: str, challenge: str | bytes) -> bytes:
    text = challenge if isinstance(challenge, str) else _text(challenge)
    return json.dumps({"type": kind, "challenge": text, "origin": ORIGIN}).encode()
