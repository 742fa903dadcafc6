"""Each verb of a submission by the API: done, and refused in every way."""

import pytest

from portal.accounts.models import Role
from portal.submissions import actions
from portal.submissions.api import SubmissionViewSet
from portal.submissions.states import MACHINE
from tests import factories as make
from tests.api.calls import NOT_FOUND, NOT_YOURS, NOWHERE, Caller, problem, refused
from tests.factories import DAY, NOW

pytestmark = pytest.mark.django_db

LATER = (NOW + 50 * DAY).isoformat().replace("+00:00", "Z")


def verb_of(case, name):
    return f"submissions/{case.pk}/{name}/"


def _closable():
    """A case whose window is empty and whose planned release has come."""
    return make.Case(make.agreed, at=NOW - 90 * DAY)


def _closed():
    case = _closable()
    actions.close(actor=case.coordinator, submission=case.submission)
    return case


def _acknowledged():
    case = make.Case(make.submitted)
    actions.acknowledge(actor=case.coordinator, submission=case.submission)
    return case


# verb -> (how the case is made, who takes it, what it takes, the state it leads to)
HAPPY = {
    "submit": (lambda: make.Case(make.draft), "contributor", {}, "submitted"),
    "acknowledge": (lambda: make.Case(make.submitted), "coordinator", {}, "acknowledged"),
    "request_correction": (
        lambda: make.Case(make.submitted),
        "coordinator",
        {"reason": "The checkpoint is not named."},
        "submitted",
    ),
    "accept_terms": (_acknowledged, "contributor", {"version": 1}, "acknowledged"),
    "provide_access": (
        lambda: make.Case(make.agreed),
        "contributor",
        {"instructions": make.INSTRUCTIONS},
        "agreed",
    ),
    "move_dates": (
        lambda: make.Case(make.agreed),
        "contributor",
        {"planned_public_release": LATER},
        "agreed",
    ),
    "release": (lambda: make.Case(make.agreed), "contributor", {}, "ended"),
    "withdraw": (lambda: make.Case(make.agreed), "contributor", {}, "withdrawn"),
    "close": (_closable, "coordinator", {}, "closed"),
}


def test_every_verb_of_the_table_is_a_route_and_no_other_is():
    routes = {route.url_path for route in SubmissionViewSet.get_extra_actions() if "post" in route.mapping}
    besides = {"correct_facts", "reveal_instructions", "terms"}
    assert routes - besides == set(MACHINE.verbs()) == set(HAPPY)


@pytest.mark.parametrize("verb", HAPPY)
def test_a_verb_is_done_and_answers_with_the_object(verb):
    make_case, who, body, state = HAPPY[verb]
    case = make_case()
    before = case.again().revision

    answer = Caller(getattr(case, who)).post(verb_of(case.submission, verb), body | {"revision": before})

    assert answer.status_code == 200, answer.content
    told, now = answer.json(), case.again()
    assert (told["id"], told["state"], told["revision"]) == (str(case.submission.pk), state, before + 1)
    assert (now.state, now.revision) == (state, before + 1)


@pytest.mark.parametrize("verb", HAPPY)
def test_a_stranger_gets_404_whatever_the_body_says(verb):
    make_case, _, _, _ = HAPPY[verb]
    case = make_case()
    other_lab = make.member(make.lab(), Role.ADMIN)
    partner = make.member(make.partner_organisation(), Role.ADMIN)
    reviewer = make.member(make.agency(), Role.REVIEWER)
    for user in (other_lab, partner, reviewer):
        caller = Caller(user)
        for body in ({}, {"nonsense": 1}, "not json"):
            refused(caller.post(verb_of(case.submission, verb), body), NOT_FOUND)


@pytest.mark.parametrize("verb", [verb for verb in HAPPY if verb != "submit"])
def test_a_visible_case_with_a_verb_that_is_not_yours_is_403_whatever_the_body_says(verb):
    make_case, who, _, _ = HAPPY[verb]
    case = make_case()
    other = {"contributor": case.coordinator, "coordinator": case.contributor}[who]
    if verb == "accept_terms":
        other = make.member(make.programme_office(), Role.AUDITOR)
    for user in (other, case.viewer):
        caller = Caller(user)
        for body in ({}, {"nonsense": 1}, "not json"):
            refused(caller.post(verb_of(case.submission, verb), body), NOT_YOURS)


def test_a_draft_is_invisible_to_the_government():
    case = make.Case(make.draft)
    refused(Caller(case.coordinator).post(verb_of(case.submission, "submit")), NOT_FOUND)


@pytest.mark.parametrize("verb", HAPPY)
def test_a_stale_revision_is_409_and_says_what_changed(verb):
    make_case, who, body, _ = HAPPY[verb]
    case = make_case()
    old = case.again().revision
    if case.again().submitted_at is None:
        actions.save_draft(actor=case.contributor, submission=case.submission, facts={"summary": "Other."})
        changed = "Saved the draft"
    elif verb == "close":
        actions.release(actor=case.contributor, submission=case.submission)
        changed = "Recorded the release"
    else:
        actions.correct_facts(actor=case.contributor, submission=case.submission, facts={"summary": "Other."})
        changed = "Gave a new version of the facts"

    answer = Caller(getattr(case, who)).post(verb_of(case.submission, verb), body | {"revision": old})

    refused(
        answer,
        problem(
            409,
            "Conflict",
            "stale",
            "This case changed since you opened the page. Nothing was saved; look at what changed first.",
            changes=[f"14 Sep 2026, 2:00 p.m. UTC: {changed}"],
        ),
    )
    assert case.again().revision == old + 1


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("submit", "This was done already: the case is submitted."),
        ("acknowledge", "This was done already: the case is acknowledged."),
        ("accept_terms", "Your side has accepted this version already."),
        ("release", "The release was recorded already."),
        ("withdraw", "This was done already: the case is withdrawn."),
        ("close", "This was done already: the case is closed."),
    ],
)
def test_a_repeated_call_does_the_thing_once(verb, words):
    make_case, who, body, _ = HAPPY[verb]
    case = make_case()
    caller = Caller(getattr(case, who))
    assert caller.post(verb_of(case.submission, verb), body).status_code == 200
    revision = case.again().revision

    refused(
        caller.post(verb_of(case.submission, verb), body), problem(409, "Conflict", "already_done", words)
    )
    assert case.again().revision == revision


@pytest.mark.parametrize(
    ("verb", "make_case", "state"),
    [
        ("submit", lambda: make.Case(make.agreed), "agreed"),
        ("acknowledge", lambda: make.Case(make.agreed), "agreed"),
        ("request_correction", lambda: make.Case(make.agreed), "agreed"),
        ("accept_terms", lambda: make.Case(make.submitted), "submitted"),
        ("provide_access", lambda: make.Case(make.submitted), "submitted"),
        ("move_dates", _closed, "closed"),
        ("close", lambda: make.Case(make.agreed), "agreed"),
    ],
)
def test_a_wrong_state_is_409(verb, make_case, state):
    _, who, body, _ = HAPPY[verb]
    case = make_case()
    words = f"This case is {state}, so this step cannot be taken."
    refused(
        Caller(getattr(case, who)).post(verb_of(case.submission, verb), body),
        problem(409, "Conflict", "wrong_state", words),
    )


def test_a_withdrawn_case_cannot_be_withdrawn_from_its_end():
    case = _closable()
    actions.close(actor=case.coordinator, submission=case.submission)
    refused(
        Caller(case.contributor).post(verb_of(case.submission, "withdraw")),
        problem(409, "Conflict", "wrong_state", "This case is closed, so this step cannot be taken."),
    )


@pytest.mark.parametrize(
    ("verb", "body", "detail", "code", "errors"),
    [
        ("request_correction", {}, "Give a reason.", "missing", {"reason": ["Give a reason."]}),
        ("request_correction", {"reason": "  "}, "Give a reason.", "missing", {"reason": ["Give a reason."]}),
        ("provide_access", {}, None, "invalid", {"instructions": ["This field is required."]}),
        (
            "provide_access",
            {"instructions": ""},
            None,
            "invalid",
            {"instructions": ["This field may not be blank."]},
        ),
        (
            "provide_access",
            {"instructions": "marzipan\x00"},
            None,
            "invalid",
            {"instructions": ["Null characters are not allowed."]},
        ),
        ("move_dates", {"planned_public_release": "soon"}, None, "invalid", None),
        (
            "move_dates",
            {"planned_public_release": "9999-12-31T23:59:59Z"},
            None,
            "invalid",
            {"planned_public_release": ["Give a date between the years 2000 and 2100."]},
        ),
        (
            "move_dates",
            {"planned_public_release": "2026-09-01T00:00:00Z"},
            "The planned public release lies in the past.",
            "invalid",
            {"planned_public_release": ["The planned public release lies in the past."]},
        ),
        (
            "move_dates",
            {"planned_partner_release": "2027-09-01T00:00:00Z"},
            "The partner release cannot come after the public release.",
            "invalid",
            {"planned_partner_release": ["The partner release cannot come after the public release."]},
        ),
        ("accept_terms", {"version": "two"}, None, "invalid", {"version": ["A valid integer is required."]}),
        ("withdraw", {"reasons": "none"}, None, "invalid", {"reasons": ["There is no such field."]}),
        ("withdraw", {"revision": 10**30}, None, "invalid", None),
        (
            "withdraw",
            {"revision": {"a": [1]}},
            None,
            "invalid",
            {"revision": ["A valid integer is required."]},
        ),
    ],
)
def test_a_wrong_value_is_400_and_names_the_field(verb, body, detail, code, errors):
    make_case, who, _, _ = HAPPY[verb]
    case = make_case()
    revision = case.again().revision
    answer = Caller(getattr(case, who)).post(verb_of(case.submission, verb), body)
    told = answer.json()
    expected = errors or told["errors"]
    assert set(expected) <= set(body) | {"instructions", "reason"}
    words = detail or "Some of the values are not right."
    refused(answer, problem(400, "Bad Request", code, words, errors=expected))
    assert case.again().revision == revision


def test_an_incomplete_draft_names_the_fact_one_level_down():
    case = make.Case(make.draft, summary="")
    refused(
        Caller(case.contributor).post(verb_of(case.submission, "submit")),
        problem(
            400,
            "Bad Request",
            "invalid",
            "Say what the model is.",
            errors={"facts.summary": ["Say what the model is."]},
        ),
    )


def test_a_newer_version_of_the_terms_is_stale():
    case = _acknowledged()
    terms = dict.fromkeys(("purpose", *case.submission.terms.model.HEADS), "Other words.")
    actions.propose_terms(actor=case.coordinator, submission=case.submission, texts=terms, names_shown=False)
    refused(
        Caller(case.contributor).post(verb_of(case.submission, "accept_terms"), {"version": 1}),
        problem(
            409,
            "Conflict",
            "stale",
            "Version 2 of the terms has been proposed meanwhile. Read it before you accept.",
            changes=[],
        ),
    )


def test_a_date_left_out_stays_and_null_takes_the_partner_release_away():
    case = make.Case(make.agreed)
    partner = case.submission.planned_partner_release
    caller = Caller(case.contributor)
    told = caller.post(verb_of(case.submission, "move_dates"), {"planned_public_release": LATER}).json()
    assert (told["planned_public_release"], told["planned_partner_release"]) == (
        LATER,
        partner.isoformat().replace("+00:00", "Z"),
    )
    told = caller.post(verb_of(case.submission, "move_dates"), {"planned_partner_release": None}).json()
    assert (told["planned_public_release"], told["planned_partner_release"]) == (LATER, None)
    assert case.again().planned_partner_release is None


def test_an_ended_window_stays_while_the_planned_dates_move():
    case = _closable()
    caller = Caller(case.contributor)
    was = caller.get(f"submissions/{case.submission.pk}/").json()
    assert (was["state"], was["verbs"]) == ("ended", ["move_dates", "release", "withdraw"])
    told = caller.post(verb_of(case.submission, "move_dates"), {"planned_public_release": LATER}).json()
    changed = {name for name in was if told[name] != was[name]}
    assert changed == {"planned_public_release", "revision"}
    assert told["planned_public_release"] == LATER


def test_a_recorded_release_leaves_no_date_to_move():
    case = make.Case(make.agreed)
    caller = Caller(case.contributor)
    assert caller.post(verb_of(case.submission, "release")).status_code == 200
    assert caller.get(f"submissions/{case.submission.pk}/").json()["verbs"] == ["release", "withdraw"]
    words = "The release was recorded, so no planned date is left to move."
    refused(
        caller.post(verb_of(case.submission, "move_dates"), {"planned_public_release": LATER}),
        problem(409, "Conflict", "wrong_state", words),
    )


@pytest.mark.parametrize("text", [NOWHERE, "FM-0000-0000", "1", "x" * 40, "x" * 41, "%00", "a%2Fb", "☃"])
def test_an_id_that_is_none_is_404(text):
    case = make.Case(make.submitted)
    caller = Caller(case.contributor)
    refused(caller.get(f"submissions/{text}/"), NOT_FOUND)
    refused(caller.post(f"submissions/{text}/withdraw/"), NOT_FOUND)


def test_the_case_number_stands_for_the_id():
    case = make.Case(make.submitted)
    number = case.submission.case_number
    assert Caller(case.contributor).get(f"submissions/{number.lower()}/").json()["case_number"] == number
    assert (
        Caller(case.coordinator).post(f"submissions/{number}/acknowledge/").json()["state"] == "acknowledged"
    )


def test_a_verb_is_recorded_as_its_actors_with_one_event():
    from portal.ledger.models import Event

    case = make.Case(make.submitted)
    Caller(case.coordinator).post(verb_of(case.submission, "acknowledge"))
    events = Event.objects.filter(case_id=case.submission.pk, verb="acknowledge")
    assert [(event.actor_id, event.capacity) for event in events] == [(case.coordinator.pk, "coordinator")]


def test_a_form_body_does_the_same():
    case = make.Case(make.submitted)
    answer = Caller(case.coordinator).post(
        verb_of(case.submission, "request_correction"),
        "reason=The+checkpoint.",
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 200
