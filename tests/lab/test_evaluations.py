"""Evaluations written by hand on a page: the same rows as by the API, refused beside the field, and nothing typed is lost."""

import re

import pytest

from portal.accounts.models import Role
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.models import Evaluation
from tests import factories as make
from tests import factories_reviews as reviewed
from tests.api.calls import Caller
from tests.lab.visitor import Visitor, address, errors_beside, stored_rows, words

pytestmark = pytest.mark.django_db
TYPED = {
    "task": "marzipan range",
    "dataset": "range 41",
    "model": "Kestrel 5",
    "checkpoint": "rc-1",
    "samples": "41",
    "status": "success",
    "evaluated_at_date": "2026-09-01",
    "evaluated_at_time": "10:00",
    "zone": "UTC",
    "rows": "3",
    "name_1": "match",
    "metric_1": "accuracy",
    "value_1": "0.625",
    "stderr_1": "0.05",
    "name_3": "judge",
    "metric_3": "f1",
    "value_3": "5e-1",
    "stderr_3": "0.02",
    "do": "add",
}
ROW = {
    "task": "marzipan range",
    "dataset": "range 41",
    "model": "Kestrel 5",
    "checkpoint": "rc-1",
    "samples": 41,
    "status": "success",
    "evaluated_at": "2026-09-01T10:00:00Z",
    "scores": [
        {"name": "match", "metrics": {"accuracy": 0.625, "stderr": 0.05}},
        {"name": "judge", "metrics": {"f1": 0.5, "f1_stderr": 0.02}},
    ],
}


def write(user, case, **changed):
    visitor = user if isinstance(user, Visitor) else Visitor(user)
    return visitor.post("add_evaluation", case.submission, **(TYPED | changed))


@pytest.mark.parametrize(("stage", "back"), [(make.draft, "edit/evaluations/"), (make.submitted, "")])
def test_what_is_written_is_the_row_that_the_api_makes(stage, back):
    case, other = make.Case(stage), make.Case(make.submitted)
    visitor = Visitor(case.contributor)
    answer = write(visitor, case)
    assert answer.headers["Location"].split("#")[0] == f"/lab/cases/{case.submission.case_number}/{back}"
    text = visitor.follow(answer)
    assert "The evaluation was added." in text
    assert (
        "marzipan range Dataset range 41 1 Sep 2026, 6:00 a.m. EDT match: accuracy 0.625 ± 0.05 judge: f1 0.5 ± 0.02 41 samples "
        "Kestrel 5 Checkpoint rc-1 Written by the lab" in text
    )
    written = Caller(case.contributor).results("evaluations/")[0]
    added = Caller(other.contributor).post(
        "evaluations/", {"submission": other.submission.case_number, "rows": [ROW]}
    )
    own = ("id", "submission", "case_number")
    assert [{name: value for name, value in row.items() if name not in own} for row in added.json()] == [
        {name: value for name, value in written.items() if name not in own}
    ]
    assert Event.objects.filter(verb="add_evaluations", actor=case.contributor).count() == 1


def test_the_page_is_linked_and_knows_the_model():
    case = make.Case(make.draft)
    visitor = Visitor(case.contributor)
    where = address("add_evaluation", case.submission)
    assert (
        f'href="{where}"'
        in visitor.client.get(f"{address('edit', case.submission)}evaluations/").content.decode()
    )
    page = visitor.get("add_evaluation", case.submission).content.decode()
    facts = case.again().facts
    for name, value in (("model", facts.model_name), ("checkpoint", facts.checkpoint)):
        assert re.search(rf'name="{name}" value="{re.escape(value)}"', page)
    actions.submit(actor=case.contributor, submission=case.again())
    assert f'href="{where}"' in visitor.get("case", case.submission).content.decode()
    assert where not in Visitor(case.viewer).get("case", case.submission).content.decode()


@pytest.mark.parametrize(
    ("changed", "field", "told"),
    [
        ({"task": " "}, "task", "Say what was evaluated."),
        ({"task": "x" * 501}, "task", "Ensure this value has at most 500 characters (it has 501)."),
        ({"task": "a\x00b"}, "task", "Null characters are not allowed."),
        ({"checkpoint": "x" * 201}, "checkpoint", "Ensure this value has at most 200 characters (it has 201)."),
        ({"samples": "many"}, "samples", "Write a whole number, such as 1200."),
        ({"samples": "1.5"}, "samples", "Write a whole number, such as 1200."),
        ({"samples": "-1"}, "samples", "Write a whole number from 0 on."),
        ({"samples": "9" * 30}, "samples", "The number of samples is a whole number from 0 on."),
        ({"samples": "9" * 5000}, "samples", "Write a whole number, such as 1200."),
        ({"status": "great"}, "status", "Select a valid choice. great is not one of the available choices."),
        ({"evaluated_at_date": "2026-02-30"}, "evaluated_at", "Write a date that exists, such as 2026-10-30."),
        ({"evaluated_at_date": ""}, "evaluated_at", "Give the date too, or empty the time."),
        ({"evaluated_at_date": "0026-09-01"}, "evaluated_at", "Look at the year: it should be written with four figures."),
        ({"value_1": "high"}, "value_1", "Write a number, such as 0.62."),
        ({"value_1": "nan"}, "value_1", "Write a number, such as 0.62."),
        ({"value_1": "-inf"}, "value_1", "Write a number, such as 0.62."),
        ({"value_1": "1e999"}, "value_1", "Write a number, such as 0.62."),
        ({"value_1": "0,62"}, "value_1", "Write a number, such as 0.62."),
        ({"value_1": ""}, "value_1", "Give the value."),
        ({"metric_1": " "}, "metric_1", "Name the metric, such as accuracy."),
        ({"name_1": ""}, "name_1", "Name what was scored, such as the scorer or a part of the dataset."),
        ({"name_1": "x" * 501}, "name_1", "Ensure this value has at most 500 characters (it has 501)."),
        ({"metric_1": "x" * 201}, "metric_1", "Ensure this value has at most 200 characters (it has 201)."),
        ({"stderr_1": "-0.1"}, "stderr_1", "A standard error is 0 or more."),
        ({"stderr_2": "0.1"}, "value_2", "Give the value."),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_beside_the_field_and_nothing_typed_is_lost(changed, field, told):
    case = make.Case(make.submitted)
    before = stored_rows()
    answer = write(case.contributor, case, **changed)
    assert (errors_beside(answer, field), stored_rows()) == ([told], before)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert f'href="#id_{field}' in page
    for name in set(TYPED) - set(changed) - {"do", "rows", "status", "zone"}:
        assert f'name="{name}" value="{TYPED[name]}"' in page, name


def test_one_more_row_keeps_what_was_typed_and_judges_and_stores_nothing():
    case = make.Case(make.submitted)
    before = stored_rows()
    answer = write(case.contributor, case, do="more", task="", value_3="not yet")
    page = answer.content.decode()
    assert (answer.status_code, stored_rows(), Evaluation.objects.count()) == (200, before, 0)
    assert 'name="rows" value="4"' in page
    assert re.search(r'name="name_4"[^>]*autofocus', page)
    assert 'name="value_3" value="not yet"' in page
    assert "usa-error-message" not in page
    fourth = {"name_4": "fourth", "metric_4": "mean", "value_4": "7"}
    Visitor(case.contributor).follow(write(case.contributor, case, rows="4", **fourth))
    assert Evaluation.objects.get().results == [
        "match: accuracy 0.625 ± 0.05",
        "judge: f1 0.5 ± 0.02",
        "fourth: mean 7",
    ]


@pytest.mark.parametrize(
    ("rows", "shown"),
    [("", 1), ("-4", 1), ("x", 1), ("0", 1), ("50", 50), ("999", 50), ("9" * 40, 1), ("²", 1)],
)
def test_the_number_of_rows_is_bounded_whatever_is_sent(rows, shown):
    case = make.Case(make.submitted)
    page = write(case.contributor, case, rows=rows, task="").content.decode()
    assert len(re.findall(r'name="value_\d+"', page)) == shown
    assert ("Another row of results" in page) == (shown < 50)


def test_the_page_can_be_left_for_another_at_once():
    case = make.Case(make.submitted)
    answer = write(case.contributor, case, do="another")
    assert answer.headers["Location"] == address("add_evaluation", case.submission)
    # No results at all are fine: a run may be worth naming before its numbers are.
    bare = {name: "" for name in TYPED if name[-2:] in ("_1", "_3")}
    Visitor(case.contributor).follow(write(case.contributor, case, task="second", **bare))
    assert sorted(Evaluation.objects.values_list("task", "scores")) == [
        ("marzipan range", ROW["scores"]),
        ("second", []),
    ]


def test_a_double_click_adds_one_and_another_run_of_the_same_is_another_row():
    case = make.Case(make.submitted)
    for _ in range(2):
        Visitor(case.contributor).follow(write(case.contributor, case))
    assert Evaluation.objects.count() == 1
    Visitor(case.contributor).follow(write(case.contributor, case, dataset="range 42"))
    assert Evaluation.objects.count() == 2


def test_a_case_that_was_withdrawn_meanwhile_takes_none_and_shows_what_was_typed():
    case = make.Case(make.submitted)
    actions.withdraw(actor=case.contributor, submission=case.again())
    before = stored_rows()
    answer = write(case.contributor, case)
    assert (answer.status_code, stored_rows()) == (409, before)
    assert "Evaluations can be added until the window ends." in words(answer)
    assert 'value="marzipan range"' in answer.content.decode()
    visitor = Visitor(case.contributor)
    told = visitor.follow(visitor.get("add_evaluation", case.submission))
    assert "This case is withdrawn, so this step cannot be taken now." in told


def test_nobody_else_writes_one():
    case, other = reviewed.Reviewed(), make.Case(make.submitted)
    partner = make.member(make.partner_organisation(), Role.ADMIN)
    for stranger in (other.contributor, case.reviewer, partner):
        assert Visitor(stranger).get("add_evaluation", case.submission).status_code == 404
        assert write(stranger, case).status_code == 404
    for changed in ({}, {"task": ""}, {"do": "more"}):
        assert write(case.viewer, case, **changed).status_code == 403
    assert Visitor(case.viewer).get("add_evaluation", case.submission).status_code == 403
    assert Evaluation.objects.count() == 0


def test_other_scripts_and_markup_stay_what_they_are():
    case = make.Case(make.submitted)
    arabic, hostile = "مجموعة الاختبار ٤١", '<script>alert("1")</script>{{ 7*7 }}\u202e'
    answer = write(case.contributor, case, task=arabic, dataset=hostile, name_1="判定 é", value_1="٠٫٥")
    assert errors_beside(answer, "value_1") == ["Write a number, such as 0.62."]
    answer = write(case.contributor, case, task=arabic, dataset=hostile, name_1="判定 é", value_1="٠.٥")
    page = Visitor(case.contributor).client.get(answer.headers["Location"]).content.decode()
    assert f'<span dir="auto">{arabic}</span>' in page
    assert "<script>alert" not in page
    assert "判定 é: accuracy 0.5 ± 0.05" in page
    row = Evaluation.objects.get()
    assert (row.task, row.dataset) == (arabic, hostile)


@pytest.mark.parametrize(
    "metrics",
    [{"stderr": -0.1}, {"f1": 0.5, "f1_stderr": -1}, {"a\x00b": 1}, {"x" * 501: 1}],
)
def test_the_rules_of_results_are_the_actions_so_the_api_has_them_too(metrics):
    case = make.Case(make.submitted)
    rows = [ROW | {"scores": [{"name": "match", "metrics": metrics}]}]
    answer = Caller(case.contributor).post(
        "evaluations/", {"submission": case.submission.case_number, "rows": rows}
    )
    assert (answer.status_code, Evaluation.objects.count()) == (400, 0)
