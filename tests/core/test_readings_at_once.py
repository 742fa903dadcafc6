"""The job that notes unusual reading, beside itself: each is noted and told once."""

import pytest

from portal.deadlines.models import Message
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.models import ReadingDay, UnusualReading
from tests.core.test_concurrency import at_once
from tests.core.test_readings import AT, HOUR, Read, look, over

pytestmark = pytest.mark.committed_db


def test_four_runs_at_once_note_it_once():
    case = Read()
    look(case.reviewer, case.submission, 6)
    look(case.lead, case.submission, 7)
    for at, days in ((AT + HOUR, 1), (over(), 2)):
        assert at_once([lambda at=at: actions.note_readings(at=at)] * 4) == ["done"] * 4
        assert UnusualReading.objects.count() == 2
        assert Event.objects.filter(verb="note_reading").count() == 2
        told = Message.objects.filter(kind__in=["reading_noted", "reading_noted_lab"])
        # The office's coordinator and the lab of both; the lead of the other's alone.
        assert told.count() == 5
        assert ReadingDay.objects.count() == days
