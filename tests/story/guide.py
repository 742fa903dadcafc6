"""The pictures of docs/lab.md: which there are, and how the lab's journey takes them.

A run of the tests puts them among its other pictures. With ``PORTAL_TEST_WRITE_GUIDE=yes`` they go where the guide shows them:
``PORTAL_TEST_WRITE_GUIDE=yes ./test tests/story/test_lab_journey.py -n0``, then look at each.
"""

import os
from pathlib import Path

from playwright.sync_api import Locator, Page

from tests.story.people import WIDE
from tests.story.stack import ROOT

GUIDE, SHOWN = ROOT / "docs" / "lab.md", ROOT / "docs" / "lab"
TO_WRITE = os.environ.get("PORTAL_TEST_WRITE_GUIDE")
# In the order in which the guide shows them.
PICTURES = (
    "recovery-codes",
    "sessions",
    "evidence",
    "evaluation",
    "upload",
    "review",
    "receipt",
    "case",
    "question",
    "move-dates",
    "who",
    "looks",
    "notices",
    "ended",
)


class Album:
    """Pictures of one journey, each taken once."""

    def __init__(self, folder: Path):
        self.folder = SHOWN if TO_WRITE else folder / "guide"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.taken: list[str] = []

    def take(self, name: str, page: Page, *, top: Locator | None = None) -> None:
        """One screen of the page at the width of a desk, from its top or from ``top`` on; no key or mouse is used."""
        assert name in PICTURES, name
        assert name not in self.taken, name
        assert page.viewport_size == WIDE
        if top is None:
            page.evaluate("scrollTo(0, 0)")
        else:
            top.evaluate("place => scrollTo(0, place.getBoundingClientRect().top + scrollY - 12)")
        page.screenshot(path=self.folder / f"{name}.png")
        self.taken.append(name)
