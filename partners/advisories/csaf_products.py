"""The products of a CSAF 2.0 document as the advisory has them: by vendor, family and name, with affected and fixed versions."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from partners.advisories.advisory import Product
from partners.advisories.csaf_words import AFFECTED

AFFECTED_STATUS = ("first_affected", "known_affected", "last_affected")
FIXED_STATUS = ("first_fixed", "fixed")
_OF_VERSION = {"product_version", "product_version_range", "service_pack", "patch_level"}


@dataclass(frozen=True)
class Named:
    """What a product id stands for; ``version`` is empty for a product as a whole."""

    vendor: str
    family: str
    name: str
    version: str


@dataclass
class _Versions:
    affected: dict[str, None] = field(default_factory=dict)
    fixed: dict[str, None] = field(default_factory=dict)


def products_of(vulnerability: dict[str, Any], named: dict[str, Named]) -> tuple[Product, ...]:
    """Products of which a version, or all of it, is affected or fixed, in the order of the tree."""
    status = vulnerability.get("product_status", {})
    affected = {product for name in AFFECTED_STATUS for product in status.get(name, [])}
    fixed = {product for name in FIXED_STATUS for product in status.get(name, [])}
    found: dict[tuple[str, str, str], _Versions] = {}
    for product, words in named.items():
        if product in affected or product in fixed:
            versions = found.setdefault((words.vendor, words.family, words.name), _Versions())
            (versions.affected if product in affected else versions.fixed)[words.version] = None
    return tuple(_product(*key, versions) for key, versions in found.items())


def _product(vendor: str, family: str, name: str, versions: _Versions) -> Product:
    """A product as a whole is affected without a version, unless versions are named beside it."""
    if list(versions.affected) == [""] and not versions.fixed:
        return Product(name=name, vendor=vendor, family=family)
    affected, fixed = (tuple(v or AFFECTED for v in names) for names in (versions.affected, versions.fixed))
    return Product(name=name, vendor=vendor, family=family, affected=affected, fixed=fixed)


def named_products(document: dict[str, Any]) -> dict[str, Named]:
    """Each product id with its words."""
    tree = document.get("product_tree", {})
    found = dict(_of_branches(tree.get("branches", []), []))
    for product in tree.get("full_product_names", []):
        found[product["product_id"]] = Named("", "", product["name"], "")
    for relationship in tree.get("relationships", []):
        part = found.get(relationship["product_reference"])
        full = relationship["full_product_name"]
        found[full["product_id"]] = Named(part.vendor if part else "", "", full["name"], "")
    return found


def _of_branches(branches: list[dict[str, Any]], path: list[tuple[str, str]]) -> Iterator[tuple[str, Named]]:
    for branch in branches:
        here = [*path, (branch["category"], branch["name"])]
        yield from _of_branches(branch.get("branches", []), here)
        if "product" in branch:
            yield branch["product"]["product_id"], _named(here, branch["product"]["name"])


def _named(path: list[tuple[str, str]], full_name: str) -> Named:
    def words(*categories: str) -> str:
        return " ".join(name for category, name in path if category in categories)

    vendor, family, version = words("vendor"), words("product_family"), words(*_OF_VERSION)
    if not words("product_name"):
        return Named(vendor, family, full_name, "")
    others = [category for category, _ in path if category not in {"vendor", "product_family", *_OF_VERSION}]
    return Named(vendor, family, words(*others), version)
