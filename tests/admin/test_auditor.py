"""An auditor reads: no page of the workbench has a form or a button of theirs that changes something of anybody else's."""

import re

import pytest
import time_machine

from tests.admin.desk import Desk
from tests.matrix import world as worlds
from tests.matrix.addresses import address, routes

pytestmark = pytest.mark.django_db
_FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
_BUTTON = re.compile(r'<a class="usa-button[^"]*" href="([^"]+)"')
# What is a person's own: lists taken along, views kept, what they say of themselves, and signing out.
# Who reads what must not be in the portal reports it, whoever they are.
_OWN = re.compile(
    r"/(export|evidence/csv|report_spill|views/save|views/[^/]+/remove)/$|^/admin/figures/|^/account/"
    r"|^/admin/(submissions/conflict|accounts/affiliation|accounts/otheraddress)/add/$"
)


def changes(page: str, path: str) -> list[str]:
    """Where a page's forms post to, and its buttons lead, to change something; none of the person's own."""
    found = []
    for attributes, inside in _FORM.findall(page):
        if 'method="post"' in attributes and ("<button" in inside or 'type="submit"' in inside):
            named = re.search(r'action="([^"?]*)', attributes)
            found.append(named[1] if named and named[1] else path)
    head = page.partition("portal-head__actions")[2].partition("</div>")[0]
    return [target for target in [*found, *_BUTTON.findall(head)] if not _OWN.search(target)]


def pages(user, world) -> dict[str, str]:
    desk, found = Desk(user), {}
    for route in dict.fromkeys(routes()):
        if route.startswith("admin/") and route not in ("admin/logout/", "admin/jsi18n/"):
            answer = desk.get(address(route, world))
            if answer.status_code in (200, 409) and answer["Content-Type"].startswith("text/html"):
                found[address(route, world)] = answer.content.decode()
    return found


def test_no_page_of_an_auditor_changes_anything():
    world = worlds.build()
    with time_machine.travel(worlds.AT, tick=True):
        shown = pages(world.people["auditor"], world)
        coordinators = pages(world.people["coordinator"], world)
    assert len(shown) > 75
    assert {path: found for path, page in shown.items() if (found := changes(page, path))} == {}
    # The same look sees what a coordinator can change: on many pages, and on a list the step for several rows.
    seen = {path: found for path, page in coordinators.items() if (found := changes(page, path))}
    assert len(seen) > 40
    assert seen["/admin/submissions/submission/"] == ["/admin/submissions/submission/"]
