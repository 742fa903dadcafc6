"""Telling partners of a finding: whom, when, what they read, until when, and who learns of it."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from partners import actions
from partners.actions import findings
from partners.findings_addressing import addressable
from partners.findings_people import addressed_people
from partners.models import Finding, FindingAddressee, Grant
from partners.policies_findings import open_finding_verbs
from portal.accounts.models import Membership, Role
from portal.deadlines.models import Message
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, WrongState
from portal.ledger.models import Event
from portal.submissions.models import Conflict
from tests import factories as make
from tests.factories import DAY, NOW
from tests.factories_findings import CHAIN, Reported
from tests.factories_partners import GrantCase, Partner

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def seen(person, at=NOW) -> set:
    return set(Finding.objects.visible_to(person, at=at).values_list("pk", flat=True))


def with_consent(**values) -> Reported:
    """A finding that may be passed on, whose owner consented to its publication."""
    case = Reported(until="notify_owner", **{"tlp": "TLP:AMBER"} | values)
    case.step("consent_publication", "owner")
    return case


def told(case: Reported, *partners, at=NOW) -> Finding:
    return case.step("address", "coordinator", at=at, partners=[partner.organisation for partner in partners])


def messages(kind: str) -> set:
    return set(Message.objects.filter(kind=kind).values_list("recipient_id", "link"))


# --- Whom, and when ------------------------------------------------------------------------------------------------


def test_who_was_told_reads_it_and_nobody_else_of_the_partners():
    case, harbor, rail = with_consent(), Partner(), Partner()
    people = [harbor.admin, harbor.member, rail.admin, case.member]
    assert [seen(person) for person in people] == [set(), set(), set(), {case.finding.pk}]
    told(case, harbor)
    assert [seen(person) for person in people] == [
        {case.finding.pk},
        {case.finding.pk},
        set(),
        {case.finding.pk},
    ]
    link = f"/partner/findings/{case.finding.pk}/"
    assert messages("finding_addressed") == {(harbor.admin.pk, link), (harbor.member.pk, link)}
    # Owner and reporter learn that partners were told, and not which.
    heard = {person for person, _ in messages("finding_address")}
    assert heard & {person.pk for person in [*people, case.owner]} == {case.owner.pk, case.member.pk}
    event = Event.objects.get(verb="address")
    assert (event.subject_id, event.case_id, event.data["addressed"]) == (
        case.finding.pk, None, [str(harbor.organisation.pk)],
    )  # fmt: skip
    readers = [case.owner, case.member, harbor.admin, rail.admin]
    assert [Event.objects.visible_to(person).filter(verb="address").count() for person in readers] == [
        0,
        0,
        0,
        0,
    ]


def test_telling_many_costs_the_statements_of_telling_one():
    # All first: each brings a coordinator, whose dates are set. The first round reads what is kept afterwards.
    cases, found = [with_consent() for _ in range(3)], []
    findings.follow_staff(at=NOW)
    for case, number in zip(cases, (1, 1, 6), strict=True):
        partners = [Partner(by=case.coordinator) for _ in range(number)]
        with CaptureQueriesContext(connection) as captured:
            told(case, *partners)
        found.append(len(captured.captured_queries))
        assert Message.objects.filter(kind="finding_addressed").count() == 2 * number
        Message.objects.all().delete()
    assert found[1] == found[2]


def of_a_vendor(**values) -> Reported:
    case = Reported(until="validate", **values)
    case.step("notify_owner", "coordinator", vendor_contact="psirt@vendor.example")
    return case


def test_of_a_labs_finding_without_a_case_the_lab_says_who_is_told():
    """That there is such a model may be known to nobody: no date says otherwise."""
    case, harbor = Reported(until="notify_owner", tlp="TLP:GREEN"), Partner()
    late = case.again().embargo_until
    with pytest.raises(WrongState) as refused:
        told(case, harbor, at=late)
    assert refused.value.code == "under_embargo"
    case.step("consent_publication", "owner")
    told(case, harbor)
    assert seen(harbor.admin) == {case.finding.pk}


def test_the_owner_consents_first_or_the_embargo_has_passed():
    case, harbor = of_a_vendor(tlp="TLP:GREEN"), Partner()
    with pytest.raises(WrongState) as refused:
        told(case, harbor)
    assert (refused.value.code, FindingAddressee.objects.count()) == ("under_embargo", 0)
    late = case.again().embargo_until
    with pytest.raises(WrongState):
        told(case, harbor, at=late - timedelta(seconds=1))
    told(case, harbor, at=late)
    assert (seen(harbor.admin), seen(harbor.admin, at=late)) == (set(), {case.finding.pk})


@pytest.mark.parametrize("tlp", ["TLP:RED", "TLP:AMBER+STRICT"])
def test_a_marking_that_keeps_it_is_the_reporters_to_change(tlp):
    case, harbor = of_a_vendor(tlp=tlp), Partner()
    case.step("consent_publication", "coordinator")
    with pytest.raises(WrongState) as refused:
        told(case, harbor)
    assert refused.value.code == "marked"
    # Neither whose model it is not, nor who acts in the vendor's place.
    for person in ("owner", "coordinator", "liaison"):
        with pytest.raises(NotAllowed):
            case.step("set_marking", person, tlp="TLP:GREEN")
    assert "set_marking" not in open_finding_verbs(case.coordinator, case.again())
    with pytest.raises(Invalid):
        case.step("set_marking", "member", tlp="TLP:BLUE")
    with pytest.raises(Missing):
        case.step("set_marking", "member")
    case.step("set_marking", "member", tlp="TLP:GREEN")
    with pytest.raises(AlreadyDone):
        case.step("set_marking", "member", tlp="TLP:GREEN")
    assert Event.objects.get(verb="set_marking").data["tlp"] == {"old": tlp, "new": "TLP:GREEN"}
    told(case, harbor)
    assert seen(harbor.member) == {case.finding.pk}


def test_of_a_labs_model_the_lab_alone_lowers_the_marking():
    """Invariant 13: its reporters raise it, before the notice too; the lab lowers it once it was notified."""
    case = Reported(until="triage", tlp="TLP:AMBER", submission=GrantCase().submission)
    with pytest.raises(WrongState):
        case.step("set_marking", "member", tlp="TLP:GREEN")
    case.step("set_marking", "member", tlp="TLP:RED")
    case.step("validate", "coordinator")
    case.step("notify_owner", "coordinator")
    case.step("set_marking", "owner", tlp="TLP:GREEN")
    with pytest.raises(WrongState):
        case.step("set_marking", "member", tlp="TLP:CLEAR")
    changes = Event.objects.filter(verb="set_marking").order_by("seq").values_list("capacity", "data__tlp")
    assert list(changes) == [
        ("reporter", {"old": "TLP:AMBER", "new": "TLP:RED"}),
        ("owner", {"old": "TLP:RED", "new": "TLP:GREEN"}),
    ]


def test_only_eligible_others_and_all_of_them_or_none():
    case, harbor = with_consent(), Partner()
    unvetted, reporter = make.partner_organisation(), case.partner
    for other in (unvetted, reporter, case.lab):
        with pytest.raises(Invalid):
            case.step("address", "coordinator", partners=[harbor.organisation, other])
    with pytest.raises(Missing):
        case.step("address", "coordinator", partners=[])
    assert FindingAddressee.objects.count() == 0
    told(case, harbor)
    with pytest.raises(AlreadyDone):
        told(case, harbor)
    rail = Partner()
    told(case, harbor, rail)
    assert set(FindingAddressee.objects.values_list("partner_id", flat=True)) == {
        harbor.organisation.pk, rail.organisation.pk,
    }  # fmt: skip
    assert Message.objects.filter(kind="finding_addressed", recipient=harbor.admin).count() == 1


def test_it_is_the_coordinators_step_from_the_notice_until_it_is_over():
    case, harbor = Reported(until="validate", tlp="TLP:CLEAR"), Partner()
    with pytest.raises(WrongState):
        told(case, harbor)
    case.step("notify_owner", "coordinator", owner=case.lab)
    case.step("consent_publication", "owner")
    for person in ("owner", "member", "liaison"):
        with pytest.raises(NotAllowed):
            case.step("address", person, partners=[harbor.organisation])
    case.step("publish", "coordinator")
    with pytest.raises(WrongState):
        told(case, harbor)


# --- Until when ----------------------------------------------------------------------------------------------------


def test_what_ends_a_partners_standing_ends_its_reading():
    case, harbor = with_consent(), Partner()
    told(case, harbor)
    profile = harbor.organisation.partner_profile
    due = profile.revet_due_at
    assert (seen(harbor.admin, at=due - timedelta(seconds=1)), seen(harbor.admin, at=due)) == (
        {case.finding.pk}, set(),
    )  # fmt: skip
    type(profile).objects.filter(pk=profile.pk).update(stored_state="suspended")
    assert seen(harbor.admin) == set()


def test_of_a_labs_model_only_who_has_active_access_to_it_is_told():
    """Invariant 7: that a case exists is learned by nobody without a grant that is active now."""
    granted = GrantCase()
    grant = granted.agree()
    at = grant.starts_at + timedelta(hours=1)
    harbor, stranger = granted.partner, Partner()
    case = Reported(submission=granted.submission, until="notify_owner", tlp="TLP:AMBER", at=at)
    case.step("consent_publication", "owner", at=at)
    assert set(addressable(case.finding, at=at).values_list("pk", flat=True)) == {harbor.organisation.pk}
    with pytest.raises(Invalid):
        told(case, stranger, at=at)
    told(case, harbor, at=at)
    assert seen(harbor.member, at=at) == {case.finding.pk}
    assert (seen(harbor.admin, at=at), seen(stranger.admin, at=at)) == (set(), set())
    # Who was not named for the grant is not told either.
    assert messages("finding_addressed") == {(harbor.member.pk, f"/partner/findings/{case.finding.pk}/")}
    end = Finding.objects.visible_to(harbor.member, at=grant.expires_at)
    assert end.count() == 0


def test_a_person_of_two_partners_reads_it_for_the_one_that_was_told():
    """Its access is what opens it: another partner's, that was told nothing, opens nothing for it."""
    granted = GrantCase()
    second = Partner(by=granted.coordinator)
    grant = granted.agree()
    other = granted.propose(partner=second.organisation)
    actions.concur(actor=granted.coordinator, grant=other, at=NOW)
    Membership.objects.create(
        user=granted.partner.member, organisation=second.organisation, role=Role.MEMBER, since=NOW - DAY
    )
    actions.accept(actor=second.admin, grant=other, users=[granted.partner.member], at=NOW)
    at = grant.starts_at + timedelta(hours=1)
    case = Reported(submission=granted.submission, until="notify_owner", tlp="TLP:AMBER", at=at)
    case.step("consent_publication", "owner", at=at)
    told(case, granted.partner, at=at)
    both = granted.partner.member
    assert seen(both, at=at) == {case.finding.pk}
    actions.revoke(actor=granted.contributor, grant=grant, reason_code="terms", at=at)
    assert Grant.objects.open_to(both, "instructions", at=at).count() == 1
    assert seen(both, at=at) == set()
    assert addressed_people(case.finding, at) == []


def test_the_database_keeps_time_and_rows():
    case, harbor = of_a_vendor(tlp="TLP:CLEAR"), Partner()

    def row(partner, at=NOW):
        return FindingAddressee(
            finding=case.finding, partner=partner, addressed_at=at, addressed_by=case.coordinator
        )

    early = case.finding.embargo_until - timedelta(seconds=1)
    for bad in (
        row(harbor.organisation),
        row(harbor.organisation, at=early),
        row(case.partner, at=early + DAY),
    ):
        with pytest.raises(IntegrityError, match="owner's consent"), transaction.atomic():
            bad.save()
    kept = row(harbor.organisation, at=case.finding.embargo_until)
    kept.save()
    for statement in (
        "DELETE FROM partners_findingaddressee",
        "UPDATE partners_findingaddressee SET addressed_at = now()",
    ):
        with pytest.raises(Exception, match="Cannot"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


# --- What they read ------------------------------------------------------------------------------------------------


def signed_in(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_a_partner_that_was_told_reads_neither_who_reported_nor_who_else_was_told():
    case, harbor, rail = with_consent(), Partner(), Partner()
    told(case, harbor, rail)
    secrets = [case.partner.name, rail.organisation.name, CHAIN.strip().split("\n")[0], "A. Nougat"]
    pages = [
        "/partner/findings/",
        f"/partner/findings/{case.finding.pk}/",
        f"/partner/findings/{case.finding.pk}/file/csaf/",
        f"/partner/findings/{case.finding.pk}/file/osv/",
        f"/api/v1/findings/{case.finding.pk}/",
        "/api/v1/findings/",
    ]
    client = signed_in(harbor.member)
    for page in pages:
        answer = client.get(page)
        content = answer.content.decode()
        assert (page, answer.status_code, [word for word in secrets if word in content]) == (page, 200, [])
        assert "Nougat overflows" in content
    found = client.get(f"/api/v1/findings/{case.finding.pk}/").json()
    hidden = (
        "reporter",
        "reporter_name",
        "reporter_kind",
        "reporter_chain",
        "vendor_contact",
        "submission",
        "grant",
        "addressees",
    )
    assert [found[name] for name in hidden] == [None] * len(hidden)
    assert found["verbs"] == []
    looks = Event.objects.filter(actor=harbor.member, verb="viewed_finding")
    assert set(looks.values_list("subject_id", "capacity")) == {(case.finding.pk, "partner")}


def test_who_was_told_takes_no_step_and_is_told_of_what_follows():
    case, harbor = with_consent(), Partner()
    told(case, harbor)
    client = signed_in(harbor.admin)
    for verb in ("report", "publish", "set_marking", "consent_publication", "extend_disclosure"):
        assert client.post(f"/partner/findings/{case.finding.pk}/take/{verb}/").status_code == 403
    assert client.get(f"/partner/findings/{case.finding.pk}/edit/").status_code == 403
    case.step("mark_exploited", "coordinator")
    case.step("publish", "coordinator")
    link = f"/partner/findings/{case.finding.pk}/"
    for kind in ("finding_exploited", "finding_publish"):
        assert {(harbor.admin.pk, link), (harbor.member.pk, link)} <= messages(kind)
    assert seen(harbor.member) == {case.finding.pk}


def test_the_workbench_and_the_api_tell_the_government_who_was_told():
    case, harbor = with_consent(), Partner()
    told(case, harbor)
    answer = signed_in(case.coordinator).get(f"/admin/partners/finding/{case.finding.pk}/change/")
    assert "Partners that were told" in answer.content.decode()
    assert harbor.organisation.name in answer.content.decode()
    name = harbor.organisation.name
    row = {"partner": str(harbor.organisation.pk), "partner_name": name}
    for person, expected in ((case.liaison, row), (case.member, None), (case.owner, None)):
        found = signed_in(person).get(f"/api/v1/findings/{case.finding.pk}/").json()["addressees"]
        assert (found and {key: found[0][key] for key in row}) == expected
        assert found is None or len(found) == 1


def test_the_workbench_offers_who_may_be_told_and_says_what_came_of_it():
    case, harbor, rail = with_consent(), Partner(name="Harbor"), Partner(name="Rail")
    client = signed_in(case.coordinator)
    url = f"/admin/partners/finding/{case.finding.pk}/address/"
    page = client.get(url).content.decode()
    assert harbor.organisation.name in page
    assert rail.organisation.name in page
    assert case.partner.name not in page.partition("Partner organisations")[2]
    narrowed = client.get(f"{url}?name={harbor.organisation.name}").content.decode()
    assert rail.organisation.name not in narrowed
    answer = client.post(
        url, {"revision": case.finding.revision, "partners": [str(harbor.organisation.pk)]}, follow=True
    )
    assert "The partners are told." in answer.content.decode()
    assert seen(harbor.admin) == {case.finding.pk}
    told(case, rail)
    page = client.get(url).content.decode()
    assert [name for name in ("Harbor", "Rail") if name in page] == []
    assert "Nobody is left to tell." in page


def test_to_whose_step_it_is_not_the_choice_is_not_shown():
    """Also where a form is sent that is none: what it offers would tell which partners there are."""
    case, agency = with_consent(), make.agency()
    Partner(name="Harbor")
    others = [make.member(agency, role) for role in (Role.DESIGNATOR, Role.AUDITOR)] + [case.liaison]
    for person in others:
        client = signed_in(person)
        for path in ("address", "set_marking", "notify_owner"):
            answer = client.post(f"/admin/partners/finding/{case.finding.pk}/{path}/", {})
            assert (path, answer.status_code, "Harbor" in answer.content.decode()) == (path, 403, False)
            page = client.get(f"/admin/partners/finding/{case.finding.pk}/{path}/")
            assert (path, page.status_code, "Harbor" in page.content.decode()) == (path, 409, False)
    # A refused choice shows what was shown before, and a stranger's id is no choice.
    desk = signed_in(case.coordinator)
    url = f"/admin/partners/finding/{case.finding.pk}/address/?name=Harbor"
    wrong = desk.post(url, {"revision": case.finding.revision, "partners": ["x"]})
    assert (wrong.status_code, "Harbor" in wrong.content.decode()) == (200, True)
    assert FindingAddressee.objects.count() == 0


def test_who_sits_in_a_partner_too_does_not_read_who_else_was_told():
    case, harbor, rail = with_consent(), Partner(), Partner()
    told(case, harbor, rail)
    Membership.objects.create(
        user=case.liaison, organisation=harbor.organisation, role=Role.MEMBER, since=NOW - DAY
    )
    found = signed_in(case.liaison).get(f"/api/v1/findings/{case.finding.pk}/").json()
    assert found["addressees"] is None
    page = signed_in(case.liaison).get(f"/admin/partners/finding/{case.finding.pk}/change/").content.decode()
    assert rail.organisation.name not in page


def test_the_reporter_changes_the_marking_on_its_page():
    case = Reported(until="report", tlp="TLP:RED")
    client = signed_in(case.member)
    page = f"/partner/findings/{case.finding.pk}/"
    assert "Change the marking" in client.get(page).content.decode()
    url = f"{page}take/set_marking/"
    stale = client.post(url, {"tlp": "TLP:GREEN", "revision": "1"}, follow=True)
    assert ("changed since you opened" in stale.content.decode(), case.again().tlp) == (True, "TLP:RED")
    client.post(url, {"tlp": "TLP:GREEN", "revision": case.again().revision})
    assert case.again().tlp == "TLP:GREEN"
    assert (
        "Change the marking"
        not in signed_in(case.owner).get(f"/lab/findings/{case.finding.pk}/").content.decode()
    )


# --- Liaisons ------------------------------------------------------------------------------------------------------


def test_liaisons_hear_of_what_is_theirs_to_take_up_and_relay():
    case = Reported(until="report")
    barred = make.member(make.agency(), Role.LIAISON)
    Conflict.objects.create(user=barred, organisation=case.partner, note="Declared.", declared_by=barred)
    case.step("triage", "coordinator")
    case.step("validate", "coordinator")
    case.step("mark_exploited", "coordinator")
    told_of = set(Message.objects.filter(recipient=case.liaison).values_list("kind", "link"))
    link = f"/admin/partners/finding/{case.finding.pk}/change/"
    assert told_of == {(kind, link) for kind in ("finding_report", "finding_validate", "finding_exploited")}
    assert not Message.objects.filter(recipient=barred, kind="finding_validate").exists()
