"""Cookies and headers where people come by https, asked of a process with the settings of production; and by http."""

import os

import pytest
from django.conf import settings
from django.test import Client

from tests import factories as make
from tests.accounts.doors import code
from tests.infra.production import answered

ASK = """
page = client.get("/account/login/", secure=True)
email, password, code = sys.argv[1:]
done = client.post("/account/login/", {"login": email, "password": password}, secure=True)
second = client.post("/account/2fa/authenticate/", {"code": code}, secure=True)
client.cookies["portal_device"] = client.cookies["__Host-portal_device"].value
old = client.cookies.pop("__Host-portal_device").value
from portal.accounts.attempts import _device
known = [
    _device(type("Asked", (), {"COOKIES": {name: old}})())[0] != ""
    for name in ("portal_device", "__Host-portal_device")
]
cookies = page.cookies.copy() | done.cookies | second.cookies
print(json.dumps({
    "cookies": {
        name: [bool(one["secure"]), one["path"], one["domain"], one["samesite"], bool(one["httponly"])]
        for name, one in cookies.items()
    },
    "headers": dict(page.headers),
    "signed_in": [done.status_code, second.status_code, second["Location"]],
    "known": known,
}))
"""


@pytest.mark.slow
@pytest.mark.committed_db
def test_cookies_by_https_are_bound_to_the_host(tmp_path):
    person = make.person("Ada Viewer")
    given = {name: os.environ[name] for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")}
    # The person's secret was sealed by the tests.
    given["PORTAL_INSTRUCTIONS_KEYS"] = ",".join(settings.PORTAL_INSTRUCTIONS_KEYS)
    said = answered(tmp_path, ASK, person.email, make.PASSWORD, code(), **given)
    assert said["cookies"] == {
        "__Host-csrftoken": [True, "/", "", "Lax", True],
        "__Host-sessionid": [True, "/", "", "Lax", True],
        "__Host-portal_device": [True, "/", "", "Lax", True],
    }
    assert said["signed_in"] == [302, 302, "/"]
    # Of its earlier name nobody is known.
    assert said["known"] == [False, True]
    wanted = {
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    assert {name: said["headers"].get(name) for name in wanted} == wanted
    assert "unsafe" not in said["headers"]["Content-Security-Policy"]


@pytest.mark.django_db
def test_cookies_by_http_keep_the_names_that_browsers_take_there():
    client = Client()
    assert list(client.get("/account/login/").cookies) == ["csrftoken"]
    client.force_login(make.person("Ada Viewer"), backend="portal.accounts.backends.Backend")
    assert "sessionid" in client.cookies


BARE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize(
    ("path", "more", "status"),
    [
        ("/static/portal/portal.css", {}, 200),
        ("/static/portal/keep.js", {}, 200),
        ("/static/uswds/img/sprite.svg", {}, 200),
        ("/static/uswds/img/sprite.svg", {"HTTP_RANGE": "bytes=0-9"}, 206),
        ("/static/uswds/img/sprite.svg", {"HTTP_IF_MODIFIED_SINCE": "Fri, 31 Dec 2100 00:00:00 GMT"}, 304),
    ],
)
def test_static_files_are_kept_from_other_origins_and_do_nothing_by_themselves(path, more, status):
    answer = Client().get(path, **more)
    content = b"".join(answer.streaming_content)
    answer.close()
    assert (answer.status_code, bool(content)) == (status, status != 304)
    wanted = {
        "Content-Security-Policy": BARE,
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
    }
    assert {name: answer.headers.get(name) for name in wanted} == wanted
