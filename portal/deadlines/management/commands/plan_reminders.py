from datetime import UTC

from django.core.management.base import CommandError
from django.utils.dateparse import parse_datetime

from portal.commands import JobCommand
from portal.deadlines import planning


class Command(JobCommand):
    sees = ("ledger", "deadlines", "submissions", "reviews", "partners")
    help = "Plan the reminders due at an instant; with --dry-run only say who would get what, and why."

    def add_arguments(self, parser):
        parser.add_argument("--at", required=True, help="ISO 8601, such as 2026-06-30T12:00:00Z")
        parser.add_argument("--dry-run", action="store_true")

    def handle(self, *args, **options):
        try:
            at = parse_datetime(options["at"])
        except ValueError:
            at = None
        if at is None:
            raise CommandError("--at takes an ISO 8601 date and time.")
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        if not options["dry_run"]:
            self.stdout.write(f"{planning.plan(at=at)} reminders planned.")
            return
        rows = planning.preview(at=at)
        for row in rows:
            why = f"as {row['stands_as'].replace('_', ' ')}" + (
                ", standing in for others who cannot be reached" if row["line"] else ""
            )
            mark = " (planned already)" if row["planned"] else ""
            self.stdout.write(
                f"{row['due_at'].isoformat(timespec='seconds')} {row['case_number']} {row['kind']} {row['offset']}"
                f" to {row['email']} {why}{mark}"
            )
        self.stdout.write(f"{sum(not row['planned'] for row in rows)} reminders would be planned.")
