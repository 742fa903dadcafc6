"""The tests of CSAF 2.0's profiles, 6.1.27.1 to 6.1.27.11: what a document of a category must have."""

from collections.abc import Iterator
from typing import Any

from partners.advisories.failures import Failure, at, shortened

BASE = "csaf_base"
INFORMATION = "csaf_informational_advisory"
INCIDENT = "csaf_security_incident_response"
ADVISORY = "csaf_security_advisory"
VEX = "csaf_vex"
TELLING = {"description", "details", "general", "summary"}
VEX_STATUS = {"fixed", "known_affected", "known_not_affected", "under_investigation"}


def profile_failures(document: dict[str, Any]) -> Iterator[Failure]:
    """What the document lacks, or has too much, for the profile that its category names."""
    category = document["document"]["category"]
    if category in (INFORMATION, INCIDENT):
        yield from _of_information(document["document"])
    if category == INFORMATION and "vulnerabilities" in document:
        yield Failure("6.1.27.3", "/vulnerabilities", "An informational advisory has no vulnerabilities.")
    if category in (ADVISORY, VEX):
        if "product_tree" not in document:
            yield Failure("6.1.27.4", "/product_tree", "There is no product tree.")
        if "vulnerabilities" not in document:
            yield Failure("6.1.27.11", "/vulnerabilities", "There are no vulnerabilities.")
        groups = {
            group["group_id"]: group["product_ids"]
            for group in document.get("product_tree", {}).get("product_groups", [])
        }
        for number, vulnerability in enumerate(document.get("vulnerabilities", [])):
            yield from _of_vulnerability(vulnerability, category, ("vulnerabilities", number), groups)


def _of_information(head: dict[str, Any]) -> Iterator[Failure]:
    if not any(note["category"] in TELLING for note in head.get("notes", [])):
        yield Failure("6.1.27.1", "/document/notes", "No note is a description, details, general or summary.")
    if not any(
        reference.get("category", "external") == "external" for reference in head.get("references", [])
    ):
        yield Failure("6.1.27.2", "/document/references", "No reference links to an external source.")


def _of_vulnerability(item: dict[str, Any], category: str, path: tuple, groups: dict) -> Iterator[Failure]:
    if "notes" not in item:
        yield Failure("6.1.27.5", at((*path, "notes")), "The vulnerability has no notes.")
    status = item.get("product_status", {})
    if category == ADVISORY and not status:
        yield Failure("6.1.27.6", at((*path, "product_status")), "The vulnerability has no product status.")
    if category == VEX:
        if not VEX_STATUS & status.keys():
            yield Failure("6.1.27.7", at((*path, "product_status")), "No status is one that VEX knows.")
        if "cve" not in item and "ids" not in item:
            yield Failure(
                "6.1.27.8", at((*path, "ids")), "The vulnerability has neither a CVE number nor another id."
            )
        impacts = [threat for threat in item.get("threats", []) if threat["category"] == "impact"]
        said = _products([*item.get("flags", []), *impacts], groups)
        yield from _without("6.1.27.9", "impact statement", status, "known_not_affected", said, path)
        fixed = _products(item.get("remediations", []), groups)
        yield from _without("6.1.27.10", "action statement", status, "known_affected", fixed, path)


def _products(items: list[dict[str, Any]], groups: dict[str, list[str]]) -> set[str]:
    """The products that statements are about, by themselves or in groups."""
    direct = {product for item in items for product in item.get("product_ids", [])}
    named = {group for item in items for group in item.get("group_ids", [])}
    return direct.union(*(groups.get(group, []) for group in named))


def _without(
    number: str, what: str, status: dict, name: str, said: set[str], path: tuple
) -> Iterator[Failure]:
    for place, product in enumerate(status.get(name, [])):
        if product not in said:
            where = at((*path, "product_status", name, place))
            yield Failure(number, where, shortened(f"{product!r} has no {what}."))
