"""Reviewers' own evaluation logs: put with a draft, read as the labs' are, and frozen by the check."""

import hashlib
import json
from pathlib import Path

import pytest
from django.db import DatabaseError, transaction

from portal.errors import AlreadyDone, Invalid, NotAllowed, Refused, Stale, WrongState
from portal.ledger.models import Event
from reviews import actions
from reviews.models import AgencyLog, AgencyScore, Assessment
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.evidence.logs import archive, as_json
from tests.reviews.logged import folder, kept, put, upload, with_eval

__all__ = ["folder"]
pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples" / "inspect"
real = pytest.mark.skipif(not SAMPLES.is_dir(), reason="The samples are not there.")
CUT = "The file ends in the middle: it was cut off, or its writing was not finished."


def rows(log: AgencyLog) -> list[tuple]:
    return list(log.scores.values_list("position", "score", "metric", "value", "stderr"))


def test_a_log_is_read_hashed_and_stored_with_its_rows(folder):
    case = reviewing.Reviewed()
    reviewing.open_to(case, case.peer, case.lead)
    draft = reviewing.draft(case)
    stream = archive()
    found = AgencyLog.objects.get(pk=put(case, draft, stream).pk)
    content = stream.getvalue()
    assert (found.task, found.model, found.status, found.samples, found.problems) == (
        "cyber_range", "invented/kestrel-5", "success", 2, [],
    )  # fmt: skip
    assert (found.name, found.size, found.sha256) == (
        "nougat-run.eval",
        len(content),
        hashlib.sha256(content).hexdigest(),
    )
    assert (found.evaluated_at.isoformat(), found.uploaded_by, found.uploaded_at, found.removed_at) == (
        "2026-09-01T10:00:00+00:00", case.reviewer, NOW, None,
    )  # fmt: skip
    assert rows(found) == [(0, "match", "accuracy", 0.625, 0.05)]
    # Under a folder of their own, and not under the name it came with.
    assert [path.relative_to(folder).parts[0] for path in kept(folder)] == ["agency_logs"]
    assert kept(folder)[0].read_bytes() == content
    assert "nougat" not in found.file.name
    event = Event.objects.get(verb="add_log")
    assert (event.subject_id, event.case_id, event.capacity, event.what) == (
        draft.pk, case.submission.pk, "reviewer", "Put an evaluation log of the agency's own with the assessment",
    )  # fmt: skip
    assert event.data == {
        "revision": 2, "log": str(found.pk), "sha256": found.sha256, "size": found.size,
    }  # fmt: skip


@real
def test_real_logs_give_the_numbers_of_their_source():
    case = reviewing.Reviewed()
    reviewing.open_to(case, case.peer, case.lead)
    draft = reviewing.draft(case)
    for path in sorted(SAMPLES.iterdir()):
        found = put(case, draft, path.read_bytes(), name=path.name)
        if path.suffix == ".json":
            source = json.loads(path.read_text())
            assert (found.task, found.samples) == (source["eval"]["task"], source["results"]["total_samples"])
            metrics = source["results"]["scores"][0]["metrics"]
            assert rows(found)[0][3] == metrics["accuracy"]["value"]
        elif path.suffix == ".eval":
            assert (found.task, found.samples, rows(found)) == ("popularity", 10, [])
        else:
            assert rows(found) == [(0, "model_graded_fact", "bootstrap_std", 0.0, None)]
            assert found.problems == ["model_graded_fact: accuracy is not a number."]


def scores(*metrics: dict) -> dict:
    return {
        "results": {
            "total_samples": 4,
            "scores": [
                {"name": f"s{number}", "metrics": {name: {"value": value} for name, value in found.items()}}
                for number, found in enumerate(metrics)
            ],
        }
    }


def test_what_is_no_number_is_left_out_and_said_and_a_missing_error_is_none():
    case = reviewing.Reviewed()
    reviewing.open_to(case, case.peer, case.lead)
    found = put(
        case,
        reviewing.draft(case),
        as_json(
            **scores(
                {"accuracy": float("nan"), "mean": 2, "stderr": float("inf")},
                {"mean": 1e308, "huge": 10**400, "largest": 2**62, "x_stderr": 1},
            )
        ),
        name="log.json",
    )
    assert rows(found) == [
        (0, "s0", "mean", 2, None),
        (1, "s1", "mean", 1e308, None),
        (2, "s1", "largest", float(2**62), None),
        (3, "s1", "x_stderr", 1, None),
    ]
    assert found.problems == [
        "s0: accuracy is not a number.", "s0: stderr is not a number.", "s1: huge is not a number.",
    ]  # fmt: skip


def test_a_log_that_did_not_succeed_has_no_rows_and_says_why():
    case = reviewing.Reviewed()
    reviewing.open_to(case, case.peer, case.lead)
    found = put(
        case,
        reviewing.draft(case),
        as_json(status="error", error={"message": "Rate limit"}),
        name="log.json",
    )
    assert (found.status, rows(found)) == ("error", [])
    assert found.problems == ["The evaluation ended in an error: Rate limit."]


def test_of_very_many_results_and_problems_some_are_kept_and_the_rest_is_counted():
    case = reviewing.Reviewed()
    reviewing.open_to(case, case.peer, case.lead)
    many = {f"m{number}": number for number in range(250)} | {f"n{number}": "no" for number in range(30)}
    found = put(case, reviewing.draft(case), as_json(**scores(many)), name="log.json")
    assert len(rows(found)) == 200
    assert len(found.problems) == 21
    assert found.problems[-1] == "And 11 more."


def bomb() -> bytes:
    return archive({"header.json": b'{"a": "' + b" " * (33 << 20) + b'"}'}).getvalue()


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (lambda: b"", "log.json", "The file is empty."),
        (lambda: b"{}", "log.json", "This is JSON, and no evaluation log of Inspect."),
        (lambda: as_json().getvalue()[:200], "log.txt", CUT),
        (lambda: b"MZ\x90\x00", "log.eval", "Programs are not taken."),
        (lambda: archive().getvalue()[:-30], "log.eval", "The archive is truncated or damaged."),
        (bomb, "log.eval", "The archive unpacks to far more than an evaluation log's header."),
        (lambda: as_json().getvalue(), "../../log.json", "The file's name is not usable: rename it."),
        (
            lambda: b"# Kestrel 5\n\n| Benchmark | Kestrel |\n|---|---|\n| MATH | 41.6 |\n",
            "card.md",
            "This is no evaluation log of Inspect: it reads as a model card.",
        ),
        (
            lambda: as_json(**scores({"accuracy": 1, "stderr": -1})).getvalue(),
            "log.json",
            "A standard error is 0 or more.",
        ),
        (
            lambda: as_json(status="s" * 30).getvalue(),
            "log.json",
            "The status is longer than 20 characters, or no text.",
        ),
        (
            lambda: as_json(results={"total_samples": 2**70, "scores": []}).getvalue(),
            "log.json",
            "The number of samples is a whole number from 0 on.",
        ),
    ],
)
def test_a_hostile_file_is_refused_beside_its_field_and_nothing_is_stored(content, name, reason, folder):
    case = reviewing.Reviewed()
    reviewing.open_to(case, case.peer, case.lead)
    draft = reviewing.draft(case)
    file = make.ContentFile(content(), name=name.rpartition("/")[2])
    file.sent_name = name
    with pytest.raises(Invalid) as refusal:
        actions.add_log(actor=case.reviewer, assessment=draft, upload=file, at=NOW)
    assert (str(refusal.value.message), refusal.value.field) == (reason, "file")
    assert (kept(folder), AgencyLog.objects.count(), Assessment.objects.get(pk=draft.pk).revision) == (
        [],
        0,
        1,
    )


def test_characters_no_database_keeps_do_no_harm():
    case = reviewing.Reviewed()
    reviewing.open_to(case, case.peer, case.lead)
    found = put(
        case, reviewing.draft(case), with_eval(task="ra\x00nge\ud800", model="m\x00"), name="log.json"
    )
    assert (AgencyLog.objects.get(pk=found.pk).task, found.model) == ("ra\ufffdnge?", "m\ufffd")


def test_the_hash_that_was_said_is_held_to():
    case = reviewing.Reviewed()
    reviewing.open_to(case, case.peer, case.lead)
    draft = reviewing.draft(case)
    with pytest.raises(Invalid, match="changed on its way"):
        actions.add_log(
            actor=case.reviewer, assessment=draft, upload=upload(archive()), sha256="0" * 64, at=NOW
        )
    assert not AgencyLog.objects.exists()


def test_the_same_file_once_and_no_more_than_so_many(monkeypatch, folder):
    monkeypatch.setattr(AgencyLog, "AT_MOST", 2)
    case = reviewing.Reviewed()
    reviewing.open_to(case, case.peer, case.lead)
    draft = reviewing.draft(case)
    first = put(case, draft)
    with pytest.raises(AlreadyDone):
        put(case, draft)
    put(case, draft, as_json(), name="log.json")
    with pytest.raises(Refused, match="at most 2 logs"):
        put(case, draft, as_json(version=3), name="log.json")
    assert len(kept(folder)) == 2
    actions.remove_log(actor=case.reviewer, assessment=draft, log=first, at=NOW)
    put(case, draft)
    assert AgencyLog.objects.filter(removed_at=None).count() == 2


def test_only_its_author_and_only_in_the_draft():
    case = reviewing.Reviewed()
    reviewing.open_to(case, case.peer, case.lead)
    draft = reviewing.draft(case)
    found = put(case, draft)
    for person in (
        case.peer,
        case.lead,
        case.coordinator,
        case.agency_coordinator,
        case.contributor,
        make.person(),
    ):
        with pytest.raises(NotAllowed):
            put(case, draft, as_json(), actor=person)
        with pytest.raises(NotAllowed):
            actions.remove_log(actor=person, assessment=draft, log=found, at=NOW)
    actions.ask_check(actor=case.reviewer, assessment=draft, at=NOW)
    actions.peer_check(actor=case.peer, assessment=draft, at=NOW)
    for step in (
        lambda: put(case, draft, as_json()),
        lambda: actions.remove_log(actor=case.reviewer, assessment=draft, log=found, at=NOW),
    ):
        draft.refresh_from_db()
        with pytest.raises(WrongState):
            step()
    assert list(AgencyLog.objects.values_list("pk", "removed_at")) == [(found.pk, None)]


def test_a_check_of_what_stood_there_before_is_refused():
    case = reviewing.Reviewed()
    reviewing.open_to(case, case.peer, case.lead)
    draft = reviewing.draft(case)
    asked = actions.ask_check(actor=case.reviewer, assessment=draft, at=NOW)
    seen = asked.revision
    found = put(case, draft)
    with pytest.raises(Stale):
        actions.peer_check(actor=case.peer, assessment=draft, expected_revision=seen, at=NOW)
    actions.remove_log(actor=case.reviewer, assessment=draft, log=found, at=NOW)
    with pytest.raises(Stale):
        actions.peer_check(actor=case.peer, assessment=draft, expected_revision=seen + 1, at=NOW)
    with pytest.raises(Stale):
        actions.remove_log(
            actor=case.reviewer,
            assessment=draft,
            log=put(case, draft, as_json()),
            expected_revision=seen,
            at=NOW,
        )
    assert actions.peer_check(
        actor=case.peer, assessment=draft, expected_revision=seen + 3, at=NOW
    ).state == ("peer_checked")


def test_a_log_is_taken_out_of_its_own_assessment_once_and_stays_on_record():
    case = reviewing.Reviewed()
    reviewing.open_to(case, case.peer, case.lead)
    draft, other = reviewing.draft(case), reviewing.draft(case)
    found = put(case, draft)
    with pytest.raises(AgencyLog.DoesNotExist):
        actions.remove_log(actor=case.reviewer, assessment=other, log=found, at=NOW)
    actions.remove_log(actor=case.reviewer, assessment=draft, log=found, at=NOW)
    with pytest.raises(AlreadyDone):
        actions.remove_log(actor=case.reviewer, assessment=draft, log=found, at=NOW)
    assert not AgencyLog.objects.visible_to(case.reviewer).exists()
    assert AgencyLog.objects.get().file.size == found.size


@pytest.mark.parametrize(
    "change",
    [
        lambda found, draft: AgencyLog.objects.filter(pk=found.pk).update(removed_at=NOW),
        lambda found, draft: AgencyLog.objects.filter(pk=found.pk).update(task="another"),
        lambda found, draft: AgencyLog.objects.filter(pk=found.pk)._raw_delete("default"),
        lambda found, draft: AgencyScore.objects.update(value=1),
        lambda found, draft: AgencyScore.objects.all()._raw_delete("default"),
        lambda found, draft: AgencyScore.objects.create(
            log=found, position=9, score="s", metric="m", value=1
        ),
        lambda found, draft: AgencyLog.objects.create(
            assessment=draft, task="late", file="x", size=1, sha256="1", uploaded_by=draft.author
        ),
    ],
)
def test_the_database_refuses_what_the_actions_do_not_do(change):
    case = reviewing.Reviewed()
    reviewing.open_to(case, case.peer, case.lead)
    draft = reviewing.draft(case)
    found = put(case, draft)
    actions.ask_check(actor=case.reviewer, assessment=draft, at=NOW)
    actions.peer_check(actor=case.peer, assessment=draft, at=NOW)
    with pytest.raises(DatabaseError), transaction.atomic():
        change(found, draft)
    # The scanner's word comes when it comes.
    assert AgencyLog.objects.filter(pk=found.pk).update(scan_state="found", scan_detail="Invented.Worm") == 1


@pytest.mark.parametrize(
    "values",
    [{"value": float("nan")}, {"value": float("inf")}, {"stderr": -0.1}, {"stderr": float("nan")}, {"stderr": float("inf")}],
)  # fmt: skip
def test_the_database_holds_no_row_that_is_no_number(values):
    case = reviewing.Reviewed()
    reviewing.open_to(case, case.peer, case.lead)
    found = put(case, reviewing.draft(case))
    row = {"log": found, "position": 5, "score": "s", "metric": "m", "value": 1.0, "stderr": None}
    with pytest.raises(DatabaseError), transaction.atomic():
        AgencyScore.objects.create(**row | values)
