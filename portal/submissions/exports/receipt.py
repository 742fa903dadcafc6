"""The receipt of a submission as PDF/UA: what was received, with the SHA-256 of each file, as it was at that moment."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from portal import clock, programme, typeset
from portal.formats import instant
from portal.submissions import receipts
from portal.submissions.exports.record import Exported
from portal.submissions.models import Facts, Submission

SOURCE = Path(__file__).with_name("receipt.typ")
_TEXTS = ("summary", "capabilities", "evaluations", "safeguards")


def as_pdf(case: Submission, receipt: receipts.Receipt, *, by: str) -> Exported:
    """The receipt; ``by`` is who submitted, as the lab reads it. Made again, it is the same to the last byte: its times are
    in the programme's zone, whoever reads it.
    """
    with timezone.override(clock.calendar_zone()):
        data = told(case, receipt, by)
    content = typeset.pdf(SOURCE, data, at=receipt.at)
    return Exported(f"{case.case_number}-receipt.pdf", "application/pdf", content)


def told(case: Submission, receipt: receipts.Receipt, by: str) -> dict[str, Any]:
    """What the receipt says, as data."""
    facts = case.facts_versions.order_by("number").first()
    return {
        "title": f"Receipt of submission {case.case_number}",
        "programme": programme.current().name,
        "demo": settings.PORTAL_DEMO,
        "case_number": case.case_number,
        "facts": [
            ["Case number", case.case_number],
            ["Received", f"{receipt.at.isoformat()} ({instant(receipt.at)})"],
            ["Submitted by", f"{by}, {case.lab.name}"],
            ["Model", facts.model_name],
            ["Checkpoint", facts.checkpoint],
            ["Kind of access offered", facts.get_access_mode_display()],
            ["Planned public release", instant(receipt.planned_public_release)],
            [
                "Planned partner release",
                instant(receipt.planned_partner_release)
                if receipt.planned_partner_release
                else "No partner stage",
            ],
        ],
        "texts": [
            [str(Facts._meta.get_field(name).verbose_name).capitalize(), getattr(facts, name)]
            for name in _TEXTS
            if getattr(facts, name)
        ],
        "evaluations": [
            [
                row.task,
                "; ".join(row.results) or "—",
                ", ".join(filter(None, (row.model, row.checkpoint))) or "—",
            ]
            for row in receipt.evaluations
        ],
        "files": [
            {
                "title": version.document.title,
                "words": f"{version.name}, version {version.number}, {version.size} bytes. "
                f"{version.document.get_kind_display()}. {file.marking}.",
                "sha256": version.sha256,
            }
            for file in receipt.files
            for version in [file.version]
        ],
        "event": {"number": receipt.number, "digest": receipt.digest},
    }
