"""Reading a case's archive without believing it. Standard library and ``cryptography`` only."""

import hashlib
import json
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from portal.ledger import counts, heads, leaf
from portal.ledger.merkle import ProofError, check_consistency, check_path, leaf_hash

MANIFEST, SIGNATURE, LEDGER = "manifest.json", "manifest.signature.json", "ledger.json"
FORMAT = "early-access ledger 1"
# The largest of these files that is read into memory.
LARGEST = {MANIFEST: 64 * 2**20, SIGNATURE: 2**16, LEDGER: 2**28, "who.json": 2**28, "events.json": 2**28}
ENTRIES = 200_000
_PIECE = 2**20
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class FaultError(Exception):
    """The first thing found wrong; says what and where."""


@dataclass(slots=True)
class Archive:
    """What an archive proves: a case's events as leaf hashes, in order, under a signed head; and heads it goes on from."""

    case: str
    case_id: str
    keys: heads.Keys
    head: heads.SignedHead | None = None
    leaves: list[bytes] = field(default_factory=list)
    earlier: dict[int, tuple[heads.SignedHead, list[bytes]]] = field(default_factory=dict)


def read_archive(path: Path, trusted: list[bytes]) -> Archive:
    """Verify one archive. ``trusted`` are public keys (32 bytes); where there are none, those of the archive itself are taken.

    Raises FaultError, HeadError or ProofError with the first fault.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(archive, trusted)
    except OSError as error:
        raise FaultError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeError as error:
        raise FaultError(f"{path} holds text that is none: {error}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise FaultError(f"{path} is truncated or no archive: {error}") from error


def _read(archive: zipfile.ZipFile, trusted: list[bytes]) -> Archive:
    names = [entry.filename for entry in archive.infolist()]
    if len(names) > ENTRIES:
        raise FaultError("the archive has too many files")
    if any(entry.compress_type not in _PACKED for entry in archive.infolist()):
        raise FaultError("the archive is packed in a way that the portal does not use")
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise FaultError(f"{twice[0]!r} is in the archive twice")
    for name in (MANIFEST, SIGNATURE, LEDGER):
        if name not in names:
            raise FaultError(f"{name} is missing")
    content = _content(archive, MANIFEST)
    told = _object(read_json(_content(archive, LEDGER), LARGEST[LEDGER], LEDGER), LEDGER)
    listed = heads.read_keys(told.get("keys"))
    keys = heads.Keys(listed, trusted or [key.public for key in listed])
    _check_signature(archive, content, keys)
    manifest = _object(read_json(content, LARGEST[MANIFEST], MANIFEST), MANIFEST)
    _check_files(archive, names, manifest)
    found = _ledger(told, keys)
    if manifest.get("case") != found.case:
        raise FaultError("manifest and ledger are of different cases")
    _check_told(archive, names, told)
    return found


def _check_signature(archive: zipfile.ZipFile, manifest: bytes, keys: heads.Keys) -> None:
    told = _object(read_json(_content(archive, SIGNATURE), LARGEST[SIGNATURE], SIGNATURE), SIGNATURE)
    key = keys.believed.get(heads.read_line(told.get("key"), "the manifest's key"))
    if key is None:
        raise FaultError(f"the manifest is signed by key {told['key']}, which is not believed")
    statement = heads.manifest_statement(hashlib.sha256(manifest).hexdigest(), key.id)
    if not heads.is_signed(
        key.public, statement, heads.read_base64(told.get("signature"), 64, "its signature")
    ):
        raise FaultError("the manifest was altered: its signature does not fit")


def _check_files(archive: zipfile.ZipFile, names: list[str], manifest: dict[str, Any]) -> None:
    """Every file that the manifest lists is there as it says, and no other."""
    files = manifest.get("files")
    if not isinstance(files, list):
        raise FaultError("the manifest lists no files")
    wanted: dict[str, dict] = {}
    for entry in files:
        path = _object(entry, MANIFEST).get("path")
        if path is None:
            continue
        if not isinstance(path, str) or path in wanted:
            raise FaultError(f"the manifest lists {path!r} twice or wrongly")
        wanted[path] = entry
    if extra := sorted(set(names) - set(wanted) - {MANIFEST, SIGNATURE}):
        raise FaultError(f"{extra[0]!r} is in the archive and not in its manifest")
    for path, entry in wanted.items():
        if path not in names:
            raise FaultError(f"{path!r} is missing from the archive")
        size, sha256 = heads.read_count(entry.get("size"), "a file's size"), hashlib.sha256()
        left = size + 1
        with archive.open(path) as file:
            while left and (piece := file.read(min(_PIECE, left))):
                sha256.update(piece)
                left -= len(piece)
        if left != 1 or sha256.hexdigest() != entry.get("sha256"):
            raise FaultError(f"{path!r} was altered: it is not what the manifest says")


def _ledger(told: dict[str, Any], keys: heads.Keys) -> Archive:
    if told.get("format") != FORMAT:
        raise FaultError(f"{LEDGER} is of another format than {FORMAT!r}")
    case_id = heads.read_line(told.get("case_id"), "the case's id")
    found = Archive(heads.read_line(told.get("case"), "the case's number"), case_id, keys)
    count = heads.read_count(told.get("count"), "the number of the case's events")
    if told.get("head") is None:
        if count or told.get("events"):
            raise FaultError("there are sealed events and no head")
        return found
    head = found.head = heads.read_head(told["head"])
    keys.check(head)
    events = _numbered(told, count)
    if count:
        counts.check(case_id, count, _hashes(told.get("count_proof"), "the proof of the count"), head.counts)
    _check_places(events, _hashes(told.get("nodes"), "a hash of the proofs"), found, head)
    for row in _list(told.get("earlier"), "the earlier heads"):
        _check_earlier(_object(row, "an earlier head"), found, head)
    return found


def _numbered(told: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """The case's events; none of their numbers is left out, and none is there twice."""
    events = [_object(row, "an event") for row in _list(told.get("events"), "the events")]
    numbers = [heads.read_count(event.get("ordinal"), "the number of an event") for event in events]
    for number, ordinal in enumerate(numbers):
        if ordinal != number:
            if sorted(numbers) == list(range(len(numbers))):
                raise FaultError(
                    f"event {ordinal} of the case is out of order: it stands where {number} should"
                )
            if number in numbers:
                raise FaultError(f"event {ordinal} of the case is there twice, or out of order")
            raise FaultError(f"event {number} of the case is missing: number {ordinal} comes next")
    if len(events) != count:
        raise FaultError(f"event {len(events)} of the case is missing: the log has {count} of it")
    return events


def _check_places(
    events: list[dict[str, Any]], nodes: list[bytes], found: Archive, head: heads.SignedHead
) -> None:
    """Each event is where it says in the log, in order."""
    place = -1
    for number, event in enumerate(events):
        called = f"event {number} of the case"
        before, place = place, heads.read_count(event.get("place"), f"the place of {called}")
        if place <= before:
            raise FaultError(f"{called} is out of order: place {place} comes after {before}")
        hashed = leaf_hash(_entry(event, found.case_id, called))
        try:
            path = [nodes[heads.read_count(step, "a step")] for step in _list(event.get("path"), "its proof")]
            check_path(hashed, place, head.size, path, head.root)
        except (ProofError, IndexError) as error:
            raise FaultError(
                f"{called} (id {event['id']}, place {place}) was altered, or the log around it: {error}"
            ) from error
        found.leaves.append(hashed)


def _entry(event: dict[str, Any], case_id: str, called: str) -> bytes:
    plain = {
        name: heads.read_line(event.get(name), f"{name!r} of {called}")
        for name in ("id", "at", "kind", "verb", "capacity", "digest")
    }
    who, what = _object(event.get("who"), called), _object(event.get("what"), called)
    who_hash = heads.read_hash(who.get("hash"), f"'who' of {called}").hex()
    if "hash" in what:
        what_hash = heads.read_hash(what["hash"], f"'what' of {called}").hex()
    else:
        what_hash = _what(what, called)
    return leaf.entry(plain | {"case_id": case_id}, event["ordinal"], who_hash, what_hash)


def _what(what: dict[str, Any], called: str) -> str:
    try:
        salt = bytes.fromhex(what["salt"])
        about, subject = (heads.read_line(what.get(name), name) for name in ("subject_type", "subject_id"))
        data, reason = what["data"], what["reason"]
        if len(salt) != leaf.SALT or "\n" in data or not isinstance(reason, str):
            raise ValueError
        return leaf.what_hash(salt, about, subject, data, reason)
    except (KeyError, TypeError, ValueError) as error:
        raise FaultError(f"'what' of {called} cannot be read") from error


def _check_earlier(row: dict[str, Any], found: Archive, head: heads.SignedHead) -> None:
    old = heads.read_head(row.get("head"))
    path = _hashes(row.get("proof"), "a proof between heads")
    found.keys.check(old)
    try:
        check_consistency(old.size, head.size, old.root, head.root, path)
    except ProofError as error:
        raise FaultError(
            f"the log forked: the head of {old.size} events is not the beginning of this one ({error})"
        ) from error
    found.earlier[old.size] = (old, path)


def _check_told(archive: zipfile.ZipFile, names: list[str], told: dict[str, Any]) -> None:
    """What people read of the record, who.json and events.json, has a line for each sealed event, at its instant."""
    wanted = {"look": ("who.json", "looks"), "change": ("events.json", None)}
    for kind, (name, inside) in wanted.items():
        if name not in names:
            raise FaultError(f"{name} is missing")
        rows = read_json(_content(archive, name), LARGEST[name], name)
        rows = _list(_object(rows, name).get(inside) if inside else rows, name)
        there = Counter(_instant(_object(row, name).get("at"), name) for row in rows)
        sealed = Counter(
            _instant(event["at"], LEDGER) for event in told.get("events") or [] if event["kind"] == kind
        )
        if lacking := sealed - there:
            raise FaultError(f"{name} lacks a {kind} of {min(lacking).isoformat()} that is in the ledger")


def _instant(text: Any, name: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        if found.utcoffset() is None:
            raise ValueError("no zone")
        return found
    except (TypeError, ValueError) as error:
        raise FaultError(f"{name} has an instant that cannot be read") from error


def _content(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as file:
        return file.read(LARGEST[name] + 1)


def read_json(content: bytes, largest: int, name: str) -> Any:
    """JSON without a name twice in one object; raises FaultError."""
    if len(content) > largest:
        raise FaultError(f"{name} is larger than {largest} bytes")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a name stands twice in one object")
        return found

    try:
        return json.loads(content.decode(), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise FaultError(f"{name} cannot be read as JSON: {error}") from error


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise FaultError(f"{name} is not an object")
    return value


def _list(value: Any, name: str) -> list:
    if not isinstance(value, list):
        raise FaultError(f"{name} is not a list")
    return value


def _hashes(value: Any, name: str) -> list[bytes]:
    return [heads.read_hash(one, name) for one in _list(value, name)]
