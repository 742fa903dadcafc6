"""Documents of a case: files streamed in and hashed on the way, versions never destroyed, every opening recorded."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from portal import clock
from portal.accounts.models import Kind, Organisation
from portal.errors import AlreadyDone, Invalid, NotAllowed, Refused, WrongState
from portal.scope import acting, action
from portal.submissions import markings, policies, watermarks
from portal.submissions.actions import case as steps
from portal.submissions.actions.frozen import refuse_frozen
from portal.submissions.actions.storing import become, refuse_repeat, stored
from portal.submissions.actions.uploads import spend
from portal.submissions.freezing import DOCUMENT
from portal.submissions.looks import looked, standing
from portal.submissions.models import Document, DocumentVersion, Submission

NOT_OPEN = "This document is not open to you now."


class Disposed(Refused):
    """The content is gone for good; what was known of the file is still told."""

    code = "disposed"
    status = 410


@dataclass(frozen=True, slots=True)
class Given:
    """What a reader gets: ``file`` is opened for reading, ``size`` and ``sha256`` are of exactly these bytes."""

    file: Any
    size: int
    sha256: str
    is_watermarked: bool = False

    def close(self) -> None:
        self.file.close()


def add_document(
    *,
    actor,
    submission: Submission,
    kind: str,
    title: str,
    upload,
    tlp: str = Document.Tlp.AMBER_STRICT,
    cui: str = "",
    confidential_commercial: bool = True,
    sha256: str = "",
    at: datetime | None = None,
) -> Document:
    """Add a document with its first version. ``upload`` is a Django file, or an Upload that has arrived whole; it is checked and
    streamed, never held in memory. ``sha256`` is what its sender says it has, in hex; an Upload needs it.

    The file is in the storage before the case is locked. Whether the person may add it is asked before that and again after.
    Raises Invalid, naming the field, for a file that is empty, too large, not of a kind the portal takes, or another than its
    sender says; nothing is stored.
    """
    marks = markings.marking(tlp=tlp, cui=cui, confidential_commercial=confidential_commercial)
    steps.ask_edit(actor=actor, submission=submission, edit="add_document", at=at)
    _require_named(kind, title)
    with stored(upload, actor=actor, kind=DocumentVersion, sha256=sha256) as version, acting():
        return add_stored(
            actor=actor, submission=submission, version=version, kind=kind, title=title, marks=marks, at=at, upload=upload
        )  # fmt: skip


def _require_named(kind: str, title: str) -> None:
    if kind not in Document.DocumentKind.values:
        raise Invalid("Choose the kind of document.", field="kind")
    if len(title.strip()) > 200:
        raise Invalid("The title is longer than 200 characters.", field="title")


def add_stored(
    *,
    actor,
    submission: Submission,
    version: DocumentVersion,
    kind: str,
    title: str,
    marks: markings.Marking,
    at: datetime | None,
    upload=None,
) -> Document:
    """Within another action's transaction: the document of a file that is in the storage. Locks the case and asks the policy."""
    case, at = steps.begin_edit(actor=actor, submission=submission, edit="add_document", at=at)
    document = Document.objects.create(
        submission=case, kind=kind, title=title.strip() or version.name, tlp=marks.tlp, cui=marks.cui,
        confidential_commercial=marks.confidential_commercial, created_by=actor, created_at=at,
    )  # fmt: skip
    become(version, document, 1, at)
    refuse_repeat(version)
    spend(upload)
    _finish(case, actor, "add_document", document, version, at)
    return document


def add_version(
    *, actor, document: Document, upload, sha256: str = "", at: datetime | None = None
) -> DocumentVersion:
    """A new version of a document; the earlier ones stay as they are. ``upload`` and ``sha256`` as of ``add_document``."""
    steps.ask_edit(actor=actor, submission=document.submission, edit="add_version", at=at)
    with stored(upload, actor=actor, kind=DocumentVersion, sha256=sha256) as version, acting():
        case, at = steps.begin_edit(actor=actor, submission=document.submission, edit="add_version", at=at)
        document = Document.objects.select_for_update().get(pk=document.pk)
        refuse_frozen(DOCUMENT, document.pk)
        if document.removed_at is not None:
            raise WrongState("This document was taken out.")
        newest = document.versions.first()
        if newest is not None and newest.sha256 == version.sha256:
            raise AlreadyDone("This very file is the newest version already.")
        become(version, document, newest.number + 1 if newest else 1, at)
        if document.unmarked_under_id is not None:
            # Government took the mark off what was disclosed; of this version nothing was.
            before, document.confidential_commercial = document.marking, True
            document.save(update_fields=["confidential_commercial"])
            said = {"document": document.pk, "from": before, "to": document.marking, "lowered": False}
            steps.finish(case=case, actor=actor, verb="mark_document", at=at, data=said)
        spend(upload)
        _finish(case, actor, "add_version", document, version, at)
    return version


def _finish(case, actor, verb, document, version, at):
    readers = []
    if case.submitted_at is not None:
        readers = steps.people(case, "coordinator", "lead", "reviewer", at=at, scope="documents")
    steps.finish(
        case=case,
        actor=actor,
        verb=verb,
        at=at,
        data={
            "document": document.pk,
            "version": version.number,
            "sha256": version.sha256,
            "size": version.size,
        },
        tell=readers,
    )


@action
def mark_document(
    *,
    actor,
    document: Document,
    tlp: str | None = None,
    cui: str | None = None,
    confidential_commercial: bool | None = None,
    at: datetime | None = None,
) -> Document:
    """Mark a document otherwise; what is not given stays. Stricter or laxer, it is the lab's act alone and goes on record with
    both markings; who reads the document now is told. Raises AlreadyDone where it is marked so.
    """
    case, at = steps.begin_edit(actor=actor, submission=document.submission, edit="mark_document", at=at)
    document = Document.objects.select_for_update().get(pk=document.pk)
    refuse_frozen(DOCUMENT, document.pk)
    if document.removed_at is not None:
        raise WrongState("This document was taken out.")
    before = document.marks
    after = markings.marking(
        tlp=before.tlp if tlp is None else tlp,
        cui=before.cui if cui is None else cui,
        confidential_commercial=before.confidential_commercial
        if confidential_commercial is None
        else confidential_commercial,
    )
    if after == before:
        raise AlreadyDone("The document is marked so already.")
    document.tlp, document.cui = after.tlp, after.cui
    document.confidential_commercial = after.confidential_commercial
    # The database asks on whose word the commercial mark is taken off.
    document.unmarked_by, document.unmarked_under = (None if after.confidential_commercial else actor), None
    document.save(update_fields=["tlp", "cui", "confidential_commercial", "unmarked_by", "unmarked_under"])
    said = {
        "document": document.pk,
        "from": str(before),
        "to": str(after),
        "lowered": not after.covers(before),
    }
    steps.finish(
        case=case, actor=actor, verb="mark_document", at=at, data=said, tell=steps.readers_of(document, at=at)
    )
    return document


@action
def remove_document(*, actor, document: Document, at: datetime | None = None) -> Document:
    """Take a document out of a draft, before anyone outside the lab could see it; its file stays until retention ends it."""
    case, at = steps.begin_edit(actor=actor, submission=document.submission, edit="remove_document", at=at)
    document = Document.objects.select_for_update().get(pk=document.pk)
    refuse_frozen(DOCUMENT, document.pk)
    if document.removed_at is None:
        document.removed_at = at
        document.save(update_fields=["removed_at"])
        steps.finish(case=case, actor=actor, verb="remove_document", at=at, data={"document": document.pk})
    return document


def open_version(*, actor, version: DocumentVersion, at: datetime | None = None) -> Given:
    """Ask for a file's content; the look is recorded first, with the hash of what is given.

    The lab's own people get the file as it is. Who else reads a PDF gets a copy of which every page names them, where the PDF
    allows it. That may take long: it is made in no transaction of this action, and who may read is asked anew afterwards. Raises
    NotAllowed where the audience does not admit the person, Busy where the copy cannot be made just now.
    """
    _require_open(actor, version, at)
    case, asked_at = version.document.submission, at or clock.now()
    given = _given(actor, version, asked_at)
    try:
        with transaction.atomic():
            if not policies.may_go_on_reading(actor.pk, version.document_id, at=at):
                raise NotAllowed(NOT_OPEN)
            refuse_withheld(version)
            looked(
                actor=actor, submission=case, verb="downloaded_document", subject=version,
                data={
                    "document": version.document_id, "version": version.number, "sha256": version.sha256,
                    "watermarked": given.is_watermarked, "given_sha256": given.sha256,
                },
            )  # fmt: skip
    except BaseException:
        given.close()
        raise
    return given


@action
def read_version(*, actor, version: DocumentVersion, at: datetime | None = None) -> None:
    """Have a file read for its results; the look is recorded first. Raises as ``open_version`` does."""
    _require_open(actor, version, at)
    data = {"document": version.document_id, "version": version.number}
    looked(
        actor=actor, submission=version.document.submission, verb="read_evidence", subject=version, data=data
    )


def _require_open(actor, version: DocumentVersion, at: datetime | None) -> None:
    if not Document.objects.visible_to(actor, at=at).filter(pk=version.document_id).exists():
        raise NotAllowed(NOT_OPEN)
    refuse_withheld(version)


def refuse_withheld(version: DocumentVersion) -> None:
    """Raise Refused for a file in which malware was found, and Disposed for one whose content is gone."""
    if not version.withheld_now():
        return
    if version.disposed_told:
        raise Disposed(version.disposed_told)
    raise Refused("Malware was found in this file, so it is given to nobody.", code="malware_found")


def _given(actor, version: DocumentVersion, at: datetime) -> Given:
    case = version.document.submission
    capacity = standing(actor, case)
    if capacity in policies.LAB_SEES:
        return Given(version.file, version.size, version.sha256)
    kind = Kind.PARTNER if capacity == "partner" else Kind.AGENCY
    houses = ", ".join(
        Organisation.objects.filter(pk__in=actor.organisations_as(kind)).values_list("name", flat=True)
    )
    words = {
        "marking": version.document.marking,
        "reader": actor.email,
        "copy": f"Copy for {actor}, {actor.email}, {houses} · {at.astimezone(UTC):%d %b %Y %H:%M:%S} UTC"
        f" · {case.case_number}",
    }
    copy = watermarks.stamped(version, words)
    if copy is None:
        return Given(version.file, version.size, version.sha256)
    return Given(copy, copy.size, copy.sha256, is_watermarked=True)
