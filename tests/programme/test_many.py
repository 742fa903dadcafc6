"""A change on a large programme: as many statements for thousands of open dates as for a few, and within seconds."""

import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.deadlines.calendar import add_business_days
from portal.deadlines.models import Deadline
from portal.programme import actions
from portal.programme.models import Version
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.programme.changing import keys

pytestmark = pytest.mark.django_db
TARGETS = {
    "target__acknowledge_business_days": "3",
    "target__draft_feedback_days": "3",
    "target__final_feedback_business_days": "6",
}
_COPIES = """
    WITH wanted AS MATERIALIZED (
        SELECT n, gen_random_uuid() AS id, gen_random_uuid() AS facts FROM generate_series(1, %(copies)s) n
    ),
    facts AS (
        INSERT INTO submissions_facts
        SELECT (jsonb_populate_record(f, jsonb_build_object('id', w.facts, 'submission_id', w.id))).*
        FROM wanted w, submissions_submission s JOIN submissions_facts f ON f.id = s.facts_id WHERE s.id = %(case)s
    ),
    made AS (
        INSERT INTO submissions_submission
        SELECT (jsonb_populate_record(s, jsonb_build_object(
            'id', w.id, 'facts_id', w.facts, 'case_number', s.case_number || '-' || w.n, 'opens_at', NULL))).*
        FROM wanted w, submissions_submission s WHERE s.id = %(case)s
        RETURNING id, case_number
    )
    INSERT INTO deadlines_deadline
    SELECT (jsonb_populate_record(d, jsonb_build_object(
        'id', gen_random_uuid(), 'subject_id', made.id, 'case_id', made.id, 'case_number', made.case_number))).*
    FROM deadlines_deadline d, made WHERE d.subject_id = %(case)s
"""


def copies(case: make.Case, number: int) -> None:
    """As many open cases more, each with the deadlines of this one."""
    with connection.cursor() as cursor:
        cursor.execute(_COPIES, {"case": case.submission.pk, "copies": number})
        cursor.execute("ANALYZE submissions_submission")
        cursor.execute("ANALYZE deadlines_deadline")


def measured(office, at) -> tuple[int, float, list[int]]:
    """Statements and seconds of a preview, and how many dates of each kind it moves."""
    began = time.perf_counter()
    with CaptureQueriesContext(connection) as captured:
        effect = actions.preview(actor=office, typed=keys(TARGETS), at=at)
    noise = ("SAVEPOINT", "RELEASE", "ROLLBACK")
    counted = len([query for query in captured if not query["sql"].startswith(noise)])
    return counted, time.perf_counter() - began, [len(one.moves) for one in effect.consequences]


@pytest.mark.slow
def test_two_thousand_open_cases_cost_as_many_statements_as_a_few():
    waiting, reviewed = make.Case(make.submitted), reviewing.Reviewed()
    office = waiting.coordinator
    assert office.seats
    few, _, moved = measured(office, make.NOW)
    assert moved == [1, 1, 1]
    copies(waiting, 1000)
    copies(reviewed, 1000)
    many, seconds, moved = measured(office, make.NOW)
    assert moved == [1001, 1001, 1001]
    assert many == few
    assert seconds < 30
    began = time.perf_counter()
    seen = actions.preview(actor=office, typed=keys(TARGETS), at=make.NOW)
    actions.change(
        actor=office, typed=keys(TARGETS), reason="Many.", expected_number=0, expected_digest=seen.digest, at=make.NOW
    )  # fmt: skip
    print(
        f"preview {seconds:.2f} s, preview and change {time.perf_counter() - began:.2f} s, {many} statements"
    )
    assert Version.objects.count() == 1
    due = add_business_days(make.NOW, 3)
    assert Deadline.objects.still_open().filter(kind="acknowledge", due_at=due).count() == 1001
