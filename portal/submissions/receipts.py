"""The receipt of a submission: what was received, as it was at that moment."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.submissions import history
from portal.submissions.history import instant_of
from portal.submissions.models import DocumentVersion, Evaluation, Submission


@dataclass(frozen=True, slots=True)
class Received:
    """A file as it was received; ``was_marked`` is empty where the record of the time did not say how."""

    version: DocumentVersion
    was_marked: str

    @property
    def marking(self) -> str:
        """How its document was marked then; said to be today's where only that is known."""
        return self.was_marked or f"{self.version.document.marking} (as marked now)"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was received at submission, as it was then."""

    at: datetime
    actor_id: UUID | None
    files: list[Received]
    planned_partner_release: datetime | None
    planned_public_release: datetime | None
    evaluations: list[Evaluation]
    # Of the event in the ledger: its number, and its digest in hex.
    number: int
    digest: str


def receipt(case: Submission) -> Receipt | None:
    """The receipt of a submitted case, from the record of the moment; later versions and dates do not change it."""
    event = history.changes(case).filter(verb="submit").first()
    if event is None:
        return None
    wanted = {(row["document"], row["version"]): row.get("marking", "") for row in event.data["received"]}
    found = DocumentVersion.objects.unfrozen().filter(document_id__in=[document for document, _ in wanted])
    files = [
        Received(version, wanted[str(version.document_id), version.number])
        for version in found.select_related("document").order_by("document__created_at", "document_id")
        if (str(version.document_id), version.number) in wanted
    ]
    moved = history.changes(case).filter(verb="move_dates", seq__gt=event.seq).order_by("seq").first()
    dates = moved.data["old"] if moved else {}
    return Receipt(
        event.at,
        event.actor_id,
        files,
        instant_of(dates.get("planned_partner_release")) if moved else case.planned_partner_release,
        instant_of(dates.get("planned_public_release")) if moved else case.planned_public_release,
        list(case.evaluation_rows.unfrozen().filter(pk__in=event.data.get("evaluations", ()))),
        event.seq,
        bytes(event.digest).hex(),
    )
