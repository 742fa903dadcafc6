"""The file of a backup: a tar with the database's dump, the rows that say who people are, sealed, the stored files, and last a
manifest with the SHA-256 of each.
"""

import contextlib
import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

from portal.stack.layout import StackError

FORMAT = 2
DUMP = "database.dump"
PEOPLE = "people.jsonl"
MANIFEST = "manifest.json"
FILES = "files/"
CHUNK = 2**20


class Hashing(io.RawIOBase):
    """Reads from a file, and hashes what is read."""

    def __init__(self, source: IO[bytes]):
        self.source = source
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        piece = self.source.read(size)
        self.digest.update(piece)
        return piece


class Writing:
    """An archive that is being made; ``entries`` is what the manifest will say of each member."""

    def __init__(self, tar: tarfile.TarFile):
        self.tar = tar
        self.entries: dict[str, dict[str, Any]] = {}

    def add(self, name: str, source: Path) -> str:
        """Put a file into the archive; returns its SHA-256 as it was read. Raises FileNotFoundError."""
        with source.open("rb") as file:
            about = tarfile.TarInfo(name)
            about.size = os.fstat(file.fileno()).st_size
            hashing = Hashing(file)
            self.tar.addfile(about, hashing)
        sha256 = hashing.digest.hexdigest()
        self.entries[name] = {"bytes": about.size, "sha256": sha256}
        return sha256

    def close(self, manifest: dict[str, Any]) -> None:
        text = json.dumps({"format": FORMAT, **manifest, "members": self.entries}, indent=1).encode()
        about = tarfile.TarInfo(MANIFEST)
        about.size = len(text)
        self.tar.addfile(about, io.BytesIO(text))


@contextlib.contextmanager
def writing(target: Path) -> Iterator[Writing]:
    """A new archive, readable by its owner only, which appears under its name whole or not at all. Refuses to overwrite."""
    if target.exists():
        raise StackError(f"{target} is there already; a backup overwrites nothing.")
    if not target.parent.is_dir():
        raise StackError(f"There is no folder {target.parent}.")
    handle, half = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                yield Writing(tar)
            file.flush()
            os.fsync(file.fileno())
        try:
            # Unlike a rename it fails where somebody was quicker.
            os.link(half, target)
        except FileExistsError as error:
            raise StackError(f"{target} is there already; a backup overwrites nothing.") from error
    finally:
        Path(half).unlink(missing_ok=True)


def require_room(folder: Path, wanted: int, what: str) -> None:
    """Raise StackError where a folder's disk has less than ``wanted`` bytes free, and a twentieth more."""
    free = shutil.disk_usage(folder).free
    if free < wanted * 1.05:
        raise StackError(
            f"{what} needs about {-(-wanted // 2**20)} MB in {folder}, and {free // 2**20} MB are free there."
        )


def verified(path: Path) -> dict[str, Any]:
    """The manifest of a backup in which every member is there, whole, and nothing else is. Raises StackError for a fault."""
    try:
        with tarfile.open(path, mode="r:") as tar:
            found = {about.name: about for about in tar}
            if MANIFEST not in found:
                raise StackError(f"{path} is no backup, or its end is missing: it has no manifest.")
            manifest = json.loads(_read(tar, found.pop(MANIFEST)))
            _require_known(path, manifest, set(found))
            for name, about in found.items():
                _require_whole(path, tar, about, manifest["members"][name])
    except (tarfile.TarError, OSError, ValueError, EOFError) as error:
        raise StackError(f"{path} cannot be read: {error}") from error
    return manifest


def _require_known(path: Path, manifest: dict[str, Any], names: set[str]) -> None:
    if manifest.get("format") != FORMAT:
        raise StackError(f"{path} is of format {manifest.get('format')}, and this portal reads {FORMAT}.")
    members = set(manifest["members"])
    if missing := sorted(members - names):
        raise StackError(f"{path} is damaged: {missing[0]} is missing, and {len(missing) - 1} more.")
    if strange := sorted(names - members):
        raise StackError(f"{path} is damaged: its manifest does not know {strange[0]}.")
    for name in names:
        parts = PurePosixPath(name).parts
        if name not in (DUMP, PEOPLE) and (
            not name.startswith(FILES) or ".." in parts or name.startswith("/")
        ):
            raise StackError(f"{path} holds {name}, which no backup does.")


def _require_whole(path: Path, tar: tarfile.TarFile, about: tarfile.TarInfo, said: dict[str, Any]) -> None:
    digest = hashlib.sha256()
    file = tar.extractfile(about) if about.isreg() else None
    while file and (piece := file.read(CHUNK)):
        digest.update(piece)
    if file is None or (about.size, digest.hexdigest()) != (said["bytes"], said["sha256"]):
        raise StackError(f"{path} is damaged: {about.name} is not what it was when the backup was made.")


def _read(tar: tarfile.TarFile, about: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(about)
    return file.read() if file else b""


def lines(path: Path, member: str) -> Iterator[bytes]:
    """The lines of one member, as they are read."""
    with tarfile.open(path, mode="r:") as tar:
        yield from tar.extractfile(tar.getmember(member)) or ()


def extract(path: Path, member: str, target: Path) -> None:
    """Write one member out, readable by its owner only."""
    with tarfile.open(path, mode="r:") as tar:
        _write(tar, tar.getmember(member), target)


def extract_files(path: Path, folder: Path) -> int:
    """Write the stored files out below a folder; returns how many."""
    count = 0
    with tarfile.open(path, mode="r:") as tar:
        for about in tar:
            if about.name.startswith(FILES):
                _write(tar, about, folder / about.name.removeprefix(FILES))
                count += 1
    return count


def _write(tar: tarfile.TarFile, about: tarfile.TarInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    source = tar.extractfile(about)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        shutil.copyfileobj(source, file, CHUNK)  # type: ignore[arg-type]
