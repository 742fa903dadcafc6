"""While the database is dead every address says so with all the headers of any answer, whichever layer noticed."""

import pytest

from tests.infra.production import answered

ASK = """
from contextlib import nullcontext
from django.test import override_settings
from tests.matrix import headers

def said(answer):
    # Over https, so HSTS too; what the others are is asked as of any address.
    wrong = headers.faults(answer)
    if answer.headers.get("Strict-Transport-Security") != "max-age=31536000; includeSubDomains":
        wrong.append("Strict-Transport-Security")
    return [answer.status_code, answer.headers.get("Retry-After"), wrong]

session = {"HTTP_COOKIE": "__Host-sessionid=" + 32 * "a"}
token = {"HTTP_AUTHORIZATION": "Bearer " + 64 * "a"}
asked = {
    "a view": ("get", "/account/login/", {}),
    "a form": ("post", "/account/login/", {}),
    "the session": ("get", "/lab/", session),
    "the session's person on the workbench": ("get", "/admin/", session),
    "a token": ("get", "/api/v1/submissions/", token),
    "a session at the API": ("post", "/api/v1/submissions/", session),
    "the movable clock": ("get", "/", {}),
}
answers = {}
for name, (method, path, more) in asked.items():
    with override_settings(PORTAL_CLOCK_MOVABLE=True) if "clock" in name else nullcontext():
        answers[name] = getattr(client, method)(path, secure=True, **more)
print(json.dumps({
    "said": {name: said(answer) for name, answer in answers.items()},
    "problem": answers["a token"].json(),
    "page": answers["a view"].content.decode(),
    "static": said(client.get("/static/portal/nowhere.css", secure=True)),
    "live": client.get("/health/live", secure=True).status_code,
    "ready": said(client.get("/health/ready", secure=True)),
}))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    return answered(tmp_path_factory.mktemp("away"), ASK)


@pytest.mark.slow
def test_each_layer_that_notices_answers_503_with_all_headers(said):
    assert said["said"] == {
        "a view": [503, "5", []],
        "a form": [503, "5", []],
        "the session": [503, "5", []],
        "the session's person on the workbench": [503, "5", []],
        "a token": [503, "5", []],
        "a session at the API": [503, "5", []],
        "the movable clock": [503, "5", []],
    }
    assert said["live"] == 200
    assert said["ready"] == [503, None, []]


@pytest.mark.slow
def test_a_program_is_told_in_the_shape_of_all_problems(said):
    assert said["problem"] == {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "The portal is briefly unavailable; nothing of this request was stored.",
        "code": "unavailable",
    }


@pytest.mark.slow
def test_the_page_needs_no_style_or_script_of_its_own(said):
    assert "<h1>The portal is briefly unavailable</h1>" in said["page"]
    assert [word for word in ("<style", "style=", "<script", "onclick") if word in said["page"]] == []
