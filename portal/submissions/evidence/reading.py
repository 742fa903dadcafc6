"""Which reader a file is for; told by its content, whatever its name says."""

from typing import BinaryIO

from portal.submissions.evidence import inspect_logs, model_cards
from portal.submissions.evidence.found import Evidence, Unreadable

_ARCHIVE = (b"PK\x03\x04", b"PK\x05\x06")
_BOM = b"\xef\xbb\xbf"


def read_evidence(stream: BinaryIO) -> Evidence:
    """What a seekable file says. Raises Unreadable, with the reason, where it can't be read."""
    stream.seek(0)
    head = stream.read(4096)
    stream.seek(0)
    if not head:
        raise Unreadable("The file is empty.")
    if head.startswith(_ARCHIVE):
        return inspect_logs.read_archive(stream)
    if head.removeprefix(_BOM).lstrip()[:1] == b"{":
        return inspect_logs.read_json(stream)
    return model_cards.read_card(stream)
