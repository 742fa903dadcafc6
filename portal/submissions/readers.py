"""Which events and deadlines of cases a person reads; registered with the floors below, which know no cases."""

from uuid import UUID

from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.lookups import IsNull

from portal import clock
from portal.accounts.models import Kind, Role
from portal.deadlines.models import Message
from portal.deadlines.registry import DEADLINES
from portal.ledger.models import Event
from portal.lookups import OneOf
from portal.submissions.deadline_kinds import ANSWER_RECORDS_REQUEST, CONFLICT_RENEWAL
from portal.submissions.models import Audience, DisclosureNotice, LegalHold, RecordsRequest, Submission
from portal.submissions.on_record import may_confirm
from portal.submissions.querysets import agency_wide, has_no_conflicts, live, no_conflict, oversees

EXPORTS = ("exported_list", "exported_figures")
PROGRAMME = ("changed_settings", "left_programme", "rejoined_programme")
# What was done to the ledger itself.
LOG = ("began_log", "rotated_key", "sealed_despite_faults")


def _cases_seen(user):
    return Submission.objects.visible_to(user).order_by().values("pk")


def cases_overseen(user):
    """Of the cases a person sees, those they see for the government: on their own lab's they are the lab, to whom an agency's
    people go by stable names.
    """
    return Submission.objects.visible_to(user).beyond(user).order_by().values("pk")


def overseen(user) -> Q:
    """Rows whose ``case_id`` is one of ``cases_overseen``.

    Asked for each row as it is met: a list in the order of an index stops after a page, where ``IN`` under an OR gathers every
    case there is before it looks at the first row.
    """
    if not agency_wide(user):
        return Q(case_id__in=cases_overseen(user))
    return Q(IsNull(Subquery(cases_overseen(user).filter(pk=OuterRef("case_id"))[:1]), False))


def own_cases(user):
    """Ids of the cases of a person's labs; None for who is of no lab."""
    labs = user.organisations_as(Kind.LAB)
    return Submission.objects.filter(lab_id__in=labs).order_by().values("pk") if labs else None


def events(user) -> Q:
    """Every event of an unconflicted case for coordinators and auditors; for a lab, what happened to its case and who looked;
    for the rest, what they did themselves on the cases they see.

    Each ground names its cases by ``OneOf``: the ledger is the longest table of all, and most people own little of it.
    """
    if oversees(user):
        # What left the workbench as files, and changes of the programme itself, are about no case, and for who audits to read.
        answer = overseen(user) | Q(case_id=None, verb__in=(*EXPORTS, *PROGRAMME, *LOG))
        # What keeps everything of a lab is about no one case.
        holds = LegalHold.objects.visible_to(user).beyond(user).order_by().values("pk")
        answer |= Q(case_id=None, subject_type=LegalHold._meta.label_lower, subject_id__in=holds)
        answer |= Q(case_id=None, subject_type=RecordsRequest._meta.label_lower)
    else:
        answer = Q(OneOf("case_id", _cases_seen(user)), actor=user)
    own = own_cases(user)
    if own is not None:
        answer |= Q(OneOf("case_id", own)) & (Q(kind="look") | Q(subject_type=Submission._meta.label_lower))
    return answer


def own_events(user) -> Q | None:
    """What happened on the cases of a person's own labs."""
    own = own_cases(user)
    # An event of no case is of no lab's case: said, since NULL is in no list and not in none.
    return None if own is None else Q(case_id__in=own, case_id__isnull=False)


def deadlines(user, case_id: UUID | None) -> Q:
    """Every deadline of the cases an agency-wide role sees, but for kinds withheld from it; for the rest, those that could
    remind them: a person reads of a date what the reminder's rules (``planning``) would tell them, no other side's.

    What is withheld from a role is not taken from another seat of the same person.
    """
    everywhere = set(agency_wide(user))
    if not everywhere:
        return _told(user, case_id)
    seen = overseen(user)
    withheld = [kind.key for kind in DEADLINES.values() if everywhere <= set(kind.withheld_from)]
    if withheld:
        seen &= ~Q(kind__in=withheld)
    sits_elsewhere = any(seat.kind != Kind.AGENCY or seat.role not in everywhere for seat in user.seats)
    if sits_elsewhere and (withheld or user.has_seat(Kind.LAB)):
        return seen | _told(user, case_id)
    own = Q(_unhidden(user), person=user)
    for seat in user.seats:
        own |= Q(case_id=None) & _owed_by(seat)
    return seen | own


def records_deadlines(user, case_id: UUID | None) -> Q:
    """The dates of the requests for records in the log of an agency whose coordinator a person is; about no case."""
    own = user.organisations_as(Kind.AGENCY, Role.COORDINATOR)
    return Q(kind=ANSWER_RECORDS_REQUEST, organisation__in=own) if own else Q(pk__in=[])


def records_messages(user) -> Q | None:
    """The reminders of requests for records, whose delivery who oversees the programme looks after."""
    return Q(kind=ANSWER_RECORDS_REQUEST) if oversees(user) else None


def renewal_messages(user) -> Q | None:
    """The reminders to confirm conflicts and ties, whose delivery who oversees the programme looks after."""
    return Q(kind=CONFLICT_RENEWAL) if oversees(user) else None


def _told(user, case_id: UUID | None) -> Q:
    """The deadlines that could remind a person; ``case_id`` says of which case, where one is asked about."""
    answer = Q(_unhidden(user), person=user)
    for seat in user.seats:
        owed = _owed_by(seat)
        if seat.kind == Kind.AGENCY:
            # Its reminders (``planning``) pass over who has a conflict with the case; so do its dates.
            owed &= Q(case_id=None) | Q(_unhidden(user))
        answer |= owed
    for (kinds, scope), capacities in _kinds_told(user).items():
        mine = Audience.objects.filter(
            live(clock.now()), user=user, capacity__in=capacities, scope=scope
        ).order_by()
        mine = mine if case_id is None else mine.filter(submission=case_id)
        told = Q(kind__in=kinds, person=None, organisation=None)
        answer |= told & Q(source_id=None) & Q(OneOf("case_id", mine.values("submission_id")))
        answer |= told & Q(source_id__isnull=False) & Q(OneOf("source_id", mine.values("source_id")))
    return answer


def _owed_by(seat) -> Q:
    """The deadlines of an organisation that are for the role of this seat in it."""
    kinds = [kind.key for kind in DEADLINES.values() if seat.role in kind.capacities]
    return Q(organisation=seat.organisation_id, kind__in=kinds)


def _unhidden(user) -> Exists:
    """That no conflict keeps a row's case from the person; looked for a row, of which these are few."""
    return Exists(Submission.objects.filter(no_conflict(user), pk=OuterRef("case_id")))


# In which capacities the people of each kind of organisation may stand to a case, agency-wide ones apart.
_CAPACITIES = {
    Kind.LAB: ("lab", "lab_viewer", "lab_service", "lab_service_viewer"),
    Kind.AGENCY: ("agency_coordinator", "lead", "reviewer"),
    Kind.PARTNER: ("partner",),
}


def _kinds_told(user) -> dict[tuple[tuple[str, ...], str], list[str]]:
    """The capacities a person may hold, by the kinds of deadlines they are told of and the scope that takes."""
    found: dict[tuple[str, str], list[str]] = {}
    for capacity in {capacity for seat in user.seats for capacity in _CAPACITIES[Kind(seat.kind)]}:
        # Who reads along with the lab's writers reads the lab's dates, though no reminder goes to them.
        told = "lab" if capacity in _CAPACITIES[Kind.LAB] else capacity
        for kind in DEADLINES.values():
            if told in kind.capacities:
                found.setdefault((capacity, kind.scope), []).append(kind.key)
    grouped: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for (capacity, scope), kinds in sorted(found.items()):
        grouped.setdefault((tuple(kinds), scope), []).append(capacity)
    return grouped


def messages(user) -> Q | None:
    """The messages of cases that a person may look after: coordinators and auditors do. The outbox names agency people."""
    return overseen(user) if oversees(user) else None


def case_numbers(ids) -> dict:
    return dict(Submission.objects.filter(pk__in=ids).values_list("pk", "case_number"))


def barred(user) -> Q | None:
    """The messages of cases from which a conflict keeps a person of an agency; what they were told as the lab's own stays."""
    if has_no_conflicts(user) or not user.has_seat(Kind.AGENCY):
        return None
    about = Submission.objects.filter(pk=OuterRef("case_id")).beyond(user)
    return Q(Exists(about.exclude(no_conflict(user)).order_by()))


def hidden(messages) -> set:
    """Those of these messages whose reader has lost what they were told by, where the audience knows nothing of it.

    Of a lab's answer to a disclosure notice, which outlives its case, that they decide for the agency; of a reminder to confirm
    conflicts and ties, the role.
    """
    rows = Message.objects.filter(pk__in=messages, kind__in=_LOST).select_related("recipient")
    return {row.pk for row in rows.order_by() if _LOST[row.kind](row)}


def _decides_no_longer(row: Message) -> bool:
    events = Event.objects.filter(pk=row.key.partition("/")[0]).order_by().values("subject_id")
    return not DisclosureNotice.objects.to_decide_by(row.recipient).filter(pk__in=events).exists()


_LOST = {
    "disclosure_answered": _decides_no_longer,
    CONFLICT_RENEWAL: lambda row: not may_confirm(row.recipient),
}
