"""The way of a case: submit, acknowledge, ask for a correction, move dates, close."""

from datetime import datetime

from portal.scope import action
from portal.submissions import hooks, terms
from portal.submissions.actions import case as steps
from portal.submissions.actions.drafts import check_dates, check_move, checkpoint_of, require_complete
from portal.submissions.models import Facts, Submission, Terms


@action
def submit(
    *, actor, submission: Submission, expected_revision: int | None = None, at: datetime | None = None
) -> Submission:
    """Hand a complete draft in. Raises Invalid, naming the field, for what is missing or cannot be."""
    case, step, at = steps.begin(
        actor=actor, submission=submission, verb="submit", at=at, expected_revision=expected_revision
    )
    require_complete({name: getattr(case.facts, name) for name in Facts.REQUIRED})
    check_dates(partner=case.planned_partner_release, public=case.planned_public_release, at=at)
    case.checkpoint = checkpoint_of(case, case.facts.checkpoint)
    case.submitted_at = at
    received = [
        {
            "document": document.pk,
            "version": document.current.number,
            "sha256": document.current.sha256,
            "marking": document.marking,
        }
        for document in case.documents.filter(removed_at=None).prefetch_related("versions")
    ]
    rows = list(case.evaluation_rows.filter(taken_back_at=None).values_list("pk", flat=True))
    finished = steps.finish(
        case=case, actor=actor, verb="submit", at=at, step=step, data={"received": received, "evaluations": rows},
        replan=True, tell=steps.people(case, "lab", at=at),
    )  # fmt: skip
    # The coordinators stand in the audience only since the row above was saved.
    steps.announce(case=finished, verb="submit", at=at, people=steps.people(case, "coordinator", at=at))
    return finished


@action
def acknowledge(
    *, actor, submission: Submission, expected_revision: int | None = None, at: datetime | None = None
) -> Submission:
    """The coordinator has received the case; the standard access terms are laid before both sides as version 1."""
    case, step, at = steps.begin(
        actor=actor, submission=submission, verb="acknowledge", at=at, expected_revision=expected_revision
    )
    case.acknowledged_at = at
    if not case.terms.exists():
        Terms.objects.create(submission=case, number=1, proposed_by=actor, proposed_at=at, **terms.standard())
    return steps.finish(
        case=case,
        actor=actor,
        verb="acknowledge",
        at=at,
        step=step,
        tell=steps.people(case, "lab", at=at),
        replan=True,
    )


@action
def request_correction(
    *,
    actor,
    submission: Submission,
    reason: str,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Submission:
    """Ask the lab to correct facts or documents; it does so by new versions. Holds nothing up."""
    case, step, at = steps.begin(
        actor=actor,
        submission=submission,
        verb="request_correction",
        at=at,
        reason=reason,
        expected_revision=expected_revision,
    )
    case.correction_asked_at = at
    return steps.finish(
        case=case, actor=actor, verb="request_correction", at=at, step=step, reason=reason,
        tell=steps.people(case, "lab", at=at),
    )  # fmt: skip


@action
def move_dates(
    *,
    actor,
    submission: Submission,
    planned_public_release: datetime,
    planned_partner_release: datetime | None = None,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Submission:
    """Move the lab's planned dates: window, grants that start with the partner release, and reminders follow at once.

    Only the lab does this, and no government step does it for them. A window that has ended stays what it was. Raises Invalid
    for moved dates in the past.
    """
    case, step, at = steps.begin(
        actor=actor, submission=submission, verb="move_dates", at=at, expected_revision=expected_revision
    )
    check_move(case, partner=planned_partner_release, public=planned_public_release, at=at)
    old = {
        "planned_partner_release": case.planned_partner_release,
        "planned_public_release": case.planned_public_release,
    }
    new = {
        "planned_partner_release": planned_partner_release,
        "planned_public_release": planned_public_release,
    }
    case.planned_partner_release, case.planned_public_release = (
        planned_partner_release,
        planned_public_release,
    )
    hooks.call(hooks.DATES_MOVED, submission=case, old=old["planned_partner_release"], actor=actor, at=at)
    concerned = (
        steps.everyone_else(case, at=at) + steps.people(case, "lab", at=at) if case.submitted_at else []
    )
    return steps.finish(
        case=case, actor=actor, verb="move_dates", at=at, step=step, data={"old": old, "new": new}, tell=concerned,
        replan=case.submitted_at is not None,
    )  # fmt: skip


@action
def close(
    *, actor, submission: Submission, expected_revision: int | None = None, at: datetime | None = None
) -> Submission:
    """The coordinator closes a case whose window has ended: the reviewers' last access to it goes with it."""
    case, step, at = steps.begin(
        actor=actor, submission=submission, verb="close", at=at, expected_revision=expected_revision
    )
    concerned = steps.people(case, "lab", "lead", "reviewer", "agency_coordinator", at=at)
    case.closed_at = at
    return steps.finish(case=case, actor=actor, verb="close", at=at, step=step, tell=concerned, replan=True)
