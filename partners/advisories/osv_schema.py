"""The structure of OSV, written down here from its specification since no package brings its schema along. It refuses what the
official one refuses, but for patterns of scores, which the readers check. Its lists of names are those of November 2026."""

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from partners.advisories.failures import SCHEMA, Failure, at, shortened

SCHEMA_VERSION = "1.7.0"
ECOSYSTEMS = (
    "AlmaLinux", "Alpaquita", "Alpine", "Android", "Azure Linux", "BellSoft Hardened Containers", "Bioconductor", "Bitnami",
    "CRAN", "Chainguard", "CleanStart", "ConanCenter", "Debian", "Docker Hardened Images", "Echo", "FreeBSD", "GHC", "GIT",
    "GitHub Actions", "Go", "Hackage", "Hex", "Julia", "Kubernetes", "Linux", "Mageia", "Maven", "MinimOS", "NuGet", "OSS-Fuzz",
    "Packagist", "Photon OS", "Pub", "PyPI", "Red Hat", "Rocky Linux", "Root", "RubyGems", "SUSE", "SwiftURL", "TuxCare",
    "Ubuntu", "VSCode", "Wolfi", "crates.io", "npm", "opam", "openEuler", "openSUSE",
)  # fmt: skip
DATABASES = (
    "ALBA", "ALEA", "ALPINE", "ALSA", "ASB-A", "AZL", "BELL", "BIT", "CGA", "CLEANSTART", "CLSA", "CURL", "CVE", "DEBIAN", "DHI",
    "DLA", "DRUPAL", "DSA", "DTSA", "ECHO", "EEF", "ELA", "FreeBSD", "GHSA", "GO", "GSD", "HSEC", "JLSEC", "KUBE", "LBSEC", "LSN",
    "MAL", "MGASA", "MINI", "OESA", "OSEC", "OSV", "PHSA", "PSF", "PUB-A", "PYSEC", "RHBA", "RHEA", "RHSA", "RLSA", "ROOT",
    "RSEC", "RUSTSEC", "RXSA", "SUSE-[SRFO]U", "UBUNTU", "USN", "V8", "openSUSE-SU",
)  # fmt: skip
REFERENCE_TYPES = (
    "ADVISORY", "ARTICLE", "DETECTION", "DISCUSSION", "EVIDENCE", "FIX", "GIT", "INTRODUCED", "PACKAGE", "REPORT", "WEB",
)  # fmt: skip
CREDIT_TYPES = (
    "ANALYST", "COORDINATOR", "FINDER", "OTHER", "REMEDIATION_DEVELOPER", "REMEDIATION_REVIEWER", "REMEDIATION_VERIFIER",
    "REPORTER", "SPONSOR", "TOOL",
)  # fmt: skip
# Numbers of no registered database begin with x_.
ID = rf"^(x_|({'|'.join(DATABASES)})-)"
ECOSYSTEM = rf"^({'|'.join(name.replace('.', '[.]') for name in ECOSYSTEMS)})(:.+)?$"
_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_OBJECT = {"type": "object"}
_INSTANT = {
    "type": "string",
    "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?Z$",
}
_COMMIT = {"type": "string", "pattern": "^(0|[a-f0-9]{40}|[a-f0-9]{64})$"}
EVENTS = ("introduced", "fixed", "last_affected", "limit")


def osv_failures(document: dict[str, Any]) -> list[Failure]:
    """What of a document's structure is not OSV."""
    return [
        Failure(SCHEMA, at(tuple(e.absolute_path)), shortened(e.message))
        for e in _validator().iter_errors(document)
    ]


@cache
def _validator() -> Any:
    severity = _list(_severity(), or_null=True)
    affected = _object(
        package=_object(
            {"ecosystem", "name"}, ecosystem=_TEXT | {"pattern": ECOSYSTEM}, name=_TEXT, purl=_TEXT
        ),
        severity=severity,
        ranges=_list(_range()),
        versions=_TEXTS,
        ecosystem_specific=_OBJECT,
        database_specific=_OBJECT,
    )
    document = _object(
        {"id", "modified"},
        schema_version=_TEXT,
        id=_TEXT | {"pattern": ID},
        modified=_INSTANT,
        published=_INSTANT,
        withdrawn=_INSTANT,
        aliases=_list(_TEXT, or_null=True),
        related=_TEXTS,
        upstream=_TEXTS,
        summary=_TEXT,
        details=_TEXT,
        severity=severity,
        affected=_list(affected, or_null=True),
        references=_list(
            _object({"type", "url"}, type={"enum": [*REFERENCE_TYPES]}, url=_TEXT), or_null=True
        ),
        credits=_list(_object({"name"}, name=_TEXT, contact=_TEXTS, type={"enum": [*CREDIT_TYPES]})),
        database_specific=_OBJECT,
    )
    # A severity is the document's, or that of what is affected.
    apart = {
        "if": {"required": ["severity"]},
        "then": {"properties": {"affected": {"items": {"properties": {"severity": {"type": "null"}}}}}},
    }
    return Draft202012Validator(document | apart | {"additionalProperties": False})


def _severity() -> dict[str, Any]:
    """A type and a score; whether the score is a vector of its type is the readers' to say."""
    return _object({"type", "score"}, type={"enum": ["CVSS_V2", "CVSS_V3", "CVSS_V4", "Ubuntu"]}, score=_TEXT)


def _range() -> dict[str, Any]:
    """Events of one kind each; an affected version begins with one that is introduced, and ends fixed or with the last one."""
    commits = {
        "properties": {"events": {"items": {"properties": dict.fromkeys(EVENTS, _COMMIT)}}},
        "required": ["repo"],
    }
    event = {
        "type": "object",
        "properties": dict.fromkeys(EVENTS, _TEXT),
        "oneOf": [{"required": [name]} for name in EVENTS],
    }
    events = _list(event) | {"minItems": 1, "contains": {"required": ["introduced"]}}
    last = {"properties": {"events": {"contains": {"required": ["last_affected"]}}}}
    fixed = {"properties": {"events": {"contains": {"required": ["fixed"]}}}}
    kinds = {"enum": ["ECOSYSTEM", "GIT", "SEMVER"]}
    return _object({"type", "events"}, type=kinds, repo=_TEXT, events=events, database_specific=_OBJECT) | {
        "allOf": [
            {"if": {"properties": {"type": {"const": "GIT"}}}, "then": commits},
            {"if": last, "then": {"not": fixed}},
        ]
    }


def _object(required: set[str] = frozenset(), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": sorted(required)}


def _list(items: dict[str, Any], *, or_null: bool = False) -> dict[str, Any]:
    return {"type": ["array", "null"] if or_null else "array", "items": items}
