"""A reviewer's own evaluation logs for tests: a draft with one of the same task as a row of its lab, and where files are kept."""

from pathlib import Path

import pytest
import time_machine
from django.core.files.base import ContentFile

from portal.accounts.models import Role
from portal.submissions import actions as cases
from reviews import actions
from reviews.models import AgencyLog
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.evidence.logs import archive, as_json, log

NOW, DAY = make.NOW, make.DAY

RESULTS = {
    "total_samples": 40,
    "scores": [
        {"name": "match", "metrics": {"accuracy": {"value": 0.625}, "stderr": {"value": 0.04}}},
        {"name": "match", "metrics": {"nougat_share": {"value": 9}}},
    ],
}


@pytest.fixture(autouse=True)
def folder(settings, tmp_path) -> Path:
    """The folder in which this test's uploads are stored."""
    found = tmp_path / "files"
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(found)},
        }
    }
    return found


@pytest.fixture
def now():
    with time_machine.travel(NOW, tick=False):
        yield


def kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def upload(stream, name="nougat-run.eval") -> ContentFile:
    return ContentFile(stream.getvalue() if hasattr(stream, "getvalue") else stream, name=name)


def put(case, draft, stream=None, *, name="nougat-run.eval", at=NOW, actor=None) -> AgencyLog:
    file = upload(stream or archive(), name)
    return actions.add_log(actor=actor or case.reviewer, assessment=draft, upload=file, at=at)


def with_eval(**changed) -> bytes:
    return as_json(eval=log()["eval"] | changed).getvalue()


class Compared(reviewing.Reviewed):
    """A case whose lab confirmed a row, and a draft with a log of the same task: both hold what must not be met elsewhere."""

    def __init__(self):
        super().__init__()
        reviewing.open_to(self, self.peer, self.lead)
        cases.add_evaluations(
            actor=self.contributor,
            submission=self.submission,
            rows=[
                {
                    "task": "inspect_evals/cyber_range",
                    "model": "marzipan-model",
                    "samples": 41,
                    "scores": [
                        {"name": "match", "metrics": {"accuracy": 0.5, "stderr": 0.03}},
                        {"name": "match", "metrics": {"marzipan_share": 7}},
                    ],
                }
            ],
            at=NOW,
        )
        self.draft = reviewing.draft(self)
        self.log = put(self, self.draft, as_json(results=RESULTS), name="nougat-run.json")

    def check(self):
        actions.ask_check(actor=self.reviewer, assessment=self.draft, at=NOW)
        return actions.peer_check(actor=self.peer, assessment=self.draft, at=NOW)

    def share(self):
        self.check()
        return actions.share(actor=self.lead, assessment=self.draft, at=NOW)

    def everyone(self) -> dict:
        """A person of every kind by name."""
        office = make.programme_office()
        return {
            "author": self.reviewer, "peer": self.peer, "lead": self.lead, "coordinator": self.coordinator,
            "own agency's coordinator": self.agency_coordinator, "auditor": reviewing.auditor(),
            "designator": reviewing.designator(), "liaison": make.member(office, Role.LIAISON),
            "lab": self.contributor, "lab's viewer": self.viewer,
            "another lab": make.Case(make.submitted).contributor,
            "unassigned reviewer": reviewing.reviewer(self.agency),
            "another agency's reviewer": reviewing.reviewer(make.agency()),
            "partner": make.member(make.partner_organisation(), Role.ADMIN),
            "superuser": make.person(is_superuser=True),
        }  # fmt: skip
