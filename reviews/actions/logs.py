"""The author's own evaluation logs with a draft: read as the labs' logs are, stored as documents are, given to agencies alone."""

from datetime import datetime
from typing import Any

from django.db import transaction

from portal.errors import AlreadyDone, Invalid, NotAllowed, Refused, WrongState
from portal.ledger import actions as ledger
from portal.ledger.stale import refuse_stale
from portal.scope import acting, action
from portal.submissions.actions.documents import Given, refuse_withheld
from portal.submissions.actions.evaluations import METRICS_AT_MOST, checked_row
from portal.submissions.actions.storing import stored
from portal.submissions.evidence import Evidence, Unreadable, read_evidence
from portal.submissions.evidence.metrics import with_errors
from portal.submissions.evidence.offers import FORMATS, everything, offer_of
from reviews import looks, policies
from reviews.actions import common
from reviews.actions.assessments import lock, seat_word, seated
from reviews.models import AgencyLog, AgencyScore, Assessment
from reviews.states import AssessmentState

PROBLEMS_AT_MOST = 20
NOT_OPEN = "This file is not open to you now."


def add_log(
    *, actor, assessment: Assessment, upload, sha256: str = "", at: datetime | None = None
) -> AgencyLog:
    """Put an evaluation log of the author's own with the draft. The assessment is another revision then, so that a check of
    what stood there before is refused.

    The file is in the storage before the case is locked, as a document's is. Raises Invalid, naming the field, for what the
    portal does not take or cannot read; nothing is stored then.
    """
    _require_own_draft(policies.capacities(actor, assessment, at=at), assessment)
    with stored(upload, actor=actor, kind=AgencyLog, sha256=sha256) as log:
        row, problems = _read(log)
        with acting():
            case, draft, mine, at = lock(actor, assessment, at)
            _require_own_draft(mine, draft)
            _require_room(draft, log)
            log.assessment, log.uploaded_at, log.problems = draft, at, problems
            for name in ("task", "model", "status", "samples", "evaluated_at"):
                setattr(log, name, row[name])
            log.save(force_insert=True)
            AgencyScore.objects.bulk_create(_scores(log, row["scores"]))
            data = {"log": log.pk, "sha256": log.sha256, "size": log.size}
            _finish(actor, case, draft, mine, "add_log", data, at)
    return log


@action
def remove_log(
    *,
    actor,
    assessment: Assessment,
    log: AgencyLog,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> AgencyLog:
    """Take a log out of a draft; its file stays until retention ends it."""
    case, draft, mine, at = lock(actor, assessment, at)
    _require_own_draft(mine, draft)
    found = AgencyLog.objects.select_for_update().get(pk=log.pk, assessment=draft)
    if found.removed_at is not None:
        raise AlreadyDone("This log was taken out already.")
    refuse_stale(draft, expected_revision, called="This assessment")
    found.removed_at = at
    found.save(update_fields=["removed_at"])
    _finish(actor, case, draft, mine, "remove_log", {"log": found.pk, "sha256": found.sha256}, at)
    return found


def open_log(*, actor, log: AgencyLog, at: datetime | None = None) -> Given:
    """Ask for a log's file; the look is recorded first. Raises NotAllowed for whom it is not open to, every lab among them."""
    with transaction.atomic():
        if not policies.may_go_on_reading_log(actor.pk, log.pk, at=at):
            raise NotAllowed(NOT_OPEN)
        refuse_withheld(log)
        looks.downloaded_log(actor=actor, log=log)
    return Given(log.file, log.size, log.sha256)


def told_of_log(log: AgencyLog, found: bool, at: datetime) -> None:
    """A scan's outcome, on the assessment's record; what was found is told to its author. The lab learns of neither."""
    draft, case = log.assessment, log.assessment.submission
    event = ledger.record(
        actor=None,
        verb="malware_in_log" if found else "scan_log",
        subject=draft,
        case_id=case.pk,
        capacity="clock",
        data={"log": log.pk, "state": log.scan_state},
        at=at,
    )
    if found:
        common.tell(event=event, kind="malware_found", people=seated(case, draft, at), case=case)


def _require_own_draft(mine, draft: Assessment) -> None:
    if "author" not in mine:
        raise NotAllowed("Only its author puts logs with a draft, while the author's seat is active.")
    if draft.state != AssessmentState.DRAFT:
        raise WrongState("This assessment was checked: its logs stay as they are.")


def _require_room(draft: Assessment, log: AgencyLog) -> None:
    there = draft.logs.filter(removed_at=None)
    if there.filter(sha256=log.sha256).exists():
        raise AlreadyDone("This very file is with the assessment already; nothing was stored twice.")
    if there.count() >= AgencyLog.AT_MOST:
        raise Refused(f"An assessment has at most {AgencyLog.AT_MOST} logs.", code="too_many_logs")


def _read(log: AgencyLog) -> tuple[dict[str, Any], list[str]]:
    """What a stored log says, as a lab's row of it would be, and what of it could not be used."""
    try:
        with log.file.open("rb") as stream:
            found = read_evidence(stream)
    except Unreadable as refusal:
        raise Invalid(str(refusal), field="file") from refusal
    if not found.format.startswith("inspect"):
        raise Invalid(
            f"This is no evaluation log of Inspect: it reads as a {FORMATS[found.format].lower()}.",
            field="file",
        )
    return _row(found), _problems(found)


def _row(found: Evidence) -> dict[str, Any]:
    _, rows = everything(offer_of(found))
    # A log that did not succeed offers no row, for it has no results; that it was made is told all the same.
    without = {"task": found.task, "model": found.model, "status": found.status, "samples": found.samples}
    try:
        return checked_row(rows[0] if rows else without)
    except Invalid as refusal:
        raise Invalid(refusal.message, field="file") from refusal


def _problems(found: Evidence) -> list[str]:
    told = list(found.problems)
    number = sum(len(score.metrics) for score in found.scores)
    if number > METRICS_AT_MOST:
        told.append(f"Of {number} results the first {METRICS_AT_MOST} were read.")
    if len(told) > PROBLEMS_AT_MOST:
        told[PROBLEMS_AT_MOST:] = [f"And {len(told) - PROBLEMS_AT_MOST} more."]
    return told


def _scores(log: AgencyLog, scores: list[dict[str, Any]]) -> list[AgencyScore]:
    rows = [(score["name"], *measured) for score in scores for measured in with_errors(score["metrics"])]
    return [
        AgencyScore(log=log, position=position, score=name, metric=metric, value=value, stderr=stderr)
        for position, (name, metric, value, stderr) in enumerate(rows)
    ]


def _finish(actor, case, draft: Assessment, mine, verb: str, data: dict, at: datetime) -> None:
    draft.revision += 1
    draft.updated_at = at
    draft.save(update_fields=["revision", "updated_at"])
    common.note(actor=actor, verb=verb, subject=draft, case=case, capacity=seat_word(mine), data=data, at=at)
