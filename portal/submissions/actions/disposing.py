"""The end of what a lab uploaded: the content of a case's files is disposed of by a person, under the retention schedule.

First the versions are marked, in the transaction of the step; their files go after it, by a job that may run twice or be killed
between any two of its steps. So no file goes without its mark, and no mark is forgotten.
"""

import logging
from datetime import datetime
from uuid import UUID

from django.core.files.storage import default_storage
from django.db.models import Count, Sum

from portal import clock
from portal.errors import AlreadyDone, NotAllowed, WrongState
from portal.ledger import actions as ledger
from portal.ledger.stale import refuse_stale
from portal.scope import action
from portal.submissions import policies_records as policies
from portal.submissions import retention
from portal.submissions.actions import case as cases
from portal.submissions.kept import is_kept
from portal.submissions.models import DocumentVersion, Submission

log = logging.getLogger(__name__)


@action
def dispose(
    *, actor, submission: Submission, expected_revision: int | None = None, at: datetime | None = None
) -> Submission:
    """Dispose of the content of every version of every document of a case that is over, past its date, and kept by nothing.

    What was known of each file stays: SHA-256, name, size, dates, and the ledger. The lab is told. Raises WrongState, saying all
    that keeps it. A legal hold that is being placed is waited for.
    """
    case = cases.lock(submission)
    at = at or clock.now()
    if not policies.may_keep_case(actor, case):
        raise NotAllowed("A coordinator of the programme office disposes of files.")
    refuse_stale(case, expected_revision, called="This case")
    # Asked for its lock; what keeps the case is told in words below.
    is_kept(case)
    if reasons := retention.kept_by([case], at=at)[case.pk]:
        raise WrongState(f"The files of this case are kept. {'. '.join(reasons)}.", code="records_kept")
    versions = DocumentVersion.objects.filter(document__submission=case, disposed_at=None)
    told = versions.aggregate(files=Count("pk"), bytes=Sum("size"))
    if not told["files"]:
        raise AlreadyDone("Nothing is left of this case's files to be disposed of.")
    versions.update(disposed_at=at)
    told_to = cases.people(case, "lab", at=at)
    return cases.finish(
        case=case, actor=actor, verb="dispose", at=at, data=told, tell=told_to, capacity="coordinator"
    )


def remove_disposed(*, at: datetime | None = None) -> int:
    """Remove the files of versions that were disposed of; returns how many. Twice, late or beside itself: the same are gone.

    A legal hold placed since keeps what is still there, for as long as it stands.
    """
    waiting = DocumentVersion.objects.to_remove().order_by("disposed_at", "pk")
    return sum(_remove(key, at or clock.now()) for key in list(waiting.values_list("pk", flat=True)))


@action
def _remove(key: UUID, at: datetime) -> bool:
    locked = DocumentVersion.objects.to_remove().select_for_update(skip_locked=True, of=("self",))
    version = locked.select_related("document__submission").filter(pk=key).first()
    if version is None or is_kept(version.document.submission):
        return False
    name = version.file.name
    if DocumentVersion.objects.filter(file=name, disposed_at=None).exists():
        # As after a copy or an import: another version has the same file, and is not disposed of.
        return False
    try:
        default_storage.delete(name)
    except Exception:
        # Whatever a storage raises: one file that cannot be removed now keeps no other. It is tried again.
        log.exception("The file of a disposed version could not be removed")
        return False
    version.file_removed_at = at
    version.save(update_fields=["file_removed_at"])
    ledger.record(
        actor=None,
        verb="remove_file",
        subject=version,
        case_id=version.document.submission_id,
        capacity="clock",
        data={"document": version.document_id, "version": version.number, "sha256": version.sha256},
        at=at,
    )
    return True
