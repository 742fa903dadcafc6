"""Runs of matching and reviewers' profiles at the workbench and by the API: what each page shows, and to whom."""

import pytest
import time_machine
from django.urls import reverse

from portal.accounts.models import Role
from portal.submissions import actions as cases
from reviews import actions
from reviews.actions.matching import Wanted
from reviews.models import Assignment, MatchingRun, ReviewerProfile
from tests import factories as make
from tests import factories_reviews as reviews
from tests.admin.desk import CASE, Desk, words
from tests.api.calls import NOT_FOUND, NOT_YOURS, Caller, counted, problem, refused

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
RUNS, RUN, ADD = "reviews_matchingrun_changelist", "reviews_matchingrun_change", "reviews_matchingrun_add"
PROFILES, PROFILE = "reviews_reviewerprofile_changelist", "reviews_reviewerprofile_change"


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def case():
    return make.Case(make.with_access)


@pytest.fixture
def office():
    return make.programme_office()


def buttons(desk: Desk, run) -> list[str]:
    return [offer.step.verb for offer in desk.get(RUN, run.pk).context["offers"]]


# --- the workbench ----------------------------------------------------------------------------------------------------


def test_from_the_case_to_a_run_confirmed_and_undone(case, office):
    ada = reviews.knowing(office, "chemical", name="Ada Able")
    ben = reviews.knowing(make.agency(), "cyber", name="Ben Bold")
    reviews.knowing(office, "autonomy", name="Cleo Calm")
    foe = reviews.knowing(office, "cyber", name="Fay Foe")
    cases.declare_conflict(actor=foe, user=foe, organisation=case.lab)
    desk = Desk(case.coordinator)
    add = f"{reverse('admin:reviews_matchingrun_add')}?submission={case.submission.case_number}"
    assert add in desk.get(CASE, case.submission.pk).content.decode()
    form = desk.client.get(add).context["form"]
    assert (form.initial["submission"], form["lead"].initial) == (case.submission.case_number, "first")
    data = {"submission": case.submission.case_number, "domains": ["cyber", "chemical"], "seats": 1}
    answer = desk.post(ADD, **data, lead="first")
    run = MatchingRun.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, reverse(f"admin:{RUN}", args=[run.pk]))
    assert set(run.needs.values_list("domain", "seats", "lead")) == {
        ("cyber", 2, True),
        ("chemical", 1, False),
    }
    text = desk.text(RUN, run.pk)
    for said in (
        "Ada Able", "Ben Bold", "The reviewer has no seat yet.",
        "1 of Cyber", "Have any agency add a reviewer of Cyber.",
        "Fay Foe", "Cannot take a seat on this case: there is a conflict.",
        "Cleo Calm", "None of the domains asked for is on record.", "3 seats on 1 case",
    ):  # fmt: skip
        assert said in text, said
    assert make.FACTS["model_name"] not in text
    assert buttons(desk, run) == ["confirm", "discard"]
    assert "changed" not in desk.text("reviews_matchingrun_confirm", run.pk)
    assert desk.post("reviews_matchingrun_confirm", run.pk, revision=1).status_code == 303
    assert {seat.reviewer for seat in Assignment.objects.in_state("proposed", at=NOW)} == {ada, ben}
    assert "The seat is proposed." in desk.text(RUN, run.pk)
    assert buttons(desk, run) == ["undo"]
    missing = desk.post("reviews_matchingrun_undo", run.pk, revision=2)
    assert "reason" in missing.context["form"].errors
    assert desk.post("reviews_matchingrun_undo", run.pk, revision=2, reason="Dates moved.").status_code == 303
    assert "The seat is revoked." in desk.text(RUN, run.pk)
    assert buttons(desk, run) == []
    assert not Assignment.objects.live(at=NOW).exists()


def test_the_page_says_what_changed_before_it_confirms(case, office):
    ada = reviews.knowing(office, "cyber", name="Ada")
    run = reviews.suggested(case)
    profile = ReviewerProfile.objects.get()
    actions.change_profile(actor=ada, profile=profile, domains=["cyber", "other"], cap=1)
    desk = Desk(case.coordinator)
    asked = desk.text("reviews_matchingrun_confirm", run.pk)
    assert "What this suggestion rests on has changed since it was made: Reviewers, their domains" in asked
    refusal = desk.post("reviews_matchingrun_confirm", run.pk, revision=1)
    assert refusal.status_code == 409
    assert "Reviewers, their domains, caps or seats" in refusal.context["form"].non_field_errors()
    assert not Assignment.objects.exists()
    done = desk.post("reviews_matchingrun_confirm", run.pk, revision=1, despite_changes="on")
    assert (done.status_code, Assignment.objects.get().reviewer) == (303, ada)


def test_several_cases_get_the_same_seats_and_a_lead_where_there_is_none(case, office):
    other = make.Case(make.with_access)
    for _ in range(4):
        reviews.knowing(office, "cyber")
    reviews.proposed(other, reviews.reviewer(office), role="lead")
    both = f"{case.submission.case_number.lower()},\n{other.submission.case_number}"
    desk = Desk(case.coordinator)
    assert desk.post(ADD, submission=both, domains=["cyber"], seats=1, lead="cyber").status_code == 303
    found = set(MatchingRun.objects.get().needs.values_list("submission", "seats", "lead"))
    assert found == {(case.submission.pk, 2, True), (other.submission.pk, 1, False)}


def test_a_wrong_number_is_said_beside_the_field(case):
    desk = Desk(case.coordinator)
    hidden = make.Case(make.with_access)
    cases.declare_conflict(actor=case.coordinator, user=case.coordinator, organisation=hidden.lab)
    answer = desk.post(
        ADD, submission=f"FM-0000-0000 {hidden.submission.case_number}", domains=["cyber"], seats=1, lead=""
    )
    number = hidden.submission.case_number
    assert answer.context["form"].errors == {
        "submission": [f"No case that you see has this number: FM-0000-0000, {number}."]
    }
    early = make.Case(make.submitted)
    late = desk.post(ADD, submission=early.submission.case_number, domains=["cyber"], seats=1, lead="")
    assert "seats are proposed from the acknowledgement" in words(late)
    assert not MatchingRun.objects.exists()


def test_labs_partners_and_other_agencies_learn_nothing_of_a_run(case, office):
    agency = make.agency()
    ada = reviews.knowing(agency, "cyber", name="Ada Able")
    run = reviews.suggested(case)
    for user in (make.member(agency, Role.COORDINATOR), ada, reviews.designator()):
        desk = Desk(user)
        assert desk.get(RUN, run.pk).status_code == 404
        assert desk.get(RUNS).status_code in (403, 404)
        assert desk.get(ADD).status_code in (403, 404)
        assert Caller(user).results("matching-runs/") == []
        refused(Caller(user).get(f"matching-runs/{run.pk}/"), NOT_FOUND)
    lab = Desk(case.contributor)
    number = case.submission.case_number
    for page in (f"/lab/cases/{number}/", f"/lab/cases/{number}/record/"):
        answer = lab.get(page)
        text = answer.content.decode()
        assert "Ada Able" not in text
        assert run.number not in text
        assert agency.name not in text
    for user in (case.contributor, make.member(make.partner_organisation(), Role.ADMIN)):
        assert Caller(user).results("matching-runs/") == []
        assert Caller(user).results("reviewer-profiles/") == []
        assert Desk(user).get(RUN, run.pk).status_code == 404
        told = [row["verb"] for row in Caller(user).results("events/", page_size=100)]
        assert "suggest" not in told


def test_an_auditor_reads_a_run_and_takes_no_step(case, office):
    reviews.knowing(office, "cyber", name="Ada Able")
    run = reviews.suggested(case)
    auditor = reviews.auditor()
    assert "Ada Able" in Desk(auditor).text(RUN, run.pk)
    assert buttons(Desk(auditor), run) == []
    assert Desk(auditor).get(ADD).status_code == 403
    refused(Caller(auditor).post(f"matching-runs/{run.pk}/confirm/"), NOT_YOURS)


def test_a_profile_at_the_workbench(office):
    agency = make.agency()
    ada, colleague = reviews.reviewer(agency, "Ada Able"), reviews.reviewer(agency, "Cole League")
    own = make.member(agency, Role.COORDINATOR)
    stranger = reviews.reviewer(make.agency(), "Stella Strange")

    def offered(user) -> set:
        form = Desk(user).get("reviews_reviewerprofile_add").context["form"]
        return {one.user for one in form.fields["membership"].queryset}

    assert (offered(ada), offered(own)) == ({ada}, {ada, colleague})
    desk = Desk(ada)
    data = {"membership": ada.memberships.get().pk, "domains": ["cyber"], "cap": 3}
    assert desk.post("reviews_reviewerprofile_add", **data).status_code == 303
    profile = ReviewerProfile.objects.get()
    assert "Ada Able" in Desk(own).text(PROFILES)
    changed = {"revision": 1, "domains": ["other"], "cap": 1}
    assert desk.post("reviews_reviewerprofile_change_profile", profile.pk, **changed).status_code == 303
    assert [o.step.verb for o in desk.get(PROFILE, profile.pk).context["offers"]] == ["change_profile"]
    office_desk = Desk(make.coordinator())
    assert "Other" in office_desk.text(PROFILE, profile.pk)
    assert office_desk.get(PROFILE, profile.pk).context["offers"] == []
    assert Desk(stranger).get(PROFILE, profile.pk).status_code == 404
    theirs = Desk(stranger).post("reviews_reviewerprofile_add", **data)
    assert "membership" in theirs.context["form"].errors


# Session, person with seats, and what the page itself needs.
COUNTS = {RUNS: 5, PROFILES: 5}
PAGE = 11


@pytest.mark.parametrize("number", [1, 30])
def test_lists_and_a_runs_page_cost_the_same_with_one_row_and_with_thirty(office, number):
    made = [make.Case(make.with_access) for _ in range(number)]
    people = [reviews.knowing(office, "cyber", name=f"Reviewer {n}") for n in range(number)]
    foes = (number + 1) // 2
    for _ in range(foes):
        foe = reviews.knowing(office, "cyber")
        for one in made:
            cases.declare_conflict(actor=foe, user=foe, organisation=one.lab)
    wanted = [Wanted(one.submission, domain) for one in made for domain in ("cyber", "chemical")]
    coordinator = made[0].coordinator
    runs = [actions.matching.suggest(actor=coordinator, needs=wanted) for _ in range(number)]
    actions.matching.confirm(actor=coordinator, run=runs[0])
    desk, caller = Desk(coordinator), Caller(coordinator)
    for page, count in COUNTS.items():
        desk.get(page)
        with counted(count):
            answer = desk.get(page)
        assert len(answer.context["cl"].result_list) >= number
    desk.get(RUN, runs[0].pk)
    with counted(PAGE):
        text = desk.text(RUN, runs[0].pk)
    assert text.count("The seat is proposed.") == number == len(people)
    assert text.count("Each of these would help") == number
    with counted(3):
        assert len(caller.results("matching-runs/", page_size=100)) == number
    with counted(3):
        assert len(caller.results("reviewer-profiles/", page_size=100)) == number + foes
    with counted(9):
        detail = caller.get(f"matching-runs/{runs[0].pk}/").json()
    assert (len(detail["pairs"]), len(detail["exclusions"])) == (number, foes * number)


# --- the API ----------------------------------------------------------------------------------------------------------


def test_a_run_by_the_api(case, office):
    ada = reviews.knowing(office, "cyber", name="Ada Able")
    other = reviews.knowing(office, "autonomy", name="Otto Other")
    caller = Caller(case.coordinator)
    number = case.submission.case_number
    body = {
        "needs": [{"submission": number, "domain": "cyber", "lead": True, "seats": 2}],
    }
    answer = caller.post("matching-runs/", body)
    run = MatchingRun.objects.get()
    agency = {"agency_name": "Invented Programme Office"}
    expected = {
        "id": str(run.pk),
        "number": run.number,
        "state": "suggested",
        "revision": 1,
        "made_at": "2026-09-14T14:00:00Z",
        "made_by": case.coordinator.name,
        "cases": 1,
        "seats": 2,
        "suggested": 1,
        "needs": [
            {"case": str(case.submission.pk), "case_number": number, "domain": "cyber", "seats": 2, "lead": True}
        ],
        "pairs": [
            {
                "case": str(case.submission.pk),
                "case_number": number,
                "domain": "cyber",
                "role": "lead",
                "reviewer": str(ada.pk),
                "reviewer_name": "Ada Able",
                "agency": str(office.pk),
                **agency,
                "why": [
                    "Leads: of those suggested for Cyber, the closest fit.",
                    "Cyber is the only domain on record for this reviewer.",
                    "The reviewer has no seat yet.",
                    "The agency carries its part or less.",
                    "The lab is new to the reviewer.",
                ],
                "outcomes": [],
            }
        ],
        "exclusions": [
            {
                "case_number": "",
                "reviewer": str(other.pk),
                "reviewer_name": "Otto Other",
                **agency,
                "code": "domain",
                "words": "None of the domains asked for is on record.",
            }
        ],
        "unmet": [
            {
                "case_number": number,
                "domain": "cyber",
                "seats": 1,
                "lead": False,
                "reasons": ["1 reviewer of Cyber is suggested for this case already."],
                "remedies": [
                    {
                        "code": "add_expertise",
                        "words": "This reviewer has room: train them in Cyber, and put it on record.",
                        "reviewer_name": "Otto Other",
                        **agency,
                    },
                    {
                        "code": "new_reviewer",
                        "words": "Have any agency add a reviewer of Cyber.",
                        "reviewer_name": "",
                        "agency_name": "",
                    },
                    {
                        "code": "fewer_seats",
                        "words": "Ask for one seat of Cyber less on this case.",
                        "reviewer_name": "",
                        "agency_name": "",
                    },
                ],
            }
        ],
        "verbs": ["confirm", "discard"],
    }  # fmt: skip
    assert (answer.status_code, answer.json()) == (201, expected)
    assert answer["Location"].endswith(f"/api/v1/matching-runs/{run.pk}/")
    assert caller.get(f"matching-runs/{run.number}/").json() == expected
    in_short = {name: expected[name] for name in list(expected)[:9]}
    assert caller.results("matching-runs/", state="suggested") == [in_short]
    assert caller.results("matching-runs/", state="undone") == []
    refused(
        caller.post(f"matching-runs/{run.pk}/undo/"),
        problem(409, "Conflict", "wrong_state", "This matching run is suggested, so this step cannot be taken."),
    )  # fmt: skip
    actions.change_profile(
        actor=ada, profile=ReviewerProfile.objects.get(membership__user=ada), domains=["cyber"], cap=5
    )
    stale = caller.post(f"matching-runs/{run.pk}/confirm/", {"revision": 1})
    assert (stale.status_code, stale.json()["code"], stale.json()["changes"]) == (
        409, "stale", ["Reviewers, their domains, caps or seats"],
    )  # fmt: skip
    confirmed = caller.post(f"matching-runs/{run.pk}/confirm/", {"revision": 1, "despite_changes": True})
    seat = Assignment.objects.get()
    assert (confirmed.status_code, confirmed.json()["state"], confirmed.json()["verbs"]) == (
        200, "confirmed", ["undo"],
    )  # fmt: skip
    assert confirmed.json()["pairs"][0]["outcomes"] == [
        {"step": "confirm", "done": True, "assignment": str(seat.pk), "words": "The seat is proposed."}
    ]
    undone = caller.post(f"matching-runs/{run.pk}/undo/", {"reason": "Not now."})
    assert (undone.json()["state"], Assignment.objects.get().state) == ("undone", "revoked")


def test_what_the_api_refuses_of_a_run(case, office):
    reviews.knowing(office, "cyber")
    mine = Caller(case.coordinator)
    number = case.submission.case_number
    for user in (case.contributor, reviews.reviewer(office), make.member(make.agency(), Role.COORDINATOR)):
        refused(
            Caller(user).post("matching-runs/", {"needs": [{"submission": number, "domain": "cyber"}]}),
            problem(403, "Forbidden", "not_allowed", "Only the programme's coordinators run a matching."),
        )
    refused(
        mine.post("matching-runs/", {"needs": [{"submission": "FM-0000-0000", "domain": "cyber"}]}), NOT_FOUND
    )
    for needs in ([], [{"submission": number, "domain": "astrology"}], [{"submission": number}], "all"):
        assert mine.post("matching-runs/", {"needs": needs}).status_code == 400
    twice = mine.post("matching-runs/", {"needs": [{"submission": number, "domain": "cyber"}] * 2})
    assert twice.json()["errors"] == {"needs": ["Name each domain of a case once."]}
    assert not MatchingRun.objects.exists()


def test_a_profile_by_the_api(office):
    agency = make.agency()
    ada = reviews.reviewer(agency, "Ada Able")
    own = Caller(make.member(agency, Role.COORDINATOR))
    answer = own.post("reviewer-profiles/", {"reviewer": ada.email, "domains": ["cyber"], "cap": 2})
    profile = ReviewerProfile.objects.get()
    expected = {
        "id": str(profile.pk),
        "revision": 1,
        "reviewer": str(ada.pk),
        "reviewer_name": "Ada Able",
        "agency": str(agency.pk),
        "agency_name": agency.name,
        "domains": ["cyber"],
        "cap": 2,
        "updated_at": "2026-09-14T14:00:00Z",
    }
    assert (answer.status_code, answer.json()) == (201, expected)
    again = own.post("reviewer-profiles/", {"reviewer": ada.email, "domains": ["cyber"], "cap": 2})
    assert (again.status_code, again.json()["code"]) == (409, "already_done")
    mine = Caller(ada)
    changed = mine.patch(
        f"reviewer-profiles/{profile.pk}/", {"domains": ["other", "cyber"], "cap": 0, "revision": 1}
    )
    assert changed.json() == expected | {"domains": ["cyber", "other"], "cap": 0, "revision": 2}
    assert own.results("reviewer-profiles/", domain="other") == [changed.json()]
    assert own.results("reviewer-profiles/", domain="chemical") == []
    kept = problem(403, "Forbidden", "not_allowed", "The reviewer and the coordinators of their agency keep this.")  # fmt: skip
    programme = Caller(make.coordinator())
    refused(programme.patch(f"reviewer-profiles/{profile.pk}/", {"domains": ["cyber"], "cap": 1}), kept)
    refused(Caller(make.member(make.lab(), Role.ADMIN)).post("reviewer-profiles/", {}), kept)
    stranger = Caller(make.member(make.agency(), Role.COORDINATOR))
    refused(stranger.patch(f"reviewer-profiles/{profile.pk}/", {"domains": ["cyber"], "cap": 1}), NOT_FOUND)
    theirs = stranger.post("reviewer-profiles/", {"reviewer": ada.email, "domains": ["cyber"], "cap": 1})
    assert theirs.json()["errors"] == {"reviewer": ["You keep no profile of a reviewer of this name."]}
