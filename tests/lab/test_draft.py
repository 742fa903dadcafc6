"""The draft's form: saved at any moment, what cannot be read said beside its field, nothing typed lost, nothing doubled."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from portal.accounts.models import Membership, Role
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.actions.drafts import digest
from portal.submissions.models import Submission
from tests import factories as make
from tests.lab.visitor import Visitor, errors_beside, seen, stored_rows, words

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
    """Post the whole form as a page opened just now would."""
    return visitor.post("edit", case, **(NOTHING | {"seen": seen(case)} | typed))


def test_a_draft_begins_with_everything_missing():
    visitor = Visitor(make.member(make.lab(), Role.CONTRIBUTOR))
    answer = visitor.post("new", **NOTHING, key=uuid4())
    case = Submission.objects.get()
    assert answer.headers["Location"] == f"/lab/cases/{case.case_number}/edit/model/"
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


def edited_by_both(mine: str = TYPED):
    """A draft whose summary a colleague changed after the page was opened, and the answer to what was typed meanwhile."""
    visitor, case = begun(model_name="Finch", summary="Before.")
    opened = seen(case)
    colleague = make.member(case.lab, Role.ADMIN, name="Bea Colleague")
    actions.save_draft(
        actor=colleague, submission=case, facts={"model_name": "Finch 2", "summary": "Theirs <b>now</b>."}
    )
    typed = NOTHING | {"seen": opened, "model_name": "Finch", "summary": mine, "safeguards": "Added."}
    return visitor, case, typed, visitor.post("edit", case, **typed)


def facts_now(case) -> tuple:
    case.facts.refresh_from_db()
    return case.facts.model_name, case.facts.summary, case.facts.safeguards


def test_what_a_colleague_changed_too_is_shown_and_nothing_of_either_is_lost():
    _, case, _, answer = edited_by_both()
    assert answer.status_code == 409
    text = words(answer)
    assert "Bea Colleague" in text
    assert "wrote: Theirs <b>now</b>. Take theirs" in text
    page = answer.content.decode()
    assert f">\n{TYPED}</textarea>" in page
    # What only one of them touched is the newest of it, whoever wrote it.
    assert 'name="model_name" value="Finch 2"' in page
    assert facts_now(case) == ("Finch 2", "Theirs <b>now</b>.", "Added.")
    assert Event.objects.filter(verb="save_draft").latest("seq").data["changed"] == ["safeguards"]


@pytest.mark.parametrize(("button", "holds"), [("mine", TYPED), ("theirs", "Theirs <b>now</b>.")])
def test_one_of_the_two_is_chosen(button, holds):
    visitor, case, typed, answer = edited_by_both()
    again = typed | {
        "seen": answer.context["seen"],
        "model_name": "Finch 2",
        "theirs-summary": digest("Theirs <b>now</b>."),
        "do": f"{button}:summary",
    }
    chosen = visitor.post("edit", case, **again)
    assert (chosen.status_code, facts_now(case)) == (303, ("Finch 2", holds, "Added."))


def test_saving_again_without_choosing_asks_again():
    visitor, case, typed, answer = edited_by_both()
    again = visitor.post("edit", case, **(typed | {"seen": answer.context["seen"], "model_name": "Finch 2"}))
    assert (again.status_code, facts_now(case)) == (409, ("Finch 2", "Theirs <b>now</b>.", "Added."))


def test_a_choice_is_for_the_text_that_was_shown():
    """The colleague wrote on while the two texts were being compared."""
    visitor, case, typed, answer = edited_by_both()
    actions.save_draft(
        actor=make.member(case.lab, Role.ADMIN), submission=case, facts={"summary": "Later still."}
    )
    chosen = typed | {
        "seen": answer.context["seen"],
        "model_name": "Finch 2",
        "theirs-summary": digest("Theirs <b>now</b>."),
        "do": "mine:summary",
    }
    again = visitor.post("edit", case, **chosen)
    assert again.status_code == 409
    assert "wrote: Later still." in words(again)
    assert facts_now(case)[1] == "Later still."


def test_two_who_write_in_different_fields_do_not_meet():
    visitor, case = begun()
    opened = seen(case)
    actions.save_draft(actor=make.member(case.lab, Role.ADMIN), submission=case, facts={"summary": "Theirs."})
    answer = visitor.post("edit", case, **(NOTHING | {"seen": opened, "safeguards": "Mine."}))
    assert (answer.status_code, facts_now(case)) == (303, ("", "Theirs.", "Mine."))


@pytest.mark.parametrize(
    "said", ["", "x", "summary", "summary=", "summary=" + "9" * 5000, "= = =", "summary=0123456789abcdef"]
)
def test_a_form_that_does_not_know_what_it_showed_writes_over_nothing(said):
    visitor, case = begun(summary="There before.")
    answer = edit(visitor, case, seen=said, summary=TYPED)
    assert answer.status_code == 409
    assert TYPED in words(answer)
    assert facts_now(case) == ("", "There before.", "")


def test_a_double_click_on_a_new_draft_makes_one():
    visitor = Visitor(make.member(make.lab(), Role.CONTRIBUTOR))
    typed = NOTHING | {"model_name": "Finch", "key": uuid4()}
    first, second = visitor.post("new", **typed), visitor.post("new", **typed)
    assert first.headers["Location"] == second.headers["Location"]
    assert "This was done already, and nothing was done twice." in visitor.follow(second)
    assert Submission.objects.count() == 1


def test_a_double_click_on_save_saves_once():
    visitor, case = begun()
    typed = NOTHING | {"seen": seen(case), "model_name": "Finch"}
    assert visitor.post("edit", case, **typed).status_code == 303
    before = stored_rows()
    assert visitor.post("edit", case, **typed).status_code == 303
    assert stored_rows() == before


def test_back_and_another_text_is_no_double_click():
    """The browser's back button brings the old form: what was typed then is not thrown away as a repetition."""
    visitor, case = begun()
    old = seen(case)
    edit(visitor, case, summary="First.")
    answer = edit(visitor, case, seen=old, summary=TYPED)
    assert answer.status_code == 409
    assert TYPED in words(answer)


def test_a_draft_that_was_submitted_meanwhile_keeps_what_was_typed():
    case = make.Case(make.draft)
    visitor = Visitor(case.contributor)
    opened = seen(case.submission)
    actions.submit(actor=case.contributor, submission=case.submission)
    answer = visitor.post("edit", case.submission, **(NOTHING | {"seen": opened, "summary": TYPED}))
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
    answer = visitor.post("edit", case.submission, **(NOTHING | {"seen": seen(case.submission)}))
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
