"""Each guide shows the pictures that its journey takes, all of them and no others."""

import re
import struct

import pytest

from tests.story.guide import AGENCY, LAB, PARTNER, Guide
from tests.story.people import WIDE

pytestmark = pytest.mark.parametrize("guide", [LAB, AGENCY, PARTNER], ids=lambda guide: guide.name)
SHOWN_AS = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")


def size_of(picture: bytes) -> tuple[int, int]:
    """Width and height of a PNG, from its first chunk."""
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert picture[12:16] == b"IHDR"
    return struct.unpack(">II", picture[16:24])


def test_the_guide_shows_what_the_journey_takes_and_says_what_each_shows(guide: Guide):
    shown = SHOWN_AS.findall(guide.text.read_text())
    assert [place for _, place in shown] == [f"{guide.name}/{name}.png" for name in guide.pictures]
    # Words for who does not see them: a sentence each, and not the same one twice.
    assert [words for words, _ in shown if len(words.split()) < 8 or not words.endswith(".")] == []
    assert len({words for words, _ in shown}) == len(guide.pictures)


def test_each_is_there_as_one_screen_of_a_desk_and_all_are_small(guide: Guide):
    files = {path.name: path.read_bytes() for path in guide.shown.iterdir()}
    assert set(files) == {f"{name}.png" for name in guide.pictures}
    assert {size_of(picture) for picture in files.values()} == {(WIDE["width"], WIDE["height"])}
    assert max(map(len, files.values())) < 150_000
    assert sum(map(len, files.values())) < 1_600_000
