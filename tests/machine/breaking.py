"""How the rows of a world are broken, past every action, and what is said of it."""

from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import time_machine
from django.db import connection, transaction
from django.db.models import Q

from portal.deadlines.models import Deadline, Message
from portal.ledger.models import Event
from portal.submissions.models import Terms
from reviews.models import Assignment
from tests.machine.invariants import Sight
from tests.machine.rich import Rich

HOUR = timedelta(hours=1)


@contextmanager
def unguarded(*models):
    """A savepoint in which these tables are without triggers, checks and keys of uniqueness; all of it is undone."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for model in models:
                table = model._meta.db_table
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
                cursor.execute(
                    "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('c', 'u')",
                    [table],
                )
                for (name,) in cursor.fetchall():
                    cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        yield
        transaction.set_rollback(True)


def asked(world: Rich, question, sight: Sight | None = None) -> list:
    with time_machine.travel(world.at, tick=False):
        return question(sight or Sight(world.at, world.some()))


def put(row, **values) -> None:
    """Write values into one row, past every action."""
    assert type(row)._base_manager.filter(pk=row.pk).update(**values) == 1


def again(row, **values):
    """The row once more, with other values."""
    copy = type(row)._base_manager.get(pk=row.pk)
    copy.pk = uuid4()
    copy._state.adding = True
    for name, value in values.items():
        setattr(copy, name, value)
    copy.save(force_insert=True)
    return copy


def event(world: Rich, **values) -> None:
    """An event that never was."""
    some = Event.objects.filter(case_id=world.cases[0].pk).first()
    number = Event.objects.order_by("-seq").first().seq + 1
    again(some, seq=number, **values)


def message(world: Rich, person, **values) -> None:
    some = Message.objects.filter(case_id__isnull=False, deadline=None).first()
    again(some, recipient=person, key=str(uuid4()), **values)


def date(kind: str, subject) -> Deadline:
    return Deadline.objects.get(Q(subject_id=subject.pk) | Q(source_id=subject.pk), kind=kind)


def withdrawn(w: Rich, at) -> None:
    """In the row alone: nothing of the case ended with it."""
    put(w.cases[0], stored_state="withdrawn", withdrawn_at=at)


def window(w: Rich) -> Deadline:
    """A date that does not outlive its case."""
    return Deadline.objects.filter(kind="window_closes", case_id=w.cases[0].pk).first()


def seat(w: Rich) -> Assignment:
    return Assignment.objects.get(reviewer=w.reviewers[1])


def signed(w: Rich) -> Terms:
    return Terms.objects.get(submission=w.cases[0])


def says(broken: list, name: str | None) -> bool:
    return bool(broken) if name is None else any(name in (row, row[0]) for row in broken)
