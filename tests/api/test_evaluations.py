"""Evaluations by the API: files are read and nothing of them stored, rows are added, taken back, and seen by readers of facts."""

import json

import pytest
from django.core.files.base import ContentFile

from portal.accounts.models import Role
from portal.errors import Invalid
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.models import Evaluation
from tests import factories as make
from tests import factories_reviews as reviewed
from tests.api.calls import NOT_FOUND, NOT_YOURS_TO_CHANGE, NOWHERE, Caller, counted, problem, refused
from tests.evidence import logs

pytestmark = pytest.mark.django_db
ROW = {
    "task": "marzipan range",
    "dataset": "range",
    "model": "Kestrel 5",
    "checkpoint": "rc-1",
    "status": "success",
    "samples": 41,
    "evaluated_at": "2026-09-01T10:00:00Z",
    "scores": [{"name": "match", "metrics": {"accuracy": 0.625, "stderr": 0.05}}],
}
DUPLICATE = problem(
    409, "Conflict", "already_done", "These rows are in the case already; nothing was added twice."
)


def add(case, *rows) -> dict:
    return {"submission": case.submission.case_number, "rows": list(rows)}


def test_a_log_is_read_and_what_it_says_is_what_the_collection_takes():
    case = make.Case(make.submitted)
    lab = Caller(case.contributor)
    told = lab.upload("evaluations/read/", ContentFile(logs.as_json().getvalue(), name="log.json")).json()
    assert told == {
        "format": "Evaluation log of Inspect (JSON)",
        "facts": {"model_name": "invented/kestrel-5"},
        "rows": [
            {
                "task": "cyber_range",
                "dataset": "range",
                "model": "invented/kestrel-5",
                "samples": 2,
                "status": "success",
                "evaluated_at": "2026-09-01T10:00:00+00:00",
                "scores": [{"name": "match", "metrics": {"accuracy": 0.625, "stderr": 0.05}}],
            }
        ],
        "problems": [],
    }
    assert Evaluation.objects.count() == 0
    assert lab.post("evaluations/", add(case, *told["rows"])).status_code == 201
    assert Evaluation.objects.get().task == "cyber_range"


def test_what_cannot_be_read_says_why():
    case = make.Case(make.submitted)
    answer = Caller(case.contributor).upload(
        "evaluations/read/", ContentFile(logs.as_json().getvalue()[:-40], name="log.json")
    )
    assert answer.status_code == 400
    assert (
        answer.json()["detail"]
        == "The file ends in the middle: it was cut off, or its writing was not finished."
    )


def test_a_row_comes_back_whole():
    case = make.Case(make.submitted)
    lab = Caller(case.contributor)
    (made,) = lab.post("evaluations/", add(case, ROW)).json()
    again = lab.get(f"evaluations/{made['id']}/").json()
    assert again == made
    assert {name: again[name] for name in ROW} == ROW
    assert (again["state"], again["case_number"], again["source_sha256"], again["source_version"]) == (
        "current",
        case.submission.case_number,
        "",
        None,
    )
    refused(lab.post("evaluations/", add(case, ROW)), DUPLICATE)
    # Of several rows the new ones are taken.
    assert len(lab.post("evaluations/", add(case, ROW, ROW | {"task": "other"})).json()) == 1
    assert sorted(row["task"] for row in lab.results("evaluations/")) == ["marzipan range", "other"]


def test_a_row_is_taken_back_once():
    case = make.Case(make.submitted)
    lab = Caller(case.contributor)
    (made,) = lab.post("evaluations/", add(case, ROW)).json()
    assert lab.post(f"evaluations/{made['id']}/take_back/").json()["state"] == "taken_back"
    refused(
        lab.post(f"evaluations/{made['id']}/take_back/"),
        problem(409, "Conflict", "already_done", "This row was taken back already."),
    )
    # And may be added again, as a row of its own.
    assert lab.post("evaluations/", add(case, ROW)).status_code == 201


@pytest.mark.parametrize(
    "changed",
    [
        {"task": ""},
        {"task": "x" * 501},
        {"task": "a\x00b"},
        {"samples": -1},
        {"samples": 2**70},
        {"samples": True},
        {"evaluated_at": "yesterday"},
        {"scores": [{"name": "m", "metrics": {}}]},
        {"scores": [{"name": "m", "metrics": {"a": "much"}}]},
        {"scores": [{"name": "m", "metrics": {"a": 1e999}}]},
        {"scores": [{"name": "m", "metrics": {str(n): n for n in range(201)}}]},
        {"scores": "all"},
        {"verdict": "good"},
    ],
)
def test_a_wrong_row_is_refused_and_none_is_added(changed):
    case = make.Case(make.submitted)
    answer = Caller(case.contributor).post("evaluations/", add(case, ROW, ROW | changed))
    assert (answer.status_code, Evaluation.objects.count()) == (400, 0)


def test_no_rows_and_too_many_are_refused():
    case = make.Case(make.submitted)
    lab = Caller(case.contributor)
    for rows in ([], [ROW | {"task": str(n)} for n in range(101)]):
        assert lab.post("evaluations/", add(case, *rows)).status_code == 400
    assert Evaluation.objects.count() == 0


def test_who_reads_the_facts_reads_the_rows_and_nobody_else():
    case = reviewed.Reviewed()
    actions.add_evaluations(
        actor=case.contributor, submission=case.submission, rows=[{"task": "marzipan range"}]
    )
    row = Evaluation.objects.get()
    for reader in (case.viewer, case.coordinator, case.reviewer, case.lead):
        caller = Caller(reader)
        assert [found["task"] for found in caller.results("evaluations/")] == ["marzipan range"]
        looks = Event.objects.filter(
            kind="look", verb="viewed_facts", actor=reader, case_id=case.submission.pk
        )
        assert looks.count() == 1
        refused(caller.post(f"evaluations/{row.pk}/take_back/"), NOT_YOURS_TO_CHANGE)
    other = reviewed.Reviewed()
    for stranger in (other.contributor, other.reviewer, make.member(make.partner_organisation(), Role.ADMIN)):
        caller = Caller(stranger)
        answer = caller.get("evaluations/")
        assert "marzipan" not in answer.content.decode()
        refused(caller.get(f"evaluations/{row.pk}/"), NOT_FOUND)
        refused(caller.post(f"evaluations/{row.pk}/take_back/"), NOT_FOUND)
        refused(
            caller.post("evaluations/", {"submission": str(case.submission.pk), "rows": [ROW]}), NOT_FOUND
        )
    refused(Caller(case.contributor).get(f"evaluations/{NOWHERE}/"), NOT_FOUND)


@pytest.mark.parametrize("rows", [1, 30])
def test_a_list_costs_the_same_with_one_row_and_with_thirty(rows):
    case = make.Case(make.submitted)
    actions.add_evaluations(
        actor=case.contributor,
        submission=case.submission,
        rows=[{"task": str(number)} for number in range(rows)],
    )
    for reader in (case.contributor, case.coordinator):
        caller = Caller(reader)
        caller.get("evaluations/")
        with counted(4):
            assert len(caller.get("evaluations/", page_size=100).json()["results"]) == rows


def test_a_body_that_is_no_object_is_refused():
    case = make.Case(make.submitted)
    for body in ([], "x", 3):
        assert Caller(case.contributor).post("evaluations/", body).status_code == 400


def test_a_number_that_no_float_holds_is_refused_and_not_read():
    case = make.Case(make.submitted)
    lab, huge = Caller(case.contributor), 10**400
    rows = [{"task": "Range", "scores": [{"name": "m", "metrics": {"a": huge}}]}]
    with pytest.raises(Invalid):
        actions.add_evaluations(actor=case.contributor, submission=case.submission, rows=rows)
    log = logs.log()
    log["results"]["scores"][0]["metrics"]["accuracy"]["value"] = huge
    told = lab.upload("evaluations/read/", ContentFile(json.dumps(log).encode(), name="log.json")).json()
    assert told["rows"][0]["scores"] == [{"name": "match", "metrics": {"stderr": 0.05}}]
    assert told["problems"] == ["match: accuracy is not a number."]
