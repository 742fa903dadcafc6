"""Retention: what is due when and what keeps it; disposed of by a person, whole or not at all, and never under a legal hold."""

import threading
from datetime import UTC, datetime

import pytest
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import IntegrityError, connection, transaction

from portal.accounts.models import Role
from portal.deadlines.models import Message
from portal.errors import AlreadyDone, NotAllowed, Refused, Stale, WrongState
from portal.ledger.models import Event
from portal.submissions import actions, retention, tasks
from portal.submissions.actions import disclosures, disposing
from portal.submissions.models import DocumentVersion, Obligation, Submission
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.core.test_orphans import storage  # noqa: F401 (a folder of its own)
from tests.factories_disclosures import document, notified
from tests.factories_partners import GrantCase
from tests.factories_records import PAST, disposed, held, lifted, withdrawn

NOW, DAY = make.NOW, make.DAY
WITHDRAWN = NOW + DAY


def versions(case) -> list[DocumentVersion]:
    return list(DocumentVersion.objects.filter(document__submission=case.submission).order_by("name"))


def there(rows) -> list[bool]:
    return [default_storage.exists(row.file.name) for row in rows]


def reasons(case, at=PAST) -> list[str]:
    return retention.kept_by([case.again()], at=at)[case.submission.pk]


@pytest.mark.parametrize(
    ("at", "after"),
    [
        (datetime(2026, 9, 14, 14, tzinfo=UTC), datetime(2027, 9, 14, 14, tzinfo=UTC)),
        # The same hour of the programme's day, on the other side of a change of its clock.
        (datetime(2026, 11, 4, 4, 30, tzinfo=UTC), datetime(2027, 11, 4, 3, 30, tzinfo=UTC)),
        (datetime(2028, 2, 29, 15, tzinfo=UTC), datetime(2029, 3, 1, 15, tzinfo=UTC)),
    ],
)
def test_a_year_later(at, after):
    assert retention.years_after(at, 1) == after


def test_the_schedule_says_each_thing_once_and_in_words():
    keys = [rule.key for rule in retention.SCHEDULE]
    assert len(set(keys)) == len(keys) == 7
    assert all(rule.records and rule.period and rule.why and rule.fate for rule in retention.SCHEDULE)


@pytest.mark.django_db
def test_what_a_case_is_kept_by_while_it_goes_on_and_until_its_date():
    case = make.Case()
    assert reasons(case, NOW) == ["The case goes on: terms agreed"]
    opens, closes = case.again().opens_at, case.again().closes_at
    assert reasons(case, opens)[0].startswith("Access window open until ")
    assert reasons(case, closes) == ["The case goes on: access window ended"]
    over = withdrawn()
    due = retention.due_at(over.again())
    assert due == datetime(2027, 9, 15, 14, tzinfo=UTC)
    assert reasons(over, due - DAY / 86400) == ["Not due before 15 Sep 2027"]
    assert reasons(over, due) == []


@pytest.mark.django_db
def test_everything_that_keeps_a_case_is_said_at_once():
    case = reviewing.Reviewed()
    document(case)
    notice = notified(case, case.agency_coordinator)
    opens = case.again().opens_at
    actions.withdraw(actor=case.contributor, submission=case.submission, at=opens + DAY)
    hold = held(case, at=opens + 2 * DAY)
    named = ("due_at", "kind", "agency__name")
    owed = Obligation.objects.filter(submission=case.submission).order_by(*named)
    late = opens + 400 * DAY
    assert owed.count() > 0
    expected = [
        f"Legal hold since 26 Sep 2026, 10:00 a.m. EDT, placed by {case.coordinator}",
        *(f"{row.get_kind_display()}: not attested by {row.agency.name}" for row in owed),
        f"Disclosure notice 1 of {case.agency.name} is open",
    ]
    assert [words.replace("UTC", "") for words in reasons(case, late)[1:]] == expected[1:]
    assert reasons(case, late)[0].startswith("Legal hold since 26 Sep 2026")
    with pytest.raises(WrongState) as refusal:
        disposed(case, at=late)
    assert refusal.value.code == "records_kept"
    assert all(words in refusal.value.message for words in reasons(case, late))
    for row in owed:
        attester = case.agency_coordinator if row.agency == case.agency else case.coordinator
        actions.attest_obligation(actor=attester, obligation=row, at=late)
    disclosures.drop(actor=case.agency_coordinator, notice=notice, at=late)
    lifted(case.coordinator, hold, at=late)
    assert reasons(case, late) == []
    assert not Submission.objects.filter(pk=case.submission.pk, closed_at__isnull=False).exists()
    disposed(case, at=late)


@pytest.mark.django_db
def test_a_grant_that_runs_or_is_not_closed_out_keeps_the_files():
    granted = GrantCase()
    granted.agree()
    case, grant = granted.submission, granted.grant
    grant.refresh_from_db()
    told = retention.kept_by([case], at=grant.starts_at + DAY)[case.pk]
    assert f"Grant to {grant.partner.name} runs until " in "".join(told)
    told = retention.kept_by([case], at=grant.expires_at + DAY)[case.pk]
    assert f"Grant to {grant.partner.name} is not closed out" in told


@pytest.mark.django_db
def test_a_coordinator_disposes_and_what_was_known_stays():
    case = withdrawn("Card", "Report")
    before = versions(case)
    facts = [(v.name, v.size, v.sha256, v.uploaded_at, v.file.name) for v in before]
    Message.objects.all().delete()
    disposed(case)
    after = versions(case)
    assert [(v.name, v.size, v.sha256, v.uploaded_at, v.file.name) for v in after] == facts
    assert [(v.disposed_at, v.file_removed_at) for v in after] == [(PAST, None)] * 2
    event = Event.objects.get(verb="dispose")
    assert (event.actor, event.case_id, event.capacity, event.reason) == (
        case.coordinator, case.submission.pk, "coordinator", "",
    )  # fmt: skip
    assert {k: event.data[k] for k in ("files", "bytes")} == {
        "files": 2,
        "bytes": sum(v.size for v in before),
    }
    told = Message.objects.filter(kind="dispose")
    assert [(m.recipient, m.case_number, m.link) for m in told] == [
        (case.contributor, case.submission.case_number, f"/case/{case.submission.case_number}/")
    ]
    # Read by the lab among its case's changes.
    assert Event.objects.visible_to(case.contributor).filter(verb="dispose").count() == 1
    with pytest.raises(AlreadyDone, match="Nothing is left"):
        disposed(case)


@pytest.mark.django_db
def test_nobody_else_disposes_and_a_stale_form_does_not():
    case = withdrawn(case=reviewing.Reviewed())
    Obligation.objects.filter(submission=case.submission).update(
        attested_at=NOW, attested_by=case.coordinator
    )
    conflicted = make.coordinator()
    actions.declare_conflict(actor=conflicted, user=conflicted, submission=case.submission, at=NOW)
    people = (
        case.contributor, case.viewer, case.reviewer, case.lead, case.agency_coordinator, conflicted,
        reviewing.auditor(), reviewing.designator(), make.member(make.programme_office(), Role.SECURITY),
        make.person(is_superuser=True),
    )  # fmt: skip
    for person in people:
        with pytest.raises(NotAllowed):
            disposed(case, person)
    with pytest.raises(Stale):
        actions.dispose(
            actor=case.coordinator, submission=case.submission, at=PAST, expected_revision=case.again().revision - 1
        )  # fmt: skip
    assert not DocumentVersion.objects.exclude(disposed_at=None).exists()
    disposed(case)


@pytest.mark.django_db
def test_a_disposed_file_is_given_to_nobody_and_says_since_when():
    case = withdrawn("Card")
    version = versions(case)[0]
    assert actions.open_version(actor=case.contributor, version=version).size == version.size
    disposed(case)
    with pytest.raises(Refused) as refusal:
        actions.open_version(actor=case.contributor, version=version)
    words = "The content of this file was disposed of on 16 Sep 2027 under the retention schedule."
    assert (refusal.value.code, refusal.value.status, refusal.value.message) == ("disposed", 410, words)
    assert versions(case)[0].told == words
    assert Event.objects.filter(verb="downloaded_document").count() == 1


@pytest.mark.django_db
def test_the_job_removes_what_was_disposed_of_and_nothing_else():
    case, other = withdrawn("Card", "Report"), withdrawn("Theirs")
    living = document(make.Case()).current
    disposed(case)
    assert there(versions(case)) == [True, True]
    assert actions.remove_disposed(at=PAST) == 2
    assert (there(versions(case)), there(versions(other)), there([living])) == (
        [False, False],
        [True],
        [True],
    )
    assert [v.file_removed_at for v in versions(case)] == [PAST, PAST]
    assert Event.objects.filter(verb="remove_file").count() == 2
    assert actions.remove_disposed(at=PAST + DAY) == 0
    assert [v.file_removed_at for v in versions(case)] == [PAST, PAST]
    tasks.remove_disposed()


@pytest.mark.django_db
def test_a_step_that_is_rolled_back_marks_and_removes_nothing():
    case = withdrawn()
    with transaction.atomic():
        disposed(case)
        transaction.set_rollback(True)
    assert actions.remove_disposed(at=PAST) == 0
    assert ([v.disposed_at for v in versions(case)], there(versions(case))) == ([None], [True])


class Killed(BaseException):
    """What ends a process ends no transaction."""


@pytest.mark.django_db
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_job_killed_at_any_moment_leaves_the_rest_to_the_next(moment, monkeypatch):
    case = withdrawn("Card", "Report")
    disposed(case)
    delete, calls = FileSystemStorage.delete, []

    def killed(self, name):
        calls.append(name)
        if moment == "after":
            delete(self, name)
        if len(calls) == 1:
            raise Killed
        if moment == "before":
            delete(self, name)

    monkeypatch.setattr(FileSystemStorage, "delete", killed)
    with pytest.raises(Killed), transaction.atomic():
        actions.remove_disposed(at=PAST)
    assert [v.file_removed_at for v in versions(case)] == [None, None]
    assert actions.remove_disposed(at=PAST) == 2
    assert (there(versions(case)), [v.file_removed_at for v in versions(case)]) == ([False] * 2, [PAST] * 2)


@pytest.mark.django_db
def test_a_file_that_the_storage_does_not_give_up_keeps_no_other(monkeypatch):
    case = withdrawn("Card", "Report")
    disposed(case)
    stuck, free = versions(case)
    delete = FileSystemStorage.delete

    def failing(self, name):
        if name == stuck.file.name:
            raise OSError("read-only")
        delete(self, name)

    monkeypatch.setattr(FileSystemStorage, "delete", failing)
    assert actions.remove_disposed(at=PAST) == 1
    assert there([stuck, free]) == [True, False]
    monkeypatch.undo()
    assert actions.remove_disposed(at=PAST) == 1


@pytest.mark.django_db
def test_a_file_that_a_living_version_names_too_stays():
    case = withdrawn()
    living = document(make.Case()).current
    DocumentVersion.objects.filter(document__submission=case.submission).update(file=living.file.name)
    disposed(case)
    assert actions.remove_disposed(at=PAST) == 0
    assert there([living]) == [True]


@pytest.mark.django_db
@pytest.mark.parametrize("of", ["case", "lab"])
def test_a_hold_placed_between_the_step_and_the_job_keeps_what_is_still_there(of):
    case = withdrawn()
    disposed(case)
    target = {} if of == "case" else {"submission": None, "lab": case.lab}
    hold = held(case, at=PAST, **target)
    assert actions.remove_disposed(at=PAST) == 0
    assert there(versions(case)) == [True]
    lifted(case.coordinator, hold, at=PAST)
    assert actions.remove_disposed(at=PAST) == 1
    assert there(versions(case)) == [False]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("UPDATE submissions_documentversion SET disposed_at = NULL", "stays so"),
        ("UPDATE submissions_documentversion SET sha256 = 'another'", "stays so"),
        ("UPDATE submissions_documentversion SET file = 'another'", "stays so"),
    ],
)
def test_a_mark_is_not_taken_back_nor_what_is_known_rewritten(sql, words):
    case = withdrawn()
    disposed(case)
    with pytest.raises(IntegrityError, match=words), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.django_db
def test_the_database_disposes_of_nothing_of_a_case_that_goes_on_or_is_under_a_hold():
    living, over = make.Case(), withdrawn()
    document(living)
    rows = DocumentVersion.objects.filter(document__submission=living.submission)
    with pytest.raises(IntegrityError, match="goes on"), transaction.atomic():
        rows.update(disposed_at=NOW)
    rows = DocumentVersion.objects.filter(document__submission=over.submission)
    disposed(over)
    held(over, at=PAST)
    with pytest.raises(IntegrityError, match="kept under a legal hold"), transaction.atomic():
        rows.update(file_removed_at=PAST)
    other = withdrawn()
    held(other)
    rows = DocumentVersion.objects.filter(document__submission=other.submission)
    with pytest.raises(IntegrityError, match="kept under a legal hold"), transaction.atomic():
        rows.update(disposed_at=PAST)


def _together(*calls) -> list:
    """Each call's result, or what it refused, when all begin at once."""
    barrier, found = threading.Barrier(len(calls)), [None] * len(calls)

    def run(number, call):
        try:
            barrier.wait(30)
            found[number] = call()
        except Refused as refused:
            found[number] = refused.code
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


@pytest.mark.committed_db
@pytest.mark.parametrize("of", ["case", "lab"])
def test_a_hold_and_a_disposal_at_once_end_in_one_order_or_the_other(of):
    coordinator = make.coordinator()
    for _ in range(6):
        case = withdrawn()
        target = {} if of == "case" else {"submission": None, "lab": case.lab}
        _, answer = _together(
            lambda case=case, target=target: held(case, coordinator, at=PAST, **target),
            lambda case=case: disposed(case),
        )
        gone = versions(case)[0].disposed_at is not None
        # Either the hold came first and nothing is marked, or it came second and its file is kept where it lies.
        assert gone == (answer != "records_kept")
        assert actions.remove_disposed(at=PAST) == 0
        assert there(versions(case)) == [True]


@pytest.mark.committed_db
def test_two_disposals_and_two_jobs_at_once_do_each_thing_once():
    case = withdrawn("Card", "Report")
    answers = _together(*[lambda: disposed(case)] * 4)
    assert sorted("done" if isinstance(a, Submission) else a for a in answers) == ["already_done"] * 3 + [
        "done"
    ]
    counts = _together(*[lambda: disposing.remove_disposed(at=PAST)] * 3)
    assert sum(counts) == 2
    assert there(versions(case)) == [False, False]
    assert Event.objects.filter(verb="remove_file").count() == 2
