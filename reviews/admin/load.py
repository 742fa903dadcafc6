"""How much each reviewer and agency has to do, for the workbench's first page."""

from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import Count, OuterRef, Q, Subquery
from django.utils.html import escape
from django.utils.safestring import mark_safe

from portal import clock
from portal.accounts.models import Kind, Organisation, Role, User
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
    ordered = sorted(rows, key=lambda row: (row["agency_name"], row["reviewer_name"], row["reviewer"]))
    agencies = {
        agency: _sums(agency, list(seats)) for agency, seats in groupby(ordered, itemgetter("agency_name"))
    }
    return "Seats by agency and reviewer", "admin/load.html", {"agencies": agencies}


def _sums(agency: str, seats: list[dict]) -> dict[str, Any]:
    """An agency's sums, and its reviewers' rows: written here, since a programme has more reviewers than a template's loop draws
    in the time the rest of the page takes.
    """
    name = escape(agency)
    written = [_ROW(escape(row["reviewer_name"]), name, row["active"], row["proposed"]) for row in seats]
    return {
        "active": sum(row["active"] for row in seats),
        "proposed": sum(row["proposed"] for row in seats),
        "rows": mark_safe("".join(written)),  # noqa: S308
    }
