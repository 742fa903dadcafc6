"""axe on every page of the workbench, change forms and steps included, for each kind of person that matters.

The pages are those of the access matrix: every GET address from the URLconf, filled in from its world. Each is
answered by Django in this process, in the test's transaction, and shown by Chromium; no server runs.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from axe_playwright_python.sync_playwright import Axe
from django.contrib.staticfiles import finders
from django.http import HttpResponseBase
from playwright.sync_api import Browser, Page, Route

from tests.admin.desk import Desk
from tests.matrix import world as worlds
from tests.matrix.addresses import address, routes
from tests.story.conftest import chromium  # noqa: F401 - fixture
from tests.story.people import NARROW, WIDE

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ROLES = ("coordinator", "reviewer", "auditor", "superuser")
# Pages each of them opens at least: a role that is let in nowhere would have no fault.
AT_LEAST = {"coordinator": 120, "reviewer": 45, "auditor": 75, "superuser": 30}
HOST = "http://localhost"
_SIDEWAYS = "document.documentElement.scrollWidth"


class Window:
    """A browser's page that shows what the portal answers to one person.

    What answers the browser runs beside the test, without its transaction: so it has the pages from here, and reads files alone.
    """

    def __init__(self, browser: Browser):
        self.page, self.axe = browser.new_page(viewport=WIDE), Axe()
        self.answers: dict[str, dict[str, Any]] = {}
        self.page.route("**/*", self._answer)

    def _answer(self, route: Route) -> None:
        path = urlsplit(route.request.url).path
        if path.startswith("/static/"):
            route.fulfill(path=finders.find(path.removeprefix("/static/")))
        else:
            route.fulfill(**self.answers.get(path, {"status": 404}))

    def faults(self, path: str, answer: HttpResponseBase) -> list[str]:
        """What is wrong with a page: by axe at the width of a desk, and whether it scrolls sideways at that of a phone."""
        self.answers[path] = {"headers": dict(answer.headers), "body": answer.content}
        self.page.set_viewport_size(WIDE)
        self.page.goto(HOST + path, wait_until="load")
        found = violations(self.page, self.axe)
        self.page.set_viewport_size(NARROW)
        if (width := self.page.evaluate(_SIDEWAYS)) > NARROW["width"]:
            found.append(f"scrolls sideways at 320 px: {width} px wide")
        return found


def violations(page: Page, axe: Axe) -> list[str]:
    return [
        f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:160]}"
        for one in axe.run(page).response["violations"]
    ]


def pages(world, role: str) -> Iterator[tuple[str, HttpResponseBase]]:
    """The address of each page of the workbench that this person is shown, and the answer."""
    desk = Desk(world.people[role])
    for route in dict.fromkeys(routes()):
        if route.startswith("admin/") and route not in ("admin/logout/", "admin/jsi18n/"):
            answer = desk.get(address(route, world))
            if answer.status_code in (200, 409) and answer["Content-Type"].startswith("text/html"):
                yield address(route, world), answer


@pytest.fixture(scope="module", autouse=True)
def _browser_and_database_in_one_thread():
    """Playwright keeps a loop in this thread, which Django takes for code that must not wait."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "yes")
        yield


@pytest.fixture
def world(db):
    made = worlds.build()
    with time_machine.travel(worlds.AT, tick=True):
        yield made


@pytest.mark.parametrize("role", ROLES)
def test_no_page_of_the_workbench_has_a_fault(world, chromium, role):  # noqa: F811
    window = Window(chromium)
    shown = dict(pages(world, role))
    found = {path: faults for path, answer in shown.items() if (faults := window.faults(path, answer))}
    window.page.close()
    assert found == {}
    assert len(shown) >= AT_LEAST[role]


def test_a_fault_is_noticed(world, chromium):  # noqa: F811
    """A field without a label and a thing wider than a phone, put into a page that has neither."""
    window = Window(chromium)
    path = address("admin/submissions/submission/", world)
    answer = Desk(world.people["coordinator"]).get(path)
    assert window.faults(path, answer) == []
    fault = b'<input><canvas width="900"></canvas></main>'
    answer.content = answer.content.replace(b"</main>", fault)
    unlabelled, sideways = window.faults(path, answer)
    window.page.close()
    assert unlabelled.startswith("label: ")
    assert sideways.startswith("scrolls sideways at 320 px: ")
