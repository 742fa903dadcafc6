"""What the lock files say: each package with its version and the digests that an installation takes, and nothing unlocked."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.stack.layout import StackError

BASE = Path(__file__).resolve().parent.parent.parent
PYTHON = ("requirements.txt", "requirements-dev.txt")
NPM = "package-lock.json"
_PINNED = re.compile(
    r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)\s*(?:;\s*([^\\]*?))?\s*(?=--hash|$)"
)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})(?=\s|$)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of a lock file. ``digests`` are pairs of an algorithm as CycloneDX writes it and hex; ``marker`` says where it
    is installed, empty for everywhere.
    """

    ecosystem: str
    name: str
    version: str
    lock: str
    digests: tuple[tuple[str, str], ...]
    marker: str = ""
    licence: str = ""


def normal(name: str) -> str:
    """A Python package's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def python(folder: Path = BASE, locks: tuple[str, ...] = PYTHON) -> list[Locked]:
    """The packages of the Python lock files. Raises StackError, naming the line, for what has no exact version or no digest."""
    found = []
    for lock in locks:
        text = (folder / lock).read_text().replace("\\\n", " ")
        for line in text.splitlines():
            if line.strip() and not line.lstrip().startswith("#"):
                found.append(_python(line.strip(), lock))
        _require_all(folder / lock.replace(".txt", ".in"), found, lock)
    return found


def _python(line: str, lock: str) -> Locked:
    pinned, hashes = _PINNED.match(line), tuple(_HASH.findall(line))
    if pinned is None or not hashes or len(hashes) != line.count("--hash"):
        raise StackError(f"{lock} has a requirement that is not locked by version and SHA-256: {line[:100]}")
    digests = tuple(("SHA-256", digest) for digest in sorted(hashes))
    return Locked("pypi", normal(pinned[1]), pinned[2], lock, digests, (pinned[3] or "").strip())


def asked(path: Path) -> Iterator[str]:
    """The names that a file of wishes, such as requirements.in, asks for."""
    for line in path.read_text().splitlines():
        wish = line.partition("#")[0].strip()
        if wish and not wish.startswith("-") and (name := _NAME.match(wish)):
            yield normal(name[0])


def _require_all(wishes: Path, found: list[Locked], lock: str) -> None:
    known = {one.name for one in found}
    if missing := [name for name in asked(wishes) if name not in known]:
        raise StackError(f"{wishes.name} asks for {missing[0]}, which {lock} does not lock.")


def npm(folder: Path = BASE) -> list[Locked]:
    """The packages of the npm lock file. Raises StackError for one without a digest, or one that is asked for and not locked."""
    lock: dict[str, Any] = json.loads((folder / NPM).read_text())
    found = []
    for path, one in lock["packages"].items():
        if not path:
            continue
        name = path.rpartition("node_modules/")[2]
        if not one.get("version") or not one.get("integrity"):
            raise StackError(f"{NPM} has a package that is not locked by version and digest: {name}")
        found.append(
            Locked("npm", name, one["version"], NPM, _integrity(one["integrity"]), "", one.get("license", ""))
        )
    names = {one.name for one in found}
    wanted = json.loads((folder / "package.json").read_text()).get("dependencies", {})
    if missing := sorted(wanted.keys() - names):
        raise StackError(f"package.json asks for {missing[0]}, which {NPM} does not lock.")
    return found


def _integrity(text: str) -> tuple[tuple[str, str], ...]:
    """``sha512-<base64>``, several in one text apart by spaces."""
    parts = (part.partition("-") for part in text.split())
    return tuple(
        (f"SHA-{name.removeprefix('sha')}", base64.b64decode(value).hex()) for name, _, value in sorted(parts)
    )
