"""Partner organisations: application, vetting, standing, and what their loss of it does to grants."""

from datetime import date

import pytest

from partners import countries
from partners.actions import organisations
from partners.models import Grant, PartnerProfile, Sector
from portal.deadlines.models import Message
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, Stale, WrongState
from tests import factories as make
from tests.factories import DAY, NOW
from tests.factories_partners import NOMINATION, PROFILE, GrantCase, Partner, answered

pytestmark = pytest.mark.django_db


def test_the_reference_lists_are_complete():
    assert len(Sector.values) == 16
    assert len(countries.names()) == 249
    assert countries.names()["DE"] == "Germany"


def test_the_way_of_an_application():
    office = make.coordinator()
    partner = Partner(by=office, eligible=False)
    profile = partner.profile
    assert profile.state_at(NOW) == "applied"
    profile = organisations.begin_vetting(actor=office, profile=profile, at=NOW)
    assert profile.state_at(NOW) == "vetting"
    with pytest.raises(Missing):
        organisations.not_select(actor=office, profile=profile, at=NOW)
    day = date(2026, 12, 1)
    profile = organisations.not_select(
        actor=office, profile=profile, reason_code="capacity", reapply_on=day, at=NOW
    )
    assert (profile.state_at(NOW), profile.reason_code, profile.reapply_on) == (
        "not_selected",
        "capacity",
        day,
    )
    with pytest.raises(WrongState):
        organisations.apply(actor=partner.admin, organisation=partner.organisation, at=NOW + DAY, **PROFILE)
    later = NOW + 90 * DAY
    profile = organisations.apply(actor=partner.admin, organisation=partner.organisation, at=later, **PROFILE)
    assert profile.state_at(later) == "applied"
    kinds = Message.objects.filter(recipient=partner.admin).order_by("created_at", "kind")
    assert [message.kind for message in kinds] == ["partner_not_selected", "partner_vetting"]


def test_eligibility_lapses_by_the_clock_and_is_given_again():
    office = make.coordinator()
    profile = Partner(by=office).profile
    due = profile.revet_due_at
    assert due == NOW + 365 * DAY
    assert [str(profile.state_at(at)) for at in (NOW, due - DAY, due)] == ["eligible", "eligible", "lapsed"]
    for at in (NOW, due):
        state = profile.state_at(at)
        assert list(PartnerProfile.objects.in_state(state, at=at)) == [profile]
        others = set(dict(PartnerProfile._meta.get_field("stored_state").choices)) - {state}
        assert not PartnerProfile.objects.in_state(*others, at=at).exists()
    with pytest.raises(WrongState):
        organisations.suspend(actor=office, profile=profile, reason="late", at=due)
    organisations.begin_vetting(actor=office, profile=profile, at=due)
    answered(office, profile, at=due)
    profile = organisations.find_eligible(actor=office, profile=profile, at=due + DAY)
    assert profile.state_at(due + DAY) == "eligible"


def test_only_a_programme_coordinator_vets():
    partner = Partner(eligible=False)
    others = [
        partner.admin,
        make.member(make.agency(), "coordinator"),
        make.member(make.programme_office(), "auditor"),
        make.member(make.lab(), "admin"),
        make.person(is_superuser=True),
    ]
    for person in others:
        with pytest.raises(NotAllowed):
            organisations.begin_vetting(actor=person, profile=partner.profile, at=NOW)
    with pytest.raises(NotAllowed):
        organisations.apply(actor=partner.member, organisation=partner.organisation, at=NOW, **PROFILE)
    with pytest.raises(AlreadyDone):
        organisations.apply(actor=partner.admin, organisation=partner.organisation, at=NOW, **PROFILE)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"sectors": []}, "sectors"),
        ({"sectors": ["marzipan"]}, "sectors"),
        ({"country": "XX"}, "country"),
        ({"country": ""}, "country"),
        ({"operates": "  "}, "operates"),
    ],
)
def test_the_application_is_checked(values, field):
    organisation = make.partner_organisation()
    admin = make.member(organisation, "admin")
    with pytest.raises(Invalid) as refused:
        organisations.apply(actor=admin, organisation=organisation, at=NOW, **PROFILE | values)
    assert refused.value.field == field
    assert not PartnerProfile.objects.exists()


def test_a_nomination():
    office = make.coordinator()
    organisation = make.partner_organisation()
    admin = make.member(organisation, "admin")
    profile = organisations.nominate(actor=office, organisation=organisation, at=NOW, **NOMINATION)
    assert profile.state_at(NOW) == "nominated"
    assert list(Message.objects.values_list("recipient_id", "kind")) == [(admin.pk, "partner_nominated")]
    with pytest.raises(AlreadyDone):
        organisations.nominate(actor=office, organisation=organisation, at=NOW, **NOMINATION)
    with pytest.raises(Invalid):
        organisations.nominate(actor=office, organisation=make.lab(), at=NOW, **NOMINATION)


def test_a_changed_profile_keeps_its_standing_and_a_stale_form_is_refused():
    office = make.coordinator()
    partner = Partner(by=office)
    revision = partner.profile.revision
    values = PROFILE | {"country": "ca", "sectors": ["water", "dams"]}
    profile = organisations.update_profile(
        actor=partner.admin, profile=partner.profile, expected_revision=revision, at=NOW, **values
    )
    assert (profile.country, profile.sectors, profile.state_at(NOW)) == ("CA", ["dams", "water"], "eligible")
    with pytest.raises(Stale):
        organisations.update_profile(
            actor=partner.admin, profile=profile, expected_revision=revision, at=NOW, **PROFILE
        )


def test_removal_ends_every_grant_in_the_same_transaction():
    case = GrantCase()
    agreed = case.agree()
    second = GrantCase()
    second.partner = case.partner
    proposed = second.propose()
    with pytest.raises(Missing):
        organisations.remove(actor=case.coordinator, profile=case.partner.profile, at=NOW + DAY)
    profile = organisations.remove(
        actor=case.coordinator, profile=case.partner.profile, reason="Sold.", at=NOW + DAY
    )
    assert profile.state_at(NOW + DAY) == "removed"
    rows = {grant.pk: (grant.stored_state, grant.end_side) for grant in Grant.objects.all()}
    assert rows == {agreed.pk: ("revoked", "government"), proposed.pk: ("declined", "government")}
    assert case.again().first_grant_starts_at is None
    told = Message.objects.filter(kind="grant_revoked").values_list("recipient_id", flat=True)
    partner = {case.partner.admin.pk, case.partner.member.pk}
    assert set(told) == {case.contributor.pk, second.coordinator.pk} | partner
