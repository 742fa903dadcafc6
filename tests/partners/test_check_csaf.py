"""``manage.py check_csaf FILE ...``: a word a file, or a line a failing test; exit 1 where anything fails."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from partners.advisories.json_text import LARGEST
from tests.factories_advisories import SAMPLE, csaf


def said(*files) -> tuple[int, list[str]]:
    out = StringIO()
    try:
        call_command("check_csaf", *files, stdout=out)
    except SystemExit as stop:
        return stop.code, out.getvalue().splitlines()
    return 0, out.getvalue().splitlines()


def test_a_valid_file_is_ok(tmp_path):
    file = tmp_path / "good.json"
    file.write_text(json.dumps(csaf()))
    assert said(file) == (0, [f"{file}: ok"])


@pytest.mark.skipif(not SAMPLE.exists(), reason="the shared samples are not here")
def test_the_real_sample_is_ok():
    assert said(SAMPLE) == (0, [f"{SAMPLE}: ok"])


def test_each_failing_test_is_named_with_its_place(tmp_path):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(csaf()))
    document = csaf()
    document["document"]["tracking"]["version"] = "3"
    document["vulnerabilities"][0]["scores"][0]["cvss_v3"]["baseScore"] = 9.8
    bad.write_text(json.dumps(document))
    assert said(bad, good) == (
        1,
        [
            f"{bad}: 6.1.9 /vulnerabilities/0/scores/0/cvss_v3/baseScore: This is 9.8; by the vector it is 6.1.",
            f"{bad}: 6.1.16 /document/tracking/version: The document's version is 3; its last revision is 2.",
            f"{good}: ok",
        ],
    )


def test_a_structure_that_is_wrong_is_named_by_its_path(tmp_path):
    file = tmp_path / "bad.json"
    document = csaf()
    del document["document"]["title"]
    file.write_text(json.dumps(document))
    assert said(file) == (1, [f"{file}: schema /document: 'title' is a required property"])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "json /: This is not JSON: Expecting value at line 1, column 1."),
        (b"[1]", "json /: The file holds no JSON object."),
        (b'{"a": NaN}', "json /: NaN is not a number that JSON has."),
        (b'{"a": 1e999}', "json /: A number is too large."),
        (b'{"a": ' + b"9" * 5000 + b"}", "json /: A number is too long."),
        (b'{"a": 1, "a": 2}', "json /: The key 'a' stands twice in one object."),
        (b'{"a": "\\u0000"}', "json /a: A text holds the character NUL."),
        (b'{"a": [{"\\ud800": 1}]}', "json /a/0: A text holds half a character (a lone surrogate)."),
        (b'{"a": "\xff"}', "json /: The file is not text in UTF-8."),
        (b'{"a": ' + b"[" * 200 + b"]" * 200 + b"}", "json /a/0/0: The values are nested too deeply."),
        (b"[" * 100_000, "json /: The values are nested too deeply."),
        (b"{" + b" " * LARGEST + b"}", "json /: The file has more than 5 MB."),
        (b'{"a": [[' + b"0," * 100_000 + b"0]]}", "json /a/0: The list has more than 100,000 entries."),
        (
            b'{"a": [' + b'{"b":0},' * 40_000 + b"0]}",
            "json /: The document has more than 100,000 values and keys.",
        ),
    ],
)
def test_a_file_that_is_hardly_json_is_refused(tmp_path, content, reason):
    file = tmp_path / "bad.json"
    file.write_bytes(content)
    assert said(file) == (1, [f"{file}: {reason}"])


def test_a_file_that_can_t_be_opened_is_told(tmp_path):
    assert said(tmp_path / "none.json", tmp_path) == (
        1,
        [
            f"{tmp_path / 'none.json'}: The file can't be opened: No such file or directory.",
            f"{tmp_path}: The file can't be opened: Is a directory.",
        ],
    )
