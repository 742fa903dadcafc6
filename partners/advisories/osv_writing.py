"""An advisory as OSV. What OSV has no field for stands in ``database_specific``, under a name of our own."""

import re
from typing import Any

from partners.advisories import vectors
from partners.advisories.advisory import Acknowledgment, Advisory, Identifier, Product, Reference, is_range
from partners.advisories.csaf_words import stamp
from partners.advisories.failures import AdvisoryError
from partners.advisories.json_text import within_limits
from partners.advisories.osv_schema import CREDIT_TYPES, ECOSYSTEM, ID, SCHEMA_VERSION, osv_failures
from partners.advisories.plain import plain

Json = dict[str, Any]
OWN = "early_access"
# OSV's own fields carry these whole.
CARRIED = {"title", "summary", "initial_release", "current_release", "cvss", "cve", "products"}
SEVERITIES = {"2.0": "CVSS_V2", "3.0": "CVSS_V3", "3.1": "CVSS_V3", "4.0": "CVSS_V4"}


def to_osv(advisory: Advisory) -> Json:
    """A document that OSV's schema accepts, or AdvisoryError."""
    rest = {name: value for name, value in plain(advisory).items() if name not in CARRIED}
    # Said even where they are as by default, which is the reader's.
    rest |= {"kind": advisory.kind, "status": advisory.status, "tlp": advisory.tlp}
    document: Json = {
        "schema_version": SCHEMA_VERSION,
        "id": osv_id(advisory.id),
        "modified": stamp(advisory.current_release),
        "published": stamp(advisory.initial_release),
        "summary": advisory.title,
        "details": advisory.summary,
        "aliases": aliases(advisory.cve, advisory.ids),
        "severity": [{"type": SEVERITIES[vectors.version_of(one)], "score": one} for one in advisory.cvss],
        "affected": [affected(product) for product in advisory.products],
        "references": references(advisory.references),
        "credits": [credit for one in advisory.acknowledgments for credit in credits_of(one)],
        "database_specific": {OWN: rest},
    }
    document = {name: value for name, value in document.items() if value}
    within_limits(document)
    for failure in osv_failures(document):
        raise AdvisoryError(test=failure.test, path=failure.path, message=failure.message)
    return document


def osv_id(number: str) -> str:
    """A number in OSV's form: those of no registered database begin with x_."""
    return number if re.match(ID, number) else f"x_{number}"


def aliases(cve: str, ids: tuple[Identifier, ...]) -> list[str]:
    return list(dict.fromkeys(number for number in (cve, *(one.text for one in ids)) if number))


def references(pages: tuple[Reference, ...]) -> list[Json]:
    return [{"type": "ADVISORY" if one.category == "self" else "WEB", "url": one.url} for one in pages]


def affected(product: Product) -> Json:
    """Versions by name; ranges, fixed versions and products of no ecosystem have no field that fits them."""
    exact = [version for version in product.affected if not is_range(version)]
    package = (
        {"ecosystem": product.family, "name": product.name} if re.fullmatch(ECOSYSTEM, product.family) else {}
    )
    said: Json = {"package": package, "versions": exact, "database_specific": {OWN: plain(product)}}
    return {name: value for name, value in said.items() if value}


def credits_of(one: Acknowledgment) -> list[Json]:
    """A credit for each name, or for the organisation. The chain as it was told stands beside them."""
    names = [f"{name} ({one.organization})" if one.organization else name for name in one.names]
    role = one.summary.upper().replace(" ", "_")
    more: Json = ({"contact": [*one.urls]} if one.urls else {}) | (
        {"type": role} if role in CREDIT_TYPES else {}
    )
    return [{"name": name} | more for name in names or [one.organization or one.summary or one.urls[0]]]
