"""What the API answers to who is nobody, to what it cannot read, and to a portal in trouble."""

from datetime import timedelta
from http import HTTPStatus

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError
from django.test import Client, override_settings
from knox.models import get_token_model

from portal.api import problem as problems
from tests import factories as make
from tests.api.calls import NOT_FOUND, Caller, problem, refused

pytestmark = pytest.mark.django_db

NO_TOKEN = problem(401, "Unauthorized", "not_authenticated", "Authentication credentials were not provided.")
BAD_TOKEN = problem(401, "Unauthorized", "authentication_failed", "Invalid token.")


def test_without_a_token_every_collection_is_401_and_says_how_to_sign_in():
    for path in ("", "submissions/", "documents/", "deadlines/", "events/"):
        answer = Caller().get(path)
        refused(answer, NO_TOKEN)
        assert answer["WWW-Authenticate"] == "Bearer"
    answer = Caller().post("submissions/", "not json")
    refused(answer, NO_TOKEN)


@pytest.mark.parametrize("token", ["x", "a" * 64, "f" * 5000, "caf\xe9" * 10, "a b c", "é" * 30, "'" * 40])
def test_a_wrong_token_is_401(token):
    answer = Client().get("/api/v1/submissions/", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.json()["code"] == "authentication_failed"


def test_an_expired_token_and_a_closed_account_read_the_same():
    user = make.coordinator()
    caller = Caller(user)
    assert caller.get("submissions/").status_code == 200
    _, old = get_token_model().objects.create(user, expiry=timedelta(seconds=-1))
    refused(Caller(token=old).get("submissions/"), BAD_TOKEN)
    user.is_active = False
    user.save()
    refused(caller.get("submissions/"), BAD_TOKEN)


def test_a_token_is_not_kept_in_clear():
    user = make.coordinator()
    kept, token = get_token_model().objects.create(user)
    assert token not in (kept.digest, kept.token_key)
    assert len(kept.digest) == 128
    assert kept.expiry - kept.created == timedelta(days=90)


@pytest.mark.parametrize(
    "path", ["", "v1", "v2/", "v1/nothing/", "v1/submissions", "v1/submissions/a/b/c/", "docs"]
)
def test_an_address_that_is_none_is_a_problem_too(path):
    client = Client(enforce_csrf_checks=True)
    for method in (client.get, client.post, client.delete):
        refused(method(f"/api/{path}"), NOT_FOUND)


@pytest.mark.parametrize("method", ["put", "delete", "options"])
def test_a_method_that_is_not_offered_is_405(method):
    caller = Caller(make.coordinator())
    answer = getattr(caller.client, method)("/api/v1/submissions/", headers=caller.headers)
    words = f'Method "{method.upper()}" not allowed.'
    refused(answer, problem(405, "Method Not Allowed", "method_not_allowed", words))


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (
            "{",
            "JSON parse error - Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        ("nonsense", "JSON parse error - Expecting value: line 1 column 1 (char 0)"),
        (
            b"\xff\xfe",
            "JSON parse error - 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
        ),
        ("[" * 100_000, "The body is nested too deeply."),
        ('{"a": NaN}', "JSON parse error - Out of range float values are not JSON compliant: 'NaN'"),
    ],
)
def test_a_body_that_is_no_json_is_400(body, detail):
    user = make.Case(make.draft).contributor
    refused(Caller(user).post("submissions/", body), problem(400, "Bad Request", "parse_error", detail))


@pytest.mark.parametrize("body", ["[]", '"text"', "1", "null", "true"])
def test_a_body_that_is_no_object_is_400(body):
    user = make.Case(make.draft).contributor
    answer = Caller(user).post("submissions/", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_half_a_surrogate_pair_is_told_back_without_harm():
    user = make.Case(make.draft).contributor
    caller = Caller(user)
    answer = caller.post("submissions/", r'{"\ud800": 1}')
    refused(
        answer,
        problem(
            400,
            "Bad Request",
            "invalid",
            "Some of the values are not right.",
            errors={"?": ["There is no such field."]},
        ),
    )
    answer = caller.post("submissions/", r'{"facts": {"summary": "\ud800", "access_mode": "\ud800"}}')
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"facts.summary", "facts.access_mode"}


def test_a_type_that_is_not_taken_is_415():
    user = make.Case(make.draft).contributor
    answer = Caller(user).post("submissions/", "<a/>", content_type="application/xml")
    words = 'Unsupported media type "application/xml" in request.'
    refused(answer, problem(415, "Unsupported Media Type", "unsupported_media_type", words))


def test_a_huge_body_is_413():
    user = make.Case(make.draft).contributor
    answer = Caller(user).post("submissions/", " " * (5 * 1024 * 1024 + 1))
    # Python names the status by RFC 7231 before 3.13, by RFC 9110 after.
    title = HTTPStatus(413).phrase
    refused(answer, problem(413, title, "too_large", "The body is too large."))


@override_settings(PORTAL_API_WRITES_PER_MINUTE=2)
def test_too_many_writes_are_429_and_reads_go_on():
    case = make.Case(make.submitted)
    caller = Caller(case.contributor)
    for _ in range(2):
        assert caller.post("submissions/", {}).status_code == 201
    answer = caller.post("submissions/", {})
    refused(
        answer,
        problem(
            429, "Too Many Requests", "throttled", "Request was throttled. Expected available in 60 seconds."
        ),
    )
    assert answer["Retry-After"] == "60"
    assert caller.get("submissions/").status_code == 200
    assert Caller(case.coordinator).post(f"submissions/{case.submission.pk}/acknowledge/").status_code == 200


def test_a_session_without_the_forms_secret_cannot_write():
    user = make.Case(make.draft).contributor
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    assert client.get("/api/v1/submissions/").status_code == 200
    answer = client.post("/api/v1/submissions/", "{}", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


class _Caused(Exception):  # noqa: N818
    def __init__(self, sqlstate):
        self.sqlstate = sqlstate


def _caused(kind, sqlstate):
    error = kind("words of the database")
    error.__cause__ = _Caused(sqlstate)
    return error


def test_what_the_database_refuses_is_a_409_without_its_words():
    answer = problems.handler(_caused(IntegrityError, "23514"), {})
    words = "The change contradicts what is recorded, so nothing was done."
    assert answer.data == problem(409, "Conflict", "conflict", words)
    answer = problems.handler(_caused(OperationalError, "40P01"), {})
    words = "Somebody else works on the same thing at this moment. Ask again."
    assert answer.data == problem(409, "Conflict", "busy", words)


def test_a_fault_and_a_dead_database_are_left_to_the_portal():
    assert problems.handler(RuntimeError(), {}) is None
    assert problems.handler(_caused(OperationalError, "57P01"), {}) is None
    assert problems.handler(_caused(DatabaseError, "XX000"), {}) is None


def test_a_dead_database_is_a_503_problem(monkeypatch):
    from portal.submissions.querysets import SubmissionQuerySet

    def dead(*args, **kwargs):
        raise _caused(OperationalError, "57P01")

    caller = Caller(make.coordinator())
    caller.client.raise_request_exception = False
    monkeypatch.setattr(SubmissionQuerySet, "visible_to", dead)
    refused(
        caller.get("submissions/"),
        problem(
            503,
            "Service Unavailable",
            "unavailable",
            "The portal is briefly unavailable; nothing of this request was stored.",
        ),
    )


def test_a_fault_is_a_500_problem_that_tells_nothing(monkeypatch):
    from portal.submissions.querysets import SubmissionQuerySet

    def broken(*args, **kwargs):
        raise RuntimeError("marzipan")

    caller = Caller(make.coordinator())
    caller.client.raise_request_exception = False
    monkeypatch.setattr(SubmissionQuerySet, "visible_to", broken)
    words = "The portal failed to answer. Nothing of this request was stored."
    refused(caller.get("submissions/"), problem(500, "Internal Server Error", "fault", words))
