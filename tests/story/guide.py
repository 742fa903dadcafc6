"""The pictures of docs/lab.md, docs/agency.md and docs/partner.md: which there are, and how the journeys take them.

A run of the tests puts them among its other pictures. With ``PORTAL_TEST_WRITE_GUIDE=yes`` they go where the guide shows them:
``PORTAL_TEST_WRITE_GUIDE=yes ./test tests/story/test_lab_journey.py -n0`` (or one of the other journeys), then look at each.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page

from tests.story.people import WIDE
from tests.story.stack import ROOT

TO_WRITE = os.environ.get("PORTAL_TEST_WRITE_GUIDE")


@dataclass(frozen=True, slots=True)
class Guide:
    """A text of docs and its pictures, in the order in which it shows them."""

    name: str
    pictures: tuple[str, ...]

    @property
    def text(self) -> Path:
        return ROOT / "docs" / f"{self.name}.md"

    @property
    def shown(self) -> Path:
        return ROOT / "docs" / self.name


LAB = Guide("lab", (
    "recovery-codes", "sessions", "evidence", "evaluation", "upload", "review", "receipt", "case", "question", "move-dates",
    "who", "looks", "notices", "ended",
))  # fmt: skip
AGENCY = Guide("agency", (
    "today", "case", "matching", "list", "search", "settings", "seat", "draft", "evidence", "withheld", "shared",
    "question", "designation", "events",
))  # fmt: skip
PARTNER = Guide("partner", (
    "criteria", "missing", "outcome", "wave", "accept", "grant", "report", "use", "closed-out", "finding", "published", "answers",
    "concur",
))  # fmt: skip


class Album:
    """Pictures of one journey, each taken once."""

    def __init__(self, folder: Path, guide: Guide):
        self.guide = guide
        self.folder = guide.shown if TO_WRITE else folder / guide.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.taken: list[str] = []

    def take(self, name: str, page: Page, *, top: Locator | None = None) -> None:
        """One screen of the page at the width of a desk, from its top or from ``top`` on; no key or mouse is used."""
        assert name in self.guide.pictures, name
        assert name not in self.taken, name
        assert page.viewport_size == WIDE
        if top is None:
            page.evaluate("scrollTo(0, 0)")
        else:
            top.evaluate("place => scrollTo(0, place.getBoundingClientRect().top + scrollY - 12)")
        page.screenshot(path=self.folder / f"{name}.png")
        self.taken.append(name)
