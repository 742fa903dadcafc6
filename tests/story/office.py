"""What the programme's coordinator does on the workbench."""

from tests.story.people import Person

LEAD, SECOND = "Rafael Stone", "Reza Holm"


def acknowledge(cora: Person, number: str) -> None:
    """From the first page to the case, by the queue of what waits for an acknowledgement."""
    cora.go("/admin/").follow("To acknowledge").follow(number)
    cora.follow("Acknowledge").press("Acknowledge")
    cora.sees("Acknowledged. The lab has been told.")


def accept_the_terms(cora: Person) -> None:
    """On the case's page, where the acknowledgement has led."""
    cora.follow("Accept the access terms").sees("Confidentiality", "Insider risk")
    cora.press("Accept the access terms").sees("Accepted for the government.")


def propose_a_seat(cora: Person, number: str, reviewer: str, domain: str, role: str) -> None:
    """From the case's page."""
    cora.go(f"/case/{number}/").follow("Propose a seat")
    page = cora.page
    assert page.get_by_label("Case number").input_value() == number
    choice = page.get_by_label("Reviewer", exact=True)
    words = choice.locator("option").all_inner_texts()
    choice.select_option(label=next(text for text in words if reviewer in text))
    page.get_by_label("Domain").select_option(label=domain)
    page.get_by_label("Role").select_option(label=role)
    cora.press("Propose a seat").sees("The seat is proposed, and the reviewer has been told.")


def concur(cora: Person, number: str, partner: str) -> None:
    """From the queue of proposals that wait for the programme office."""
    cora.go("/admin/partners/grant/?waits=us")
    cora.open_row(number, partner).sees(partner)
    cora.follow("Concur").press("Concur").sees("The programme office has concurred.")
