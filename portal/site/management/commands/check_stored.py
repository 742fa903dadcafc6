"""``manage.py check_stored``: each stored file that a row names is there and is what its row says, and each sealed secret opens.

With ``--list`` it prints the files instead, a line of JSON each, as of ``--snapshot`` where a backup names one.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from django.core.management.base import CommandError
from django.db import connection

from portal import crypto
from portal.commands import JobCommand
from portal.submissions import stock


class Command(JobCommand):
    sees = ("submissions", "reviews", "partners")
    help = (
        "Check each stored file against its row, and that each sealed secret opens with a key that is configured; exit 1 and name"
        " the faults otherwise. --list prints the files that have to be there, a line of JSON each."
    )

    def add_arguments(self, parser):
        parser.add_argument("--list", action="store_true", help="print the files that have to be there")
        parser.add_argument("--snapshot", default="", help="with --list: as of this exported snapshot")

    def handle(self, *args, **options):
        if options["list"]:
            with _as_of(options["snapshot"]):
                for one in stock.listed():
                    self.stdout.write(json.dumps(asdict(one)))
            return
        files = list(stock.listed())
        faults = [said for one in files if (said := stock.fault(one))]
        secrets, shut = _sealed()
        if shut:
            faults.append(f"{shut} of {secrets} sealed secrets open with no key that is configured.")
        for said in faults:
            self.stderr.write(said)
        if faults:
            raise CommandError(f"{len(faults)} faults in {len(files)} files and {secrets} sealed secrets.")
        self.stdout.write(f"{len(files)} files are what their rows say, {secrets} sealed secrets open.")


@contextmanager
def _as_of(snapshot: str) -> Iterator[None]:
    """What a transaction that exported its snapshot sees; what is there now, where none is named."""
    if not snapshot:
        yield
        return
    with connection.cursor() as cursor:
        # By hand: a snapshot must be taken over before the transaction's first query, whoever else has one to ask.
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SET TRANSACTION SNAPSHOT %s", [snapshot])
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def _sealed() -> tuple[int, int]:
    """How many secrets are stored, and how many of them no key opens."""
    secrets = shut = 0
    for model, place in crypto.PLACES:
        for _, sealed in crypto.stored(model, place):
            secrets += 1
            try:
                crypto.unseal(sealed)
            except RuntimeError:
                shut += 1
    return secrets, shut
