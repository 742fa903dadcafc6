"""Advisories as CSAF 2.0, written and read (ADR 21 says what maps to what)."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings

from partners.advisories import (
    Acknowledgment,
    AdvisoryError,
    Identifier,
    Note,
    Product,
    Publisher,
    Reference,
    Remediation,
    check,
    csaf_file_name,
    dumps,
    each_from_csaf,
    from_csaf,
    from_osv,
    to_csaf,
    to_osv,
)
from tests.factories_advisories import (
    SAMPLE,
    SCHEMAS,
    VECTOR_2,
    VECTOR_3,
    VECTOR_4,
    advisories,
    advisory,
    csaf,
)


def as_bytes(document: Any) -> bytes:
    return json.dumps(document).encode()


@settings(max_examples=40, deadline=None)
@given(advisories())
def test_what_is_written_is_read_again_as_it_was(said):
    assert from_csaf(dumps(to_csaf(said)).encode()) == said


def test_an_advisory_with_everything_is_read_again_as_it_was():
    said = advisory()
    assert from_csaf(dumps(to_csaf(said)).encode()) == said


@settings(max_examples=25, deadline=None)
@given(advisories())
def test_what_is_written_is_valid_by_the_official_schema(said):
    if not SCHEMAS.exists():
        pytest.skip("the shared schemas are not here")
    official().validate(to_csaf(said))


def official():
    """The official schema with those of CVSS that it refers to."""
    from jsonschema import Draft202012Validator
    from referencing import Registry
    from referencing.jsonschema import DRAFT4, DRAFT7

    registry: Registry = Registry()
    for name, draft in (("cvss-v2.0", DRAFT4), ("cvss-v3.0", DRAFT4), ("cvss-v3.1", DRAFT7)):
        resource = draft.create_resource(json.loads((SCHEMAS / f"{name}.json").read_bytes()))
        registry = registry.with_resource(f"https://www.first.org/cvss/{name}.json", resource)
    return Draft202012Validator(
        json.loads((SCHEMAS / "csaf_json_schema.json").read_bytes()), registry=registry
    )


def test_the_text_of_an_advisory_is_always_the_same():
    text = dumps(to_csaf(advisory()))
    assert text == dumps(to_csaf(advisory()))
    assert (text[-2:], json.loads(text)) == ("}\n", to_csaf(advisory()))
    assert text.index('"document"') < text.index('"product_tree"') < text.index('"vulnerabilities"')


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("EAP-F-2026-0042", "eap-f-2026-0042.json"),
        ("Example: 2026/7 +a", "example_2026_7_+a.json"),
        ("../é", "_.json"),
    ],
)
def test_a_file_is_named_by_its_number_as_the_standard_has_it(number, name):
    assert csaf_file_name(advisory(id=number)) == name


@pytest.mark.parametrize(
    ("mark", "label", "text"),
    [
        ("TLP:RED", "RED", None),
        (
            "TLP:AMBER+STRICT",
            "AMBER",
            "TLP:AMBER+STRICT (TLP 2.0): for the recipient's own organisation only.",
        ),
        ("TLP:AMBER", "AMBER", None),
        ("TLP:GREEN", "GREEN", None),
        ("TLP:CLEAR", "WHITE", None),
    ],
)
def test_tlp_2_is_told_in_the_labels_of_tlp_1(mark, label, text):
    said = advisory(tlp=mark, distribution="", embargo_until=None)
    written = to_csaf(said)["document"]["distribution"]
    assert (written["tlp"]["label"], written.get("text")) == (label, text)
    assert from_csaf(as_bytes(to_csaf(said))).tlp == mark


@pytest.mark.parametrize(
    ("distribution", "mark"),
    [
        (None, "TLP:RED"),
        ({"text": "Ask first."}, "TLP:RED"),
        ({"tlp": {"label": "AMBER"}}, "TLP:AMBER"),
        ({"tlp": {"label": "AMBER"}, "text": "This is TLP:Amber+Strict."}, "TLP:AMBER+STRICT"),
        ({"tlp": {"label": "WHITE"}, "text": "No longer AMBER+STRICT."}, "TLP:CLEAR"),
    ],
)
def test_a_label_of_others_is_read_and_a_missing_one_is_the_caller_s_to_say(distribution, mark):
    document = csaf()
    document["document"]["distribution"] = distribution
    if distribution is None:
        del document["document"]["distribution"]
    assert from_csaf(as_bytes(document), unlabelled="TLP:RED").tlp == mark


def test_an_unlabelled_document_is_handled_strictly():
    document = csaf()
    del document["document"]["distribution"]
    assert from_csaf(as_bytes(document)).tlp == "TLP:AMBER+STRICT"


def test_an_embargo_and_other_words_stand_for_people_in_the_distribution():
    assert to_csaf(advisory())["document"]["distribution"]["text"].split("\n") == [
        "TLP:AMBER+STRICT (TLP 2.0): for the recipient's own organisation only.",
        "Under embargo until 2026-11-30T00:00:00Z.",
        "Ask before you quote it.",
    ]


def test_cvss_4_has_no_field_and_is_a_note():
    [vulnerability] = to_csaf(advisory(cvss=(VECTOR_2, VECTOR_4, VECTOR_3)))["vulnerabilities"]
    affected = ["CSAFPID-0001", "CSAFPID-0002", "CSAFPID-0004"]
    told = [
        (name, score[name]["vectorString"], score[name]["baseScore"], score["products"])
        for score in vulnerability["scores"]
        for name in score
        if name != "products"
    ]
    assert told == [("cvss_v3", VECTOR_3, 6.1, affected), ("cvss_v2", VECTOR_2, 7.5, affected)]
    assert {"category": "other", "title": "CVSS 4.0", "text": VECTOR_4} in vulnerability["notes"]


def test_without_a_product_scores_and_remediations_are_notes():
    said = advisory(products=())
    document = to_csaf(said)
    [vulnerability] = document["vulnerabilities"]
    assert ("product_tree" in document, "scores" in vulnerability, "remediations" in vulnerability) == (
        False,
    ) * 3
    note = Note("Serve 2026-09.", "Remediation: vendor_fix", "other")
    assert from_csaf(as_bytes(document)) == replace(said, remediations=(), notes=(note, *said.notes))


@pytest.mark.parametrize(
    ("said", "category"),
    [
        ({}, "csaf_security_advisory"),
        ({"products": (), "remediations": ()}, "csaf_base"),
        ({"kind": "incident"}, "csaf_base"),
        (
            {
                "kind": "incident",
                "summary": "",
                "notes": (),
                "references": (Reference("https://a.example", "A"),),
            },
            "csaf_base",
        ),
        (
            {"kind": "incident", "references": (Reference("https://a.example", "A"),)},
            "csaf_security_incident_response",
        ),
    ],
)
def test_the_category_is_the_profile_whose_demands_are_met(said, category):
    document = to_csaf(advisory(**said))
    assert document["document"]["category"] == category
    assert from_csaf(as_bytes(document)) == advisory(**said)


def test_products_stand_by_vendor_and_ranges_are_no_versions():
    [vendor] = to_csaf(advisory())["product_tree"]["branches"]
    model, gateway = vendor["branches"]
    assert [(branch["category"], branch["name"]) for branch in model["branches"]] == [
        ("product_version", "2026-08"),
        ("product_version_range", "before 2026-08"),
        ("product_version", "2026-09"),
    ]
    assert gateway["product"] == {"name": "Aurora Models (invented) Gateway", "product_id": "CSAFPID-0004"}


@pytest.mark.parametrize(
    ("change", "test", "path"),
    [
        (
            {"revisions": (replace(advisory().revisions[0], number="3"), advisory().revisions[1])},
            "6.1.14",
            "/document/tracking/revision_history/1/number",
        ),
        ({"cwe": "CWE-999999"}, "6.1.11", "cwe"),
        ({"publisher": Publisher("A", "no address")}, "schema", "/document/publisher/namespace"),
        ({"id": " spaced"}, "schema", "/document/tracking/id"),
        ({"lang": "EZ"}, "6.1.12", "/document/lang"),
        ({"cve": "CVE-1"}, "schema", "/vulnerabilities/0/cve"),
        ({"title": "a\x00"}, "json", "/document/title"),
    ],
)
def test_what_the_standard_refuses_is_not_written(change, test, path):
    with pytest.raises(AdvisoryError) as refusal:
        to_csaf(advisory(**change))
    assert (refusal.value.test, refusal.value.path) == (test, path)


@pytest.mark.parametrize(
    ("make", "path"),
    [
        (lambda: advisory(tlp="AMBER"), "tlp"),
        (lambda: advisory(kind="bug"), "kind"),
        (lambda: advisory(cvss=(VECTOR_3, VECTOR_3)), "cvss"),
        (lambda: advisory(cvss=("CVSS:4.0/AC:L/" + VECTOR_4[9:].replace("/AC:L", ""),)), "cvss"),
        (lambda: advisory(cvss=(VECTOR_4 + "/AV:N",)), "cvss"),
        (lambda: advisory(cvss=(VECTOR_4.replace("/SA:N", ""),)), "cvss"),
        (lambda: advisory(cvss=("CVSS:5.0/AV:N",)), "cvss"),
        (lambda: advisory(embargo_until=datetime(2026, 9, 1)), "embargo_until"),
        (lambda: advisory(revisions=()), "revisions"),
        (lambda: advisory(products=(Product("A"), Product("A"))), "products"),
        (lambda: advisory(ids=(Identifier("GHSA", "1"),) * 2), "ids"),
        (lambda: replace(advisory().revisions[0], number="1.0"), "number"),
        (lambda: Product("A", affected=("1", "1")), "affected"),
        (lambda: Product("A", affected=("1",), fixed=("1",)), "affected"),
        (lambda: Reference("javascript:alert(1)", "A"), "url"),
        (lambda: Remediation("A", url="https://a.example/ b"), "url"),
        (Acknowledgment, "names"),
        (lambda: Identifier("", "1"), "text"),
    ],
)
def test_an_advisory_that_no_format_could_carry_is_not_made(make, path):
    with pytest.raises(AdvisoryError) as refusal:
        make()
    assert refusal.value.path == path


@pytest.mark.skipif(not SAMPLE.exists(), reason="the shared samples are not here")
def test_a_real_advisory_is_read():
    read = from_csaf(SAMPLE.read_bytes())
    at = datetime(2022, 3, 17, 13, 3, 42, 105000, tzinfo=UTC)
    assert (read.id, read.status, read.tlp, read.version, read.lang) == (
        "BSI-2022-0001",
        "final",
        "TLP:CLEAR",
        "1",
        "en-US",
    )
    assert (read.initial_release, read.current_release) == (at, at)
    assert (read.cve, read.cwe, read.cvss) == ("CVE-2022-27193", "CWE-611", (VECTOR_3,))
    versions = ("1.0.0-alpha", "1.0.0-dev1", "1.0.0-dev2", "1.0.0-dev3", "1.0.0-rc1")
    assert read.products == (Product("CVRF-CSAF-Converter", "CSAF Tools", versions, ("1.0.0-rc2",)),)
    [thanks] = read.acknowledgments
    assert thanks == Acknowledgment(
        ("Damian Pfammatter",), "Cyber-Defense Campus", "Finding and reporting the vulnerability"
    )
    assert read.ids == (Identifier("Github Issue", "csaf-tools/CVRF-CSAF-Converter#78"),)
    assert read.summary.startswith(
        "CSAF Tools CVRF-CSAF-Converter 1.0.0-rc1 resolves XML External Entities (XXE)."
    )
    assert read.notes == (Note("Moderate", "Aggregate severity", "other"),)
    assert from_csaf(dumps(to_csaf(read)).encode()) == read


EXAMPLES = files("csaf.csaf.v21") / "data" / "v20_examples"


@pytest.mark.parametrize("name", sorted(file.name for file in EXAMPLES.iterdir()))
def test_real_advisories_of_vendors_are_read_and_written_again(name):
    """The package brings them along: of a coordinator, and of vendors with many products, relationships and vulnerabilities."""
    data = (EXAMPLES / name).read_bytes()
    found = each_from_csaf(data)
    assert len(found) == len(json.loads(data).get("vulnerabilities", [None]))
    for read in found:
        assert from_csaf(dumps(to_csaf(read)).encode()) == read
        assert from_osv(dumps(to_osv(read)).encode()) == read


def test_an_invalid_document_is_refused_with_the_number_and_the_place():
    document = csaf()
    document["vulnerabilities"][0]["scores"][0]["cvss_v3"]["baseScore"] = 9.8
    with pytest.raises(AdvisoryError) as refusal:
        from_csaf(as_bytes(document))
    place = "/vulnerabilities/0/scores/0/cvss_v3/baseScore"
    assert refusal.value.message == f"6.1.9 {place}: This is 9.8; by the vector it is 6.1."
    assert (refusal.value.test, refusal.value.path, refusal.value.status) == ("6.1.9", place, 400)


def test_several_vulnerabilities_are_as_many_advisories():
    document = csaf()
    [first] = document["vulnerabilities"]
    second = {
        "title": "Another",
        "notes": [{"category": "details", "text": "Said of another."}],
        "product_status": {"first_affected": ["C"]},
    }
    document["vulnerabilities"] = [first, second]
    with pytest.raises(
        AdvisoryError, match="reading /vulnerabilities: The document is about 2 vulnerabilities"
    ):
        from_csaf(as_bytes(document))
    found = each_from_csaf(as_bytes(document))
    vendor = "Aurora Models (invented)"
    assert [(one.id, one.title, one.summary, one.products) for one in found] == [
        (
            "AUR-2026-0007",
            "CVE-2026-99999",
            "A header names the user, and nobody checks it.",
            (Product("Gateway", vendor, ("1.0", "1.1"), ("1.2",)),),
        ),
        ("AUR-2026-0007", "Another", "Said of another.", (Product("Gateway", vendor, ("1.2",)),)),
    ]


def test_what_is_said_of_several_products_is_read_once_and_the_worst_score_counts():
    document = csaf()
    [item] = document["vulnerabilities"]
    item["remediations"].append(item["remediations"][0] | {"product_ids": ["A"]})
    worse = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"
    data = {"version": "3.1", "vectorString": worse, "baseScore": 10.0, "baseSeverity": "CRITICAL"}
    item["scores"].append({"products": ["C"], "cvss_v3": data})
    item["threats"] = [{"category": "exploit_status", "details": "Seen in use."}]
    read = from_csaf(as_bytes(document))
    assert (read.cvss, read.remediations) == ((worse,), (Remediation("Update to 1.2."),))
    assert read.notes == (Note("Seen in use.", "Threat: exploit_status", "other"),)


def test_a_product_as_a_whole_beside_its_versions_is_affected_in_all_of_them():
    document = csaf()
    document["product_tree"]["full_product_names"] = [{"name": "Console", "product_id": "D"}]
    document["product_tree"]["branches"].append(
        {"category": "product_name", "name": "Tool", "product": {"name": "Tool", "product_id": "T"}}
    )
    document["product_tree"]["branches"].append(
        {
            "category": "product_name",
            "name": "Tool",
            "branches": [
                {
                    "category": "product_version",
                    "name": "7",
                    "product": {"name": "Tool 7", "product_id": "T7"},
                }
            ],
        }
    )
    status = {"known_affected": ["T", "D", "AC"], "fixed": ["T7"]}
    document["vulnerabilities"][0] |= {"product_status": status}
    assert from_csaf(as_bytes(document)).products == (
        Product("Tool", affected=("vers:all/*",), fixed=("7",)),
        Product("Console"),
        Product("Gateway 1.0 on Gateway 1.2", "Aurora Models (invented)"),
    )


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (
            lambda document: document["document"]["tracking"].update(
                initial_release_date="0001-01-01T00:00:00+05:00"
            ),
            "/document/tracking/initial_release_date",
        ),
        (
            lambda document: document["document"].update(
                references=[{"summary": "A", "url": "javascript:alert(1)"}]
            ),
            "/document/references/0/url",
        ),
        (
            lambda document: document["vulnerabilities"][0]["acknowledgments"][0].update(
                urls=["data:text/html,a"]
            ),
            "/vulnerabilities/0/acknowledgments/0/urls",
        ),
    ],
)
def test_a_valid_document_that_no_advisory_can_hold_is_refused_with_the_place(change, path):
    document = csaf()
    change(document)
    assert check(document) == []
    with pytest.raises(AdvisoryError) as refusal:
        from_csaf(as_bytes(document))
    assert (refusal.value.test, refusal.value.path) == ("reading", path)
