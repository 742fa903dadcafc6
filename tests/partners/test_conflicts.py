"""A partner is not the lab, nor a reviewer's employer; by person and by organisation (invariant 8)."""

import pytest

from partners import actions
from partners.actions import organisations
from portal.accounts.models import Affiliation, MailDomain, Membership, OtherAddress
from portal.errors import Invalid, NotAllowed, WrongState
from portal.submissions import hooks
from portal.submissions.models import Conflict
from tests import factories as make
from tests.admin.desk import Desk
from tests.factories import DAY, NOW
from tests.factories_partners import PURPOSE, GrantCase, Partner, answered

pytestmark = pytest.mark.django_db


@pytest.fixture
def reviewers(monkeypatch) -> list:
    """Who reviews the case, as the agency's side would answer."""
    ids: list = []
    monkeypatch.setattr(hooks, "REVIEWERS_OF", [lambda submission: set(ids)])
    return ids


def refused(case: GrantCase, **options) -> bool:
    """Whether proposing is refused for a conflict; what stands behind it is not said, as it may be who reviews the case."""
    found = None
    try:
        case.propose(**options)
    except Invalid as error:
        found = (error.field, error.code, error.message)
    assert found in (None, ("partner", "conflict", "This organisation cannot be a partner on this case."))
    return found is not None


def test_an_organisation_without_conflicts_can_be_proposed(reviewers):
    reviewers.append(make.member(make.agency(), "reviewer").pk)
    assert not refused(GrantCase())


def test_the_lab_under_another_kind_is_refused():
    case = GrantCase()
    case.partner = Partner(by=case.coordinator, name=case.lab.name.upper())
    assert refused(case)


def test_a_person_at_both_lab_and_partner_is_refused():
    case = GrantCase()
    Membership.objects.create(user=case.viewer, organisation=case.partner.organisation, role="member")
    assert refused(case)
    assert refused(case, by=case.coordinator)


def test_a_former_employer_counts():
    case = GrantCase()
    Affiliation.objects.create(user=case.partner.member, organisation=case.lab)
    assert refused(case)


def test_a_lab_person_who_worked_at_the_partner_counts():
    case = GrantCase()
    Affiliation.objects.create(user=case.viewer, organisation=case.partner.organisation)
    assert refused(case)


def test_a_reviewers_employer_is_refused(reviewers):
    case = GrantCase()
    reviewer = make.member(make.agency(), "reviewer")
    reviewers.append(reviewer.pk)
    assert not refused(case)
    actions.decline(actor=case.coordinator, grant=case.grant, reason_code="other", at=NOW)
    Affiliation.objects.create(user=reviewer, organisation=case.partner.organisation)
    assert refused(case)


def test_a_conflict_that_came_up_since_stops_the_agreement(reviewers):
    case = GrantCase()
    case.offer()
    reviewers.append(case.partner.member.pk)
    with pytest.raises(WrongState) as conflict:
        actions.accept(actor=case.partner.admin, grant=case.grant, at=NOW)
    assert conflict.value.code == "conflict"
    assert case.grant_again().accepted_at is None


def test_only_the_partners_own_people_without_conflicts_are_named():
    case = GrantCase()
    case.agree()
    stranger = make.person()
    elsewhere = Partner(by=case.coordinator).member
    left = make.member(case.partner.organisation, "member")
    Membership.objects.filter(user=left).update(ended_at=NOW)
    from_lab = make.member(case.partner.organisation, "member")
    Affiliation.objects.create(user=from_lab, organisation=case.lab)
    for person in (stranger, elsewhere, left, from_lab, case.contributor):
        with pytest.raises(Invalid):
            actions.name_user(actor=case.partner.admin, grant=case.grant, user=person, at=NOW + DAY)
    assert case.grant.named.count() == 1


def test_the_other_side_is_told_whose_employers_may_not_review():
    case = GrantCase()
    assert hooks.gather(hooks.PARTNERS_OF, case.submission) == set()
    case.propose()
    assert hooks.gather(hooks.PARTNERS_OF, case.submission) == {case.partner.organisation.pk}
    actions.decline(actor=case.contributor, grant=case.grant, reason_code="other", at=NOW)
    assert hooks.gather(hooks.PARTNERS_OF, case.submission) == set()


@pytest.mark.parametrize("how", ["works there", "worked there", "address", "declared"])
def test_who_has_a_tie_to_an_organisation_leaves_its_vetting_to_another(how):
    partner, other = Partner(eligible=False), Partner(eligible=False)
    tied, free = make.coordinator(), make.coordinator()
    if how == "address":
        MailDomain.objects.create(organisation=partner.organisation, domain="dams.example", recorded_by=free)
        OtherAddress.objects.create(user=tied, email="me@dams.example", recorded_by=tied)
    elif how == "declared":
        Conflict.objects.create(
            user=tied, organisation=partner.organisation, note="A cousin.", declared_by=tied
        )
    else:
        until = NOW.date() - 400 * DAY if how == "worked there" else None
        Affiliation.objects.create(user=tied, organisation=partner.organisation, until=until)
    with pytest.raises(NotAllowed):
        organisations.begin_vetting(actor=tied, profile=partner.profile, at=NOW)
    organisations.begin_vetting(actor=free, profile=partner.profile, at=NOW)
    for call in (
        lambda: answered(tied, partner.again()),
        lambda: organisations.find_eligible(actor=tied, profile=partner.again(), at=NOW),
        lambda: organisations.not_select(
            actor=tied, profile=partner.again(), reason_code="other", reason="No.", at=NOW
        ),
    ):
        with pytest.raises(NotAllowed):
            call()
    assert partner.again().stored_state == "vetting"
    page = Desk(tied).text("partners_partnerprofile_change", partner.organisation.pk)
    assert "Another coordinator vets it." in page
    assert "Another coordinator" not in Desk(free).text(
        "partners_partnerprofile_change", partner.organisation.pk
    )
    row = organisations.find_eligible(actor=free, profile=answered(free, partner.again()), at=NOW)
    case = GrantCase()
    grant = case.propose(partner=row.organisation)
    with pytest.raises(NotAllowed):
        actions.concur(actor=tied, grant=grant, at=NOW)
    assert actions.concur(actor=free, grant=grant, at=NOW).concurred_by == free
    with pytest.raises(NotAllowed):
        actions.propose_grant(
            actor=tied, submission=GrantCase().submission, partner=row.organisation, purpose=PURPOSE, at=NOW
        )
    agreed = actions.accept(actor=partner.admin, grant=grant, at=NOW)
    later = agreed.expires_at + DAY
    with pytest.raises(NotAllowed):
        actions.extend(actor=tied, grant=agreed, expires_at=later, at=NOW)
    assert actions.extend(actor=free, grant=agreed, expires_at=later, at=NOW).extensions.count() == 1
    # Of any other organisation it is theirs.
    organisations.begin_vetting(actor=tied, profile=other.profile, at=NOW)
