"""The stand-alone verifier: needs nothing of the portal's, believes nothing of an archive, and names the first fault."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from django.db import transaction

from portal.ledger import actions as ledger
from portal.ledger import heads, keys, sealing
from portal.ledger.models import Event, Head
from tests import factories_reviews as reviewed
from tests.ledger.sealed import (
    archive,
    case_with_looks,
    files_of,
    public_key,
    resigned,
    rewritten,
    sealed_case,
    verdict,
    written,
)

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
# What a lab copies to verify: these files of portal/ledger and nothing else.
ALONE = ("verify.py", "archives.py", "heads.py", "leaf.py", "counts.py", "merkle.py", "__init__.py")


@pytest.fixture
def taken(tmp_path):
    """A case with events among those of another lab, and its archive."""
    sealed_case(looks=2)
    case = sealed_case()
    sealed_case(looks=2)
    return case, archive(case, tmp_path / "a.zip")


def bent(path, change, **options) -> str:
    return verdict(rewritten(path, change, **options), "--key", public_key())[1]


def test_an_archive_is_complete_and_unaltered(taken):
    case, path = taken
    head = keys.signed(Head.objects.latest("number"))
    count = Event.objects.filter(case_id=case.submission.pk).exclude(verb="took_along").count()
    good = (
        f"{path}: complete and unaltered. Case {case.submission.case_number}: {count} events, all that the log of"
        f" {head.size} events held of it on {head.at}, signed by key {head.key}."
    )
    assert verdict(path, "--key", public_key()) == (0, good)
    status, said = verdict(path)
    assert (status, said.startswith(f"{good}\nThe keys were taken from the archive itself.")) == (0, True)


def test_it_runs_with_python_and_cryptography_alone(taken, tmp_path):
    _, path = taken
    alone, without = tmp_path / "alone", tmp_path / "without"
    (alone / "portal" / "ledger").mkdir(parents=True)
    shutil.copy(ROOT / "portal" / "__init__.py", alone / "portal")
    for name in ALONE:
        shutil.copy(ROOT / "portal" / "ledger" / name, alone / "portal" / "ledger")
    for name in ("django", "celery", "psycopg", "rest_framework"):
        (without / name).mkdir(parents=True)
        (without / name / "__init__.py").write_text("raise ImportError('not on this machine')")

    def run(file):
        return subprocess.run(
            [sys.executable, "-m", "portal.ledger.verify", file, "--key", public_key()],
            cwd=alone, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(without)}, capture_output=True, text=True, check=False,
        )  # fmt: skip

    done = run(path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "complete and unaltered" in done.stdout
    done = run(rewritten(path, lambda told: told["events"].pop(1)))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "FAULT: event 1 of the case is missing: number 2 comes next\n"


def test_of_other_labs_it_has_hashes_only(taken):
    case, path = taken
    others = Event.objects.exclude(case_id=case.submission.pk)
    text = files_of(path)["ledger.json"].decode()
    secret = {
        str(value) for row in others for value in (row.pk, row.case_id, row.actor_id, row.subject_id) if value
    }
    secret -= {
        str(case.submission.pk),
        *(str(row.actor_id) for row in Event.objects.filter(case_id=case.submission.pk)),
    }
    assert len(secret) > 10
    assert [value for value in secret if value in text] == []


def test_of_an_agency_s_persons_it_has_hashes_only(tmp_path):
    case = reviewed.Reviewed()
    reviewed.shared(case)
    reviewed.draft(case, findings="A draft nobody shared.")
    sealing.seal_new_events()
    path = archive(case, tmp_path / "a.zip")
    assert verdict(path, "--key", public_key())[0] == 0
    told = json.loads(files_of(path)["ledger.json"])
    record = Event.objects.filter(case_id=case.submission.pk)
    ids = set(record.exclude(actor=None).values_list("actor_id", flat=True))
    assert case.reviewer.pk in ids
    assert [str(one) for one in ids if str(one) in json.dumps(told)] == []
    # What was done with a draft is not told; with the case itself it is.
    opened = {event["what"].get("subject_type") for event in told["events"]}
    assert opened <= {"submissions.submission", "submissions.documentversion", None}
    verbs = {event["verb"] for event in told["events"] if event["kind"] == "change"}
    assert {"submit", "acknowledge", "accept_terms", "provide_access"} <= verbs
    assert (
        set(record.filter(subject_type__startswith="reviews.", kind="change").values_list("verb", flat=True))
        - verbs
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda told: told["events"][2].update(at="2026-09-14T14:00:00.000001Z"), "event 2 of the case (id"),
        (lambda told: told["events"][1].update(verb="withdraw"), "event 1 of the case (id"),
        (lambda told: told["events"][0]["what"].update(reason="x"), "event 0 of the case (id"),
        (lambda told: told["events"][0]["what"].update(data="{}"), "event 0 of the case (id"),
        (lambda told: told["events"][0]["who"].update(hash="0" * 64), "event 0 of the case (id"),
        (lambda told: told["events"].pop(1), "event 1 of the case is missing"),
        (lambda told: told["events"].insert(2, told["events"][1]), "event 1 of the case is there twice, or out of order"),
        (lambda told: told["events"].reverse(), "is out of order"),
        (lambda told: told["events"].pop(), "is missing: the log has"),
        (lambda told: told.update(count=told["count"] - 1, events=told["events"][:-1]), "does not say that the case has"),
        (lambda told: told.update(count=told["count"] + 1), "is missing: the log has"),
        (lambda told: told["events"][0].update(place=told["events"][1]["place"]), "event 0 of the case (id"),
        (lambda told: told["events"][3].update(place=0), "event 3 of the case is out of order"),
        (lambda told: told["events"][1]["path"].pop(), "event 1 of the case (id"),
        (lambda told: told["events"][1].update(path=[10**6]), "event 1 of the case (id"),
        (lambda told: told["events"][1].update(path=[-1]), "a step is not a whole number"),
        (lambda told: told["head"].update(size=told["head"]["size"] + 1), "does not bear the signature"),
        (lambda told: told["head"].update(root="0" * 64), "does not bear the signature"),
        (lambda told: told["head"].update(key="0" * 32), "which is not believed"),
        (lambda told: told.update(head=told["earlier"][0]["head"]), "does not say that the case has"),
        (lambda told: told["earlier"][0]["proof"].append("0" * 64), "the log forked"),
        (lambda told: told["earlier"][0]["head"].update(root="0" * 64), "does not bear the signature"),
        (lambda told: told.update(head=None), "there are sealed events and no head"),
        (lambda told: told.update(case_id="00000000-0000-0000-0000-000000000000"), "does not say that the case has"),
        (lambda told: told.update(case="FM-0000-0000"), "manifest and ledger are of different cases"),
        (lambda told: told.update(format="later"), "is of another format"),
        (lambda told: told["events"][0]["what"].update(reason=None), "cannot be read"),
        (lambda told: told["events"][0]["what"].update(salt="00"), "cannot be read"),
        (lambda told: told["events"][0].update(verb="a\nb"), "is not a line of text"),
        (lambda told: told["events"][0].update(ordinal=True), "is not a whole number"),
        (lambda told: told["events"][0].update(ordinal=0.0), "is not a whole number"),
        (lambda told: told["events"][0].update(place=2**63), "is not a whole number"),
        (lambda told: told["events"][0].update(digest="\ud800"), "holds text that is none"),
        (lambda told: told.update(events={}), "the events is not a list"),
        (lambda told: told.update(keys=[{}]), "a public key is not base64"),
    ],
)  # fmt: skip
def test_the_first_fault_is_named(taken, change, expected):
    """Also where whoever altered the archive could sign it anew."""
    _, path = taken
    assert expected in bent(path, change)


def test_letters_that_look_alike_are_not_the_same(taken, tmp_path):
    """No text is normalised before it is hashed: a letter of two code points is not the letter of one."""
    case, _ = taken
    with transaction.atomic():
        ledger.record(
            actor=case.coordinator, verb="request_correction", subject=case.submission, case_id=case.submission.pk,
            reason="Zu\u0308rich",
        )  # fmt: skip
    sealing.seal_new_events()
    path = archive(case, tmp_path / "b.zip")
    assert verdict(path, "--key", public_key())[0] == 0

    def respell(told):
        event = next(event for event in told["events"] if event["verb"] == "request_correction")
        assert event["what"]["reason"] == "Zu\u0308rich"
        event["what"]["reason"] = "Z\u00fcrich"

    assert "was altered" in bent(path, respell)


def test_an_archive_altered_since_it_was_given(taken, tmp_path):
    _, path = taken
    files = files_of(path)
    changed = written(tmp_path / "b.zip", files | {"terms.json": b"[1]"})
    assert verdict(changed) == (1, "FAULT: 'terms.json' was altered: it is not what the manifest says")
    less = {name: content for name, content in files.items() if name != "terms.json"}
    assert verdict(written(tmp_path / "b.zip", less)) == (
        1,
        "FAULT: 'terms.json' is missing from the archive",
    )
    more = written(tmp_path / "b.zip", files | {"more.txt": b"x"})
    assert verdict(more) == (1, "FAULT: 'more.txt' is in the archive and not in its manifest")
    manifest = files["manifest.json"].replace(b'"lab": "', b'"lab": "x')
    assert (
        "the manifest was altered"
        in verdict(written(tmp_path / "b.zip", files | {"manifest.json": manifest}))[1]
    )
    for name in ("manifest.json", "manifest.signature.json", "ledger.json"):
        less = {one: content for one, content in files.items() if one != name}
        assert verdict(written(tmp_path / "b.zip", less)) == (1, f"FAULT: {name} is missing")


def test_lines_that_people_read_are_those_of_the_ledger(taken, tmp_path):
    _, path = taken
    files = files_of(path)
    who = json.loads(files["who.json"])
    who["looks"] = [row for row in who["looks"] if row["what"] != "Read the facts"]
    less = resigned(tmp_path / "b.zip", files | {"who.json": json.dumps(who).encode()})
    assert "who.json lacks a look of " in verdict(less)[1]
    events = json.loads(files["events.json"])[1:]
    less = resigned(tmp_path / "b.zip", files_of(path) | {"events.json": json.dumps(events).encode()})
    assert "events.json lacks a change of " in verdict(less)[1]


def test_an_attacker_who_signs_with_a_key_of_their_own_and_lists_it(taken):
    """The archive's own list of keys proves nothing: a key given from outside does."""
    _, path = taken
    secret = b"a" * 32

    def forge(told):
        told["events"].pop()
        told["count"] -= 1
        told["keys"] = [heads.LogKey(heads.public_of(secret), "2026-01-01T00:00:00.000000Z", 0).as_json()]
        head = heads.read_head(told["head"])
        unsigned = heads.SignedHead(
            head.size, head.root, head.counts, head.at, heads.key_id(heads.public_of(secret)), b""
        )
        told["head"] = unsigned.as_json() | {
            "signature": heads.as_base64(heads.sign(secret, unsigned.statement()))
        }

    forged = rewritten(path, forge, secret=secret)
    assert "not believed" in verdict(forged, "--key", public_key())[1]


def test_a_key_from_a_file_and_over_a_rotation(taken, tmp_path, settings):
    case, before = taken
    kept = tmp_path / "keys.json"
    kept.write_text(json.dumps({"keys": [key.as_json() for key in keys.listed()]}))
    settings.PORTAL_LEDGER_SIGNING_KEYS = [b"n" * 32, *settings.PORTAL_LEDGER_SIGNING_KEYS]
    sealed_case()
    after = archive(case, tmp_path / "b.zip")
    # The key known from before leads to the new one, and the new one to the old.
    assert verdict(before, after, "--key", kept)[0] == 0
    assert verdict(before, after, "--key", public_key())[0] == 1
    assert verdict(after, "--key", public_key())[0] == 0
    no_word = rewritten(after, lambda told: told["keys"][1].update(endorsed=""))
    assert "not believed" in verdict(no_word, "--key", kept)[1]
    later = rewritten(after, lambda told: told["keys"][1].update(from_size=0))
    assert "not believed" in verdict(later, "--key", kept)[1]


def test_archives_one_after_the_other(taken, tmp_path):
    case, first = taken
    sealing.seal_new_events()
    second = archive(case, tmp_path / "b.zip")
    sealed_case()
    third = archive(case, tmp_path / "c.zip")
    status, said = verdict(first, second, third, "--key", public_key())
    assert (status, said.count("complete and unaltered")) == (0, 3)
    status, said = verdict(second, first, "--key", public_key())
    assert (status, "was cut short, or the archive is older" in said) == (1, True)
    other = archive(sealed_case(), tmp_path / "d.zip")
    assert "it is of case" in verdict(first, other)[1]


def test_a_head_kept_by_somebody(taken, tmp_path, client):
    case, path = taken
    kept, proof = tmp_path / "head.json", tmp_path / "proof.json"
    kept.write_bytes(client.get("/ledger/heads/").content)
    assert verdict(path, "--since", kept)[0] == 0
    size = json.loads(kept.read_text())["head"]["size"]
    sealed_case()
    later = archive(case, tmp_path / "b.zip")
    # The archive of before brought that head along, so this one has the way from it.
    assert verdict(later, "--since", kept)[0] == 0
    middle = tmp_path / "middle.json"
    sealed_case()
    middle.write_bytes(client.get("/ledger/heads/").content)
    between = json.loads(middle.read_text())["head"]["size"]
    sealed_case()
    latest = archive(case, tmp_path / "c.zip")
    now = Head.objects.latest("number").size
    assert (
        f"take it from /ledger/consistency/?first={between}&second={now}"
        in verdict(latest, "--since", middle)[1]
    )
    proof.write_bytes(client.get("/ledger/consistency/", {"first": between, "second": now}).content)
    assert verdict(latest, "--since", middle, "--since", kept, "--proof", proof)[0] == 0
    told = json.loads(middle.read_text())
    told["head"]["root"] = "0" * 64
    middle.write_text(json.dumps(told))
    assert "does not bear the signature" in verdict(latest, "--since", middle, "--proof", proof)[1]
    assert size < between < now


def test_before_anything_is_sealed(tmp_path):
    case = case_with_looks()
    path = archive(case, tmp_path / "a.zip")
    sealing.seal_new_events()
    (key,) = keys.listed()
    assert verdict(path, "--key", heads.as_base64(key.public)) == (
        0,
        f"{path}: unaltered since it was given. None of the events of case {case.submission.case_number} was sealed yet.",
    )


def hostile(path: Path, name: str, content: bytes) -> Path:
    files = files_of(path)
    return written(path.with_suffix(".bad.zip"), files | {name: content})


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("ledger.json", b"[" * 200_000, "cannot be read as JSON"),
        ("ledger.json", b'{"keys": []', "cannot be read as JSON"),
        ("ledger.json", b"\xff\xfe", "cannot be read as JSON"),
        ("ledger.json", b'{"count": ' + b"9" * 5000 + b"}", "cannot be read as JSON"),
        ("ledger.json", b'{"keys": [], "keys": []}', "a name stands twice"),
        ("ledger.json", b"[]", "is not an object"),
        ("ledger.json", b'{"keys": {}}', "the keys are not a list"),
        ("manifest.signature.json", b"0" * 10**6, "is larger than"),
        ("manifest.json", b" " * (65 * 2**20), "was altered"),
        ("terms.json", b"\0" * 50_000_000, "'terms.json' was altered"),
        ("../../outside", b"x", "not in its manifest"),
    ],
)  # fmt: skip
def test_hostile_content(taken, name, content, expected):
    status, said = verdict(hostile(taken[1], name, content))
    assert (status, said.startswith("FAULT: "), expected in said) == (1, True, True), said


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_hostile_archives(taken, tmp_path):
    _, path = taken
    whole = path.read_bytes()
    cut = tmp_path / "cut.zip"
    for length in (0, 100, len(whole) // 2, len(whole) - 10):
        cut.write_bytes(whole[:length])
        assert "is truncated or no archive" in verdict(cut)[1]
    assert "cannot be read" in verdict(tmp_path / "none.zip")[1]
    assert "cannot be read" in verdict(tmp_path)[1]
    twice = tmp_path / "twice.zip"
    twice.write_bytes(whole)
    with zipfile.ZipFile(twice, "a") as target:
        target.writestr("terms.json", b"[]")
    assert verdict(twice) == (1, "FAULT: 'terms.json' is in the archive twice")
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as target:
        for name, content in files_of(path).items():
            target.writestr(name, content)
    assert "packed in a way" in verdict(packed)[1]
    middle = bytearray(whole)
    middle[len(whole) // 3] ^= 0xFF
    cut.write_bytes(middle)
    assert verdict(cut)[0] == 1


def test_hostile_arguments(taken, tmp_path):
    _, path = taken
    odd = tmp_path / "odd.json"
    for content in (b"{}", b"[1]", b'{"head": {"size": -1}}', b'{"head": null}', b'{"keys": []}', b"\0"):
        odd.write_bytes(content)
        for option in ("--since", "--proof", "--key"):
            status, said = verdict(path, option, odd)
            assert (status, said.startswith("FAULT: ")) == (1, True), (option, content, said)
    assert verdict(path, "--key", "no such file")[0] == 1
