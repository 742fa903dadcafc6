"""Reviewers' own evaluation logs: put with a draft, read as the labs' are, frozen by the check, and whose they are to see."""

import hashlib
import json
import os
from pathlib import Path

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.db import DatabaseError, transaction

from portal.accounts.models import Membership, Role
from portal.deadlines.models import Message
from portal.errors import AlreadyDone, Invalid, NotAllowed, Refused, Stale, WrongState
from portal.ledger.models import Event
from portal.submissions import actions as cases
from portal.submissions import files
from reviews import actions
from reviews.models import AgencyLog, AgencyScore, Assessment
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.admin.desk import Desk
from tests.api.calls import Caller
from tests.core.test_scanning import Clamd, running
from tests.evidence.logs import archive, as_json, log
from tests.lab.visitor import Visitor

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples" / "inspect"
real = pytest.mark.skipif(not SAMPLES.is_dir(), reason="The samples are not there.")
CUT = "The file ends in the middle: it was cut off, or its writing was not finished."


@pytest.fixture(autouse=True)
def folder(settings, tmp_path) -> Path:
    """The folder in which this test's uploads are stored."""
    found = tmp_path / "files"
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(found)},
        }
    }
    return found


def upload(stream, name="nougat-run.eval") -> ContentFile:
    return ContentFile(stream.getvalue() if hasattr(stream, "getvalue") else stream, name=name)


def put(case, draft, stream=None, *, name="nougat-run.eval", at=NOW, actor=None) -> AgencyLog:
    file = upload(stream or archive(), name)
    return actions.add_log(actor=actor or case.reviewer, assessment=draft, upload=file, at=at)


def rows(log: AgencyLog) -> list[tuple]:
    return list(log.scores.values_list("position", "score", "metric", "value", "stderr"))


def kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def test_a_log_is_read_hashed_and_stored_with_its_rows(folder):
    case = reviewing.Reviewed()
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
    many = {f"m{number}": number for number in range(250)} | {f"n{number}": "no" for number in range(30)}
    found = put(case, reviewing.draft(case), as_json(**scores(many)), name="log.json")
    assert len(rows(found)) == 200
    assert len(found.problems) == 21
    assert found.problems[-1] == "And 11 more."


def bomb() -> bytes:
    return archive({"header.json": b'{"a": "' + b" " * (33 << 20) + b'"}'}).getvalue()


def with_eval(**changed) -> bytes:
    return as_json(eval=log()["eval"] | changed).getvalue()


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
    found = put(
        case, reviewing.draft(case), with_eval(task="ra\x00nge\ud800", model="m\x00"), name="log.json"
    )
    assert (AgencyLog.objects.get(pk=found.pk).task, found.model) == ("ra\ufffdnge?", "m\ufffd")


def test_the_hash_that_was_said_is_held_to():
    case = reviewing.Reviewed()
    draft = reviewing.draft(case)
    with pytest.raises(Invalid, match="changed on its way"):
        actions.add_log(
            actor=case.reviewer, assessment=draft, upload=upload(archive()), sha256="0" * 64, at=NOW
        )
    assert not AgencyLog.objects.exists()


def test_the_same_file_once_and_no_more_than_so_many(monkeypatch, folder):
    monkeypatch.setattr(AgencyLog, "AT_MOST", 2)
    case = reviewing.Reviewed()
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
    found = put(case, reviewing.draft(case))
    row = {"log": found, "position": 5, "score": "s", "metric": "m", "value": 1.0, "stderr": None}
    with pytest.raises(DatabaseError), transaction.atomic():
        AgencyScore.objects.create(**row | values)


# --- who sees them ----------------------------------------------------------------------------------------------------------


class Compared(reviewing.Reviewed):
    """A case whose lab confirmed a row, and a draft with a log of the same task: both hold what must not be met elsewhere."""

    def __init__(self):
        super().__init__()
        cases.add_evaluations(
            actor=self.contributor,
            submission=self.submission,
            rows=[
                {
                    "task": "inspect_evals/cyber_range",
                    "model": "marzipan-model",
                    "samples": 41,
                    "scores": [
                        {"name": "match", "metrics": {"accuracy": 0.5, "stderr": 0.03}},
                        {"name": "match", "metrics": {"marzipan_share": 7}},
                    ],
                }
            ],
            at=NOW,
        )
        self.draft = reviewing.draft(self)
        self.log = put(self, self.draft, as_json(results=RESULTS), name="nougat-run.json")

    def check(self):
        actions.ask_check(actor=self.reviewer, assessment=self.draft, at=NOW)
        return actions.peer_check(actor=self.peer, assessment=self.draft, at=NOW)

    def share(self):
        self.check()
        return actions.share(actor=self.lead, assessment=self.draft, at=NOW)

    def everyone(self) -> dict:
        """A person of every kind by name."""
        office = make.programme_office()
        return {
            "author": self.reviewer, "peer": self.peer, "lead": self.lead, "coordinator": self.coordinator,
            "own agency's coordinator": self.agency_coordinator, "auditor": reviewing.auditor(),
            "designator": reviewing.designator(), "liaison": make.member(office, Role.LIAISON),
            "lab": self.contributor, "lab's viewer": self.viewer,
            "another lab": make.Case(make.submitted).contributor,
            "unassigned reviewer": reviewing.reviewer(self.agency),
            "another agency's reviewer": reviewing.reviewer(make.agency()),
            "partner": make.member(make.partner_organisation(), Role.ADMIN),
            "superuser": make.person(is_superuser=True),
        }  # fmt: skip


RESULTS = {
    "total_samples": 40,
    "scores": [
        {"name": "match", "metrics": {"accuracy": {"value": 0.625}, "stderr": {"value": 0.04}}},
        {"name": "match", "metrics": {"nougat_share": {"value": 9}}},
    ],
}
OFFICE = {"coordinator", "auditor", "designator"}
SECRETS = ("nougat_share", "nougat-run")


def who(people: dict, sees) -> set[str]:
    return {name for name, person in people.items() if sees(person)}


def told_to(case, person) -> str:
    """Everything that the pages and the API tell a person of the assessment, its logs and the comparison."""
    desk, visitor, caller = Desk(person), Visitor(person), Caller(person)
    number, pk = case.submission.case_number, case.draft.pk
    answers = [
        *(
            desk.client.get(f"/admin/reviews/assessment/{pk}/{page}")
            for page in ("change/", "evidence/", "history/")
        ),
        desk.client.get("/admin/reviews/assessment/"),
        desk.client.post(f"/admin/reviews/assessment/{pk}/evidence/csv/"),
        *(
            visitor.client.get(f"/lab/cases/{number}/{page}")
            for page in ("", "assessments/", f"assessments/{pk}/", "changes/", "who/")
        ),
        *(
            caller.get(page, submission=str(case.submission.pk))
            for page in ("assessments/", f"assessments/{pk}/", f"assessments/{pk}/evidence/", "events/")
        ),
    ]
    assert all(answer.status_code < 500 for answer in answers)
    return "".join(answer.content.decode() for answer in answers)


def file_to(case, person) -> set[int]:
    """What the file's addresses answer."""
    pk, log = case.draft.pk, case.log.pk
    answers = [
        Desk(person).client.get(f"/admin/reviews/assessment/{pk}/logs/{log}/content/"),
        Caller(person).get(f"assessments/{pk}/logs/{log}/content/"),
    ]
    for answer in answers:
        if answer.status_code == 200:
            assert b"".join(answer.streaming_content) == Path(case.log.file.path).read_bytes()
    return {answer.status_code for answer in answers}


@pytest.fixture
def now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.mark.usefixtures("now")
def test_who_sees_the_rows_and_who_gets_the_file_while_it_is_a_draft():
    case = Compared()
    people = case.everyone()
    readers = {"author", "own agency's coordinator"} | OFFICE
    assert who(people, lambda one: AgencyLog.objects.visible_to(one).exists()) == readers
    assert who(people, lambda one: any(word in told_to(case, one) for word in SECRETS)) == readers
    assert who(people, lambda one: file_to(case, one) == {200}) == readers
    assert {code for name in people if name not in readers for code in file_to(case, people[name])} <= {
        302,
        404,
    }
    # No lab learns from its record that there is a draft.
    looks = Event.objects.filter(
        kind="look", verb__in=["downloaded_log", "took_comparison", "viewed_assessments"]
    )
    of_agencies = looks.exclude(capacity__in=["lab", "lab_viewer"])
    assert set(of_agencies.values_list("case_id", "verb")) == {
        (None, "downloaded_log"), (None, "took_comparison"), (None, "viewed_assessments"),
    }  # fmt: skip


@pytest.mark.usefixtures("now")
def test_with_the_check_the_other_reviewers_see_them_and_with_the_sharing_the_lab_sees_the_rows():
    case = Compared()
    people = case.everyone()
    actions.ask_check(actor=case.reviewer, assessment=case.draft, at=NOW)
    readers = {"author", "peer", "lead", "own agency's coordinator"} | OFFICE
    assert who(people, lambda one: AgencyLog.objects.visible_to(one).exists()) == readers
    actions.peer_check(actor=case.peer, assessment=case.draft, at=NOW)
    assert who(people, lambda one: any(word in told_to(case, one) for word in SECRETS)) == readers
    actions.share(actor=case.lead, assessment=case.draft, at=NOW)
    labs = {"lab", "lab's viewer"}
    assert who(people, lambda one: "nougat_share" in told_to(case, one)) == readers | labs
    # The file, its name, its hash and who put it there stay on the agency's side.
    assert who(people, lambda one: file_to(case, one) == {200}) == readers
    for name in labs:
        told = told_to(case, people[name])
        for word in ("nougat-run", case.log.sha256, "Rita Reviewer"):
            assert word not in told
    # Of the lab's own rows nobody reads who does not read its facts.
    assert who(people, lambda one: "marzipan_share" in told_to(case, one)) == readers | labs


@pytest.mark.usefixtures("now")
def test_who_sits_in_the_lab_too_never_gets_the_file():
    case = Compared()
    case.share()
    Membership.objects.create(
        user=case.viewer, organisation=make.programme_office(), role=Role.AUDITOR, since=NOW - DAY
    )
    both = type(case.viewer).objects.get(pk=case.viewer.pk)
    assert "nougat_share" in told_to(case, both)
    assert file_to(case, both) == {404}
    with pytest.raises(NotAllowed):
        actions.open_log(actor=both, log=case.log, at=NOW)


@pytest.mark.usefixtures("now")
def test_a_download_is_on_record_and_ends_with_the_access(monkeypatch):
    case = Compared()
    case.share()
    answer = Desk(case.peer).client.get(
        f"/admin/reviews/assessment/{case.draft.pk}/logs/{case.log.pk}/content/"
    )
    assert answer["Content-Disposition"] == 'attachment; filename="nougat-run.json"'
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert b"".join(answer.streaming_content) == Path(case.log.file.path).read_bytes()
    look = Event.objects.get(verb="downloaded_log")
    assert (look.actor_id, look.subject_id, look.case_id, look.capacity, look.what) == (
        case.peer.pk, case.draft.pk, case.submission.pk, "reviewer", "Downloaded an evaluation log that a reviewer made",
    )  # fmt: skip
    assert look.data == {"log": str(case.log.pk), "log_sha256": case.log.sha256}
    assert "Downloaded an evaluation log that a reviewer made" in Visitor(case.contributor).text(
        "who", case.submission
    )
    monkeypatch.setattr(files.stream, "__kwdefaults__", {"recheck_every": 1})
    monkeypatch.setattr(files, "CHUNK", 200)
    answer = Desk(case.peer).client.get(
        f"/admin/reviews/assessment/{case.draft.pk}/logs/{case.log.pk}/content/"
    )
    body = iter(answer.streaming_content)
    assert next(body)
    case.peer.memberships.update(ended_at=NOW)
    with pytest.raises(ConnectionResetError):
        list(body)


@pytest.mark.usefixtures("now")
def test_after_a_withdrawal_only_the_lab_still_reads_the_rows():
    case = Compared()
    case.share()
    people = case.everyone()
    cases.withdraw(actor=case.contributor, submission=case.again(), at=NOW)
    assert who(people, lambda one: AgencyLog.objects.visible_to(one).exists()) == {"lab", "lab's viewer"}
    assert {code for one in people.values() for code in file_to(case, one)} <= {302, 404}


# --- the scanner ------------------------------------------------------------------------------------------------------------


def test_a_log_is_scanned_as_documents_are_and_given_to_nobody_where_something_was_found(settings):
    with running(Clamd()) as server, time_machine.travel(NOW, tick=False):
        settings.CLAMD_URL = server.url
        case = reviewing.Reviewed()
        draft = reviewing.draft(case)
        evil = put(case, draft, with_eval(task="range with a worm in it"), name="log.json")
        good = put(case, draft, as_json(), name="good.json")
        assert (evil.scan_state, good.scan_state) == ("waiting", "waiting")
        cases.add_document(
            actor=case.contributor,
            submission=case.submission,
            kind="other",
            title="x",
            upload=make.pdf(),
            at=NOW,
        )
        assert cases.scan_waiting(at=NOW) == 3
        states = AgencyLog.objects.order_by("scan_state").values_list("scan_state", "scan_detail")
        assert [state for state, _ in states] == ["found", "nothing_found"]
        page = Desk(case.reviewer).text("reviews_assessment_change", draft.pk)
        assert "Malware found: Invented.Worm. This file is given to nobody." in page
        with pytest.raises(Refused) as refusal:
            actions.open_log(actor=case.reviewer, log=evil, at=NOW)
        assert refusal.value.code == "malware_found"
        answer = Caller(case.reviewer).get(f"assessments/{draft.pk}/logs/{evil.pk}/content/")
        assert (answer.status_code, answer.json()["code"]) == (409, "malware_found")
        assert (
            Desk(case.reviewer)
            .client.get(f"/admin/reviews/assessment/{draft.pk}/logs/{evil.pk}/content/")
            .status_code
            == 303
        )
        told = Event.objects.filter(verb__in=["malware_in_log", "scan_log"]).order_by("verb")
        assert [(event.verb, event.actor_id, event.subject_id) for event in told] == [
            ("malware_in_log", None, draft.pk), ("scan_log", None, draft.pk),
        ]  # fmt: skip
        # Its author is told. The lab learns nothing of it: neither by a message nor by its record.
        told_to = Message.objects.filter(kind="malware_found").values_list("recipient", flat=True)
        assert list(told_to) == [case.reviewer.pk]
        lab = Visitor(case.contributor)
        assert "malware" not in lab.text("changes", case.submission)


def test_a_file_of_a_request_that_was_rolled_back_is_removed_and_no_log_s(folder):
    case = reviewing.Reviewed()
    found = put(case, reviewing.draft(case))
    stray = folder / "agency_logs" / "ab" / ("ab" + "0" * 30)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"x")
    old = (NOW + DAY).timestamp()
    for path in kept(folder):
        os.utime(path, (old, old))
    assert cases.remove_orphans(at=NOW + 9 * DAY) == 1
    assert [path.name for path in kept(folder)] == [found.pk.hex]
