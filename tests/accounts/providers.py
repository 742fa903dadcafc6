"""Sign-in providers on loopback: a real one in a process of its own, and one that says whatever a test has it say."""

import base64
import contextlib
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.test import Client

from portal.operating.providers import Provider
from tests.accounts.oidc_server import CLIENT, PASSWORD, SECRET

ROOT = Path(__file__).resolve().parents[2]
NAME = "Kestrel's own sign-in"
PAGE = "/account/provider/kestrel/"


def callback() -> str:
    return f"{settings.PORTAL_BASE_URL}{PAGE}callback/"


@contextlib.contextmanager
def real_provider(folder: Path) -> Iterator[str]:
    """The issuer of a provider that runs meanwhile."""
    command = [sys.executable, "-m", "tests.accounts.oidc_server", str(folder), callback()]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child.stdout.readline().strip()
        finally:
            child.terminate()


def configured(issuer: str, organisation, **more) -> Provider:
    given = {
        "id": "kestrel",
        "kind": "oidc",
        "name": NAME,
        "organisation": organisation.pk,
        "issuer": issuer,
        "client_id": CLIENT,
        "client_secret": SECRET,
    }
    return Provider(**(given | more))


def sent_to(client: Client, page: str = PAGE, **form: str) -> str:
    """Where the portal sends somebody who chose the provider."""
    return client.post(page, form).context["to"]


def at_provider(to: str, person: str) -> str:
    """What a person does at the real provider: sign in there. Where it sends them back to."""
    with requests.Session() as browser:
        answer = browser.get(to)
        secret = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', answer.text)[1]
        form = {"csrfmiddlewaretoken": secret, "username": person, "password": PASSWORD}
        answer = browser.post(answer.url, form, allow_redirects=False)
        answer = browser.get(f"{_origin(to)}{answer.headers['Location']}", allow_redirects=False)
        assert answer.headers["Location"].startswith(callback()), answer.headers["Location"]
        return answer.headers["Location"].removeprefix(settings.PORTAL_BASE_URL)


def come_by(client: Client, person: str, **form: str):
    """Sign in by the real provider, as far as that leads: the portal's answer to who comes back."""
    return client.get(at_provider(sent_to(client, **form), person))


def asked_for(to: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(to).query).items()}


def part(value: dict | bytes) -> str:
    """One part of a token: base64 for addresses, without padding."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


class Liar:
    """A provider that signs what it is told to: an honest token, changed by whatever a test wants."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.description = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }
        self.keys = {"keys": [self.public()]}
        self.token_answer: Callable[[], object] = dict
        self.asked: list[str] = []
        self.failed: Exception | None = None

    def public(self, kid: str = "one") -> dict:
        return json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key())) | {
            "kid": kid,
            "use": "sig",
        }

    def claims(self, nonce: str, /, **more) -> dict:
        now = int(time.time())
        honest = {
            "iss": self.issuer,
            "sub": "ines-at-kestrel",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
        }
        return {name: value for name, value in (honest | more).items() if value is not None}

    def signed(self, claims: dict, *, key=None, algorithm: str = "RS256", kid: str | None = "one") -> str:
        return jwt.encode(
            claims, self.key if key is None else key, algorithm, headers={"kid": kid} if kid else None
        )

    def unsigned(self, claims: dict) -> str:
        return f"{part({'alg': 'none', 'typ': 'JWT', 'kid': 'one'})}.{part(claims)}."

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        liar = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self, found: object) -> None:
                status, body = found if isinstance(found, tuple) else (200, found)
                text = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", f"{liar.issuer}/elsewhere")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def do_GET(self) -> None:
                liar.asked.append(self.path)
                self.answer(liar.description if "well-known" in self.path else liar.keys)

            def do_POST(self) -> None:
                liar.asked.append(self.path)
                self.rfile.read(int(self.headers["Content-Length"]))
                # A mistake of a test would look like a provider that fails.
                try:
                    self.answer(liar.token_answer())
                except Exception as error:
                    liar.failed = error
                    raise

            def log_message(self, *arguments) -> None:
                pass

        return Handler

    @contextlib.contextmanager
    def serving(self) -> Iterator["Liar"]:
        thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.server.shutdown()
            self.server.server_close()
            thread.join()
        assert self.failed is None, self.failed
