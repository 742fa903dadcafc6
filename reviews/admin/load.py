"""How much each reviewer and agency has to do, for the workbench's first page."""

from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, OuterRef, Q, Subquery
from django.utils.html import escape
from django.utils.safestring import mark_safe

from portal import clock
from portal.accounts.models import Kind, Organisation, Role, User
from portal.prepared import Statement, kept
from portal.submissions.querysets import oversees
from reviews.models import Assignment
from reviews.states import AssignmentState

_ROW = (
    '<tr><th scope="row">{}</th><td data-label="Agency">{}</td><td data-label="Active">{}</td>'
    '<td data-label="Not attested yet">{}</td></tr>'
).format


def _name_of(model, column: str) -> Subquery:
    return Subquery(model._default_manager.filter(pk=OuterRef(column)).order_by().values("name")[:1])


def panel(request) -> tuple[str, str, dict] | None:
    """Seats that are active or wait for their reviewer, by reviewer within their agency, for who sees others' seats. One query.

    Only seats that this person sees are counted: a conflict hides a case from the numbers, too.
    """
    user, at = request.user, clock.now()
    if not oversees(user) and not user.has_seat(Kind.AGENCY, Role.COORDINATOR):
        return None
    statement = kept(("load", user.standing(at)), lambda at: _load(user, at), at=at)
    rows = [_Seats(*row) for row in statement.rows(at=at)]
    ordered = sorted(rows, key=lambda row: (row.agency_name, row.reviewer_name, row.reviewer))
    agencies = {
        agency: _sums(agency, list(seats)) for agency, seats in groupby(ordered, attrgetter("agency_name"))
    }
    return "Seats by agency and reviewer", "admin/load.html", {"agencies": agencies}


class _Seats(NamedTuple):
    """The seats of one reviewer for one agency."""

    agency: UUID
    reviewer: UUID
    active: int
    proposed: int
    agency_name: str
    reviewer_name: str


def _load(user, at) -> Statement:
    proposed = Q(stored_state=AssignmentState.PROPOSED)
    counted = (
        Assignment.objects.visible_to(user, at=at)
        .live(at=at)
        .order_by()
        .values("agency", "reviewer")
        .annotate(active=Count("pk", filter=~proposed), proposed=Count("pk", filter=proposed))
    )
    # Named once they are counted, and not in the same breath: beside the counts, a name would be grouped by, and so be looked
    # up for every seat.
    rows = counted.annotate(
        agency_name=_name_of(Organisation, "agency"), reviewer_name=_name_of(User, "reviewer")
    )
    return Statement.of(rows.values_list(*_Seats._fields))


def _sums(agency: str, seats: list[_Seats]) -> dict[str, Any]:
    """An agency's sums, and its reviewers' rows: written here, since a programme has more reviewers than a template's loop draws
    in the time the rest of the page takes.
    """
    name = escape(agency)
    written = [_ROW(escape(row.reviewer_name), name, row.active, row.proposed) for row in seats]
    return {
        "active": sum(row.active for row in seats),
        "proposed": sum(row.proposed for row in seats),
        "rows": mark_safe("".join(written)),  # noqa: S308
    }
