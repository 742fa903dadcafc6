"""What each person sees of a grant and of its case, from when to when (invariants 7, 8, 9 and 15)."""

import pytest

from partners import actions
from partners.actions import organisations
from partners.models import Grant, PartnerProfile
from portal.accounts.models import Membership
from portal.deadlines.models import Deadline
from portal.deadlines.registry import government_kinds
from portal.errors import NotAllowed
from portal.ledger.models import Event
from portal.submissions import actions as case_actions
from portal.submissions import files
from portal.submissions.models import Audience, Document, Submission
from portal.submissions.next_steps import next_steps
from portal.submissions.querysets import live
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.factories import DAY, NOW
from tests.factories_partners import GRANT_INSTRUCTIONS, GrantCase, Partner

pytestmark = pytest.mark.django_db
START = NOW + 20 * DAY
ACTIVE = START + DAY
NOTHING = {"grant": False, "scopes": set(), "documents": [], "instructions": None, "case": False}


def fresh(user):
    """The person as another request would load them."""
    return type(user).objects.get(pk=user.pk)


def sees(case: GrantCase, user, at) -> dict:
    """Everything a person can reach at an instant."""
    user = fresh(user)
    rows = Audience.objects.filter(live(at), user=user, submission=case.submission)
    try:
        instructions = actions.reveal_grant_instructions(actor=user, grant=case.grant, at=at)
    except NotAllowed:
        instructions = None
    return {
        "grant": Grant.objects.visible_to(user, at=at).filter(pk=case.grant.pk).exists(),
        "scopes": set(rows.values_list("scope", flat=True)),
        "documents": list(Document.objects.visible_to(user, at=at)),
        "instructions": instructions,
        "case": Submission.objects.visible_to(user, at=at).filter(pk=case.submission.pk).exists(),
    }


def offered(case: GrantCase) -> dict:
    return NOTHING | {"grant": True, "scopes": {"offer", "model"}}


def everything(case: GrantCase) -> dict:
    return {
        "grant": True,
        "scopes": {"offer", "model", "documents", "instructions"},
        "documents": [case.document],
        "instructions": GRANT_INSTRUCTIONS,
        "case": False,
    }


def test_the_partner_learns_of_nothing_before_both_consents():
    case = GrantCase()
    case.propose(at=NOW)
    for person in (case.partner.admin, case.partner.member):
        assert sees(case, person, NOW + DAY) == NOTHING
    actions.concur(actor=case.coordinator, grant=case.grant, at=NOW + DAY)
    assert sees(case, case.partner.admin, NOW + DAY / 2) == NOTHING
    assert sees(case, case.partner.admin, NOW + DAY) == offered(case)
    assert sees(case, case.partner.member, NOW + DAY) == NOTHING


def test_a_proposal_that_was_declined_before_both_consents_is_never_known():
    case = GrantCase()
    case.propose()
    actions.decline(actor=case.coordinator, grant=case.grant, reason_code="other", at=NOW + DAY)
    assert sees(case, case.partner.admin, NOW + 2 * DAY) == NOTHING


def test_named_persons_reach_the_model_from_the_start_to_the_expiry():
    case = GrantCase()
    case.agree()
    end = case.grant.expires_at
    instants = [NOW, START - DAY / 2, START, ACTIVE, end - DAY / 2, end, end + DAY]
    bare = NOTHING | {"grant": True}
    assert [sees(case, case.partner.member, at) for at in instants] == [
        offered(case),
        offered(case),
        everything(case),
        everything(case),
        everything(case),
        bare,
        bare,
    ]
    # The administrator was not named: the offer is theirs, the model is not.
    assert [sees(case, case.partner.admin, at) for at in (NOW, ACTIVE, end)] == [
        offered(case),
        offered(case),
        bare,
    ]


def test_others_of_the_partner_and_other_partners_see_nothing_ever():
    case = GrantCase()
    case.agree()
    other = Partner(by=case.coordinator)
    unnamed = make.member(case.partner.organisation, "member")
    for at in (NOW, ACTIVE, case.grant.expires_at):
        for person in (other.admin, other.member, unnamed, make.member(make.lab(), "admin")):
            assert sees(case, person, at) == NOTHING


@pytest.mark.parametrize("ending", ["revoke", "surrender", "suspend", "withdraw", "release"])
def test_nothing_is_left_after_any_end(ending):
    case = GrantCase()
    case.agree()
    if ending == "revoke":
        actions.revoke(actor=case.coordinator, grant=case.grant, reason_code="other", at=ACTIVE)
    elif ending == "surrender":
        actions.surrender(actor=case.partner.admin, grant=case.grant, at=ACTIVE)
    elif ending == "suspend":
        actions.suspend(actor=case.contributor, grant=case.grant, at=ACTIVE)
    else:
        getattr(case_actions, ending)(actor=case.contributor, submission=case.submission, at=ACTIVE)
    expected = offered(case) if ending == "suspend" else NOTHING | {"grant": True}
    for person in (case.partner.member, case.partner.admin):
        assert sees(case, person, ACTIVE) == expected
    if ending == "suspend":
        actions.resume(actor=case.contributor, grant=case.grant, at=ACTIVE + DAY)
        assert sees(case, case.partner.member, ACTIVE + DAY) == everything(case)


def test_a_person_no_longer_named_or_no_longer_a_member_is_out_at_once():
    case = GrantCase()
    case.agree()
    second = make.member(case.partner.organisation, "member")
    actions.name_user(actor=case.partner.admin, grant=case.grant, user=second, at=ACTIVE)
    assert sees(case, second, ACTIVE) == everything(case)
    actions.unname_user(actor=case.partner.admin, grant=case.grant, user=second, at=ACTIVE + DAY)
    assert sees(case, second, ACTIVE + DAY) == NOTHING
    Membership.objects.filter(user=case.partner.member).update(ended_at=ACTIVE)
    assert sees(case, case.partner.member, ACTIVE) == NOTHING


def test_access_stops_while_the_partner_is_not_eligible():
    case = GrantCase()
    case.agree()
    organisations.suspend(actor=case.coordinator, profile=case.partner.profile, reason="An audit.", at=ACTIVE)
    assert sees(case, case.partner.member, ACTIVE) == offered(case) | {"scopes": {"offer"}}
    organisations.reinstate(actor=case.coordinator, profile=case.partner.profile, at=ACTIVE + DAY)
    assert sees(case, case.partner.member, ACTIVE + DAY) == everything(case)
    PartnerProfile.objects.update(revet_due_at=ACTIVE + 2 * DAY)
    assert sees(case, case.partner.member, ACTIVE + 2 * DAY) == offered(case) | {"scopes": {"offer"}}


def test_documents_come_and_go_with_the_scope():
    case = GrantCase()
    case.agree()
    actions.set_documents(
        actor=case.contributor, grant=case.grant, documents=[case.other_document], at=ACTIVE
    )
    assert sees(case, case.partner.member, ACTIVE)["documents"] == [case.other_document]
    actions.set_documents(actor=case.contributor, grant=case.grant, documents=[], at=ACTIVE + DAY)
    assert sees(case, case.partner.member, ACTIVE + DAY)["documents"] == []


def test_only_the_lab_sets_the_scope_and_only_the_partners_admin_names():
    case = GrantCase()
    case.agree()
    for person in (case.coordinator, case.partner.admin, case.viewer, make.person()):
        with pytest.raises(NotAllowed):
            actions.set_documents(actor=person, grant=case.grant, documents=[], at=NOW)
        with pytest.raises(NotAllowed):
            actions.set_instructions(actor=person, grant=case.grant, instructions="x", at=NOW)
    for person in (case.coordinator, case.contributor, case.partner.member):
        with pytest.raises(NotAllowed):
            actions.name_user(actor=person, grant=case.grant, user=case.partner.admin, at=NOW)


def test_who_sees_the_grant_on_the_other_sides():
    case = GrantCase()
    case.propose()
    office = make.programme_office()
    seated = make.member(office, "reviewer")
    reviewing.active(case, seated)
    seeing = [case.contributor, case.viewer, case.coordinator, make.member(office, "auditor"), seated]
    blind = [
        make.member(office, "designator"),
        make.member(office, "reviewer"),
        make.member(make.agency(), "coordinator"),
        make.member(make.lab(), "admin"),
        make.person(is_superuser=True),
    ]
    conflicted = make.coordinator()
    case_actions.declare_conflict(actor=conflicted, user=conflicted, organisation=case.lab, at=NOW)
    for person in seeing:
        assert list(Grant.objects.visible_to(person, at=NOW)) == [case.grant]
    for person in [*blind, conflicted]:
        assert list(Grant.objects.visible_to(person, at=NOW)) == []


def test_partner_organisations_are_seen_by_themselves_by_overseers_and_the_eligible_by_labs():
    case = GrantCase()
    applied = Partner(by=case.coordinator, eligible=False)
    every = {case.partner.profile, applied.profile}
    seen = {
        "coordinator": PartnerProfile.objects.visible_to(case.coordinator, at=NOW),
        "auditor": PartnerProfile.objects.visible_to(make.member(make.programme_office(), "auditor"), at=NOW),
        "lab": PartnerProfile.objects.visible_to(case.contributor, at=NOW),
        "own": PartnerProfile.objects.visible_to(applied.member, at=NOW),
        "designator": PartnerProfile.objects.visible_to(
            make.member(make.programme_office(), "designator"), at=NOW
        ),
        "stranger": PartnerProfile.objects.visible_to(make.person(), at=NOW),
    }
    assert {who: set(rows) for who, rows in seen.items()} == {
        "coordinator": every,
        "auditor": every,
        "lab": {case.partner.profile},
        "own": {applied.profile},
        "designator": set(),
        "stranger": set(),
    }


def test_a_partner_never_reads_the_governments_instructions():
    case = GrantCase()
    case.agree()
    for at in (NOW, START - DAY, ACTIVE):
        for person in (case.partner.member, case.partner.admin):
            with pytest.raises(NotAllowed):
                case_actions.reveal_instructions(actor=person, submission=case.submission, at=at)
    assert not Event.objects.filter(verb="revealed_instructions").exists()


def test_every_reveal_is_in_the_ledger_without_the_secret():
    case = GrantCase()
    case.agree()
    actions.reveal_grant_instructions(actor=case.partner.member, grant=case.grant, at=ACTIVE)
    event = Event.objects.get(verb="revealed_grant_instructions")
    assert (event.actor_id, event.case_id, event.subject_id, event.capacity, event.kind) == (
        case.partner.member.pk,
        case.submission.pk,
        case.grant.pk,
        "partner",
        "look",
    )
    assert event.data == {"grant": str(case.grant.pk)}
    stored = bytes(Grant.objects.values_list("instructions_sealed", flat=True).get(pk=case.grant.pk))
    assert b"nougat" not in stored


def test_a_running_download_ends_when_the_grant_is_revoked(settings, tmp_path):
    case = GrantCase()
    big = b"%PDF-1.7\n" + b"marzipan" * (2**20) + b"\n%%EOF\n"
    document = case_actions.add_document(
        actor=case.contributor,
        submission=case.submission,
        kind="other",
        title="Big",
        upload=make.ContentFile(big, name="big.pdf"),
        at=NOW,
    )
    case.agree(documents=[document])
    member = case.partner.member
    version = document.versions.get()
    pieces = files.stream(
        case_actions.open_version(actor=member, version=version, at=ACTIVE),
        still_allowed=lambda: Document.objects.visible_to(member, at=ACTIVE).filter(pk=document.pk).exists(),
        recheck_every=2**20,
    )
    got = len(next(pieces))
    actions.revoke(actor=case.contributor, grant=case.grant, reason_code="security", at=ACTIVE)
    got += sum(len(piece) for piece in pieces)
    assert 0 < got <= 2**20 + files.CHUNK < len(big)
    with pytest.raises(NotAllowed):
        case_actions.open_version(actor=member, version=version, at=ACTIVE)
    assert Event.objects.filter(verb="downloaded_document", actor=member).count() == 1


def test_what_comes_next_tells_nobody_of_proposals():
    case = GrantCase()
    before = next_steps(case.again(), at=NOW)
    case.offer()
    assert next_steps(case.again(), at=NOW) == before
    actions.accept(actor=case.partner.admin, grant=case.grant, at=NOW)
    told = [(step.verb, step.due_at) for step in next_steps(case.again(), at=NOW)]
    assert ("start", START) in told
    assert "start" not in [step.verb for step in next_steps(case.again(), at=START)]


def test_a_designator_reads_no_date_of_a_grant_and_its_close_out_is_not_the_governments():
    case = GrantCase()
    case.agree()
    actions.revoke(actor=case.contributor, grant=case.grant, reason_code="terms", at=NOW + 25 * DAY)
    office = make.programme_office()
    of_grant = {
        "grant_starts",
        "grant_starts_partner",
        "grant_expires",
        "grant_expires_partner",
        "grant_close_out",
    }
    seen = {
        role: set(Deadline.objects.visible_to(person).values_list("kind", flat=True)) & of_grant
        for role, person in {
            "designator": make.member(office, "designator"),
            "auditor": make.member(office, "auditor"),
            "coordinator": case.coordinator,
        }.items()
    }
    assert seen == {"designator": set(), "auditor": of_grant, "coordinator": of_grant}
    assert not of_grant & set(government_kinds())


@pytest.mark.parametrize("at_office", [True, False])
def test_a_designator_who_also_sits_elsewhere_reads_the_dates_told_there(at_office):
    """What a designator has no part in is not taken from the seat that has: here the partner's own."""
    case = GrantCase()
    designator = make.member(make.programme_office() if at_office else make.agency(), "designator")
    Membership.objects.create(
        user=designator, organisation=case.partner.organisation, role="admin", since=NOW - DAY
    )
    case.agree()
    actions.revoke(actor=case.contributor, grant=case.grant, reason_code="terms", at=NOW + 25 * DAY)
    own = set(Deadline.objects.visible_to(case.partner.admin).values_list("kind", flat=True))
    seen = set(Deadline.objects.visible_to(fresh(designator)).values_list("kind", flat=True))
    assert "grant_close_out" in own
    assert own <= seen
    assert not {"grant_starts", "grant_expires"} & seen
