"""Legal holds: what stands under one is removed by nobody, and nothing of the lab's moves by it."""

from threading import Event as Signal
from threading import Thread

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from portal.accounts.models import Membership, Role
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.actions import holds
from portal.submissions.models import DocumentVersion, LegalHold, Submission
from portal.submissions.querysets_records import with_kept_since
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.factories_disclosures import document
from tests.factories_partners import GrantCase
from tests.factories_records import MATTER, REASON, held, lifted

NOW, DAY = make.NOW, make.DAY


def kept_since(case) -> object:
    return with_kept_since(Submission.objects.filter(pk=case.submission.pk)).get().kept_since


def refused(sql: str, *values) -> bool:
    """Whether the database refuses to run this because records are kept."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, values)
            transaction.set_rollback(True)
    except IntegrityError as error:
        return "records are kept under a legal hold" in str(error)
    return False


@pytest.mark.django_db
def test_a_coordinator_places_one_and_lifts_it_and_both_are_on_record():
    case = make.Case()
    hold = held(case)
    assert (hold.submission, hold.lab, hold.matter, hold.reason, hold.placed_by, hold.placed_at, hold.state) == (
        case.submission, None, MATTER, REASON, case.coordinator, NOW, "standing",
    )  # fmt: skip
    assert kept_since(case) == NOW
    with pytest.raises(AlreadyDone, match="kept for this matter already"):
        held(case)
    other = make.coordinator()
    ended = lifted(other, hold, at=NOW + DAY)
    assert (ended.state, ended.lifted_by, ended.lifted_at, ended.lift_reason) == (
        "lifted", other, NOW + DAY, "The matter is over.",
    )  # fmt: skip
    assert kept_since(case) is None
    with pytest.raises(AlreadyDone, match="lifted already"):
        lifted(case.coordinator, hold)
    told = Event.objects.filter(subject_id=hold.pk).order_by("seq")
    assert [(e.verb, e.actor, e.case_id, e.capacity, e.reason, e.data) for e in told] == [
        ("place_legal_hold", case.coordinator, case.submission.pk, "coordinator", "", {}),
        ("lift_legal_hold", other, case.submission.pk, "coordinator", "", {}),
    ]
    # And again for the same matter, which is another hold.
    assert held(case, at=NOW + 2 * DAY).pk != hold.pk


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "refusal", "field"),
    [
        ({"matter": " "}, Missing, "matter"),
        ({"matter": "x" * 121}, Invalid, "matter"),
        ({"reason": ""}, Missing, "reason"),
        ({"reason": "x" * 2001}, Invalid, "reason"),
        ({"lab": "own"}, Invalid, "submission"),
        ({"submission": None}, Invalid, "submission"),
    ],
)
def test_what_is_no_hold_is_refused(options, refusal, field):
    case = make.Case()
    options = {"matter": MATTER, "reason": REASON, "submission": case.submission} | options
    if options.get("lab"):
        options["lab"] = case.lab
    with pytest.raises(refusal) as raised:
        holds.place(actor=case.coordinator, at=NOW, **options)
    assert raised.value.field == field
    assert not LegalHold.objects.exists()


@pytest.mark.django_db
def test_nobody_else_places_or_lifts_one():
    case = reviewing.Reviewed()
    office = make.programme_office()
    conflicted, other_half = make.coordinator(), make.coordinator()
    actions.declare_conflict(actor=conflicted, user=conflicted, organisation=case.lab, at=NOW)
    own_lab = make.member(case.lab, Role.VIEWER)
    Membership.objects.create(user=own_lab, organisation=office, role=Role.COORDINATOR, since=NOW - DAY)
    hold = held(case)
    people = (
        case.contributor, case.viewer, case.reviewer, case.lead, case.agency_coordinator, conflicted, own_lab,
        reviewing.auditor(), reviewing.designator(), make.member(office, Role.LIAISON), make.person(is_superuser=True),
    )  # fmt: skip
    for person in people:
        for of in ({"submission": case.submission}, {"lab": case.lab}):
            with pytest.raises(NotAllowed):
                holds.place(actor=person, matter="Other", reason=REASON, at=NOW, **of)
        with pytest.raises(NotAllowed):
            lifted(person, hold)
    with pytest.raises(NotAllowed):
        holds.place(actor=case.coordinator, matter="Other", reason=REASON, lab=office, at=NOW)
    assert list(LegalHold.objects.standing()) == [hold]
    assert lifted(other_half, hold).state == "lifted"


@pytest.mark.django_db
def test_a_draft_is_not_there_to_be_kept_alone():
    case = make.Case(make.draft)
    with pytest.raises(NotAllowed):
        held(case)
    holds.place(actor=case.coordinator, matter=MATTER, reason=REASON, lab=case.lab, at=NOW)
    assert kept_since(case) == NOW


@pytest.mark.django_db
def test_who_reads_one():
    case = reviewing.Reviewed()
    other = make.Case()
    hold, of_lab = held(case), holds.place(
        actor=case.coordinator, matter=MATTER, reason=REASON, lab=case.lab, at=NOW
    )  # fmt: skip
    foreign = held(other)
    auditor, conflicted, one_case = reviewing.auditor(), make.coordinator(), make.coordinator()
    actions.declare_conflict(actor=conflicted, user=conflicted, organisation=case.lab, at=NOW)
    actions.declare_conflict(actor=one_case, user=one_case, submission=case.submission, at=NOW)
    everyone = {hold, of_lab, foreign}
    expected = {
        case.coordinator: everyone, auditor: everyone, conflicted: {foreign}, one_case: {of_lab, foreign},
        case.contributor: set(), case.reviewer: set(), case.lead: set(), case.agency_coordinator: set(),
        reviewing.designator(): set(), make.person(is_superuser=True): set(),
    }  # fmt: skip
    for person, seen in expected.items():
        assert set(LegalHold.objects.visible_to(person)) == seen, person
        events = Event.objects.visible_to(person).filter(verb="place_legal_hold")
        own = {hold, of_lab, foreign} if person == case.coordinator else seen
        assert set(events.values_list("subject_id", flat=True)) == {row.pk for row in own}, person


@pytest.mark.django_db
def test_the_lab_reads_since_when_and_nothing_else():
    case = make.Case()
    held(case, at=NOW + DAY)
    holds.place(actor=case.coordinator, matter=MATTER, reason=REASON, lab=case.lab, at=NOW + 2 * DAY)
    assert kept_since(case) == NOW + DAY
    assert kept_since(make.Case()) is None
    told = Event.objects.visible_to(case.contributor).filter(subject_type="submissions.legalhold")
    assert not told.exists()


@pytest.mark.django_db
def test_every_step_of_the_lab_goes_on_under_one():
    case = make.Case()
    kept = document(case)
    held(case)
    holds.place(actor=case.coordinator, matter=MATTER, reason=REASON, lab=case.lab, at=NOW)
    before = case.again()
    actions.release(actor=case.contributor, submission=before, at=NOW + DAY)
    actions.withdraw(actor=case.contributor, submission=case.again(), at=NOW + DAY)
    assert (case.again().state, case.again().released_at) == ("withdrawn", NOW + DAY)
    draft = make.draft(actor=case.contributor, lab=case.lab)
    taken_out = actions.add_document(
        actor=case.contributor, submission=draft, kind="other", title="", upload=make.pdf("x"), at=NOW
    )
    actions.remove_document(actor=case.contributor, document=taken_out, at=NOW)
    assert DocumentVersion.objects.filter(document__in=[taken_out, kept]).count() == 2


# Tables whose rows lead to a case or a lab and that no hold needs to keep, each with the reason.
NEVER_REMOVED = {
    "submissions_requestanswer", "submissions_requestanswer_files", "submissions_requestfollowup",
    "submissions_disclosurenotice_documents", "submissions_disclosurestatement", "reviews_designation",
    "reviews_designationconfirmation", "reviews_matchingneed", "reviews_matchingpair", "reviews_matchingoutcome",
    "ledger_event",
}  # fmt: skip
# Of these a trigger of their own removes nothing; but of a draft's answers, which are written over as its other words are.
GUARDED_BY_ITS_OWN = {
    "submissions_legalhold", "reviews_assessmentanswer", "submissions_breakglass", "submissions_unusualreading",
}  # fmt: skip


def _parents(model) -> set:
    found = {f.related_model for f in model._meta.concrete_fields if f.is_relation}
    return {parent for parent in found if parent is not model}


def _of_a_case() -> set[str]:
    """Every table whose rows belong to a case, by its foreign keys or by a case's id."""
    models = [m for m in apps.get_models(include_auto_created=True) if m._meta.managed and not m._meta.proxy]
    found = {
        m for m in models if m is Submission or any(f.name == "case_id" for f in m._meta.concrete_fields)
    }
    while True:
        more = {m for m in models if _parents(m) & found} - found
        if not more:
            return {model._meta.db_table for model in found}
        found |= more


@pytest.mark.django_db
def test_every_table_of_a_case_is_kept_or_append_only():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgname IN ('records_kept', 'append_only')"
        )
        rows = cursor.fetchall()
    kept = {table for table, name in rows if name == "records_kept"}
    append_only = {table for table, name in rows if name == "append_only"}
    assert append_only >= NEVER_REMOVED
    assert _of_a_case() - kept - append_only - GUARDED_BY_ITS_OWN == set()
    assert "reviews_inquiry" in kept


@pytest.mark.django_db
@pytest.mark.parametrize("of", ["case", "lab"])
def test_the_database_removes_no_row_of_a_case_under_one(of):
    case, other = reviewing.Reviewed(), make.Case()
    reviewing.draft(case, at=NOW)
    version = document(case).current
    others = document(other).current
    inquiry = reviewing.submitted_inquiry(case.contributor, case.lab)
    mine = {
        "submissions_documentversion": version.pk, "submissions_document": version.document_id,
        "submissions_facts": case.submission.facts_id, "reviews_assignment": case.seat.pk,
        "submissions_submission": case.submission.pk,
    }  # fmt: skip
    target = {"submission": case.submission} if of == "case" else {"lab": case.lab}
    hold = holds.place(actor=case.coordinator, matter=MATTER, reason=REASON, at=NOW, **target)
    delete = "DELETE FROM {} WHERE id = %s"
    assert [name for name, pk in mine.items() if not refused(delete.format(name), pk)] == []
    assert refused("DELETE FROM deadlines_deadline WHERE case_id = %s", case.submission.pk)
    assert refused("DELETE FROM deadlines_message WHERE case_id = %s", case.submission.pk)
    assert refused(delete.format("reviews_inquiry"), inquiry.pk) == (of == "lab")
    assert not refused(delete.format("submissions_documentversion"), others.pk)
    lifted(case.coordinator, hold)
    assert not refused(delete.format("submissions_documentversion"), version.pk)


@pytest.mark.django_db
def test_a_grant_under_one_stays():
    granted = GrantCase()
    granted.agree()
    held(granted)
    assert refused("DELETE FROM partners_grantuser WHERE grant_id = %s", granted.grant.pk)
    assert refused("DELETE FROM partners_grant WHERE id = %s", granted.grant.pk)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM submissions_legalhold",
        "TRUNCATE submissions_legalhold",
        "UPDATE submissions_legalhold SET matter = 'Another'",
        "UPDATE submissions_legalhold SET placed_at = placed_at - interval '1 day', lifted_at = now()",
        "UPDATE submissions_legalhold SET submission_id = NULL",
    ],
)
def test_a_hold_itself_is_neither_removed_nor_rewritten(sql):
    held(make.Case())
    words = r"placed, and lifted once|permission denied"
    with pytest.raises(Exception, match=words), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.committed_db
def test_the_owner_of_the_tables_removes_and_empties_nothing_while_one_stands(owner_connection):
    case = make.Case()
    version = document(case).current
    hold = held(case)
    for sql in (
        f"DELETE FROM submissions_documentversion WHERE id = '{version.pk}'",
        "TRUNCATE submissions_documentversion CASCADE",
        "TRUNCATE submissions_legalhold",
        f"UPDATE submissions_legalhold SET lifted_at = NULL WHERE id = '{hold.pk}'",
    ):
        with pytest.raises(Exception, match="legal hold"):
            owner_connection.execute(sql)
    assert DocumentVersion.objects.filter(pk=version.pk).exists()


@pytest.mark.committed_db
@pytest.mark.parametrize("of", ["case", "lab"])
def test_a_removal_under_way_is_waited_for_and_the_next_is_refused(of):
    case = make.Case()
    first, second = document(case, "First").current, document(case, "Second").current
    removed, done = Signal(), Signal()
    target = {"submission": case.submission} if of == "case" else {"lab": case.lab}

    def place():
        try:
            removed.wait(30)
            holds.place(actor=case.coordinator, matter=MATTER, reason=REASON, at=NOW, **target)
            done.set()
        finally:
            connection.close()

    thread = Thread(target=place)
    thread.start()
    with transaction.atomic():
        DocumentVersion.objects.filter(pk=first.pk).delete()
        removed.set()
        # It waits for this transaction, however long that lasts.
        assert not done.wait(1)
    thread.join(30)
    assert done.is_set()
    with pytest.raises(IntegrityError, match="kept under a legal hold"), transaction.atomic():
        DocumentVersion.objects.filter(pk=second.pk).delete()
    assert list(DocumentVersion.objects.all()) == [second]
