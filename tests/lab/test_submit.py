"""Looking a draft over, submitting it, and the receipt."""

import pytest
import time_machine

from portal.accounts.models import Role
from portal.ledger.actions import record
from portal.ledger.models import Event
from portal.submissions import actions, receipts
from portal.submissions.exports import receipt
from portal.submissions.markings import COMMERCIAL
from portal.submissions.models import Facts, Submission
from tests import factories as make
from tests.lab.visitor import Visitor, stored_rows, words

pytestmark = pytest.mark.django_db


def ready():
    """A complete draft with one document, and its contributor's session."""
    case = make.Case(make.draft)
    actions.add_document(
        actor=case.contributor,
        submission=case.submission,
        kind="system_card",
        title="Card",
        upload=make.pdf(),
    )
    return case, Visitor(case.contributor)


def submit(visitor, case, **typed):
    return visitor.post("review", case.submission, **({"revision": case.again().revision} | typed))


def test_all_that_is_missing_is_said_at_once_with_its_place():
    lab = make.lab()
    actor = make.member(lab, Role.CONTRIBUTOR)
    case = actions.create_draft(actor=actor, lab=lab)
    answer = Visitor(actor).get("review", case)
    assert [(lack.message, link) for lack, link in answer.context["lacks"]] == [
        ("Give the model name.", f"/lab/cases/{case.case_number}/edit/model/#id_model_name"),
        ("Give the checkpoint hash or name.", f"/lab/cases/{case.case_number}/edit/model/#id_checkpoint"),
        ("Give the kind of access offered.", f"/lab/cases/{case.case_number}/edit/model/#id_access_mode"),
        ("Say what the model is.", f"/lab/cases/{case.case_number}/edit/model/#id_summary"),
        (
            "Give the planned public release.",
            f"/lab/cases/{case.case_number}/edit/plan/#id_planned_public_release",
        ),
    ]
    assert "Submit to the programme" not in words(answer)
    form = Visitor(actor).get("edit", case).content.decode()
    assert all(f'id="{link.partition("#")[2]}"' in form for _, link in answer.context["lacks"])


@pytest.mark.parametrize(
    ("public", "partner", "told"),
    [
        (-1, None, ["The planned public release lies in the past."]),
        (10, -1, ["The planned partner release lies in the past."]),
        (
            -1,
            -2,
            ["The planned public release lies in the past.", "The planned partner release lies in the past."],
        ),
    ],
)
def test_dates_in_the_past_are_said(public, partner, told):
    lab = make.lab()
    actor = make.member(lab, Role.CONTRIBUTOR)
    case = make.draft(actor=actor, lab=lab, public_in=public, partner_in=partner)
    visitor = Visitor(actor)
    answer = visitor.get("review", case)
    assert [lack.message for lack, _ in answer.context["lacks"]] == told
    before = stored_rows()
    refused = visitor.post("review", case, revision=case.revision)
    assert refused.status_code == 200
    assert told[0] in words(refused)
    assert stored_rows() == before


@pytest.mark.parametrize("name", Facts.REQUIRED)
def test_what_the_page_says_is_what_the_action_refuses(name):
    lab = make.lab()
    actor = make.member(lab, Role.CONTRIBUTOR)
    case = make.draft(actor=actor, lab=lab, **{name: ""})
    answer = Visitor(actor).post("review", case, revision=case.revision)
    assert [lack.field for lack, _ in answer.context["lacks"]] == [name]
    case.refresh_from_db()
    assert case.state == "draft"


def test_submitting_leads_to_a_receipt():
    case, visitor = ready()
    answer = submit(visitor, case)
    number = case.submission.case_number
    assert answer.headers["Location"] == f"/lab/cases/{number}/receipt/"
    text = visitor.follow(answer)
    version = case.submission.documents.get().current
    for words_of in (
        f"Case number {number}",
        "Received 14 Sep 2026, 10:00 a.m. EDT 2026-09-14 14:00:00 UTC",
        f"Submitted by {case.contributor.name}, {case.lab.name}",
        "Planned public release 13 Nov 2026, 9:00 a.m. EST Planned partner release 24 Oct 2026, 10:00 a.m. EDT",
        f"card.pdf Version 1 {version.size} bytes SHA-256 {version.sha256}",
        "The programme office acknowledges that it has received the submission. Target: 16 Sep 2026, 10:00 a.m. EDT",
        "The access window stays shut until then. Optional Target: 24 Sep 2026, 10:00 a.m. EDT",
        "The clock closes the access window, whatever is finished by then. 24 Oct 2026, 10:00 a.m. EDT",
        "The reviewers share draft feedback with the lab. Target: 19 Oct 2026, 10:00 a.m. EDT",
    ):
        assert words_of in text
    assert case.again().state == "submitted"


def test_a_receipt_stays_what_it_was():
    case, visitor = ready()
    submit(visitor, case)
    at = make.NOW + make.DAY
    document = case.submission.documents.get()
    first = document.current
    actions.add_version(actor=case.contributor, document=document, upload=make.pdf("second"), at=at)
    actions.add_document(
        actor=case.contributor,
        submission=case.submission,
        kind="other",
        title="Late",
        upload=make.pdf("late"),
        at=at,
    )
    actions.correct_facts(
        actor=case.contributor, submission=case.submission, facts={"model_name": "Kestrel 6"}, at=at
    )
    for days in (70, 80):
        actions.move_dates(
            actor=case.contributor,
            submission=case.submission,
            planned_public_release=make.NOW + days * make.DAY,
            at=at,
        )
    with time_machine.travel(at, tick=False):
        text = (
            Visitor(case.viewer).text("receipt", case.submission).partition("Receipt of your submission")[2]
        )
    assert "Model Kestrel 5" in text
    assert "Planned public release 13 Nov 2026, 9:00 a.m. EST Planned partner release 24 Oct" in text
    assert f"Version 1 {first.size} bytes SHA-256 {first.sha256} What happens next" in text
    assert "Late" not in text


def _files(case, visitor) -> tuple[str, str]:
    """What the receipt's page and its PDF say of the only file."""
    text = visitor.text("receipt", case.submission)
    (file,) = receipt.told(case.again(), receipts.receipt(case.again()), by="")["files"]
    return text.partition("SHA-256 Card ")[2].partition(" card.pdf ")[0], file["words"]


def test_a_receipt_says_how_a_document_was_marked_then():
    case, visitor = ready()
    document = case.submission.documents.get()
    submit(visitor, case)
    actions.mark_document(
        actor=case.contributor, document=document, tlp="TLP:GREEN", confidential_commercial=False, at=make.NOW
    )
    page, printed = _files(case, visitor)
    assert page == f"Draft system card, TLP:AMBER+STRICT · {COMMERCIAL}"
    assert printed.endswith(f"Draft system card. TLP:AMBER+STRICT · {COMMERCIAL}.")


def test_a_receipt_of_before_that_was_recorded_says_that_it_shows_todays_marking():
    case, visitor = ready()
    document = case.submission.documents.get()
    submit(visitor, case)
    row = {"document": document.pk, "version": 1, "sha256": document.current.sha256}
    record(
        actor=case.contributor, verb="submit", subject=case.submission, case_id=case.submission.pk,
        data={"received": [row]}, at=make.NOW,
    )  # fmt: skip
    actions.mark_document(actor=case.contributor, document=document, tlp="TLP:GREEN", at=make.NOW)
    page, printed = _files(case, visitor)
    assert page == f"Draft system card, TLP:GREEN · {COMMERCIAL} (as marked now)"
    assert printed.endswith(f"Draft system card. TLP:GREEN · {COMMERCIAL} (as marked now).")


def test_a_draft_has_no_receipt():
    case, visitor = ready()
    assert (
        visitor.get("receipt", case.submission).headers["Location"]
        == f"/lab/cases/{case.submission.case_number}/"
    )


def test_a_double_click_submits_once():
    case, visitor = ready()
    revision = case.again().revision
    first, second = (submit(visitor, case, revision=revision) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert "This was done already, and nothing was done twice." in visitor.follow(second)
    assert Event.objects.filter(verb="submit").count() == 1


def test_a_colleagues_submission_is_told_and_leads_to_the_receipt():
    case, visitor = ready()
    revision = case.again().revision
    colleague = make.member(case.lab, Role.ADMIN)
    actions.submit(actor=colleague, submission=case.submission)
    text = visitor.follow(submit(visitor, case, revision=revision))
    assert "This was done already: the case is submitted." in text
    assert "Receipt of your submission" in text


def test_a_draft_that_changed_is_looked_over_again():
    case, visitor = ready()
    revision = case.again().revision
    colleague = make.member(case.lab, Role.ADMIN)
    actions.save_draft(actor=colleague, submission=case.submission, facts={"summary": "Quite another thing."})
    answer = submit(visitor, case, revision=revision)
    assert answer.status_code == 409
    assert "This case changed since you opened the page." in words(answer)
    assert "Quite another thing." in words(answer)
    assert case.again().state == "draft"


def test_a_viewer_submits_nothing():
    case, _ = ready()
    visitor = Visitor(case.viewer)
    assert visitor.get("review", case.submission).status_code == 403
    assert submit(visitor, case).status_code == 403
    assert case.again().state == "draft"


def test_another_lab_finds_neither_review_nor_receipt():
    case, _ = ready()
    other = Visitor(make.Case().contributor)
    assert other.get("review", case.submission).status_code == 404
    assert submit(other, case).status_code == 404
    assert other.get("receipt", case.submission).status_code == 404
    assert case.again().state == "draft"


def test_a_viewer_reads_the_receipt():
    case = make.Case(make.submitted)
    assert "Receipt of your submission" in Visitor(case.viewer).text("receipt", case.submission)
    assert Event.objects.filter(verb="viewed_receipt", actor=case.viewer, capacity="lab_viewer").count() == 1


def test_a_submission_without_documents():
    case = make.Case(make.draft)
    visitor = Visitor(case.contributor)
    assert "You can submit without" in visitor.text("review", case.submission)
    assert "no files." in visitor.follow(submit(visitor, case))
    assert Submission.objects.get().state == "submitted"
