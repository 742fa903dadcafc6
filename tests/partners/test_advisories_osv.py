"""Advisories as OSV, written and read (ADR 21 says what maps to what)."""

import json
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from partners.advisories import (
    Acknowledgment,
    AdvisoryError,
    Identifier,
    Note,
    Product,
    Publisher,
    Reference,
    Revision,
    dumps,
    from_csaf,
    from_osv,
    to_csaf,
    to_osv,
)
from partners.advisories.osv_schema import osv_failures
from tests.factories_advisories import SCHEMAS, VECTOR_3, VECTOR_4, advisories, advisory

official = pytest.mark.skipif(not SCHEMAS.exists(), reason="the shared schemas are not here")


def as_bytes(document: Any) -> bytes:
    return json.dumps(document).encode()


def foreign() -> dict[str, Any]:
    """What a database of packages might say, made anew."""
    return {
        "schema_version": "1.6.0",
        "id": "GHSA-aaaa-bbbb-cccc",
        "modified": "2026-09-02T10:00:00.5Z",
        "published": "2026-09-01T10:00:00Z",
        "aliases": ["CVE-2026-88888", "PYSEC-2026-7"],
        "summary": "Invented: a header is trusted",
        "details": "Whoever sends it is whoever they say.",
        "severity": [{"type": "CVSS_V3", "score": VECTOR_3}, {"type": "CVSS_V4", "score": VECTOR_4}],
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": "gateway"},
                "ranges": [
                    {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2"}]},
                    {"type": "SEMVER", "events": [{"introduced": "2.0.0"}, {"last_affected": "2.0.3"}]},
                ],
                "versions": ["1.0", "1.1"],
            },
            {"package": {"ecosystem": "PyPI", "name": "gateway"}, "versions": ["1.1", "0.9"]},
        ],
        "references": [{"type": "FIX", "url": "https://code.example/fix"}],
        "credits": [
            {"name": "Ada Invented", "type": "FINDER", "contact": ["mailto:ada@grid.example", "@ada"]}
        ],
        "database_specific": {"cwe_ids": ["CWE-20", "CWE-79"], "severity": "HIGH"},
    }


@settings(max_examples=60, deadline=None)
@given(advisories())
def test_what_is_written_is_read_again_as_it_was(said):
    assert from_osv(dumps(to_osv(said)).encode(), unlabelled="TLP:CLEAR") == said


@official
@settings(max_examples=60, deadline=None)
@given(advisories())
def test_what_is_written_is_valid_by_the_official_schema(said):
    Draft202012Validator(json.loads((SCHEMAS / "osv.json").read_bytes())).validate(to_osv(said))


def test_an_advisory_goes_from_one_format_to_the_other_and_back():
    said = advisory()
    by_csaf = from_csaf(dumps(to_csaf(said)).encode())
    assert from_osv(dumps(to_osv(by_csaf)).encode()) == said


def test_osv_s_own_fields_say_what_they_can():
    document = to_osv(advisory())
    told = {name: document[name] for name in document if name not in ("database_specific", "affected")}
    assert told == {
        "schema_version": "1.7.0",
        "id": "x_EAP-F-2026-0042",
        "published": "2026-09-01T08:00:00Z",
        "modified": "2026-09-10T08:30:00Z",
        "summary": "Invented: a safeguard gives way to a translated request",
        "details": "Asked in two languages at once, the model answers what it refuses in one.",
        "aliases": ["CVE-2026-99999", "GHSA-xxxx-yyyy-zzzz", "CH-0042"],
        "severity": [{"type": "CVSS_V4", "score": VECTOR_4}, {"type": "CVSS_V3", "score": VECTOR_3}],
        "references": [{"type": "ADVISORY", "url": "https://programme.example/f/42"}],
        "credits": [
            {"name": "Ada Invented (Grid Watch (invented))", "contact": ["https://grid.example/ada"]},
            {"name": "Sector desk (invented)"},
        ],
    }
    assert [entry.get("versions") for entry in document["affected"]] == [["2026-08"], None]
    own = document["database_specific"]["early_access"]
    assert (own["tlp"], own["embargo_until"]) == ("TLP:AMBER+STRICT", "2026-11-30T00:00:00Z")


def test_a_registered_number_and_a_package_are_named_as_osv_names_them():
    said = advisory(id="GHSA-aaaa-bbbb-cccc", products=(Product("gateway", "", ("1.0",), family="PyPI"),))
    document = to_osv(said)
    assert (document["id"], document["affected"][0]["package"]) == (
        "GHSA-aaaa-bbbb-cccc",
        {"ecosystem": "PyPI", "name": "gateway"},
    )
    assert from_osv(as_bytes(document)) == said


def test_what_others_wrote_is_read():
    at = datetime(2026, 9, 2, 10, 0, 0, 500000, tzinfo=UTC)
    read = from_osv(as_bytes(foreign()), unlabelled="TLP:CLEAR")
    assert read == replace(
        read,
        id="GHSA-aaaa-bbbb-cccc",
        title="Invented: a header is trusted",
        summary="Whoever sends it is whoever they say.",
        kind="software_vulnerability",
        status="final",
        tlp="TLP:CLEAR",
        publisher=Publisher("OSV", "https://osv.dev", "other"),
        revisions=(Revision("1", at, "As published in OSV"),),
        initial_release=datetime(2026, 9, 1, 10, tzinfo=UTC),
        current_release=at,
        cve="CVE-2026-88888",
        ids=(Identifier("PYSEC", "PYSEC-2026-7"),),
        cwe="CWE-20",
        cvss=(VECTOR_4, VECTOR_3),
        products=(
            Product(
                "gateway",
                affected=("1.0", "1.1", "vers:pypi/<1.2", "vers:semver/>=2.0.0|<=2.0.3", "0.9"),
                fixed=("1.2",),
                family="PyPI",
            ),
        ),
        references=(Reference("https://code.example/fix", "Fix"),),
        acknowledgments=(
            Acknowledgment(("Ada Invented",), "", "Finder, @ada", ("mailto:ada@grid.example",)),
        ),
    )
    assert from_csaf(dumps(to_csaf(read)).encode()) == read
    assert from_osv(as_bytes(foreign())).tlp == "TLP:AMBER+STRICT"


def test_the_least_a_document_may_say_is_enough():
    read = from_osv(
        as_bytes(
            {"id": "CVE-2026-1234", "modified": "2026-09-02T10:00:00Z", "withdrawn": "2026-09-03T10:00:00Z"}
        )
    )
    assert (read.title, read.cve, read.initial_release) == (
        "CVE-2026-1234",
        "CVE-2026-1234",
        datetime(2026, 9, 2, 10, tzinfo=UTC),
    )
    assert read.notes == (Note("Withdrawn 2026-09-03T10:00:00Z", "Withdrawn", "other"),)


def test_what_somebody_changed_in_ours_counts_and_the_rest_stays():
    document = to_osv(advisory())
    document["credits"] = [{"name": "Another"}]
    document["affected"][0]["versions"] = ["2026-07"]
    document["aliases"] = ["CVE-2026-11111"]
    document["references"] = []
    read = from_osv(as_bytes(document))
    assert read == advisory(
        acknowledgments=(Acknowledgment(("Another",)),),
        products=(Product("x_EAP-F-2026-0042", affected=("2026-07",)), advisory().products[1]),
        cve="CVE-2026-11111",
        ids=(),
        references=(),
    )


CHANGES = {
    "no id": lambda document: document.pop("id"),
    "no date": lambda document: document.pop("modified"),
    "unknown database": lambda document: document.update(id="EAP-1"),
    "own database": lambda document: document.update(id="x_EAP-1"),
    "another date": lambda document: document.update(modified="2026-09-02"),
    "unknown field": lambda document: document.update(tlp="RED"),
    "no aliases": lambda document: document.update(aliases=None),
    "aliases of another type": lambda document: document.update(aliases=[1]),
    "unknown severity": lambda document: document["severity"][0].update(type="CVSS_V5"),
    "severity twice": lambda document: document["affected"][0].update(severity=[]),
    "no package name": lambda document: document["affected"][0]["package"].pop("name"),
    "unknown ecosystem": lambda document: document["affected"][0]["package"].update(ecosystem="Models"),
    "ecosystem with a release": lambda document: document["affected"][0]["package"].update(
        ecosystem="Debian:12"
    ),
    "no events": lambda document: document["affected"][0]["ranges"][0].update(events=[]),
    "never introduced": lambda document: document["affected"][0]["ranges"][0].update(events=[{"fixed": "1"}]),
    "two kinds in one event": lambda document: document["affected"][0]["ranges"][0]["events"][0].update(
        fixed="1"
    ),
    "fixed and last": lambda document: document["affected"][0]["ranges"][0]["events"].append(
        {"last_affected": "1"}
    ),
    "commits without a place": lambda document: document["affected"][0]["ranges"][0].update(type="GIT"),
    "commits": lambda document: document["affected"][0]["ranges"][0].update(
        type="GIT", repo="https://code.example", events=[{"introduced": "0"}, {"fixed": "a" * 40}]
    ),
    "no commits": lambda document: document["affected"][0]["ranges"][0].update(
        type="GIT", repo="https://code.example"
    ),
    "versions of another type": lambda document: document["affected"][0].update(versions="1.0"),
    "nothing affected": lambda document: document.update(affected=None),
    "unknown reference": lambda document: document["references"][0].update(type="LINK"),
    "no address": lambda document: document["references"][0].pop("url"),
    "unknown role": lambda document: document["credits"][0].update(type="HERO"),
    "nobody": lambda document: document["credits"][0].pop("name"),
    "own words of another type": lambda document: document.update(database_specific=[]),
}


@official
@pytest.mark.parametrize("name", CHANGES)
def test_structure_is_judged_as_by_the_official_schema(name):
    document = foreign()
    CHANGES[name](document)
    validator = Draft202012Validator(json.loads((SCHEMAS / "osv.json").read_bytes()))
    assert bool(osv_failures(document)) == (not validator.is_valid(document))


@pytest.mark.parametrize(
    ("change", "test", "path"),
    [
        (CHANGES["no id"], "schema", ""),
        (CHANGES["another date"], "schema", "/modified"),
        (CHANGES["unknown database"], "schema", "/id"),
        (CHANGES["unknown ecosystem"], "schema", "/affected/0/package/ecosystem"),
        (CHANGES["never introduced"], "schema", "/affected/0/ranges/0/events"),
        (lambda document: document["severity"][1].update(score=VECTOR_3), "schema", "/severity/1/score"),
        (
            lambda document: document["severity"][0].update(score="CVSS:3.1/AV:N"),
            "schema",
            "/severity/0/score",
        ),
        (lambda document: document.update(modified="2026-02-30T10:00:00Z"), "reading", "/modified"),
        (
            lambda document: document["references"][0].update(url="javascript:alert(1)"),
            "reading",
            "/references/0/url",
        ),
    ],
)
def test_an_invalid_document_is_refused_with_its_place(change, test, path):
    document = foreign()
    change(document)
    with pytest.raises(AdvisoryError) as refusal:
        from_osv(as_bytes(document))
    assert (refusal.value.test, refusal.value.path) == (test, path)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda own: own.update(tlp="RED"), "/tlp"),
        (lambda own: own.update(kind=7), "/database_specific/early_access/kind"),
        (lambda own: own.update(notes=[{"title": "A"}]), "/database_specific/early_access/notes/0"),
        (lambda own: own.update(notes=[{"text": ""}]), "/database_specific/early_access/notes/0/text"),
        (lambda own: own.update(embargo_until="soon"), "/database_specific/early_access/embargo_until"),
        (lambda own: own.update(remediations={}), "/database_specific/early_access/remediations"),
        (lambda own: own.pop("revisions"), "/revisions"),
    ],
)
def test_own_words_that_somebody_broke_are_refused_with_their_place(change, path):
    document = deepcopy(to_osv(advisory()))
    change(document["database_specific"]["early_access"])
    with pytest.raises(AdvisoryError) as refusal:
        from_osv(as_bytes(document))
    assert (refusal.value.test, refusal.value.path) == ("reading", path)


@pytest.mark.parametrize("read", [from_osv, from_csaf])
@pytest.mark.parametrize(
    "data", [b"", b"[]", b"null", b'{"id": NaN}', b'{"id": 1, "id": 1}', b"[" * 100_000, b"\xff\xfe", b"{}"]
)
def test_hostile_bytes_are_refused_in_words(read, data):
    with pytest.raises(AdvisoryError) as refusal:
        read(data)
    assert refusal.value.test == ("schema" if data == b"{}" else "json")
