"""Findings as advisory files: handed out as CSAF and OSV to whom the finding is open, and drafts made of such files."""

import json
from pathlib import Path

import pytest
import time_machine
from django.core.files.base import ContentFile

from partners import finding_advisories
from partners.actions import findings
from partners.advisories import check, from_osv
from partners.models import Finding
from portal.errors import Invalid, NotAllowed, WrongState
from portal.ledger.models import Event
from tests import factories as make
from tests.admin.desk import Desk
from tests.api.calls import Caller
from tests.factories import DAY, NOW
from tests.factories_findings import CHAIN, VALUES, VECTOR, Reported
from tests.partners.test_pages import Browser, text_of

pytestmark = pytest.mark.django_db
SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples" / "csaf"


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW + 2 * DAY, tick=False):
        yield


def csaf_of(user, finding) -> dict:
    return json.loads(finding_advisories.written(user, finding, "csaf").content)


def test_a_finding_as_csaf_is_valid_and_says_what_the_finding_says():
    made = Reported(until="notify_owner", tlp="TLP:AMBER")
    document = csaf_of(made.coordinator, made.again())
    assert list(check(document)) == []
    head, [weakness] = document["document"], document["vulnerabilities"]
    assert (head["title"], head["tracking"]["id"], head["tracking"]["status"]) == (
        "Nougat overflows", made.finding.number, "interim",
    )  # fmt: skip
    assert head["distribution"]["tlp"]["label"] == "AMBER"
    assert [one["summary"] for one in head["tracking"]["revision_history"]] == [
        "Reported.", "Validated.", "The owner was notified.",
    ]  # fmt: skip
    assert weakness["cwe"]["id"] == "CWE-787"
    whole = json.dumps(document)
    for words in (VALUES["text"], VECTOR, "Attend", "Nougat Gate", "3.2"):
        assert words in whole, words


def test_what_is_published_is_under_no_embargo_any_more():
    made = Reported(until="notify_owner")
    assert "Under embargo until" in json.dumps(csaf_of(made.coordinator, made.again()))
    for verb in ("remediate", "fix", "consent_publication", "publish"):
        getattr(findings, verb)(actor=made.owner, finding=made.again())
    document = csaf_of(made.coordinator, made.again())
    assert list(check(document)) == []
    assert document["document"]["tracking"]["status"] == "final"
    assert "mbargo" not in json.dumps(document)


def test_the_chain_is_verbatim_and_told_to_nobody_on_the_owners_side():
    made = Reported(until="notify_owner")
    for user, reads in ((made.member, True), (made.coordinator, True), (made.owner, False)):
        for form in finding_advisories.FORMATS:
            whole = json.loads(finding_advisories.written(user, made.again(), form).content)
            told = json.dumps(whole, ensure_ascii=False)
            assert ("passed on by the praline desk" in told) is reads, (user, form)
            assert made.partner.name not in told, (user, form)


def test_the_same_finding_is_the_same_bytes_and_osv_comes_back_as_it_went():
    made = Reported(until="fix")
    first = finding_advisories.written(made.member, made.again(), "osv")
    assert first == finding_advisories.written(made.member, made.again(), "osv")
    assert first.name == f"{made.finding.number.lower()}.osv.json"
    back = from_osv(first.content)
    assert (back.id, back.title, back.summary, back.cvss) == (
        made.finding.number, VALUES["title"], VALUES["text"], (VECTOR,),
    )  # fmt: skip
    [values] = finding_advisories.read(first.content, "osv")
    assert {name: values[name] for name in ("kind", "title", "cwe", "cvss", "ssvc", "tlp")} == {
        "kind": "software_vulnerability", "title": "Nougat overflows", "cwe": "CWE-787", "cvss": VECTOR,
        "ssvc": "Attend", "tlp": "TLP:AMBER+STRICT",
    }  # fmt: skip
    assert CHAIN in values["reporter_chain"]


def test_a_draft_is_handed_to_nobody():
    made = Reported()
    with pytest.raises(WrongState):
        finding_advisories.written(made.member, made.finding, "csaf")
    assert Caller(made.member).get(f"findings/{made.finding.pk}/csaf/").status_code == 409


def test_each_door_hands_it_out_with_a_look_and_strangers_find_nothing():
    made = Reported(until="notify_owner")
    pk = made.finding.pk
    stranger = Reported()
    before = Event.objects.filter(verb="exported_finding").count()
    answers = [
        Caller(made.liaison).get(f"findings/{pk}/csaf/"),
        Caller(made.member).get(f"findings/{pk}/osv/"),
        Browser(made.member).client.get(f"/partner/findings/{pk}/file/csaf/"),
        Browser(made.owner).client.get(f"/lab/findings/{pk}/file/osv/"),
        Desk(made.coordinator).client.get(f"/admin/partners/finding/{pk}/file/csaf/"),
    ]
    assert [answer.status_code for answer in answers] == [200] * 5
    assert {answer["Content-Disposition"].partition(";")[0] for answer in answers} == {"attachment"}
    looks = Event.objects.filter(verb="exported_finding", subject_id=pk).order_by("seq")
    assert looks.count() == before + 5
    assert [look.data["format"] for look in looks] == ["csaf", "osv", "csaf", "osv", "csaf"]
    assert all(len(look.data["sha256"]) == 64 for look in looks)
    for path in (f"findings/{pk}/csaf/", f"findings/{pk}/osv/"):
        assert Caller(stranger.member).get(path).status_code == 404
    assert Browser(stranger.member).client.get(f"/partner/findings/{pk}/file/csaf/").status_code == 404
    assert Browser(made.member).client.get(f"/partner/findings/{pk}/file/pdf/").status_code == 404


def test_a_real_advisory_becomes_a_draft_of_ones_own():
    sample = SAMPLES / "bsi-2022-0001.json"
    if not sample.exists():
        pytest.skip("the sample advisory is not beside this clone")
    made = Reported()
    found = findings.import_advisory(
        actor=made.member, reporter=made.partner, data=sample.read_bytes(), form="csaf", at=NOW
    )
    assert found
    source = json.loads(sample.read_bytes())
    for finding in found:
        assert (finding.state, finding.reporter, finding.created_by) == ("draft", made.partner, made.member)
        assert source["document"]["publisher"]["name"] in finding.text
        assert not Finding.objects.visible_to(made.coordinator).filter(pk=finding.pk).exists()


def test_what_is_longer_than_a_finding_takes_says_that_it_was_shortened():
    made = Reported()
    record = {
        "schema_version": "1.7.3", "id": "GHSA-aaaa-bbbb-cccc", "modified": "2026-09-01T00:00:00Z",
        "summary": "s" * 300, "details": "d" * 30_000,
        "affected": [{"package": {"ecosystem": "PyPI", "name": "n" * 200}, "versions": ["v" * 99, "w"]}],
    }  # fmt: skip
    [finding] = findings.import_advisory(
        actor=made.member, reporter=made.partner, data=json.dumps(record).encode(), form="osv"
    )
    cut = " … (shortened)"
    assert (finding.title, finding.version) == ("s" * (200 - len(cut)) + cut, "v" * (100 - len(cut)) + cut)
    assert (len(finding.text), finding.text.endswith(cut)) == (20_000, True)
    assert finding.product == "n" * 200


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"not json", "Not a valid CSAF 2.0 file"),
        (b"{}", "Not a valid CSAF 2.0 file"),
        (b'{"document": NaN}', "Not a valid CSAF 2.0 file"),
        (b"[" * 100_000, "Not a valid CSAF 2.0 file"),
        (b" " * 5_000_001, "at most 5 MB"),
    ],
)
def test_a_file_that_is_none_is_refused_and_makes_nothing(data, said):
    made = Reported()
    with pytest.raises(Invalid, match=said) as refused:
        findings.import_advisory(actor=made.member, reporter=made.partner, data=data, form="csaf")
    assert refused.value.field == "file"
    assert Finding.objects.count() == 1


def test_an_invalid_one_is_refused_with_the_number_of_the_test_it_fails():
    made = Reported(until="validate")
    document = csaf_of(made.coordinator, made.again())
    document["document"]["tracking"]["version"] = "99"
    data = json.dumps(document).encode()
    answer = Caller(made.member).upload("findings/import/", ContentFile(data, name="bad.json"), form="csaf")
    assert (answer.status_code, "6.1.16" in answer.content.decode()) == (400, True)
    assert Finding.objects.count() == 1


def test_the_page_brings_a_file_in_and_says_what_is_wrong_with_another():
    made, other = Reported(until="validate"), Reported()
    file = finding_advisories.written(made.coordinator, made.again(), "csaf")
    partner = Browser(other.member)
    said = text_of(
        partner.post(
            "/partner/findings/import/", 200, form="csaf", file=ContentFile(b"{}", name="x.json")
        ).content.decode()
    )
    assert "Not a valid CSAF 2.0 file" in said
    page = partner.lands(
        "/partner/findings/import/", form="csaf", file=ContentFile(file.content, name=file.name)
    )
    for words in ("1 draft was made", "Nougat overflows", "Only your organisation sees this draft"):
        assert words in page, words


def test_only_who_writes_for_an_organisation_brings_one_in():
    made = Reported(until="validate")
    data = finding_advisories.written(made.coordinator, made.again(), "csaf").content
    with pytest.raises(NotAllowed):
        findings.import_advisory(
            actor=make.member(make.lab(), "viewer"), reporter=made.partner, data=data, form="csaf"
        )
    viewer = make.member(made.lab, "viewer")
    assert Browser(viewer).client.get("/lab/findings/import/").status_code == 403
