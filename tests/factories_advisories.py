"""Documents of invented advisories, for tests of what reads, checks and writes them."""

from pathlib import Path
from typing import Any

SHARED = Path(__file__).parents[2] / "shared"
SAMPLE = SHARED / "samples" / "csaf" / "bsi-2022-0001.json"
SCHEMAS = SHARED / "schemas"

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
