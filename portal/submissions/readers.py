"""Which events and deadlines of cases a person reads; registered with the floors below, which know no cases."""

from django.db.models import Q

from portal import clock
from portal.accounts.models import Kind, Role
from portal.deadlines.registry import DEADLINES
from portal.submissions.models import Audience, Submission
from portal.submissions.querysets import agency_wide, live

AUDIT = {Role.COORDINATOR, Role.AUDITOR}


def _cases_seen(user):
    return Submission.objects.visible_to(user).order_by().values("pk")


def _own_cases(user):
    labs = user.organisations_as(Kind.LAB)
    return Submission.objects.filter(lab_id__in=labs).order_by().values("pk") if labs else None


def events(user) -> Q:
    """Every event of an unconflicted case for coordinators and auditors; for a lab, what happened to its case and who looked;
    for the rest, what they did themselves on the cases they see."""
    answer = Q(case_id__in=_cases_seen(user))
    if not AUDIT & set(agency_wide(user)):
        answer &= Q(actor=user)
    own = _own_cases(user)
    if own is not None:
        lab = Q(case_id__in=own) & (Q(kind="look") | Q(subject_type=Submission._meta.label_lower))
        answer |= lab
    return answer


def deadlines(user) -> Q:
    """Every deadline of the cases an agency-wide role sees; for the rest, those that could remind them: a person reads of a
    date what the reminder's rules (``planning``) would tell them, no other side's."""
    if agency_wide(user):
        return Q(case_id__in=_cases_seen(user))
    answer = Q(pk__in=[])
    for seat in user.seats:
        kinds = [kind.key for kind in DEADLINES.values() if seat.role in kind.capacities]
        answer |= Q(organisation=seat.organisation_id, kind__in=kinds)
    for (capacity, scope), kinds in _kinds_told(user).items():
        mine = Audience.objects.filter(
            live(clock.now()), user=user, capacity=capacity, scope=scope
        ).order_by()
        of_case = Q(source_id=None, case_id__in=mine.values("submission_id"))
        of_source = Q(source_id__in=mine.values("source_id"))
        answer |= Q(of_case | of_source, kind__in=kinds, person=None, organisation=None)
    return answer


# In which capacities the people of each kind of organisation may stand to a case, agency-wide ones apart.
_CAPACITIES = {
    Kind.LAB: ("lab", "lab_viewer"),
    Kind.AGENCY: ("agency_coordinator", "lead", "reviewer"),
    Kind.PARTNER: ("partner",),
}


def _kinds_told(user) -> dict[tuple[str, str], list[str]]:
    """The kinds of deadlines of which each capacity the person may hold is told, by capacity and scope."""
    found: dict[tuple[str, str], list[str]] = {}
    for capacity in {capacity for seat in user.seats for capacity in _CAPACITIES[Kind(seat.kind)]}:
        # Who reads along with the lab's writers reads the lab's dates, though no reminder goes to them.
        told = "lab" if capacity == "lab_viewer" else capacity
        for kind in DEADLINES.values():
            if told in kind.capacities:
                found.setdefault((capacity, kind.scope), []).append(kind.key)
    return found


def cases(user):
    """The cases whose messages a person may look after: those of coordinators and auditors."""
    return _cases_seen(user) if AUDIT & set(agency_wide(user)) else None


def case_numbers(ids) -> dict:
    return dict(Submission.objects.filter(pk__in=ids).values_list("pk", "case_number"))
