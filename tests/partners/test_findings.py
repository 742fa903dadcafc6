"""A finding's way through its states: who takes each step, what is refused, and what the database refuses by itself."""

import pytest
import time_machine
from django.db import IntegrityError, transaction

from partners.actions import findings
from partners.findings_states import FINDING
from partners.models import Finding, FindingRelay
from partners.policies_findings import open_finding_verbs
from portal.accounts.models import Role
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, Stale, WrongState
from portal.ledger.models import Event
from tests import factories as make
from tests.factories import DAY, NOW
from tests.factories_findings import CHAIN, VALUES, VECTOR, Reported
from tests.factories_partners import GrantCase

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def refused(error, **call):
    with pytest.raises(error) as answer:
        call.pop("action")(**call)
    return answer.value


# --- The way ----------------------------------------------------------------------------------------------------------------


def test_a_findings_whole_way():
    case = Reported(until="fix")
    case.step("consent_publication", "owner")
    case.step("publish", "coordinator")
    events = Event.objects.filter(subject_id=case.finding.pk, kind="change").order_by("seq")
    assert [(event.verb, event.capacity, event.data.get("to")) for event in events] == [
        ("create_finding", "reporter", None),
        ("report", "reporter", "reported"),
        ("triage", "coordinator", "triaged"),
        ("validate", "coordinator", "validated"),
        ("notify_owner", "coordinator", "owner_notified"),
        ("remediate", "owner", "remediating"),
        ("fix", "owner", "fixed"),
        ("consent_publication", "owner", None),
        ("publish", "coordinator", "published"),
    ]
    # No event hangs on a case, where its lab would read it.
    assert {event.case_id for event in events} == {None}
    found = case.again()
    instants = ("reported", "triaged", "validated", "owner_notified", "remediating", "fixed", "published")
    assert [getattr(found, f"{name}_at") for name in instants] == [NOW] * 7
    assert (found.state, found.revision, found.owner, found.owner_consented_by) == (
        "published",
        9,
        case.lab,
        case.owner,
    )


def test_a_number_tells_nobody_how_many_there_are():
    numbers = [Reported().finding.number for _ in range(2)]
    assert all(number.startswith("FD-") and len(number) == 12 for number in numbers)
    assert numbers[0] != numbers[1]


def test_the_chain_is_kept_to_the_letter():
    assert Reported().again().reporter_chain == CHAIN


def test_each_step_is_taken_by_whose_it_is_and_by_nobody_else():
    """Every verb of the table, from every state a finding comes through, by each of them."""
    case = Reported(until="fix")
    people = ("member", "owner", "coordinator", "liaison")
    # Before the owner is notified it takes no step, though the finding names it.
    expected = {
        "draft": {"member": ["report"]},
        "reported": {
            "member": ["set_marking"],
            "coordinator": ["triage", "set_embargo", "mark_exploited"],
            "liaison": ["triage", "relay"],
        },
        "triaged": {
            "member": ["set_marking"],
            "coordinator": ["validate", "not_reproduce", "mark_duplicate", "set_embargo", "mark_exploited"],
            "liaison": ["relay"],
        },
        "validated": {
            "member": ["set_marking"],
            "coordinator": ["notify_owner", "set_embargo", "mark_exploited"],
            "liaison": ["relay"],
        },
        "owner_notified": {
            "member": ["set_marking"],
            "owner": ["remediate", "consent_publication", "extend_disclosure", "set_marking"],
            "coordinator": ["publish", "set_embargo", "mark_exploited", "extend_disclosure", "address"],
            "liaison": ["relay"],
        },
        "remediating": {
            "member": ["set_marking"],
            "owner": ["fix", "consent_publication", "extend_disclosure", "set_marking"],
            "coordinator": ["publish", "set_embargo", "mark_exploited", "extend_disclosure", "address"],
            "liaison": ["relay"],
        },
        "fixed": {
            "member": ["set_marking"],
            "owner": ["publish", "consent_publication", "set_marking"],
            "coordinator": ["publish", "close_unpublished", "set_embargo", "mark_exploited", "address"],
            "liaison": ["relay"],
        },
        "published": {},
        "not_reproduced": {},
        "duplicate": {},
        "closed_unpublished": {},
    }  # fmt: skip
    found = {}
    for state in expected:
        row = Finding.objects.get(pk=case.finding.pk)
        row.state = state
        if state == "draft":
            row.reported_at = None
        if state in ("draft", "reported", "triaged", "validated"):
            row.owner_notified_at = None
        found[state] = {
            name: verbs for name in people if (verbs := open_finding_verbs(getattr(case, name), row))
        }
    assert found == expected
    assert {t.source for t in FINDING.transitions} | FINDING.terminal == set(expected)


def test_a_step_that_is_not_ones_own():
    case = Reported(until="report")
    for person in (
        case.member,
        make.member(make.lab(), Role.ADMIN),
        make.member(make.agency(), Role.REVIEWER),
    ):
        refused(NotAllowed, action=findings.triage, actor=person, finding=case.finding)
    # Another agency's coordinator is none of the programme's.
    other = make.member(make.agency(), Role.COORDINATOR)
    refused(NotAllowed, action=findings.triage, actor=other, finding=case.finding)
    assert case.again().state == "reported"


def test_a_step_from_a_wrong_state_twice_or_of_an_old_page():
    case = Reported(until="triage")
    by = {"actor": case.coordinator, "finding": case.finding}
    refused(AlreadyDone, action=findings.triage, **by)
    refused(WrongState, action=findings.notify_owner, **by)
    refused(Stale, action=findings.validate, expected_revision=1, **by)
    assert refused(Missing, action=findings.not_reproduce, **by).field == "reason"
    assert case.again().state == "triaged"


# --- The draft --------------------------------------------------------------------------------------------------------------


def test_a_draft_is_changed_by_its_organisations_people_until_it_is_reported():
    case = Reported()
    colleague = make.member(case.partner, Role.ADMIN)
    saved = findings.save_finding(
        actor=colleague, finding=case.finding, values={"title": " Praline "}, expected_revision=1
    )
    assert (saved.title, saved.revision) == ("Praline", 2)
    stranger = make.member(make.partner_organisation(), Role.ADMIN)
    values = {"values": {"title": "Mine"}, "finding": saved}
    refused(NotAllowed, action=findings.save_finding, actor=stranger, **values)
    refused(NotAllowed, action=findings.save_finding, actor=case.coordinator, **values)
    refused(Stale, action=findings.save_finding, actor=case.member, expected_revision=1, **values)
    findings.report(actor=case.member, finding=saved)
    refused(WrongState, action=findings.save_finding, actor=case.member, **values)
    assert case.again().title == "Praline"


@pytest.mark.parametrize("name", ["title", "text", "product"])
def test_a_report_is_complete(name):
    case = Reported(**{name: "  "})
    answer = refused(Missing, action=findings.report, actor=case.member, finding=case.finding)
    assert answer.field == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "rumour"),
        ("cwe", "787"),
        ("cwe", "CWE-0787"),
        ("cvss", VECTOR.removesuffix("/SA:N")),
        ("ssvc", "Panic"),
        ("tlp", "TLP:WHITE"),
        ("title", "x" * 201),
        ("reporter_chain", "x" * 20001),
    ],
)
def test_a_value_that_is_none(name, value):
    partner = make.partner_organisation()
    member = make.member(partner, Role.MEMBER)
    call = {"actor": member, "reporter": partner, "values": VALUES | {name: value}}
    assert refused(Invalid, action=findings.create_finding, **call).field == name
    assert not Finding.objects.exists()


def test_who_writes_findings():
    partner, lab, agency = make.partner_organisation(), make.lab(), make.agency()
    writes = {
        (organisation.kind, role): _made(make.member(organisation, role), organisation)
        for organisation, roles in (
            (partner, (Role.ADMIN, Role.MEMBER)),
            (lab, (Role.ADMIN, Role.CONTRIBUTOR, Role.VIEWER)),
            (agency, (Role.REVIEWER, Role.COORDINATOR, Role.LIAISON, Role.AUDITOR, Role.SECURITY)),
        )
        for role in roles
    }
    assert [who for who, made in writes.items() if not made] == [
        ("lab", "viewer"),
        ("agency", "auditor"),
        ("agency", "security"),
    ]
    assert not _made(make.member(partner, Role.MEMBER), make.partner_organisation())


def _made(person, organisation) -> bool:
    try:
        findings.create_finding(actor=person, reporter=organisation, values=VALUES)
    except NotAllowed:
        return False
    return True


def test_the_same_key_makes_one_finding():
    case, key = Reported(), "7d9a2d0e-5a31-4b43-9f10-3f4a2a6f5e0b"
    call = {"actor": case.member, "reporter": case.partner, "values": VALUES, "key": key}
    findings.create_finding(**call)
    refused(AlreadyDone, action=findings.create_finding, **call)
    assert Finding.objects.count() == 2


def test_found_under_a_grant_its_owner_is_the_lab():
    case = GrantCase()
    grant = case.agree()
    found = findings.create_finding(
        actor=case.partner.member, reporter=case.partner.organisation, values=VALUES, grant=grant
    )
    assert (found.submission, found.owner, found.owner_notified_at) == (case.submission, case.lab, None)
    findings.report(actor=case.partner.member, finding=found)
    for step in (findings.triage, findings.validate):
        step(actor=case.coordinator, finding=found)
    call = {"actor": case.coordinator, "finding": found}
    assert refused(Invalid, action=findings.notify_owner, owner=make.lab(), **call).field == "owner"
    assert findings.notify_owner(**call).owner == case.lab


# --- Duplicates and owners --------------------------------------------------------------------------------------------------


def test_a_duplicate_names_another_that_is_none():
    first, second, draft = Reported(until="triage"), Reported(until="triage"), Reported()
    call = {"actor": second.coordinator, "finding": second.finding}
    for other, error in ((None, Missing), (second.finding, Invalid), (draft.finding, Invalid)):
        answer = refused(error, action=findings.mark_duplicate, duplicate_of=other, **call)
        assert answer.field == "duplicate_of"
    findings.mark_duplicate(duplicate_of=first.finding, **call)
    assert second.again().duplicate_of == first.finding
    again = refused(
        Invalid,
        action=findings.mark_duplicate,
        actor=first.coordinator,
        finding=first.finding,
        duplicate_of=second.finding,
    )
    assert again.field == "duplicate_of"


def test_an_outside_vendors_owner_steps_are_the_programme_offices():
    case = Reported(until="validate")
    call = {"actor": case.coordinator, "finding": case.finding}
    assert refused(Missing, action=findings.notify_owner, **call).field == "owner"
    both = {"owner": case.lab, "vendor_contact": "psirt@vendor.invalid"}
    assert refused(Invalid, action=findings.notify_owner, **both, **call).field == "vendor_contact"
    not_a_lab = refused(Invalid, action=findings.notify_owner, owner=case.partner, **call)
    assert not_a_lab.field == "owner"
    case.step("notify_owner", "coordinator", vendor_contact="psirt@vendor.invalid")
    refused(NotAllowed, action=findings.remediate, actor=case.owner, finding=case.finding)
    case.step("remediate", "coordinator")
    event = Event.objects.get(subject_id=case.finding.pk, verb="remediate")
    assert (event.capacity, event.data["for_vendor"]) == ("owner", True)


# --- Invariant 16 -----------------------------------------------------------------------------------------------------------


def test_publication_needs_the_owners_consent_or_the_end_of_the_embargo():
    case = Reported(until="notify_owner")
    call = {"actor": case.coordinator, "finding": case.finding}
    end = case.finding.embargo_until
    assert end == NOW + 90 * DAY
    for at in (NOW, end - DAY / 86400):
        assert refused(WrongState, action=findings.publish, at=at, **call).code == "under_embargo"
    # The owner's silence keeps nothing from the public for ever.
    assert findings.publish(at=end, **call).state == "published"


def test_a_consent_lets_it_be_published_at_once_and_counts_once():
    case = Reported(until="remediate")
    case.step("consent_publication", "owner")
    refused(AlreadyDone, action=findings.consent_publication, actor=case.owner, finding=case.finding)
    assert case.step("publish", "coordinator").state == "published"


def test_an_owner_that_publishes_consents_by_it():
    case = Reported(until="fix")
    found = case.step("publish", "owner")
    assert (found.state, found.owner_consented_at, found.owner_consented_by) == ("published", NOW, case.owner)


def test_the_database_refuses_publication_under_embargo():
    case = Reported(until="fix")
    rows = Finding.objects.filter(pk=case.finding.pk)
    with (
        pytest.raises(IntegrityError, match="finding_told_by_consent_or_after_embargo"),
        transaction.atomic(),
    ):
        rows.update(state="published", published_at=NOW)
    assert case.again().state == "fixed"


def test_an_embargo_is_not_shortened_behind_the_owners_back():
    case = Reported(until="notify_owner")
    call = {"actor": case.coordinator, "finding": case.finding}
    refused(WrongState, action=findings.set_embargo, embargo_until=NOW + DAY, **call)
    past = refused(Invalid, action=findings.set_embargo, embargo_until=NOW, **call)
    assert past.field == "embargo_until"
    assert findings.set_embargo(embargo_until=NOW + 91 * DAY, **call).embargo_until == NOW + 91 * DAY
    case.step("consent_publication", "owner")
    assert findings.set_embargo(embargo_until=NOW + DAY, **call).embargo_until == NOW + DAY


def test_an_embargo_that_passed_before_the_owner_knew_ends_with_the_clock():
    case = Reported(until="validate", embargo_until=NOW + DAY)
    found = case.step("notify_owner", "coordinator", at=NOW + 2 * DAY, owner=case.lab)
    assert found.embargo_until == found.disclosure_due_at == NOW + 92 * DAY


# --- Relays -----------------------------------------------------------------------------------------------------------------


def test_a_relay_records_their_id_and_moves_no_state():
    case = Reported(until="triage")
    case.step("relay", "liaison", clearinghouse="Invented clearinghouse")
    refused(AlreadyDone, action=findings.relay, actor=case.liaison, finding=case.finding)
    case.step("relay", "liaison", at=NOW + DAY, clearinghouse_id="VU#123")
    values = ("clearinghouse", "requested_at", "requested_by", "their_id", "recorded_at", "recorded_by")
    assert list(FindingRelay.objects.values_list(*values)) == [
        ("Invented clearinghouse", NOW, case.liaison.pk, "VU#123", NOW + DAY, case.liaison.pk)
    ]
    assert case.again().state == "triaged"
    refused(NotAllowed, action=findings.relay, actor=case.coordinator, finding=case.finding)
    # Another may follow, at once with its id.
    case.step("relay", "liaison", clearinghouse_id="VU#124")
    assert FindingRelay.objects.count() == 2


def test_no_date_moves_while_a_relay_is_under_way():
    case = Reported(until="notify_owner")
    case.step("relay", "liaison")
    later = {"embargo_until": NOW + 200 * DAY}
    moves = [
        (findings.set_embargo, case.coordinator, later),
        (findings.extend_disclosure, case.owner, {}),
        (findings.mark_exploited, case.coordinator, {}),
    ]
    for action, actor, options in moves:
        answer = refused(WrongState, action=action, actor=actor, finding=case.finding, **options)
        assert answer.code == "mid_relay"
    rows = Finding.objects.filter(pk=case.finding.pk)
    for column in ("embargo_until", "disclosure_due_at"):
        with pytest.raises(IntegrityError, match="do not move while"), transaction.atomic():
            rows.update(**{column: NOW + 200 * DAY})
    case.step("relay", "liaison", clearinghouse_id="VU#123")
    assert case.step("set_embargo", "coordinator", **later).embargo_until == NOW + 200 * DAY


def test_an_owner_is_notified_though_a_relay_is_under_way():
    case = Reported(until="validate")
    case.step("relay", "liaison")
    assert case.step("notify_owner", "coordinator", owner=case.lab).state == "owner_notified"


# --- What the database holds by itself --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("until", "values", "words"),
    [
        ("", {"state": "triaged"}, "Invalid transition"),
        ("report", {"state": "validated"}, "Invalid transition"),
        ("report", {"title": ""}, "reported_finding_is_complete"),
        ("triage", {"state": "duplicate"}, "finding_duplicate_names_another"),
        ("validate", {"state": "owner_notified"}, "finding_owner_is_known"),
        ("fix", {"disclosure_due_at": None}, "finding_owner_is_known"),
        ("fix", {"state": "published"}, "finding_told_by_consent_or_after_embargo"),
        ("report", {"cwe": "787"}, "finding_cwe_form"),
        ("report", {"cvss": "high"}, "finding_cvss_form"),
    ],
)
def test_the_database_refuses(until, values, words):
    case = Reported(until=until)
    with pytest.raises(Exception, match=words), transaction.atomic():
        Finding.objects.filter(pk=case.finding.pk).update(**values)


def test_neither_finding_nor_relay_is_deleted():
    case = Reported(until="report")
    case.step("relay", "liaison")
    for rows in (FindingRelay.objects.all(), Finding.objects.all()):
        with pytest.raises(Exception, match="Cannot delete"), transaction.atomic():
            rows._raw_delete(rows.db)
