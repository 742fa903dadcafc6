"""Evaluation logs made here, in the layout of Inspect's."""

import io
import json
import struct
import zipfile
import zlib
from typing import Any

import zstandard


def log(**changed: Any) -> dict[str, Any]:
    """The head of a log of version 2, with samples."""
    return {
        "version": 2,
        "status": "success",
        "eval": {
            "task": "cyber_range",
            "created": "2026-09-01T10:00:00+00:00",
            "dataset": {"name": "range", "samples": 41},
            "model": "invented/kestrel-5",
        },
        "plan": {"name": "plan", "steps": []},
        "results": {
            "total_samples": 2,
            "scores": [
                {
                    "name": "match",
                    "metrics": {
                        "accuracy": {"name": "accuracy", "value": 0.625},
                        "stderr": {"name": "stderr", "value": 0.05},
                    },
                }
            ],
        },
        "samples": [
            {"id": 1, "input": 'A "quoted" marzipan \\ }{][ text', "scores": {"match": {"value": "C"}}},
            {"id": 2, "input": "ünï 中文", "store": [{"deep": [{}]}]},
        ],
    } | changed


def as_json(**changed: Any) -> io.BytesIO:
    return io.BytesIO(json.dumps(log(**changed)).encode())


def archive(
    entries: dict[str, bytes] | None = None, *, method: int = zipfile.ZIP_DEFLATED, **changed: Any
) -> io.BytesIO:
    """An ``.eval``; ``zipfile`` knows no Zstandard (93) on this Python, so those entries are written by hand."""
    if entries is None:
        head = {name: value for name, value in log(**changed).items() if name != "samples"}
        entries = {"samples/1_epoch_1.json": b"{}", "header.json": json.dumps(head).encode()}
    if method == 93:
        return _zstandard(entries)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as target:
        for name, content in entries.items():
            target.writestr(name, content)
    stream.seek(0)
    return stream


def _zstandard(entries: dict[str, bytes]) -> io.BytesIO:
    stream, directory = io.BytesIO(), b""
    for name, content in entries.items():
        packed = zstandard.ZstdCompressor().compress(content)
        sizes = (zlib.crc32(content), len(packed), len(content), len(name), 0)
        common = struct.pack("<HHHHHLLLHH", 63, 0, 93, 0, 0, *sizes)
        directory += b"PK\x01\x02" + struct.pack("<H", 63) + common
        directory += struct.pack("<HHHLL", 0, 0, 0, 0, stream.tell()) + name.encode()
        stream.write(b"PK\x03\x04" + common + name.encode() + packed)
    start = stream.tell()
    stream.write(directory)
    count = len(entries)
    stream.write(b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, count, count, len(directory), start, 0))
    stream.seek(0)
    return stream
