"""A spill freezes its object: nobody reads it by any way, its case stands, and what is removed is gone."""

import io
import json
import zipfile

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, transaction
from django.db.models import Q

from portal.accounts.models import Membership, Role
from portal.deadlines.models import Deadline, Message
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, WrongState
from portal.ledger.models import Event
from portal.submissions import actions, downloads, history, receipts, tasks
from portal.submissions.actions import questions, spills
from portal.submissions.exports import archive, sending
from portal.submissions.models import (
    Conflict,
    Document,
    DocumentVersion,
    Evaluation,
    InformationRequest,
    RequestAnswer,
    RequestFollowUp,
    Spill,
)
from reviews import actions as reviewing
from reviews.models import Assessment, Inquiry
from tests import factories as make
from tests import factories_reviews as reviews
from tests.factories_questions import Asked, answered, asked

pytestmark = pytest.mark.django_db
NOW = make.NOW
AT = NOW + 11 * make.DAY


class Spilled(Asked):
    """An open case with a document, an answered question and a shared assessment; security officers of both agencies."""

    def __init__(self):
        super().__init__(make_case=with_document)
        self.document = Document.objects.get(submission=self.submission)
        self.security = make.member(make.programme_office(), Role.SECURITY)
        self.agency_security = make.member(self.agency, Role.SECURITY)
        self.admin = make.member(self.lab, Role.ADMIN)
        self.auditor = reviews.auditor()

    @property
    def readers(self):
        return (
            self.contributor, self.viewer, self.admin, self.coordinator, self.agency_coordinator, self.lead,
            self.reviewer, self.peer, self.security, self.agency_security, self.auditor,
        )  # fmt: skip


def with_document(*, actor, lab, at=NOW, **options):
    by = Membership.objects.get(role=Role.COORDINATOR, organisation__is_programme_office=True).user
    case = make.draft(actor=actor, lab=lab, at=at, **options)
    actions.add_document(
        actor=actor,
        submission=case,
        kind="system_card",
        title="Praline card",
        upload=make.pdf("praline-secret"),
        at=at,
    )
    actions.submit(actor=actor, submission=case, at=at)
    actions.acknowledge(actor=by, submission=case, at=at)
    actions.accept_terms(actor=by, submission=case, at=at)
    actions.accept_terms(actor=actor, submission=case, at=at)
    return actions.provide_access(actor=actor, submission=case, instructions=make.INSTRUCTIONS, at=at)


@pytest.fixture
def case():
    return Spilled()


def report(case, subject, actor=None, *, feared="classified", at=AT):
    return actions.report_spill(actor=actor or case.reviewer, subject=subject, feared=feared, at=at)


def sees(model, user, pk, *, at=AT) -> bool:
    return model.objects.visible_to(type(user).objects.get(pk=user.pk), at=at).filter(pk=pk).exists()


def readers(model, case, pk, *, at=AT) -> set:
    return {user for user in case.readers if sees(model, user, pk, at=at)}


def archived(case) -> dict:
    parts = archive.parts_of(case.again(), case.contributor, at=AT)
    whole = b"".join(sending.stream(case.again(), parts, at=AT, still_allowed=lambda: True))
    with zipfile.ZipFile(io.BytesIO(whole)) as opened:
        return {name: opened.read(name).decode("latin-1") for name in opened.namelist()}


def test_a_document_is_nobodys_any_more_and_its_case_is_what_it_was(case):
    before = readers(Document, case, case.document.pk)
    assert {case.contributor, case.viewer, case.coordinator, case.lead, case.reviewer} <= before
    assert "praline-secret" in str(archived(case))
    spill = report(case, case.document)
    assert readers(Document, case, case.document.pk) == set()
    assert history.documents_of(case.again()) == []
    again = case.again()
    assert (again.stored_state, again.opens_at, again.closes_at) == (
        case.submission.stored_state, case.submission.opens_at, case.submission.closes_at,
    )  # fmt: skip
    receipt = receipts.receipt(again)
    assert [one.version.name for one in receipt.files] == []
    kept = archived(case)
    assert not [name for name in kept if name.startswith("documents/")]
    for word in ("praline-secret", "Praline", "card.pdf"):
        assert word not in str(kept), word
    assert (spill.kind, spill.subject_id, spill.number) == (
        "document", case.document.pk, case.submission.case_number,
    )  # fmt: skip


def test_nothing_is_done_to_what_is_frozen(case):
    report(case, case.document)
    report(case, case.first)
    for call in (
        lambda: actions.add_version(
            actor=case.contributor, document=case.document, upload=make.pdf("two"), at=AT
        ),
        lambda: actions.mark_document(actor=case.contributor, document=case.document, tlp="TLP:RED", at=AT),
        lambda: questions.answer(actor=case.contributor, question=case.first, text="Yes.", at=AT),
        lambda: questions.withdraw(actor=case.coordinator, question=case.first, at=AT),
    ):
        with pytest.raises(WrongState, match="is frozen"):
            call()
    with pytest.raises(NotAllowed):
        actions.open_version(actor=case.contributor, version=case.document.current, at=AT)
    assert DocumentVersion.objects.count() == 1


@pytest.mark.parametrize("verb", ["withdraw", "release", "move_dates"])
def test_the_labs_own_steps_are_all_still_its(case, verb):
    report(case, case.document)
    options = {}
    if verb == "move_dates":
        options = {"planned_public_release": case.submission.planned_public_release + 5 * make.DAY}
    done = getattr(actions, verb)(actor=case.contributor, submission=case.submission, at=AT, **options)
    assert Event.objects.filter(case_id=done.pk, verb=verb).exists()


def test_a_question_with_its_answers_is_frozen_and_what_was_merged_into_another_is_no_way_around(case):
    done = answered(case, text="Is it nougatine?")
    assert readers(InformationRequest, case, done.pk)
    report(case, done)
    assert readers(InformationRequest, case, done.pk) == set()
    # Merged into one that is read: its words do not stand there.
    questions.merge(actor=case.coordinator, question=case.second, into=case.first, at=AT)
    second = InformationRequest.objects.get(pk=case.second.pk)
    report(case, second)
    kept = archived(case)
    text = kept["questions.json"]
    assert "And which of the other?" not in text
    assert "fudge-answer-1" not in str(kept)
    assert "Frozen after a report of a spill." in text


def test_a_frozen_question_reminds_nobody_until_it_is_lifted(case):
    def waits() -> int:
        return Deadline.objects.still_open().filter(subject_id=case.first.pk).count()

    assert waits() == 1
    spill = report(case, case.first)
    assert waits() == 0
    actions.lift_spill(actor=case.security, spill=spill, reason="It was none.", at=AT)
    assert waits() == 1
    assert case.contributor in readers(InformationRequest, case, case.first.pk)


def test_an_assessment_is_frozen_for_agencies_and_lab(case):
    made = reviews.shared(case, at=AT)
    assert {case.contributor, case.reviewer, case.lead, case.coordinator} <= readers(
        Assessment, case, made.pk
    )
    report(case, made, case.contributor)
    assert readers(Assessment, case, made.pk) == set()
    with pytest.raises(WrongState, match="is frozen"):
        reviewing.respond(actor=case.contributor, assessment=made, response="No.", at=AT)
    assert "nougat-finding-1" not in str(archived(case))


def test_of_a_draft_that_is_frozen_the_lab_learns_nothing(case):
    made = reviews.draft(case, at=AT)
    report(case, made)
    assert not sees(Assessment, case.reviewer, made.pk)
    told = set(Message.objects.filter(kind="spill_reported").values_list("recipient", flat=True))
    assert told == {case.security.pk, case.agency_security.pk}
    assert not history.changes(case.again()).filter(verb="report_spill").exists()
    event = Event.objects.get(verb="report_spill")
    assert not Event.objects.visible_to(case.contributor).filter(pk=event.pk).exists()
    assert Event.objects.visible_to(case.auditor).filter(pk=event.pk).exists()


def test_an_inquiry_is_frozen(case):
    made = reviews.submitted_inquiry(case.contributor, case.lab)
    assert {case.contributor, case.coordinator, case.reviewer} <= readers(Inquiry, case, made.pk)
    assert Deadline.objects.still_open().filter(case_number=made.number).exists()
    spill = report(case, made, case.coordinator)
    assert readers(Inquiry, case, made.pk) == set()
    reviewing.inquiries.remind_of_waiting(at=AT)
    assert not Deadline.objects.still_open().filter(case_number=made.number).exists()
    with pytest.raises(WrongState, match="is frozen"):
        reviewing.inquiries.acknowledge(actor=case.coordinator, inquiry=made, at=AT)
    actions.lift_spill(actor=case.security, spill=spill, reason="It was none.", at=AT)
    assert Deadline.objects.still_open().filter(case_number=made.number).exists()
    reviewing.inquiries.acknowledge(actor=case.coordinator, inquiry=made, at=AT)


def test_who_is_told_and_that_a_notice_carries_a_number_and_a_link_alone(case):
    report(case, case.document)
    rows = Message.objects.filter(kind="spill_reported")
    assert {row.recipient_id for row in rows} == {
        case.security.pk, case.agency_security.pk, case.admin.pk, case.contributor.pk,
    }  # fmt: skip
    for row in rows:
        said = f"{row.label} {row.wording} {row.link} {row.key}"
        assert "raline" not in said
        assert "card.pdf" not in said
    links = {row.recipient_id: row.link for row in rows}
    assert links[case.security.pk] == "/admin/submissions/spill/"
    assert links[case.admin.pk] == f"/case/{case.submission.case_number}/"


def test_a_security_officer_in_conflict_is_neither_told_nor_settles_it(case):
    Conflict.objects.create(
        user=case.agency_security, organisation=case.lab, declared_by=case.agency_security
    )
    spill = report(case, case.document)
    assert not Message.objects.filter(recipient=case.agency_security).exists()
    assert not sees(Spill, case.agency_security, spill.pk)
    with pytest.raises(NotAllowed):
        actions.remove_content(actor=case.agency_security, spill=spill, at=AT)


def test_who_reads_who_reported_and_what_the_lab_reads_of_it(case):
    spill = report(case, case.document)
    found = {user for user in case.readers if sees(Spill, user, spill.pk)}
    # The reporter's own coordinator, security, and who audits; neither the lab nor another agency's.
    assert found == {case.security, case.agency_security, case.auditor, case.agency_coordinator}
    told = history.tell(history.changes(case.again()).filter(verb="report_spill"))
    assert [one.what for one in told] == ["Reported a spill, and froze part of the case: document"]
    kept = archived(case)["events.json"]
    assert "Rita Reviewer" not in kept
    assert "froze part of the case" in kept


@pytest.mark.parametrize("who", ["stranger", "security", "partner", "early"])
def test_who_cannot_read_it_does_not_freeze_it(case, who):
    actor = {
        "stranger": lambda: make.member(make.lab(), Role.ADMIN),
        "security": lambda: case.security,
        "partner": lambda: make.member(make.partner_organisation(), Role.MEMBER),
        "early": lambda: case.reviewer,
    }[who]()
    subject, at = case.document, AT
    if who == "early":
        # A reviewer before there was a seat: read by many, not yet by them.
        at = NOW - make.DAY
    with pytest.raises(NotAllowed):
        report(case, subject, actor, at=at)
    assert not Spill.objects.exists()


def test_what_is_feared_is_one_of_a_few_words(case):
    with pytest.raises(Invalid):
        report(case, case.document, feared="the code word is praline")
    assert not Spill.objects.exists()


def test_a_download_on_its_way_stops_at_its_next_question(case):
    body = b"%PDF-1.7\n" + b"x" * (9 * 2**20) + b"\n%%EOF\n"
    actions.add_version(
        actor=case.contributor, document=case.document, upload=ContentFile(body, name="card.pdf"), at=NOW
    )
    answer = downloads.download(actor=case.contributor, version=case.document.versions.first())
    sent = 0
    pieces = iter(answer.streaming_content)
    sent = [len(next(pieces))]
    report(case, case.document, case.contributor)
    with pytest.raises(ConnectionResetError):
        sent.extend(map(len, pieces))
    # What had gone until the audience was asked again, and no more.
    assert sum(sent) <= 4 * 2**20 + 256 * 1024
    answer.close()


def test_an_archive_on_its_way_leaves_the_frozen_file_out(case):
    parts = archive.parts_of(case.again(), case.contributor, at=AT)
    report(case, case.document)
    whole = b"".join(sending.stream(case.again(), parts, at=AT, still_allowed=lambda: True))
    with zipfile.ZipFile(io.BytesIO(whole)) as opened:
        listed = json.loads(opened.read("manifest.json"))["files"]
        assert not [name for name in opened.namelist() if name.startswith("documents/")]
    assert {"path": None, "withheld": "frozen after a report of a spill"} in listed


def test_it_is_lifted_with_a_reason_and_may_be_reported_anew(case):
    spill = report(case, case.document)
    with pytest.raises(Missing):
        actions.lift_spill(actor=case.security, spill=spill, reason=" ", at=AT)
    with pytest.raises(NotAllowed):
        actions.lift_spill(actor=case.coordinator, spill=spill, reason="No.", at=AT)
    actions.lift_spill(actor=case.agency_security, spill=spill, reason="A drill.", at=AT)
    assert case.reviewer in readers(Document, case, case.document.pk)
    with pytest.raises(AlreadyDone):
        actions.lift_spill(actor=case.security, spill=spill, reason="Again.", at=AT)
    with pytest.raises(WrongState):
        actions.remove_content(actor=case.security, spill=spill, at=AT)
    report(case, case.document)
    assert readers(Document, case, case.document.pk) == set()


@pytest.mark.parametrize("keep_name", [False, True])
def test_removed_content_is_gone_and_the_ledger_keeps_the_hash(
    case, keep_name, django_capture_on_commit_callbacks
):
    version = case.document.current
    name, sha256 = version.file.name, version.sha256
    Evaluation.objects.create(
        submission=case.submission, task="praline-task", source_version=version, source_name="card.pdf",
        added_by=case.contributor, added_at=NOW,
    )  # fmt: skip
    spill = report(case, case.document)
    with django_capture_on_commit_callbacks(execute=True):
        actions.remove_content(actor=case.security, spill=spill, keep_name=keep_name, at=AT)
    assert not default_storage.exists(name)
    assert Spill.objects.get().destroyed_at is not None
    assert readers(Document, case, case.document.pk) == set()
    document, version = Document.objects.get(), DocumentVersion.objects.get()
    expected = ("Praline card", "card.pdf") if keep_name else ("Removed after a spill.",) * 2
    assert (document.title, version.name) == expected
    assert Evaluation.objects.get().task == "Removed after a spill."
    assert Event.objects.filter(Q(data__sha256=sha256) | Q(verb="add_document", data__sha256=sha256)).exists()
    assert Event.objects.filter(verb="content_destroyed", subject_id=spill.pk).count() == 1
    assert Message.objects.filter(kind="spill_removed", recipient=case.agency_security).count() == 1


def test_the_texts_of_a_question_and_an_assessment_are_gone(case):
    done = answered(case, text="Is it nougatine?")
    questions.ask_again(actor=case.coordinator, question=done, reason="How much nougatine?", at=NOW)
    made, other = reviews.shared(case, at=AT), asked(case, text="Another one?")
    inquiry = reviews.submitted_inquiry(case.contributor, case.lab)
    for subject in (done, made, inquiry):
        actions.remove_content(actor=case.security, spill=report(case, subject, case.coordinator), at=AT)
    assert [row.text for row in RequestAnswer.objects.all()] == ["Removed after a spill."]
    assert [row.text for row in RequestFollowUp.objects.all()] == ["Removed after a spill."]
    for model in (InformationRequest, Assessment, Inquiry):
        said = str(list(model.objects.values()))
        for word in ("nougat", "Kestrel 6"):
            assert word not in said, (model, word)
    assert InformationRequest.objects.get(pk=other.pk).text == "Another one?"


def test_the_database_changes_no_answer_but_of_removed_content(case):
    done = answered(case, text="Is it nougatine?")
    row = RequestAnswer.objects.filter(request=done)
    for _ in range(2):
        for text in ("Removed after a spill.", "Something else."):
            with pytest.raises(DatabaseError), transaction.atomic():
                row.update(text=text)
        if not Spill.objects.exists():
            report(case, done)
    assert row.get().text != "Removed after a spill."


def test_a_removal_that_was_killed_between_mark_and_delete_is_finished_by_the_clock(case):
    name = case.document.current.file.name
    spill = report(case, case.document)
    # The test's transaction never commits, as that of a process that was killed right after its commit calls nothing.
    actions.remove_content(actor=case.security, spill=spill, at=AT)
    assert (default_storage.exists(name), Spill.objects.get().destroyed_at) == (True, None)
    assert readers(Document, case, case.document.pk) == set()
    tasks.record_clock()
    assert (default_storage.exists(name), Spill.objects.get().destroyed_at is None) == (False, False)
    assert spills.finish_removals() == 0
    assert Event.objects.filter(verb="content_destroyed").count() == 1


def test_a_storage_that_refuses_one_removal_keeps_no_other(case, monkeypatch):
    other = actions.add_document(
        actor=case.contributor, submission=case.submission, kind="system_card", title="Nougat card",
        upload=make.pdf("nougat"), at=AT,
    )  # fmt: skip
    first, second = case.document.current.file.name, other.current.file.name
    for document in (case.document, other):
        actions.remove_content(actor=case.security, spill=report(case, document), at=AT)
    delete = default_storage.delete

    def refuse_the_first(name):
        if name == first:
            raise OSError("The storage does not answer.")
        delete(name)

    with monkeypatch.context() as storage:
        storage.setattr(default_storage, "delete", refuse_the_first)
        assert spills.finish_removals() == 1
    assert (default_storage.exists(first), default_storage.exists(second)) == (True, False)
    assert list(Spill.objects.filter(destroyed_at=None).values_list("subject_id", flat=True)) == [
        case.document.pk
    ]
    assert spills.finish_removals() == 1
    assert not default_storage.exists(first)


def test_who_left_their_agency_settles_nothing(case):
    spill = report(case, case.document)
    Membership.objects.filter(user=case.security).update(ended_at=AT)
    with pytest.raises(NotAllowed):
        actions.lift_spill(
            actor=type(case.security).objects.get(pk=case.security.pk), spill=spill, reason="x", at=AT
        )


def test_who_gives_roles_is_told_of_no_case_when_nobody_could_settle_it(case):
    root = make.person("Sid", is_superuser=True)
    report(case, case.document)
    assert not Message.objects.filter(recipient=root).exists()
    for officer in (case.security, case.agency_security):
        officer.memberships.update(ended_at=AT)
    spill = report(case, case.first)
    [told] = Message.objects.filter(recipient=root)
    assert (told.kind, told.case_id, told.case_number, told.link) == (
        "security_needed", None, "", "/admin/accounts/membership/",
    )  # fmt: skip
    # Whoever is given the role afterwards finds it waiting.
    later = make.member(make.programme_office(), Role.SECURITY, since=AT)
    assert Spill.objects.to_settle_by(type(later).objects.get(pk=later.pk)).filter(pk=spill.pk).exists()


def test_an_officer_whom_a_conflict_keeps_from_the_case_counts_for_nobody(case):
    root = make.person("Sid", is_superuser=True)
    case.agency_security.memberships.update(ended_at=AT)
    actions.declare_conflict(actor=case.security, user=case.security, submission=case.submission, at=AT)
    report(case, case.document)
    assert [message.kind for message in Message.objects.filter(recipient=root)] == ["security_needed"]
