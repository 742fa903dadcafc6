"""The draft's form: saved at any moment, what cannot be read said beside its field, nothing typed lost, nothing doubled."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from portal.accounts.models import Membership, Role
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.models import Submission
from tests import factories as make
from tests.lab.visitor import Visitor, errors_beside, stored_rows, words

pytestmark = pytest.mark.django_db
NOTHING = {
    "model_name": "",
    "checkpoint": "",
    "access_mode": "",
    "summary": "",
    "capabilities": "",
    "evaluations": "",
    "safeguards": "",
    "zone": "America/New_York",
    "planned_public_release_date": "",
    "planned_public_release_time": "",
    "planned_partner_release_date": "",
    "planned_partner_release_time": "",
    "kind": "system_card",
    "title": "",
    "tlp": "TLP:AMBER+STRICT",
    "confidential_commercial": "on",
}
TYPED = "A paragraph nobody wants to type twice."


def begun(**facts):
    """A contributor, their session and their draft."""
    lab = make.lab()
    actor = make.member(lab, Role.CONTRIBUTOR)
    case = actions.create_draft(actor=actor, lab=lab, facts=facts)
    return Visitor(actor), case


def edit(visitor, case, **typed):
    case.refresh_from_db()
    return visitor.post("edit", case, **(NOTHING | {"revision": case.revision} | typed))


def test_a_draft_begins_with_everything_missing():
    visitor = Visitor(make.member(make.lab(), Role.CONTRIBUTOR))
    answer = visitor.post("new", **NOTHING, key=uuid4())
    case = Submission.objects.get()
    assert answer.headers["Location"] == f"/lab/cases/{case.case_number}/edit/"
    assert "The draft is saved. Only your lab sees it." in visitor.follow(answer)
    assert (case.state, case.facts.model_name, case.planned_public_release) == ("draft", "", None)


def test_a_draft_comes_back_as_it_was_saved():
    visitor, case = begun()
    answer = edit(
        visitor,
        case,
        model_name="Finch",
        summary=TYPED,
        planned_public_release_date="2026-11-20",
        planned_public_release_time="17:30",
    )
    assert answer.status_code == 303
    page = visitor.get("edit", case)
    assert 'value="Finch"' in page.content.decode()
    assert TYPED in words(page)
    assert 'value="2026-11-20"' in page.content.decode()
    assert 'value="17:30"' in page.content.decode()
    case.refresh_from_db()
    assert case.planned_public_release == datetime(2026, 11, 20, 22, 30, tzinfo=UTC)


def test_a_time_is_read_in_the_zone_that_was_chosen_and_shown_in_the_readers():
    visitor, case = begun()
    visitor.user.zone = "Europe/Berlin"
    visitor.user.save()
    choices = [key for key, _ in visitor.get("edit", case).context["form"].fields["zone"].choices]
    assert choices == ["Europe/Berlin", "America/New_York", "UTC"]
    edit(
        visitor,
        case,
        zone="UTC",
        planned_public_release_date="2026-10-20",
        planned_public_release_time="12:00",
    )
    page = visitor.get("edit", case).content.decode()
    assert 'value="14:00"' in page
    assert "Europe/Berlin, your zone" in page


def test_a_date_without_a_time_is_noon():
    visitor, case = begun()
    edit(visitor, case, planned_public_release_date="2026-10-20")
    case.refresh_from_db()
    assert case.planned_public_release == datetime(2026, 10, 20, 16, 0, tzinfo=UTC)


def test_a_draft_may_hold_dates_that_have_passed_by():
    """It is told of when the draft is looked over; saving loses nothing."""
    visitor, case = begun()
    assert edit(visitor, case, planned_public_release_date="2026-01-20").status_code == 303
    assert "The planned public release lies in the past." in visitor.text("review", case)


UNREADABLE = {
    "a day that does not exist": (
        "public",
        "2026-02-31",
        "09:00",
        "Write a date that exists, such as 2026-10-30.",
    ),
    "words": ("public", "next spring", "", "Write a date that exists, such as 2026-10-30."),
    "a year of two figures": (
        "public",
        "0026-02-03",
        "",
        "Look at the year: it should be written with four figures.",
    ),
    "an hour that does not exist": (
        "partner",
        "2026-10-30",
        "25:00",
        "Write the time as hours and minutes, such as 09:00.",
    ),
    "a time alone": ("partner", "", "09:00", "Give the date too, or empty the time."),
    "a time that the clocks skip": (
        "public",
        "2027-03-14",
        "02:30",
        "The clocks go forward then, and this time does not exist. Choose another.",
    ),
    "a time that comes twice": (
        "public",
        "2026-11-01",
        "01:30",
        "The clocks go back then, and this time comes twice. Choose another, or write it in UTC.",
    ),
}


@pytest.mark.parametrize("case_of", UNREADABLE)
def test_a_date_that_cannot_be_read_is_told_beside_it(case_of):
    which, day, hour, message = UNREADABLE[case_of]
    visitor, case = begun(model_name="Finch")
    before = stored_rows()
    name = f"planned_{which}_release"
    answer = edit(visitor, case, summary=TYPED, **{f"{name}_date": day, f"{name}_time": hour})
    assert answer.status_code == 200
    assert errors_beside(answer, name) == [message]
    page = answer.content.decode()
    assert TYPED in page
    assert f'name="{name}_date" value="{day}"' in page or not day
    assert f'name="{name}_time" value="{hour}"' in page or not hour
    assert stored_rows() == before


def test_a_partner_release_after_the_public_one_is_told_beside_it():
    visitor, case = begun()
    before = stored_rows()
    answer = edit(
        visitor,
        case,
        summary=TYPED,
        planned_public_release_date="2026-10-20",
        planned_partner_release_date="2026-10-21",
    )
    assert errors_beside(answer, "planned_partner_release") == [
        "The partner release cannot come after the public release."
    ]
    assert TYPED in words(answer)
    assert stored_rows() == before


def test_an_unknown_zone_or_kind_of_access_is_refused():
    visitor, case = begun()
    before = stored_rows()
    answer = edit(visitor, case, zone="Mars/Olympus", access_mode="telepathy", summary=TYPED)
    assert errors_beside(answer, "zone") == [
        "Select a valid choice. Mars/Olympus is not one of the available choices."
    ]
    assert errors_beside(answer, "access_mode") == [
        "Select a valid choice. telepathy is not one of the available choices."
    ]
    assert TYPED in words(answer)
    assert stored_rows() == before


def test_too_long_a_text_is_told_and_comes_back():
    visitor, case = begun()
    before = stored_rows()
    answer = edit(visitor, case, model_name="x" * 201, summary="y" * 20001)
    assert errors_beside(answer, "model_name") == [
        "Ensure this value has at most 200 characters (it has 201)."
    ]
    assert errors_beside(answer, "summary") == [
        "Ensure this value has at most 20000 characters (it has 20001)."
    ]
    assert "y" * 20001 in answer.content.decode()
    assert stored_rows() == before


def test_a_nul_is_refused():
    visitor, case = begun()
    answer = edit(visitor, case, model_name="Fin\x00ch")
    assert errors_beside(answer, "model_name") == ["Null characters are not allowed."]


# --- Meanwhile and twice --------------------------------------------------------------------------------------------


def test_a_stale_form_says_what_changed_and_keeps_the_text():
    visitor, case = begun(model_name="Finch", summary="Before.")
    colleague = make.member(case.lab, Role.ADMIN)
    stale = case.revision
    actions.save_draft(
        actor=colleague, submission=case, facts={"model_name": "Finch 2", "summary": "Theirs."}
    )
    before = stored_rows()
    answer = edit(visitor, case, revision=stale, model_name="Finch 2", summary=TYPED)
    assert answer.status_code == 409
    text = words(answer)
    assert "This case changed since you opened the page." in text
    assert "EDT: Saved the draft" in text
    assert "What the model is Theirs. Saving again" in text
    assert f">\n{TYPED}</textarea>" in answer.content.decode()
    assert stored_rows() == before
    # Said once, the next attempt is made in knowledge of it.
    case.refresh_from_db()
    again = visitor.post(
        "edit",
        case,
        **(NOTHING | {"revision": answer.context["revision"], "model_name": "Finch 2", "summary": TYPED}),
    )
    assert again.status_code == 303
    case.facts.refresh_from_db()
    assert case.facts.summary == TYPED


@pytest.mark.parametrize("revision", ["", "x", "-1", "9" * 5000, "99999999"])
def test_a_form_without_a_revision_counts_as_stale(revision):
    visitor, case = begun()
    before = stored_rows()
    answer = edit(visitor, case, revision=revision, summary=TYPED)
    assert answer.status_code == 409
    assert TYPED in words(answer)
    assert stored_rows() == before


def test_a_double_click_on_a_new_draft_makes_one():
    visitor = Visitor(make.member(make.lab(), Role.CONTRIBUTOR))
    typed = NOTHING | {"model_name": "Finch", "key": uuid4()}
    first, second = visitor.post("new", **typed), visitor.post("new", **typed)
    assert first.headers["Location"] == second.headers["Location"]
    assert "This was done already, and nothing was done twice." in visitor.follow(second)
    assert Submission.objects.count() == 1


def test_a_double_click_on_save_saves_once():
    visitor, case = begun()
    typed = NOTHING | {"revision": case.revision, "model_name": "Finch"}
    assert visitor.post("edit", case, **typed).status_code == 303
    before = stored_rows()
    second = visitor.post("edit", case, **typed)
    assert "This was done already, and nothing was done twice." in visitor.follow(second)
    assert stored_rows() == before


def test_back_and_another_text_is_no_double_click():
    """The browser's back button brings the old form: what was typed then is not thrown away as a repetition."""
    visitor, case = begun()
    old = case.revision
    edit(visitor, case, summary="First.")
    answer = edit(visitor, case, revision=old, summary=TYPED)
    assert answer.status_code == 409
    assert TYPED in words(answer)


def test_a_draft_that_was_submitted_meanwhile_keeps_what_was_typed():
    case = make.Case(make.draft)
    visitor = Visitor(case.contributor)
    revision = case.submission.revision
    actions.submit(actor=case.contributor, submission=case.submission)
    answer = visitor.post("edit", case.submission, **(NOTHING | {"revision": revision, "summary": TYPED}))
    assert answer.status_code == 409
    assert "This case was submitted" in words(answer)
    assert TYPED in words(answer)


# --- Buttons that lead elsewhere ----------------------------------------------------------------------------------


def test_every_button_saves_first():
    visitor, case = begun()
    answer = edit(visitor, case, model_name="Finch", do="review")
    assert answer.headers["Location"] == f"/lab/cases/{case.case_number}/review/"
    case.facts.refresh_from_db()
    assert case.facts.model_name == "Finch"


@pytest.mark.parametrize(
    "wish",
    [
        "remove:x",
        "remove:6f9f6f0e-7f0a-4b52-9d7c-6b1f0c3f1a11",
        "version:x",
        "version:6f9f6f0e-7f0a-4b52-9d7c-6b1f0c3f1a11",
    ],
)
def test_a_button_for_no_document_of_this_case_finds_nothing(wish):
    visitor, case = begun()
    assert edit(visitor, case, do=wish).status_code == 404


# --- Who ----------------------------------------------------------------------------------------------------------


def test_a_viewer_reads_the_case_and_edits_nothing():
    case = make.Case(make.draft)
    visitor = Visitor(case.viewer)
    before = stored_rows()
    assert visitor.get("case", case.submission).status_code == 200
    assert visitor.get("edit", case.submission).status_code == 403
    assert visitor.get("new").status_code == 403
    answer = visitor.post("edit", case.submission, **(NOTHING | {"revision": case.submission.revision}))
    assert answer.status_code == 403
    assert "This is not yours to change." in words(answer)
    assert visitor.post("new", **NOTHING, key=uuid4()).status_code == 403
    assert stored_rows() == before


def test_another_lab_finds_no_such_draft():
    case, other = make.Case(make.draft), make.Case()
    visitor = Visitor(other.contributor)
    assert visitor.get("edit", case.submission).status_code == 404
    assert edit(visitor, case.submission, summary=TYPED).status_code == 404


def test_a_person_of_two_labs_says_which():
    person = make.member(make.lab("Lab of Ada"), Role.CONTRIBUTOR)
    second = make.lab("Lab of Bea")
    Membership.objects.create(user=person, organisation=second, role=Role.ADMIN)
    visitor = Visitor(person)
    assert "Lab of Ada Lab of Bea" in visitor.text("new")
    refused = visitor.post("new", **NOTHING, key=uuid4(), lab=make.lab().pk)
    assert errors_beside(refused, "lab") == [
        "Select a valid choice. That choice is not one of the available choices."
    ]
    visitor.post("new", **NOTHING, key=uuid4(), lab=second.pk)
    assert Submission.objects.get().lab == second


def test_opening_a_draft_is_a_look():
    visitor, case = begun()
    visitor.get("edit", case)
    assert list(Event.objects.filter(kind="look").values_list("verb", "actor", "case_id")) == [
        ("viewed_draft", visitor.user.pk, case.pk)
    ]
