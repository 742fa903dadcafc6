"""The workbench's part about reviewing: queues, steps with their forms, text kept on refusal, and what it never shows."""

import pytest
import time_machine
from django.urls import reverse

from portal.accounts.models import Membership, Role
from portal.ledger.models import Event
from portal.submissions import actions as cases
from reviews import actions
from reviews.models import Assessment, Assignment, CaseAgency, Designation, Inquiry
from tests import factories as make
from tests import factories_reviews as reviews
from tests.admin.desk import CASE, Desk, words
from tests.api.calls import counted

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
SEATS, SEAT = "reviews_assignment_changelist", "reviews_assignment_change"
TEXTS, TEXT = "reviews_assessment_changelist", "reviews_assessment_change"
INQUIRIES, INQUIRY = "reviews_inquiry_changelist", "reviews_inquiry_change"
DESIGNATIONS, DESIGNATION = "reviews_designation_changelist", "reviews_designation_change"


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def rows(desk: Desk, page: str, **query) -> set:
    answer = desk.get(page, **query)
    assert answer.status_code == 200
    return set(answer.context["cl"].result_list)


def buttons(desk: Desk, page: str, row) -> list[str]:
    return [offer.step.verb for offer in desk.get(page, row.pk).context["offers"]]


def membership(user):
    return str(user.memberships.get().pk)


# --- seats ------------------------------------------------------------------------------------------------------------


def test_a_coordinator_proposes_a_seat_from_the_case():
    case = make.Case(make.with_access)
    user = reviews.reviewer(make.agency(), "Rhea Reviewer")
    desk = Desk(case.coordinator)
    page = desk.get(CASE, case.submission.pk)
    add = f"{reverse('admin:reviews_assignment_add')}?submission={case.submission.case_number}"
    assert add in page.content.decode()
    form = desk.client.get(add)
    assert form.context["form"].initial["submission"] == case.submission.case_number
    data = {
        "submission": case.submission.case_number,
        "reviewer": membership(user),
        "domain": "cyber",
        "role": "lead",
    }
    answer = desk.post("reviews_assignment_add", **data)
    seat = Assignment.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, reverse(f"admin:{SEAT}", args=[seat.pk]))
    assert (seat.reviewer, seat.role, seat.proposed_by) == (user, "lead", case.coordinator)
    assert "Rhea Reviewer" in desk.text(CASE, case.submission.pk)
    again = desk.post("reviews_assignment_add", **data)
    assert again.status_code == 303
    assert Assignment.objects.count() == 1


def test_a_refused_proposal_says_why_beside_the_field_and_keeps_what_was_typed():
    case = make.Case(make.with_access)
    user = reviews.reviewer(make.programme_office())
    cases.declare_conflict(actor=user, user=user, organisation=case.lab)
    data = {
        "submission": case.submission.case_number,
        "reviewer": membership(user),
        "domain": "cyber",
        "role": "reviewer",
    }
    answer = Desk(case.coordinator).post("reviews_assignment_add", **data, note="Please look at the range.")
    form = answer.context["form"]
    assert form.errors == {"reviewer": ["This person cannot take a seat on this case: there is a conflict."]}
    assert "Please look at the range." in answer.content.decode()
    unknown = Desk(case.coordinator).post("reviews_assignment_add", **(data | {"submission": "FM-0000-0000"}))
    assert unknown.context["form"].errors == {"submission": ["No case that you see has this number."]}


def test_the_reviewer_finds_the_seat_and_attests():
    case = make.Case(make.with_access)
    user = reviews.reviewer(make.programme_office())
    seat = reviews.proposed(case, user)
    desk = Desk(user)
    assert "Seats to attest" in desk.text("index")
    assert rows(desk, SEATS, waits="me") == {seat}
    text = desk.text(SEAT, seat.pk)
    assert case.submission.case_number in text
    for secret in (make.FACTS["model_name"], case.lab.name):
        assert secret not in text
    assert buttons(desk, SEAT, seat) == ["attest", "decline", "recuse", "hand_over"]
    assert desk.get(CASE, case.submission.pk).status_code == 404
    refused = desk.post(
        "reviews_assignment_attest", seat.pk, revision=1, no_conflict="on", nondisclosure="on"
    )
    assert refused.context["form"].errors == {"training": ["Attest that you have done the training."]}
    done = {"no_conflict": "on", "nondisclosure": "on", "training": "on"}
    assert desk.post("reviews_assignment_attest", seat.pk, revision=1, **done).status_code == 303
    assert Assignment.objects.get().state == "active"
    assert buttons(desk, SEAT, seat) == ["complete", "recuse", "hand_over", "write_none"]
    assert desk.get(CASE, case.submission.pk).status_code == 200


def test_a_recusal_takes_seat_and_case_out_of_sight():
    case = reviews.Reviewed()
    desk = Desk(case.reviewer)
    answer = desk.post("reviews_assignment_recuse", case.seat.pk, revision=2, reason="")
    assert (answer.status_code, answer["Location"]) == (303, reverse(f"admin:{SEATS}"))
    assert desk.get(SEAT, case.seat.pk).status_code == 404
    assert desk.get(CASE, case.submission.pk).status_code == 404


def test_a_coordinator_revokes_with_a_reason_and_hands_over():
    case = reviews.Reviewed()
    other = reviews.reviewer(case.agency)
    desk = Desk(case.coordinator)
    assert buttons(desk, SEAT, case.seat) == ["complete", "revoke", "hand_over"]
    missing = desk.post("reviews_assignment_revoke", case.seat.pk, revision=2)
    assert "reason" in missing.context["form"].errors
    assert (
        desk.post("reviews_assignment_revoke", case.seat.pk, revision=2, reason="Not needed.").status_code
        == 303
    )
    desk.post("reviews_assignment_hand_over", case.peer_seat.pk, revision=2, to=membership(other))
    assert Assignment.objects.get(reviewer=other).domain == "autonomy"


def test_a_reviewer_hands_over_to_the_own_agency_only():
    case = reviews.Reviewed()
    stranger = reviews.reviewer(make.agency())
    answer = Desk(case.reviewer).post(
        "reviews_assignment_hand_over", case.seat.pk, revision=2, to=membership(stranger)
    )
    assert "to" in answer.context["form"].errors
    assert Assignment.objects.get(pk=case.seat.pk).state == "active"


def test_a_stale_step_is_refused_with_what_changed():
    case = reviews.Reviewed()
    answer = Desk(case.coordinator).post(
        "reviews_assignment_revoke", case.seat.pk, revision=1, reason="Not needed."
    )
    assert answer.status_code == 409
    assert "attest" in words(answer)
    assert "Not needed." in answer.content.decode()


def test_strangers_to_a_seat_get_404_and_others_no_page():
    case = reviews.Reviewed()
    for user in (reviews.reviewer(make.agency()), make.member(make.agency(), Role.COORDINATOR)):
        desk = Desk(user)
        assert rows(desk, SEATS) == set()
        for page in (SEAT, "reviews_assignment_revoke", "reviews_assignment_attest"):
            assert desk.get(page, case.seat.pk).status_code == 404
            assert desk.post(page, case.seat.pk, reason="x").status_code in (403, 404)
    for user in (case.contributor, make.member(make.partner_organisation(), Role.ADMIN), make.person()):
        assert Desk(user).get(SEATS).status_code == 404
    assert Desk(case.reviewer).get("reviews_assignment_add").status_code == 403


def test_agencies_are_invited_and_invitations_ended():
    case = make.Case(make.with_access)
    agency = make.agency()
    desk = Desk(case.coordinator)
    data = {"submission": case.submission.case_number, "agency": str(agency.pk)}
    assert desk.post("reviews_caseagency_add", **data).status_code == 303
    invitation = CaseAgency.objects.get()
    assert agency.name in desk.text(CASE, case.submission.pk)
    assert desk.post("reviews_caseagency_end_invitation", invitation.pk).status_code == 303
    invitation.refresh_from_db()
    assert invitation.ended_at == NOW
    assert Desk(make.member(agency, Role.COORDINATOR)).get("reviews_caseagency_add").status_code == 403


# --- assessments ------------------------------------------------------------------------------------------------------


def test_from_an_empty_page_to_a_final_assessment():
    case = reviews.Reviewed()
    author, peer, lead = Desk(case.reviewer), Desk(case.peer), Desk(case.lead)
    add = f"{reverse('admin:reviews_assessment_add')}?submission={case.submission.case_number}"
    assert add in author.get(CASE, case.submission.pk).content.decode()
    form = author.client.get(add).context["form"]
    key = str(form.initial.get("key") or form["key"].value())
    data = reviews.FINDINGS | {"submission": case.submission.case_number, "key": key, "findings": ""}
    assert author.post("reviews_assessment_add", **data).status_code == 303
    made = Assessment.objects.get()
    assert author.post("reviews_assessment_add", **data).status_code == 303
    assert Assessment.objects.count() == 1
    assert buttons(author, TEXT, made) == ["save_assessment", "ask_check", "add_log", "report_spill"]
    refused = author.post("reviews_assessment_ask_check", made.pk, revision=1, despite_unanswered="on")
    assert "Give the findings." in words(refused)
    edit = author.get("reviews_assessment_save_assessment", made.pk)
    assert edit.context["form"]["method"].value() == reviews.FINDINGS["method"]
    saved = author.post("reviews_assessment_save_assessment", made.pk, **reviews.FINDINGS, revision=1)
    assert saved.status_code == 303
    assert peer.get(TEXT, made.pk).status_code == 404
    reviews.open_to(case, case.peer, case.lead)
    author.post("reviews_assessment_ask_check", made.pk, revision=2, despite_unanswered="on")
    assert rows(peer, TEXTS, waits="check") == {made}
    assert rows(author, TEXTS, waits="check") == set()
    assert buttons(peer, TEXT, made) == ["peer_check", "report_spill"]
    peer.post("reviews_assessment_peer_check", made.pk, revision=3)
    assert rows(lead, TEXTS, waits="share") == {made}
    assert buttons(lead, TEXT, made) == ["share", "report_spill"]
    lead.post("reviews_assessment_share", made.pk, revision=4)
    actions.respond(actor=case.contributor, assessment=made, response="We shut it.")
    assert rows(lead, TEXTS, waits="finalize") == {made}
    assert "We shut it." in lead.text(TEXT, made.pk)
    lead.post("reviews_assessment_finalize", made.pk, revision=6)
    made.refresh_from_db()
    assert (made.state, made.findings) == ("final", reviews.FINDINGS["findings"])


def test_a_stale_edit_is_refused_and_its_text_stays():
    case = reviews.Reviewed()
    made = reviews.draft(case)
    actions.save_assessment(actor=case.reviewer, assessment=made, values={"findings": "First."})
    data = reviews.FINDINGS | {"findings": "Second, of fudge.", "revision": 1}
    answer = Desk(case.reviewer).post("reviews_assessment_save_assessment", made.pk, **data)
    assert answer.status_code == 409
    assert "Second, of fudge." in answer.content.decode()
    assert "Saved the assessment" in words(answer)
    made.refresh_from_db()
    assert made.findings == "First."


@pytest.mark.parametrize(
    ("field", "value"),
    [("hours", "-3"), ("hours", "many"), ("classified_pointer", "see the annex!"), ("domain", "astrology")],
)
def test_a_wrong_value_is_refused_beside_its_field(field, value):
    case = reviews.Reviewed()
    made = reviews.draft(case)
    data = reviews.FINDINGS | {field: value, "revision": 1}
    answer = Desk(case.reviewer).post("reviews_assessment_save_assessment", made.pk, **data)
    assert set(answer.context["form"].errors) == {field}
    assert reviews.FINDINGS["findings"] in answer.content.decode()


def test_reading_an_assessment_is_a_look_at_the_case():
    case = reviews.Reviewed()
    made = reviews.shared(case)
    Desk(case.coordinator).get(TEXT, made.pk)
    look = Event.objects.get(kind="look", actor=case.coordinator, subject_id=made.pk)
    assert (look.verb, look.capacity, look.case_id) == (
        "viewed_assessments",
        "coordinator",
        case.submission.pk,
    )


def test_who_belongs_to_the_lab_too_finds_none_of_its_assessments_here():
    case = reviews.Reviewed()
    made = reviews.shared(case)
    both = make.member(make.programme_office(), Role.AUDITOR)
    Membership.objects.create(user=both, organisation=case.lab, role=Role.ADMIN, since=NOW)
    desk = Desk(both)
    assert rows(desk, TEXTS) == set()
    assert desk.get(TEXT, made.pk).status_code == 404
    assert case.reviewer.name not in desk.text("index")


# --- inquiries and designations ---------------------------------------------------------------------------------------


def asked():
    lab = make.lab()
    return reviews.submitted_inquiry(make.member(lab, Role.CONTRIBUTOR), lab)


def test_an_inquiry_is_worked_through():
    made = asked()
    coordinator, designator = Desk(make.coordinator()), Desk(reviews.designator())
    assert "Inquiries to acknowledge" in coordinator.text("index")
    assert rows(coordinator, INQUIRIES, waits="acknowledge") == {made}
    assert "nougat" in coordinator.text(INQUIRY, made.pk)
    assert buttons(designator, INQUIRY, made) == ["report_spill"]
    coordinator.post("reviews_inquiry_acknowledge", made.pk, revision=2)
    coordinator.post("reviews_inquiry_begin_benchmarking", made.pk, revision=3)
    assert "Inquiries to answer" in designator.text("index")
    empty = designator.post("reviews_inquiry_answer", made.pk, revision=4, answer=" ")
    assert empty.context["form"].errors == {"answer": ["Write the answer."]}
    designator.post("reviews_inquiry_answer", made.pk, revision=4, answer="See the designation.")
    coordinator.post("reviews_inquiry_close", made.pk, revision=5)
    assert Inquiry.objects.get().state == "closed"
    looks = Event.objects.filter(kind="look", subject_id=made.pk, verb="viewed_inquiry").values_list(
        "capacity", flat=True
    )
    assert set(looks) == {"coordinator", "designator"}


def test_a_withdrawn_inquiry_shows_no_words():
    made = asked()
    actions.inquiries.withdraw(actor=made.created_by, inquiry=made)
    desk = Desk(make.coordinator())
    for text in (desk.text(INQUIRIES), desk.text(INQUIRY, made.pk)):
        assert made.number in text
        assert "Kestrel" not in text
        assert "nougat" not in text


def test_a_designation_is_recorded_by_one_and_confirmed_by_another():
    made = asked()
    first, second = Desk(reviews.designator()), Desk(reviews.designator())
    link = first.get(INQUIRY, made.pk).content.decode()
    assert f"{reverse('admin:reviews_designation_add')}?lab={made.lab_id}&amp;inquiry={made.pk}" in link
    data = {
        "lab": str(made.lab_id), "subject": "Kestrel 6", "outcome": "covered", "basis": "Benchmarks.",
        "inquiry": str(made.pk), "shared_with_lab": "on",
    }  # fmt: skip
    assert first.post("reviews_designation_add", **data).status_code == 303
    row = Designation.objects.get()
    assert (buttons(first, DESIGNATION, row), buttons(second, DESIGNATION, row)) == (
        ["note_consultation"],
        ["confirm", "note_consultation"],
    )
    assert rows(first, DESIGNATIONS, waits="me") == set()
    assert rows(second, DESIGNATIONS, waits="me") == {row}
    assert first.post("reviews_designation_confirm", row.pk).status_code == 403
    assert "Designations to confirm" in second.text("index")
    assert second.post("reviews_designation_confirm", row.pk).status_code == 303
    assert Designation.objects.get().state == "confirmed"
    missing = first.post("reviews_designation_add", **(data | {"basis": "", "outcome": ""}))
    assert set(missing.context["form"].errors) == {"basis", "outcome"}


def test_only_designators_are_offered_the_form():
    for user in (make.coordinator(), reviews.auditor(), reviews.reviewer(make.agency())):
        assert Desk(user).get("reviews_designation_add").status_code == 403


# Clock, session, the person with the seats, the rows (by their keys where that is cheaper), the look where the list shows what a
# lab wrote, and the notices' badge.
COUNTS = {SEATS: 6, TEXTS: 7, INQUIRIES: 6, DESIGNATIONS: 5}


@pytest.mark.parametrize("number", [1, 30])
def test_a_list_costs_the_same_with_one_row_and_with_thirty(number):
    case = reviews.Reviewed()
    designators = reviews.designator(), reviews.designator()
    for n in range(number):
        reviews.shared(case)
        reviews.submitted_inquiry(case.contributor, case.lab)
        made = reviews.designation(designators[0], case.lab, subject=f"Kestrel {n}")
        actions.confirm(actor=designators[1], designation=made)
        if n:
            reviews.proposed(case, reviews.reviewer(make.programme_office()))
    desk = Desk(case.coordinator)
    for page, count in COUNTS.items():
        desk.get(page)
        with counted(count):
            answer = desk.get(page)
        assert len(answer.context["cl"].result_list) >= number


def test_a_designation_that_nobody_asked_for_is_recorded_with_whom_was_consulted():
    lab, agency = make.lab(), make.agency("Invented Energy Agency")
    first, second = Desk(reviews.designator()), Desk(reviews.designator())
    data = {
        "lab": str(lab.pk),
        "subject": "Kestrel 9",
        "outcome": "covered",
        "basis": "Benchmarks.",
        "shared_with_lab": "on",
    }
    for given, errors in (
        ({"consulted_agency": agency.pk}, {"consulted_on"}),
        ({"consulted_on": "2026-09-01"}, {"consulted_agency"}),
        (
            {"consulted_agency": agency.pk, "consulted_office": "x", "consulted_on": "2026-09-01"},
            {"consulted_office"},
        ),
    ):
        answer = first.post("reviews_designation_add", **data, **given)
        assert set(answer.context["form"].errors) == errors
    given = {"consulted_agency": agency.pk, "consulted_on": "2026-09-01"}
    assert first.post("reviews_designation_add", **data, **given).status_code == 303
    row = Designation.objects.get()
    assert (row.inquiry, row.lab, [one.whom for one in row.consultations.all()]) == (
        None, lab, ["Invented Energy Agency"],
    )  # fmt: skip
    note = {"office": "An invented science office", "consulted_on": "2026-09-14", "words": "Agreed: praline."}
    assert second.post("reviews_designation_note_consultation", row.pk, **note).status_code == 303
    assert second.post("reviews_designation_confirm", row.pk).status_code == 303
    for user in (make.coordinator(), reviews.auditor(), reviews.reviewer(make.agency())):
        page = Desk(user).text(DESIGNATION, row.pk)
        for word in (
            "Invented Energy Agency",
            "An invented science office",
            "Agreed: praline.",
            "In force Yes",
        ):
            assert word in page
        assert "note_consultation" not in buttons(Desk(user), DESIGNATION, row)
        assert Desk(user).post("reviews_designation_note_consultation", row.pk, **note).status_code == 403
    assert row.consultations.count() == 2


def test_the_page_says_which_designation_is_in_force():
    lab = make.lab()
    first, second = reviews.designator(), reviews.designator()
    former = actions.confirm(actor=second, designation=reviews.designation(first, lab))
    later = reviews.designation(first, lab, supersedes=former, outcome="not_covered")
    desk = Desk(make.coordinator())
    assert "In force Yes" in desk.text(DESIGNATION, former.pk)
    assert "Once a second designator confirms it" in desk.text(DESIGNATION, later.pk)
    actions.confirm(actor=second, designation=later)
    assert "In force Not since 14 Sep 2026" in desk.text(DESIGNATION, former.pk)
    assert "In force Yes" in desk.text(DESIGNATION, later.pk)
