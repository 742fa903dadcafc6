"""The three signatures a grant needs, and each side's way to say no (DOMAIN.md: Grant; invariants 7 and 8)."""

from itertools import permutations

import pytest

from partners import actions
from partners.models import Grant
from portal.deadlines.models import Message
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, Stale, WrongState
from portal.ledger.models import Event
from tests import factories as make
from tests.factories import DAY, NOW
from tests.factories_partners import GrantCase

pytestmark = pytest.mark.django_db
SIGN = {"lab": actions.consent, "government": actions.concur, "partner": actions.accept}


def signer(case: GrantCase, side: str):
    return {"lab": case.contributor, "government": case.coordinator, "partner": case.partner.admin}[side]


def unsigned(case: GrantCase) -> Grant:
    """A proposal without a signature, which no action makes, so that every order can be tried."""
    grant = case.propose()
    Grant.objects.filter(pk=grant.pk).update(lab_consented_at=None, lab_consented_by=None)
    return case.grant_again()


@pytest.mark.parametrize("order", list(permutations(["lab", "government", "partner"])))
def test_a_grant_is_agreed_by_the_third_signature_whatever_the_order(order):
    case = GrantCase()
    grant = unsigned(case)
    states = []
    waiting = list(order)
    while waiting:
        side = waiting.pop(0)
        try:
            grant = SIGN[side](actor=signer(case, side), grant=grant, at=NOW)
        except NotAllowed:
            # The partner cannot sign what it does not know of: it waits for the other two.
            assert side == "partner"
            waiting.append(side)
            continue
        states.append(grant.state_at(NOW))
    assert states == ["proposed", "proposed", "agreed"]
    assert grant.agreed_at == NOW
    assert case.again().first_grant_starts_at == grant.starts_at


@pytest.mark.parametrize("proposer", ["lab", "government"])
def test_proposing_is_the_proposers_signature(proposer):
    case = GrantCase()
    grant = case.propose(by=None if proposer == "lab" else case.coordinator)
    signed = (grant.lab_consented_at, grant.concurred_at, grant.accepted_at)
    assert signed == ((NOW, None, None) if proposer == "lab" else (None, NOW, None))
    with pytest.raises(AlreadyDone):
        SIGN[proposer](actor=signer(case, proposer), grant=grant, at=NOW)


@pytest.mark.parametrize("side", ["lab", "government", "partner"])
def test_each_side_declines_alone_with_a_reason(side):
    case = GrantCase()
    grant = case.offer()
    with pytest.raises(Missing) as missing:
        actions.decline(actor=signer(case, side), grant=grant, at=NOW)
    assert missing.value.field == "reason_code"
    with pytest.raises(Invalid):
        actions.decline(actor=signer(case, side), grant=grant, reason_code="case_withdrawn", at=NOW)
    grant = actions.decline(actor=signer(case, side), grant=grant, reason_code="capacity", at=NOW + DAY)
    assert (grant.state_at(NOW + DAY), grant.end_side, grant.reason_code) == ("declined", side, "capacity")
    with pytest.raises(AlreadyDone):
        actions.decline(actor=signer(case, side), grant=grant, reason_code="capacity", at=NOW + DAY)
    for other, sign in SIGN.items():
        with pytest.raises(WrongState):
            sign(actor=signer(case, other), grant=grant, at=NOW + DAY)


def test_nobody_else_signs_or_declines():
    case = GrantCase()
    grant = case.offer()
    strangers = [
        case.viewer,
        case.partner.member,
        make.member(make.lab(), "admin"),
        make.member(make.agency(), "coordinator"),
        make.member(make.programme_office(), "auditor"),
        make.member(make.programme_office(), "designator"),
        make.member(make.partner_organisation(), "admin"),
    ]
    for person in strangers:
        for act in SIGN.values():
            with pytest.raises(NotAllowed):
                act(actor=person, grant=grant, at=NOW)
        with pytest.raises(NotAllowed):
            actions.decline(actor=person, grant=grant, reason_code="other", at=NOW)
    assert case.grant_again().revision == grant.revision


def test_a_late_agreement_starts_at_once_and_keeps_its_expiry():
    case = GrantCase()
    expires = NOW + 60 * DAY
    case.offer(expires_at=expires)
    late = NOW + 25 * DAY
    grant = actions.accept(actor=case.partner.admin, grant=case.grant, at=late)
    assert (grant.starts_at, grant.expires_at, grant.state_at(late)) == (late, expires, "active")
    assert case.again().closes_at == late


def test_an_agreement_after_the_proposed_time_is_refused():
    case = GrantCase()
    case.offer(expires_at=NOW + 30 * DAY)
    with pytest.raises(WrongState):
        actions.accept(actor=case.partner.admin, grant=case.grant, at=NOW + 30 * DAY)
    assert case.grant_again().state_at(NOW + 30 * DAY) == "proposed"


def test_a_stale_page_is_refused_and_says_what_changed():
    case = GrantCase()
    grant = case.propose()
    revision = grant.revision
    actions.set_instructions(actor=case.contributor, grant=grant, instructions="Other key", at=NOW)
    with pytest.raises(Stale) as stale:
        actions.concur(actor=case.coordinator, grant=grant, expected_revision=revision, at=NOW)
    assert [change.split(": ")[1] for change in stale.value.changes] == [
        "Gave the grant's access instructions"
    ]


def test_terms_published_meanwhile_are_read_before_they_are_accepted():
    from partners.actions import organisations

    case = GrantCase()
    grant = case.offer()
    organisations.publish_partner_terms(actor=case.coordinator, text="Be kind.", at=NOW)
    with pytest.raises(Stale):
        actions.accept(actor=case.partner.admin, grant=grant, version=1, at=NOW)
    grant = actions.accept(actor=case.partner.admin, grant=grant, version=2, at=NOW)
    assert (grant.accepted_terms.number, grant.accepted_terms.text) == (2, "Be kind.")


def test_the_proposal_is_checked():
    case = GrantCase()
    for values, field in [
        ({"purpose": " "}, "purpose"),
        ({"expires_at": NOW + 20 * DAY}, "expires_at"),
        ({"starts_at": NOW - 2 * DAY}, "starts_at"),
        ({"access_mode": "telepathy"}, "access_mode"),
        ({"documents": [GrantCase().document]}, "documents"),
        ({"partner": make.partner_organisation()}, "partner"),
        ({"partner": make.lab()}, "partner"),
    ]:
        with pytest.raises(Invalid) as refused:
            case.propose(**values)
        assert refused.value.field == field
    case.propose()
    with pytest.raises(AlreadyDone):
        case.propose()
    assert case.submission.grants.count() == 1


def test_a_proposal_without_a_start_follows_the_planned_partner_release():
    case = GrantCase()
    grant = case.propose(starts_at=None)
    assert (grant.starts_at, grant.expires_at) == (NOW + 40 * DAY, NOW + 130 * DAY)
    assert grant.follows_partner_release


@pytest.mark.parametrize("make_case", [make.draft, make.submitted])
def test_no_proposal_before_acknowledgement(make_case):
    case = make.Case(make_case)
    from tests.factories_partners import PURPOSE, Partner

    for actor in (case.contributor, case.coordinator):
        with pytest.raises((WrongState, NotAllowed)):
            actions.propose_grant(
                actor=actor,
                submission=case.submission,
                partner=Partner().organisation,
                purpose=PURPOSE,
                starts_at=NOW + DAY,
                at=NOW,
            )


def test_a_wave_is_proposed_as_a_whole_or_not_at_all():
    from tests.factories_partners import PURPOSE, Partner

    case = GrantCase()
    good, bad = Partner(), Partner(eligible=False)
    terms = {"purpose": PURPOSE, "starts_at": NOW + 20 * DAY, "at": NOW}
    with pytest.raises(Invalid):
        actions.propose_wave(
            actor=case.contributor,
            submission=case.submission,
            partners=[good.organisation, bad.organisation],
            **terms,
        )
    assert not case.submission.grants.exists()
    made = actions.propose_wave(
        actor=case.contributor,
        submission=case.submission,
        partners=[good.organisation, case.partner.organisation],
        **terms,
    )
    assert {grant.partner_id for grant in made} == {good.organisation.pk, case.partner.organisation.pk}


def test_each_step_is_told_to_those_concerned_once():
    case = GrantCase()
    case.agree()
    told = Message.objects.filter(kind__startswith="grant_").values_list("kind", "recipient_id")
    assert sorted(told) == sorted(
        [
            ("grant_proposed", case.coordinator.pk),
            ("grant_concur", case.contributor.pk),
            ("grant_offered", case.partner.admin.pk),
            ("grant_agreed", case.contributor.pk),
            ("grant_agreed", case.coordinator.pk),
            ("grant_agreed", case.partner.member.pk),
        ]
    )
    secret = ("marzipan", "Kestrel", "nougat", "turbine")
    for message in Message.objects.all():
        text = f"{message.key}{message.link}{message.case_number}"
        assert not any(word in text for word in secret)
    for event in Event.objects.filter(subject_id=case.grant.pk):
        assert not any(word in f"{event.data}{event.reason}" for word in secret)
