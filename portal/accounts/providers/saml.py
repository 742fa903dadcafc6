"""SAML 2.0, judged by python3-saml in its strict way; what allauth's own SAML views would take more lightly is left out.

Somebody is sent off with a question that their browser's session remembers, and comes back by a form of the provider's site. That
form brings no session cookie (SameSite), so the answer is judged where it arrives and handed on, signed by the portal, to an
address of the portal's that the session reaches. It is of use only there, once, and for a minute.
"""

import binascii
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from allauth.socialaccount.internal import statekit
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from portal.accounts.providers import arrival
from portal.operating.providers import Provider

if TYPE_CHECKING:
    from onelogin.saml2.auth import OneLogin_Saml2_Auth

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
CONFIRMATION = (
    "/samlp:Response/saml:Assertion/saml:Subject/saml:SubjectConfirmation/saml:SubjectConfirmationData"
)
SALT, HANDED_ON_FOR = "portal.accounts.providers.saml", 60
# Of an answer in base64, the most that is looked at.
LARGEST = 256 * 1024
LONGEST_SUBJECT = 255


class NotBelievedError(Exception):
    """An answer that is not believed; the message holds nothing of it and may be logged."""


def start(
    request: HttpRequest, provider: Provider, *, process: str, next_url: str, data: str
) -> HttpResponse:
    """A redirect to the provider."""
    auth = _auth(provider)
    to = auth.login(return_to="")
    state = {"process": process, "data": data} | ({"next": next_url} if next_url else {})
    statekit.stash_state(request, provider_id=provider.id, state=state, state_id=auth.get_last_request_id())
    return HttpResponseRedirect(to)


def judge(request: HttpRequest, provider: Provider) -> HttpResponse:
    """An answer arrives, without a session: judged by itself, and handed on to where the session is."""
    try:
        said, question = _judged(provider, request.POST.get("SAMLResponse", ""))
    except NotBelievedError as error:
        return arrival.refused(request, provider.id, str(error))
    handed = signing.dumps(
        [provider.id, question, said.subject, said.used_two_factors], salt=SALT, compress=True
    )
    to = reverse("account_provider_saml_done", args=[provider.id])
    answer = HttpResponseRedirect(f"{to}?{urlencode({'answer': handed})}")
    answer.status_code = 303
    return answer


def finish(request: HttpRequest, provider: Provider) -> HttpResponse:
    """The judged answer, in the browser it came to: it has to be of a question that this browser was sent off with, once."""
    try:
        handed = signing.loads(request.GET.get("answer", ""), salt=SALT, max_age=HANDED_ON_FOR)
        of, question, subject, used_two_factors = handed
    except (signing.BadSignature, TypeError, ValueError):
        return arrival.refused(request, provider.id, "no answer, or an old one")
    state = None
    if of == provider.id:
        state = statekit.unstash_state(request, provider_id=provider.id, state_id=question)
    if state is None:
        return arrival.refused(request, provider.id, "answers no question of this browser")
    said = arrival.Said(subject=subject, address="", used_two_factors=used_two_factors)
    return arrival.arrive(request, provider, said, state)


def address_of(provider: Provider) -> str:
    """Where the provider sends its answers, which is also the portal's name to it."""
    return f"{settings.PORTAL_BASE_URL}{reverse('account_provider_saml', args=[provider.id])}"


def _judged(provider: Provider, answer: str) -> tuple[arrival.Said, str]:
    """What an answer says, and the question it answers."""
    from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError

    if not answer or len(answer) > LARGEST:
        raise NotBelievedError("no answer, or too long a one")
    auth = _auth(provider, answer)
    try:
        auth.process_response()
    except (
        OneLogin_Saml2_Error,
        OneLogin_Saml2_ValidationError,
        binascii.Error,
        SyntaxError,
        ValueError,
    ) as error:
        raise NotBelievedError(f"answer: {type(error).__name__}") from error
    if auth.get_errors() or not auth.is_authenticated():
        raise NotBelievedError(f"answer: {', '.join(auth.get_errors()) or 'not signed in'}")
    subject = auth.get_nameid() or ""
    if auth.get_nameid_format() != PERSISTENT or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise NotBelievedError("subject is not one that is never given to another")
    contexts = set(auth.get_last_authn_contexts())
    strong = bool(contexts & set(provider.asks_for("context")))
    return arrival.Said(subject=subject, address="", used_two_factors=strong), _question(auth)


def _question(auth: "OneLogin_Saml2_Auth") -> str:
    """The question's name within the signed assertion: around it anybody can write another."""
    from onelogin.saml2.utils import OneLogin_Saml2_XML

    document = OneLogin_Saml2_XML.to_etree(auth.get_last_response_xml())
    found = {one.get("InResponseTo") for one in OneLogin_Saml2_XML.query(document, CONFIRMATION)}
    question = found.pop() if len(found) == 1 else None
    if not question:
        raise NotBelievedError("answers no question")
    return question


def _auth(provider: Provider, answer: str = "") -> "OneLogin_Saml2_Auth":
    # Its native libraries are loaded where SAML is used.
    from onelogin.saml2.auth import OneLogin_Saml2_Auth

    here = urlsplit(address_of(provider))
    asked = {
        "https": "on" if here.scheme == "https" else "off",
        "http_host": here.netloc,
        "script_name": here.path,
        "get_data": {},
        "post_data": {"SAMLResponse": answer} if answer else {},
    }
    return OneLogin_Saml2_Auth(asked, _settings(provider))


def _settings(provider: Provider) -> dict[str, Any]:
    here = address_of(provider)
    return {
        "strict": True,
        "sp": {
            "entityId": here,
            "assertionConsumerService": {"url": here, "binding": POST},
            "NameIDFormat": PERSISTENT,
        },
        "idp": {
            "entityId": provider.issuer,
            "singleSignOnService": {"url": provider.sign_in_url, "binding": REDIRECT},
            "x509cert": provider.certificate,
        },
        "security": {
            "wantAssertionsSigned": True,
            "wantNameId": True,
            "wantAttributeStatement": False,
            "rejectDeprecatedAlgorithm": True,
            # What stands for two factors; without it the provider asks for what it likes.
            "requestedAuthnContext": list(provider.asks_for("context")) or False,
            "allowSingleLabelDomains": True,
        },
    }
