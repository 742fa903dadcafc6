"""``python -m portal.stack.sbom``: the bill of materials of this tree, build/sbom.cdx.json, in CycloneDX 1.6.

Made from the lock files alone, and licences from what is installed of them: the same tree gives the same bytes, but for the time,
which is ``SOURCE_DATE_EPOCH`` where that is set.
"""

import argparse
import json
import os
import sys
import uuid
from datetime import UTC, datetime
from email.message import Message
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote

from portal.stack import locks
from portal.stack.layout import StackError

TARGET = locks.BASE / "build" / "sbom.cdx.json"
# What is installed for developing and testing only is no part of what runs.
SCOPES = {"requirements.txt": "required", "requirements-dev.txt": "excluded", locks.NPM: "required"}
_OURS = uuid.UUID("5c7f1f0e-52a5-4f0b-8b63-6d9b1f1f7c11")


def purl(one: locks.Locked) -> str:
    """The package URL of a locked package."""
    name = quote(one.name, safe="/" if one.ecosystem == "npm" else "")
    return f"pkg:{one.ecosystem}/{name}@{quote(one.version, safe='')}"


def bill(folder: Path = locks.BASE, *, at: datetime | None = None) -> dict[str, Any]:
    """The bill as data; ``at`` is its timestamp. Raises StackError for a requirement that is not locked."""
    packages = locks.python(folder) + locks.npm(folder)
    components = {purl(one): _component(one) for one in reversed(packages)}
    ordered = [components[key] for key in sorted(components)]
    root = _root(folder)
    direct = _direct(folder)
    body = {
        "components": ordered,
        "dependencies": [
            {
                "ref": root["bom-ref"],
                "dependsOn": sorted(p for p in components if p.rpartition("@")[0] in direct),
            }
        ],
    }
    serial = uuid.uuid5(_OURS, json.dumps([root, body], sort_keys=True))
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": (at or _now()).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "lifecycles": [{"phase": "pre-build"}],
            "component": root,
        },
        **body,
    }


def _now() -> datetime:
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return datetime.fromtimestamp(int(given), UTC)
    return datetime.now(UTC)


def _root(folder: Path) -> dict[str, Any]:
    about = json.loads((folder / "package.json").read_text())
    return {
        "type": "application",
        "bom-ref": about["name"],
        "name": about["name"],
        "version": about["version"],
        "licenses": [{"license": {"id": about["license"]}}],
    }


def _direct(folder: Path) -> set[str]:
    """The package URLs, without versions, of what is asked for by name and runs."""
    names = {f"pkg:pypi/{name}" for name in locks.asked(folder / "requirements.in")}
    wanted = json.loads((folder / "package.json").read_text()).get("dependencies", {})
    return names | {f"pkg:npm/{quote(name, safe='/')}" for name in wanted}


def _component(one: locks.Locked) -> dict[str, Any]:
    properties = {"portal:lock": one.lock} | ({"portal:marker": one.marker} if one.marker else {})
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl(one),
        "name": one.name,
        "version": one.version,
        "scope": SCOPES[one.lock],
        "hashes": [{"alg": algorithm, "content": digest} for algorithm, digest in one.digests],
        "purl": purl(one),
        "properties": [{"name": name, "value": value} for name, value in properties.items()],
    }
    if licences := _licences(one):
        component["licenses"] = licences
    return component


def _licences(one: locks.Locked) -> list[dict[str, Any]]:
    """As the package states it: an SPDX expression where it has one, else a name; nothing where it says nothing."""
    if one.ecosystem == "npm":
        return _named([one.licence]) if one.licence else []
    about: Message
    try:
        # What it is by its documentation; the type that it is given leaves half of it out.
        about = metadata.metadata(one.name)  # type: ignore[assignment]
    except metadata.PackageNotFoundError:
        return []
    if about.get("Version") != one.version:
        return []
    if expression := about.get("License-Expression"):
        return [{"expression": expression}]
    classified = sorted(
        line.rpartition(" :: ")[2]
        for line in about.get_all("Classifier") or []
        if line.startswith("License :: ") and not line.endswith("OSI Approved")
    )
    # Some put the whole text of a licence there.
    said = (about.get("License") or "").strip().partition("\n")[0]
    return _named(classified or ([said] if 0 < len(said) <= 100 else []))


def _named(names: list[str]) -> list[dict[str, Any]]:
    return [{"license": {"name": name}} for name in dict.fromkeys(names)]


def text(made: dict[str, Any]) -> str:
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def faults(written: str) -> str:
    """What CycloneDX's own schema has against a bill, in words; empty when nothing. Needs the packages of ./test."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(written)
    return str(found) if found else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--to", type=Path, default=TARGET, help="the file (default build/sbom.cdx.json)")
    parser.add_argument("--check", action="store_true", help="validate it against CycloneDX's schema, too")
    arguments = parser.parse_args()
    try:
        made = bill()
    except StackError as error:
        sys.exit(f"sbom: {error}")
    written = text(made)
    if arguments.check and (wrong := faults(written)):
        sys.exit(f"sbom: not valid by CycloneDX 1.6: {wrong}")
    arguments.to.parent.mkdir(parents=True, exist_ok=True)
    half = arguments.to.with_name(f".{arguments.to.name}")
    half.write_text(written)
    half.replace(arguments.to)
    print(f"{arguments.to}: {len(made['components'])} packages.")


if __name__ == "__main__":
    main()
