"""Stored files asked about at a malware scanner, where one is set. What it does not know it cannot find, and so it is said."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from portal import clamd, clock
from portal.deadlines import actions as deadlines
from portal.ledger import actions as ledger
from portal.submissions import files
from portal.submissions.actions import case as steps
from portal.submissions.models import DocumentVersion
from portal.submissions.models.documents import Scan

AGAIN_AFTER = timedelta(minutes=10)
GIVE_UP_AFTER = timedelta(days=1)
MOST_A_RUN = 20


def scan_waiting(*, at: datetime | None = None) -> int:
    """Ask the scanner about the versions that wait for it; returns how many were asked about. Twice, late or beside itself: each
    is asked about by one run at a time, and has one verdict. A scan that failed is tried again for a day.
    """
    if not settings.CLAMD_URL:
        return 0
    tried: list = []
    while len(tried) < MOST_A_RUN and (version := _scan_next(at or clock.now(), tried)) is not None:
        tried.append(version.pk)
    return len(tried)


@transaction.atomic
def _scan_next(at: datetime, tried: list) -> DocumentVersion | None:
    again = Q(scan_state=Scan.FAILED, scanned_at__lte=at - AGAIN_AFTER, uploaded_at__gt=at - GIVE_UP_AFTER)
    waiting = DocumentVersion.objects.filter(Q(scan_state=Scan.WAITING) | again).exclude(pk__in=tried)
    locked = waiting.select_for_update(skip_locked=True, no_key=True, of=("self",))
    version = locked.select_related("document__submission").order_by("uploaded_at", "id").first()
    if version is None:
        return None
    try:
        verdict = clamd.scan(settings.CLAMD_URL, _pieces(version))
    except clamd.ScanFailed as failure:
        state, detail = Scan.FAILED, str(failure)
    else:
        state = Scan.FOUND if verdict.found else Scan.NOTHING_FOUND
        detail = verdict.found or verdict.signatures
    version.scan_state, version.scan_detail, version.scanned_at = state, detail[:200], at
    version.save(update_fields=["scan_state", "scan_detail", "scanned_at"])
    _record(version, at)
    return version


def _pieces(version: DocumentVersion) -> Iterator[bytes]:
    try:
        with version.file.open("rb") as source:
            while piece := source.read(files.CHUNK):
                yield piece
    except Exception as error:
        # Whatever a storage raises: one file that cannot be read keeps no other from being scanned.
        raise clamd.ScanFailed("The stored file cannot be read.") from error


def _record(version: DocumentVersion, at: datetime) -> None:
    """On record; what was found is told to the lab and stands among its case's changes."""
    case = version.document.submission
    found = version.scan_state == Scan.FOUND
    event = ledger.record(
        actor=None,
        verb="malware_found" if found else "scan_version",
        subject=case if found else version,
        case_id=case.pk,
        capacity="clock",
        data={"document": version.document_id, "version": version.number, "state": version.scan_state},
        at=at,
    )
    if found:
        deadlines.tell(
            recipients=steps.people(case, "lab", at=at),
            kind="malware_found",
            case_id=case.pk,
            case_number=case.case_number,
            about=event.pk,
            at=at,
        )
