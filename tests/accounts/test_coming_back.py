"""A form sent after the session ended: the person signs in and is back on the form's page."""

import pytest
from django.test import Client

PAGE = "http://testserver/account/member/x/"


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        (PAGE, "%2Faccount%2Fmember%2Fx%2F"),
        ("http://elsewhere.invalid/account/", "%2F"),
        ("", "%2F"),
        ("http://testserver", "%2F"),
    ],
)
@pytest.mark.django_db
def test_a_form_leads_back_to_its_page(referer, back):
    answer = Client().post("/notices/read/", headers={"referer": referer} if referer else {})
    assert (answer.status_code, answer["Location"]) == (303, f"/account/login/?next={back}")


@pytest.mark.django_db
def test_a_page_leads_back_to_itself():
    assert Client().get("/notices/")["Location"] == "/account/login/?next=/notices/"


@pytest.mark.django_db
def test_an_outdated_form_says_how_nothing_is_lost():
    answer = Client(enforce_csrf_checks=True).post("/notices/read/")
    assert answer.status_code == 403
    assert "Please send it again" in answer.content.decode()
    assert "data-interrupted" in answer.content.decode()
