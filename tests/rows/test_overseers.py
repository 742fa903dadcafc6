"""Who oversees every case, asked first in policies; and that a policy costs no plan that would have been made without it."""

import json

import pytest
from django.db import IntegrityError, connection, transaction

from portal import scope
from portal.accounts.models import Membership, Role
from portal.submissions import actions as cases
from portal.submissions.models import Submission
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.rows.test_rows import secured

pytestmark = pytest.mark.django_db


def asked(person, sql: str, *values):
    with scope.as_person(person and person.pk), connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchone()[0]


def sees_every_case(person) -> bool:
    return asked(person, "SELECT current_setting('portal.every', true)") == "true"


def test_who_is_asked_about_each_case_and_who_is_not():
    case = reviewing.Reviewed()
    coordinator, auditor = make.coordinator(), reviewing.auditor()
    others = [
        None, case.contributor, case.agency_coordinator, case.lead, case.reviewer, reviewing.designator(),
        make.member(make.partner_organisation(), Role.ADMIN), make.person(is_superuser=True),
    ]  # fmt: skip
    assert sees_every_case(coordinator)
    assert sees_every_case(auditor)
    assert [person for person in others if sees_every_case(person)] == []
    # A conflict with one case, a seat in a lab, the end of the role: each ends it at once.
    cases.declare_conflict(actor=case.coordinator, user=coordinator, submission=case.submission, at=make.NOW)
    assert not sees_every_case(coordinator)
    seat = Membership.objects.create(user=auditor, organisation=make.lab(), role=Role.VIEWER)
    assert not sees_every_case(auditor)
    seat.delete()
    assert sees_every_case(auditor)
    Membership.objects.filter(user=auditor).update(ended_at=make.NOW)
    assert not sees_every_case(auditor)


def test_of_drafts_who_oversees_every_case_sees_nothing():
    case = reviewing.Reviewed()
    draft = make.draft(actor=case.contributor, lab=case.lab)
    for table, columns in {
        "deadlines_deadline": "'subject_id', %s::uuid",
        "deadlines_message": "'key', %s",
    }.items():
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} SELECT (jsonb_populate_record(d, jsonb_build_object("
                f"'id', gen_random_uuid(), 'case_id', %s::uuid, {columns}))).* FROM {table} d WHERE case_id = %s LIMIT 1",
                [draft.pk, str(draft.pk), case.submission.pk],
            )
    for table in ("ledger_event", "deadlines_deadline", "deadlines_message"):
        told = f"SELECT count(*) FROM {table} WHERE case_id = %s"
        with connection.cursor() as cursor:
            cursor.execute(told, [draft.pk])
            assert cursor.fetchone()[0] > 0, table
        assert asked(make.coordinator(), told, draft.pk) == 0, table
        assert asked(make.coordinator(), told, case.submission.pk) > 0, table


def test_a_case_is_never_deleted_a_draft_neither():
    """Its events would be those of no draft, and shown."""
    case = make.Case()
    draft = make.draft(actor=case.contributor, lab=case.lab)
    with pytest.raises(IntegrityError, match="never deleted"), transaction.atomic():
        Submission.objects.filter(pk=draft.pk)._raw_delete("default")
    assert Submission.objects.filter(pk=draft.pk).exists()


def test_a_policy_is_expected_to_keep_back_next_to_nothing(owner_connection):
    """Otherwise a list of rows in order would be sorted whole, since hardly any row of the index seemed to be seen."""
    few = {}
    for table in sorted(secured()):
        explained = f"EXPLAIN (FORMAT JSON) SELECT 1 FROM {table}"
        plan = asked(make.coordinator(), explained)
        with owner_connection.cursor() as cursor:
            cursor.execute(explained)
            bare = cursor.fetchone()[0]
        rows, of = (
            (json.loads(one) if isinstance(one, str) else one)[0]["Plan"]["Plan Rows"] for one in (plan, bare)
        )
        if rows < 0.98 * of - 1:
            few[table] = (rows, of)
    assert few == {}
