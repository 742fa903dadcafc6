"""The person without a mouse notices: a thing that Tab does not reach, a focus that does not show, a mouse that was used."""

from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import pytest

from tests.story.keyboard import Typist
from tests.story.people import Faults

pytestmark = [pytest.mark.browser]
PAGE = """<main style="margin-bottom: 2000px"><button>Plain</button><button style="outline: none">Quiet</button>
<button tabindex="-1">Left out</button><button style="margin-top: 840px">Covered</button>
<div style="position: fixed; bottom: 0; left: 0; width: 100%; height: 900px; background: white" hidden></div></main>"""


@pytest.fixture
def typist(chromium, tmp_path: Path):
    person = Typist(chromium, SimpleNamespace(url="about:"), Faults(tmp_path), "ines@kestrel.example")
    person.page.goto(f"data:text/html,{quote(PAGE)}")
    yield person
    person.context.close()


def named(typist: Typist, name: str):
    return typist.page.get_by_role("button", name=name)


def test_what_shows_its_focus_is_no_fault_in_either_direction(typist: Typist):
    typist.reach(named(typist, "Covered"))
    typist.reach(named(typist, "Plain"))
    assert typist.faults.found == []


def test_a_focus_without_an_outline_is_one(typist: Typist):
    typist.reach(named(typist, "Quiet"))
    (fault,) = typist.faults.found
    assert fault.endswith("does not show: no outline")


def test_a_focus_behind_something_is_one(typist: Typist):
    typist.page.evaluate("document.querySelector('div').hidden = false")
    typist.reach(named(typist, "Covered"))
    (fault,) = typist.faults.found
    assert "does not show: behind" in fault


def test_what_tab_does_not_reach_fails(typist: Typist):
    with pytest.raises(AssertionError, match="does not reach"):
        typist.reach(named(typist, "Left out"))


def test_a_mouse_is_a_fault_and_a_key_is_none(typist: Typist):
    typist.toggle("Plain")
    assert typist.faults.found == []
    named(typist, "Plain").click()
    (fault,) = typist.faults.found
    assert "A pointer was used." in fault
