"""The web server's access log names no address that is a secret."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from gunicorn.config import Config

from portal.access_log import AccessLogger
from portal.stack.programs import ACCESS_FORMAT, commands


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("/calendar/abc_-DEF.ics", "/calendar/..."),
        ("/notices/unsubscribe/abc.def/", "/notices/unsubscribe/.../"),
        ("/account/password/reset/key/2abc-def/", "/account/password/reset/key/.../"),
        ("/notices/calendar/revoke/", "/notices/calendar/revoke/"),
        ("/a\nFORGED\x1b[0m", "/a?FORGED?[0m"),
    ],
)
def test_a_line_names_the_path_without_its_secret(path, written):
    environ = {"REQUEST_METHOD": "GET", "RAW_URI": path, "PATH_INFO": path, "SERVER_PROTOCOL": "HTTP/1.1"}
    answer = SimpleNamespace(status="200 OK", sent=1, headers=[])
    atoms = AccessLogger(Config()).atoms(
        answer, SimpleNamespace(headers=[]), environ, timedelta(microseconds=5)
    )
    assert (ACCESS_FORMAT % atoms).endswith(f'"GET {written}" 200 1 5us')
    assert path == written or path not in str([atoms[name] for name in "Ur"])


def test_the_web_server_uses_it(tmp_path):
    web = commands({}, 8000, tmp_path)["web"]
    assert web[web.index("--logger-class") + 1] == f"{AccessLogger.__module__}.{AccessLogger.__name__}"
