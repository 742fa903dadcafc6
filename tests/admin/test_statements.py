"""The first page and every list of the workbench, under every filter, take at most eight statements.

The walk is over what there is, so that a list or a filter added later is in it. The clock that tests and demonstrations move is
one more, which production does not ask.
"""

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.accounts.models import User
from portal.site.admin import site
from tests.admin.desk import Desk
from tests.api.calls import UNCOUNTED
from tests.matrix import world as worlds

pytestmark = pytest.mark.django_db
MOST = 8
PEOPLE = ("coordinator", "reviewer", "auditor", "designator", "superuser")


@pytest.fixture(scope="module")
def addresses() -> list[str]:
    found = [reverse("admin:index")]
    for model, admin in site._registry.items():
        page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        asked = [
            f"{page}?{spec.parameter_name}={value}"
            for spec in admin.list_filter
            if isinstance(spec, type)
            for value in getattr(spec, "questions", {})
        ]
        found += [page, *asked]
    return found


def statements(desk: Desk, page: str) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        desk.client.get(page)
    asked = [query["sql"] for query in captured.captured_queries]
    return [sql for sql in asked if not sql.startswith(UNCOUNTED) and "FROM portal_clock" not in sql]


def dearer_than(most: int, desk: Desk, pages: list[str]) -> dict[str, int]:
    costs = {page: len(statements(desk, page)) for page in pages}
    return {page: cost for page, cost in costs.items() if cost > most}


def test_no_list_and_no_filter_takes_more_than_eight(addresses):
    world = worlds.build()
    with time_machine.travel(worlds.AT, tick=True):
        for name in PEOPLE:
            desk = Desk(User.objects.get(pk=world.people[name].pk))
            desk.client.get(addresses[0])
            assert dearer_than(MOST, desk, addresses) == {}, name
        # Enough was walked, and what is counted is there: each page asks who is signed in, at the least.
        assert len(addresses) > 80
        assert set(dearer_than(0, desk, addresses)) == set(addresses)
