"""Stored files asked about at a malware scanner, where one is set. What it does not know it cannot find, and so it is said."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from portal import clamd, clock
from portal.deadlines import actions as deadlines
from portal.ledger import actions as ledger
from portal.scope import action
from portal.submissions import files, hooks
from portal.submissions.actions import case as steps
from portal.submissions.models import DocumentVersion, StoredFile
from portal.submissions.models.stored import Scan

AGAIN_AFTER = timedelta(minutes=10)
# Longer than any scan lasts: a worker that has not answered by then is taken to be dead.
BEGUN_FOR = timedelta(minutes=5)
GIVE_UP_AFTER = timedelta(days=1)
MOST_A_RUN = 20
OPEN = (Scan.WAITING, Scan.FAILED)


def scan_waiting(*, at: datetime | None = None) -> int:
    """Ask the scanner about the files that wait for it, of whatever kind; returns how many were asked about. Twice, late or
    beside itself: each has one verdict. A scan that fails is tried again until a day after the first time it failed.

    Nothing is locked and no transaction is open while the scanner is at work.
    """
    if not settings.CLAMD_URL:
        return 0
    tried: list = []
    while len(tried) < MOST_A_RUN and (file := _next(at or clock.now(), tried)) is not None:
        tried.append(file.pk)
        state, detail = _asked(file)
        _write(file, state, detail, at or clock.now())
    return len(tried)


@action
def _next(at: datetime, tried: list) -> StoredFile | None:
    """The file that has waited longest and that no other run is at; from now on this one is."""
    again = Q(scan_state=Scan.FAILED, scanned_at__lte=at - AGAIN_AFTER)
    free = Q(scan_begun_at=None) | Q(scan_begun_at__lte=at - BEGUN_FOR)
    first: list[StoredFile] = []
    for kind in hooks.STORED:
        rows = kind.still_stored().filter(Q(scan_state=Scan.WAITING) | again, free).exclude(pk__in=tried)
        locked = rows.select_for_update(skip_locked=True, no_key=True)
        first += locked.order_by("uploaded_at", "id")[:1]
    if not first:
        return None
    file = min(first, key=lambda one: (one.uploaded_at, one.pk))
    file.scan_begun_at = at
    file.save(update_fields=["scan_begun_at"])
    return file


def _asked(file: StoredFile) -> tuple[Scan, str]:
    try:
        verdict = clamd.scan(settings.CLAMD_URL, _pieces(file))
    except clamd.TooLarge as failure:
        # It will be as large the next time.
        return Scan.GIVEN_UP, str(failure)
    except clamd.ScanFailed as failure:
        return Scan.FAILED, str(failure)
    return (Scan.FOUND, verdict.found) if verdict.found else (Scan.NOTHING_FOUND, verdict.signatures)


@action
def _write(asked: StoredFile, state: Scan, detail: str, at: datetime) -> None:
    """Write what came of a scan, unless another run, begun since, has: it then has the word."""
    kind = type(asked)
    file = kind._base_manager.select_for_update(no_key=True).get(pk=asked.pk)
    is_mine = file.scan_begun_at == asked.scan_begun_at
    if file.scan_state not in OPEN or (state == Scan.FAILED and not is_mine):
        return
    is_first = file.scan_failed_at is None
    if state == Scan.FAILED:
        file.scan_failed_at = file.scan_failed_at or at
        if at >= file.scan_failed_at + GIVE_UP_AFTER:
            state = Scan.GIVEN_UP
    file.scan_state, file.scan_detail, file.scanned_at = state, detail[:200], at
    file.scan_begun_at = None
    file.save(update_fields=["scan_state", "scan_detail", "scanned_at", "scan_failed_at", "scan_begun_at"])
    if state != Scan.FAILED or is_first:
        hooks.STORED[kind](file, state == Scan.FOUND, at)


def _pieces(file: StoredFile) -> Iterator[bytes]:
    try:
        with file.file.open("rb") as source:
            while piece := source.read(files.CHUNK):
                yield piece
    except Exception as error:
        # Whatever a storage raises: one file that cannot be read keeps no other from being scanned.
        raise clamd.ScanFailed("The stored file cannot be read.") from error


def told_of_version(version: DocumentVersion, found: bool, at: datetime) -> None:
    """On record; what was found is told to the lab and stands among its case's changes. Of failures, the first and the last."""
    case = version.document.submission
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
