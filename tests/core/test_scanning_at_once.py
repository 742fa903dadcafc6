"""Scans beside others: nothing is locked while the scanner is at work, and two runs on one file end in one event."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from portal.submissions import actions
from portal.submissions.models import DocumentVersion
from tests import factories as make
from tests.core.test_scanning import SIGNATURES, Clamd, added, running, state, states

pytestmark = pytest.mark.committed_db


@pytest.fixture
def scanner(settings):
    with running(Clamd()) as server:
        settings.CLAMD_URL = server.url
        yield server


@contextmanager
def scanning(at):
    """A run on a connection of its own."""

    def run():
        try:
            return actions.scan_waiting(at=at)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(run)


def test_while_the_scanner_is_at_work_nothing_is_locked_and_no_transaction_is_open(scanner):
    case = make.Case(make.submitted)
    version = added(case)
    scanner.mood = "waits"
    with scanning(make.NOW) as run:
        assert scanner.talking.wait(30)
        with transaction.atomic(), connection.cursor() as cursor:
            DocumentVersion.objects.select_for_update(nowait=True).get(pk=version.pk)
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'"
            )
            assert cursor.fetchone() == (0,)
        # Another run leaves it to this one.
        assert actions.scan_waiting(at=make.NOW) == 0
        scanner.wake.set()
        assert run.result(30) == 1
    assert (state(version)[0], states()) == ("nothing_found", ["nothing_found"])


@pytest.mark.parametrize("mood", ["waits", "hangs"])
def test_two_runs_that_scan_one_version_at_once_end_in_one_event(mood, scanner):
    """The first is so slow that a second takes the version up; its late word, verdict or failure, changes nothing."""
    case = make.Case(make.submitted)
    version = added(case)
    scanner.mood = mood
    later = make.NOW + actions.scanning.BEGUN_FOR
    with scanning(make.NOW) as slow:
        assert scanner.talking.wait(30)
        scanner.mood = ""
        assert actions.scan_waiting(at=later) == 1
        scanner.wake.set()
        assert slow.result(30) == 1
    assert state(version) == ("nothing_found", SIGNATURES, later)
    assert states() == ["nothing_found"]
