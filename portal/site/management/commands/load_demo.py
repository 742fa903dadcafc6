import os

from django.conf import settings
from django.core.management.base import CommandError

from portal import config
from portal.commands import JobCommand
from portal.site.demo import due, loading


class Command(JobCommand):
    sees = ("ledger", "deadlines", "submissions", "reviews", "partners")
    help = (
        "Make the demonstration's organisations, people and cases, all invented, and write how to sign in to demo.json."
        " A second run changes nothing. --due-reminders N adds N deadlines of invented cases that are due now."
    )

    def add_arguments(self, parser):
        parser.add_argument("--due-reminders", type=int, metavar="N", default=0)
        parser.add_argument(
            "--force", action="store_true", help="load into a database that DATABASE_URL names (trials only)"
        )

    def handle(self, *args, **options):
        self._refuse_real_databases(force=options["force"])
        if options["due_reminders"] < 0:
            raise CommandError("--due-reminders takes a number of deadlines.")
        file = settings.PORTAL_VAR / "demo.json"
        if loading.load(file):
            self.stdout.write(f"The demonstration is there; {file} says how to sign in.")
        else:
            self.stdout.write("The demonstration is there already; nothing was changed.")
        if options["due_reminders"]:
            made = due.add(options["due_reminders"])
            self.stdout.write(f"{made} deadlines of invented cases are due now.")

    def _refuse_real_databases(self, *, force: bool) -> None:
        """Its password is public, so it must never stand beside real cases."""
        if not (settings.PORTAL_DEMO or settings.DEBUG or settings.PORTAL_TESTING):
            raise CommandError(
                "The demonstration is not made in a production portal: everybody knows its passwords."
                " Set PORTAL_DEMO=1 for a trial."
            )
        named = bool(os.environ.get("DATABASE_URL"))
        if named and not (force or config.flag("PORTAL_DEMO", False)):
            raise CommandError(
                "DATABASE_URL names a database of your own. Set PORTAL_DEMO=1, or give --force, to put invented people into it."
            )
