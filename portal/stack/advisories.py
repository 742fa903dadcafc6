"""Known holes in what is locked, as pip-audit finds them; those accepted stand in advisories.toml with reason and end."""

import json
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from portal.stack import locks
from portal.stack.layout import StackError

ACCEPTED = locks.BASE / "advisories.toml"
AUDIT = (
    Path(sys.executable).parent / "pip-audit",
    "--disable-pip",
    "--require-hashes",
    "--progress-spinner",
    "off",
)
# How it ends where the service cannot be reached; any other end without an answer is a fault of ours.
UNREACHED = re.compile(
    r"(ConnectionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError|MaxRetryError|Failed to establish|ServiceError|HTTPError)"
)
LONGEST_DAYS = 120


@dataclass(frozen=True, slots=True)
class Accepted:
    """A hole that is known and accepted until a day, with the reason why it cannot be used here."""

    id: str
    package: str
    reason: str
    until: date


class UnreachedError(Exception):
    """The advisory service cannot be reached."""


def accepted(path: Path = ACCEPTED, *, today: date) -> list[Accepted]:
    """The accepted holes. Raises StackError for one without a reason, or whose end is past or too far away."""
    found = []
    for one in tomllib.loads(path.read_text()).get("accepted", []):
        if set(one) != {"id", "package", "reason", "until"} or not str(one["reason"]).strip():
            raise StackError(f"{path.name}: each entry says id, package, reason and until; {one} does not.")
        entry = Accepted(one["id"], locks.normal(one["package"]), one["reason"], one["until"])
        if entry.until < today:
            raise StackError(
                f"{path.name}: {entry.id} was accepted until {entry.until}. Update {entry.package} or judge it anew."
            )
        if (entry.until - today).days > LONGEST_DAYS:
            raise StackError(f"{path.name}: {entry.id} is accepted for more than {LONGEST_DAYS} days.")
        found.append(entry)
    return found


def audit(lock: str, *, command: tuple[Any, ...] = AUDIT, seconds: float = 120) -> list[dict[str, Any]]:
    """What pip-audit says of each package of a lock file. Raises UnreachedError, or StackError with its words when it failed."""
    full = [str(part) for part in command] + ["--requirement", lock, "--format", "json"]
    try:
        done = subprocess.run(
            full, cwd=locks.BASE, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise UnreachedError from error
    try:
        return json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError) as error:
        if UNREACHED.search(done.stderr):
            raise UnreachedError from error
        raise StackError(f"pip-audit failed: {done.stderr.strip()[-1000:]}") from error


def judged(found: list[dict[str, Any]], known: list[Accepted]) -> tuple[list[str], list[str]]:
    """(holes that nobody accepted, notes about the others), each in words. A hole goes by its id and by its other names."""
    holes, notes = [], []
    accepted_ids = {(one.package, one.id): one for one in known}
    for package in found:
        name = locks.normal(package["name"])
        if "skip_reason" in package:
            notes.append(f"{name} could not be audited: {package['skip_reason']}")
        for hole in package.get("vulns", []):
            names = [hole["id"], *hole.get("aliases", [])]
            entry = next((accepted_ids[name, one] for one in names if (name, one) in accepted_ids), None)
            said = f"{name} {package['version']}: {hole['id']}"
            if entry:
                notes.append(f"{said}, accepted until {entry.until}: {entry.reason}")
            else:
                fixed = ", ".join(hole.get("fix_versions", [])) or "no version yet"
                holes.append(f"{said}, mended in {fixed}")
    return holes, notes


def step(say: Any, *, today: date, command: tuple[Any, ...] = AUDIT, path: Path = ACCEPTED) -> bool:
    """``./test``'s step: False for a hole that nobody accepted. Where the service cannot be reached, that is said."""
    try:
        known = accepted(path, today=today)
        found = {one["name"]: one for lock in locks.PYTHON for one in audit(lock, command=command)}
    except UnreachedError:
        say("        the advisory service cannot be reached: nothing was audited")
        return True
    except StackError as error:
        say(f"        {error}")
        return False
    holes, notes = judged(list(found.values()), known)
    for line in holes + notes:
        say(f"        {line}")
    return not holes
