"""The mail that left the portal: who was told what, and that nothing of a lab's is in it."""

import re
from collections import Counter
from email.message import EmailMessage

from tests.story.stack import Stack, wait_for


def to(stack: Stack, address: str, number: str) -> list[EmailMessage]:
    """The mails to a person about a case."""
    return [mail for mail in stack.mails() if mail["To"] == address and number in mail.get_content()]


def wait_until_told(stack: Stack, address: str, number: str, words: str) -> EmailMessage:
    """The mail that tells a person of a case in these words; sent by worker and beat, not by the page."""

    def found() -> EmailMessage | None:
        return next((mail for mail in to(stack, address, number) if words in mail.get_content()), None)

    return wait_for(f"a mail to {address} about {number} saying {words!r}", found)


def wait_for_reminder(stack: Stack, address: str, number: str, offset: str, words: str) -> EmailMessage:
    def found() -> EmailMessage | None:
        mails = [mail for mail in to(stack, address, number) if words in mail.get_content()]
        return next((m for m in mails if str(m["X-Reminder"] or "").endswith(f"/{offset}")), None)

    return wait_for(f"the reminder {offset} to {address} about {number} saying {words!r}", found)


def faults(stack: Stack, *secrets: str) -> list[str]:
    """What is wrong with the mails: a word of the lab's, more than one link, a message that came twice."""
    found = []
    mails = stack.mails()
    for mail in mails:
        whole = str(mail).lower()
        found += [f"{mail['Message-ID']} holds {word!r}" for word in secrets if word.lower() in whole]
        links = re.findall(r"https?://\S+", mail.get_content())
        if len(links) != 1 or not links[0].startswith(stack.url):
            found.append(f"{mail['Message-ID']} has the links {links}")
    reminders = Counter(str(mail["X-Reminder"]) for mail in mails if mail["X-Reminder"])
    found += [f"the reminder {name} came {times} times" for name, times in reminders.items() if times > 1]
    return found
