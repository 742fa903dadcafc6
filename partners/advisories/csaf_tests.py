"""Mandatory tests of CSAF 2.0 that the package ``csaf`` has otherwise than the standard, or not whole: one function a number.

Each takes a document that has the schema's structure and yields what fails. Source: CSAF 2.0, section 6.1, and for 6.1.31 the
committee's later words that its keywords are whole words, as its own examples have it.
"""

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from graphlib import CycleError, TopologicalSorter
from typing import Any

from partners.advisories import vectors
from partners.advisories.failures import Failure, at, shortened

Document = dict[str, Any]
Found = Iterator[Failure]
TESTS: dict[str, Callable[[Document], Found]] = {}
_SCORE = re.compile(r"(base|temporal|environmental)(Score|Severity)$")
_OPERATOR = re.compile(r"[<>]")
_RANGES = {"after", "all", "before", "earlier", "later", "prior", "versions"}


def _test(number: str) -> Callable[[Callable[[Document], Found]], Callable[[Document], Found]]:
    def register(function: Callable[[Document], Found]) -> Callable[[Document], Found]:
        TESTS[number] = function
        return function

    return register


def instant(text: str) -> datetime:
    """A date-time of RFC 3339, as the schema has seen it. A leap second counts as the second before it."""
    return datetime.fromisoformat(re.sub(r":60(?=[.Z+-])", ":59", text.upper()))


def is_version_range(name: str) -> bool:
    """Whether a version's name is a range, which a ``product_version`` may not be (6.1.31)."""
    return bool(_OPERATOR.search(name) or _RANGES & set(name.lower().split()))


@_test("6.1.3")
def no_circular_product(document: Document) -> Found:
    relationships = document.get("product_tree", {}).get("relationships", [])
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for item in relationships:
        references = (item["product_reference"], item["relates_to_product_reference"])
        sorter.add(item["full_product_name"]["product_id"], *references)
    try:
        sorter.prepare()
    except CycleError as error:
        circle = frozenset(error.args[1])
        for place, item in enumerate(relationships):
            if (name := item["full_product_name"]["product_id"]) in circle:
                path = at(("product_tree", "relationships", place, "full_product_name", "product_id"))
                yield Failure("6.1.3", path, shortened(f"The product {name!r} ends up in a circle."))


@_test("6.1.7")
def one_score_per_version(document: Document) -> Found:
    for number, vulnerability in enumerate(document.get("vulnerabilities", [])):
        seen: set[tuple[str, str]] = set()
        for place, score in enumerate(vulnerability.get("scores", [])):
            for version in [score[name]["version"] for name in ("cvss_v2", "cvss_v3") if name in score]:
                for entry, product in enumerate(score["products"]):
                    if (version, product) in seen:
                        path = at(("vulnerabilities", number, "scores", place, "products", entry))
                        yield Failure(
                            "6.1.7", path, shortened(f"{product!r} has a CVSS {version} score already.")
                        )
                    seen.add((version, product))


@_test("6.1.9")
@_test("6.1.10")
def cvss_as_its_vector_says(document: Document) -> Found:
    """Scores and severities (6.1.9) and metrics in words (6.1.10), as far as the vector says something of them. A vector that
    the schema lets pass, but which names a metric twice or not at all, is no valid CVSS (6.1.8)."""
    for number, vulnerability in enumerate(document.get("vulnerabilities", [])):
        for place, score in enumerate(vulnerability.get("scores", [])):
            for name in ("cvss_v2", "cvss_v3"):
                if name in score:
                    yield from _against_vector(
                        score[name], ("vulnerabilities", number, "scores", place, name)
                    )


def _against_vector(said: Document, path: tuple[str | int, ...]) -> Found:
    try:
        meant = vectors.named(said["vectorString"])
    except ValueError as error:
        yield Failure("6.1.8", at((*path, "vectorString")), shortened(str(error)))
        return
    for key, value in said.items():
        if value != meant.get(key, value):
            number = "6.1.9" if _SCORE.match(key) else "6.1.10"
            yield Failure(
                number,
                at((*path, key)),
                f"This is {shortened(repr(value))}; by the vector it is {meant[key]!r}.",
            )


@_test("6.1.14")
def revisions_in_order(document: Document) -> Found:
    history = _by_date(document)
    for (_, before), (place, item) in itertools.pairwise(history):
        if rank(item["number"]) < rank(before["number"]):
            path = at(("document", "tracking", "revision_history", place, "number"))
            yield Failure("6.1.14", path, f"By date {item['number']} comes after {before['number']}.")


@_test("6.1.16")
def latest_version(document: Document) -> Found:
    tracking = document["document"]["tracking"]
    latest = _by_date(document)[-1][1]["number"]
    version, number = tracking["version"].split("+")[0], latest.split("+")[0]
    if tracking["status"] == "draft":
        version, number = version.split("-")[0], number.split("-")[0]
    if version != number:
        message = f"The document's version is {tracking['version']}; its last revision is {latest}."
        yield Failure("6.1.16", "/document/tracking/version", message)


@_test("6.1.17")
def drafts_are_drafts(document: Document) -> Found:
    tracking = document["document"]["tracking"]
    version = tracking["version"]
    early = version == "0" or version.startswith("0.") or "-" in version.split("+")[0]
    if early and tracking["status"] != "draft":
        message = f"The status of version {version} is draft, not {tracking['status']}."
        yield Failure("6.1.17", "/document/tracking/status", message)


@_test("6.1.22")
def revisions_once(document: Document) -> Found:
    history = document["document"]["tracking"]["revision_history"]
    for number, times in Counter(item["number"] for item in history).items():
        if times > 1:
            yield Failure(
                "6.1.22", "/document/tracking/revision_history", f"Version {number} stands {times} times."
            )


@_test("6.1.31")
def no_range_for_a_version(document: Document) -> Found:
    waiting: list[tuple[tuple[str | int, ...], Document]] = [
        (("product_tree",), document.get("product_tree", {}))
    ]
    while waiting:
        path, node = waiting.pop()
        if node.get("category") == "product_version" and is_version_range(node["name"]):
            message = shortened(f"{node['name']!r} is a range; its category is product_version_range.")
            yield Failure("6.1.31", at((*path, "name")), message)
        waiting += [
            ((*path, "branches", place), inner) for place, inner in enumerate(node.get("branches", []))
        ]


def _by_date(document: Document) -> list[tuple[int, Document]]:
    """The revisions with their places, by date, then by number."""
    history = document["document"]["tracking"]["revision_history"]
    return sorted(enumerate(history), key=lambda entry: (instant(entry[1]["date"]), rank(entry[1]["number"])))


def rank(number: str) -> tuple:
    """The precedence of a version: an integer, or a semantic version (semver.org, section 11)."""
    core, _, early = number.split("+", maxsplit=1)[0].partition("-")
    parts = [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in early.split(".") if early]
    # A pre-release comes before its release.
    return (tuple(int(part) for part in core.split(".")), not early, parts)
