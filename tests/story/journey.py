"""What every journey on the running stack has: its people, its clock, its pictures, and its end."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.story.guide import Album, Guide
from tests.story.keyboard import Typist
from tests.story.people import Faults


class Travel:
    """The people, each signed in when first met, and where the clock stood when they set out."""

    guide: Guide

    def __init__(self, stack, browser, pictures: Path, folder: Path):
        self.stack, self.browser, self.folder = stack, browser, folder
        self.faults, self.album = Faults(pictures), Album(pictures, self.guide)
        self.begun = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        self._people: dict[str, Typist] = {}

    def who(self, email: str) -> Typist:
        if email not in self._people:
            self._people[email] = Typist(self.browser, self.stack, self.faults, email).sign_in()
        return self._people[email]

    def days(self, number: float) -> datetime:
        return self.begun + timedelta(days=number)

    def clock_at(self, days: float) -> None:
        self.stack.manage("move_clock", "--to", self.days(days).isoformat())

    def go(self, chapters: Iterable[Callable]) -> None:
        """Every chapter in turn; at the end no page had a fault, and the guide has all its pictures."""
        try:
            for chapter in chapters:
                chapter(self)
        finally:
            print(f"Pictures of {len(self.faults.looked_at)} pages: {self.faults.pictures}")
        assert self.faults.found == [], self.faults.found
        assert sorted(self.album.taken) == sorted(self.guide.pictures)
