"""Sign-in by an organisation's own SAML provider: a real one, over HTTP, on loopback; and answers that are not to be believed."""

import base64
import copy
import re
import subprocess
import sys

import pytest
import requests
import time_machine
from django.conf import settings as configured
from django.test import Client
from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from portal import clock
from portal.accounts import actions
from portal.accounts.models import Membership, ProviderLink, Role
from portal.ledger.models import Event
from portal.operating.providers import Provider
from tests import factories as make
from tests.accounts import saml_server
from tests.accounts.doors import code, is_signed_in, sign_in
from tests.accounts.providers import NAME, PAGE, ROOT, asked_for, sent_to
from tests.accounts.test_oidc import CODE_PAGE, is_refused, verbs, words

pytestmark = pytest.mark.django_db
ANSWERS, DONE = f"{PAGE}saml/", f"{PAGE}saml/done/"
NAMES = {
    "p": "urn:oasis:names:tc:SAML:2.0:protocol",
    "a": "urn:oasis:names:tc:SAML:2.0:assertion",
    "d": "http://www.w3.org/2000/09/xmldsig#",
}
STRONG = (("context", (saml_server.TIMESYNCTOKEN,)),)


def portal() -> str:
    return f"{configured.PORTAL_BASE_URL}{ANSWERS}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("provider")


@pytest.fixture(scope="module")
def address(folder):
    command = [sys.executable, "-W", "ignore", "-m", "tests.accounts.saml_server", str(folder), portal()]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child.stdout.readline().strip()
        finally:
            child.terminate()


@pytest.fixture
def kestrel():
    return make.lab("Kestrel Laboratory")


@pytest.fixture
def ines(kestrel):
    return make.member(kestrel, Role.CONTRIBUTOR, "Ines")


@pytest.fixture
def set_up(settings, folder, address, kestrel):
    def done(**more):
        given = {
            "id": "kestrel",
            "kind": "saml",
            "name": NAME,
            "organisation": kestrel.pk,
            "issuer": saml_server.NAME,
            "sign_in_url": f"{address}/sign-in",
            "certificate": (folder / "provider.pem").read_text(),
        }
        settings.PORTAL_SIGN_IN_PROVIDERS = (Provider(**(given | more)),)
        return settings.PORTAL_SIGN_IN_PROVIDERS[0]

    return done


@pytest.fixture
def linked(ines, set_up):
    """Let in by the provider alone, so that one believed lie would open the account."""
    actions.link_provider(actor=ines, provider=set_up(second_factor=STRONG), subject="strong-at-kestrel")
    return ines


def at_provider(to: str, person: str) -> str:
    """The answer, in base64 as its form carries it, of the provider that runs."""
    answer = requests.get(to, {"person": person})
    assert answer.status_code == 200
    return base64.b64encode(answer.content).decode()


def come_back(client: Client, answer: str):
    """The form's answer, sent by a page of another site: without the session's cookie. Then on, with it."""
    from_elsewhere = Client(enforce_csrf_checks=True).post(ANSWERS, {"SAMLResponse": answer})
    if from_elsewhere.status_code != 303:
        return from_elsewhere
    return client.get(from_elsewhere["Location"])


def come_by(client: Client, person: str, **form: str):
    return come_back(client, at_provider(sent_to(client, **form), person))


# --- the way in -----------------------------------------------------------------------------------------------------------


def test_a_linked_person_signs_in_with_their_own_second_factor_after_it(ines, set_up):
    actions.link_provider(actor=ines, provider=set_up(), subject="ines-at-kestrel")
    client = Client()
    assert come_by(client, "ines", next="/notices/")["Location"] == CODE_PAGE
    assert not is_signed_in(client)
    assert client.post(CODE_PAGE, {"code": code()})["Location"] == "/notices/"
    assert client.get("/account/profile/").wsgi_request.user == ines
    assert verbs(ines)[-1] == ("signed_in", {"factors": ["socialaccount", "totp"], "provider": "kestrel"})
    [session] = client.get("/account/sessions/").context["sessions"]
    assert session.begun_by == f"{NAME}, authenticator app"


def test_the_context_that_stands_for_two_factors_is_asked_for_and_looked_for(linked):
    client = Client()
    to = sent_to(client)
    assert saml_server.TIMESYNCTOKEN in question(to)
    assert come_back(client, at_provider(to, "strong"))["Location"] == "/"
    assert client.get("/account/profile/").wsgi_request.user == linked
    ProviderLink.objects.update(subject="ines-at-kestrel")
    assert come_by(Client(), "ines")["Location"] == CODE_PAGE


def test_who_belongs_elsewhere_too_is_asked_for_their_own(linked):
    Membership.objects.create(user=linked, organisation=make.partner_organisation(), role=Role.MEMBER)
    assert come_by(Client(), "strong")["Location"] == CODE_PAGE


def test_linking_goes_the_same_way(ines, set_up):
    set_up()
    client = sign_in(ines)
    answer = at_provider(sent_to(client, "/account/providers/kestrel/link/"), "ines")
    assert come_back(client, answer)["Location"] == "/account/providers/"
    assert list(ProviderLink.objects.values_list("user", "issuer", "subject")) == [
        (ines.pk, saml_server.NAME, "ines-at-kestrel")
    ]
    assert verbs(ines)[-1] == ("linked_provider", {"provider": "kestrel"})


def test_all_who_may_not_come_get_one_answer(linked):
    known = Client()
    Membership.objects.filter(user=linked).update(ended_at=clock.now())
    ended, stranger = come_by(known, "strong"), come_by(Client(), "ines")
    assert is_refused(ended, known)
    assert words(ended) == words(stranger)
    assert not Event.objects.filter(verb="signed_in").exists()


# --- answers that are not believed ----------------------------------------------------------------------------------------


def question(to: str) -> str:
    return OneLogin_Saml2_Utils.decode_base64_and_inflate(asked_for(to)["SAMLRequest"]).decode()


def test_the_honest_answer_signs_in_once_and_in_its_own_browser(linked):
    client, other = Client(), Client()
    answer = at_provider(sent_to(client), "strong")
    assert is_refused(come_back(other, answer), other)
    assert come_back(client, answer)["Location"] == "/"
    again = Client()
    again.cookies = client.cookies
    again.post("/account/logout/")
    assert is_refused(come_back(again, answer), again)


def test_what_was_handed_on_is_good_for_a_minute(linked):
    client = Client()
    answer = at_provider(sent_to(client), "strong")
    handed = Client().post(ANSWERS, {"SAMLResponse": answer})["Location"]
    with time_machine.travel(clock.machine().timestamp() + 61, tick=False):
        assert is_refused(client.get(handed), client)


@pytest.mark.parametrize("person", ["fleeting", "addressed"])
def test_a_name_that_may_be_given_to_another_is_none(ines, set_up, person):
    actions.link_provider(actor=ines, provider=set_up(), subject=f"{person}-at-kestrel")
    client = Client()
    assert is_refused(come_by(client, person), client)


@pytest.fixture
def forger(folder, address):
    """The provider's own program with its key, and with another's, to be bent."""
    saml_server.make_key(folder, "another")
    return {key: saml_server.provider(folder, address, portal(), key=key) for key in ("provider", "another")}


def made(forger, to: str, *, key: str = "provider", **more) -> bytes:
    return saml_server.answer_for(forger[key], asked_for(to)["SAMLRequest"], "strong", **more).encode()


def changed(answer: bytes, change) -> bytes:
    document = etree.fromstring(answer)
    change(document)
    return etree.tostring(document)


def one(document, path: str):
    [found] = document.xpath(path, namespaces=NAMES)
    return found


def without_signature(document) -> None:
    signature = one(document, "//d:Signature")
    signature.getparent().remove(signature)


def another_subject(document) -> None:
    one(document, "//a:NameID").text = "another-at-kestrel"


def wrapped(document) -> None:
    """The signed assertion is kept aside, and another stands where it is looked for."""
    signed = one(document, "/p:Response/a:Assertion")
    false = copy.deepcopy(signed)
    false.set("ID", "false")
    false.remove(one(false, "./d:Signature"))
    one(false, ".//a:NameID").text = "another-at-kestrel"
    signed.addprevious(false)


def wrapped_inside(document) -> None:
    signed = one(document, "/p:Response/a:Assertion")
    false = copy.deepcopy(signed)
    false.set("ID", "false")
    signature = one(false, "./d:Signature")
    document.replace(signed, false)
    etree.SubElement(signature, f"{{{NAMES['d']}}}Object").append(signed)


def other_destination(document) -> None:
    document.set("Destination", "https://other.example/saml/")


def other_issuer(document) -> None:
    one(document, "/p:Response/a:Issuer").text = "urn:other"


def failed(document) -> None:
    one(document, "//p:StatusCode").set("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")


@pytest.mark.parametrize(
    "change",
    [
        without_signature,
        another_subject,
        wrapped,
        wrapped_inside,
        other_destination,
        other_issuer,
        failed,
    ],
)
def test_an_answer_that_was_changed_opens_nothing(linked, forger, change):
    for subject in ("strong-at-kestrel", "another-at-kestrel"):
        ProviderLink.objects.update(subject=subject)
        client = Client()
        answer = changed(made(forger, sent_to(client)), change)
        assert is_refused(come_back(client, base64.b64encode(answer).decode()), client)


def test_a_comment_cuts_no_name_short(linked, forger):
    """A signature does not see comments: ``strong-at-kestrel<!-- -->-2`` is signed as the whole name, and read as that."""
    client = Client()
    named = saml_server.NameID(format=saml_server.NAMEID_FORMAT_PERSISTENT, text="strong-at-kestrel-2")

    def cut(document) -> None:
        name = one(document, "//a:NameID")
        comment = etree.Comment(" ")
        name.text, comment.tail = "strong-at-kestrel", "-2"
        name.append(comment)

    answer = changed(made(forger, sent_to(client), name_id=named), cut)
    assert is_refused(come_back(client, base64.b64encode(answer).decode()), client)
    ProviderLink.objects.update(subject="strong-at-kestrel-2")
    client = Client()
    answer = changed(made(forger, sent_to(client), name_id=named), cut)
    assert come_back(client, base64.b64encode(answer).decode())["Location"] == "/"


def test_an_answer_made_over_again_is_believed(linked, forger):
    """Without this, the changes above would prove nothing."""
    client = Client()
    answer = changed(made(forger, sent_to(client)), lambda document: None)
    assert come_back(client, base64.b64encode(answer).decode())["Location"] == "/"


@pytest.mark.parametrize(
    "more",
    [
        {"key": "another"},
        {"issuer": "urn:other"},
        {"sp_entity_id": "https://other.example/saml/"},
        {"destination": "https://other.example/saml/"},
        {"sign_assertion": False},
        {"sign_assertion": False, "sign_response": True},
        {"sign_alg": "http://www.w3.org/2000/09/xmldsig#rsa-sha1"},
    ],
    ids=str,
)
def test_an_answer_of_another_or_for_another_opens_nothing(linked, forger, more):
    client = Client()
    answer = made(forger, sent_to(client), **more)
    assert is_refused(come_back(client, base64.b64encode(answer).decode()), client)


def test_an_old_answer_opens_nothing(linked, forger):
    client = Client()
    to = sent_to(client)
    with time_machine.travel(clock.machine().timestamp() - 3600, tick=False):
        asked = re.sub(
            r'IssueInstant="[^"]+"', f'IssueInstant="{clock.machine():%Y-%m-%dT%H:%M:%SZ}"', question(to)
        )
        packed = OneLogin_Saml2_Utils.deflate_and_base64_encode(asked)
        answer = saml_server.answer_for(forger["provider"], packed, "strong").encode()
    assert is_refused(come_back(client, base64.b64encode(answer).decode()), client)


@pytest.mark.parametrize("inside", [None, "id-of-another-question"])
def test_the_question_is_read_where_it_is_signed(linked, forger, inside):
    """An assertion that answers nothing, or another's question, in an envelope that says it answers this browser's."""
    client, other = Client(), Client()
    mine = re.search(r'ID="([^"]+)"', question(sent_to(client)))[1]
    to = sent_to(other)
    answer = made(forger, to, in_response_to=inside)
    answer = changed(answer, lambda document: document.set("InResponseTo", mine))
    assert is_refused(come_back(client, base64.b64encode(answer).decode()), client)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "%%%",
        base64.b64encode(b"not XML").decode(),
        base64.b64encode(b"<a/>").decode(),
        base64.b64encode(b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>').decode(),
        "A" * 300_000,
    ],
    ids=["empty", "no base64", "no XML", "no answer", "an entity", "too long"],
)
def test_rubbish_is_no_fault_of_the_portal(linked, answer):
    assert Client().post(ANSWERS, {"SAMLResponse": answer}).status_code == 403


@pytest.mark.parametrize("answer", ["", "x", "W10:1abc:def"])
def test_nobody_hands_on_what_the_portal_did_not_judge(linked, answer):
    client = Client()
    assert is_refused(client.get(DONE, {"answer": answer}), client)


def test_its_doors_are_its_own(linked, set_up):
    assert Client().get(f"{PAGE}callback/").status_code == 404
    set_up(faults=("certificate is missing",))
    assert Client().post(ANSWERS, {"SAMLResponse": "x"}).status_code == 404
