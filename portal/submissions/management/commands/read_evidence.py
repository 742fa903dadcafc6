"""``manage.py read_evidence FILE ...``: what the readers find in evaluation logs and model cards, a line of JSON a file."""

import json
from dataclasses import asdict
from pathlib import Path

from django.core.management.base import BaseCommand

from portal.submissions.evidence import Evidence, Unreadable, read_evidence


class Command(BaseCommand):
    help = "Print what can be read of evaluation logs of Inspect and of model cards: a line of JSON a file."
    requires_system_checks: list = []

    def add_arguments(self, parser):
        parser.add_argument("files", nargs="+", metavar="FILE", type=Path)

    def handle(self, *args, files: list[Path], **options):
        failed = False
        for path in files:
            said = _read(path)
            failed = failed or said["format"] is None
            self.stdout.write(json.dumps(said, ensure_ascii=False, allow_nan=False))
        if failed:
            raise SystemExit(1)


def _read(path: Path) -> dict:
    """The line of one file; ``format`` is null where it can't be read, and ``problems`` says why."""
    said = {"file": str(path), "format": None, "task": None, "model": None, "status": None, "samples": None}
    try:
        with path.open("rb") as stream:
            return said | _plain(read_evidence(stream))
    except Unreadable as refusal:
        reason = str(refusal)
    except OSError as error:
        reason = f"The file can't be opened: {error.strerror}."
    return said | {"scores": [], "problems": [reason]}


def _plain(found: Evidence) -> dict:
    """What was found but for the places and texts that only a page shows."""
    plain = asdict(found)
    del plain["sections"]
    for score in plain["scores"]:
        del score["where"]
    return plain
