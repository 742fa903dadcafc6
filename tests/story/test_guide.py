"""The guide for labs shows the pictures that the lab's journey takes, all of them and no others."""

import re
import struct

from tests.story.guide import GUIDE, PICTURES, SHOWN
from tests.story.people import WIDE

SHOWN_AS = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")


def size_of(picture: bytes) -> tuple[int, int]:
    """Width and height of a PNG, from its first chunk."""
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert picture[12:16] == b"IHDR"
    return struct.unpack(">II", picture[16:24])


def test_the_guide_shows_what_the_journey_takes_and_says_what_each_shows():
    shown = SHOWN_AS.findall(GUIDE.read_text())
    assert [place for _, place in shown] == [f"lab/{name}.png" for name in PICTURES]
    # Words for who does not see them: a sentence each, and not the same one twice.
    assert [words for words, _ in shown if len(words.split()) < 8 or not words.endswith(".")] == []
    assert len({words for words, _ in shown}) == len(PICTURES)


def test_each_is_there_as_one_screen_of_a_desk_and_all_are_small():
    files = {path.name: path.read_bytes() for path in SHOWN.iterdir()}
    assert set(files) == {f"{name}.png" for name in PICTURES}
    assert {size_of(picture) for picture in files.values()} == {(WIDE["width"], WIDE["height"])}
    assert sum(map(len, files.values())) < 1_500_000
