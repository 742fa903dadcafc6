"""Cookies and headers where people come by https, asked of a process with the settings of production; and by http."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

from tests import factories as make
from tests.infra.test_fitness import FIT

ROOT = Path(__file__).resolve().parents[2]
# The tests hash passwords quickly, and collect no static files; all else is production's.
AS_TESTS_HASH = """
from portal.settings import *
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
"""
ASK = """
import json, sys
import django
django.setup()
from django.test import Client
client = Client(HTTP_HOST="portal.example")
page = client.get("/account/login/", secure=True)
email, password = sys.argv[1:]
done = client.post("/account/login/", {"login": email, "password": password}, secure=True)
plain = client.get("/account/login/", secure=False)
cookies = page.cookies.copy() | done.cookies
print(json.dumps({
    "cookies": {
        name: [bool(one["secure"]), one["path"], one["domain"], one["samesite"], bool(one["httponly"])]
        for name, one in cookies.items()
    },
    "headers": dict(page.headers),
    "plain": [plain.status_code, plain["Location"]],
    "signed_in": done.status_code,
}))
"""


@pytest.mark.slow
@pytest.mark.committed_db
def test_cookies_by_https_are_bound_to_the_host(tmp_path):
    person = make.person("Ada Viewer", second_factor=False)
    (tmp_path / "static").mkdir()
    servers = {name: os.environ[name] for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")}
    environment = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "portal.settings"} | FIT | servers
    (tmp_path / "as_tests_hash.py").write_text(AS_TESTS_HASH)
    environment |= {
        "PORTAL_VAR": str(tmp_path),
        "PYTHONPATH": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "as_tests_hash",
    }
    done = subprocess.run(
        [sys.executable, "-c", ASK, person.email, make.PASSWORD],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["cookies"] == {
        "__Host-csrftoken": [True, "/", "", "Lax", True],
        "__Host-sessionid": [True, "/", "", "Lax", True],
    }
    assert said["signed_in"] == 302
    assert said["plain"] == [301, "https://portal.example/account/login/"]
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


def test_style_sheets_and_scripts_are_kept_from_other_origins():
    answer = Client().get("/static/portal/portal.css")
    assert b"".join(answer.streaming_content)
    answer.close()
    assert answer.status_code == 200
    wanted = {
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
    }
    assert {name: answer.headers.get(name) for name in wanted} == wanted
