"""Some values of a large JSON object, read without holding the rest.

An evaluation log of 200 MB is a small head and a long list of samples. This walks the text in pieces, keeps the values asked for,
counts the elements of lists, and skips what else there is by its brackets and strings alone.
"""

import json
import re
from collections.abc import Container, Iterator
from typing import Any, BinaryIO

from portal.submissions.evidence.found import Unreadable

PIECE = 1 << 20
VALUE_AT_MOST, STRING_AT_MOST, DEPTH_AT_MOST = 16 << 20, 64 << 20, 200
# A whole string, or one that the buffer cuts (its group is empty), or a bracket.
_MARK = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(")?|[{}\[\]]', re.DOTALL)
_SPACE = re.compile(rb"[ \t\r\n]*")
_SCALAR = re.compile(rb"[^\s,\]}\x00]*")
_BOM = b"\xef\xbb\xbf"
ENDS_EARLY = "The file ends in the middle: it was cut off, or its writing was not finished."
NO_JSON = "This is no JSON."


class _Text:
    """The text from a position on; ``buffer`` holds no more of it than is being looked at."""

    def __init__(self, stream: BinaryIO):
        self.stream, self.buffer, self.at, self.piece = stream, b"", 0, PIECE

    def more(self) -> bool:
        """Read on; False at the end of the file. Pieces grow while nothing can be let go, so that no text is read often."""
        read = self.stream.read(self.piece)
        self.piece = min(2 * self.piece, STRING_AT_MOST) if not self.at else PIECE
        self.buffer, self.at = self.buffer[self.at :] + read, 0
        return bool(read)

    def next(self) -> int:
        """The next character that is no space, as its code; the text stands on it."""
        while True:
            self.at = _SPACE.match(self.buffer, self.at).end()  # type: ignore[union-attr]
            if self.at < len(self.buffer):
                return self.buffer[self.at]
            if not self.more():
                raise Unreadable(ENDS_EARLY)

    def expect(self, mark: str) -> None:
        """Pass over this character, which has to come next."""
        if self.next() != ord(mark):
            raise Unreadable(NO_JSON)
        self.at += 1

    def must_read(self) -> None:
        """Read on, within what a text may be long."""
        if len(self.buffer) - self.at > STRING_AT_MOST:
            raise Unreadable("The file holds a text of more than 64 MB.")
        if not self.more():
            raise Unreadable(ENDS_EARLY)

    def string(self) -> bytes:
        """The string the text stands on, quotes included; the text stands behind it."""
        while True:
            found = _MARK.match(self.buffer, self.at)
            if found is not None and found.group(1):
                self.at = found.end()
                return found.group()
            self.must_read()

    def scalar(self) -> bytes:
        while True:
            found = _SCALAR.match(self.buffer, self.at)
            end = found.end()  # type: ignore[union-attr]
            if end < len(self.buffer):
                value, self.at = self.buffer[self.at : end], end
                return value
            if end - self.at > 1000:
                raise Unreadable(NO_JSON)
            if not self.more():
                raise Unreadable(ENDS_EARLY)


def pick(stream: BinaryIO, wanted: Container[str], counted: Container[str] = ()) -> dict[str, Any]:
    """The values of a JSON object under the names ``wanted``, and of the lists under ``counted`` how many elements they have.

    NaN and infinities are taken as Python writes them. Raises Unreadable for what is no JSON object, for one that ends early,
    and for a value asked for that is larger than 16 MB or nested deeper than 200.
    """
    text = _Text(stream)
    text.more()
    if text.buffer.startswith(_BOM):
        text.at = len(_BOM)
    found: dict[str, Any] = {}
    for name in _names(text):
        if name in counted:
            found[name] = _walk(text, None)
        elif name in wanted:
            kept: list[bytes] = []
            _walk(text, kept)
            found[name] = _loaded(b"".join(kept))
        else:
            _walk(text, None)
    return found


def _names(text: _Text) -> Iterator[Any]:
    """The names of an object in turn, the text standing on the value of each; whoever asks passes over it."""
    text.expect("{")
    if text.next() == ord("}"):
        return
    while True:
        if text.next() != ord('"'):
            raise Unreadable(NO_JSON)
        name = _loaded(text.string())
        text.expect(":")
        yield name
        if text.next() == ord("}"):
            return
        text.expect(",")


def _walk(text: _Text, kept: list[bytes] | None) -> int | None:
    """Pass over one value, keeping its text in ``kept``. How many objects lie in it, where it is a list of objects."""
    first = text.next()
    if first == ord('"'):
        value = text.string()
    elif first not in b"{[":
        value = text.scalar()
        if not value:
            raise Unreadable(NO_JSON)
    else:
        return _walk_brackets(text, kept)
    if kept is not None:
        kept.append(value)
    return None


class _Brackets:
    """What is open while a list or an object is passed over."""

    def __init__(self) -> None:
        self.open, self.elements = bytearray(), 0

    def step(self, text: _Text) -> bool:
        """Pass to behind the next bracket or string; False where the buffer ends before."""
        found = _MARK.search(text.buffer, text.at)
        if found is None:
            text.at = len(text.buffer)
            return False
        mark = found.group()[0]
        if mark == ord('"') and not found.group(1):
            text.at = found.start()
            return False
        text.at = found.end()
        if mark in b"{[":
            self.elements += len(self.open) == 1 and mark == ord("{")
            self.open.append(mark)
        elif mark in b"}]" and self.open.pop() != mark - 2:
            raise Unreadable(NO_JSON)
        if len(self.open) > DEPTH_AT_MOST:
            raise Unreadable("The file is nested deeper than any evaluation log.")
        return True


def _walk_brackets(text: _Text, kept: list[bytes] | None) -> int | None:
    is_list, brackets, size = text.buffer[text.at] == ord("["), _Brackets(), 0
    while True:
        begun = text.at
        passed = brackets.step(text)
        if kept is not None:
            kept.append(text.buffer[begun : text.at])
            size += text.at - begun
            if size > VALUE_AT_MOST:
                raise Unreadable("A part of the file that should be small is larger than 16 MB.")
        if not brackets.open:
            return brackets.elements if is_list else None
        if not passed:
            text.must_read()


def _loaded(value: bytes) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise Unreadable(NO_JSON) from error
