"""A file on its way into a storage that has stopped: nobody waits for it, and what was decided meanwhile is asked about anew."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import connection

from portal.accounts.models import Role
from portal.errors import NotAllowed
from portal.submissions import actions
from portal.submissions.models import Document, DocumentVersion, InformationRequest
from tests import factories as make
from tests.api.calls import Caller
from tests.factories_questions import asked
from tests.lab.test_draft import NOTHING
from tests.lab.test_files import files_in
from tests.lab.uploads import upload
from tests.lab.visitor import Visitor, seen

pytestmark = pytest.mark.committed_db


class Stuck(FileSystemStorage):
    """Says that a file has begun to come, and takes it once it is told to go on."""

    begun, go_on = threading.Event(), threading.Event()

    def _save(self, name, content):
        self.begun.set()
        assert self.go_on.wait(60)
        return super()._save(name, content)


@pytest.fixture
def stuck(settings, stored):
    Stuck.begun.clear()
    Stuck.go_on.clear()
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": f"{__name__}.Stuck", "OPTIONS": {"location": str(stored)}}
    }
    yield Stuck
    Stuck.go_on.set()


class Busy(make.Case):
    """A case with a document and an open question, and what adds a file to it by each door."""

    def __init__(self, made=make.submitted):
        super().__init__(made)
        Stuck.go_on.set()
        self.document = actions.add_document(
            actor=self.contributor, submission=self.submission, kind="other", title="Card", upload=make.pdf("first"),
            at=make.NOW,
        )  # fmt: skip
        Stuck.go_on.clear()
        Stuck.begun.clear()
        self.visitor, self.number = Visitor(self.contributor), self.submission.case_number

    def page(self):
        return self.visitor.post(
            "add_document", self.submission, kind="other", title="", tlp="TLP:RED", file=upload()
        )

    def version(self):
        return self.visitor.post("new_version", self.submission, self.document.pk, file=upload())

    def draft(self):
        typed = NOTHING | {"seen": seen(self.submission), "do": "document"}
        return self.visitor.post("edit", self.submission, **typed, file=upload())

    def evidence(self):
        return self.visitor.post(
            "evidence", self.submission, do="file", keep="on", file=upload(b"# Model card\n", "a.md")
        )

    def answer(self):
        typed = {"text": "Four percent.", "tlp": "TLP:RED", "revision": 1, "file": upload()}
        return self.visitor.post("question", self.submission, self.question.number, **typed)

    def program(self):
        return Caller(self.contributor).upload("documents/", upload(), submission=self.number, kind="other")


@pytest.mark.parametrize("door", ["page", "version", "draft", "evidence", "answer", "program"])
def test_a_withdrawal_goes_through_and_the_file_is_refused_and_gone(door, stuck, stored):
    case = Busy(make.draft if door == "draft" else make.submitted)
    if door == "answer":
        case.question = asked(case)

    def send():
        try:
            return getattr(case, door)().status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(send)
        try:
            assert stuck.begun.wait(30)
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '5s'")
            actions.withdraw(actor=case.contributor, submission=case.submission)
        finally:
            stuck.go_on.set()
        refused = answer.result(60)
    assert refused == (200 if door == "evidence" else 409)
    assert case.again().stored_state == "withdrawn"
    assert list(Document.objects.all()) == [case.document]
    assert [version.file.name for version in DocumentVersion.objects.all()] == [
        case.document.current.file.name
    ]
    assert files_in(stored) == 1


def test_nothing_of_a_stranger_reaches_the_storage(stuck, stored):
    case = Busy()
    question = asked(case)
    for actor in (case.viewer, case.coordinator, make.member(make.lab(), Role.ADMIN)):
        for call in (
            lambda file, who=actor: actions.add_document(
                actor=who, submission=case.submission, kind="other", title="", upload=file
            ),
            lambda file, who=actor: actions.add_version(actor=who, document=case.document, upload=file),
            lambda file, who=actor: actions.questions.answer(actor=who, question=question, text="x", upload=file),
        ):  # fmt: skip
            with pytest.raises((NotAllowed, actions.questions.WrongState)):
                call(make.pdf("strange"))
    assert (stuck.begun.is_set(), files_in(stored)) == (False, 1)
    assert InformationRequest.objects.get().stored_state == "asked"
