"""``manage.py check_csaf FILE ...``: whether each file is CSAF 2.0, or the numbers of the tests it fails."""

from pathlib import Path

from django.core.management.base import BaseCommand

from partners.advisories import AdvisoryError, Failure, check
from partners.advisories.json_text import LARGEST, read


class Command(BaseCommand):
    help = "Check advisories against the schema and the mandatory tests of CSAF 2.0; exits 1 and names each failing test."
    requires_system_checks: list = []

    def add_arguments(self, parser):
        parser.add_argument("files", nargs="+", metavar="FILE", type=Path)

    def handle(self, *args, files: list[Path], **options):
        failed = False
        for path in files:
            problems = _problems(path)
            failed = failed or bool(problems)
            for problem in problems or ["ok"]:
                self.stdout.write(f"{path}: {problem}")
        if failed:
            raise SystemExit(1)


def _problems(path: Path) -> list[Failure | str]:
    try:
        with path.open("rb") as stream:
            # One byte more tells a file that is too large, however large it is.
            document = read(stream.read(LARGEST + 1))
    except AdvisoryError as error:
        return [error.failure]
    except OSError as error:
        return [f"The file can't be opened: {error.strerror}."]
    return [*check(document)]
