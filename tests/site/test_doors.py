"""How a web door turns an action's refusal into words on the page."""

import pytest
from django import forms
from django.contrib.messages import get_messages
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.test import RequestFactory

from portal import doors
from portal.accounts.models import User
from portal.errors import AlreadyDone, Invalid, NotAllowed, Stale
from tests import factories


class NameForm(forms.Form):
    name = forms.CharField()


def bound() -> NameForm:
    form = NameForm({"name": "what was typed"})
    assert form.is_valid()
    return form


def refusing(error):
    def call():
        raise error

    return call


def test_success_returns_the_result():
    form = bound()
    assert doors.attempt(None, form, lambda: 7) == 7
    assert form.is_valid()


def test_a_refusal_stands_beside_its_field_and_keeps_the_text():
    form = bound()
    assert doors.attempt(None, form, refusing(Invalid("Too short.", field="name"))) is None
    assert (dict(form.errors), form.data["name"]) == ({"name": ["Too short."]}, "what was typed")


def test_a_refusal_about_no_field_stands_above():
    form = bound()
    doors.attempt(None, form, refusing(Invalid("Not now.", field="elsewhere")))
    assert form.non_field_errors() == ["Not now."]


def test_what_changed_meanwhile_is_listed():
    form = bound()
    doors.attempt(None, form, refusing(Stale("Changed.", changes=["14 Sep: moved dates"])))
    assert form.non_field_errors() == ["Changed.", "14 Sep: moved dates"]


@pytest.fixture
def request_():
    request = RequestFactory().post("/")
    SessionMiddleware(lambda r: None).process_request(request)
    MessageMiddleware(lambda r: None).process_request(request)
    return request


@pytest.mark.parametrize(
    ("call", "level", "text"),
    [
        (lambda: None, "success", "Done."),
        (refusing(AlreadyDone("Done before.")), "info", "Done before."),
        (refusing(NotAllowed("Not yours.")), "error", "Not yours."),
        (refusing(Stale("Changed.", changes=["a", "b"])), "error", "Changed. a b"),
    ],
)
def test_a_button_says_what_came_of_it(request_, call, level, text):
    answer = doors.verb_post(request_, call, done="Done.", back="/notices/")
    assert (answer.status_code, answer["Location"]) == (303, "/notices/")
    assert [(m.level_tag, m.message) for m in get_messages(request_)] == [(level, text)]


@pytest.mark.parametrize(
    ("wanted", "got"),
    [
        ("/lab/", "/lab/"),
        ("https://evil.invalid/", "/"),
        ("//evil.invalid/", "/"),
        ("javascript:x", "/"),
        ("", "/"),
    ],
)
def test_back_stays_within_the_portal(wanted, got):
    assert doors.back_or(RequestFactory().get("/", {"next": wanted}), "/") == got


@pytest.mark.django_db
def test_pages_count_no_further_than_their_limit(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(doors.CappedPaginator, "LIMIT", 3)
    for _ in range(5):
        factories.person(second_factor=False)
    request = RequestFactory().get("/", {"page": "99"})
    with django_assert_num_queries(2):
        page = doors.page_of(request, User.objects.order_by("name"), size=2)
        people = list(page)
    assert (page.number, len(people), page.paginator.is_capped) == (2, 2, True)
    assert doors.page_of(RequestFactory().get("/", {"page": "x"}), User.objects.all(), size=2).number == 1
