"""Two tabs that confirm at the same moment."""

import pytest

from portal.accounts.models import User
from portal.deadlines.models import Deadline
from portal.submissions import actions
from portal.submissions.models import ConflictStatement
from portal.submissions.on_record import on_record
from tests import factories as make
from tests import factories_reviews as reviewed
from tests.core.test_concurrency import at_once

pytestmark = pytest.mark.committed_db
NOW, DAY = make.NOW, make.DAY


def test_one_statement_is_made_and_one_date_set():
    person = reviewed.reviewer(make.agency())
    shown = on_record(person)

    def call():
        mine = User.objects.get(pk=person.pk)
        actions.confirm_conflicts(actor=mine, seen=shown.seen, said=shown.said, at=NOW)

    assert at_once([call, call]) == ["already_done", "done"]
    assert ConflictStatement.objects.count() == 1
    dates = Deadline.objects.filter(kind="conflict_renewal").values_list("due_at", "met_at", "cancelled_at")
    assert list(dates) == [(NOW + 180 * DAY, None, None)]
