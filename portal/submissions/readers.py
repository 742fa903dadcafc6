"""Which events and deadlines of cases a person reads; registered with the floors below, which know no cases."""

from django.db.models import Q

from portal import clock
from portal.accounts.models import Kind, Role
from portal.submissions.models import Audience, Submission
from portal.submissions.querysets import RECORD, agency_wide, live

AUDIT = {Role.COORDINATOR, Role.AUDITOR}


def _cases_seen(user):
    return Submission.objects.visible_to(user).order_by().values("pk")


def _own_cases(user):
    labs = user.organisations_as(Kind.LAB)
    return Submission.objects.filter(lab_id__in=labs).order_by().values("pk") if labs else None


def events(user) -> Q | None:
    """Every event of an unconflicted case for coordinators and auditors; for a lab, what happened to its case and who looked."""
    answer = None
    if AUDIT & set(agency_wide(user)):
        answer = Q(case_id__in=_cases_seen(user))
    own = _own_cases(user)
    if own is not None:
        lab = Q(case_id__in=own) & (Q(kind="look") | Q(subject_type=Submission._meta.label_lower))
        answer = lab if answer is None else answer | lab
    return answer


def deadlines(user) -> Q:
    """Every deadline of the cases an agency-wide role sees; for the rest, those of a whole case whose record they see."""
    if agency_wide(user):
        return Q(case_id__in=_cases_seen(user))
    seen = (
        Audience.objects.filter(live(clock.now()), user=user, scope=RECORD).order_by().values("submission_id")
    )
    return Q(case_id__in=seen, person=None)
