"""An advisory as CSAF 2.0."""

import re
from itertools import groupby
from typing import Any

from partners.advisories import package, vectors
from partners.advisories.advisory import Acknowledgment, Advisory, Note, Product, Reference, is_range
from partners.advisories.checking import check
from partners.advisories.csaf_profiles import ADVISORY, BASE, INCIDENT
from partners.advisories.csaf_words import CVSS, KIND, KINDS, LABELS, SSVC, distribution, stamp
from partners.advisories.failures import AdvisoryError

Json = dict[str, Any]


def to_csaf(advisory: Advisory) -> Json:
    """A document that is valid: where the standard refuses what the advisory says (a version missing from its history, say),
    AdvisoryError names the test and the place."""
    tree, affected, fixed = _product_tree(advisory.products)
    document: Json = {
        "document": _head(advisory),
        "vulnerabilities": [_vulnerability(advisory, affected, fixed)],
    }
    if tree:
        document["product_tree"] = {"branches": tree}
    for failure in check(document):
        raise AdvisoryError(test=failure.test, path=failure.path, message=failure.message)
    return document


def csaf_file_name(advisory: Advisory) -> str:
    """The name that a file of the document must have (CSAF 2.0, section 5.1)."""
    return re.sub(r"[^+\-a-z0-9]+", "_", advisory.id.lower()) + ".json"


def _head(advisory: Advisory) -> Json:
    head = {
        "category": _category(advisory),
        "csaf_version": "2.0",
        "distribution": _filled(
            tlp={"label": LABELS[advisory.tlp], "url": "https://www.first.org/tlp/"},
            text=distribution(advisory.tlp, advisory.embargo_until, advisory.distribution),
        ),
        "publisher": _filled(
            category=advisory.publisher.category,
            name=advisory.publisher.name,
            namespace=advisory.publisher.namespace,
            contact_details=advisory.publisher.contact,
            issuing_authority=advisory.publisher.authority,
        ),
        "title": advisory.title,
        "tracking": {
            "id": advisory.id,
            "status": advisory.status,
            "version": advisory.version,
            "initial_release_date": stamp(advisory.initial_release),
            "current_release_date": stamp(advisory.current_release),
            "revision_history": [
                {"date": stamp(revision.at), "number": revision.number, "summary": revision.summary}
                for revision in advisory.revisions
            ],
        },
    }
    # The profile of incidents asks the document itself what happened.
    told = [{"category": "summary", "text": advisory.summary}] if head["category"] == INCIDENT else []
    references = [_reference(one) for one in advisory.references]
    return head | _filled(
        lang=advisory.lang, source_lang=advisory.source_lang, references=references, notes=told
    )


def _category(advisory: Advisory) -> str:
    """The profile whose demands the advisory meets."""
    if advisory.kind == "incident":
        outside = any(reference.category == "external" for reference in advisory.references)
        return INCIDENT if advisory.summary and outside else BASE
    return ADVISORY if advisory.products else BASE


def _vulnerability(advisory: Advisory, affected: list[str], fixed: list[str]) -> Json:
    about = affected or fixed
    scored = [vector for vector in advisory.cvss if about and vectors.version_of(vector) != "4.0"]
    noted = [
        Note(vector, f"{CVSS} {vectors.version_of(vector)}", "other")
        for vector in advisory.cvss
        if vector not in scored
    ]
    notes = [Note(advisory.summary, category="description")] if advisory.summary else []
    notes += [Note(KINDS[advisory.kind], KIND, "other"), *noted]
    notes += [Note(advisory.ssvc, SSVC, "other")] if advisory.ssvc else []
    # A remediation names products; one of an advisory without any is a text.
    remedies = advisory.remediations if about else ()
    notes += [
        Note(one.details, f"Remediation: {one.category}", "other")
        for one in advisory.remediations
        if not about
    ]
    return _filled(
        cve=advisory.cve,
        cwe=_weakness(advisory.cwe),
        ids=[{"system_name": one.system, "text": one.text} for one in advisory.ids],
        notes=[
            _filled(category=one.category, title=one.title, text=one.text)
            for one in [*notes, *advisory.notes]
        ],
        product_status=_filled(known_affected=affected, fixed=fixed),
        scores=[_score(vector, about) for vector in scored],
        remediations=[
            _filled(category=one.category, details=one.details, url=one.url, product_ids=about)
            for one in remedies
        ],
        acknowledgments=[_acknowledgment(one) for one in advisory.acknowledgments],
    )


def _weakness(number: str) -> Json:
    try:
        return dict(package.weakness(number)) if number else {}
    except ValueError as error:
        raise AdvisoryError(test="6.1.11", path="cwe", message=f"{error}.") from error


def _score(vector: str, products: list[str]) -> Json:
    name = "cvss_v2" if vectors.version_of(vector) == "2.0" else "cvss_v3"
    return {name: vectors.as_json(vector), "products": products}


def _reference(reference: Reference) -> Json:
    return {"category": reference.category, "summary": reference.summary, "url": reference.url}


def _acknowledgment(one: Acknowledgment) -> Json:
    return _filled(names=[*one.names], organization=one.organization, summary=one.summary, urls=[*one.urls])


def _product_tree(products: tuple[Product, ...]) -> tuple[list[Json], list[str], list[str]]:
    """Branches by vendor, family, name and version, and the ids of what is affected and of what is fixed."""
    affected: list[str] = []
    fixed: list[str] = []

    def leaf(category: str, name: str, product: Product, ids: list[str]) -> Json:
        ids.append(f"CSAFPID-{len(affected) + len(fixed) + 1:04}")
        words = [product.vendor, product.name, "" if category == "product_name" else name]
        full = {"name": " ".join(word for word in words if word), "product_id": ids[-1]}
        return {"category": category, "name": name, "product": full}

    def named(product: Product) -> Json:
        if not (product.affected or product.fixed):
            return leaf("product_name", product.name, product, affected)
        versions = [
            leaf("product_version_range" if is_range(name) else "product_version", name, product, ids)
            for names, ids in ((product.affected, affected), (product.fixed, fixed))
            for name in names
        ]
        return {"category": "product_name", "name": product.name, "branches": versions}

    branches: list[Json] = []
    for vendor, of_vendor in groupby(products, key=lambda product: product.vendor):
        families: list[Json] = []
        for family, of_family in groupby(of_vendor, key=lambda product: product.family):
            families += _within("product_family", family, [named(product) for product in of_family])
        branches += _within("vendor", vendor, families)
    return branches, affected, fixed


def _within(category: str, name: str, branches: list[Json]) -> list[Json]:
    return [{"category": category, "name": name, "branches": branches}] if name else branches


def _filled(**values: Any) -> Json:
    """What says something."""
    return {name: value for name, value in values.items() if value}
