"""A real SAML provider in a process of its own: pysaml2's on loopback, whose signatures are made by libxmlsec.

``python -m tests.accounts.saml_server FOLDER ANSWERS`` prints its address and serves. It knows one portal, which is called
ANSWERS and takes answers there. ``/sign-in?SAMLRequest=...`` asks a browser who it is and has it carry the answer to the portal
in a form, by the HTTP POST binding; with ``&person=NAME`` it answers for one of ``PEOPLE`` at once, without the form.
"""

import base64
import datetime as dt
import html
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.authn_context import PASSWORD, TIMESYNCTOKEN
from saml2.config import IdPConfig
from saml2.saml import NAMEID_FORMAT_EMAILADDRESS, NAMEID_FORMAT_PERSISTENT, NAMEID_FORMAT_TRANSIENT, NameID
from saml2.server import Server
from saml2.sigver import CryptoBackend
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

NAME = "urn:invented:kestrel:login"
# Who can sign in: their format of name, and how they did.
PEOPLE = {
    "ines": (NAMEID_FORMAT_PERSISTENT, PASSWORD),
    "strong": (NAMEID_FORMAT_PERSISTENT, TIMESYNCTOKEN),
    "fleeting": (NAMEID_FORMAT_TRANSIENT, PASSWORD),
    "addressed": (NAMEID_FORMAT_EMAILADDRESS, PASSWORD),
}
METADATA = """<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{0}">
<md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol" WantAssertionsSigned="true">
<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{0}" index="1"/>
</md:SPSSODescriptor></md:EntityDescriptor>"""


PAGE = """<!doctype html><html lang="en"><head><title>Kestrel's own sign-in</title><link rel="icon" href="data:,">
</head><body><main><h1>Kestrel's own sign-in</h1>{0}</main></body></html>"""
ASKING = """<form method="post"><label>Name <input name="person"></label> <button>Sign in</button></form>"""
CARRYING = """<form method="post" action="{0}"><input type="hidden" name="SAMLResponse" value="{1}">
<button>Go on</button></form><script>document.forms[0].submit()</script>"""


class Signer(CryptoBackend):
    """pysaml2 calls a program for signatures; the library behind it does the same."""

    version = "1.3.0"

    def sign_statement(self, statement, node_name, key_file, node_id):
        text = statement if isinstance(statement, bytes) else str(statement).encode()
        document = etree.fromstring(text)
        xmlsec.tree.add_ids(document, ["ID"])
        [node] = document.xpath("//*[@ID=$id]", id=node_id)
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_file(key_file, xmlsec.constants.KeyDataFormatPem)
        context.sign(xmlsec.tree.find_child(node, xmlsec.constants.NodeSignature))
        return etree.tostring(document).decode()


def make_key(folder: Path, name: str) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    called = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(called, called, key.public_key(), 1, now, now + dt.timedelta(days=1))
    made = builder.sign(key, hashes.SHA256())
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


def provider(folder: Path, address: str, answers: str, key: str = "provider") -> Server:
    (folder / "portal.xml").write_text(METADATA.format(answers))
    config = IdPConfig().load(
        {
            "entityid": NAME,
            "crypto_backend": "XMLSecurity",
            "key_file": str(folder / f"{key}.key"),
            "cert_file": str(folder / f"{key}.pem"),
            "metadata": {"local": [str(folder / "portal.xml")]},
            "service": {
                "idp": {
                    "endpoints": {"single_sign_on_service": [(f"{address}/sign-in", BINDING_HTTP_REDIRECT)]},
                    "policy": {"default": {"lifetime": {"minutes": 5}}},
                }
            },
        }
    )
    made = Server(config=config)
    made.sec.crypto = Signer()
    return made


def answer_for(server: Server, question: str, person: str, **more) -> str:
    """The answer to a question, in base64, as the form would carry it."""
    asked = server.parse_authn_request(question, BINDING_HTTP_REDIRECT)
    named, context = PEOPLE[person]
    options = {
        **server.response_args(asked.message, [BINDING_HTTP_POST]),
        "name_id": NameID(format=named, text=f"{person}-at-kestrel"),
        "authn": {"class_ref": context, "authn_auth": NAME},
        "sign_assertion": True,
        "sign_response": False,
        "sign_alg": SIG_RSA_SHA256,
        "digest_alg": DIGEST_SHA256,
    }
    return str(server.create_authn_response({}, userid=person, **(options | more)))


def handler(server: Server, answers: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = fields(urlsplit(self.path).query)
            if "person" in asked:
                self._say(answer_for(server, asked["SAMLRequest"], asked["person"]))
            else:
                self._say(PAGE.format(ASKING))

        def do_POST(self) -> None:
            person = fields(self.rfile.read(int(self.headers["Content-Length"])).decode())["person"]
            answer = answer_for(server, fields(urlsplit(self.path).query)["SAMLRequest"], person)
            carried = base64.b64encode(answer.encode()).decode()
            self._say(PAGE.format(CARRYING.format(html.escape(answers), carried)))

        def _say(self, text: str) -> None:
            body = text.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments) -> None:
            pass

    return Handler


def fields(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text).items()}


def main(folder: str, answers: str) -> None:
    make_key(Path(folder), "provider")
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    address = f"http://127.0.0.1:{server.server_port}"
    server.RequestHandlerClass = handler(provider(Path(folder), address, answers), answers)
    print(address, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
