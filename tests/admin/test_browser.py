"""The workbench in a real browser: every kind of page a role can reach, without a fault; and a case moved on by keyboard."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.story.conftest import chromium, pictures, stack  # noqa: F401 - fixtures
from tests.story.people import NARROW, Faults, Person

pytestmark = [pytest.mark.browser, pytest.mark.slow]
COORDINATOR = "cora.coordinator@dsi.example"
ROLES = [
    COORDINATOR,
    "cyrus.coordinator@dcda.example",
    "rafael.reviewer@dcda.example",
    "augusta.auditor@dsi.example",
    "della.designator@dsd.example",
    "sasha.sysadmin@portal.example",
]
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


@pytest.fixture(scope="module")
def faults(pictures) -> Faults:  # noqa: F811
    return Faults(pictures)


@pytest.fixture(scope="module")
def cora(chromium, stack, faults) -> Person:  # noqa: F811
    """The coordinator, signed in once: a code of the authenticator app works once."""
    return Person(chromium, stack, faults, COORDINATOR).sign_in()


def _links(page: Page, where: str) -> list[str]:
    hrefs = page.locator(where).evaluate_all("found => found.map(a => a.getAttribute('href'))")
    return [
        href.partition("#")[0] for href in hrefs if href and href.startswith("/admin/") and "?" not in href
    ]


def crawl(person: Person, *first: str, each: int = 1) -> set[str]:
    """Follow every link from ``first`` and the workbench's first page, ``each`` pages of a kind; returns the kinds seen."""
    person.go("/admin/")
    ahead, seen, kinds = [*first, "/admin/", *_links(person.page, "nav[aria-label=Workbench] a")], set(), {}
    while ahead:
        path = ahead.pop(0)
        kind = ID.sub("<id>", path)
        if path in seen or path.endswith("/content/") or kinds.get(kind, 0) >= each:
            continue
        seen.add(path)
        kinds[kind] = kinds.get(kind, 0) + 1
        # A link to a file leads to no page, and the browser stays where it is.
        if person.visit(path):
            ahead += _links(person.page, "main a")
    return set(kinds)


def _cases_that_wait(person: Person) -> list[str]:
    """A case's steps for each of the coordinator's queues, so that every form of theirs is seen."""
    found = []
    for question in ("acknowledge", "terms", "close"):
        rows = person.go(f"/admin/submissions/submission/?waits={question}").page.locator(
            ".field-case_number a"
        )
        person.go(rows.first.get_attribute("href").partition("?")[0])
        found += _links(person.page, ".portal-head__actions a")
    return found


@pytest.mark.parametrize("email", ROLES)
def test_no_page_of_the_workbench_has_a_fault(chromium, stack, faults, cora, email):  # noqa: F811
    person = cora if email == COORDINATOR else Person(chromium, stack, faults, email).sign_in()
    kinds = crawl(person, *_cases_that_wait(person)) if person is cora else crawl(person)
    assert faults.found == []
    cases = {kind for kind in kinds if kind.startswith("/admin/submissions/submission/")}
    if email.startswith("sasha"):
        assert cases == set()
        return
    assert {
        "/admin/submissions/submission/<id>/change/",
        "/admin/submissions/submission/<id>/history/",
    } <= cases
    if email == COORDINATOR:
        verbs = {kind.removeprefix("/admin/submissions/submission/<id>/") for kind in cases}
        assert {"acknowledge/", "accept_terms/", "propose_terms/", "request_correction/", "close/"} <= verbs


def tab_to(page: Page, name: str) -> None:
    """Move by the Tab key alone until the thing with this name has the focus."""
    for _ in range(120):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "(e => (e.labels?.length ? e.labels[0].innerText : e.innerText) || '')(document.activeElement)"
        )
        if name in focused:
            return
    raise AssertionError(f"The keyboard does not reach {name!r} at {page.url}")


def enter(page: Page) -> None:
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_a_correction_is_asked_for_by_keyboard_alone(cora, faults):
    page = cora.go("/admin/").page
    tab_to(page, "Skip to main content")
    page.keyboard.press("Enter")
    tab_to(page, "To acknowledge")
    enter(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Cases")
    number = page.locator(".field-case_number a").first.inner_text()
    tab_to(page, number)
    enter(page)
    tab_to(page, "Ask for a correction")
    enter(page)
    tab_to(page, "Reason")
    page.keyboard.type("Which data was it trained on?")
    tab_to(page, "Ask for a correction")
    enter(page)
    cora.sees("The lab has been asked.", "Asked for a correction")
    expect(page.get_by_role("heading", level=1)).to_have_text(number)
    assert faults.found == []


def test_a_narrow_screen_folds_the_menu_and_a_key_opens_it(cora, faults):
    page = cora.go("/admin/submissions/submission/").page
    page.set_viewport_size(NARROW)
    menu, button = page.locator("#workbench-menu"), page.get_by_role("button", name="Workbench menu")
    expect(menu).to_be_hidden()
    expect(button).to_have_attribute("aria-expanded", "false")
    button.focus()
    page.keyboard.press("Enter")
    expect(menu).to_be_visible()
    expect(button).to_have_attribute("aria-expanded", "true")
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
    assert faults.found == []
