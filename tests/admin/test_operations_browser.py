"""The operators' page and the mailboxes in Chromium, with something on them: axe at both widths, and keys alone."""

from datetime import timedelta

import pytest
import time_machine

from portal.deadlines.models import Bounce, Heartbeat, Message
from tests import factories as make
from tests.admin.desk import Desk, address
from tests.admin.test_axe import Window, violations
from tests.story.conftest import chromium  # noqa: F401 - fixture
from tests.story.people import NARROW, WIDE

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db]
NOW = make.NOW
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PAGE = "/admin/operations/"


@pytest.fixture(scope="module", autouse=True)
def _browser_and_database_in_one_thread():
    """Playwright keeps a loop in this thread, which Django takes for code that must not wait."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "yes")
        yield


@pytest.fixture
def desk():
    """A coordinator's, of a portal where much is sent and some of it fails."""
    with time_machine.travel(NOW, tick=False):
        person = make.person("Ada Viewer")
        values = {"recipient": person, "created_at": NOW, "kind": "submit", "link": "/", "try_at": NOW + HOUR}
        rows = [
            Message(key=f"s{hour}-{n}", state="sent", sent_at=NOW - hour * HOUR - MINUTE, **values)
            for hour in range(20)
            for n in range(1 + (hour * 7) % 13)
        ]
        for reason in Message.Reason.values:
            rows += [
                Message(key=f"w{reason}", reason=reason, failure="450 Later", **values),
                Message(key=f"f{reason}", state="failed", reason=reason, failure="550 No", **values),
            ]
        rows.append(Message(key="late", **values | {"try_at": NOW - 9 * MINUTE}))
        Message.objects.bulk_create(rows)
        said = "550 5.1.1 <ada@example.invalid>: Recipient address rejected: User unknown in virtual mailbox table"
        Bounce.objects.create(person=person, address=person.email, at=NOW - 50 * HOUR, said=said)
        for name, ago in (("tick", 3), ("worker", 0), ("queue:mail", 0), ("queue:celery", 0)):
            Heartbeat.objects.create(name=name, at=NOW - ago * MINUTE)
        yield Desk(make.coordinator())


def pages() -> list[str]:
    [row] = Bounce.objects.all()
    return [
        PAGE,
        "/admin/deadlines/bounce/",
        address("deadlines_bounce_change", row.pk),
        address("deadlines_bounce_write_again", row.pk),
    ]


def test_no_page_has_a_fault_at_either_width(desk, chromium):  # noqa: F811
    window = Window(chromium)
    found = {}
    for path in pages():
        found[path] = window.faults(path, desk.get(path)) + violations(window.page, window.axe)
    window.page.close()
    assert found == {path: [] for path in pages()}


def test_keys_alone_reach_what_the_page_offers(desk, chromium):  # noqa: F811
    """From the page's heading on: which mailboxes, the table that scrolls, each failure's messages, the outbox."""
    window = Window(chromium)
    window.faults(PAGE, desk.get(PAGE))
    page = window.page
    page.set_viewport_size(WIDE)
    page.locator("h1").evaluate("h => { h.tabIndex = -1; h.focus() }")
    reached = []
    for _ in range(13):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "() => document.activeElement.getAttribute('href') || document.activeElement.getAttribute('aria-label')"
            )
        )
        assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") != "none"
    outbox = "/admin/deadlines/message/"
    failures = [
        f"{outbox}?delivery={delivery}&reason={reason}"
        for reason in Message.Reason.values
        for delivery in ("trying", "failed")
    ]
    assert reached == [
        "/admin/deadlines/bounce/?mailbox=holds",
        "Sent per hour, as a table",
        *failures,
        outbox,
    ]
    # The table scrolls by keys.
    table = page.locator(".workbench-hours__table")
    table.focus()
    page.keyboard.press("End")
    page.wait_for_function("() => document.querySelector('.workbench-hours__table').scrollTop > 0")
    page.set_viewport_size(NARROW)
    page.close()
