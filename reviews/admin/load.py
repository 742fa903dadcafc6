"""How much each reviewer and agency has to do, for the workbench's first page."""

from django.db.models import Count, Q

from portal import clock
from portal.accounts.models import Kind, Role
from portal.submissions.querysets import oversees
from reviews.models import Assignment
from reviews.states import AssignmentState


def panel(request) -> tuple[str, str, dict] | None:
    """Seats that are active or wait for their reviewer, by reviewer within their agency, for who sees others' seats. One query.

    Only seats that this person sees are counted: a conflict hides a case from the numbers, too.
    """
    user, at = request.user, clock.now()
    if not oversees(user) and not user.has_seat(Kind.AGENCY, Role.COORDINATOR):
        return None
    proposed = Q(stored_state=AssignmentState.PROPOSED)
    rows = list(
        Assignment.objects.visible_to(user, at=at)
        .live(at=at)
        .order_by("agency__name", "reviewer__name", "reviewer")
        .values("agency__name", "reviewer__name", "reviewer")
        .annotate(active=Count("pk", filter=~proposed), proposed=Count("pk", filter=proposed))
    )
    agencies: dict[str, dict] = {}
    for row in rows:
        one = agencies.setdefault(row["agency__name"], {"active": 0, "proposed": 0, "reviewers": []})
        one["active"] += row["active"]
        one["proposed"] += row["proposed"]
        one["reviewers"].append(row)
    return (
        "Seats by agency and reviewer",
        "admin/load.html",
        {"agencies": agencies},
    )
