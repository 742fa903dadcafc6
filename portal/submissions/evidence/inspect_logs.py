"""Evaluation logs of Inspect: ``.json``, and ``.eval``, a zip archive with a ``header.json`` beside its samples.

Read from the layout of the logs themselves, of versions 1 and 2; samples are counted and not read.
"""

import io
import struct
import zipfile
import zlib
from typing import Any, BinaryIO

import zstandard

from portal.submissions.evidence.found import Evidence, Score, Unreadable, count_in, number_in, text_in
from portal.submissions.evidence.json_pieces import ENDS_EARLY, pick

PARTS = frozenset({"version", "status", "eval", "results", "error", "invalidated"})
HEADER, BEGUN = "header.json", "_journal/start.json"
ENTRY_AT_MOST, DIRECTORY_AT_MOST = 32 << 20, 32 << 20
ZSTANDARD = 93
_ENCRYPTED = 0x1
_ZIP64_RECORD, _ZIP64_LOCATOR = 56, 20
NO_LOG = {
    "inspect_json": "This is JSON, and no evaluation log of Inspect.",
    "inspect_eval": "This is an archive, and no evaluation log of Inspect.",
}
DAMAGED = "The archive is damaged, or was cut off."


def read_json(stream: BinaryIO) -> Evidence:
    """A log in JSON, however many samples it holds."""
    return _told("inspect_json", pick(stream, PARTS, counted={"samples"}))


def read_archive(stream: BinaryIO) -> Evidence:
    """A log as an archive. Of a log that was not finished its beginning is read."""
    _check_directory(stream)
    try:
        archive = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error) as error:
        raise Unreadable(DAMAGED) from error
    entries = {entry.filename: entry for entry in archive.infolist()}
    name = next((name for name in (HEADER, BEGUN) if name in entries), None)
    if name is None:
        raise Unreadable(NO_LOG["inspect_eval"])
    found = pick(io.BytesIO(_content(stream, entries[name])), PARTS)
    told = _told("inspect_eval", found)
    if name == BEGUN:
        told.status = "started"
        told.problems.append("The log was not finished: it has no results.")
    return told


def _check_directory(stream: BinaryIO) -> None:
    """The archive's list of entries is held in memory whole, so an oversized one is refused before it is read."""
    stream.seek(0, io.SEEK_END)
    size = stream.tell()
    stream.seek(max(0, size - 65_557))
    tail = stream.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) - end < 22:
        raise Unreadable(ENDS_EARLY)
    listed = struct.unpack_from("<L", tail, end + 12)[0]
    # A zip64 record, which stands just before, overrules these numbers whatever they say.
    record = end - _ZIP64_RECORD - _ZIP64_LOCATOR
    if record >= 0 and tail[record : record + 4] == b"PK\x06\x06":
        listed = max(listed if listed != 0xFFFFFFFF else 0, struct.unpack_from("<Q", tail, record + 40)[0])
    if listed > DIRECTORY_AT_MOST:
        raise Unreadable("The archive lists more files than an evaluation log has.")
    stream.seek(0)


def _content(stream: BinaryIO, entry: zipfile.ZipInfo) -> bytes:
    """An entry's content, whole and checked. Read by hand, since ``zipfile`` knows no Zstandard on this Python."""
    if entry.flag_bits & _ENCRYPTED:
        raise Unreadable("The archive is encrypted.")
    if entry.header_offset < 0:
        # A damaged list of entries may point to before the file's beginning.
        raise Unreadable(DAMAGED)
    stream.seek(entry.header_offset)
    local = stream.read(30)
    if len(local) < 30 or local[:4] != b"PK\x03\x04":
        raise Unreadable(DAMAGED)
    name_length, extra_length = struct.unpack_from("<HH", local, 26)
    stream.seek(entry.header_offset + 30 + name_length + extra_length)
    packed = io.BytesIO(stream.read(min(entry.compress_size, ENTRY_AT_MOST)))
    try:
        content = _unpacked(packed, entry.compress_type)
    except (zlib.error, zstandard.ZstdError, EOFError) as error:
        raise Unreadable(DAMAGED) from error
    if len(content) > ENTRY_AT_MOST:
        raise Unreadable("The archive unpacks to far more than an evaluation log's header.")
    if zlib.crc32(content) != entry.CRC:
        raise Unreadable(DAMAGED)
    return content


def _unpacked(packed: io.BytesIO, method: int) -> bytes:
    """No more than a byte past the limit, whatever the archive says it unpacks to."""
    if method == zipfile.ZIP_STORED:
        return packed.read(ENTRY_AT_MOST + 1)
    if method == zipfile.ZIP_DEFLATED:
        return zlib.decompressobj(-15).decompress(packed.read(), ENTRY_AT_MOST + 1)
    if method == ZSTANDARD:
        reader = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(packed)
        return reader.read(ENTRY_AT_MOST + 1)
    raise Unreadable("The archive is packed in a way that is not known here.")


def _told(kind: str, found: dict[str, Any]) -> Evidence:
    about = found.get("eval")
    if not isinstance(about, dict) or not text_in(about.get("task")):
        raise Unreadable(NO_LOG[kind])
    results = found.get("results") if isinstance(found.get("results"), dict) else {}
    dataset = about.get("dataset") if isinstance(about.get("dataset"), dict) else {}
    told = Evidence(
        kind,
        task=text_in(about.get("task")),
        model=text_in(about.get("model")),
        dataset=text_in(dataset.get("name")),
        status=text_in(found.get("status")),
        created=text_in(about.get("created")),
        samples=_samples(results, dataset, found.get("samples")),
    )
    _read_scores(told, results)
    _read_status(told, found)
    return told


def _samples(results: dict, dataset: dict, listed: int | None) -> int | None:
    """How many samples were evaluated; where no result says so, how many are listed, or how many the dataset has."""
    for number in (count_in(results.get("total_samples")), listed, count_in(dataset.get("samples"))):
        if number is not None:
            return number
    return None


def _read_scores(told: Evidence, results: dict) -> None:
    rows = results.get("scores")
    if rows is None and "metrics" in results:
        # Version 1 has one scorer, and its metrics beside it.
        scorer = results.get("scorer") if isinstance(results.get("scorer"), dict) else {}
        rows = [{"name": scorer.get("name"), "metrics": results["metrics"]}]
    old = rows is not results.get("scores")
    for number, row in enumerate(rows if isinstance(rows, list) else []):
        metrics = row.get("metrics") if isinstance(row, dict) else None
        name = text_in(row.get("name")) if isinstance(row, dict) else None
        if not isinstance(metrics, dict) or name is None:
            told.problems.append("A row of results could not be read.")
            continue
        where = "results.metrics" if old else f"results.scores[{number}].metrics"
        told.scores.append(Score(name, _metrics(told, name, metrics), where))


def _metrics(told: Evidence, score: str, metrics: dict) -> dict[str, float | int | None]:
    found = {}
    for key, metric in metrics.items():
        name = text_in(key)
        if name is None:
            continue
        found[name] = number_in(metric.get("value") if isinstance(metric, dict) else metric)
        if found[name] is None:
            told.problems.append(f"{score}: {name} is not a number.")
    return found


def _read_status(told: Evidence, found: dict) -> None:
    if told.status == "error":
        error = found.get("error") if isinstance(found.get("error"), dict) else {}
        message = text_in(error.get("message"))
        told.problems.append(f"The evaluation ended in an error{f': {message}' if message else ''}.")
    elif told.status not in ("success", "started", None):
        told.problems.append(f"The evaluation did not succeed: its status is {told.status}.")
    elif told.status == "started":
        told.problems.append("The evaluation had not finished when this log was written.")
    if found.get("invalidated") is True:
        told.problems.append("The log says of itself that it was invalidated.")
