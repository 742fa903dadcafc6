import json
from pathlib import Path

from django.core.management.base import CommandError

from portal.commands import JobCommand
from portal.ledger import heads
from portal.ledger.checking import Check, FaultError


class Command(JobCommand):
    sees = ("ledger",)
    help = (
        "Check that no event was altered, removed, inserted or moved; exits 1 and names the first fault otherwise."
        " --since FILE holds a tree head saved earlier (/ledger/heads/) against it."
    )

    def add_arguments(self, parser):
        parser.add_argument("--since", metavar="FILE", help="a tree head saved earlier, as JSON")

    def handle(self, *args, **options):
        try:
            check = Check(since=_saved(options["since"]))
            check.run()
        except (FaultError, heads.HeadError) as fault:
            raise CommandError(str(fault), returncode=1) from fault
        self.stdout.write(
            f"Complete and unaltered: {check.tree.size} events under {check.number} tree heads,"
            f" {check.waiting} not yet sealed."
        )


def _saved(name: str | None) -> heads.SignedHead | None:
    if name is None:
        return None
    try:
        told = json.loads(Path(name).read_text())
    except (OSError, ValueError) as error:
        raise CommandError(f"{name} cannot be read: {error}") from error
    return heads.read_head(told.get("head", told) if isinstance(told, dict) else told)
