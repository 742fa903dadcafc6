"""A copy that takes long to make: meanwhile no transaction is open, and who may read is asked anew when it is there."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from portal.ledger.models import Event
from portal.submissions import actions, watermarks
from tests import factories as make
from tests.admin.desk import Desk
from tests.api.calls import NOT_FOUND, Caller
from tests.lab.pdfs import pages
from tests.lab.visitor import Visitor

pytestmark = pytest.mark.committed_db

DOORS = {
    "page": lambda who, document: Visitor(who).get("content", document.current.pk),
    "desk": lambda who, document: Desk(who).get("submissions_document_content", document.current.pk),
    "program": lambda who, document: Caller(who).get(f"documents/{document.pk}/content/"),
}


@pytest.fixture
def places(monkeypatch):
    """The places for copies, all of them taken until the test gives one back."""
    taken = threading.BoundedSemaphore(2)
    monkeypatch.setattr(watermarks, "_PLACES", taken)
    return taken


@pytest.mark.parametrize("door", DOORS)
def test_access_that_ends_meanwhile_gives_nothing(door, places, settings, tmp_path):
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    case = make.Case(make.submitted)
    document = actions.add_document(
        actor=case.contributor, submission=case.submission, kind="other", title="Card",
        upload=make.ContentFile(pages(), name="card.pdf"), at=make.NOW,
    )  # fmt: skip
    assert document.current.watermark_problem == ""
    for _ in range(2):
        places.acquire()

    def read():
        try:
            return DOORS[door](case.coordinator, document)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(read)
        try:
            until = time.monotonic() + 20
            while not list(tmp_path.glob("copy-*")) and time.monotonic() < until:
                time.sleep(0.01)
            assert list(tmp_path.glob("copy-*"))
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'"
                )
                assert cursor.fetchone() == (0,)
            actions.withdraw(actor=case.contributor, submission=case.submission)
        finally:
            places.release()
        refused = answer.result(60)
    assert refused.status_code == 404
    if door == "program":
        assert refused.json() == NOT_FOUND
    assert not Event.objects.filter(verb="downloaded_document").exists()
    assert list(tmp_path.glob("copy-*")) == []
