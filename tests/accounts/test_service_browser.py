"""A lab's service tokens in a real browser: made by the keyboard alone, used, rotated and revoked.

Every page passed is checked by axe at both widths, and for errors of scripts and of the content security policy.
"""

import pytest
from playwright.sync_api import expect

from tests.accounts.test_browser import confirm, tab_to
from tests.story.conftest import chromium, pictures, stack  # noqa: F401 - fixtures
from tests.story.people import Faults, Person

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ADMIN = "kit.admin@kestrel.example"
BESIDE = "quentin.admin@quillon.example"


@pytest.fixture
def faults(pictures) -> Faults:  # noqa: F811
    return Faults(pictures)


def test_a_service_from_its_first_token_to_its_end(chromium, stack, faults):  # noqa: F811
    def answers(secret: str) -> int:
        program = chromium.new_context(extra_http_headers={"Authorization": f"Bearer {secret}"})
        return program.request.get(f"{stack.url}/api/v1/submissions/").status

    def shown(person: Person) -> str:
        person.sees("it is not shown again")
        return person.page.locator(".portal-key").inner_text()

    beside = Person(chromium, stack, faults, BESIDE).sign_in().go("/account/organisations/")
    beside.follow("Service tokens").sees("No services").sees_not("Kit Farrow", "Rotate or revoke")

    kit, password = Person(chromium, stack, faults, ADMIN).sign_in(), stack.account(ADMIN)["password"]
    kit.go("/account/organisations/").sees_not("(service of").follow("Service tokens").sees(
        "Release pipeline"
    )
    page = kit.page
    with page.expect_navigation():
        tab_to(page, "Name of the service")
        page.keyboard.press("Enter")
    confirm(kit, password)
    kit.sees("Say what the service is called.")
    # From the summary of what is wrong to the field.
    tab_to(page, "Name of the service")
    page.keyboard.press("Enter")
    page.keyboard.type("Evaluation system")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    kit.look("made")
    first = shown(kit)
    assert answers(first) == 200

    row = page.locator("main").get_by_role("row").filter(has_text="Evaluation system")
    kit.go(kit.path).follow("Rotate or revoke Evaluation system", within=page.locator("main"))
    expect(page.get_by_text("Evaluation system (service of Kestrel)")).to_be_visible()
    kit.tick("Keep the old secret for another 24 hours").press("Rotate the token")
    kit.look("rotated")
    second = shown(kit)
    kit.sees("The secret before")
    assert (answers(first), answers(second)) == (200, 200)
    kit.press("Revoke the token").sees("Tick this to confirm.")
    kit.look("not confirmed")
    kit.tick("Yes, end this service at once").press("Revoke the token").sees_not(second)
    expect(row).to_have_count(0)
    assert (answers(first), answers(second)) == (401, 401)
    kit.go("/notices/").sees("A service token of your lab was made, rotated or revoked.")

    sysadmin = Person(chromium, stack, faults, "sasha.sysadmin@portal.example").sign_in()
    sysadmin.go("/admin/accounts/user/?account=services").sees("Release pipeline (service of Kestrel)")
    sysadmin.follow("Release pipeline (service of Kestrel)").sees("None: tokens only", "Revoke the service")
    assert faults.found == []
