"""Reviewers' own evaluation logs: who sees their results, who gets the file, and what scanner and cleaning make of them."""

import os
from pathlib import Path

import pytest
import time_machine

from portal.accounts.models import Membership, Role
from portal.deadlines.models import Message
from portal.errors import NotAllowed, Refused
from portal.ledger.models import Event
from portal.submissions import actions as cases
from portal.submissions import files
from reviews import actions
from reviews.models import AgencyLog
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.admin.desk import Desk
from tests.api.calls import Caller
from tests.core.test_scanning import Clamd, running
from tests.evidence.logs import as_json
from tests.lab.visitor import Visitor
from tests.reviews.logged import Compared, folder, kept, now, put, with_eval

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
__all__ = ["folder", "now"]
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
    assert (
        answer["Content-Security-Policy"]
        == "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
    )
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
