"""``manage.py read_evidence``, and the real files where they are there."""

import json
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.evidence.logs import archive, as_json

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"
real = pytest.mark.skipif(not SAMPLES.is_dir(), reason="The samples are not there.")


def told(capsys, *paths) -> list[dict]:
    call_command("read_evidence", *map(str, paths))
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_a_file_and_a_failure_where_one_cannot_be_read(tmp_path, capsys):
    good, bad, absent = tmp_path / "log.eval", tmp_path / "bad.json", tmp_path / "absent"
    good.write_bytes(archive().getvalue())
    bad.write_bytes(as_json().getvalue()[:100])
    with pytest.raises(SystemExit) as ended:
        call_command("read_evidence", str(good), str(bad), str(absent))
    assert ended.value.code == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    nothing = {"format": None, "task": None, "model": None, "status": None, "samples": None, "scores": []}
    cut = "The file ends in the middle: it was cut off, or its writing was not finished."
    assert lines == [
        {
            "file": str(good),
            "format": "inspect_eval",
            "task": "cyber_range",
            "model": "invented/kestrel-5",
            "dataset": "range",
            "status": "success",
            "samples": 2,
            "created": "2026-09-01T10:00:00+00:00",
            "scores": [{"name": "match", "metrics": {"accuracy": 0.625, "stderr": 0.05}}],
            "problems": [],
        },
        nothing | {"file": str(bad), "problems": [cut]},
        nothing | {"file": str(absent), "problems": ["The file can't be opened: No such file or directory."]},
    ]


@real
def test_real_logs_give_every_number_of_their_source(capsys):
    for path in sorted((SAMPLES / "inspect").glob("*.json")):
        source = json.loads(path.read_text())
        (line,) = told(capsys, path)
        results = source["results"]
        assert line["samples"] == results["total_samples"] == len(source["samples"])
        assert (line["task"], line["model"]) == (source["eval"]["task"], source["eval"]["model"])
        assert line["scores"] == [
            {
                "name": score["name"],
                "metrics": {name: metric["value"] for name, metric in score["metrics"].items()},
            }
            for score in results["scores"]
        ]
    for path in (SAMPLES / "inspect").glob("*.eval"):
        (line,) = told(capsys, path)
        assert (line["task"], line["samples"], line["scores"]) == ("popularity", 10, [])
    (line,) = told(capsys, SAMPLES / "inspect" / "log_with_nan.txt")
    assert line["scores"] == [
        {"name": "model_graded_fact", "metrics": {"accuracy": None, "bootstrap_std": 0.0}}
    ]
    assert line["problems"] == ["model_graded_fact: accuracy is not a number."]


@real
def test_the_real_card_gives_its_benchmarks(capsys):
    (line,) = told(capsys, SAMPLES / "model_cards" / "llama4.md")
    assert line["model"] == "Llama 4 Scout (17Bx16E), Llama 4 Maverick (17Bx128E)"
    scores = {score["name"]: score["metrics"] for score in line["scores"]}
    assert len(line["scores"]) == 16
    assert scores["MATH, em_maj1@1"] == {
        "Llama 3.1 70B": 41.6,
        "Llama 3.1 405B": 53.5,
        "Llama 4 Scout": 50.3,
        "Llama 4 Maverick": 61.2,
    }
