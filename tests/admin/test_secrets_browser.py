"""The page of secrets in Chromium: axe at both widths, and a browser that has nothing to say about the portal's headers."""

import pytest

from tests import factories as make
from tests.admin.desk import Desk
from tests.admin.test_axe import HOST, Window
from tests.story.conftest import chromium  # noqa: F401 - fixture

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db]
PAGE = "/admin/operations/secrets/"


@pytest.fixture(scope="module", autouse=True)
def _browser_and_database_in_one_thread():
    """Playwright keeps a loop in this thread, which Django takes for code that must not wait."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "yes")
        yield


def test_the_page_has_no_fault_at_either_width(chromium):  # noqa: F811
    window = Window(chromium)
    assert window.faults(PAGE, Desk(make.person("Sys Admin", is_superuser=True)).get(PAGE)) == []
    window.page.close()


def test_the_browser_knows_every_feature_that_pages_do_without(chromium):  # noqa: F811
    window, said = Window(chromium), []
    window.page.on("console", lambda message: said.append(message.text))
    answer = Desk().get("/account/login/")
    window.answers["/account/login/"] = {"headers": dict(answer.headers), "body": answer.content}
    window.page.goto(HOST + "/account/login/", wait_until="load")
    assert said == []
    window.page.close()
