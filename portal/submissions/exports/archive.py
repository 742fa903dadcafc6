"""Everything of a case that its lab may take along, part by part; ``sending`` makes one archive of them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from portal.deadlines.models import Message
from portal.ledger.models import Head
from portal.submissions import history, receipts, sight
from portal.submissions.exports import proof, record
from portal.submissions.exports.receipt import as_pdf
from portal.submissions.exports.sending import Part
from portal.submissions.models import Facts, InformationRequest, Submission, Terms
from portal.submissions.people import public_names
from portal.submissions.statements import statements
from portal.submissions.threads import thread

# (submission, user, at) -> (path, content): what upper floors add, as the lab's pages show it. They fill it from their AppConfig.
PARTS: list[Callable[[Submission, Any, datetime], list[tuple[str, bytes]]]] = []


def parts_of(case: Submission, user: Any, *, at: datetime, head: Head | None = None) -> list[Part]:
    """Everything but the files' content, read now; the files are opened while they are sent.

    ``head`` is the ledger's newest when the reading began: what its proof covers is then in the other parts too.
    """
    found = [
        Part(
            "facts.json",
            record.plain_json([_facts(version) for version in case.facts_versions.order_by("number")]),
        ),
        Part(
            "evaluations.json",
            record.plain_json([_evaluation(row) for row in case.evaluation_rows.unfrozen()]),
        ),
        Part("contacts.json", record.plain_json([_contact(row) for row in case.contacts.all()])),
        Part("terms.json", record.plain_json([_terms(version) for version in case.terms.order_by("number")])),
        Part("questions.json", record.plain_json(_questions(case, user))),
        Part("dates.json", record.plain_json(_dates(case))),
        Part("events.json", record.plain_json(_events(case))),
        Part("who.json", record.as_json(case, at=at).content),
        Part("disclosures.json", record.plain_json(_disclosures(case))),
        Part("messages.json", record.plain_json(_messages(case, user))),
        Part("ledger.json", proof.of_record(case, head)),
    ]
    receipt = receipts.receipt(case)
    if receipt is not None:
        by = public_names(case, [receipt.actor_id])[receipt.actor_id] if receipt.actor_id else ""
        found.append(Part("receipt.pdf", as_pdf(case, receipt, by=by).content))
    for add in PARTS:
        found += [Part(path, content) for path, content in add(case, user, at)]
    for number, document in enumerate(history.documents_of(case), start=1):
        for version in document.versions.all():
            # The names in the archive are ours: a lab's file name may be anything but a safe path.
            ending = version.name.rpartition(".")[2].lower() if "." in version.name else "bin"
            ending = ending if ending.isascii() and ending.isalnum() and len(ending) <= 8 else "bin"
            path = f"documents/{number:03d}-version-{version.number}.{ending}"
            found.append(Part(path, version=version))
    return found


def _facts(version: Facts) -> dict[str, Any]:
    return {
        "version": version.number,
        "created_at": version.created_at.isoformat(),
    } | {name: getattr(version, name) for name in Facts.TEXTS}


def _evaluation(row: Any) -> dict[str, Any]:
    names = (
        "task",
        "dataset",
        "model",
        "checkpoint",
        "status",
        "samples",
        "scores",
        "source_name",
        "source_sha256",
    )
    instants = ("evaluated_at", "added_at", "taken_back_at")
    return {name: getattr(row, name) for name in names} | {
        name: _iso(getattr(row, name)) for name in instants
    }


def _contact(row: Any) -> dict[str, Any]:
    names = ("purpose", "name", "email", "phone")
    instants = ("added_at", "taken_off_at")
    return {name: getattr(row, name) for name in names} | {
        name: _iso(getattr(row, name)) for name in instants
    }


def _terms(version: Terms) -> dict[str, Any]:
    instants = ("proposed_at", "lab_accepted_at", "government_accepted_at")
    texts = {name: getattr(version, name) for name in ("purpose", *Terms.HEADS)}
    return (
        {"version": version.number, "names_shown": version.names_shown}
        | texts
        | {name: _iso(getattr(version, name)) for name in instants}
    )


def _questions(case: Submission, user: Any) -> list[dict[str, Any]]:
    """What agencies asked and the lab answered, in order, as the lab reads it; files by name and hash."""
    documents = {document.pk for document in history.documents_of(case)}
    found = InformationRequest.objects.visible_to(user).filter(submission=case).whole().order_by("number")
    return [
        {
            "number": question.number,
            "state": str(question.state),
            "due_at": _iso(question.due_at),
            "said": [
                {"what": said.kind, "at": _iso(said.at), "by": said.who, "text": said.text}
                | {"files": [{"name": file.name, "sha256": file.sha256} for file in said.files]}
                for said in thread(question, documents=documents, for_lab=True)
            ],
        }
        for question in found
    ]


_INSTANTS = (
    "planned_partner_release", "planned_public_release", "released_at", "created_at", "submitted_at", "acknowledged_at",
    "agreed_at", "access_provided_at", "first_grant_starts_at", "opens_at", "closes_at", "closed_at", "withdrawn_at",
)  # fmt: skip


def _dates(case: Submission) -> dict[str, Any]:
    return {"case": case.case_number, "state": str(case.state)} | {
        name: _iso(getattr(case, name)) for name in _INSTANTS
    }


def _events(case: Submission) -> list[dict[str, Any]]:
    """Every change, newest first, under the names the lab reads; looks stand in ``who.json``."""
    return [
        {
            "at": told.at.isoformat(),
            "by": name,
            "capacity": told.capacity,
            "what": told.what,
            "reason": told.reason,
            "moved": [
                {"what": moved.label, "from": _iso(moved.old), "to": _iso(moved.new)} for moved in told.moved
            ],
        }
        for told, name in sight.with_names(case, history.tell(history.changes(case)))
    ]


def _disclosures(case: Submission) -> list[dict[str, Any]]:
    """The disclosure notices, each with what both sides said to it, as the lab reads them."""
    return [
        {
            "number": notice.number,
            "state": str(notice.state),
            "agency": notice.agency.name,
            "request": notice.reference,
            "documents": [document.title for document in notice.documents.all()],
            "said": [
                {"at": said.at.isoformat(), "who": said.who, "what": said.what, "text": said.text}
                for said in statements(notice, for_lab=True)
            ],
        }
        | {
            name: _iso(getattr(notice, name))
            for name in ("given_at", "due_at", "disclose_at", "disclosed_at")
        }
        for notice in case.disclosure_notices.whole()
    ]


def _messages(case: Submission, user: Any) -> list[dict[str, Any]]:
    """The notices about the case that went to the person who takes it along."""
    found = Message.objects.visible_to(user).filter(case_id=case.pk).order_by("created_at", "id")
    return [
        {"at": message.created_at.isoformat(), "about": message.label, "says": message.wording}
        for message in found
    ]


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
