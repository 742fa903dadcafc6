"""Evidence in the lab's pages: real and made files are read, each value is confirmed, and what is not confirmed is not stored."""

import html
import re

import pytest

from portal.accounts.models import Role
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.models import DocumentVersion, Evaluation
from tests import factories as make
from tests.evidence import logs
from tests.lab.test_draft import begun
from tests.lab.uploads import sample, upload
from tests.lab.visitor import Visitor, errors_beside, stored_rows, words

pytestmark = pytest.mark.django_db
LOG = "inspect/2025-05-12T20-28-26-04-00_security-guide.json"


def read(visitor, case, content: bytes, name: str = "log.json", **typed):
    return visitor.post("evidence", case, do="file", file=upload(content, name), **typed)


def ticks(answer) -> list[str]:
    return re.findall(r'name="take" value="([^"]+)"', answer.content.decode())


def sealed(answer) -> str:
    return html.unescape(re.search(r'name="offer" value="([^"]+)"', answer.content.decode()).group(1))


def take(visitor, case, answer, *ticked: str):
    return visitor.client.post(
        f"/lab/cases/{case.case_number}/evidence/take/", {"offer": sealed(answer), "take": ticked}
    )


def row_of(case) -> dict:
    row = Evaluation.objects.get(submission=case)
    return {
        "task": row.task,
        "dataset": row.dataset,
        "model": row.model,
        "checkpoint": row.checkpoint,
        "status": row.status,
        "samples": row.samples,
        "date": row.evaluated_at and row.evaluated_at.isoformat(),
        "scores": row.scores,
    }


# --- Reading and taking -----------------------------------------------------------------------------------------------


def test_a_real_log_is_taken_with_every_number_as_it_stands_there():
    content = sample(LOG).read_bytes()
    visitor, case = begun(checkpoint="rc-1")
    before = stored_rows()
    answer = read(visitor, case, content)
    assert "Read as Evaluation log of Inspect (JSON)" in words(answer)
    assert stored_rows() == before
    done = take(visitor, case, answer, *ticks(answer))
    assert "Taken: 1 value of the draft and 1 evaluation." in visitor.follow(done)
    assert row_of(case) == {
        "task": "security_guide",
        "dataset": "security_guide",
        "model": "openai/gpt-4o-mini",
        "checkpoint": "rc-1",
        "status": "success",
        "samples": 3,
        "date": "2025-05-13T00:28:26+00:00",
        "scores": [{"name": "model_graded_fact", "metrics": {"accuracy": 1.0, "stderr": 0.0}}],
    }
    case.facts.refresh_from_db()
    assert case.facts.model_name == "openai/gpt-4o-mini"
    assert DocumentVersion.objects.count() == 0
    assert "model_graded_fact: accuracy 1 ± 0 3 samples" in visitor.text("case", case)


def test_only_what_is_ticked_is_taken():
    visitor, case = begun(model_name="Finch")
    answer = read(visitor, case, logs.as_json().getvalue())
    done = take(visitor, case, answer, "row-0-task", "row-0-metric-0")
    assert "Taken: 1 evaluation." in visitor.follow(done)
    assert row_of(case) == {
        "task": "cyber_range",
        "dataset": "",
        "model": "",
        "checkpoint": "",
        "status": "",
        "samples": None,
        "date": None,
        "scores": [{"name": "match", "metrics": {"accuracy": 0.625}}],
    }
    case.facts.refresh_from_db()
    assert case.facts.model_name == "Finch"


def test_nothing_ticked_takes_nothing():
    visitor, case = begun()
    answer = read(visitor, case, logs.as_json().getvalue())
    before = stored_rows()
    assert "Nothing was ticked, so nothing was taken." in visitor.follow(take(visitor, case, answer))
    assert "Nothing was ticked" in visitor.follow(take(visitor, case, answer, "row-0-metric-0"))
    assert stored_rows() == before


def test_a_real_archive_is_kept_when_asked_and_named_as_the_source():
    path = sample("inspect/2025-02-11T15-17-00-05-00_popularity_dPiJifoWeEQBrfWsAopzWr.eval")
    visitor, case = begun()
    answer = read(visitor, case, path.read_bytes(), path.name, keep="on")
    version = DocumentVersion.objects.get()
    assert (version.name, version.document.kind) == (path.name, "inspect_log")
    take(visitor, case, answer, *ticks(answer))
    row = Evaluation.objects.get()
    assert (row.source_version, row.source_sha256, row.samples) == (version, version.sha256, 10)
    # Read again, the document that is there is the source, and the row is not doubled.
    again = read(visitor, case, path.read_bytes(), path.name, keep="on")
    said = visitor.follow(take(visitor, case, again, *ticks(again)))
    assert "in the case already; nothing was added twice." in said
    assert (DocumentVersion.objects.count(), Evaluation.objects.count()) == (1, 1)


def test_a_real_card_gives_texts_and_benchmarks():
    visitor, case = begun()
    answer = read(visitor, case, sample("model_cards/llama4.md").read_bytes(), "card.md")
    names = ticks(answer)
    assert {
        "fact-model_name",
        "fact-summary",
        "fact-capabilities",
        "fact-evaluations",
        "fact-safeguards",
    } <= set(names)
    take(visitor, case, answer, "fact-safeguards", *[name for name in names if name.startswith("row-0-")])
    case.facts.refresh_from_db()
    assert case.facts.safeguards.startswith("As part of our release approach")
    assert (case.facts.summary, Evaluation.objects.count()) == ("", 1)


def test_a_document_of_the_case_is_read_and_that_is_a_look():
    visitor, case = begun()
    document = actions.add_document(
        actor=visitor.user,
        submission=case,
        kind="inspect_log",
        title="Log",
        upload=upload(logs.as_json().getvalue(), "log.json"),
    )
    answer = visitor.post("evidence", case, do="document", version=str(document.current.pk))
    take(visitor, case, answer, *ticks(answer))
    assert Evaluation.objects.get().source_version == document.current
    looks = Event.objects.filter(kind="look", verb="read_evidence")
    assert list(looks.values_list("actor", "subject_id")) == [(visitor.user.pk, document.current.pk)]


def test_an_earlier_submission_gives_its_facts_but_not_its_checkpoint():
    case = make.Case(make.draft)
    visitor, old = Visitor(case.contributor), case.submission
    new = actions.create_draft(actor=case.contributor, lab=case.lab)
    answer = visitor.post("evidence", new, do="case", earlier=str(old.pk))
    assert "fact-checkpoint" not in ticks(answer)
    take(visitor, new, answer, *ticks(answer))
    new.facts.refresh_from_db()
    old.facts.refresh_from_db()
    assert (new.facts.model_name, new.facts.summary, new.facts.access_mode, new.facts.checkpoint) == (
        old.facts.model_name,
        old.facts.summary,
        old.facts.access_mode,
        "",
    )
    assert Event.objects.filter(kind="look", verb="viewed_facts", case_id=old.pk).count() == 1


# --- What cannot be read ----------------------------------------------------------------------------------------------

BAD = {
    "nothing": (b"", "The file is empty."),
    "a truncated log": (logs.as_json().getvalue()[:-40], "The file ends in the middle"),
    "a foreign object": (b'{"a": 1}', "This is JSON, and no evaluation log of Inspect."),
    "a foreign archive": (
        logs.archive({"a.txt": b"x"}).getvalue(),
        "This is an archive, and no evaluation log",
    ),
    "a bomb": (
        logs.archive({"header.json": b" " * (40 << 20)}).getvalue(),
        "The archive unpacks to far more than an evaluation log's header.",
    ),
    "no text": (
        b"\xff\xfe\x00binary",
        "This is neither an evaluation log of Inspect nor a model card: it is no text.",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_is_told_beside_the_field_and_nothing_is_stored(what):
    content, told = BAD[what]
    visitor, case = begun()
    before = stored_rows()
    answer = read(visitor, case, content)
    assert answer.status_code == 200
    assert told in errors_beside(answer, "file")[0]
    assert (stored_rows(), Evaluation.objects.count()) == (before, 0)


@pytest.mark.parametrize("name", ["a\\b.json", "log\u202egpj.json", "x" * 201])
def test_a_hostile_name_is_told_and_nothing_is_offered(name):
    visitor, case = begun()
    answer = read(visitor, case, logs.as_json().getvalue(), name)
    assert (errors_beside(answer, "file") != [], ticks(answer)) == (True, [])


def test_an_encrypted_log_says_so():
    content = bytearray(logs.archive().getvalue())
    central = content.rfind(b"PK\x01\x02")
    content[central + 8] |= 1
    visitor, case = begun()
    assert errors_beside(read(visitor, case, bytes(content)), "file")[0].startswith(
        "The archive is encrypted."
    )


def test_what_cannot_be_read_is_kept_where_that_was_asked():
    visitor, case = begun()
    answer = read(visitor, case, b'{"a": 1}', "other.json", keep="on")
    assert errors_beside(answer, "file") == [
        "This is JSON, and no evaluation log of Inspect. The file was kept as a document."
    ]
    assert DocumentVersion.objects.get().name == "other.json"
    assert Evaluation.objects.count() == 0


def test_a_log_that_ended_in_an_error_offers_no_results():
    visitor, case = begun(model_name="There")
    content = logs.as_json(status="error", error={"message": "Out of memory."}).getvalue()
    answer = read(visitor, case, content)
    assert "The evaluation ended in an error: Out of memory.." in words(answer)
    assert [name for name in ticks(answer) if name.startswith("row-")] == []


def test_hostile_text_is_shown_as_text():
    visitor, case = begun()
    content = logs.as_json(
        eval={"task": "<script>alert(1)</script>", "model": "=cmd|' /C calc'!A0", "created": "never"}
    ).getvalue()
    answer = read(visitor, case, content)
    assert "<script>alert(1)" not in answer.content.decode()
    take(visitor, case, answer, *ticks(answer))
    assert Evaluation.objects.get().task == "<script>alert(1)</script>"
    assert "<script>alert(1)" not in visitor.get("case", case).content.decode()


# --- Stale, forged, other people's ------------------------------------------------------------------------------------


def test_an_offer_that_was_altered_or_is_anothers_is_refused():
    visitor, case = begun()
    colleague = Visitor(make.member(case.lab, Role.ADMIN))
    other = actions.create_draft(actor=visitor.user, lab=case.lab)
    answer = read(visitor, case, logs.as_json().getvalue())
    before = stored_rows()
    where = f"/lab/cases/{case.case_number}/evidence/take/"
    for client, path, offer in (
        (visitor, where, sealed(answer) + "x"),
        (visitor, where, ""),
        (colleague, where, sealed(answer)),
        (visitor, f"/lab/cases/{other.case_number}/evidence/take/", sealed(answer)),
    ):
        said = client.follow(client.client.post(path, {"offer": offer, "take": ticks(answer)}))
        assert "What was read has gone stale" in said
    assert (stored_rows(), Evaluation.objects.count()) == (before, 0)


def test_a_value_that_changed_meanwhile_stays():
    visitor, case = begun(model_name="Finch")
    answer = read(visitor, case, logs.as_json().getvalue())
    actions.save_draft(
        actor=make.member(case.lab, Role.ADMIN), submission=case, facts={"model_name": "Finch 2"}
    )
    said = visitor.follow(take(visitor, case, answer, *ticks(answer)))
    assert "The model name was changed meanwhile and stays as it is." in said
    case.facts.refresh_from_db()
    assert case.facts.model_name == "Finch 2"
    assert Evaluation.objects.count() == 1


def test_a_submitted_case_takes_rows_and_its_facts_stay():
    case = make.Case(make.submitted)
    visitor = Visitor(case.contributor)
    answer = read(visitor, case.submission, logs.as_json().getvalue())
    assert [name for name in ticks(answer) if name.startswith("fact-")] == []
    take(visitor, case.submission, answer, *ticks(answer))
    assert Evaluation.objects.get().submission == case.submission
    text = Visitor(case.viewer).text("case", case.submission)
    assert "match: accuracy 0.625 ± 0.05" in text
    assert "Take back" not in text


def test_a_row_is_taken_back_and_stays_on_record():
    case = make.Case(make.submitted)
    visitor = Visitor(case.contributor)
    answer = read(visitor, case.submission, logs.as_json().getvalue())
    take(visitor, case.submission, answer, *ticks(answer))
    row = Evaluation.objects.get()
    where = f"/lab/cases/{case.submission.case_number}/evaluations/{row.pk}/take_back/"
    assert "It stays on record as taken back." in visitor.follow(visitor.client.post(where))
    assert "already" in visitor.follow(visitor.client.post(where))
    row.refresh_from_db()
    assert row.taken_back_at is not None
    assert "cyber_range" not in visitor.text("case", case.submission)
    assert Event.objects.filter(verb="take_back_evaluation").count() == 1


def test_after_the_window_nothing_is_added():
    case = make.Case(make.submitted)
    visitor = Visitor(case.contributor)
    answer = read(visitor, case.submission, logs.as_json().getvalue())
    actions.withdraw(actor=case.contributor, submission=case.again())
    visitor.follow(take(visitor, case.submission, answer, *ticks(answer)))
    assert Evaluation.objects.count() == 0
    assert visitor.get("evidence", case.submission).status_code == 303


def test_who_may_not_write_reads_nothing_in():
    case = make.Case(make.draft)
    stranger = Visitor(make.member(make.lab(), Role.ADMIN))
    assert Visitor(case.viewer).get("evidence", case.submission).status_code == 403
    assert stranger.get("evidence", case.submission).status_code == 404
    other = make.Case(make.draft)
    # Neither the stranger's documents nor its cases can be named.
    answer = Visitor(case.contributor).post(
        "evidence", case.submission, do="case", earlier=str(other.submission.pk)
    )
    assert "Choose a submission of the list." in words(answer)
    assert other.submission.case_number not in words(answer)


def test_a_document_with_malware_is_not_read():
    visitor, case = begun()
    document = actions.add_document(
        actor=visitor.user, submission=case, kind="inspect_log", title="Log",
        upload=upload(logs.as_json().getvalue(), "log.json"),
    )  # fmt: skip
    document.versions.update(scan_state="found", scan_detail="Eicar")
    answer = visitor.post("evidence", case, do="document", version=str(document.current.pk))
    assert errors_beside(answer, "version") == ["Malware was found in this file, so it is given to nobody."]
    assert Event.objects.filter(verb="read_evidence").count() == 0


def test_the_models_named_in_the_choice_are_a_look():
    case = make.Case(make.draft)
    new = actions.create_draft(actor=case.contributor, lab=case.lab)
    Visitor(case.contributor).get("evidence", new)
    assert Event.objects.filter(kind="look", verb="listed", case_id=case.submission.pk).count() == 1


def test_the_name_of_an_upload_in_pieces_stands_for_no_file_here():
    visitor, case = begun()
    answer = visitor.post("evidence", case, do="file", upload="6f9f6f0e-7f0a-4b52-9d7c-6b1f0c3f1a11")
    assert errors_beside(answer, "file") == ["Choose a file."]
