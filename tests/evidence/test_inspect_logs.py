"""Evaluation logs of Inspect: every number as it stands there, and a precise word where one can't be read."""

import io
import json
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.submissions.evidence import Evidence, Score, Unreadable, inspect_logs, json_pieces, read_evidence
from portal.submissions.evidence.metrics import with_errors
from tests.evidence.logs import archive, as_json, log

MATCH = Score("match", {"accuracy": 0.625, "stderr": 0.05})


def expected(kind: str, **changed) -> Evidence:
    return Evidence(
        **{
            "format": kind,
            "task": "cyber_range",
            "model": "invented/kestrel-5",
            "dataset": "range",
            "status": "success",
            "samples": 2,
            "created": "2026-09-01T10:00:00+00:00",
            "scores": [MATCH],
        }
        | changed
    )


def test_a_json_log():
    assert read_evidence(as_json()) == expected("inspect_json")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, 93])
def test_an_archive(method):
    assert read_evidence(archive(method=method)) == expected("inspect_eval")


def test_an_old_log_has_one_scorer_and_may_have_no_number():
    results = {
        "scorer": {"name": "graded"},
        "metrics": {"accuracy": {"value": float("nan")}, "n": {"value": 7}},
    }
    assert read_evidence(as_json(version=1, results=results, samples=None)) == expected(
        "inspect_json",
        samples=41,
        scores=[Score("graded", {"accuracy": None, "n": 7})],
        problems=["graded: accuracy is not a number."],
    )


def test_samples_are_counted_where_no_result_says_how_many():
    assert read_evidence(as_json(results=None)).samples == 2
    assert read_evidence(as_json(results=None, samples=[])).samples == 0


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (
            {"status": "error", "error": {"message": "Rate limit", "traceback": "..."}},
            "The evaluation ended in an error: Rate limit.",
        ),
        ({"status": "cancelled"}, "The evaluation did not succeed: its status is cancelled."),
        ({"status": "started"}, "The evaluation had not finished when this log was written."),
        ({"invalidated": True}, "The log says of itself that it was invalidated."),
    ],
)
def test_a_log_that_did_not_succeed_says_so(changed, problem):
    found = read_evidence(as_json(**changed))
    assert (found.problems, found.scores) == ([problem], [MATCH])


def test_an_archive_that_was_not_finished_tells_its_beginning():
    begun = json.dumps({"version": 2, "eval": log()["eval"], "plan": {}}).encode()
    assert read_evidence(archive({"_journal/start.json": begun})) == expected(
        "inspect_eval",
        status="started",
        samples=41,
        scores=[],
        problems=["The log was not finished: it has no results."],
    )


def test_characters_that_no_database_keeps_are_replaced():
    results = {"scores": [{"name": "ma\x00tch", "metrics": {"acc\ud800uracy": {"value": 1}}}]}
    found = read_evidence(as_json(eval=log()["eval"] | {"task": "ran\x00ge\ud800"}, results=results))
    assert (found.task, found.scores) == ("ran\ufffdge?", [Score("ma\ufffdtch", {"acc?uracy": 1})])


def test_a_standard_error_stands_with_what_it_is_of():
    metrics = {
        "stderr": 0.1,
        "mean": 2,
        "accuracy": 0.5,
        "f1_stderr": 0.2,
        "std": 3,
        "f1": 0.4,
        "x_stderr": 9,
    }
    assert with_errors(metrics) == [
        ("mean", 2, 0.1), ("accuracy", 0.5, 0.1), ("std", 3, None), ("f1", 0.4, 0.2), ("x_stderr", 9, None)
    ]  # fmt: skip
    assert with_errors({"stderr": 0.1}) == [("stderr", 0.1, None)]


def refused(stream: io.BytesIO) -> str:
    with pytest.raises(Unreadable) as refusal:
        read_evidence(stream)
    return str(refusal.value)


def encrypted() -> io.BytesIO:
    raw = bytearray(archive().getvalue())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        position = raw.find(mark)
        while position >= 0:
            raw[position + at] |= 1
            position = raw.find(mark, position + 1)
    return io.BytesIO(bytes(raw))


def pointing_before_the_beginning() -> io.BytesIO:
    """The list of entries says that it stands further on than it does, so that every entry is looked for before the file."""
    raw = bytearray(archive().getvalue())
    raw[-6:-2] = (10_000_000).to_bytes(4, "little")
    return io.BytesIO(bytes(raw))


def flipped() -> io.BytesIO:
    raw = bytearray(archive(method=zipfile.ZIP_STORED).getvalue())
    raw[raw.index(b"cyber_range")] ^= 1
    return io.BytesIO(bytes(raw))


CUT = "The file ends in the middle: it was cut off, or its writing was not finished."
DAMAGED = "The archive is damaged, or was cut off."
NOT_INSPECT = "This is JSON, and no evaluation log of Inspect."


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (lambda: io.BytesIO(b""), "The file is empty."),
        (lambda: io.BytesIO(as_json().getvalue()[:-1]), CUT),
        (lambda: io.BytesIO(as_json().getvalue()[:300]), CUT),
        (lambda: io.BytesIO(archive().getvalue()[:-30]), CUT),
        (lambda: io.BytesIO(b"{}"), NOT_INSPECT),
        (lambda: io.BytesIO(b'{"eval": {"task": 7}}'), NOT_INSPECT),
        (lambda: io.BytesIO(b'{"eval": [1, 2]}'), NOT_INSPECT),
        (lambda: io.BytesIO(b'{"eval": [1, 2}}'), "This is no JSON."),
        (lambda: io.BytesIO(b'{"eval": nothing}'), "This is no JSON."),
        (lambda: io.BytesIO(b"{'eval': 1}"), "This is no JSON."),
        (
            lambda: io.BytesIO(b'{"eval": ' + b"[" * 5000),
            "The file is nested deeper than any evaluation log.",
        ),
        (
            lambda: archive({"word/document.xml": b"<xml/>"}),
            "This is an archive, and no evaluation log of Inspect.",
        ),
        (
            lambda: archive({"header.json": b'{"eval": {}}'}),
            "This is an archive, and no evaluation log of Inspect.",
        ),
        (encrypted, "The archive is encrypted."),
        (flipped, DAMAGED),
        (pointing_before_the_beginning, DAMAGED),
        (
            lambda: archive({"header.json": b"{}"}, method=zipfile.ZIP_BZIP2),
            "The archive is packed in a way that is not known here.",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_precise_word(stream, reason):
    assert refused(stream()) == reason


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, 93])
def test_an_archive_that_unpacks_to_far_more_is_refused_at_the_limit(method, monkeypatch):
    monkeypatch.setattr(inspect_logs, "ENTRY_AT_MOST", 1 << 20)
    bomb = archive({"header.json": b'{"a": "' + b" " * (3 << 20) + b'"}'}, method=method)
    assert len(bomb.getvalue()) < 10_000
    assert refused(bomb) == "The archive unpacks to far more than an evaluation log's header."


def test_an_archive_that_lists_too_many_files_is_refused_before_the_list_is_read(monkeypatch):
    monkeypatch.setattr(inspect_logs, "DIRECTORY_AT_MOST", 1000)
    many = archive({f"samples/{number}.json": b"" for number in range(50)})
    assert refused(many) == "The archive lists more files than an evaluation log has."


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 64])
def test_where_the_pieces_of_a_file_end_makes_no_difference(piece, monkeypatch):
    monkeypatch.setattr(json_pieces, "PIECE", piece)
    assert read_evidence(as_json()) == expected("inspect_json")


def test_a_value_asked_for_may_not_be_large_and_others_may(monkeypatch):
    monkeypatch.setattr(json_pieces, "VALUE_AT_MOST", 2000)
    assert read_evidence(as_json(plan={"steps": ["x" * 50_000]})) == expected("inspect_json")
    with pytest.raises(Unreadable, match="larger than 16 MB"):
        read_evidence(as_json(error={"message": "x" * 50_000}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["eval", "results", "samples", "error", "status", "x"]), JSON))
@settings(max_examples=200, deadline=None)
def test_whatever_the_values_a_log_is_read_or_refused(values):
    for stream in (as_json(**values), archive(**values)):
        try:
            found = read_evidence(stream)
        except Unreadable:
            continue
        json.dumps(found.scores and [score.metrics for score in found.scores], allow_nan=False)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=6))
@settings(max_examples=200, deadline=None)
def test_picked_values_are_those_of_the_whole_text(values):
    text = json.dumps(values)
    found = json_pieces.pick(io.BytesIO(text.encode()), set(values))
    assert json.dumps(found) == json.dumps(json.loads(text))


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_mutated_log_is_read_or_refused(data):
    raw = bytearray(data.draw(st.sampled_from([as_json(), archive(), archive(method=93)])).getvalue())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    try:
        found = read_evidence(io.BytesIO(bytes(raw)))
    except Unreadable:
        return
    assert found.task or found.format == "model_card"


def test_a_zip64_record_that_overrules_a_modest_list_is_seen(monkeypatch):
    """Python's reader takes its numbers whatever the ordinary record says."""
    content = archive({f"{number}.txt": b"" for number in range(200)} | {"header.json": b"{}"}).getvalue()
    end = content.rfind(b"PK\x05\x06")
    fields = struct.unpack_from("<HHLL", content, end + 8)
    record = struct.pack(
        "<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, fields[0], fields[1], fields[2], fields[3]
    )
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    modest = content[end : end + 12] + struct.pack("<LL", 50, fields[3]) + content[end + 20 :]
    monkeypatch.setattr(inspect_logs, "DIRECTORY_AT_MOST", 1000)
    assert refused(io.BytesIO(content[:end] + record + locator + modest)).startswith(
        "The archive lists more files"
    )
