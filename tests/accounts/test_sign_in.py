"""Signing in: password and second factor, nothing less; no answer that tells who has an account."""

import re

import pytest
from django.core import mail
from django.test import Client

from portal.accounts.models import Kind, Role
from portal.deadlines import delivery
from portal.ledger.models import Event
from tests import factories
from tests.accounts.doors import code, is_signed_in, reauthenticate, sign_in
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return factories.member(factories.lab(), Role.ADMIN, "Ada")


def form_errors(response) -> list[str]:
    return response.context["form"].non_field_errors() if response.context else []


def test_password_then_code_signs_in_and_is_on_record(ada):
    client = Client()
    after_password = client.post("/account/login/", {"login": ada.email.upper(), "password": PASSWORD})
    assert after_password["Location"] == "/account/2fa/authenticate/"
    assert not is_signed_in(client)
    after_code = client.post("/account/2fa/authenticate/", {"code": code()})
    assert after_code["Location"] == "/"
    assert is_signed_in(client)
    assert list(Event.objects.values_list("verb", "actor", "subject_id", "data")) == [
        ("signed_in", ada.pk, ada.pk, {"factors": ["password", "totp"]})
    ]


def test_the_page_one_came_for_follows_sign_in(ada):
    client = Client()
    assert client.get("/notices/")["Location"] == "/account/login/?next=/notices/"
    client.post("/account/login/", {"login": ada.email, "password": PASSWORD, "next": "/notices/"})
    assert client.post("/account/2fa/authenticate/", {"code": code()})["Location"] == "/notices/"


def test_another_site_is_no_page_to_go_to(ada):
    client = Client()
    client.post(
        "/account/login/", {"login": ada.email, "password": PASSWORD, "next": "https://evil.invalid/"}
    )
    assert client.post("/account/2fa/authenticate/", {"code": code()})["Location"] == "/"


def test_wrong_code_does_not_sign_in_and_keeps_the_stage(ada):
    client = Client()
    client.post("/account/login/", {"login": ada.email, "password": PASSWORD})
    wrong = client.post("/account/2fa/authenticate/", {"code": "000000"})
    assert wrong.context["form"].errors["code"] == [
        "This code is not right. Codes change every 30 seconds, and each works once."
    ]
    assert not is_signed_in(client)


def test_a_code_works_once(ada):
    digits = code()
    assert is_signed_in(sign_in(ada, digits=digits))
    assert not is_signed_in(sign_in(ada, digits=digits))


def test_wrong_password_and_unknown_address_get_the_same_answer(ada):
    answers = [
        Client().post("/account/login/", {"login": login, "password": "not the one at all"})
        for login in (ada.email, "nobody@example.invalid")
    ]
    assert [(r.status_code, form_errors(r)) for r in answers] == [
        (200, ["This address and password do not go together."])
    ] * 2


def test_five_wrong_passwords_lock_the_address_for_a_while(ada):
    client = Client()
    for _ in range(5):
        client.post("/account/login/", {"login": ada.email, "password": "not the one at all"})
    locked = client.post("/account/login/", {"login": ada.email, "password": PASSWORD})
    assert form_errors(locked) == ["Too many attempts. Wait a few minutes, then try again."]


def test_a_closed_account_does_not_open(ada):
    ada.is_active = False
    ada.save()
    assert not is_signed_in(sign_in(ada))


def test_there_is_no_sign_up():
    page = Client().post(
        "/account/signup/", {"email": "new@example.invalid", "password1": PASSWORD, "password2": PASSWORD}
    )
    assert page.status_code == 200
    assert "There is no sign-up" in page.content.decode()


@pytest.mark.parametrize("path", ["/account/email/", "/account/password/set/", "/account/confirm-email/"])
def test_doors_of_the_package_that_the_portal_does_not_use_are_shut(path, ada):
    client = sign_in(ada)
    assert client.get(path).status_code in (302, 404)
    assert client.post(path, {"action_add": "1", "email": "other@example.invalid"}).status_code in (302, 404)
    ada.refresh_from_db()
    assert ada.email.startswith("person")


# --- a lost password ----------------------------------------------------------------------------------------------------


def test_lost_password_answers_alike_and_mails_only_a_real_account(ada):
    answers = [
        Client().post("/account/password/reset/", {"email": email}, follow=True)
        for email in (ada.email, "nobody@example.invalid")
    ]
    pages = [re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", r.content.decode()) for r in answers]
    assert pages[0] == pages[1]
    assert delivery.deliver_due() == 1
    assert [message.to for message in mail.outbox] == [[ada.email]]


def test_the_mailed_link_sets_a_password_once_and_ends_every_session(ada, settings):
    earlier = sign_in(ada)
    Client().post("/account/password/reset/", {"email": ada.email})
    delivery.deliver_due()
    link = re.search(rf"{settings.PORTAL_BASE_URL}(\S+key/\S+)", mail.outbox[-1].body)[1]
    client = Client()
    form = client.get(link)["Location"]
    new = "four words nobody knows"
    client.post(form, {"password1": new, "password2": new})
    assert not is_signed_in(earlier)
    assert is_signed_in(sign_in(ada, password=new, digits=code(steps=1)))
    assert "no longer valid" in Client().get(link).content.decode()


def test_a_link_that_opens_an_account_is_in_the_mail_and_in_no_row(ada):
    Client().post("/account/password/reset/", {"email": ada.email})
    delivery.deliver_due()
    assert "/account/password/reset/key/" in mail.outbox[-1].body
    assert list(ada.notices.values_list("kind", "link")) == [("password_asked", "/account/")]


def test_a_weak_password_is_refused_beside_the_field(ada, settings):
    Client().post("/account/password/reset/", {"email": ada.email})
    delivery.deliver_due()
    link = re.search(rf"{settings.PORTAL_BASE_URL}(\S+key/\S+)", mail.outbox[-1].body)[1]
    client = Client()
    form = client.get(link)["Location"]
    errors = client.post(form, {"password1": "short", "password2": "short"}).context["form"].errors
    assert list(errors) == ["password1"]


def test_changing_the_password_ends_the_other_sessions_only(ada):
    other, mine = sign_in(ada), sign_in(ada, digits=code(steps=1))
    new = "four words nobody knows"
    mine.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert (is_signed_in(mine), is_signed_in(other)) == (True, False)
    assert list(ada.notices.values_list("kind", flat=True)) == ["sign_in_changed"]


# --- the same door for everyone -------------------------------------------------------------------------------------------


def test_the_admin_is_entered_by_the_same_door():
    agent = factories.member(factories.agency(), Role.REVIEWER)
    client = Client()
    assert client.get("/admin/")["Location"].endswith("/admin/login/?next=/admin/")
    assert client.get("/admin/login/?next=/admin/")["Location"] == "/account/login/?next=/admin/"
    assert sign_in(agent).get("/admin/").status_code == 200


@pytest.mark.parametrize("kind", [Kind.LAB, Kind.PARTNER])
def test_the_admin_is_not_there_for_others(kind):
    member = factories.member(factories.organisation(kind), Role.ADMIN)
    assert sign_in(member).get("/admin/").status_code == 404


def test_enrolling_asks_for_the_password_again(ada):
    client = sign_in(ada)
    assert client.get("/account/2fa/webauthn/add/")["Location"].startswith("/account/reauthenticate/")
    reauthenticate(client)
    assert client.get("/account/2fa/webauthn/add/").status_code == 200
