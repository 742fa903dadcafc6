"""Every address of web, admin and API, asked by every kind of person, by GET and by POST.

``table.txt`` says whom each lets in; an address without a row fails, and so does a row without an address. To make the table
after a change: ``PORTAL_TEST_WRITE_MATRIX=all ./test tests/matrix -n0`` (or a part of the routes to make again), then read
the difference. Without the variable that writer is not defined, and nothing here is skipped.
"""

import os
from collections import defaultdict
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.test.client import ClientHandler

from tests.accounts import providers
from tests.matrix import headers
from tests.matrix import world as worlds
from tests.matrix.addresses import address, routes

TABLE = Path(__file__).with_name("table.txt")
METHODS = ("GET", "POST")
ROLES = (
    "nobody", "lab admin", "lab contributor", "lab viewer", "granting lab", "another lab", "coordinator",
    "invited coordinator", "foreign coordinator", "designator", "auditor", "liaison", "security", "lead", "reviewer",
    "unassigned reviewer", "partner admin", "named member", "unnamed member", "another partner", "superuser",
)  # fmt: skip
# Nobody of these has any part in either case of the world.
STRANGERS = (
    "nobody",
    "another lab",
    "foreign coordinator",
    "unassigned reviewer",
    "another partner",
    "superuser",
    "liaison",
)
# Pages about one case, or one thing in it.
OF_A_CASE = (
    "case/", "lab/cases/<", "lab/documents/", "partner/grants/", "partner/documents/", "admin/submissions/submission/<",
    "admin/reviews/assignment/<", "admin/reviews/assessment/<", "admin/partners/grant/<", "api/v1/submissions/(",
    "api/v1/documents/(", "api/v1/assignments/(", "api/v1/assessments/(", "api/v1/grants/(", "api/v1/events/(",
    "api/v1/deadlines/(", "admin/submissions/informationrequest/<", "api/v1/questions/(",
    "admin/submissions/disclosurenotice/<", "api/v1/disclosures/(", "admin/reviews/matchingrun/<",
    "api/v1/matching-runs/(", "admin/submissions/legalhold/<", "admin/submissions/retention/<",
    "admin/submissions/recordsrequest/<",
)  # fmt: skip
# Which part of the routes is to be asked again and written down, "all" for each; unset in a run that only compares.
TO_WRITE = os.environ.get("PORTAL_TEST_WRITE_MATRIX")
_HANDLER = ClientHandler(enforce_csrf_checks=False)


# Every answer's headers are asked (tests/matrix/headers.py), and those of files more. So that files are among them: some of those
# that each of these gets.
FILES = {
    "lab admin": {
        ("GET", "lab/documents/<uuid:version_id>/content/"),
        ("GET", "lab/cases/<str:case_number>/archive/"),
        ("GET", "lab/cases/<str:case_number>/receipt/pdf/"),
        ("GET", "api/v1/documents/(?P<id>[0-9A-Za-z-]{1,40})/content/"),
    },
    "coordinator": {
        ("POST", "admin/submissions/submission/export/"),
        ("POST", "admin/figures/<slug:form>/"),
        ("GET", "admin/submissions/submission/documents/<uuid:version_id>/content/"),
        ("GET", "admin/reviews/assessment/<uuid:object_id>/logs/<uuid:log_id>/content/"),
        ("POST", "admin/reviews/assessment/<uuid:object_id>/evidence/csv/"),
        ("GET", "admin/reviews/assessment/report/<uuid:submission_id>/"),
    },
    "named member": {
        ("GET", "partner/documents/<uuid:version_id>/content/"),
        ("GET", "partner/profile/evidence/<uuid:evidence_id>/content/"),
        ("GET", "partner/findings/<uuid:finding_id>/files/<uuid:file_id>/content/"),
        ("GET", "partner/findings/<uuid:finding_id>/file/<slug:written>/"),
    },
}


def table() -> dict[tuple[str, str], set[str]]:
    """(method, route) -> whom it lets in."""
    rows = {}
    for line in TABLE.read_text().splitlines():
        if line and not line.startswith("#"):
            method, _, rest = line.partition(" ")
            route, _, roles = rest.partition(" | ")
            rows[method, route] = {role for role in roles.split(", ") if role not in ("", "-")}
    return rows


class Walker:
    """One person's way through all addresses. Whatever a POST does is undone before the next."""

    def __init__(self, user):
        self.cookies = None
        # (method, path) of what answered with a file.
        self.files = set()
        if user.is_authenticated:
            client = Client()
            client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
            self.cookies = client.cookies

    def lets_in(self, method: str, path: str) -> bool:
        client = Client(raise_request_exception=True)
        client.handler = _HANDLER
        if self.cookies:
            client.cookies.load({name: morsel.value for name, morsel in self.cookies.items()})
        with transaction.atomic():
            answer = client.generic(method, path, content_type="application/x-www-form-urlencoded")
            if answer.streaming:
                b"".join(answer.streaming_content)
            transaction.set_rollback(True)
        # Whom too many requests keep out is neither let in nor refused.
        assert answer.status_code not in {429, *range(500, 600)}, (method, path, answer.status_code)
        assert headers.faults(answer) == [], (method, path)
        if headers.is_file(answer):
            self.files.add((method, path))
        if answer.status_code in (301, 302, 303):
            target = answer["Location"]
            return not target.startswith(
                ("/account/login", "/account/2fa/authenticate", "/admin/login")
            ) or path.startswith("/account/")
        return answer.status_code not in (401, 403, 404, 405)


@pytest.fixture
def world(db, settings):
    made = worlds.build()
    with providers.Liar().serving() as liar, time_machine.travel(worlds.AT, tick=True):
        settings.PORTAL_SIGN_IN_PROVIDERS = (providers.configured(liar.issuer, made.case.lab),)
        yield made


def test_the_table_has_a_row_for_every_address_and_no_other():
    assert {(method, route) for route in routes() for method in METHODS} == set(table())


@pytest.mark.parametrize("role", ROLES)
def test_who_is_let_in(world, role):
    if TO_WRITE:
        pytest.skip("The table is being written.")
    walker = Walker(world.people[role])
    addresses = {route: address(route, world) for route in routes()}
    found = {
        (method, route)
        for route, path in addresses.items()
        for method in METHODS
        if walker.lets_in(method, path)
    }
    files = {(method, addresses[route]) for method, route in FILES.get(role, ())}
    assert files - walker.files == set()
    expected = {row for row, roles in table().items() if role in roles}
    assert {"let in unasked": sorted(found - expected), "kept out": sorted(expected - found)} == {
        "let in unasked": [],
        "kept out": [],
    }


@pytest.mark.parametrize("role", STRANGERS)
def test_a_stranger_meets_404_at_everything_of_a_case(world, role):
    """Not 403: that would say it exists. Who is not signed in is sent to sign in, whatever the address."""
    walker = Walker(world.people[role])
    # The stock admin's short form of an address sends everybody on to the long one, whether or not the thing exists.
    rows = [(m, r) for m, r in table() if r.startswith(OF_A_CASE) and not r.endswith("<path:object_id>/")]
    assert len(rows) > 100
    assert [row for row in rows if role in table()[row]] == []
    if role != "nobody":
        statuses = defaultdict(list)
        for _, route in rows[::2]:
            client = Client()
            client.handler = _HANDLER
            client.cookies.load({name: morsel.value for name, morsel in walker.cookies.items()})
            statuses[client.get(address(route, world)).status_code].append(route)
        assert {status: found for status, found in statuses.items() if status not in (404, 405)} == {}


# A job rather than a test, so a run that was not asked for it does not know it.
if TO_WRITE:

    def test_write_the_table(world):
        known = table() if TABLE.exists() else {}
        walkers = {role: Walker(world.people[role]) for role in ROLES}
        lines = [
            "# Whom each address lets in. Made by tests/matrix/test_matrix.py, read and kept by people.",
            "# Not let in: 401, 403, 404, 405, or sent to sign in.",
            "# Let in are those who see the thing, also where the step is refused (400, 409).",
        ]
        for route in dict.fromkeys(routes()):
            for method in METHODS:
                if TO_WRITE != "all" and (method, route) in known and TO_WRITE not in route:
                    roles = [role for role in ROLES if role in known[method, route]]
                else:
                    roles = [role for role in ROLES if walkers[role].lets_in(method, address(route, world))]
                lines.append(f"{method} {route} | {', '.join(roles) or '-'}")
        TABLE.write_text("\n".join(lines) + "\n")
