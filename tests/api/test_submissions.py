"""Cases by the API besides their verbs: made, changed and read."""

import pytest

from portal.accounts.models import Role
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.models import Submission
from tests import factories as make
from tests.api.calls import NOT_FOUND, NOT_YOURS_TO_CHANGE, Caller, problem, refused
from tests.factories import DAY, NOW

pytestmark = pytest.mark.django_db

AT = "2026-09-14T14:00:00Z"
PUBLIC, PARTNER = "2026-11-13T14:00:00Z", "2026-10-24T14:00:00Z"


def test_a_case_as_its_lab_reads_it():
    case = make.Case(make.submitted)
    answer = Caller(case.contributor).get(f"submissions/{case.submission.pk}/")
    acknowledge = {
        "by": "The programme office",
        "verb": "acknowledge",
        "text": "acknowledges that it has received the submission.",
        "due_at": "2026-09-16T14:00:00Z",
        "optional": False,
    }
    assert answer.json() == {
        "id": str(case.submission.pk),
        "case_number": case.submission.case_number,
        "state": "submitted",
        "revision": 2,
        "lab": str(case.lab.pk),
        "lab_name": case.lab.name,
        "planned_partner_release": PARTNER,
        "planned_public_release": PUBLIC,
        "released_at": None,
        "created_at": AT,
        "submitted_at": AT,
        "acknowledged_at": None,
        "correction_asked_at": None,
        "agreed_at": None,
        "access_provided_at": None,
        "first_grant_starts_at": None,
        "opens_at": None,
        "closes_at": PARTNER,
        "closed_at": None,
        "withdrawn_at": None,
        "facts": {"number": 1, "created_at": AT} | make.FACTS,
        "next": acknowledge,
        "next_steps": [acknowledge],
        "verbs": ["move_dates", "release", "withdraw"],
    }
    assert answer["Cache-Control"] == "private, no-store"


def test_a_case_in_a_list_is_the_same_without_long_texts_and_what_costs_a_query_a_row():
    case = make.Case(make.submitted)
    caller = Caller(case.contributor)
    detail = caller.get(f"submissions/{case.submission.pk}/").json()
    (row,) = caller.results("submissions/")
    short = ("number", "created_at", "model_name", "checkpoint", "access_mode")
    assert row == {name: value for name, value in detail.items() if name not in ("verbs", "next_steps")} | {
        "facts": {name: detail["facts"][name] for name in short}
    }


def test_reading_a_case_and_a_list_are_looks_that_name_no_text():
    case = make.Case(make.submitted)
    caller = Caller(case.coordinator)
    caller.get(f"submissions/{case.submission.pk}/")
    caller.get("submissions/")
    looks = Event.objects.filter(kind="look", actor=case.coordinator).order_by("seq")
    assert [(look.verb, look.case_id, look.capacity, look.data) for look in looks] == [
        ("viewed_case", case.submission.pk, "coordinator", {}),
        ("listed", case.submission.pk, "coordinator", {}),
    ]


def test_after_withdrawal_the_government_keeps_the_record_and_no_fact():
    case = make.Case(make.agreed)
    actions.withdraw(actor=case.contributor, submission=case.submission)
    caller = Caller(case.coordinator)
    answer = caller.get(f"submissions/{case.submission.pk}/").json()
    assert (answer["state"], answer["facts"], answer["next"], answer["verbs"]) == (
        "withdrawn",
        None,
        None,
        [],
    )
    (row,) = caller.results("submissions/")
    assert row["facts"] is None
    assert "marzipan" not in str(answer) + str(row)
    assert not Event.objects.filter(kind="look", actor=case.coordinator).exists()
    refused(
        caller.get(f"submissions/{case.submission.pk}/terms/"),
        problem(403, "Forbidden", "not_allowed", "The access terms are not open to you now."),
    )


def test_a_draft_is_made_changed_and_submitted():
    lab = make.lab()
    caller = Caller(make.member(lab, Role.CONTRIBUTOR))
    answer = caller.post(
        "submissions/", {"facts": {"model_name": "Kestrel 6"}, "planned_public_release": PUBLIC}
    )
    assert answer.status_code == 201
    made = answer.json()
    assert answer["Location"] == f"http://testserver/api/v1/submissions/{made['id']}/"
    assert (made["state"], made["lab"], made["facts"]["model_name"], made["planned_public_release"]) == (
        "draft",
        str(lab.pk),
        "Kestrel 6",
        PUBLIC,
    )
    answer = caller.patch(
        f"submissions/{made['id']}/",
        {"facts": make.FACTS | {"summary": "Nougat."}, "planned_partner_release": PARTNER, "revision": 1},
    )
    changed = answer.json()
    assert (answer.status_code, changed["revision"]) == (200, 2)
    assert changed["facts"] == made["facts"] | make.FACTS | {"summary": "Nougat."}
    assert changed["planned_partner_release"] == PARTNER
    answer = caller.patch(f"submissions/{made['id']}/", {"planned_partner_release": None})
    assert (answer.json()["planned_partner_release"], answer.json()["facts"]) == (None, changed["facts"])
    assert caller.post(f"submissions/{made['id']}/submit/", {"revision": 3}).json()["state"] == "submitted"


def test_the_same_key_makes_one_draft():
    case = make.Case(make.draft)
    caller = Caller(case.contributor)
    body = {"key": "6f1f6d0c-25d8-4e5e-9e37-0f2f6a9a2d11"}
    assert caller.post("submissions/", body).status_code == 201
    refused(
        caller.post("submissions/", body),
        problem(409, "Conflict", "already_done", "This draft was made already."),
    )
    assert Submission.objects.filter(lab=case.lab).count() == 2


def test_only_a_labs_writers_begin_drafts():
    case = make.Case(make.draft)
    words = "Only administrators and contributors of a lab write its submissions."
    denied = problem(403, "Forbidden", "not_allowed", words)
    partner = make.member(make.partner_organisation(), Role.ADMIN)
    for user in (case.viewer, case.coordinator, partner):
        refused(Caller(user).post("submissions/", {}), denied)
    caller = Caller(case.contributor)
    refused(
        caller.post("submissions/", {"lab": str(make.lab().pk)}),
        problem(
            400,
            "Bad Request",
            "invalid",
            "You belong to no lab of this id.",
            errors={"lab": ["You belong to no lab of this id."]},
        ),
    )
    assert Submission.objects.count() == 1


def test_who_writes_for_two_labs_names_one():
    from portal.accounts.models import Membership

    first, second = make.lab(), make.lab()
    user = make.member(first, Role.ADMIN)
    Membership.objects.create(user=user, organisation=second, role=Role.CONTRIBUTOR, since=NOW - DAY)
    caller = Caller(user)
    answer = caller.post("submissions/", {})
    assert (answer.status_code, answer.json()["errors"]) == (
        400,
        {"lab": ["Name the lab: you belong to several."]},
    )
    assert caller.post("submissions/", {"lab": str(second.pk)}).json()["lab"] == str(second.pk)


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"facts": {"name": "x"}}, {"facts.name": ["There is no such field."]}),
        ({"facts": "x"}, {"facts": ["Invalid data. Expected a dictionary, but got str."]}),
        ({"facts": {"summary": 1.5, "checkpoint": []}}, {"facts.checkpoint": ["Not a valid string."]}),
        ({"facts": {"access_mode": "weights"}}, {"facts.access_mode": ['"weights" is not a valid choice.']}),
        ({"facts": {"summary": "x" * 20001}}, None),
        ({"facts": {"model_name": "a\x00b"}}, {"facts.model_name": ["Null characters are not allowed."]}),
        ({"lab": "x", "state": "open"}, {"state": ["There is no such field."]}),
        ({"planned_public_release": "0001-01-01T00:00:00+14:00"}, None),
        ({"key": "x"}, {"key": ["Must be a valid UUID."]}),
        (
            {"planned_public_release": PARTNER, "planned_partner_release": PUBLIC},
            {"planned_partner_release": ["The partner release cannot come after the public release."]},
        ),
    ],
)
def test_a_draft_with_a_wrong_value_is_not_made(body, errors):
    case = make.Case(make.draft)
    for method, path in (("post", "submissions/"), ("patch", f"submissions/{case.submission.pk}/")):
        answer = getattr(Caller(case.contributor), method)(path, body)
        told = answer.json()
        if method == "post" and errors:
            assert told["errors"] == errors
        assert (answer.status_code, told["code"]) == (400, "invalid")
    assert Submission.objects.count() == 1
    assert case.again().revision == 1


def test_a_draft_is_changed_by_its_labs_writers_alone_and_by_nobody_once_submitted():
    case = make.Case(make.draft)
    path = f"submissions/{case.submission.pk}/"
    stranger = make.member(make.lab(), Role.ADMIN)
    refused(Caller(case.viewer).patch(path, "not json"), NOT_YOURS_TO_CHANGE)
    for user in (stranger, case.coordinator):
        refused(Caller(user).patch(path, {"facts": {}}), NOT_FOUND)
    actions.submit(actor=case.contributor, submission=case.submission)
    refused(
        Caller(case.contributor).patch(path, {"facts": {}}),
        problem(
            409,
            "Conflict",
            "wrong_state",
            "This case was submitted: its facts are corrected by a new version.",
        ),
    )


def test_a_stale_change_is_refused_and_nothing_of_it_is_kept():
    case = make.Case(make.draft)
    caller = Caller(case.contributor)
    path = f"submissions/{case.submission.pk}/"
    caller.patch(path, {"facts": {"summary": "First."}, "revision": 1})
    answer = caller.patch(path, {"facts": {"summary": "Second."}, "revision": 1})
    assert (answer.status_code, answer.json()["code"], answer.json()["changes"]) == (
        409,
        "stale",
        ["14 Sep 2026, 2:00 p.m. UTC: Saved the draft"],
    )
    assert case.again().facts.summary == "First."


def test_facts_are_corrected_by_a_new_version():
    case = make.Case(make.submitted)
    path = f"submissions/{case.submission.pk}/correct_facts/"
    caller = Caller(case.contributor)
    answer = caller.post(path, {"facts": {"summary": "Corrected."}, "revision": 2})
    assert answer.json()["facts"] == {"number": 2, "created_at": AT} | make.FACTS | {"summary": "Corrected."}
    assert case.again().facts_versions.count() == 2
    answer = caller.post(path, {"facts": {"model_name": ""}})
    assert (answer.status_code, answer.json()["errors"]) == (
        400,
        {"facts.model_name": ["Give the model name."]},
    )
    refused(Caller(case.coordinator).post(path, {"facts": {}}), NOT_YOURS_TO_CHANGE)
    refused(Caller(make.member(make.lab(), Role.ADMIN)).post(path, {"facts": {}}), NOT_FOUND)


def _terms(**more):
    return dict.fromkeys(("purpose", *Submission.terms.rel.related_model.HEADS), "Words.") | more


def test_terms_are_read_and_proposed_by_both_sides():
    case = make.Case(make.submitted)
    actions.acknowledge(actor=case.coordinator, submission=case.submission)
    path = f"submissions/{case.submission.pk}/terms/"
    lab, office = Caller(case.contributor), Caller(case.coordinator)
    answer = lab.post(path, _terms(names_shown=True, revision=3))
    assert answer.status_code == 201
    assert answer.json() == _terms() | {
        "id": answer.json()["id"],
        "state": "proposed",
        "number": 2,
        "names_shown": True,
        "proposed_at": AT,
        "lab_accepted_at": None,
        "government_accepted_at": None,
    }
    assert [terms["number"] for terms in office.results(path)] == [2, 1]
    answer = office.post(path, _terms(purpose=" "))
    assert (answer.status_code, answer.json()["errors"]) == (
        400,
        {"purpose": ["This field may not be blank."]},
    )
    lab.post(f"submissions/{case.submission.pk}/accept_terms/")
    office.post(f"submissions/{case.submission.pk}/accept_terms/")
    assert [terms["state"] for terms in office.results(path)] == ["agreed", "proposed"]
    answer = lab.post(path, _terms())
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    refused(Caller(case.viewer).post(path, {}), NOT_YOURS_TO_CHANGE)
    stranger = Caller(make.member(make.lab(), Role.ADMIN))
    refused(stranger.get(path), NOT_FOUND)
    refused(stranger.post(path, _terms()), NOT_FOUND)
