"""Append-only, in the same transaction, and verifiable (invariant 15)."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db import Error, connection, transaction

from portal.accounts.models import Role
from portal.ledger import actions as ledger
from portal.ledger import sealing
from portal.ledger.models import Event, Node, Seal
from portal.submissions import actions
from tests import factories as make

COLUMNS = {
    "ledger_event": "reason", "ledger_leaf": "hash", "ledger_node": "hash", "ledger_head": "root",
    "ledger_key": "public", "ledger_seal": "digest",
}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("table", COLUMNS)
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"],
    ids=["update", "delete", "truncate"],
)
def test_nothing_is_changed_or_removed(table, statement):
    make.Case(make.draft)
    sealing.seal_new_events()
    Node.objects.create(level=1, number=0, hash=bytes(32))
    Seal.objects.create(number=1, at=make.NOW, last_seq=1, events=1, digest=bytes(32))
    with (
        pytest.raises(Error, match=r"append-only|permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table, COLUMNS[table]))


@pytest.mark.committed_db
@pytest.mark.parametrize(
    "statement", ["UPDATE ledger_event SET reason = 'x'", "DELETE FROM ledger_event", "TRUNCATE ledger_event"]
)
def test_not_even_by_the_owner_of_the_table(owner_connection, statement):
    make.Case(make.draft)
    with pytest.raises(Exception, match="append-only"):
        owner_connection.execute(statement)


@pytest.mark.django_db(transaction=False)
def test_an_event_is_written_in_the_transaction_of_its_change_or_not_at_all():
    case = make.Case(make.draft)
    count = Event.objects.count()
    try:
        with transaction.atomic():
            actions.withdraw(actor=case.contributor, submission=case.submission, at=make.NOW)
            raise RuntimeError
    except RuntimeError:
        pass
    assert (Event.objects.count(), case.again().stored_state) == (count, "draft")


@pytest.mark.committed_db
def test_outside_a_transaction_nothing_is_recorded():
    case = make.Case(make.draft)
    with pytest.raises(RuntimeError, match="transaction"):
        ledger.record(actor=case.contributor, verb="x", subject=case.submission)


@pytest.mark.django_db
def test_secrets_and_texts_stay_out():
    case = make.Case()
    actions.add_document(
        actor=case.contributor,
        submission=case.submission,
        kind="other",
        title="marzipan",
        upload=make.pdf(),
        at=make.NOW,
    )
    actions.reveal_instructions(actor=case.contributor, submission=case.submission, at=make.NOW)
    written = " ".join(str((e.reason, e.data, e.verb)) for e in Event.objects.all())
    assert "marzipan" not in written
    assert "card.pdf" not in written


@pytest.mark.django_db
@pytest.mark.parametrize("write", ["record", "look"])
def test_whatever_is_written_verifies(write):
    """As the database gives it back: other zones' instants, its own spelling of numbers, every script, no case."""
    case = make.Case(make.draft)
    at = datetime(2026, 9, 20, 1, 2, 3, 456789, tzinfo=ZoneInfo("America/New_York"))
    data = {
        "Zürich 漢字 😀": "a'\"\\%s %(x)s {}\t\n",
        "nested": {"b": [1, None, True, {"at": at, "id": case.submission.pk}]},
        "numbers": [0.1, 1e16, -1.5e300, 1e-7, -0.0, 1.0, 2**70],
        3: Role.ADMIN,
    }
    written = [(None, ""), (case.submission.pk, Role.COORDINATOR), (None, "lab")]
    if write == "look":
        ledger.look(
            actor=case.contributor,
            verb="viewed",
            subjects=((case.submission, case_id, capacity) for case_id, capacity in written),
            data=data,
            at=at,
        )
        ledger.look(actor=None, verb="viewed", subjects=iter(()), data=data)
    else:
        for case_id, capacity in written:
            ledger.record(
                actor=case.contributor,
                verb="viewed",
                subject=case.submission,
                case_id=case_id,
                capacity=capacity,
                data=data,
                at=at,
            )
    rows = Event.objects.filter(verb="viewed").order_by("seq")
    assert list(rows.values_list("case_id", "capacity", "at")) == [(*each, at) for each in written]
    assert rows[0].data["nested"]["b"][3]["at"] == at.isoformat()
    call_command("verify_ledger")
    assert sealing.seal_new_events() > len(written)
    call_command("verify_ledger")
