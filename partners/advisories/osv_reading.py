"""Advisories from OSV. What we wrote is read whole; of what others wrote, or changed, their words count."""

import re
from dataclasses import replace
from typing import Any

from partners.advisories import vectors
from partners.advisories.advisory import (
    UNLABELLED,
    Acknowledgment,
    Advisory,
    Identifier,
    Note,
    Product,
    Publisher,
    Reference,
    Revision,
    strongest,
)
from partners.advisories.csaf_reading import moment, placed
from partners.advisories.failures import SCHEMA, AdvisoryError, at
from partners.advisories.json_text import read
from partners.advisories.osv_schema import osv_failures
from partners.advisories.osv_writing import OWN, SEVERITIES, affected, aliases, credits_of, osv_id, references
from partners.advisories.plain import parsed, parsed_fields

Json = dict[str, Any]
_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,}")
# OSV names no publisher.
PUBLISHER = Publisher("OSV", "https://osv.dev", "other")
_BOUNDS = {"introduced": ">=", "fixed": "<", "last_affected": "<=", "limit": "<"}


def from_osv(data: bytes, *, unlabelled: str = UNLABELLED) -> Advisory:
    """The advisory of a document. ``unlabelled`` is the mark of one that names none, as only ours do."""
    document = read(data)
    for failure in osv_failures(document):
        raise AdvisoryError(test=failure.test, path=failure.path, message=failure.message)
    own = _own(document)
    with placed("database_specific", OWN):
        said = parsed_fields(Advisory, own, "database_specific", OWN)
    if not own:
        said = _of_others(document, unlabelled)
    vector_texts, notes = _severity(document)
    cve, ids = _numbers(document, said.get("ids", ()) if own else None)
    chain, pages = said.get("acknowledgments", ()), said.get("references", ())
    said |= {
        "id": said["id"] if osv_id(said.get("id", "")) == document["id"] else document["id"],
        "title": document.get("summary") or document["id"],
        "summary": document.get("details", ""),
        "initial_release": moment(document.get("published", document["modified"]), "published"),
        "current_release": moment(document["modified"], "modified"),
        "cve": cve,
        "ids": ids,
        "cvss": strongest(vector_texts),
        "notes": (*said.get("notes", ()), *notes),
        "products": _products(document),
        "acknowledgments": chain if _said(document, "credits") == _flat(chain) else _credits(document),
        "references": pages if _said(document, "references") == references(pages) else _references(document),
    }
    with placed():
        return Advisory(**{"publisher": PUBLISHER, "tlp": unlabelled, "revisions": (), **said})


def _own(part: Json) -> Json:
    """What we wrote beside OSV's own fields."""
    own = part.get("database_specific", {}).get(OWN, {})
    return own if isinstance(own, dict) else {}


def _said(document: Json, name: str) -> list[Any]:
    return document.get(name) or []


def _flat(chain: tuple[Acknowledgment, ...]) -> list[Json]:
    return [credit for one in chain for credit in credits_of(one)]


def _of_others(document: Json, unlabelled: str) -> Json:
    """What an advisory needs and a foreign document does not say."""
    weaknesses = document.get("database_specific", {}).get("cwe_ids")
    weakness = weaknesses[0] if isinstance(weaknesses, list) and weaknesses else ""
    return {
        "status": "final",
        "tlp": unlabelled,
        "revisions": (Revision("1", moment(document["modified"], "modified"), "As published in OSV"),),
        "cwe": weakness
        if isinstance(weakness, str) and re.fullmatch(r"CWE-[1-9][0-9]{0,5}", weakness)
        else "",
        "notes": (Note(f"Withdrawn {document['withdrawn']}", "Withdrawn", "other"),)
        if "withdrawn" in document
        else (),
    }


def _numbers(document: Json, own: tuple[Identifier, ...] | None) -> tuple[str, tuple[Identifier, ...]]:
    """The CVE number and the other ids: ours, where they are those that the document names."""
    given = _said(document, "aliases")
    if own is not None:
        for cve in ("", *given[:1]):
            if (not cve or _CVE.fullmatch(cve)) and aliases(cve, own) == given:
                return cve, own
    cve = next((text for text in (document["id"], *given) if _CVE.fullmatch(text)), "")
    others = dict.fromkeys(text for text in given if text not in ("", cve))
    return cve, tuple(Identifier(text.split("-")[0] if "-" in text[1:] else "OSV", text) for text in others)


def _severity(document: Json) -> tuple[list[str], tuple[Note, ...]]:
    """The vectors, and severities in words."""
    places: list[tuple[tuple[str | int, ...], Json]] = [
        (("severity", n), one) for n, one in enumerate(_said(document, "severity"))
    ]
    for number, entry in enumerate(_said(document, "affected")):
        places += [
            (("affected", number, "severity", n), one) for n, one in enumerate(_said(entry, "severity"))
        ]
    found, notes = [], []
    for path, one in places:
        if one["type"] == "Ubuntu":
            notes.append(Note(one["score"] or "-", "Severity (Ubuntu)", "other"))
            continue
        try:
            right = SEVERITIES[vectors.version_of(one["score"])] == one["type"]
        except ValueError:
            right = False
        if not right:
            raise AdvisoryError(
                test=SCHEMA, path=at((*path, "score")), message=f"This is no vector of {one['type']}."
            )
        found.append(one["score"])
    return found, tuple(dict.fromkeys(notes))


def _products(document: Json) -> tuple[Product, ...]:
    """Products in the order of the document; entries about the same one are joined."""
    found: dict[tuple[str, str, str], list[Product]] = {}
    for number, entry in enumerate(_said(document, "affected")):
        product = _product(entry, document["id"], number)
        found.setdefault(product.key, []).append(product)
    return tuple(parts[0] if len(parts) == 1 else _joined(parts) for parts in found.values())


def _product(entry: Json, number: str, place: int) -> Product:
    if own := _own(entry):
        product = parsed(Product, own, "affected", place, "database_specific", OWN)
        if affected(product) == entry:
            return product
    package, ranges = entry.get("package", {}), entry.get("ranges", [])
    name = package.get("name") or next((one["repo"] for one in ranges if one.get("repo")), number)
    family = package.get("ecosystem", "")
    versions = [text for text in entry.get("versions", []) if text]
    versions += [_range(one, family) for one in ranges]
    fixed = [event["fixed"] for one in ranges for event in one["events"] if event.get("fixed")]
    return Product(name, family=family, **_apart(versions, fixed))


def _joined(parts: list[Product]) -> Product:
    versions = [version for part in parts for version in part.affected]
    fixed = [version for part in parts for version in part.fixed]
    return replace(parts[0], **_apart(versions, fixed))


def _apart(versions: list[str], fixed: list[str]) -> dict[str, tuple[str, ...]]:
    """Each version once; one that is affected in another line of versions is not fixed."""
    once = dict.fromkeys(versions)
    return {
        "affected": tuple(once),
        "fixed": tuple(version for version in dict.fromkeys(fixed) if version not in once),
    }


def _range(one: Json, family: str) -> str:
    """Events in the form ``vers:``."""
    scheme = {"GIT": "git", "SEMVER": "semver"}.get(one["type"]) or re.sub(
        r"[^a-z0-9]", "", family.split(":", maxsplit=1)[0].lower()
    )
    bounds = [
        f"{_BOUNDS[name]}{text}" for event in one["events"] for name, text in event.items() if name in _BOUNDS
    ]
    bounds = [bound for bound in bounds if bound not in (">=0", "<*")] or ["*"]
    return f"vers:{scheme or 'generic'}/{'|'.join(bounds)}"


def _credits(document: Json) -> tuple[Acknowledgment, ...]:
    found = []
    for place, one in enumerate(_said(document, "credits")):
        ways = one.get("contact", [])
        urls = tuple(way for way in ways if re.match(r"(https?://|mailto:)\S+\Z", way))
        role = one.get("type", "").capitalize().replace("_", " ")
        words = ", ".join([*([role] if role else []), *(way for way in ways if way not in urls)])
        with placed("credits", place):
            found.append(Acknowledgment((one["name"],), "", words, urls))
    return tuple(found)


def _references(document: Json) -> tuple[Reference, ...]:
    found = []
    for place, one in enumerate(_said(document, "references")):
        with placed("references", place):
            found.append(Reference(one["url"], one["type"].capitalize()))
    return tuple(dict.fromkeys(found))
