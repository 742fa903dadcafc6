"""Heads, keys and consistency, which anybody may keep: whole answers, nothing of any case, and no account needed."""

import json

import pytest

from portal.ledger import heads, keys, sealing
from portal.ledger.merkle import check_consistency
from portal.ledger.models import Event, Head
from tests.lab.visitor import Visitor
from tests.ledger.sealed import case_with_looks, sealed_case

pytestmark = pytest.mark.django_db


def test_before_the_first_head(client):
    assert client.get("/ledger/heads/").json() == {"head": None}
    assert client.get("/ledger/keys/").json() == {"keys": []}
    assert client.get("/ledger/heads/1/").status_code == 404


def test_a_witness_can_hold_the_log_to_its_heads(client):
    sealed_case()
    first = client.get("/ledger/heads/").json()["head"]
    sealed_case(looks=300)
    second = client.get("/ledger/heads/").json()["head"]
    told = client.get("/ledger/keys/").json()["keys"]
    book = heads.Keys(heads.read_keys(told), [keys.listed()[0].public])
    for head in (first, second):
        book.check(heads.read_head(head))
        assert client.get(f"/ledger/heads/{head['size']}/").json() == {"head": head}
    proof = client.get("/ledger/consistency/", {"first": first["size"], "second": second["size"]}).json()
    assert (proof["first"], proof["second"]) == (first["size"], second["size"])
    check_consistency(
        first["size"], second["size"], bytes.fromhex(first["root"]), bytes.fromhex(second["root"]),
        [bytes.fromhex(step) for step in proof["proof"]],
    )  # fmt: skip


def test_the_whole_of_what_is_public(client):
    case = sealed_case()
    head = Head.objects.get()
    signed = keys.signed(head)
    assert client.get("/ledger/heads/").json() == {
        "head": {
            "size": Event.objects.count(), "root": signed.root.hex(), "counts": signed.counts.hex(),
            "at": heads.instant_text(head.at), "key": signed.key, "signature": heads.as_base64(signed.signature),
        }
    }  # fmt: skip
    (key,) = keys.listed()
    assert client.get("/ledger/keys/").json() == {
        "keys": [
            {
                "id": signed.key, "public": heads.as_base64(key.public), "since": key.since, "until": None,
                "from_size": 0, "endorsed": "", "accepted": "",
            }
        ]
    }  # fmt: skip
    for page in (
        "heads/",
        f"heads/{head.size}/",
        "keys/",
        f"consistency/?first={head.size}&second={head.size}",
    ):
        answer = client.get(f"/ledger/{page}")
        assert (answer.status_code, answer["Cache-Control"]) == (200, "public, max-age=10")
        assert answer.cookies == {}
        assert str(case.submission.pk) not in answer.content.decode()


@pytest.mark.parametrize(
    "query",
    ["", "first=1", "first=1&second=1", "first=0&second={size}", "first={size}&second=1", "first=-1&second={size}",
     "first=x&second={size}", "first={size}&second=99999999999999999999999", "first=²&second={size}"],
)  # fmt: skip
def test_between_what_are_no_heads_there_is_no_proof(client, query):
    sealed_case()
    size = Head.objects.get().size
    assert client.get(f"/ledger/consistency/?{query.format(size=size)}").status_code == 404


def test_no_head_of_no_size(client):
    sealed_case()
    for size in (0, 1, 10**6, 2**63, 10**30):
        assert client.get(f"/ledger/heads/{size}/").status_code == 404
    assert client.post("/ledger/heads/").status_code == 405


@pytest.mark.parametrize("page", ["receipt/", "who/"])
def test_a_lab_reads_how_to_check_its_record(page):
    case = case_with_looks()
    text = (
        Visitor(case.viewer).client.get(f"/lab/cases/{case.submission.case_number}/{page}").content.decode()
    )
    assert "python -m portal.ledger.verify archive.zip --key keys.json" in text
    assert 'href="/ledger/keys/"' in text


def test_a_proof_reads_some_blocks_and_not_the_log(client, django_assert_max_num_queries):
    sealed_case()
    first = Head.objects.get().size
    for looks in (10, 900):
        case_with_looks(looks)
        sealing.seal_new_events()
        second = Head.objects.latest("number").size
        with django_assert_max_num_queries(8):
            client.get("/ledger/consistency/", {"first": first, "second": second})


def test_the_archive_s_event_names_the_head_it_brought():
    case = sealed_case()
    head = Head.objects.get()
    answer = Visitor(case.viewer).client.get(f"/lab/cases/{case.submission.case_number}/archive/")
    b"".join(answer.streaming_content)
    taken = Event.objects.get(verb="took_along")
    assert json.loads(json.dumps(taken.data))["head"] == head.size
