"""Files that no version names leave the storage; those that one names, and those whose upload may be under way, stay."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connection, transaction

from portal import clock
from portal.submissions import actions, tasks
from portal.submissions.actions import orphans
from portal.submissions.models import DocumentVersion
from tests import factories as make
from tests.factories_records import held, lifted

NOW, DAY = make.NOW, make.DAY
AT = NOW + 10 * DAY


@pytest.fixture(autouse=True)
def storage(settings, tmp_path):
    """A folder of its own: other tests leave their files behind on purpose."""
    options = settings.STORAGES["default"]["OPTIONS"] | {"location": str(tmp_path / "files")}
    settings.STORAGES = settings.STORAGES | {"default": settings.STORAGES["default"] | {"OPTIONS": options}}
    assert default_storage.location == str(tmp_path / "files")


def upload(case, text: str) -> str:
    document = actions.add_document(
        actor=case.contributor,
        submission=case.submission,
        kind="other",
        title=text,
        upload=make.pdf(text),
        at=NOW,
    )
    return document.current.file.name


def rolled_back(case, text: str) -> str:
    """As a request does that fails after its action was done: the outermost transaction takes everything back."""
    with transaction.atomic():
        name = upload(case, text)
        transaction.set_rollback(True)
    assert not DocumentVersion.objects.filter(file=name).exists()
    assert default_storage.exists(name)
    return name


def stored(name: str) -> str:
    """A file by itself, as a process leaves it that is killed while it writes."""
    return default_storage.save(name, ContentFile(b"%PDF-1.7 half of a"))


def stored_at(name: str, instant: datetime) -> str:
    os.utime(default_storage.path(name), (instant.timestamp(), instant.timestamp()))
    return name


def left(names) -> set[str]:
    return {name for name in names if default_storage.exists(name)}


@pytest.mark.django_db
def test_what_no_version_names_goes_and_everything_else_stays():
    case = make.Case(make.draft)
    killed, old = uuid4().hex, uuid4().hex
    gone = {
        stored_at(rolled_back(case, "rolled back"), AT - 2 * DAY),
        stored_at(stored(f"documents/{killed[:2]}/{killed}"), AT - DAY),
    }
    stay = {
        stored_at(upload(case, "committed"), AT - 2 * DAY),
        stored_at(rolled_back(case, "perhaps under way"), AT - DAY + DAY / 86400),
        # Not from this database, not the portal's, not a document.
        stored_at(stored(f"documents/{old[:2]}/{old}"), NOW - DAY),
        stored_at(stored("documents/ab/read-me.txt"), AT - 2 * DAY),
        stored_at(stored(f"exports/{uuid4().hex}"), AT - 2 * DAY),
    }
    taken_out = actions.add_document(
        actor=case.contributor,
        submission=case.submission,
        kind="other",
        title="",
        upload=make.pdf("x"),
        at=NOW,
    )
    stay.add(stored_at(taken_out.current.file.name, AT - 2 * DAY))
    actions.remove_document(actor=case.contributor, document=taken_out, at=NOW)
    assert actions.remove_orphans(at=AT) == len(gone)
    assert left(gone | stay) == stay
    assert actions.remove_orphans(at=AT) == 0
    assert left(gone | stay) == stay


@pytest.mark.django_db
def test_a_file_that_was_in_use_when_it_was_young_goes_only_without_its_row():
    case = make.Case(make.draft)
    upload(case, "the first")
    under_way = rolled_back(case, "under way")
    stored_at(under_way, AT - DAY / 2)
    assert actions.remove_orphans(at=AT) == 0
    assert actions.remove_orphans(at=AT + DAY) == 1
    assert left([under_way]) == set()


@pytest.mark.django_db
def test_a_database_without_documents_owns_no_file():
    name = uuid4().hex
    stray = stored_at(stored(f"documents/{name[:2]}/{name}"), AT - 2 * DAY)
    assert actions.remove_orphans(at=AT) == 0
    assert left([stray]) == {stray}


@pytest.mark.django_db
def test_while_a_legal_hold_stands_anywhere_nothing_is_removed():
    """Of a file without a row nobody can say whose it is: a database that came back from a backup knows nothing of the newest."""
    case, other = make.Case(make.draft), make.Case()
    upload(case, "the first")
    name = stored_at(rolled_back(case, "perhaps kept"), AT - 2 * DAY)
    hold = held(other)
    assert actions.remove_orphans(at=AT) == 0
    assert left([name]) == {name}
    lifted(other.coordinator, hold)
    assert actions.remove_orphans(at=AT) == 1
    assert left([name]) == set()


@pytest.mark.django_db
def test_a_storage_that_is_not_there_is_no_failure():
    upload(make.Case(make.draft), "the first")
    shutil.rmtree(default_storage.location)
    assert actions.remove_orphans(at=AT) == 0


@pytest.mark.django_db
def test_batches_lose_nothing(monkeypatch):
    monkeypatch.setattr(orphans, "BATCH", 2)
    case = make.Case(make.draft)
    kept = stored_at(upload(case, "committed"), AT - 2 * DAY)
    names = [f"documents/ab/ab{uuid4().hex[2:]}" for _ in range(7)]
    assert left(names) == set()
    for name in names:
        stored_at(stored(name), AT - 2 * DAY)
    assert actions.remove_orphans(at=AT) == 7
    assert left([kept, *names]) == {kept}


@pytest.mark.django_db
def test_the_beat_calls_it():
    due = {row["task"] for row in settings.CELERY_BEAT_SCHEDULE.values()}
    assert tasks.remove_orphans.name in due
    tasks.remove_orphans()


@pytest.mark.django_db
def test_files_are_as_old_as_the_machine_says():
    """A clock that a demo moved ahead makes no file old."""
    case = make.Case(make.draft)
    upload(case, "the first")
    DocumentVersion.objects.update(uploaded_at=datetime(2020, 1, 1, tzinfo=UTC))
    name = rolled_back(case, "just now")
    with clock.at_offset(400 * DAY):
        assert actions.remove_orphans() == 0
        stored_at(name, clock.now() - 402 * DAY)
        assert actions.remove_orphans() == 1
    assert left([name]) == set()


@pytest.mark.committed_db
def test_two_runs_at_once_remove_the_same_files():
    case = make.Case(make.draft)
    kept = stored_at(upload(case, "committed"), AT - 2 * DAY)
    names = [stored_at(rolled_back(case, f"text {number}"), AT - 2 * DAY) for number in range(30)]
    barrier = Barrier(2)

    def run(_):
        try:
            barrier.wait(timeout=30)
            return actions.remove_orphans(at=AT)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(run, range(2)))
    assert 30 <= sum(counts) <= 60
    assert left([kept, *names]) == {kept}


@pytest.mark.django_db
def test_a_file_that_a_version_names_under_another_s_id_stays():
    """As after a copy or an import: what counts is whether any version names the file, not what it is called."""
    case = make.Case(make.draft)
    upload(case, "the first")
    name = stored_at(rolled_back(case, "another's"), AT - 2 * DAY)
    DocumentVersion.objects.update(file=name)
    assert actions.remove_orphans(at=AT) == 0
    assert left([name]) == {name}


class Bucket(FileSystemStorage):
    """A folder that says of a missing file what an object store's library says: an error of its own."""

    class ClientError(Exception):
        pass

    def listdir(self, path):
        folders, names = super().listdir(path)
        return folders, [*names, *([uuid4().hex] if not folders else [])]

    def get_modified_time(self, name):
        if not self.exists(name):
            raise self.ClientError("An error occurred (404) when calling the HeadObject operation: Not Found")
        if name.endswith("0" * 8):
            raise self.ClientError("An error occurred (403) when calling the HeadObject operation: Forbidden")
        return super().get_modified_time(name)


@pytest.mark.django_db
def test_what_another_run_removed_is_no_failure_whatever_the_storage_calls_it(settings, tmp_path):
    bucket = {"BACKEND": f"{__name__}.Bucket", "OPTIONS": {"location": str(tmp_path / "files")}}
    settings.STORAGES = settings.STORAGES | {"default": bucket}
    case = make.Case(make.draft)
    kept = upload(case, "committed")
    name = stored_at(rolled_back(case, "rolled back"), AT - 2 * DAY)
    assert actions.remove_orphans(at=AT) == 1
    assert left([kept, name]) == {kept}
    stored(f"documents/ab/{uuid4().hex[:24]}{'0' * 8}")
    with pytest.raises(Bucket.ClientError, match="Forbidden"):
        actions.remove_orphans(at=AT)
