"""What is coming, quiet hours and absences in a real browser on the running portal, by keyboard alone.

Every page passed is checked by axe at both widths, and for errors of scripts and of the content security policy.
"""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.story.conftest import chromium, pictures, stack  # noqa: F401 - fixtures
from tests.story.keyboard import Typist
from tests.story.people import Faults, Person

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LAB, OFFICE, PARTNER = (
    "noor.contributor@kestrel.example",
    "cora.coordinator@dsi.example",
    "bea.admin@bracken.example",
)
NOBODY = "sasha.sysadmin@portal.example"


@pytest.fixture
def faults(pictures) -> Faults:  # noqa: F811
    return Faults(pictures)


def write(person: Typist, label: str, keys: str, value: str) -> None:
    """Type a time or a day as this browser's language has it."""
    field = person.reach(person.page.locator("main").get_by_label(label, exact=True))
    person.page.keyboard.type(keys)
    expect(field).to_have_value(value)


def write_day(person: Typist, label: str, day: datetime) -> None:
    write(person, label, f"{day:%m%d%Y}", f"{day:%Y-%m-%d}")


def quiet_hours(noor: Typist) -> None:
    noor.press("Switch on quiet hours").sees("Give the time.")
    write(noor, "From", "1000PM", "22:00")
    write(noor, "Until", "0700AM", "07:00")
    noor.press("Switch on quiet hours").sees("On, from 10:00 p.m. to 7:00 a.m. of the next day.")
    noor.look("quiet hours on")


def away(noor: Typist, today: datetime) -> None:
    first, last = today + timedelta(days=20), today + timedelta(days=24)
    write_day(noor, "First day", last)
    write_day(noor, "Last day", first)
    noor.press("Add this absence").sees("The last day is before the first.")
    write_day(noor, "First day", first)
    write_day(noor, "Last day", last)
    noor.press("Add this absence").sees("Your absence was added.", f"{last.day} {last:%b %Y}")
    write_day(noor, "First day", today)
    write_day(noor, "Last day", today)
    noor.press("Add this absence").sees("Now", "I am back")
    noor.look("away now")
    noor.go("/notices/").sees("You are away until the end of")
    noor.look("away")
    noor.follow("Change this").press(re.compile("^I am back")).sees("The absence has ended.")
    noor.press(re.compile("^Remove")).sees("The absence was removed.", "No absence is coming.")


def test_a_lab_arranges_when_mail_comes(chromium, stack, faults):  # noqa: F811
    # Noon there, so that the day does not end meanwhile.
    noon = (datetime.now(UTC) + timedelta(days=1)).replace(hour=20, minute=0, second=0, microsecond=0)
    stack.manage("move_clock", "--to", noon.isoformat())
    noor = Typist(chromium, stack, faults, LAB).sign_in()
    noor.go("/notices/").follow("All that is coming, and how you are reminded")
    noor.sees("Access window closes", "days before", "By mail at once").sees_not("Overdue")
    noor.follow("Change what comes by mail")
    quiet_hours(noor)
    away(noor, noon.astimezone(ZoneInfo("America/Los_Angeles")))
    noor.go("/notices/coming/").sees("In your quiet hours, 10:00 p.m. to 7:00 a.m.")
    noor.go("/notices/settings/").press("Switch them off").sees("Your quiet hours are off.", "Off.")
    assert faults.found == []


@pytest.mark.parametrize(
    ("email", "words"), [(OFFICE, "Overdue"), (PARTNER, "What is coming"), (NOBODY, "Nothing is coming")]
)
def test_each_side_reads_what_is_coming(chromium, stack, faults, email, words):  # noqa: F811
    person = Person(chromium, stack, faults, email)
    person.axe_at_320 = True
    person.sign_in().go("/notices/coming/").sees(words).go("/notices/settings/").sees("Quiet hours", "Away")
    assert faults.found == []
