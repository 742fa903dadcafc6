"""Invented advisories and documents of them, for tests of what reads, checks and writes them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

from hypothesis import strategies as st

from partners.advisories import (
    Acknowledgment,
    Advisory,
    Identifier,
    Note,
    Product,
    Publisher,
    Reference,
    Remediation,
    Revision,
)
from partners.advisories.advisory import Kind, NoteCategory, PublisherCategory, RemediationCategory, Status
from portal.submissions.markings import TLP

SHARED = Path(__file__).parents[2] / "shared"
SAMPLE = SHARED / "samples" / "csaf" / "bsi-2022-0001.json"
SCHEMAS = SHARED / "schemas"

VECTOR_2 = "AV:N/AC:L/Au:N/C:P/I:P/A:P"
VECTOR_30 = "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"
VECTOR_3 = "CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:N/A:L/E:F/RL:O/RC:C"
VECTOR_4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:L/VA:N/SC:N/SI:N/SA:N"


def csaf() -> dict[str, Any]:
    """A valid CSAF 2.0 document, made anew, that has something for each mandatory test to find wrong."""
    return {
        "document": {
            "category": "csaf_security_advisory",
            "csaf_version": "2.0",
            "distribution": {"tlp": {"label": "AMBER"}},
            "lang": "en",
            "publisher": {
                "category": "vendor",
                "name": "Aurora Models (invented)",
                "namespace": "https://aurora.example",
            },
            "title": "Invented: the gateway trusts a header",
            "tracking": {
                "current_release_date": "2026-09-10T08:00:00Z",
                "id": "AUR-2026-0007",
                "initial_release_date": "2026-09-01T08:00:00Z",
                "revision_history": [
                    {"date": "2026-09-01T08:00:00Z", "number": "1", "summary": "First"},
                    {"date": "2026-09-10T08:00:00Z", "number": "2", "summary": "Fixed version named"},
                ],
                "status": "final",
                "version": "2",
            },
        },
        "product_tree": {
            "branches": [
                {
                    "category": "vendor",
                    "name": "Aurora Models (invented)",
                    "branches": [
                        {
                            "category": "product_name",
                            "name": "Gateway",
                            "branches": [_version("1.0", "A"), _version("1.1", "B"), _version("1.2", "C")],
                        }
                    ],
                }
            ],
            "product_groups": [{"group_id": "G", "product_ids": ["A", "B"]}],
            "relationships": [
                {
                    "category": "installed_on",
                    "full_product_name": {"name": "Gateway 1.0 on Gateway 1.2", "product_id": "AC"},
                    "product_reference": "A",
                    "relates_to_product_reference": "C",
                }
            ],
        },
        "vulnerabilities": [
            {
                "acknowledgments": [{"names": ["Ada Invented"], "organization": "Grid Watch (invented)"}],
                "cve": "CVE-2026-99999",
                "cwe": {"id": "CWE-611", "name": "Improper Restriction of XML External Entity Reference"},
                "flags": [{"label": "vulnerable_code_not_present", "product_ids": ["AC"]}],
                "ids": [{"system_name": "Clearinghouse", "text": "CH-0042"}],
                "involvements": [{"party": "vendor", "status": "completed", "date": "2026-09-01T08:00:00Z"}],
                "notes": [
                    {"category": "description", "text": "A header names the user, and nobody checks it."}
                ],
                "product_status": {
                    "fixed": ["C"],
                    "known_affected": ["A", "B"],
                    "known_not_affected": ["AC"],
                },
                "remediations": [
                    {"category": "vendor_fix", "details": "Update to 1.2.", "product_ids": ["A", "B"]}
                ],
                "scores": [
                    {
                        "products": ["A", "B"],
                        "cvss_v3": {
                            "version": "3.1",
                            "vectorString": VECTOR_3,
                            "attackVector": "LOCAL",
                            "baseScore": 6.1,
                            "baseSeverity": "MEDIUM",
                            "temporalScore": 5.7,
                            "temporalSeverity": "MEDIUM",
                        },
                    }
                ],
            }
        ],
    }


def _version(name: str, product_id: str) -> dict[str, Any]:
    helper = {
        "hashes": [{"filename": "gateway", "file_hashes": [{"algorithm": "sha256", "value": "0" * 64}]}],
        "purl": f"pkg:generic/gateway@{name}",
    }
    product = {"name": f"Gateway {name}", "product_id": product_id, "product_identification_helper": helper}
    return {"category": "product_version", "name": name, "product": product}


def advisory(**said: Any) -> Advisory:
    """A finding in a model's safeguard, with something in every field."""
    return Advisory(
        **{
            "id": "EAP-F-2026-0042",
            "title": "Invented: a safeguard gives way to a translated request",
            "summary": "Asked in two languages at once, the model answers what it refuses in one.",
            "kind": "model_safeguard",
            "publisher": Publisher(
                "Programme office (invented)", "https://programme.example", contact="desk@programme.example"
            ),
            "revisions": (
                Revision("1", datetime(2026, 9, 1, 8, tzinfo=UTC), "Reported"),
                Revision("2", datetime(2026, 9, 10, 8, 30, tzinfo=UTC), "Fixed version named"),
            ),
            "initial_release": datetime(2026, 9, 1, 8, tzinfo=UTC),
            "current_release": datetime(2026, 9, 10, 8, 30, tzinfo=UTC),
            "status": "interim",
            "tlp": "TLP:AMBER+STRICT",
            "distribution": "Ask before you quote it.",
            "embargo_until": datetime(2026, 11, 30, tzinfo=UTC),
            "products": (
                Product("Aurora-9", "Aurora Models (invented)", ("2026-08", "before 2026-08"), ("2026-09",)),
                Product("Gateway", "Aurora Models (invented)"),
            ),
            "cve": "CVE-2026-99999",
            "ids": (Identifier("GHSA", "GHSA-xxxx-yyyy-zzzz"), Identifier("Clearinghouse", "CH-0042")),
            "cwe": "CWE-1427",
            "cvss": (VECTOR_4, VECTOR_3),
            "ssvc": "SSVCv2/E:P/A:N/T:P/P:M/B:I/M:M/D:T/2026-09-10T08:30:00Z/",
            "acknowledgments": (
                Acknowledgment(
                    ("Ada Invented",), "Grid Watch (invented)", "Found it", ("https://grid.example/ada",)
                ),
                Acknowledgment((), "Sector desk (invented)", "Passed it on"),
            ),
            "references": (Reference("https://programme.example/f/42", "This advisory", "self"),),
            "remediations": (Remediation("Serve 2026-09.", "vendor_fix", "https://aurora.example/2026-09"),),
            "notes": (Note("Only the hosted model was tried.", "Scope", "details"),),
            "lang": "en-US",
        }
        | said
    )


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
addresses = st.from_regex(r"https://[a-z]{1,8}\.example/[a-z0-9]{0,6}", fullmatch=True)
instants = st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))


def _some(what: st.SearchStrategy, most: int = 3) -> st.SearchStrategy:
    return st.lists(what, max_size=most, unique=True).map(tuple)


@st.composite
def products(draw: st.DrawFn) -> Product:
    versions = draw(
        st.lists(words | st.sampled_from(["<2.0", "all", "1.0 and later"]), max_size=5, unique=True)
    )
    cut = draw(st.integers(0, len(versions)))
    family = draw(st.sampled_from(["", "PyPI", "npm"]) | words)
    return Product(
        draw(words), draw(st.just("") | words), tuple(versions[:cut]), tuple(versions[cut:]), family
    )


@st.composite
def revisions(draw: st.DrawFn) -> tuple[Revision, ...]:
    first = draw(instants)
    return tuple(
        Revision(str(number), first + timedelta(hours=number), draw(words))
        for number in range(1, draw(st.integers(2, 4)))
    )


@st.composite
def advisories(draw: st.DrawFn) -> Advisory:
    """Any advisory that a format can carry whole: remediations name products, and a summary tells itself from the notes."""
    of = draw(st.lists(products(), max_size=3, unique_by=lambda product: product.key).map(tuple))
    names, perhaps = st.lists(words, min_size=1, max_size=2).map(tuple), st.just("") | words
    acknowledgments = st.builds(Acknowledgment, names, perhaps, perhaps, _some(addresses))
    category = draw(st.sampled_from(get_args(PublisherCategory)))
    return Advisory(
        id=draw(st.from_regex(r"[A-Z0-9][A-Z0-9-]{0,11}[A-Z0-9]", fullmatch=True)),
        title=draw(words),
        summary=draw(words),
        kind=draw(st.sampled_from(get_args(Kind))),
        publisher=Publisher(draw(words), draw(addresses), category),
        revisions=draw(revisions()),
        initial_release=draw(instants),
        current_release=draw(instants),
        status=draw(st.sampled_from(get_args(Status))),
        tlp=draw(st.sampled_from(TLP)),
        distribution=draw(st.just("") | words),
        embargo_until=draw(st.none() | instants),
        products=of,
        cve=draw(st.sampled_from(["", "CVE-2026-99999"])),
        ids=draw(_some(st.builds(Identifier, words, words))),
        cwe=draw(st.sampled_from(["", "CWE-20", "CWE-1427"])),
        cvss=tuple(draw(st.sets(st.sampled_from([VECTOR_2, VECTOR_30, VECTOR_3, VECTOR_4])))),
        ssvc=draw(st.just("") | words),
        acknowledgments=draw(_some(acknowledgments)),
        references=draw(_some(st.builds(Reference, addresses, words, st.sampled_from(["external", "self"])))),
        remediations=draw(
            _some(
                st.builds(
                    Remediation,
                    words,
                    st.sampled_from(get_args(RemediationCategory)),
                    st.just("") | addresses,
                )
            )
        )
        if of
        else (),
        notes=draw(
            _some(st.builds(Note, words, st.just("") | words, st.sampled_from(get_args(NoteCategory))))
        ),
        lang=draw(st.sampled_from(["", "en", "de-CH"])),
        source_lang="fr" if category == "translator" else "",
    )
