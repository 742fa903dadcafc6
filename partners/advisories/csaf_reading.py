"""Advisories from CSAF 2.0. Only a valid document is read; what it says that an advisory can't hold stands in ADR 21."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from partners.advisories.advisory import (
    UNLABELLED,
    Acknowledgment,
    Advisory,
    Identifier,
    Publisher,
    Reference,
    Remediation,
    Revision,
    strongest,
)
from partners.advisories.checking import check
from partners.advisories.csaf_notes import notes_of
from partners.advisories.csaf_products import Named, named_products, products_of
from partners.advisories.csaf_profiles import INCIDENT
from partners.advisories.csaf_tests import instant
from partners.advisories.csaf_words import distributed
from partners.advisories.failures import READING, AdvisoryError, at
from partners.advisories.json_text import read

Json = dict[str, Any]
_CVSS = ("cvss_v2", "cvss_v3")


def from_csaf(data: bytes, *, unlabelled: str = UNLABELLED) -> Advisory:
    """The advisory of a document about one vulnerability, or none. ``unlabelled`` is the mark of one without a label."""
    found = each_from_csaf(data, unlabelled=unlabelled)
    if len(found) > 1:
        message = f"The document is about {len(found)} vulnerabilities; each is a finding of its own."
        raise AdvisoryError(test=READING, path="/vulnerabilities", message=message)
    return found[0]


def each_from_csaf(data: bytes, *, unlabelled: str = UNLABELLED) -> tuple[Advisory, ...]:
    """An advisory for each vulnerability of a document, under the document's number."""
    document = read(data)
    for failure in check(document):
        raise AdvisoryError(test=failure.test, path=failure.path, message=failure.message)
    named = named_products(document)
    vulnerabilities = document.get("vulnerabilities", [{}])
    several = len(vulnerabilities) > 1
    return tuple(
        _advisory(document["document"], vulnerability, number, named, several, unlabelled)
        for number, vulnerability in enumerate(vulnerabilities)
    )


def _advisory(
    head: Json, vulnerability: Json, number: int, named: dict[str, Named], several: bool, unlabelled: str
) -> Advisory:
    path: tuple[str | int, ...] = ("vulnerabilities", number)
    both = ((head, ("document",)), (vulnerability, path))
    said = _head(head, unlabelled)
    if several:
        said["title"] = vulnerability.get("title") or vulnerability.get("cve") or said["title"]
    told = notes_of(head, vulnerability)
    scores = [
        score[name]["vectorString"]
        for score in vulnerability.get("scores", [])
        for name in _CVSS
        if name in score
    ]
    with placed(*path, "product_status"):
        products = products_of(vulnerability, named)
    with placed(*path):
        return Advisory(
            **said,
            summary=told.summary,
            kind=told.kind or ("incident" if head["category"] == INCIDENT else "software_vulnerability"),
            ssvc=told.ssvc,
            cvss=strongest([*told.cvss, *scores]),
            notes=told.notes,
            products=products,
            cve=vulnerability.get("cve", ""),
            ids=tuple(Identifier(one["system_name"], one["text"]) for one in vulnerability.get("ids", [])),
            cwe=vulnerability.get("cwe", {}).get("id", ""),
            acknowledgments=_each(_acknowledgment, "acknowledgments", *both),
            references=_once(_each(_reference, "references", *both)),
            remediations=_once(_each(_remediation, "remediations", *both)),
        )


def _each(
    make: Callable[[Json], Any], name: str, *parts: tuple[Json, tuple[str | int, ...]]
) -> tuple[Any, ...]:
    """What a list of the document and of its vulnerability says, in that order."""
    found = []
    for part, path in parts:
        for entry, one in enumerate(part.get(name, [])):
            with placed(*path, name, entry):
                found.append(make(one))
    return tuple(found)


def _once(found: tuple[Any, ...]) -> tuple[Any, ...]:
    """Without what was said before, of another product say."""
    return tuple(dict.fromkeys(found))


def _acknowledgment(one: Json) -> Acknowledgment:
    names, urls = tuple(one.get("names", [])), tuple(one.get("urls", []))
    return Acknowledgment(names, one.get("organization", ""), one.get("summary", ""), urls)


def _reference(one: Json) -> Reference:
    return Reference(one["url"], one["summary"], one.get("category", "external"))


def _remediation(one: Json) -> Remediation:
    return Remediation(one["details"], one["category"], one.get("url", ""))


def _head(head: Json, unlabelled: str) -> Json:
    """What the document says of itself."""
    tracking, publisher, given = head["tracking"], head["publisher"], head.get("distribution", {})
    mark, embargo, text = distributed(given.get("tlp", {}).get("label", "AMBER"), given.get("text", ""))
    with placed("document", "publisher"):
        by = Publisher(
            name=publisher["name"],
            namespace=publisher["namespace"],
            category=publisher["category"],
            contact=publisher.get("contact_details", ""),
            authority=publisher.get("issuing_authority", ""),
        )
    return {
        "id": tracking["id"],
        "title": head["title"],
        "status": tracking["status"],
        "publisher": by,
        "tlp": mark if "tlp" in given else unlabelled,
        "embargo_until": moment(embargo, "document", "distribution", "text") if embargo else None,
        "distribution": text,
        "lang": head.get("lang", ""),
        "source_lang": head.get("source_lang", ""),
        "initial_release": moment(
            tracking["initial_release_date"], "document", "tracking", "initial_release_date"
        ),
        "current_release": moment(
            tracking["current_release_date"], "document", "tracking", "current_release_date"
        ),
        "revisions": _revisions(tracking["revision_history"]),
    }


def _revisions(history: list[Json]) -> tuple[Revision, ...]:
    found = []
    for place, one in enumerate(history):
        date = moment(one["date"], "document", "tracking", "revision_history", place, "date")
        with placed("document", "tracking", "revision_history", place):
            found.append(Revision(one["number"], date, one["summary"]))
    return tuple(sorted(found, key=Revision.order))


def moment(text: str, *path: str | int) -> datetime:
    """An instant, in UTC."""
    try:
        return instant(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        message = "No calendar here has this instant."
        raise AdvisoryError(test=READING, path=at(path), message=message) from error


@contextmanager
def placed(*path: str | int) -> Iterator[None]:
    """Names the place in the document where an advisory can't hold what stands there."""
    try:
        yield
    except AdvisoryError as error:
        if error.path.startswith("/"):
            raise
        raise AdvisoryError(
            test=error.test, path=at((*path, error.path)), message=error.failure.message
        ) from error
