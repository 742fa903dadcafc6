"""CVSS 4.0 vectors: what is one, and what is wrong with what is none."""

import pytest

from partners import cvss
from portal.errors import Invalid
from tests.factories_findings import VECTOR

BASE = {
    "AV": "N", "AC": "L", "AT": "N", "PR": "N", "UI": "N", "VC": "H", "VI": "H", "VA": "H", "SC": "N", "SI": "N", "SA": "N",
}  # fmt: skip


def test_a_base_vector():
    assert cvss.read(VECTOR) == BASE


def test_every_metric_in_its_order():
    rest = (
        "E:A/CR:H/IR:M/AR:L/MAV:A/MAC:H/MAT:P/MPR:L/MUI:A/MVC:L/MVI:N/MVA:X/MSC:H/MSI:S/MSA:S"
        "/S:P/AU:Y/R:I/V:C/RE:M/U:Amber"
    )
    found = cvss.read(f"{VECTOR}/{rest}")
    assert list(found) == list(cvss.METRICS)
    assert found == BASE | dict(part.split(":") for part in rest.split("/"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "A CVSS 4.0 vector begins with CVSS:4.0/."),
        (VECTOR.replace("4.0", "3.1"), "A CVSS 4.0 vector begins with CVSS:4.0/."),
        (VECTOR.lower(), "A CVSS 4.0 vector begins with CVSS:4.0/."),
        (VECTOR.removesuffix("/SA:N"), "The vector lacks SA."),
        ("CVSS:4.0", f"The vector lacks {', '.join(BASE)}."),
        (VECTOR + "/", "CVSS 4.0 has no metric “”."),
        (VECTOR + "/SA:N", "SA stands in the vector twice."),
        (VECTOR + "/XX:N", "CVSS 4.0 has no metric “XX”."),
        (VECTOR.replace("AV:N", "AV:X"), "The values of AV are N, A, L, P."),
        (VECTOR + "/MSC:S", "The values of MSC are X, H, L, N."),
        (VECTOR + "/U:R", "The values of U are X, Clear, Green, Amber, Red."),
        (VECTOR + "/CR:H/E:A", "E stands too late: the order of the metrics is fixed."),
        (VECTOR + "/E", "The values of E are X, A, P, U."),
        (VECTOR + "/E:A:P", "The values of E are X, A, P, U."),
        (VECTOR + " ", "The values of SA are H, L, N."),
    ],
)
def test_what_is_none(text, words):
    with pytest.raises(Invalid) as refused:
        cvss.read(text)
    assert (refused.value.message, refused.value.field) == (words, "cvss")
