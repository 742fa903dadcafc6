"""The dates of the workbench's first page: what is late on the government's side, and the access windows."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from portal import clock
from portal.accounts.models import Kind
from portal.admin import case_link, state_tag
from portal.deadlines import registry
from portal.deadlines.models import Deadline
from portal.formats import instant
from portal.prepared import Statement, kept
from portal.submissions.admin.windows import closing_next, picture
from portal.submissions.models import Submission

SHOWN = 10
SOON = timedelta(days=7)

_LATE = '<tr><th scope="row">{}</th><td data-label="Case">{}</td><td data-label="Was due">{}</td></tr>'
_SOON = (
    '<tr><th scope="row">{}</th><td data-label="Lab">{}</td><td data-label="State">{}</td>'
    '<td data-label="Closes">{}</td></tr>'
)


def dates(user) -> dict[str, Any]:
    """What the page says of dates; rows are written here, at a fraction of what a template's loop over them costs."""
    at = clock.now()
    at_work = user.has_seat(Kind.AGENCY)
    late = _late(user, at) if at_work else []
    closing = closing_next(user, at=at) if at_work else []
    soon = [case for case in closing if case.closes_at <= at + SOON]
    return {
        "late": _late_rows(late[:SHOWN]),
        "more_late": len(late) > SHOWN,
        "soon": _soon_rows(soon[:SHOWN]),
        "more_soon": len(soon) > SHOWN,
        "windows": picture(closing, at=at),
    }


class _Late(NamedTuple):
    """A date that has passed."""

    kind: str
    case_id: UUID | None
    case_number: str
    due_at: datetime


def _late(user, at) -> list[_Late]:
    statement = kept(("late", user.standing(at)), lambda at: _overdue(user, at), at=at)
    return [_Late(*row) for row in statement.rows(at=at)]


def _overdue(user, at) -> Statement:
    overdue = Deadline.objects.visible_to(user).overdue(at=at).filter(kind__in=registry.government_kinds())
    return Statement.of(overdue.order_by("due_at", "pk").values_list(*_Late._fields)[: SHOWN + 1])


def _late_rows(late: list[_Late]) -> SafeString:
    return format_html_join(
        "",
        _LATE,
        (
            (
                registry.label(one.kind),
                case_link(one.case_id, one.case_number) if one.case_id else "—",
                instant(one.due_at),
            )
            for one in late
        ),
    )


def _soon_rows(soon: list[Submission]) -> SafeString:
    return format_html_join(
        "",
        _SOON,
        (
            (
                case_link(case.pk, case.case_number),
                case.lab,
                state_tag(case.state),
                instant(case.closes_at),
            )
            for case in soon
        ),
    )
