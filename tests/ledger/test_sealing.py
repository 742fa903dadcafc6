"""The job: once each, in order, together with a signed head or not at all; and it vouches for nothing that was altered."""

import threading
import uuid

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connections, transaction

from portal.ledger import actions as ledger
from portal.ledger import counts, heads, keys, sealing, stored
from portal.ledger.merkle import check_consistency
from portal.ledger.models import Event, Head, Key, Leaf, Node, Seal
from portal.ledger.seals import _seal_digest
from portal.submissions.looks import looked
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.admin.desk import Desk
from tests.ledger.sealed import case_with_looks, sealed_case

OLD, NEW = b"o" * 32, b"n" * 32


@pytest.mark.django_db
def test_each_event_is_sealed_once_in_the_order_of_its_number():
    case_with_looks()
    assert sealing.seal_new_events() == Event.objects.count()
    assert sealing.seal_new_events() == 0
    numbers = list(Event.objects.order_by("seq").values_list("seq", flat=True))
    assert list(Leaf.objects.order_by("place").values_list("place", "event_id")) == list(enumerate(numbers))
    (head,) = Head.objects.all()
    assert (head.number, head.size, head.last_seq) == (1, len(numbers), numbers[-1])
    keys.book().check(keys.signed(head))
    assert bytes(head.root) == stored.edge(head.size).root() == stored.tree(head.size).root()


@pytest.mark.django_db
def test_the_events_of_a_case_are_numbered_and_those_of_no_case_are_not():
    one, two = case_with_looks(2), case_with_looks(5)
    with transaction.atomic():
        ledger.record(
            actor=one.viewer, verb="declare_conflict", subject=one.viewer, case_id=one.submission.pk
        )
        looked(actor=one.viewer, submission=one.submission, verb="viewed_facts")
    sealing.seal_new_events()
    for case in (one, two):
        told = (
            Event.objects.filter(case_id=case.submission.pk).exclude(verb="declare_conflict").order_by("seq")
        )
        leaves = Leaf.objects.filter(case_id=case.submission.pk).order_by("place")
        assert list(leaves.values_list("ordinal", "event_id")) == list(
            enumerate(told.values_list("seq", flat=True))
        )
    hidden = Leaf.objects.get(event__verb="declare_conflict")
    assert (hidden.case_id, hidden.ordinal) == (None, None)
    found = stored.counts(Head.objects.get().size)
    assert found == {
        str(case.submission.pk): Leaf.objects.filter(case_id=case.submission.pk).count()
        for case in (one, two)
    }
    assert bytes(Head.objects.get().counts) == counts.root(found)


@pytest.mark.django_db
def test_the_log_grows_over_many_runs_and_blocks():
    case = make.Case(make.draft)
    sizes = []
    for looks in (3, 250, 1, 600):
        with transaction.atomic():
            for _ in range(looks):
                looked(actor=case.viewer, submission=case.submission, verb="viewed_facts")
        sealing.seal_new_events(batch=200)
        sizes.append(Leaf.objects.count())
    assert Head.objects.count() == 1 + 2 + 1 + 3 + (sizes[1] - sizes[0] > 400)
    assert Node.objects.filter(level=1).count() == sizes[-1] // 256
    last = Head.objects.latest("number")
    for head in Head.objects.all():
        proof = stored.tree(last.size).consistency(head.size)
        check_consistency(head.size, last.size, bytes(head.root), bytes(last.root), proof)
    call_command("verify_ledger")


@pytest.mark.django_db
def test_events_of_equal_content_are_leaves_of_their_own():
    case = case_with_looks(4)
    sealing.seal_new_events()
    rows = Event.objects.filter(case_id=case.submission.pk, verb="viewed_facts")
    assert len({bytes(row.salt) for row in rows}) == 4
    assert len({bytes(row.leaf.hash) for row in rows}) == 4


@pytest.mark.django_db
def test_a_rotation_is_in_the_log_and_old_heads_verify(settings):
    settings.PORTAL_LEDGER_SIGNING_KEYS = [OLD]
    sealed_case()
    old = keys.signed(Head.objects.latest("number"))
    settings.PORTAL_LEDGER_SIGNING_KEYS = [NEW, OLD]
    sealed_case()
    new = keys.signed(Head.objects.latest("number"))
    assert [head.key for head in (old, new)] == [heads.key_id(heads.public_of(one)) for one in (OLD, NEW)]
    event = Event.objects.get(verb="rotated_key")
    assert Leaf.objects.filter(event=event).exists()
    assert event.data == {"key": new.key, "from_size": old.size, "before": old.key, "endorsed": True}
    first, second = keys.listed()
    assert (first.until, second.until, second.from_size) == (second.since, None, old.size)
    for trusted in (OLD, NEW):
        book = heads.Keys(keys.listed(), [heads.public_of(trusted)])
        book.check(old)
        book.check(new)
    # The old key is out of settings: nothing needs its secret any more.
    settings.PORTAL_LEDGER_SIGNING_KEYS = [NEW]
    sealed_case()
    call_command("verify_ledger")


@pytest.mark.django_db
def test_a_key_that_another_took_over_from_signs_nothing(settings):
    settings.PORTAL_LEDGER_SIGNING_KEYS = [OLD]
    sealed_case()
    settings.PORTAL_LEDGER_SIGNING_KEYS = [NEW, OLD]
    sealed_case()
    settings.PORTAL_LEDGER_SIGNING_KEYS = [OLD]
    case_with_looks()
    with pytest.raises(keys.KeyRetiredError):
        sealing.seal_new_events()


@pytest.mark.django_db
def test_a_key_without_the_old_one_s_word_is_not_believed_by_who_knows_the_old_one(settings):
    settings.PORTAL_LEDGER_SIGNING_KEYS = [OLD]
    sealed_case()
    settings.PORTAL_LEDGER_SIGNING_KEYS = [NEW]
    case_with_looks()
    with pytest.raises(keys.KeyUnknownError, match="not among"):
        sealing.seal_new_events()
    with pytest.raises(CommandError, match="not among"):
        call_command("seal_ledger")
    assert Head.objects.count() == 1
    call_command("seal_ledger", "--key-alone")
    assert Event.objects.get(verb="rotated_key").data["endorsed"] is False
    call_command("verify_ledger")
    book = heads.Keys(keys.listed(), [heads.public_of(OLD)])
    with pytest.raises(heads.HeadError, match="not believed"):
        book.check(keys.signed(Head.objects.latest("number")))
    # The new one says from which it took over, so the old heads are believed by who knows the new one.
    heads.Keys(keys.listed(), [heads.public_of(NEW)]).check(keys.signed(Head.objects.earliest("number")))


@pytest.mark.django_db
def test_a_retired_key_signs_no_later_head(settings):
    settings.PORTAL_LEDGER_SIGNING_KEYS = [OLD]
    sealed_case()
    settings.PORTAL_LEDGER_SIGNING_KEYS = [NEW, OLD]
    sealed_case()
    true = keys.signed(Head.objects.latest("number"))
    id_ = heads.key_id(heads.public_of(OLD))
    false = heads.SignedHead(true.size, true.root, true.counts, true.at, id_, b"")
    false = heads.SignedHead(*(getattr(false, name) for name in ("size", "root", "counts", "at", "key")),
                             heads.sign(OLD, false.statement()))  # fmt: skip
    with pytest.raises(heads.HeadError, match="outside its time"):
        keys.book().check(false)


@pytest.mark.committed_db
def test_two_jobs_at_once_seal_each_event_once():
    case_with_looks(300)
    start = threading.Barrier(3)
    sealed, wrong = [], []

    def run():
        try:
            start.wait()
            sealed.append(sealing.seal_new_events(batch=50))
        except Exception as error:
            wrong.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    sealing.seal_new_events()
    assert Leaf.objects.count() == Event.objects.count() >= sum(sealed) > 300
    call_command("verify_ledger")


@pytest.mark.committed_db
def test_killed_between_leaves_and_head_nothing_is_half_sealed(monkeypatch):
    case_with_looks(300)

    def killed(self, head):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sealing._Run, "_sign", killed)
        with pytest.raises(KeyboardInterrupt):
            sealing.seal_new_events()
    assert [rows.objects.count() for rows in (Leaf, Node, Head)] == [0, 0, 0]
    assert Key.objects.count() == 1
    assert sealing.seal_new_events() == Event.objects.count()
    call_command("verify_ledger")


@pytest.mark.committed_db
def test_what_is_not_committed_yet_is_waited_for():
    """A lower number that commits later than a higher one is not passed over."""
    case = case_with_looks()
    written, go_on = threading.Event(), threading.Event()

    def slow():
        with transaction.atomic():
            looked(actor=case.viewer, submission=case.submission, verb="viewed_terms")
            written.set()
            go_on.wait()
        connections.close_all()

    thread = threading.Thread(target=slow)
    thread.start()
    written.wait()
    with transaction.atomic():
        looked(actor=case.viewer, submission=case.submission, verb="viewed_dates")
    assert sealing.seal_new_events() == 0
    go_on.set()
    thread.join()
    sealing.seal_new_events()
    assert Leaf.objects.count() == Event.objects.count()


@pytest.mark.committed_db
def test_an_event_that_the_portal_did_not_write_is_not_vouched_for(owner_connection):
    case = sealed_case()
    forged = str(uuid.uuid4())
    owner_connection.execute(
        """INSERT INTO ledger_event (id, at, kind, verb, capacity, subject_type, subject_id, case_id, reason, data, digest)
           SELECT %s, at, kind, verb, capacity, subject_type, subject_id, case_id, reason, data, digest
             FROM ledger_event WHERE verb = 'submit'""",
        [forged],
    )
    with pytest.raises(sealing.NotSealedError, match=f"event {forged} .* is not as this portal wrote it"):
        sealing.seal_new_events()
    with pytest.raises(CommandError, match=f"event {forged} .* was altered"):
        call_command("verify_ledger")
    assert not Leaf.objects.filter(event__id=forged).exists()
    # An operator who knows why goes on, which is on record.
    call_command("seal_ledger", "--despite-faults")
    call_command("verify_ledger")
    assert Event.objects.filter(verb="sealed_despite_faults").count() == 1
    assert (
        stored.counts(10**9)[str(case.submission.pk)]
        == Leaf.objects.filter(case_id=case.submission.pk).count()
    )


LAST = "(SELECT max(place) FROM ledger_leaf)"
LAST_TOLD = "(SELECT max(place) FROM ledger_leaf WHERE case_id IS NOT NULL)"


@pytest.mark.committed_db
@pytest.mark.parametrize(
    ("table", "statement", "expected"),
    [
        ("ledger_leaf", f"DELETE FROM ledger_leaf WHERE place = {LAST}", "lead to the root"),
        (
            "ledger_leaf",
            f"UPDATE ledger_leaf SET hash = sha256('x') WHERE place = {LAST}",
            "lead to the root",
        ),
        (
            "ledger_leaf",
            f"UPDATE ledger_leaf SET case_id = NULL, ordinal = NULL WHERE place = {LAST_TOLD}",
            "the counts",
        ),
        ("ledger_head", "UPDATE ledger_head SET at = at + interval '1 hour'", "does not bear the signature"),
        ("ledger_head", "UPDATE ledger_head SET counts = sha256('x')", "does not bear the signature"),
        ("ledger_key", "UPDATE ledger_key SET from_size = 10000", "outside its time"),
    ],
)
def test_the_log_does_not_go_on_over_what_was_altered(owner_connection, table, statement, expected):
    sealed_case()
    owner_connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    owner_connection.execute(statement)
    case_with_looks()
    with pytest.raises(sealing.NotSealedError, match=expected):
        sealing.seal_new_events()


@pytest.mark.django_db
def test_a_database_refuses_a_place_a_head_or_a_number_of_a_case_twice():
    case = sealed_case()
    leaf = Leaf.objects.filter(case_id=case.submission.pk).first()
    head = Head.objects.get()
    twice = [
        Leaf(place=leaf.place, event_id=10**6, hash=leaf.hash),
        Leaf(place=10**6, event_id=leaf.event_id, hash=leaf.hash),
        Leaf(place=10**6, event_id=10**6, case_id=leaf.case_id, ordinal=leaf.ordinal, hash=leaf.hash),
        Head(number=2, at=head.at, size=head.size, last_seq=10**6, root=head.root, counts=head.counts, key=head.key,
             signature=head.signature),
    ]  # fmt: skip
    for row in twice:
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save(force_insert=True)


@pytest.mark.committed_db
def test_old_seals_are_read_once_before_the_first_head(owner_connection):
    """A database of before the tree: its events are sealed into it, unless what the old seals closed is not there any more."""
    case_with_looks()
    events = list(Event.objects.order_by("seq"))
    seal = Seal(number=1, at=make.NOW, last_seq=events[-1].seq, events=len(events))
    seal.digest = _seal_digest(seal, b"", [bytes(event.digest) for event in events])
    seal.save()
    owner_connection.execute("ALTER TABLE ledger_event DISABLE TRIGGER USER")
    owner_connection.execute("CREATE TABLE kept AS SELECT * FROM ledger_event WHERE verb = 'submit'")
    owner_connection.execute("DELETE FROM ledger_event WHERE verb = 'submit'")
    with pytest.raises(sealing.NotSealedError, match=r"seal 1 .* does not fit"):
        sealing.seal_new_events()
    owner_connection.execute("INSERT INTO ledger_event SELECT * FROM kept")
    assert sealing.seal_new_events() == Event.objects.count()


@pytest.mark.django_db
def test_who_oversees_the_programme_finds_what_was_done_to_the_log_and_nobody_else_does():
    case = case_with_looks()
    sealing.seal_new_events(despite=True)
    people = {
        "auditor": reviewing.auditor(),
        "coordinator": case.coordinator,
        "designator": reviewing.designator(),
        "lab": case.contributor,
        "superuser": make.person(is_superuser=True),
    }
    told = ["began_log", "sealed_despite_faults"]
    found = {
        name: sorted(
            Event.objects.visible_to(user).filter(subject_type="ledger.key").values_list("verb", flat=True)
        )
        for name, user in people.items()
    }
    assert found == {"auditor": told, "coordinator": told, "designator": [], "lab": [], "superuser": []}
    page = Desk(people["auditor"]).text("ledger_event_changelist")
    assert "Began the sealed log" in page
    assert "Sealed what did not fit, by an operator's word" in page
