"""The API's collections partners and grants: what each reader gets, every verb, and every refusal."""

import pytest
import time_machine

from partners import actions
from partners.models import Grant, PartnerProfile
from portal.ledger.models import Event
from tests import factories as make
from tests.api.calls import NOT_FOUND, NOT_YOURS, NOWHERE, Caller, counted, problem, refused
from tests.factories import DAY, FACTS, NOW
from tests.factories_partners import GRANT_INSTRUCTIONS, PROFILE, PURPOSE, GrantCase, Partner

pytestmark = pytest.mark.django_db
START = NOW + 20 * DAY
ACTIVE = START + DAY


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def iso(instant) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def proposal(case: GrantCase, **values) -> dict:
    return {
        "submission": case.submission.case_number,
        "partner": str(case.partner.organisation.pk),
        "purpose": PURPOSE,
        "starts_at": iso(START),
        "documents": [str(case.document.pk)],
    } | values


def test_a_grants_whole_way():
    case = GrantCase()
    lab, office, admin = Caller(case.contributor), Caller(case.coordinator), Caller(case.partner.admin)
    answer = lab.post("grants/", proposal(case, instructions=GRANT_INSTRUCTIONS))
    assert answer.status_code == 201, answer.content
    made = answer.json()
    grant = f"grants/{made['id']}/"
    assert answer["Location"].endswith(f"/api/v1/{grant}")
    assert {
        key: made[key] for key in ("state", "submission", "partner", "starts_at", "expires_at", "documents")
    } == {
        "state": "proposed",
        "submission": str(case.submission.pk),
        "partner": str(case.partner.organisation.pk),
        "starts_at": iso(START),
        "expires_at": iso(START + 90 * DAY),
        "documents": [str(case.document.pk)],
    }
    refused(admin.get(grant), NOT_FOUND)
    assert office.post(f"{grant}concur/").json()["state"] == "proposed"
    offered = admin.get(grant).json()
    assert (offered["model"], offered["documents"], offered["instructions_open"], offered["verbs"]) == (
        {"model_name": FACTS["model_name"], "summary": FACTS["summary"]},
        [],
        False,
        ["accept", "decline"],
    )
    assert admin.get(f"{grant}terms/").json()["number"] == 1
    accepted = admin.post(f"{grant}accept/", {"users": [str(case.partner.member.pk)]})
    assert (accepted.json()["state"], [user["id"] for user in accepted.json()["users"]]) == (
        "agreed",
        [str(case.partner.member.pk)],
    )
    with time_machine.travel(ACTIVE, tick=False):
        member = Caller(case.partner.member)
        seen = member.get(grant).json()
        assert (seen["state"], seen["documents"], seen["instructions_open"]) == (
            "active",
            [str(case.document.pk)],
            True,
        )
        revealed = member.post(f"{grant}reveal_instructions/")
        assert (revealed.json(), revealed["Cache-Control"]) == (
            {"instructions": GRANT_INSTRUCTIONS},
            "private, no-store",
        )
        assert [row["id"] for row in member.results("documents/")] == [str(case.document.pk)]
        assert member.get(f"documents/{case.document.pk}/content/").status_code == 200
        refused(member.get(f"submissions/{case.submission.pk}/"), NOT_FOUND)
        refused(member.post(f"submissions/{case.submission.pk}/reveal_instructions/"), NOT_FOUND)
        later = {"expires_at": iso(START + 100 * DAY)}
        assert lab.post(f"{grant}extend/", later).json()["extension"]["asked_side"] == "lab"
        assert office.post(f"{grant}extend/", later).json()["expires_at"] == later["expires_at"]
        assert office.post(f"{grant}suspend/", {"reason": "A question."}).json()["state"] == "suspended"
        refused(
            member.post(f"{grant}reveal_instructions/"),
            problem(403, "Forbidden", "not_allowed", "The access instructions are not open to you now."),
        )
        assert office.post(f"{grant}resume/").json()["state"] == "active"
        body = {"reason_code": "security", "reason": "Seen elsewhere."}
        assert lab.post(f"{grant}revoke/", body).json()["state"] == "revoked"
        bare = member.get(grant).json()
        assert [bare[key] for key in ("state", "model", "purpose", "documents", "users")] == [
            "revoked",
            None,
            None,
            [],
            [],
        ]
        assert member.results("documents/") == []
        assert admin.post(f"{grant}close_out/").json()["state"] == "closed_out"
    looks = Event.objects.filter(kind="look", actor=case.partner.member).order_by("seq")
    assert list(dict.fromkeys(looks.values_list("verb", flat=True))) == [
        "viewed_grant",
        "revealed_grant_instructions",
        "viewed_documents",
        "downloaded_document",
    ]


# The documents' addresses keep transactions of their own, so a refusal ends that of the test: one each, and last.
@pytest.mark.parametrize(
    ("document", "at"),
    [("document", START - DAY), ("other_document", ACTIVE), ("document", START + 90 * DAY)],
)
def test_a_file_link_answers_404_outside_scope_and_time(document, at):
    case = GrantCase()
    case.agree()
    found = getattr(case, document)
    with time_machine.travel(at, tick=False):
        refused(Caller(case.partner.member).get(f"documents/{found.pk}/content/"), NOT_FOUND)


def test_strangers_and_other_partners_get_404_for_everything():
    case = GrantCase()
    case.agree()
    other = Partner(by=case.coordinator)
    strangers = [
        other.admin,
        other.member,
        make.member(case.partner.organisation, "member"),
        make.member(make.lab(), "admin"),
        make.member(make.agency(), "reviewer"),
        make.member(make.agency(), "coordinator"),
    ]
    verbs = [
        "consent",
        "concur",
        "accept",
        "decline",
        "extend",
        "suspend",
        "resume",
        "revoke",
        "surrender",
        "close_out",
    ]
    more = ["name_user", "unname_user", "set_documents", "set_instructions", "reveal_instructions"]
    for person in strangers:
        caller = Caller(person)
        assert caller.results("grants/") == []
        refused(caller.get(f"grants/{case.grant.pk}/"), NOT_FOUND)
        refused(caller.get(f"grants/{case.grant.pk}/terms/"), NOT_FOUND)
        for verb in [*verbs, *more]:
            refused(caller.post(f"grants/{case.grant.pk}/{verb}/"), NOT_FOUND)
        refused(caller.post("grants/", proposal(case)), NOT_FOUND)


def test_who_sees_it_but_may_not_act_gets_403_whatever_the_body():
    case = GrantCase()
    case.agree()
    viewer, auditor = Caller(case.viewer), Caller(make.member(make.programme_office(), "auditor"))
    for caller in (viewer, auditor, Caller(case.partner.member)):
        for verb in ("consent", "concur", "accept", "decline", "extend", "suspend", "revoke", "surrender"):
            refused(caller.post(f"grants/{case.grant.pk}/{verb}/", {"nonsense": 1}), NOT_YOURS)


def test_who_sees_the_case_but_proposes_nothing_gets_403():
    case = GrantCase()
    said = "Partners are proposed by the lab or the programme's coordinator."
    for person in (case.viewer, make.member(make.programme_office(), "designator")):
        answer = Caller(person).post("grants/", proposal(case, nonsense=1))
        refused(answer, problem(403, "Forbidden", "not_allowed", said))


def test_a_wrong_body_a_wrong_state_and_a_stale_revision():
    case = GrantCase()
    grant = case.propose()
    lab, office = Caller(case.contributor), Caller(case.coordinator)
    answer = office.post(f"grants/{grant.pk}/decline/")
    assert (answer.status_code, answer.json()["errors"]) == (400, {"reason_code": ["Choose a reason."]})
    answer = lab.post(f"grants/{grant.pk}/consent/")
    assert (answer.status_code, answer.json()["code"]) == (409, "already_done")
    answer = office.post(f"grants/{grant.pk}/suspend/")
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    actions.set_instructions(actor=case.contributor, grant=grant, instructions="New", at=NOW)
    answer = office.post(f"grants/{grant.pk}/concur/", {"revision": grant.revision})
    assert (answer.status_code, answer.json()["code"], len(answer.json()["changes"])) == (409, "stale", 1)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"purpose": ""}, "purpose"),
        ({"partner": NOWHERE}, "partner"),
        ({"partner": "x"}, "partner"),
        ({"starts_at": "soon"}, "starts_at"),
        ({"expires_at": iso(START)}, "expires_at"),
        ({"documents": [NOWHERE]}, "documents"),
        ({"access_mode": "telepathy"}, "access_mode"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_a_wrong_proposal_names_the_field(values, field):
    case = GrantCase()
    answer = Caller(case.contributor).post("grants/", proposal(case, **values))
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not Grant.objects.exists()


def test_the_scope_and_the_persons():
    case = GrantCase()
    case.agree()
    lab, admin = Caller(case.contributor), Caller(case.partner.admin)
    grant = f"grants/{case.grant.pk}/"
    both = sorted([str(case.document.pk), str(case.other_document.pk)])
    assert sorted(lab.post(f"{grant}set_documents/", {"documents": both}).json()["documents"]) == both
    assert (
        lab.post(f"{grant}set_instructions/", {"instructions": "Third"}).json()["instructions_given"] is True
    )
    second = make.member(case.partner.organisation, "member")
    named = admin.post(f"{grant}name_user/", {"user": str(second.pk)}).json()["users"]
    assert {user["id"] for user in named} == {str(second.pk), str(case.partner.member.pk)}
    left = admin.post(f"{grant}unname_user/", {"user": str(case.partner.member.pk)}).json()["users"]
    assert [user["id"] for user in left] == [str(second.pk)]
    outsider = admin.post(f"{grant}name_user/", {"user": str(case.contributor.pk)})
    assert (outsider.status_code, list(outsider.json()["errors"])) == (400, ["user"])


def test_the_way_of_a_partner_organisation():
    office_person = make.coordinator()
    office = Caller(office_person)
    organisation = make.partner_organisation()
    admin = Caller(make.member(organisation, "admin"))
    answer = admin.post("partners/", PROFILE)
    assert (answer.status_code, answer.json()["state"], answer.json()["id"]) == (
        201,
        "applied",
        str(organisation.pk),
    )
    partner = f"partners/{organisation.pk}/"
    refused(admin.post(f"{partner}begin_vetting/"), NOT_YOURS)
    assert office.post(f"{partner}begin_vetting/").json()["state"] == "vetting"
    body = {"reason_code": "capacity", "reapply_on": "2026-09-14"}
    answer = office.post(f"{partner}not_select/", body).json()
    assert [answer[key] for key in ("state", "reason_code", "reapply_on")] == [
        "not_selected",
        "capacity",
        "2026-09-14",
    ]
    assert admin.post("partners/", PROFILE).json()["state"] == "applied"
    office.post(f"{partner}begin_vetting/")
    assert office.post(f"{partner}find_eligible/").status_code == 409
    rows = office.get(partner).json()["vetting"]["criteria"]
    answers = {"answers": [{"key": row["key"], "found": "met"} for row in rows]}
    assert admin.post(f"{partner}answer_criteria/", answers).status_code == 403
    assert office.post(f"{partner}answer_criteria/", answers).status_code == 200
    assert office.post(f"{partner}find_eligible/").json()["state"] == "eligible"
    assert office.post(f"{partner}suspend/").status_code == 400
    assert office.post(f"{partner}suspend/", {"reason": "An audit."}).json()["state"] == "suspended"
    assert office.post(f"{partner}reinstate/").json()["state"] == "eligible"
    changed = admin._send("put", partner, PROFILE | {"country": "DE"})
    assert (changed.status_code, changed.json()["country"]) == (200, "DE")
    assert office.post(f"{partner}remove/", {"reason": "Sold."}).json()["state"] == "removed"
    assert PartnerProfile.objects.get().stored_state == "removed"


def test_a_lab_reads_of_eligible_partners_what_it_needs_to_choose_and_no_more():
    case = GrantCase()
    Partner(by=case.coordinator, eligible=False)
    rows = Caller(case.contributor).results("partners/")
    assert [(row["name"], row["state"], row["operates"], row["vetted_at"]) for row in rows] == [
        (case.partner.organisation.name, "eligible", None, None)
    ]
    own = Caller(case.partner.admin).get(f"partners/{case.partner.organisation.pk}/").json()
    assert own["operates"] == PROFILE["operates"]
    assert {person["id"] for person in own["members"]} == {
        str(case.partner.admin.pk),
        str(case.partner.member.pk),
    }
    refused(
        Caller(Partner(by=case.coordinator).admin).get(f"partners/{case.partner.organisation.pk}/"), NOT_FOUND
    )


def test_lists_cost_the_same_for_one_and_for_thirty():
    first = GrantCase()
    first.agree()
    for number in (1, 30):
        if number == 30:
            for _ in range(29):
                case = GrantCase()
                case.partner = first.partner
                case.agree()
        for person, queries in ((first.partner.member, 5), (first.coordinator, 5)):
            caller = Caller(person)
            with counted(queries):
                assert len(caller.results("grants/", page_size=100)) == number
    caller = Caller(first.coordinator)
    with counted(3):
        assert len(caller.results("partners/", page_size=100)) == 30
