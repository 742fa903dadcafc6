"""What is refused at every address before anybody looks at it: strange methods, and programs that come by http."""

import re

import pytest
from django.test import Client

from tests.infra.production import answered
from tests.matrix import addresses, headers

ALLOWED = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
OTHERS = ["/static/portal/portal.css", "/static/nowhere.css", "/nowhere/", "/api/nowhere/", "/api"]
WRONG_METHOD = {
    "type": "about:blank",
    "title": "Method Not Allowed",
    "status": 405,
    "detail": "No address of the portal takes this method.",
    "code": "method_not_allowed",
}


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND", "get_", "GETS"])
def test_a_method_that_no_door_takes_is_405_at_every_door(method):
    """No database is there for this test: whatever would look at the request fails it."""
    client = Client(headers={"Authorization": "Bearer marzipan"})
    client.cookies["sessionid"] = "marzipan"
    asked = [f"/{re.sub(r'<[^>]*>|[(].*', '1', route)}" for route in addresses.routes()]
    assert len(asked) > 300
    for path in [*asked, *OTHERS]:
        answer = client.generic(method, path)
        assert (answer.status_code, answer["Allow"]) == (405, ALLOWED), path
        assert headers.faults(answer) == [], path
        assert b"marzipan" not in answer.content
        if path.startswith("/api/"):
            assert answer.json() == WRONG_METHOD
            assert answer["Content-Type"] == "application/problem+json"
        else:
            assert answer.content == b""


BY_HTTP = """
from tests.matrix import headers
PAGES = ["/", "/account/login/", "/admin/", "/lab/", "/api/docs/", "/static/portal/portal.css", "/nowhere/"]
PROGRAMS = ["/api/v1/submissions/", "/api/v1/programme/", "/api/schema/", "/api/nowhere/", "/metrics", "/calendar/abc.ics"]
more = {"HTTP_AUTHORIZATION": "Bearer marzipan"}
def said(method, path):
    answer = getattr(client, method)(path, **more)
    return [answer.status_code, answer.get("Location") or answer.json(), headers.faults(answer)]
print(json.dumps({
    "pages": {path: [said("get", path), said("post", path)] for path in PAGES},
    "programs": {path: [said("get", path), said("post", path)] for path in PROGRAMS},
    "health": client.get("/health/live").status_code,
    "by_https": [client.get(path, secure=True, **more).status_code for path in PROGRAMS],
}))
"""
NOT_BY_HTTP = {
    "type": "about:blank",
    "title": "Forbidden",
    "status": 403,
    "detail": "Ask by https. This came by http, where others can read it: what it carried, a token say, is no secret any more.",
    "code": "https_required",
}


@pytest.mark.slow
def test_by_http_pages_are_sent_on_and_programs_are_told(tmp_path):
    said = answered(tmp_path, BY_HTTP)
    for path, answers in said["pages"].items():
        assert answers == [[301, f"https://portal.example{path}", []]] * 2
    for path, answers in said["programs"].items():
        assert answers == [[403, NOT_BY_HTTP, []]] * 2, path
    assert (len(said["pages"]), len(said["programs"])) == (7, 6)
    assert said["health"] == 200
    # By https they come through, as far as the dead database.
    assert said["by_https"] == [503] * 6
