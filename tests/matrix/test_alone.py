"""The matrix once more, GET and POST, with every filter taken out: what is kept out then, row-level security alone keeps out.

``visible_to`` of each table returns all that the database shows. Nobody may be let in anywhere by that who is kept out else.
"""

import re

import pytest
from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet

from portal.submissions.querysets import SubmissionQuerySet
from tests.matrix.addresses import address, routes
from tests.matrix.test_matrix import ROLES, Walker, table, world

__all__ = ["world"]
# (roles, routes, why): let in by the rows alone. Each is among what tests/rows/test_rows.py says that policies show more.
LET_IN = [
    (
        "lab .*|lead|designator",
        r"(admin/reviews/assignment/<|api/v1/assignments/\().*",
        "a seat beside an assessment they read",
    ),
    (
        "lead|designator|reviewer|invited coordinator",
        r"(admin/ledger/event/<|api/v1/events/\().*",
        "the case's history tells it",
    ),
    (
        "invited coordinator",
        r"(admin/deadlines/deadline/<|api/v1/deadlines/\().*",
        "a date of a case that they see",
    ),
    ("coordinator|auditor", "notices/<uuid:message_id>/", "a message whose delivery they look after"),
    (
        "security",
        r"(admin/submissions/submission/<|api/v1/submissions/\(|case/<).*",
        "the number, state and dates of a case beside an access in an emergency, an unusual reading or a spill",
    ),
]

# Lists that cannot be written without their filter: they would hold a case without its facts, which the filter leaves out.
UNWRITTEN = {
    ("security", "admin/submissions/submission/"),
    ("security", "admin/submissions/submission/export/"),
}


@pytest.fixture
def no_filters(monkeypatch):
    """Every queryset's ``visible_to`` without its condition, but those of accounts, which row-level security does not know."""
    found = set()
    for model in apps.get_models():
        cls = model._default_manager._queryset_class
        if model._meta.label_lower.startswith("accounts.") or not hasattr(cls, "visible_to"):
            continue
        found |= {one for one in cls.__mro__ if "visible_to" in vars(one)}
    assert SubmissionQuerySet in found
    assert len(found) > 30
    for cls in found:
        monkeypatch.setattr(cls, "visible_to", _everything)


def _everything(self: QuerySet, user, **kwargs) -> QuerySet:
    return self.all()


def _shows(walker: Walker, method: str, path: str) -> bool:
    try:
        return walker.lets_in(method, path)
    except (AttributeError, ObjectDoesNotExist):
        # A page that a filter would not have begun fails over what the database keeps from it, and shows nothing.
        return False


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_nobody_is_let_in_by_the_rows_alone(world, no_filters, role):
    walker, known = Walker(world.people[role]), table()
    addresses = {route: address(route, world) for route in routes()}
    let_in = {row for row in known if _shows(walker, row[0], addresses[row[1]])}
    unasked = {
        (method, route)
        for method, route in let_in
        if role not in known[method, route]
        and not any(re.fullmatch(who, role) and re.fullmatch(which, route) for who, which, _ in LET_IN)
    }
    assert unasked == set()
    # What the filters let in is there: the rows keep out nobody by mistake.
    expected = {row for row, roles in known.items() if role in roles and (role, row[1]) not in UNWRITTEN}
    assert expected - let_in == set()
