from datetime import timedelta

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils.dateparse import parse_datetime

from portal import clock


class Command(BaseCommand):
    help = "Move the demo's clock: to an instant (--to ISO8601), by days (--days N), or back to the machine's (--reset)."

    def add_arguments(self, parser):
        group = parser.add_mutually_exclusive_group(required=True)
        group.add_argument("--to")
        group.add_argument("--days", type=float)
        group.add_argument("--reset", action="store_true")

    def handle(self, *args, **options):
        if not settings.PORTAL_CLOCK_MOVABLE:
            raise CommandError("The clock of this portal cannot be moved.")
        clock.refresh()
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_offset FROM portal_clock")
            offset = cursor.fetchone()[0]
            if options["to"]:
                offset += parse_datetime(options["to"]) - clock.now()
            elif options["days"] is not None:
                offset += timedelta(days=options["days"])
            else:
                offset = timedelta(0)
            cursor.execute("UPDATE portal_clock SET clock_offset = %s", [offset])
        clock.refresh()
        self.stdout.write(f"The portal's clock says {clock.now().isoformat(timespec='seconds')}.")
