"""What ``bench.reminders`` fills a database with, and what it times. Runs in a process of its own, as the database's owner."""

import resource
import smtplib
import time
from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from portal import clock
from portal.accounts.models import Kind, Membership, Organisation, Role, User
from portal.deadlines import delivery, letters, planning
from portal.deadlines.models import Deadline, Message
from portal.site.demo import due
from portal.submissions import deadline_kinds as kinds

COORDINATORS = 10
MANY = 10_000


def _office() -> list[User]:
    office = Organisation.objects.create(
        name="Bench Office (invented)", short_name="Office", kind=Kind.AGENCY, is_programme_office=True
    )
    password = make_password(None)
    people = [
        User(email=f"person{n}@example.invalid", name=f"Invented {n}", password=password)
        for n in range(COORDINATORS)
    ]
    people[0].is_superuser = True
    User.objects.bulk_create(people)
    Membership.objects.bulk_create(
        Membership(user=person, organisation=office, role=Role.COORDINATOR, since=clock.now() - timedelta(90))
        for person in people
    )
    return people


def _analyse() -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def make_cases(reminders: int) -> None:
    """Cases that wait for their acknowledgement now: a reminder to each coordinator of the programme office."""
    _office()
    left = reminders // COORDINATORS
    while left > 0:
        left -= due.add(min(left, MANY))
    _analyse()


def make_persons(reminders: int) -> None:
    """Deadlines that name one person each."""
    people = _office()
    at = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO deadlines_deadline (id, kind, subject_id, case_number, link, due_at, fresh_from, next_at,
                                            created_at, person_id, at_once)
            SELECT gen_random_uuid(), %(kind)s, gen_random_uuid(), 'FM-BNCH-0000', '/notices/', %(at)s, %(at)s, %(at)s,
                   %(at)s, (%(people)s::uuid[])[1 + n %% %(number)s], true
            FROM generate_series(1, %(count)s) n
            """,
            {"kind": kinds.ANSWER_QUESTION, "at": at, "people": [p.pk for p in people], "number": len(people),
             "count": reminders},
        )  # fmt: skip
    _analyse()


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def plan() -> dict:
    with CaptureQueriesContext(connection) as captured:
        begun = time.perf_counter()
        made = planning.plan(at=clock.now())
        seconds = time.perf_counter() - begun
    return {"made": made, "seconds": seconds, "statements": len(captured), "memory": _memory()}


def raw() -> dict:
    """The rows that were just planned, inserted into an equal table."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_rows AS SELECT * FROM deadlines_message")
        cursor.execute("CREATE TABLE bench_message (LIKE deadlines_message INCLUDING ALL)")
        cursor.execute(
            """
            SELECT format('ALTER TABLE bench_message ADD %s', replace(pg_get_constraintdef(oid), 'deadlines_message', 'bench_message'))
            FROM pg_constraint WHERE conrelid = 'deadlines_message'::regclass AND contype = 'f'
            """
        )
        for (statement,) in cursor.fetchall():
            cursor.execute(statement)
    begun = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO bench_message SELECT * FROM bench_rows ON CONFLICT DO NOTHING")
    return {"seconds": time.perf_counter() - begun}


def idle() -> dict:
    """A tick with nothing to do, while every deadline there is lies ahead: the median of many."""
    ahead = timedelta(days=30)
    Deadline.objects.update(next_at=clock.now() + ahead, due_at=clock.now() + ahead)
    _analyse()
    times = []
    for _ in range(200):
        begun = time.perf_counter()
        planning.plan(at=clock.now())
        times.append(time.perf_counter() - begun)
    return {"milliseconds": sorted(times)[100] * 1000, "future": Deadline.objects.count()}


def waiting(count: int) -> dict:
    """Reminders that wait to be sent, of a deadline each."""
    Message.objects.all().delete()
    Deadline.objects.all().delete()
    people = list(User.objects.filter(email__startswith="person"))
    at = clock.now()
    deadlines = [
        Deadline(
            kind=kinds.ANSWER_QUESTION, subject_id=uuid4(), case_number="FM-BNCH-0000", link="/notices/",
            due_at=at, fresh_from=at, next_at=at, created_at=at, person=people[n % len(people)],
        )
        for n in range(count)
    ]  # fmt: skip
    Deadline.objects.bulk_create(deadlines, 5000)
    planning.plan(at=at)
    _analyse()
    return {}


def send(start: float) -> dict:
    """Send what waits, from an instant (Unix time) on, beside other processes that do the same."""
    settings.PORTAL_MAIL_DOMAIN_PER_MINUTE = 10_000_000
    delivery.deliver_due(batches=0)
    time.sleep(max(0, start - time.time()))
    sent = 0
    while more := delivery.deliver_due():
        sent += more
    return {"sent": sent, "ended": time.time(), "memory": _memory()}


def sendmail(count: int) -> dict:
    """The mails of the last ``send``, written beforehand."""
    rows = Message.objects.select_related("recipient", "deadline")[:count]
    mails = [(m.recipient.email, letters.compose(m).message().as_bytes(linesep="\r\n")) for m in rows]
    with smtplib.SMTP(settings.EMAIL_HOST, settings.EMAIL_PORT) as server:
        begun = time.perf_counter()
        for address, content in mails:
            server.sendmail(settings.DEFAULT_FROM_EMAIL, [address], content)
        seconds = time.perf_counter() - begun
    return {"rate": len(mails) / seconds}
