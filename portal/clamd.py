"""A small client of clamd: a file is streamed to it (INSTREAM), and it says what it knows. Nothing else of it is used.

Source: the protocol as clamd's manual page has it. Bounded in time as a whole, so that a slow or silent clamd holds nobody.
"""

import re
import socket
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

SECONDS = 120.0
LONGEST_ANSWER = 4096
_PIECE = struct.Struct(">I")


class ScanFailed(Exception):  # noqa: N818 (it is an answer, not a fault)
    """clamd could not be asked, or gave no verdict; the message says why, for people."""


class TooLarge(ScanFailed):
    """The file is larger than clamd takes: asking again is no use."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """``found`` is the name of what was found, empty where nothing known was; ``signatures`` of when its knowledge is."""

    found: str
    signatures: str


def scan(url: str, pieces: Iterable[bytes], *, seconds: float = SECONDS) -> Verdict:
    """What clamd at ``tcp://host:port`` or ``unix:///path`` says of a file. Raises ScanFailed."""
    until = time.monotonic() + seconds
    try:
        answer = _stream(url, pieces, until)
        return Verdict(_verdict(answer), _signatures(_ask(url, b"zVERSION\0", until)))
    except TimeoutError as error:
        raise ScanFailed("The scanner took too long.") from error
    except OSError as error:
        raise ScanFailed("The scanner cannot be reached.") from error


def _verdict(answer: str) -> str:
    if answer == "stream: OK":
        return ""
    if answer.startswith("stream: ") and answer.endswith(" FOUND"):
        return answer.removeprefix("stream: ").removesuffix(" FOUND")[:100]
    if "size limit" in answer:
        raise TooLarge("The file is larger than the scanner takes.")
    raise ScanFailed("The scanner gave no verdict.")


def _signatures(answer: str) -> str:
    """The date in ``ClamAV 1.4.2/27400/Mon Sep 14 08:00:00 2026``."""
    found = re.fullmatch(r"ClamAV [^/]*/\d+/([\w :]{8,40})", answer)
    return found[1] if found else "an unknown date"


def _connect(url: str, until: float) -> socket.socket:
    parts = urlsplit(url)
    if parts.scheme == "unix":
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(_left(until))
            connection.connect(unquote(parts.path))
        except BaseException:
            connection.close()
            raise
        return connection
    return socket.create_connection((parts.hostname or "localhost", parts.port or 3310), timeout=_left(until))


def _stream(url: str, pieces: Iterable[bytes], until: float) -> str:
    with _connect(url, until) as connection:
        try:
            connection.sendall(b"zINSTREAM\0")
            for piece in pieces:
                connection.settimeout(_left(until))
                connection.sendall(_PIECE.pack(len(piece)) + piece)
            connection.sendall(_PIECE.pack(0))
        except (BrokenPipeError, ConnectionResetError):
            # It stops reading where a file is larger than it takes, and has said so.
            return _answer(connection, until) or "size limit"
        return _answer(connection, until)


def _ask(url: str, command: bytes, until: float) -> str:
    with _connect(url, until) as connection:
        connection.sendall(command)
        return _answer(connection, until)


def _answer(connection: socket.socket, until: float) -> str:
    said = b""
    while b"\0" not in said and len(said) < LONGEST_ANSWER:
        connection.settimeout(_left(until))
        try:
            piece = connection.recv(1024)
        except ConnectionResetError:
            piece = b""
        if not piece:
            break
        said += piece
    return said.partition(b"\0")[0].decode("utf-8", "replace").strip()


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
