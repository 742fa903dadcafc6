import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.story.people import ARGUMENTS, CHROMIUM
from tests.story.stack import Stack


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.fail("There is no Chromium on this machine (on Debian: apt-get install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def stack(tmp_path_factory) -> Iterator[Stack]:
    """The portal as ./run brings it up. Whatever becomes of the test, it is taken down."""
    stack = Stack(tmp_path_factory.mktemp("story") / "var")
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    """Where the pages passed are kept for human eyes, at both widths."""
    folder = Path(os.environ.get("PORTAL_TEST_STORY_PICTURES") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
