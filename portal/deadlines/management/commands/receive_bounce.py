import sys

from django.core.management.base import CommandError

from portal.commands import JobCommand
from portal.deadlines import returned


class Command(JobCommand):
    sees = ("deadlines",)
    help = (
        "Read a delivery status notification (RFC 3464) from standard input: for a mail server's pipe from the address that"
        " the portal sends from. Exits 0 where it was about one of the portal's mails, else 1."
    )

    def handle(self, *args, **options):
        message = returned.receive(sys.stdin.buffer.read(returned.LARGEST))
        if message is None:
            raise CommandError("Nothing in it is about a mail that the portal sent and that did not arrive.")
        self.stdout.write("The message was given up, and who is next in line is reminded.")
