"""What designators and an auditor do on the workbench, by keyboard."""

import re

from playwright.sync_api import expect

from tests.story.guide import Album
from tests.story.keyboard import Typist

SUBJECT = "Kestrel Egret 2"
# Forms that change nothing but what is the person's own: a list or figures taken along, a view of a list kept or removed.
OWN_FORMS = re.compile(
    r"/(export|evidence/csv|views/save|views/[^/]+/remove)/$|^/admin/figures/|^/account/|^/notices/"
)

READS = (
    "ledger/event", "figures", "programme", "submissions/conflict", "submissions/retention", "submissions/recordsrequest",
    "submissions/legalhold", "reviews/designation",
)  # fmt: skip


def record_a_designation(della: Typist) -> None:
    """Recorded by one; who recorded it has no step on it."""
    della.go("/admin/reviews/designation/").follow("Record a designation")
    della.choose("Lab", "Kestrel Labs").type("Model or checkpoint", SUBJECT)
    della.reach(della.page.get_by_label("Outcome"))
    della.page.keyboard.press("ArrowDown")
    della.type("Basis of the determination", "Invented results on an invented range.")
    della.press("Record a designation").sees("Recorded.", SUBJECT)
    expect(della.page.locator("main").get_by_role("link", name="Confirm")).to_have_count(0)
    della.go(della.path.replace("/change/", "/confirm/"), status=409).sees("This step cannot be taken now.")


def confirm_it(dorian: Typist, album: Album) -> None:
    """Confirmed by another, from the queue of what waits for a second person."""
    dorian.go("/admin/").follow(re.compile("Designations to confirm")).follow(SUBJECT)
    album.take("designation", dorian.page)
    dorian.follow(re.compile("^Confirm")).press(re.compile("^Confirm")).sees("Confirmed.", "Dorian Hale")


def forms_that_change(person: Typist) -> list[str]:
    """Where a form of this page would post to, but for what is the person's own; and the buttons of steps."""
    targets = person.page.locator("form").evaluate_all(
        """forms => forms.filter(form => form.getAttribute("method") === "post" && form.querySelector("button, [type=submit]"))
        .map(form => new URL(form.getAttribute("action") || "", location).pathname)"""
    )
    return [path for path in targets if not OWN_FORMS.search(path)]


def read(augusta: Typist, number: str, album: Album) -> dict[str, list[str]]:
    """Every list of the workbench that is open to an auditor, and the case; returns the forms of each that change something."""
    menu = augusta.go("/admin/").page.get_by_role("navigation", name="Workbench").get_by_role("link")
    lists = menu.evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert {f"/admin/{name}/" for name in READS} <= set(lists)
    found = {}
    for path in [*lists, f"/case/{number}/"]:
        augusta.go(path)
        found[path] = forms_that_change(augusta)
        if path == "/admin/ledger/event/":
            album.take("events", augusta.page)
    return found
