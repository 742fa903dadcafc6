"""What a page of the queue tells of each case besides its own row, asked for all of them in one statement."""

from datetime import datetime

from django.db.models import DateTimeField, F, IntegerField, TextField, Value

from portal.deadlines.models import Deadline
from portal.deadlines.registry import government_kinds
from portal.lookups import Among
from portal.prepared import Given, Statement, given_ids, kept
from portal.submissions import hooks
from portal.submissions.models import Submission, Terms
from portal.submissions.querysets import FACTS

TERMS, OPEN, LATE, LEAD = "terms", "open", "late", "lead"


def mark(user, cases: list[Submission], *, at: datetime) -> None:
    """Set on each case ``facts_open`` (this person may see its facts), ``late`` (on the government's side), ``lead_name``, and
    the signatures of its terms, as if they were prefetched.

    By the ids of a page, and apart from the page's own query: as subqueries of that one, PostgreSQL answers them for the
    whole table first.
    """
    found = {case.pk: case for case in cases}
    for case in cases:
        case.facts_open, case.late, case.lead_name = False, False, ""
        case._prefetched_objects_cache = {"terms": []}
    if not cases:
        return
    statement = kept(("marks", user.standing(at)), lambda at: _statement(user, at), at=at)
    for key, kind, name, number, lab, government in statement.rows(ids=list(found), at=at):
        case = found[key]
        if kind == TERMS:
            terms = Terms(
                submission=case, number=number, lab_accepted_at=lab, government_accepted_at=government
            )
            case._prefetched_objects_cache["terms"].append(terms)
        elif kind == LEAD:
            case.lead_name = name
        elif kind == LATE:
            case.late = True
        else:
            case.facts_open = True
    for case in cases:
        case._prefetched_objects_cache["terms"].sort(key=lambda terms: -terms.number)


def _statement(user, at: datetime) -> Statement:
    first, *others = _parts(user, given_ids(), at)
    return Statement.of(first.union(*others, all=True))


def _parts(user, ids: Given, at: datetime) -> list:
    none = Value(None, DateTimeField())

    def rows(queryset, case, kind, name=None):
        # Typed by the first part: the terms, whose columns are real ones.
        named = {"mark_kind": Value(kind, TextField()), "mark_name": name or Value("", TextField())}
        filled = queryset.order_by().annotate(
            **named, mark_number=Value(0, IntegerField()), mark_lab=none, mark_government=none
        )
        return filled.values_list(
            case, "mark_kind", "mark_name", "mark_number", "mark_lab", "mark_government"
        )

    terms = Terms.objects.filter(Among("submission", ids)).order_by()
    terms = terms.annotate(mark_kind=Value(TERMS, TextField()), mark_name=Value("", TextField()))
    late = Deadline.objects.overdue(at=at).filter(Among("case_id", ids), kind__in=government_kinds())
    return [
        terms.values_list(
            "submission", "mark_kind", "mark_name", "number", "lab_accepted_at", "government_accepted_at"
        ),
        rows(Submission.objects.visible_to(user, scope=FACTS, at=at).filter(Among("pk", ids)), "pk", OPEN),
        rows(late, "case_id", LATE),
        *(
            rows(leads(at).filter(Among("submission", ids)), "submission", LEAD, F(name))
            for leads, name in hooks.LEADS
        ),
    ]
