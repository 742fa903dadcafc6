"""Files that come in piece by piece and may be interrupted: begun, received, given up, and handed to the action that stores them.

The pieces lie in a folder of this machine (``PORTAL_UNFINISHED_DIR``), whatever the storage is. An upload is nobody's but its
person's, and no fact of any case until ``add_document`` or ``add_version`` takes it.
"""

import errno
import fcntl
import hashlib
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from hmac import compare_digest
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.db.models import Sum

from portal import clock
from portal.accounts.models import User
from portal.errors import AlreadyDone, Invalid, NotAllowed, Refused
from portal.ledger import actions as ledger
from portal.scope import action
from portal.submissions import files, policies
from portal.submissions.models import Upload

log = logging.getLogger(__name__)
PIECE = 64 * 1024
PARTIAL = "The file has not arrived whole. Choose it again, and the upload goes on."
USED = "This upload was used already, or has ended. Choose the file again."


class TooLarge(Invalid):
    """More bytes than the portal takes."""

    code = "too_large"
    status = 413


class Misplaced(Refused):
    """The piece does not begin where what has arrived ends."""

    code = "wrong_offset"


class InUse(Refused):
    """Another request is writing to the upload."""

    code = "in_use"
    status = 423


class Corrupted(Refused):
    """The piece is not what its checksum says; tus has a status of its own for it."""

    code = "checksum_mismatch"
    status = 460


@action
def begin_upload(*, actor, name: str, length: int, at: datetime | None = None) -> Upload:
    """Begin an upload of a file of ``length`` bytes. Raises Invalid, or Refused where the person has too much unfinished."""
    if not policies.may_upload(actor):
        raise NotAllowed("Only administrators and contributors of a lab upload files.")
    at = at or clock.now()
    name = files.tidy_name(name)
    if length < 1:
        raise Invalid("The file is empty.", field="file")
    if length > settings.PORTAL_MAX_UPLOAD_BYTES:
        raise TooLarge(
            f"The file is larger than {settings.PORTAL_MAX_UPLOAD_BYTES // 2**20} MB.", field="file"
        )
    User.objects.select_for_update().get(pk=actor.pk)
    unfinished = Upload.objects.visible_to(actor, at=at).aggregate(total=Sum("length"))["total"] or 0
    if unfinished + length > settings.PORTAL_MAX_UNFINISHED_BYTES:
        raise Refused(
            "You have too much unfinished: finish an upload or give it up. Each ends by itself a day after it began.",
            code="too_much_unfinished",
        )
    upload = Upload(person=actor, name=name, length=length, created_at=at)
    upload.save(force_insert=True)
    ledger.record(
        actor=actor,
        verb="begin_upload",
        subject=upload,
        case_id=None,
        capacity=policies.writes_as(actor),
        data={"length": length},
        at=at,
    )
    return upload


def receive(*, actor, upload: Upload, offset: int, read: Callable[[int], bytes], sha256: bytes = b"") -> int:
    """Write a piece that begins at ``offset``; returns how much has arrived. Nothing is asked of the database.

    What was read is on disk at once, so that a lost connection or a killed process loses the rest of the piece alone. Raises
    Misplaced, InUse, TooLarge, and with ``sha256`` Corrupted: then nothing of the piece is kept.
    """
    if upload.person_id != actor.pk:
        raise NotAllowed("This is not your upload.")
    upload.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(upload.path) as target:
        have = target.seek(0, os.SEEK_END)
        if offset != have:
            raise Misplaced(f"{have} bytes have arrived, so the next piece begins there.")
        try:
            digest = _write(target, read, upload.length - have)
            if sha256 and not compare_digest(digest, sha256):
                raise Corrupted("The piece is not what its checksum says.")
        except Exception as error:
            # Of a connection that broke off, what had come is kept, unless it was to be checked as a whole.
            if sha256 or isinstance(error, Refused):
                target.truncate(have)
            raise
        os.fsync(target.fileno())
        return target.tell()


def _write(target, read: Callable[[int], bytes], room: int) -> bytes:
    """Write what ``read`` gives as it comes; returns its SHA-256."""
    digest = hashlib.sha256()
    while piece := read(PIECE):
        room -= len(piece)
        if room < 0:
            raise TooLarge("More came than the upload was to have.", field="file")
        target.write(piece)
        digest.update(piece)
    return digest.digest()


@contextmanager
def _alone(path: Path) -> Iterator[Any]:
    """The file, for one writer at a time; the system takes the lock back from a killed process."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+b", buffering=0) as target:
        try:
            fcntl.flock(target, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            raise InUse("This upload is being written to by another request.") from error
        yield target


@action
def end_upload(*, actor, upload: Upload, at: datetime | None = None) -> None:
    """Give an upload up: what has arrived is removed."""
    at = at or clock.now()
    if upload.person_id != actor.pk:
        raise NotAllowed("This is not your upload.")
    if Upload.objects.filter(pk=upload.pk).delete()[0]:
        ledger.record(
            actor=actor,
            verb="end_upload",
            subject=upload,
            case_id=None,
            capacity=policies.writes_as(actor),
            data={},
            at=at,
        )
    transaction.on_commit(lambda: upload.path.unlink(missing_ok=True))


@contextmanager
def arrived(upload: Any, *, actor) -> Iterator[Any]:
    """The file of an upload for an action to store; any other file as it is. Raises Invalid where it is not all there.

    Refused as AlreadyDone, the upload is given up: what it was to become is there.
    """
    if not isinstance(upload, Upload):
        yield upload
        return
    try:
        # Opened before it is measured: a twin call that ends meanwhile takes nothing from under this one.
        source = upload.path.open("rb")
    except FileNotFoundError as error:
        is_there = Upload.objects.filter(pk=upload.pk).exists()
        raise Invalid(PARTIAL if is_there else USED, field="file") from error
    try:
        with source:
            if upload.person_id != actor.pk or os.fstat(source.fileno()).st_size != upload.length:
                raise Invalid(PARTIAL, field="file")
            yield File(source, upload.name)
    except AlreadyDone:
        end_upload(actor=actor, upload=upload)
        raise


def spend(upload: Any) -> None:
    """Within the storing action's transaction: the upload has become a version. Raises Invalid where another call was quicker."""
    if not isinstance(upload, Upload):
        return
    if not Upload.objects.filter(pk=upload.pk).delete()[0]:
        raise Invalid(USED, field="file")
    transaction.on_commit(lambda: upload.path.unlink(missing_ok=True))


def remove_expired(*, at: datetime | None = None) -> int:
    """Remove uploads that ended by themselves, and pieces in this machine's folder that no upload names and that are older than a
    day; returns how many uploads. Twice, late or beside itself: the same are gone.
    """
    at = at or clock.now()
    expired = list(Upload.objects.filter(expires_at__lte=at))
    removed = Upload.objects.filter(pk__in=[upload.pk for upload in expired]).delete()[0]
    for upload in expired:
        upload.path.unlink(missing_ok=True)
    _remove_strays()
    if removed:
        log.info("%s unfinished uploads ended by themselves", removed)
    return removed


def _remove_strays() -> None:
    folder = Path(settings.PORTAL_UNFINISHED_DIR)
    if not folder.is_dir():
        return
    # Files know the machine's time alone, which a demonstration does not move.
    with clock.at_offset(timedelta(0)):
        before = (clock.now() - timedelta(days=2)).timestamp()
    old = {path.name: path for path in folder.iterdir() if path.stat().st_mtime < before}
    ids = {name: UUID(hex=name) for name in old if len(name) == 32 and set(name) <= set("0123456789abcdef")}
    named = set(Upload.objects.filter(pk__in=ids.values()).order_by().values_list("pk", flat=True))
    for name, key in ids.items():
        if key not in named:
            old[name].unlink(missing_ok=True)
