"""What stands against a CSAF document, by the number of the standard's mandatory test (CSAF 2.0, section 6.1)."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest

from partners.advisories import Failure, check
from partners.advisories.failures import LONGEST
from partners.advisories.json_text import DEEPEST, MOST_ENTRIES
from tests.factories_advisories import SAMPLE, VECTOR_3, csaf

Document = dict[str, Any]


def tracking(document: Document) -> Document:
    return document["document"]["tracking"]


def vulnerability(document: Document) -> Document:
    return document["vulnerabilities"][0]


def cvss(document: Document) -> Document:
    return vulnerability(document)["scores"][0]["cvss_v3"]


def version(document: Document, place: int = 0) -> Document:
    return document["product_tree"]["branches"][0]["branches"][0]["branches"][place]


def history(*numbers: str, status: str = "final", latest: str = "", days: str = "123456789") -> Callable:
    """A change to these revisions, a day apart, the latest of them the document's version."""

    def change(document: Document) -> None:
        tracking(document)["revision_history"] = [
            {"date": f"2026-09-0{day}T08:00:00Z", "number": number, "summary": "Said"}
            for day, number in zip(days, numbers, strict=False)
        ]
        tracking(document)["version"] = latest or numbers[-1]
        tracking(document)["status"] = status

    return change


def put(place: Callable[[Document], Document], **values: Any) -> Callable:
    return lambda document: place(document).update(values)


def add(place: Callable[[Document], Document], key: str, value: Any) -> Callable:
    """One more entry of a list that stands there, or the first of one that does not."""
    return lambda document: place(document).setdefault(key, []).append(value)


def tree(document: Document) -> Document:
    return document["product_tree"]


def head(document: Document) -> Document:
    return document["document"]


def helper(document: Document) -> Document:
    return version(document)["product"]["product_identification_helper"]


def vex(change: Callable[[Document], Any]) -> Callable:
    """A change to the vulnerability of a document that says who is exploitable."""
    return lambda document: (head(document).update(category="csaf_vex"), change(vulnerability(document)))


INCIDENT, INFORMATION = "csaf_security_incident_response", "csaf_informational_advisory"
LINK = {"summary": "Said elsewhere", "url": "https://aurora.example/0007"}
OWN_LINK = LINK | {"category": "self"}
SUMMARY = {"category": "summary", "text": "What happened"}
CIRCLE = {
    "category": "installed_with",
    "full_product_name": {"name": "Itself", "product_id": "ROUND"},
    "product_reference": "ROUND",
    "relates_to_product_reference": "A",
}
DOUBLE_HASH = {"algorithm": "sha256", "value": "1" * 64}
FLAG = {"label": "component_not_present", "product_ids": ["AC"]}
FIX = {"category": "vendor_fix", "details": "Update."}
SAME_CVE = {
    "cve": "CVE-2026-99999",
    "notes": [{"category": "other", "text": "Again"}],
    "product_status": {"fixed": ["C"]},
}
SAME_INVOLVEMENT = {"party": "vendor", "status": "disputed", "date": "2026-09-01T08:00:00Z"}
CHANGES = {
    "6.1.1": lambda document: vulnerability(document)["product_status"]["known_affected"].append("NOBODY"),
    "6.1.2": add(tree, "full_product_names", {"name": "Another", "product_id": "A"}),
    "6.1.3": add(tree, "relationships", CIRCLE),
    "6.1.4": lambda document: vulnerability(document)["remediations"][0].update(group_ids=["NOBODY"]),
    "6.1.5": add(tree, "product_groups", {"group_id": "G", "product_ids": ["B", "C"]}),
    "6.1.6": lambda document: vulnerability(document)["product_status"]["known_not_affected"].append("A"),
    "6.1.7": lambda document: vulnerability(document)["scores"].append(
        csaf()["vulnerabilities"][0]["scores"][0]
    ),
    "6.1.8": lambda document: cvss(document).pop("baseSeverity"),
    "6.1.9": put(cvss, baseScore=6.2),
    "6.1.10": put(cvss, attackVector="NETWORK"),
    "6.1.11": lambda document: vulnerability(document)["cwe"].update(name="Trust"),
    "6.1.12": put(head, lang="EZ"),
    "6.1.13": put(helper, purl="pkg:generic/@1.0"),
    "6.1.14": history("1.0.0", "1.1.0", days="21", latest="1.0.0"),
    "6.1.15": lambda document: head(document)["publisher"].update(category="translator"),
    "6.1.16": put(tracking, version="3"),
    "6.1.17": history("0"),
    "6.1.18": history("0", "1"),
    "6.1.19": history("1.0.0-rc.1", status="draft"),
    "6.1.20": history("1.0.0", latest="1.0.0-rc.1"),
    "6.1.21": history("1", "3"),
    "6.1.22": history("1.0.0", "1.0.0"),
    "6.1.23": add(lambda document: document, "vulnerabilities", SAME_CVE),
    "6.1.24": add(vulnerability, "involvements", SAME_INVOLVEMENT),
    "6.1.25": lambda document: helper(document)["hashes"][0]["file_hashes"].append(DOUBLE_HASH),
    "6.1.26": put(head, category="Security Advisory"),
    "6.1.27.1": lambda document: head(document).update(category=INCIDENT, references=[LINK]),
    "6.1.27.2": lambda document: head(document).update(
        category=INCIDENT, notes=[SUMMARY], references=[OWN_LINK]
    ),
    "6.1.27.3": lambda document: head(document).update(
        category=INFORMATION, notes=[SUMMARY], references=[LINK]
    ),
    "6.1.27.4": lambda document: (
        document.pop("product_tree"),
        document.update(vulnerabilities=[{"notes": [SUMMARY]}]),
    ),
    "6.1.27.5": lambda document: vulnerability(document).pop("notes"),
    "6.1.27.6": lambda document: vulnerability(document).pop("product_status"),
    "6.1.27.7": vex(lambda item: item.update(product_status={"first_fixed": ["C"]})),
    "6.1.27.8": vex(lambda item: (item.pop("cve"), item.pop("ids"))),
    "6.1.27.9": vex(lambda item: item.pop("flags")),
    "6.1.27.10": vex(lambda item: item.pop("remediations")),
    "6.1.27.11": lambda document: document.pop("vulnerabilities"),
    "6.1.28": put(head, source_lang="en"),
    "6.1.29": add(vulnerability, "remediations", FIX),
    "6.1.30": history("1", "2.0.0"),
    "6.1.31": lambda document: version(document).update(name="before 1.1"),
    "6.1.32": add(vulnerability, "flags", {"label": "component_not_present"}),
    "6.1.33": add(vulnerability, "flags", FLAG),
}
# What can't fail alone: a final document of version 0 has a revision of that number; one of a pre-release version is a draft, and
# has another version than its last revision; a vulnerability has no product status where there are no products.
BESIDE = {"6.1.17": ["6.1.18"], "6.1.20": ["6.1.16", "6.1.17"], "6.1.27.4": ["6.1.27.6"]}


def numbers(document: object) -> list[str]:
    return list(dict.fromkeys(failure.test for failure in check(document)))


def in_order(tests: list[str]) -> list[str]:
    return sorted(tests, key=lambda test: [int(part) for part in test.split(".")])


def test_a_valid_document_fails_nothing():
    assert check(csaf()) == []


@pytest.mark.skipif(not SAMPLE.exists(), reason="the shared samples are not here")
def test_a_real_advisory_fails_nothing():
    assert check(json.loads(SAMPLE.read_bytes())) == []


@pytest.mark.parametrize("number", CHANGES)
def test_each_mandatory_test_finds_what_it_is_for(number):
    document = csaf()
    CHANGES[number](document)
    assert numbers(document) == in_order([number, *BESIDE.get(number, [])])


def test_every_mandatory_test_has_a_document_that_fails_it():
    profiles = [f"6.1.27.{test}" for test in range(1, 12)]
    assert list(CHANGES) == in_order([f"6.1.{test}" for test in range(1, 34) if test != 27] + profiles)


OFFICIAL = files("csaf.csaf.v20") / "data" / "mandatory"


@pytest.mark.parametrize(
    "name", sorted(file.name for file in OFFICIAL.iterdir() if file.name.endswith(".json"))
)
def test_the_standard_s_own_examples_are_judged_as_it_says(name):
    """Files named ...-6-1-NN-0M fail test 6.1.NN, those with a case of 11 or more are valid. The package brings them along."""
    parts = name.removesuffix(".json").split("-6-1-")[1].split("-")
    found = numbers(json.loads((OFFICIAL / name).read_bytes()))
    if int(parts[-1]) > 10:
        assert found == []
    else:
        assert "6.1." + ".".join(str(int(part)) for part in parts[:-1]) in found


@pytest.mark.parametrize(
    ("change", "failures"),
    [
        (
            put(cvss, baseSeverity="HIGH"),
            [("6.1.9", "baseSeverity", "This is 'HIGH'; by the vector it is 'MEDIUM'.")],
        ),
        (put(cvss, temporalScore=9.9), [("6.1.9", "temporalScore", "This is 9.9; by the vector it is 5.7.")]),
        (put(cvss, environmentalScore=9.9), []),
        (put(cvss, modifiedScope="CHANGED"), []),
        (
            put(cvss, vectorString=VECTOR_3 + "/MS:C", modifiedScope="UNCHANGED"),
            [("6.1.10", "modifiedScope", "This is 'UNCHANGED'; by the vector it is 'CHANGED'.")],
        ),
        (
            put(cvss, vectorString=VECTOR_3.replace("/A:L", "")),
            [("6.1.8", "vectorString", 'Missing mandatory metrics "A".')],
        ),
    ],
)
def test_scores_severities_and_metrics_are_what_the_vector_says_where_it_says_something(change, failures):
    document = csaf()
    change(document)
    place = "/vulnerabilities/0/scores/0/cvss_v3/"
    assert check(document) == [Failure(test, place + key, message) for test, key, message in failures]


def test_wrong_cvss_data_leaves_the_other_tests_their_say():
    document = csaf()
    CHANGES["6.1.8"](document)
    CHANGES["6.1.1"](document)
    assert [(failure.test, failure.path) for failure in check(document)] == [
        ("6.1.1", "/vulnerabilities/0/product_status/known_affected/2"),
        ("6.1.8", "/vulnerabilities/0/scores/0/cvss_v3"),
    ]


@pytest.mark.parametrize(
    "change",
    [
        history("1.0.0", "1.0.1", "2.0.0+nightly", latest="2.0.0"),
        history("1.0.0", latest="1.0.0-rc.2", status="draft"),
        lambda document: version(document).update(name="1.0-small-after-hours"),
        lambda document: vulnerability(document)["scores"].append(
            {
                "products": ["A"],
                "cvss_v2": {"version": "2.0", "vectorString": "AV:N/AC:L/Au:N/C:P/I:P/A:P", "baseScore": 7.5},
            }
        ),
        lambda document: vulnerability(document).pop("remediations"),
    ],
)
def test_what_the_standard_lets_pass_passes(change):
    document = csaf()
    change(document)
    assert check(document) == []


def test_a_long_chain_of_relationships_is_no_circle():
    document = csaf()
    chain = [
        CIRCLE
        | {
            "full_product_name": {"name": "One", "product_id": f"R{number}"},
            "product_reference": f"R{number + 1}",
        }
        for number in range(3000)
    ]
    tree(document)["relationships"] += [*chain[:-1], chain[-1] | {"product_reference": "A"}]
    assert check(document) == []
    tree(document)["relationships"][-1]["product_reference"] = "R0"
    assert (numbers(document), len(check(document))) == (["6.1.3"], 3000)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda document: document.pop("document"), ""),
        (put(tracking, status="fin"), "/document/tracking/status"),
        (
            put(tracking, current_release_date="2026-02-30T08:00:00Z"),
            "/document/tracking/current_release_date",
        ),
        (
            lambda document: head(document)["publisher"].update(namespace="no address"),
            "/document/publisher/namespace",
        ),
        (
            lambda document: head(document)["distribution"]["tlp"].update(label="CLEAR"),
            "/document/distribution/tlp/label",
        ),
    ],
)
def test_another_structure_than_the_schema_s_is_told_by_its_path(change, path):
    document = csaf()
    change(document)
    assert [(failure.test, failure.path) for failure in check(document)] == [("schema", path)]


@pytest.mark.parametrize("document", [None, [], "text", 3])
def test_what_is_no_object_is_no_advisory(document):
    assert check(document) == [Failure("schema", "", "A CSAF document is a JSON object.")]


def test_words_about_a_long_value_stay_readable():
    document = csaf()
    head(document)["lang"] = "-" * 100_000
    [failure] = check(document)
    assert (failure.path, len(failure.message) <= LONGEST + 10) == ("/document/lang", True)


def test_a_document_that_would_be_costly_to_check_is_refused_before():
    deep: Any = "end"
    for _ in range(DEEPEST + 1):
        deep = [deep]
    long = csaf()
    most = MOST_ENTRIES["ids"]
    vulnerability(long)["ids"] = [{"system_name": "a", "text": str(number)} for number in range(most + 1)]
    assert check({"a": deep}) == [Failure("json", "/a/0/0", "The values are nested too deeply.")]
    assert check(long) == [Failure("json", "/vulnerabilities/0/ids", "The list has more than 500 entries.")]


def test_the_validator_takes_no_part_in_the_server_s_log():
    """Its package configures the root logger when it is first read."""
    program = (
        "import logging; from partners.advisories import check; check({});"
        "root = logging.getLogger(); assert (root.handlers, root.level) == ([], logging.WARNING), root"
    )
    assert logging.WARNING == 30
    subprocess.run([sys.executable, "-c", program], check=True)
