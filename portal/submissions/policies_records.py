"""Who keeps records, and who disposes of them. Plain answers; unknown means no."""

from portal.accounts.models import Role
from portal.submissions.models import LegalHold, Submission
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
    return labs.filter(no_conflict(actor, case="pk", lab="pk")).exclude(pk__in=actor.organisations_as("lab"))


def may_lift(actor, hold: LegalHold) -> bool:
    """Whether a person lifts a hold that stands: any coordinator of the programme office who may read it."""
    if hold.lifted_at is not None or not keeps_records(actor):
        return False
    return LegalHold.objects.visible_to(actor).beyond(actor).filter(pk=hold.pk).exists()
