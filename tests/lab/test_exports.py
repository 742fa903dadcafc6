"""What a lab takes along: every line it sees, each file with its hash, nothing of others, and nothing a spreadsheet runs."""

import base64
import csv
import hashlib
import io
import json
import zipfile

import pikepdf
import pytest

from portal.accounts.models import Role
from portal.ledger import proofs
from portal.ledger.models import Event
from portal.submissions import actions, receipts
from portal.submissions.exports import receipt
from portal.submissions.models import Document
from tests import factories as make
from tests import factories_questions as asked_of
from tests import factories_reviews as reviewed
from tests.api.calls import Caller
from tests.factories_partners import GrantCase
from tests.lab.opened import archive_of
from tests.lab.uploads import upload
from tests.lab.visitor import Visitor

pytestmark = pytest.mark.django_db


def with_looks():
    """A case whose window is open, at which a reviewer looked; its lab's session."""
    case = reviewed.Reviewed()
    document = actions.add_document(
        actor=case.contributor, submission=case.submission, kind="other", title="=HYPERLINK(1)",
        upload=make.pdf("the marzipan card"), at=make.NOW,
    )  # fmt: skip
    actions.open_version(actor=case.reviewer, version=document.current)
    return case, document, Visitor(case.viewer)


def exported(visitor, case, form: str):
    return visitor.client.get(f"/lab/cases/{case.submission.case_number}/who/{form}")


def test_the_looks_as_csv_say_what_the_page_says():
    case, document, visitor = with_looks()
    answer = exported(visitor, case, "looks.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    (look,) = [row for row in rows if row["what"] == "Downloaded a file"]
    terms = case.submission.terms.get(number=1)
    assert {name: look[name] for name in ("capacity", "document", "file", "purpose")} == {
        "capacity": "Reviewer",
        "document": "'=HYPERLINK(1)",
        "file": f"{document.current.name}, version 1, as uploaded, without its reader's name",
        "purpose": terms.purpose,
    }
    assert case.reviewer.name not in answer.content.decode()
    assert (
        len(rows)
        == Event.objects.filter(case_id=case.submission.pk, kind="look")
        .exclude(verb="exported_record")
        .count()
    )


def test_the_hash_of_what_was_given_is_in_the_header_and_on_record():
    case, _, visitor = with_looks()
    for form in ("looks.csv", "seats.csv", "record.json"):
        answer = exported(visitor, case, form)
        digest = hashlib.sha256(answer.content)
        assert answer["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
        look = Event.objects.filter(verb="exported_record").latest("seq")
        assert (look.actor, look.case_id, look.data["sha256"]) == (
            case.viewer,
            case.submission.pk,
            digest.hexdigest(),
        )
        assert answer["Content-Disposition"].startswith("attachment")


def test_the_record_as_json_has_seats_and_looks():
    case, _, visitor = with_looks()
    told = json.loads(exported(visitor, case, "record.json").content)
    assert told["case"] == case.submission.case_number
    parts = {(seat["capacity"], seat["part"]) for seat in told["seats"]}
    assert {
        ("Lab, reads", "Documents"),
        ("Reviewer", "Documents"),
        ("Programme coordinator", "Facts about the model"),
    } <= parts
    assert "Downloaded a file" in {look["what"] for look in told["looks"]}


def test_a_partners_look_stands_with_the_purpose_of_its_grant():
    granted = GrantCase()
    granted.agree()
    from portal.submissions.looks import looked

    looked(actor=granted.partner.member, submission=granted.submission, verb="viewed_grant")
    told = json.loads(
        Visitor(granted.contributor)
        .client.get(f"/lab/cases/{granted.submission.case_number}/who/record.json")
        .content
    )
    (look,) = [row for row in told["looks"] if row["capacity"] == "Partner"]
    assert look["purpose"] == granted.grant.purpose


def test_the_receipt_is_pdf_ua_with_every_hash_and_the_same_each_time():
    case = make.Case(make.draft)
    document = actions.add_document(
        actor=case.contributor,
        submission=case.submission,
        kind="system_card",
        title="Card",
        upload=make.pdf(),
    )
    actions.add_evaluations(
        actor=case.contributor,
        submission=case.submission,
        rows=[{"task": "#panic() $ \\ سنجاب", "scores": [{"name": "m", "metrics": {"accuracy": 0.5}}]}],
    )
    actions.submit(actor=case.contributor, submission=case.again())
    where = f"/lab/cases/{case.submission.case_number}/receipt/pdf/"
    berlin = Visitor(case.viewer)
    case.viewer.zone = "Europe/Berlin"
    case.viewer.save()
    content = Visitor(case.contributor).client.get(where).content
    assert content == berlin.client.get(where).content
    with pikepdf.open(io.BytesIO(content)) as pdf:
        metadata = pdf.open_metadata()
        assert metadata["pdfuaid:part"] == "1"
        assert metadata["dc:title"] == f"Receipt of submission {case.submission.case_number}"
    # What was added after the submission is in the case, and not in its receipt.
    actions.add_version(actor=case.contributor, document=document, upload=make.pdf("later"))
    actions.add_evaluations(actor=case.contributor, submission=case.submission, rows=[{"task": "later"}])
    assert content == berlin.client.get(where).content
    found = receipts.receipt(case.again())
    said = receipt.told(case.again(), found, by="Somebody")
    event = Event.objects.get(verb="submit")
    assert [file["sha256"] for file in said["files"]] == [document.versions.get(number=1).sha256]
    assert said["evaluations"] == [["#panic() $ \\ سنجاب", "m: accuracy 0.5", "—"]]
    assert said["event"] == {"number": event.seq, "digest": bytes(event.digest).hex()}


def test_a_draft_has_no_receipt():
    case = make.Case(make.draft)
    answer = Visitor(case.contributor).client.get(f"/lab/cases/{case.submission.case_number}/receipt/pdf/")
    assert (answer.status_code, answer["Location"]) == (303, f"/lab/cases/{case.submission.case_number}/")


def test_the_archive_holds_everything_and_its_manifest_says_what():
    case = reviewed.Reviewed()
    shared = reviewed.shared(case)
    reviewed.draft(case, findings="A draft nobody shared.")
    document = actions.add_document(
        actor=case.contributor, submission=case.submission, kind="other", title="Karte ../../x",
        upload=upload(b"# Marzipan\n", "Kärtchen.md"), at=make.NOW,
    )  # fmt: skip
    actions.add_version(
        actor=case.contributor, document=document, upload=upload(b"# Two\n", "b.md"), at=make.NOW
    )
    asked_of.answered(case, case.reviewer, text="Which range?", documents=[document])
    files = archive_of(Visitor(case.viewer), case.submission)
    content = files.pop("manifest.json")
    assert json.loads(files.pop("manifest.signature.json")) == proofs.signed_manifest(
        hashlib.sha256(content).hexdigest()
    )
    manifest = json.loads(content)
    assert {entry["path"]: (entry["size"], entry["sha256"]) for entry in manifest["files"]} == {
        path: (len(content), hashlib.sha256(content).hexdigest()) for path, content in files.items()
    }
    number = [row.pk for row in Document.objects.filter(submission=case.submission)].index(document.pk) + 1
    assert files[f"documents/{number:03d}-version-1.md"] == b"# Marzipan\n"
    assert files[f"documents/{number:03d}-version-2.md"] == b"# Two\n"
    entry = next(entry for entry in manifest["files"] if entry["path"].endswith(f"{number:03d}-version-1.md"))
    assert (entry["document"], entry["name"], entry["received_sha256"]) == (
        "Karte ../../x",
        "Kärtchen.md",
        entry["sha256"],
    )
    assert {name.partition("/")[0] for name in files} == {
        "facts.json", "evaluations.json", "terms.json",
        "contacts.json", "questions.json", "dates.json", "disclosures.json", "events.json", "who.json", "messages.json",
        "ledger.json", "receipt.pdf", "assessments.json", "grants.json", "findings.json", "documents",
    }  # fmt: skip
    (asked,) = json.loads(files["questions.json"])
    assert [(said["what"], said["text"], len(said["files"])) for said in asked["said"]] == [
        ("asked", "Which range?", 0),
        ("answered", asked_of.ANSWER, 1),
    ]
    (assessment,) = json.loads(files["assessments.json"])
    assert assessment["findings"] == shared.findings
    everything = b"".join(files.values()).decode("utf-8", "ignore")
    assert "A draft nobody shared." not in everything
    assert case.reviewer.name not in everything
    assert case.reviewer.email not in everything
    assert Event.objects.filter(verb="took_along", actor=case.viewer, case_id=case.submission.pk).count() == 1


def test_the_archive_breaks_off_when_the_membership_ends():
    case, _, visitor = with_looks()
    answer = visitor.client.get(f"/lab/cases/{case.submission.case_number}/archive/")
    case.viewer.memberships.update(ended_at=make.NOW)
    with pytest.raises(ConnectionResetError):
        b"".join(answer.streaming_content)


def test_nobody_else_takes_anything_along():
    case, _, _ = with_looks()
    other = make.member(make.lab(), Role.ADMIN)
    for stranger in (
        other,
        case.coordinator,
        case.reviewer,
        make.member(make.partner_organisation(), Role.ADMIN),
    ):
        for page in ("archive/", "receipt/pdf/", "who/looks.csv", "who/seats.csv", "who/record.json"):
            answer = Visitor(stranger).client.get(f"/lab/cases/{case.submission.case_number}/{page}")
            assert answer.status_code == 404, (stranger, page)
    assert exported(Visitor(case.viewer), case, "weights.csv").status_code == 404


def test_a_program_takes_the_same_along():
    case, _, visitor = with_looks()
    caller, page = Caller(case.viewer), f"/lab/cases/{case.submission.case_number}/"
    place = f"submissions/{case.submission.pk}/"
    assert caller.get(f"{place}receipt/").content == visitor.client.get(f"{page}receipt/pdf/").content
    rows = list(csv.DictReader(io.StringIO(caller.get(f"{place}record/seats.csv/").content.decode())))
    assert {"Reviewer", "Lab, reads"} <= {row["capacity"] for row in rows}
    answer = caller.get(f"{place}archive/")
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        assert set(archive.namelist()) == set(archive_of(visitor, case.submission))
    for name in ("receipt/", "record/looks.csv/", "record/record.json/", "archive/"):
        assert Caller(case.reviewer).get(f"{place}{name}").status_code == 403
        assert Caller(make.member(make.lab(), Role.ADMIN)).get(f"{place}{name}").status_code == 404
    assert caller.get(f"{place}record/weights.csv/").status_code == 404
    draft = make.Case(make.draft)
    assert Caller(draft.contributor).get(f"submissions/{draft.submission.pk}/receipt/").status_code == 404


def test_a_file_with_malware_is_named_in_the_manifest_and_not_in_the_archive():
    case, document, visitor = with_looks()
    document.versions.update(scan_state="found", scan_detail="Eicar")
    files = archive_of(visitor, case.submission)
    manifest = json.loads(files["manifest.json"])
    assert [name for name in files if name.startswith("documents/")] == []
    withheld = [entry for entry in manifest["files"] if entry.get("withheld")]
    assert [(entry["path"], entry["document"], entry["withheld"]) for entry in withheld] == [
        (None, "=HYPERLINK(1)", "malware was found")
    ]
    assert b"the marzipan card" not in b"".join(files.values())
