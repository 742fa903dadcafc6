import fcntl
import os
import shutil
import subprocess
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


def furnished(tmp_path_factory) -> Path:
    """The folder of a portal that ./run brought up and that was taken down, made once for all processes of this run."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    made, making = base / "furnished", base / "furnishing"
    with (base / "furnished.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            # What a start that failed left behind.
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir()
            stack = Stack(making / "var")
            try:
                stack.start()
            finally:
                assert stack.stop() == []
            making.rename(made)
    return made / "var"


@pytest.fixture(scope="module")
def stack(tmp_path_factory) -> Iterator[Stack]:
    """The portal as ./run brings it up, from a copy of what it made before: a start anew is tests/infra/test_run.py's.

    Whatever becomes of the test, it is taken down.
    """
    stack = Stack(tmp_path_factory.mktemp("story") / "var")
    # With owners: the cluster belongs to whom it runs as.
    subprocess.run(["cp", "-a", furnished(tmp_path_factory), stack.folder], check=True)
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
