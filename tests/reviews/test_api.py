"""The collections inquiries, designations, assignments and assessments, as programs call them."""

from uuid import uuid4

import pytest
import time_machine

from portal.accounts.models import Role
from portal.ledger.models import Event
from reviews.models import Assessment, Assignment, Designation, Inquiry
from reviews.states import MACHINES
from tests import factories as make
from tests import factories_reviews as desk
from tests.api.calls import NOT_FOUND, NOT_YOURS, Caller, counted, problem, refused

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
COLLECTIONS = ("inquiries", "designations", "assignments", "assessments")
INVALID = "Some of the values are not right."


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def test_a_seat_by_the_api():
    case = make.Case(make.with_access)
    user = desk.reviewer(make.programme_office(), "Rhea Reviewer")
    office, mine = Caller(case.coordinator), Caller(user)
    answer = office.post(
        "assignments/",
        {
            "submission": case.submission.case_number,
            "reviewer": user.email,
            "domain": "cyber",
            "role": "lead",
        },
    )
    seat = Assignment.objects.get()
    expected = {
        "id": str(seat.pk),
        "state": "proposed",
        "revision": 1,
        "submission": str(case.submission.pk),
        "case_number": case.submission.case_number,
        "reviewer": str(user.pk),
        "reviewer_name": "Rhea Reviewer",
        "agency": str(make.programme_office().pk),
        "agency_name": "Invented Programme Office",
        "domain": "cyber",
        "role": "lead",
        "note": "",
        "proposed_at": "2026-09-14T14:00:00Z",
        "attested_at": None,
        "writes_none_at": None,
        "expires_at": "2026-12-23T14:00:00Z",
        "ended_at": None,
        "reason": "",
        "handed_over_to": None,
        "verbs": ["revoke", "hand_over"],
    }
    assert (answer.status_code, answer.json()) == (201, expected)
    assert answer["Location"].endswith(f"/api/v1/assignments/{seat.pk}/")
    assert mine.get(f"assignments/{seat.pk}/").json() == expected | {
        "verbs": ["attest", "decline", "recuse", "hand_over"]
    }
    refused(
        mine.post(f"assignments/{seat.pk}/attest/", {"no_conflict": True, "training": True}),
        problem(
            400,
            "Bad Request",
            "invalid",
            "Attest that your nondisclosure agreement is in force.",
            errors={"nondisclosure": ["Attest that your nondisclosure agreement is in force."]},
        ),
    )
    attested = mine.post(f"assignments/{seat.pk}/attest/", desk.ATTESTED | {"revision": 1})
    assert attested.json() == expected | {
        "state": "active",
        "revision": 2,
        "attested_at": "2026-09-14T14:00:00Z",
        "verbs": ["complete", "recuse", "hand_over"],
    }
    again = mine.post(f"assignments/{seat.pk}/attest/", desk.ATTESTED)
    assert (again.status_code, again.json()["code"]) == (409, "already_done")
    assert [row["id"] for row in office.results("assignments/", state="active", role="lead")] == [
        str(seat.pk)
    ]
    assert office.results("assignments/", state="proposed") == []


def test_a_seat_is_handed_over_revoked_recused_declined_and_completed():
    case = desk.Reviewed()
    office = Caller(case.coordinator)
    other = desk.reviewer(case.agency)
    answer = Caller(case.reviewer).post(f"assignments/{case.seat.pk}/hand_over/", {"to": str(other.pk)})
    new = Assignment.objects.get(reviewer=other)
    assert (answer.status_code, answer.json()["state"], answer.json()["handed_over_to"]) == (
        200,
        "handed_over",
        str(new.pk),
    )
    declined = Caller(other).post(f"assignments/{new.pk}/decline/")
    assert (declined.status_code, declined.json()["state"]) == (200, "declined")
    missing = office.post(f"assignments/{case.peer_seat.pk}/revoke/")
    assert (missing.status_code, missing.json()["errors"]) == (400, {"reason": ["Give a reason."]})
    revoked = office.post(f"assignments/{case.peer_seat.pk}/revoke/", {"reason": "Not needed."})
    assert (revoked.json()["state"], revoked.json()["reason"]) == ("revoked", "Not needed.")
    recused = Caller(case.lead).post(f"assignments/{case.lead_seat.pk}/recuse/")
    assert (recused.status_code, recused.json()["state"]) == (200, "recused")
    refused(Caller(case.lead).get(f"assignments/{case.lead_seat.pk}/"), NOT_FOUND)


def test_who_may_not_propose_learns_nothing_about_people():
    case = make.Case(make.with_access)
    body = {
        "submission": case.submission.case_number,
        "reviewer": "nobody@example.invalid",
        "domain": "cyber",
    }
    for actor in (case.contributor, desk.reviewer(make.agency()), desk.designator()):
        answer = Caller(actor).post("assignments/", body)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    refused(
        Caller(case.coordinator).post("assignments/", body),
        problem(
            400,
            "Bad Request",
            "invalid",
            "There is no such person.",
            errors={"reviewer": ["There is no such person."]},
        ),
    )
    refused(Caller(case.coordinator).post("assignments/", body | {"submission": "FM-0000-0000"}), NOT_FOUND)


def test_an_assessment_by_the_api():
    case = desk.Reviewed()
    author, peer, lead, lab = (
        Caller(user) for user in (case.reviewer, case.peer, case.lead, case.contributor)
    )
    answer = author.post(
        "assessments/",
        {"submission": str(case.submission.pk), "classified_pointer": "ANNEX-7"} | desk.FINDINGS,
    )
    made = Assessment.objects.get()
    expected = desk.FINDINGS | {
        "id": str(made.pk),
        "state": "draft",
        "revision": 2,
        "submission": str(case.submission.pk),
        "case_number": case.submission.case_number,
        "author": "Rita Reviewer",
        "agency_name": case.agency.name,
        "created_at": "2026-09-14T14:00:00Z",
        "check_asked_at": "2026-09-14T14:00:00Z",
        "peer_checked_at": None,
        "shared_at": None,
        "responded_at": None,
        "finalized_at": None,
        "classified_pointer": "ANNEX-7",
        "rubric": {"domain": "cyber", "number": 1},
        "answers": [
            {
                "key": question.key,
                "title": question.title,
                "guidance": question.guidance,
                "covered": "",
                "text": "",
                "answered": False,
            }
            for question in made.rubric.questions.all()
        ],
        "versions_read": [],
        "logs": [],
        "response": "",
        "asks_retest": False,
        "retests": [],
        "verbs": [],
    }
    assert (answer.status_code, answer.json()) == (201, expected)
    changed = author.patch(f"assessments/{made.pk}/", {"hours": "13", "revision": 2})
    assert changed.json() == expected | {"hours": "13.00", "revision": 3}
    refused(lab.get(f"assessments/{made.pk}/"), NOT_FOUND)
    assert lab.results("assessments/") == []
    refused(author.post(f"assessments/{made.pk}/peer_check/"), NOT_YOURS)
    refused(peer.post(f"assessments/{made.pk}/peer_check/"), NOT_FOUND)
    desk.open_to(case, case.peer, case.lead)
    assert peer.post(f"assessments/{made.pk}/peer_check/").json()["state"] == "peer_checked"
    refused(peer.post(f"assessments/{made.pk}/share/"), NOT_YOURS)
    assert lead.post(f"assessments/{made.pk}/share/").json()["state"] == "shared"
    seen = lab.get(f"assessments/{made.pk}/").json()
    assert seen == expected | {
        "state": "shared",
        "revision": 5,
        "author": f"{case.agency.short_name} reviewer 1",
        "hours": "13.00",
        "peer_checked_at": "2026-09-14T14:00:00Z",
        "shared_at": "2026-09-14T14:00:00Z",
        "classified_pointer": "",
        "verbs": ["respond"],
    }
    refused(Caller(case.viewer).post(f"assessments/{made.pk}/respond/", {"response": "?"}), NOT_YOURS)
    answered = lab.post(f"assessments/{made.pk}/respond/", {"response": "We shut it."}).json()
    assert (answered["state"], answered["response"]) == ("lab_responded", "We shut it.")
    assert lead.post(f"assessments/{made.pk}/finalize/").json()["state"] == "final"


def test_an_incomplete_draft_is_stored_and_asks_for_its_check_later():
    case = desk.Reviewed()
    author = Caller(case.reviewer)
    made = author.post(
        "assessments/", {"submission": case.submission.case_number, "findings": "Nougat."}
    ).json()
    assert (made["state"], made["domain"], made["check_asked_at"]) == ("draft", "cyber", None)
    refused(Caller(case.peer).get(f"assessments/{made['id']}/"), NOT_FOUND)
    missing = author.post(f"assessments/{made['id']}/ask_check/")
    assert (missing.status_code, missing.json()["errors"]) == (400, {"method": ["Give the method."]})
    author.patch(f"assessments/{made['id']}/", desk.FINDINGS)
    assert (
        author.post(f"assessments/{made['id']}/ask_check/").json()["check_asked_at"] == "2026-09-14T14:00:00Z"
    )
    desk.open_to(case, case.peer)
    assert Caller(case.peer).get(f"assessments/{made['id']}/").status_code == 200


def test_each_reading_of_an_assessment_is_a_look_at_the_case():
    case = desk.Reviewed()
    made = desk.shared(case)
    Caller(case.coordinator).get(f"assessments/{made.pk}/")
    Caller(case.coordinator).results("assessments/")
    looks = Event.objects.filter(kind="look", verb="viewed_assessments").order_by("seq")
    assert [(e.actor, e.capacity, e.case_id, e.subject_id) for e in looks] == [
        (case.coordinator, "coordinator", case.submission.pk, made.pk),
        (case.coordinator, "coordinator", case.submission.pk, case.submission.pk),
    ]


def test_an_inquiry_and_its_designation_by_the_api():
    lab = make.lab()
    writer, coordinator = Caller(make.member(lab, Role.ADMIN)), Caller(make.coordinator())
    first, second = Caller(desk.designator()), Caller(desk.designator())
    answer = writer.post("inquiries/", desk.QUESTION)
    made = Inquiry.objects.get()
    expected = desk.QUESTION | {
        "id": str(made.pk),
        "number": made.number,
        "state": "draft",
        "revision": 1,
        "lab": str(lab.pk),
        "lab_name": lab.name,
        "created_at": "2026-09-14T14:00:00Z",
        "submitted_at": None,
        "acknowledged_at": None,
        "benchmarking_at": None,
        "answered_at": None,
        "closed_at": None,
        "withdrawn_at": None,
        "answer": "",
        "verbs": ["submit", "withdraw"],
    }
    assert (answer.status_code, answer.json()) == (201, expected)
    refused(coordinator.get(f"inquiries/{made.pk}/"), NOT_FOUND)
    assert (
        writer.patch(f"inquiries/{made.number}/", {"model_name": "Kestrel 7"}).json()["model_name"]
        == "Kestrel 7"
    )
    assert writer.post(f"inquiries/{made.number.lower()}/submit/").json()["state"] == "submitted"
    for caller, verb, state in (
        (coordinator, "acknowledge", "acknowledged"),
        (coordinator, "begin_benchmarking", "in_benchmarking"),
        (first, "answer", "answered"),
        (coordinator, "close", "closed"),
    ):
        body = {"answer": "See the designation."} if verb == "answer" else {}
        assert caller.post(f"inquiries/{made.pk}/{verb}/", body).json()["state"] == state
    body = {
        "lab": str(lab.pk),
        "subject": "Kestrel 7",
        "outcome": "covered",
        "basis": "Nougat.",
        "inquiry": str(made.pk),
    }
    recorded = first.post("designations/", body)
    row = Designation.objects.get()
    shown = body | {
        "id": str(row.pk),
        "state": "recorded",
        "supersedes": None,
        "superseded_by": None,
        "shared_with_lab": True,
        "recorded_by": str(first.user.pk),
        "recorded_at": "2026-09-14T14:00:00Z",
        "confirmed_by": None,
        "confirmed_at": None,
        "lapsed_at": None,
        "consultations": [],
        "verbs": [],
    }
    assert (recorded.status_code, recorded.json()) == (201, shown)
    refused(writer.get(f"designations/{row.pk}/"), NOT_FOUND)
    refused(first.post(f"designations/{row.pk}/confirm/"), NOT_YOURS)
    refused(coordinator.post(f"designations/{row.pk}/confirm/"), NOT_YOURS)
    assert second.get(f"designations/{row.pk}/").json()["verbs"] == ["confirm"]
    confirmed = {
        "state": "confirmed",
        "confirmed_by": str(second.user.pk),
        "confirmed_at": "2026-09-14T14:00:00Z",
    }
    assert second.post(f"designations/{row.pk}/confirm/").json() == shown | confirmed
    hidden = {"recorded_by": None, "confirmed_by": None}
    assert writer.get(f"designations/{row.pk}/").json() == shown | confirmed | hidden
    again = second.post(f"designations/{row.pk}/confirm/")
    assert (again.status_code, again.json()["code"]) == (409, "already_done")


def test_a_withdrawn_inquiry_shows_the_office_no_words():
    lab = make.lab()
    writer = make.member(lab, Role.ADMIN)
    made = desk.submitted_inquiry(writer, lab)
    Caller(writer).post(f"inquiries/{made.pk}/withdraw/")
    office = Caller(make.coordinator())
    seen = office.get(f"inquiries/{made.pk}/").json()
    assert (seen["state"], seen["model_name"], seen["question"]) == ("withdrawn", "", "")
    assert [row["model_name"] for row in office.results("inquiries/")] == [""]
    assert Caller(writer).get(f"inquiries/{made.pk}/").json()["question"] == desk.QUESTION["question"]


def test_looks_at_inquiries_are_recorded():
    lab = make.lab()
    made = desk.submitted_inquiry(make.member(lab, Role.ADMIN), lab)
    office = Caller(make.coordinator())
    office.get(f"inquiries/{made.pk}/")
    office.results("inquiries/")
    looks = Event.objects.filter(kind="look").order_by("seq")
    assert [(e.verb, e.capacity, e.subject_id, e.case_id) for e in looks] == [
        ("viewed_inquiry", "coordinator", made.pk, None),
        ("listed", "coordinator", made.pk, None),
    ]


def test_only_designators_record():
    lab = make.lab()
    body = {"lab": str(lab.pk), "subject": "K", "outcome": "covered", "basis": "N."}
    for user in (
        make.coordinator(),
        desk.auditor(),
        make.member(lab, Role.ADMIN),
        make.person(is_superuser=True),
    ):
        assert Caller(user).post("designations/", body).status_code == 403
    answer = Caller(desk.designator()).post(
        "designations/", body | {"outcome": "approved", "lab": str(uuid4())}
    )
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {"outcome"})


def test_every_verb_of_the_tables_has_its_route():
    owner = Caller(make.person())
    names = {
        "assignment": "assignments",
        "assessment": "assessments",
        "inquiry": "inquiries",
        "designation": "designations",
        "matching run": "matching-runs",
    }
    for machine in MACHINES:
        for verb in machine.verbs():
            refused(owner.post(f"{names[machine.name]}/{uuid4()}/{verb}/"), NOT_FOUND)


def _rows(number):
    case = desk.Reviewed()
    for n in range(number):
        desk.shared(case)
        desk.submitted_inquiry(case.contributor, case.lab)
        made = (
            desk.designation(case.designators[0], case.lab, subject=f"Kestrel {n + 10}")
            if n
            else _first_designation(case)
        )
        desk.actions.confirm(actor=case.designators[1], designation=made, at=NOW)
        if n:
            desk.proposed(case, desk.reviewer(make.programme_office()))
    return case


def _first_designation(case):
    case.designators = (desk.designator(), desk.designator())
    return desk.designation(case.designators[0], case.lab)


# Clock, token with its person and seats, and what the list itself needs: rows, and the look where it shows lab material.
COUNTS = {
    ("assignments/", "coordinator"): 3,
    ("assessments/", "coordinator"): 4,
    ("assessments/", "contributor"): 4,
    ("assessments/", "lead"): 4,
    ("inquiries/", "coordinator"): 4,
    ("inquiries/", "contributor"): 4,
    # And the consultations of all rows.
    ("designations/", "coordinator"): 4,
    ("designations/", "contributor"): 4,
}


@pytest.mark.parametrize("rows", [1, 30])
def test_a_list_costs_the_same_with_one_row_and_with_thirty(rows):
    case = _rows(rows)
    for (path, who), number in COUNTS.items():
        caller = Caller(getattr(case, who))
        with counted(number):
            answer = caller.get(path, page_size=100)
        assert len(answer.json()["results"]) >= rows


def test_strangers_lists_are_empty_and_every_row_names_id_and_state():
    case = _rows(1)
    strangers = [
        make.member(make.lab(), Role.ADMIN),
        make.member(make.agency(), Role.COORDINATOR),
        make.member(make.partner_organisation(), Role.ADMIN),
        make.person(is_superuser=True),
    ]
    for path in COLLECTIONS:
        for user in strangers:
            assert Caller(user).results(f"{path}/") == []
        rows = Caller(case.coordinator).results(f"{path}/")
        assert rows
        assert all(row["id"] and row["state"] for row in rows)


def test_a_designation_nobody_asked_for_its_consultations_and_what_the_lab_reads_once_it_lapsed():
    lab = make.lab()
    first, second, writer = (
        Caller(desk.designator()),
        Caller(desk.designator()),
        Caller(make.member(lab, Role.ADMIN)),
    )
    body = {"lab": str(lab.pk), "subject": "Kestrel 9", "outcome": "covered", "basis": "Nougat."}
    made = first.post("designations/", body).json()
    assert (made["inquiry"], made["consultations"]) == (None, [])
    row = Designation.objects.get()
    desk.actions.note_consultation(
        actor=second.user,
        designation=row,
        office="An invented science office",
        consulted_on=NOW.date(),
        at=NOW,
    )
    expected = [
        {
            "agency": None, "office": "An invented science office", "consulted_on": "2026-09-14", "words": "",
            "noted_by": str(second.user.pk), "noted_at": "2026-09-14T14:00:00Z",
        }
    ]  # fmt: skip
    path = f"designations/{row.pk}/"
    assert second.post(f"{path}confirm/").json()["consultations"] == expected
    assert Caller(desk.auditor()).get(path).json()["consultations"] == expected
    assert (writer.get(path).json()["consultations"], writer.get(path).json()["lapsed_at"]) == ([], None)
    again = first.post("designations/", body)
    assert (again.status_code, list(again.json()["errors"])) == (400, ["supersedes"])
    later = first.post("designations/", body | {"supersedes": str(row.pk), "shared_with_lab": False}).json()
    assert writer.get(path).json()["lapsed_at"] is None
    assert second.post(f"designations/{later['id']}/confirm/").status_code == 200
    told = writer.get(path).json()
    assert (told["lapsed_at"], told["superseded_by"]) == ("2026-09-14T14:00:00Z", None)
    refused(writer.get(f"designations/{later['id']}/"), NOT_FOUND)
    assert [one["id"] for one in writer.results("designations/")] == [str(row.pk)]
