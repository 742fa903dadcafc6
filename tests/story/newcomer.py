"""How somebody comes to the portal: invited by mail, a password, a second factor, and a look at where they are signed in."""

import re

from playwright.sync_api import expect

from tests.story.guide import Album
from tests.story.keyboard import Typist
from tests.story.people import totp
from tests.story.stack import wait_for

ADDRESS, NAME, PASSWORD = "ines.new@kestrel.example", "Ines Okonjo", "quiet herons count to forty"


def invite(kit: Typist) -> None:
    """From the menu to the people of the lab; the mail leaves by the worker."""
    kit.toggle("Kit", within=kit.page.get_by_role("navigation", name="Main"))
    kit.enter("link", "People of my organisation", kit.page.get_by_role("navigation", name="Main"))
    kit.follow("Invite a person")
    kit.type("E-mail address", ADDRESS).type("Name", NAME)
    kit.pick("Contributor")
    kit.press("Send the invitation").sees(ADDRESS, "Invited, not answered yet")


def come_in(ines: Typist, album: Album) -> None:
    """From the link of the mail to the first page."""
    mail = wait_for(
        "the invitation's mail", lambda: next((m for m in ines.stack.mails() if m["To"] == ADDRESS), None)
    )
    ines.go(re.findall(r"http\S+/password/reset/key/\S+", mail.get_content())[0])
    ines.type("New password", PASSWORD).type("New password, again", PASSWORD)
    ines.press("Save the password").follow("Sign in")
    ines.type("E-mail address", ADDRESS).type("Password", PASSWORD).press("Sign in")
    ines.sees("Set up your second factor").follow("Set up an app")
    confirm(ines)
    secret = ines.page.locator("code").inner_text()
    ines.secret = secret
    ines.type("Code", totp(secret)).press("Finish").sees("Your recovery codes", "10 of 10 are unused.")
    album.take("recovery-codes", ines.page)
    ines.follow("I have kept them, go on").sees("Kestrel Labs (invented) invites you", "As contributor.")
    ines.press(re.compile("Accept")).sees("You have joined.")


def confirm(ines: Typist) -> None:
    if "/reauthenticate/" in ines.path:
        ines.look()
        ines.type("Password", PASSWORD).press("Confirm")


def settle_in(ines: Typist, album: Album) -> None:
    """Profile and sessions, from the menu under their name."""
    menu(ines, "Profile").sees(ADDRESS, "Contributor at Kestrel Labs (invented)")
    ines.choose("Time zone", "America/Chicago")
    ines.press("Save")
    expect(ines.page.get_by_label("Time zone")).to_have_value("America/Chicago")
    menu(ines, "Sessions").sees("This one", "There is no other session.")
    album.take("sessions", ines.page)


def menu(person: Typist, link: str) -> Typist:
    """Open the menu under one's name, and follow one of its links."""
    bar = person.page.get_by_role("navigation", name="Main")
    name = person.page.locator("[aria-controls=account-menu]").inner_text().strip()
    person.toggle(name, within=bar)
    person.enter("link", link, bar)
    return person
