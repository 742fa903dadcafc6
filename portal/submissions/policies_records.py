"""Who keeps records, disposes of them, and logs requests for them. Plain answers; unknown means no."""

from uuid import UUID

from portal.accounts.models import Kind, Role
from portal.submissions.models import LegalHold, RecordsRequest, Submission
from portal.submissions.querysets import agency_wide, no_conflict


def keeps_records(actor) -> bool:
    """Whether a person decides what is kept at all: a coordinator of the programme office."""
    return actor.is_authenticated and actor.is_active and Role.COORDINATOR in agency_wide(actor)


def may_keep_case(actor, case: Submission) -> bool:
    """Whether a person decides what is kept of a case: one that they oversee, and that is not their own lab's."""
    if not keeps_records(actor):
        return False
    return Submission.objects.visible_to(actor).beyond(actor).filter(pk=case.pk).exists()


def labs_kept_by(actor, labs):
    """Of these labs, those of which a person decides what is kept: no conflict and no seat stands between."""
    if not keeps_records(actor):
        return labs.none()
    return labs.filter(no_conflict(actor, case="pk", lab="pk")).exclude(
        pk__in=actor.organisations_as(Kind.LAB)
    )


def may_lift(actor, hold: LegalHold) -> bool:
    """Whether a person lifts a hold that stands: any coordinator of the programme office who may read it."""
    if hold.lifted_at is not None or not keeps_records(actor):
        return False
    return LegalHold.objects.visible_to(actor).beyond(actor).filter(pk=hold.pk).exists()


def logs_for(actor) -> frozenset[UUID]:
    """The agencies for which a person keeps the log of requests for records: where they are a coordinator."""
    if not actor.is_authenticated or not actor.is_active:
        return frozenset()
    return frozenset(actor.organisations_as(Kind.AGENCY, Role.COORDINATOR))


def records_request_capacities(actor, request: RecordsRequest) -> frozenset[str]:
    """``agency``: who acts for the agency that got the request."""
    return frozenset({"agency"}) if request.agency_id in logs_for(actor) else frozenset()
