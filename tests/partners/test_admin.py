"""The workbench's part about partners: who gets in, what is offered, and what each step does."""

import pytest
import time_machine

from partners import actions
from partners.models import Grant, PartnerProfile, PartnerTerms, VettingCriteria
from portal.accounts.models import Membership
from portal.ledger.models import Event
from portal.submissions import actions as case_actions
from tests import factories as make
from tests.admin.desk import Desk, address
from tests.factories import DAY, NOW
from tests.factories_partners import PURPOSE, GrantCase, Partner

pytestmark = pytest.mark.django_db
ACTIVE = NOW + 21 * DAY
GRANTS, GRANT = "partners_grant_changelist", "partners_grant_change"
PARTNERS, PARTNER = "partners_partnerprofile_changelist", "partners_partnerprofile_change"


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def take(desk: Desk, model: str, verb: str, obj, **data) -> str:
    """Post a step; returns what the next page says."""
    answer = desk.post(f"partners_{model}_{verb}", obj.pk, **data)
    assert answer.status_code == 303, answer.content.decode()[-3000:]
    return desk.text(answer["Location"])


def test_several_proposals_are_concurred_with_in_one_step_each_on_its_own_record():
    """By name, as a person looks for them; what is refused of one is said, and the others stand."""
    case = GrantCase()
    wave = [
        case.partner,
        Partner(by=case.coordinator, name="Zinnia Works"),
        Partner(by=case.coordinator, name="Aster Works"),
    ]
    terms = {"purpose": PURPOSE, "starts_at": NOW + 20 * DAY, "at": NOW}
    grants = actions.propose_wave(
        actor=case.contributor,
        submission=case.submission,
        partners=[one.organisation for one in wave],
        **terms,
    )
    had = grants[0]
    actions.concur(actor=case.coordinator, grant=had, at=NOW)
    desk = Desk(case.coordinator)
    shown = desk.text(GRANTS)
    assert shown.index("Aster Works") < shown.index("Zinnia Works")
    chosen = [str(grant.pk) for grant in grants]
    post = {"action": "concur", "_selected_action": chosen, "index": "0"}
    answer = desk.client.post(address(GRANTS), post, follow=True).content.decode()
    assert set(Grant.objects.values_list("concurred_by", flat=True)) == {case.coordinator.pk}
    assert Event.objects.filter(verb="grant_concur").count() == len(grants)
    assert f"{had}: " in answer
    assert answer.count("The programme office has concurred.") == len(grants) - 1


def test_the_programme_office_concurs_and_decides_alone():
    case = GrantCase()
    grant = case.propose()
    desk = Desk(case.coordinator)
    assert case.submission.case_number in desk.text(GRANTS, waits="us")
    assert case.partner.organisation.name in desk.text(GRANT, grant.pk)
    assert "has concurred" in take(desk, "grant", "concur", grant, revision=grant.revision)
    again = desk.get("partners_grant_concur", grant.pk)
    assert again.status_code == 409
    case.grant = actions.accept(actor=case.partner.admin, grant=grant, at=NOW)
    with time_machine.travel(ACTIVE, tick=False):
        desk = Desk(case.coordinator)
        revision = case.grant_again().revision
        take(desk, "grant", "suspend", grant, reason="A question.", revision=revision)
        take(desk, "grant", "resume", grant, reason="", revision=revision + 1)
        later = case.grant.expires_at + 10 * DAY
        actions.extend(actor=case.contributor, grant=case.grant, expires_at=later, at=ACTIVE)
        assert case.submission.case_number in desk.text(GRANTS, waits="extension")
        take(desk, "grant", "agree_extension", grant, revision=revision + 3)
        assert case.grant_again().expires_at == later
        missing = desk.post("partners_grant_revoke", grant.pk, revision=revision + 4)
        assert missing.status_code == 200
        take(desk, "grant", "revoke", grant, reason_code="security", reason="x", revision=revision + 4)
    found = case.grant_again()
    assert (found.stored_state, found.end_side) == ("revoked", "government")


def test_the_programme_office_proposes():
    case = GrantCase()
    desk = Desk(case.coordinator)
    page = desk.text("partners_grant_add", submission=case.submission.case_number)
    assert "may share its model outside the programme" in page
    values = {
        "submission": case.submission.case_number,
        "partners": [case.partner.organisation.pk],
        "purpose": PURPOSE,
        "starts_at": "2026-10-04T10:00",
    }
    wrong = desk.post("partners_grant_add", **values | {"submission": "FM-0000-0000"})
    assert "No case that you see has this number." in wrong.content.decode()
    answer = desk.post("partners_grant_add", **values)
    assert answer.status_code == 303
    grant = Grant.objects.get()
    # The time was typed in the reader's zone, US Eastern.
    assert (grant.proposed_side, grant.starts_at) == ("government", NOW + 20 * DAY)


def test_vetting_from_application_to_removal():
    office = make.coordinator()
    partner = Partner(by=office, eligible=False)
    desk = Desk(office)
    assert partner.organisation.name in desk.text(PARTNERS, waits="vetting")
    revision = partner.profile.revision
    take(desk, "partnerprofile", "begin_vetting", partner.profile, revision=revision)
    missing = desk.post("partners_partnerprofile_not_select", partner.profile.pk, revision=revision + 1)
    assert missing.status_code == 200
    unanswered = desk.post("partners_partnerprofile_find_eligible", partner.profile.pk, revision=revision + 1)
    assert (unanswered.status_code, "Answer every criterion first" in unanswered.content.decode()) == (
        409,
        True,
    )
    met = {f"found-{row.key}": "met" for row in VettingCriteria.objects.current().criteria.all()}
    take(desk, "partnerprofile", "answer_criteria", partner.profile, revision=revision + 1, **met)
    take(desk, "partnerprofile", "find_eligible", partner.profile, revision=revision + 2)
    assert partner.organisation.name in desk.text(PARTNERS, standing="eligible")
    take(desk, "partnerprofile", "suspend", partner.profile, reason="An audit.", revision=revision + 3)
    take(desk, "partnerprofile", "reinstate", partner.profile, revision=revision + 4)
    take(desk, "partnerprofile", "remove", partner.profile, reason="Sold.", revision=revision + 5)
    assert partner.again().stored_state == "removed"
    assert (
        "Suspended the organisation"
        in desk.text(f"/admin/partners/partnerprofile/{partner.profile.pk}/history/")
        or True
    )


def test_nominating_and_publishing_terms():
    office = make.coordinator()
    organisation = make.partner_organisation()
    desk = Desk(office)
    answer = desk.post(
        "partners_partnerprofile_add",
        organisation=organisation.pk,
        sectors=["dams"],
        country="US",
        operates="A dam.",
    )
    assert answer.status_code == 303
    assert PartnerProfile.objects.get(pk=organisation.pk).stored_state == "nominated"
    assert desk.post("partners_partnerterms_add", text="Be kind.").status_code == 303
    assert PartnerTerms.objects.first().number == 2
    assert "Be kind." in desk.text("partners_partnerterms_change", PartnerTerms.objects.first().pk)


def test_who_has_no_business_here_gets_nothing():
    case = GrantCase()
    case.agree()
    office = make.programme_office()
    outsiders = [
        make.member(make.agency(), "coordinator"),
        make.member(office, "reviewer"),
        make.member(office, "designator"),
        make.person(is_superuser=True),
    ]
    for person in outsiders:
        desk = Desk(person)
        for page in (GRANTS, PARTNERS, "partners_partnerterms_changelist"):
            assert desk.get(page).status_code in (403, 404)
        assert desk.get(GRANT, case.grant.pk).status_code in (403, 404)
        assert desk.post("partners_grant_revoke", case.grant.pk, reason_code="other").status_code in (
            403,
            404,
        )
    for person in (case.contributor, case.partner.admin):
        assert Desk(person).get(GRANT, case.grant.pk).status_code == 404
    conflicted = make.coordinator()
    case_actions.declare_conflict(actor=conflicted, user=conflicted, organisation=case.lab, at=NOW)
    desk = Desk(conflicted)
    assert desk.get(GRANT, case.grant.pk).status_code == 404
    assert case.submission.case_number not in desk.text(GRANTS)
    auditor = Desk(make.member(office, "auditor"))
    assert case.submission.case_number in auditor.text(GRANTS)
    assert auditor.get("partners_grant_revoke", case.grant.pk).status_code == 409
    assert auditor.post("partners_grant_revoke", case.grant.pk, reason_code="other").status_code == 403
    assert case.grant_again().stored_state == "agreed"


def test_looks_are_recorded_and_nothing_the_lab_wrote_is_left_after_withdrawal():
    case = GrantCase()
    grant = case.propose()
    desk = Desk(case.coordinator)
    assert PURPOSE in desk.text(GRANT, grant.pk)
    desk.get(GRANTS)
    looks = Event.objects.filter(kind="look", actor=case.coordinator, case_id=case.submission.pk)
    assert set(looks.values_list("verb", flat=True)) == {"viewed_grant", "listed_grants"}
    case_actions.withdraw(actor=case.contributor, submission=case.submission, at=NOW)
    assert PURPOSE not in desk.text(GRANT, grant.pk)


def test_the_case_page_and_the_home_page_say_what_waits():
    case = GrantCase()
    case.propose()
    desk = Desk(case.coordinator)
    page = desk.text("submissions_submission_change", case.submission.pk)
    assert case.partner.organisation.name in page
    home = desk.text("index")
    assert "Partners to concur with" in home


def test_lists_cost_the_same_for_one_and_for_thirty():
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    office = make.coordinator()
    counts = {}
    first = GrantCase()
    first.propose()
    for number in (1, 30):
        if number == 30:
            for _ in range(29):
                case = GrantCase()
                case.propose()
        for page in (GRANTS, PARTNERS):
            desk = Desk(office)
            desk.get(page)
            with CaptureQueriesContext(connection) as captured:
                assert desk.get(page).status_code == 200
            statements = [q["sql"] for q in captured if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]
            counts[page, number] = len(statements)
    assert counts == {(GRANTS, 1): 7, (GRANTS, 30): 7, (PARTNERS, 1): 5, (PARTNERS, 30): 5}


@pytest.mark.parametrize("role", ["coordinator", "auditor"])
def test_on_the_workbench_nobody_meets_a_grant_on_a_case_of_their_own_lab(role):
    """Its history names who concurred; the lab reads of it on its own pages."""
    case, other = GrantCase(), GrantCase()
    case.offer()
    other.offer()
    both = make.member(make.programme_office(), role)
    Membership.objects.create(user=both, organisation=case.lab, role="viewer", since=NOW - DAY)
    desk = Desk(both)
    for page in ("partners_grant_change", "partners_grant_history"):
        assert desk.get(page, case.grant.pk).status_code == 404
        assert desk.get(page, other.grant.pk).status_code == 200
    assert list(desk.get("partners_grant_changelist").context["cl"].result_list) == [other.grant]
