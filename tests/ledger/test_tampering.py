"""Whatever the owner of the database does to rows, the operator's check and the lab's verifier each name it."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from portal.ledger import keys, merkle, sealing, stored
from portal.ledger.leaf import leaves
from portal.ledger.models import Event, Head, Key, Leaf, Node
from portal.submissions.looks import looked
from tests.ledger.sealed import archive, public_key, sealed_case, verdict

pytestmark = pytest.mark.committed_db
TABLES = ("ledger_event", "ledger_leaf", "ledger_node", "ledger_head", "ledger_key")
SUBMIT = "(SELECT seq FROM ledger_event WHERE verb = 'submit')"


@pytest.fixture
def owner(owner_connection):
    """The database's owner, with the triggers that refuse changes switched off."""
    for table in TABLES:
        owner_connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    return owner_connection


def named_by_the_operators_check(*arguments) -> str:
    with pytest.raises(CommandError) as caught:
        call_command("verify_ledger", *arguments)
    assert caught.value.returncode == 1
    return str(caught.value)


def saved(tmp_path) -> str:
    path = tmp_path / "head.json"
    path.write_text(json.dumps({"head": keys.signed(Head.objects.latest("number")).as_json()}))
    return str(path)


ALTERED = "was altered or moved"


@pytest.mark.parametrize(
    ("statement", "operator", "lab"),
    [
        ("UPDATE ledger_event SET reason = 'x' WHERE verb = 'submit'", ALTERED, "was altered"),
        ("UPDATE ledger_event SET data = data - 'revision' WHERE verb = 'submit'", ALTERED, "was altered"),
        ("UPDATE ledger_event SET at = at + interval '1 microsecond' WHERE verb = 'submit'", ALTERED, "was altered"),
        ("UPDATE ledger_event SET verb = 'nothing' WHERE verb = 'submit'", ALTERED, "was altered"),
        ("UPDATE ledger_event SET actor_id = NULL WHERE verb = 'submit'", ALTERED, "was altered"),
        ("UPDATE ledger_event SET salt = sha256(salt) WHERE verb = 'submit'", ALTERED, "was altered"),
        ("UPDATE ledger_event SET digest = sha256(digest) WHERE verb = 'submit'", ALTERED, "was altered"),
        ("UPDATE ledger_event SET capacity = 'auditor' WHERE verb = 'submit'", ALTERED, "was altered"),
        ("DELETE FROM ledger_event WHERE verb = 'submit'", "is missing", "is missing"),
        (f"DELETE FROM ledger_leaf WHERE seq = {SUBMIT}", "is missing", "is missing"),
        (
            "DELETE FROM ledger_leaf WHERE place = (SELECT max(place) FROM ledger_leaf WHERE case_id IS NOT NULL)",
            "is missing",
            "the head does not say that the case has",
        ),
        (
            """UPDATE ledger_event e SET seq = CASE e.verb WHEN 'submit' THEN -1 ELSE e.seq END;
               UPDATE ledger_event SET seq = (SELECT min(seq) FROM ledger_event WHERE verb = 'viewed_facts') + 100000
                WHERE seq = (SELECT min(seq) FROM ledger_event WHERE verb = 'viewed_facts');
               UPDATE ledger_event SET seq = (SELECT min(l.seq) FROM ledger_leaf l LEFT JOIN ledger_event e ON e.seq = l.seq
                WHERE e.seq IS NULL) WHERE seq > 100000;
               UPDATE ledger_event SET seq = (SELECT max(l.seq) FROM ledger_leaf l LEFT JOIN ledger_event e ON e.seq = l.seq
                WHERE e.seq IS NULL) WHERE seq = -1""",
            ALTERED,
            "was altered",
        ),
        (
            f"""UPDATE ledger_leaf SET place = place - 1000 WHERE seq IN ({SUBMIT}, {SUBMIT} + 1);
                UPDATE ledger_leaf SET place = (SELECT sum(place) FROM ledger_leaf WHERE place < 0) - place + 1000
                 WHERE place < 0""",
            "was moved",
            "is out of order",
        ),
        (f"UPDATE ledger_leaf SET ordinal = ordinal + 100 WHERE seq >= {SUBMIT} AND case_id IS NOT NULL",
         ALTERED, "is missing"),
    ],
)  # fmt: skip
def test_what_the_owner_alters_deletes_or_moves(owner, tmp_path, statement, operator, lab):
    case = sealed_case()
    before = archive(case, tmp_path / "before.zip")
    call_command("verify_ledger")
    assert verdict(before, "--key", public_key())[0] == 0
    owner.execute(statement)
    assert operator in named_by_the_operators_check()
    status, said = verdict(archive(case, tmp_path / "after.zip"), "--key", public_key())
    assert (status, said.startswith("FAULT: ")) == (1, True)
    assert lab in said


def test_an_event_and_its_leaf_deleted_from_the_end_of_a_case(owner, tmp_path):
    """The last look at a case leaves no gap between numbers: the count in the signed head shows that it is gone."""
    case = sealed_case(looks=3)
    last = Leaf.objects.filter(case_id=case.submission.pk).latest("ordinal")
    owner.execute("DELETE FROM ledger_event WHERE seq = %s", [last.event_id])
    owner.execute("DELETE FROM ledger_leaf WHERE seq = %s", [last.event_id])
    assert f"place {last.place} is missing" in named_by_the_operators_check()
    status, said = verdict(archive(case, tmp_path / "a.zip"), "--key", public_key())
    assert (status, said) == (
        1, f"FAULT: the head does not say that the case has {last.ordinal} events"
    )  # fmt: skip


INSERTED = """
    INSERT INTO ledger_event (id, seq, at, kind, verb, capacity, subject_type, subject_id, case_id, reason, data, digest)
    SELECT gen_random_uuid(), {seq}, at, kind, verb, capacity, subject_type, subject_id, case_id, reason, data, digest
      FROM ledger_event WHERE verb = 'viewed_facts' ORDER BY seq LIMIT 1
"""


def test_an_event_inserted_before_the_last_head(owner):
    sealed_case()
    owner.execute(INSERTED.format(seq="-5"))
    # Event numbers begin at 1; below them nothing is sealed and nothing may be.
    assert "was inserted" in named_by_the_operators_check()


def test_an_event_inserted_with_a_leaf(owner, tmp_path):
    case = sealed_case()
    last = Head.objects.get()
    owner.execute(INSERTED.format(seq=last.last_seq + 1000))
    owner.execute(
        "INSERT INTO ledger_leaf (place, seq, case_id, ordinal, hash) SELECT %s, %s, case_id, max(ordinal) + 1, sha256('x')"
        " FROM ledger_leaf WHERE case_id IS NOT NULL GROUP BY case_id",
        [last.size, last.last_seq + 1000],
    )
    assert "stand beyond the last head" in named_by_the_operators_check()
    # Nobody signed for it, so the lab's archive does not have it, and is what it was.
    assert verdict(archive(case, tmp_path / "a.zip"))[0] == 0


def altered_through(owner) -> None:
    """An event altered, and every hash above it made anew."""
    owner.execute("UPDATE ledger_event SET reason = 'x' WHERE verb = 'submit'")
    rows = stored.events(0, 10**9, 10**6)
    ordinals = dict(Leaf.objects.values_list("event_id", "ordinal"))
    for row in rows:
        if row[4] == "submit":
            (hashed,) = leaves([row], [ordinals[row[0]]])
            owner.execute("UPDATE ledger_leaf SET hash = %s WHERE seq = %s", [hashed, row[0]])
    for node in Node.objects.filter(level=1):
        (root,) = merkle.peaks(stored.read(0, node.number, Leaf.objects.count()))
        owner.execute("UPDATE ledger_node SET hash = %s WHERE id = %s", [root, node.pk])


def test_an_event_altered_with_every_hash_above_it(owner, tmp_path):
    case = sealed_case(looks=300)
    altered_through(owner)
    assert "do not lead to the root of the head" in named_by_the_operators_check()
    status, said = verdict(archive(case, tmp_path / "a.zip"), "--key", public_key())
    assert (status, "was altered, or the log around it: its proof leads to another root" in said) == (1, True)


def test_a_stored_hash_altered(owner, tmp_path):
    case = sealed_case(looks=600)
    owner.execute("UPDATE ledger_node SET hash = sha256(hash) WHERE level = 1 AND number = 1")
    assert "the stored hash over places 256 to 511 does not fit" in named_by_the_operators_check()
    status, said = verdict(archive(case, tmp_path / "a.zip"))
    assert (status, "was altered, or the log around it: its proof leads to another root" in said) == (1, True)


def test_a_head_deleted(owner):
    sealed_case()
    sealed_case()
    owner.execute("DELETE FROM ledger_head WHERE number = 1")
    assert named_by_the_operators_check() == "tree head 1 is missing"


def test_a_hash_that_no_leaves_lead_to(owner):
    sealed_case()
    owner.execute("INSERT INTO ledger_node (level, number, hash) VALUES (1, 7, sha256('x'))")
    assert named_by_the_operators_check() == "hashes are stored that no leaves lead to"


def test_a_head_that_the_owner_signed_with_a_key_of_its_own(owner, tmp_path, settings):
    """Everything is made anew and fits, under a key that the owner put on record: nobody believes that key."""
    case = sealed_case()
    true = list(settings.PORTAL_LEDGER_SIGNING_KEYS)
    key = public_key()
    altered_through(owner)
    owner.execute("DELETE FROM ledger_head")
    owner.execute("DELETE FROM ledger_key")
    owner.execute("DELETE FROM ledger_leaf")
    owner.execute("DELETE FROM ledger_node")
    owner.execute("DELETE FROM ledger_event WHERE verb = 'began_log'")
    settings.PORTAL_LEDGER_SIGNING_KEYS = [b"f" * 32]
    sealing.seal_new_events(despite=True)
    forged = archive(case, tmp_path / "a.zip")
    settings.PORTAL_LEDGER_SIGNING_KEYS = true
    assert "not believed" in named_by_the_operators_check()
    assert verdict(forged)[0] == 0
    assert "not believed" in verdict(forged, "--key", key)[1]
    # Nor does the portal's key take over from it, which would say that its heads are the log's.
    with pytest.raises(keys.KeyUnknownError, match="not among PORTAL_LEDGER_SIGNING_KEYS"):
        sealing.seal_new_events()


def rolled_back(owner, number: int) -> None:
    """The log as it was at an earlier head, as when an older copy of the database was put in place."""
    head = Head.objects.get(number=number)
    owner.execute("DELETE FROM ledger_head WHERE number > %s", [number])
    owner.execute("DELETE FROM ledger_leaf WHERE place >= %s", [head.size])
    owner.execute("DELETE FROM ledger_event WHERE seq > %s", [head.last_seq])
    owner.execute("DELETE FROM ledger_node")


def test_a_log_cut_short_or_forked(owner, tmp_path):
    """Each part of it fits: only who kept a head of the other branch can tell, and does."""
    case = sealed_case()
    case_before = archive(case, tmp_path / "before.zip")
    sealed_case(looks=2)
    kept = saved(tmp_path)
    before = archive(case, tmp_path / "old.zip")
    rolled_back(owner, 1)
    call_command("verify_ledger")
    assert "the log was cut short" in named_by_the_operators_check("--since", kept)
    assert "cut short" in verdict(archive(case, tmp_path / "cut.zip"), "--since", kept)[1]
    sealed_case(looks=20)
    call_command("verify_ledger")
    assert "it forked, or was written anew" in named_by_the_operators_check("--since", kept)
    forked = archive(case, tmp_path / "forked.zip")
    assert verdict(case_before, forked)[0] == 0
    status, said = verdict(forked, "--since", kept)
    assert status == 1
    assert "neither the archive nor --proof has the way" in said
    # Nor does any proof that the portal can make lead from the one to the other.
    size = json.loads((tmp_path / "head.json").read_text())["head"]["size"]
    proof = tmp_path / "proof.json"
    now = Head.objects.latest("number").size
    steps = [step.hex() for step in stored.tree(now).consistency(size)]
    proof.write_text(json.dumps({"first": size, "second": now, "proof": steps}))
    assert "the log forked" in verdict(forked, "--since", kept, "--proof", proof)[1]
    assert "the log forked" in verdict(before, forked, "--proof", proof)[1]


def test_two_heads_of_one_size(owner, tmp_path):
    case = sealed_case()
    other = sealed_case(looks=2)
    kept = saved(tmp_path)
    rolled_back(owner, 1)
    # As many events as before, but others.
    size = json.loads((tmp_path / "head.json").read_text())["head"]["size"]
    with transaction.atomic():
        for _ in range(size - Event.objects.count()):
            looked(actor=other.viewer, submission=other.submission, verb="viewed_terms")
    sealing.seal_new_events()
    assert Head.objects.latest("number").size == size
    assert (
        f"the log forked: two heads of {size} events differ"
        in verdict(archive(case, tmp_path / "a.zip"), "--since", kept)[1]
    )
    assert Key.objects.count() == 1
