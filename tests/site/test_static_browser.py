"""Static files in Chromium, with the headers that they really have: pages use them as before, by themselves they do nothing."""

import json
from urllib.parse import urlsplit

import pytest
from django.test import Client
from playwright.sync_api import Route

from portal.headers import BARE
from tests.story.conftest import chromium  # noqa: F401 - fixture

pytestmark = [pytest.mark.browser, pytest.mark.slow]
HOST = "http://localhost"
DRAWN = """async () => {
  await document.fonts.ready;
  return {
    styles: [...document.styleSheets].every((sheet) => sheet.cssRules.length > 0) && document.styleSheets.length,
    fonts: [...document.fonts].filter((font) => font.status === 'loaded').length,
    failed: [...document.fonts].filter((font) => font.status === 'error').length,
    pictures: [...document.images].filter((image) => image.naturalWidth > 0).length,
    scripts: window.ran,
  };
}"""
PAGE = """<!doctype html><title>Static files</title>
<link rel="stylesheet" href="/static/uswds/css/uswds.min.css"><link rel="stylesheet" href="/static/portal/portal.css">
<body class="portal"><h1>Marzipan</h1><b>nougat</b>
<img src="/static/uswds/img/hero.jpg" alt=""><img src="/static/uswds/img/correct8.svg" alt="">
<svg width="20" height="20"><use id="icon" href="/static/uswds/img/sprite.svg#lock"></use></svg>
<script src="/static/uswds/js/uswds.min.js"></script><script src="/static/ran.js"></script>"""
HOSTILE = """<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="document.documentElement.id = 'ran'">
<script>document.documentElement.id = 'ran'</script><image href="http://localhost/asked.png"/></svg>"""


def answer_of(path: str) -> dict:
    answer = Client().get(path)
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return {"status": answer.status_code, "headers": dict(answer.headers), "body": body}


@pytest.fixture
def window(chromium):  # noqa: F811
    """A page, what was asked for, and what the browser complained of."""
    page = chromium.new_page()
    page.asked, page.said = [], []
    page.on("console", lambda message: page.said.append(message.text))
    more = {
        "/page/": {"headers": {"Content-Type": "text/html", "Content-Security-Policy": "default-src 'self'"}, "body": PAGE},
        "/static/ran.js": {"headers": answer_of("/static/portal/keep.js")["headers"], "body": "window.ran = true"},
        "/static/hostile.svg": {"headers": answer_of("/static/uswds/img/sprite.svg")["headers"], "body": HOSTILE},
        "/frame/": {"headers": {"Content-Type": "text/html"}, "body": '<iframe src="/static/hostile.svg"></iframe>'},
    }  # fmt: skip
    for one in more.values():
        one["headers"] = {name: value for name, value in one["headers"].items() if name != "Content-Length"}

    def answered(route: Route) -> None:
        path = urlsplit(route.request.url).path
        page.asked.append(path)
        known = more.get(path) or (answer_of(path) if path.startswith("/static/") else {"status": 404})
        route.fulfill(**known)

    page.route("**/*", answered)
    yield page
    page.close()


def test_a_page_uses_style_sheets_fonts_pictures_and_scripts(window):
    window.goto(f"{HOST}/page/", wait_until="networkidle")
    drawn = window.evaluate(DRAWN)
    assert drawn.pop("fonts") > 0
    assert drawn == {"styles": 2, "failed": 0, "pictures": 2, "scripts": True}
    assert window.evaluate("document.getElementById('icon').getBBox().width") > 0
    assert window.said == []


def test_a_picture_opened_by_itself_runs_and_loads_nothing(window):
    answer = window.goto(f"{HOST}/static/hostile.svg", wait_until="load")
    assert answer.headers["content-security-policy"] == BARE
    assert window.evaluate("document.documentElement.id") == ""
    assert window.asked == ["/static/hostile.svg"]
    assert len(window.said) >= 2, json.dumps(window.said)


def test_it_stands_in_no_frame(window):
    window.goto(f"{HOST}/frame/", wait_until="load")
    assert any("frame-ancestors 'none'" in text for text in window.said), window.said
