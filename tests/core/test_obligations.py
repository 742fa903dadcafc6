"""After access: who owes what, until when, who attests it, and what of it the lab and strangers read."""

from datetime import timedelta

import pytest

from portal.accounts.models import Membership, Role
from portal.deadlines.models import Deadline, Message
from portal.deadlines.planning import preview
from portal.errors import AlreadyDone, NotAllowed
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.endings import parties_of
from portal.submissions.models import Obligation
from tests import factories as make
from tests import factories_reviews as reviewed
from tests.admin.desk import Desk
from tests.api.calls import Caller
from tests.factories_partners import GrantCase
from tests.lab.visitor import Visitor

pytestmark = pytest.mark.django_db
AT = make.NOW + 3 * make.DAY


def owed(case) -> list[tuple]:
    rows = Obligation.objects.filter(submission=case.submission)
    return sorted((row.agency.name, row.kind, row.due_at - row.ended_at, row.attested_at) for row in rows)


def both(agency) -> list[tuple]:
    return [
        (agency.name, "credentials", timedelta(hours=24), None),
        (agency.name, "destruction", timedelta(days=14), None),
    ]


def test_a_withdrawal_leaves_the_reviewing_agencies_owing_both():
    case = reviewed.Reviewed()
    actions.withdraw(actor=case.contributor, submission=case.submission, at=AT)
    agencies = {seat.agency for seat in case.submission.assignments.all()}
    assert owed(case) == sorted(row for agency in agencies for row in both(agency))
    assert {row.ended_at for row in Obligation.objects.all()} == {AT}


def test_the_clocks_end_and_a_release_do_the_same_once():
    case = reviewed.Reviewed()
    closes = case.again().closes_at
    for _ in range(2):
        actions.record_clock(at=closes + make.DAY)
    first = owed(case)
    assert first
    actions.release(actor=case.contributor, submission=case.again(), at=closes + 2 * make.DAY)
    assert owed(case) == first
    assert {row.ended_at for row in Obligation.objects.all()} == {closes}


def test_an_agency_that_only_looked_owes_too_and_one_that_did_not_owes_nothing():
    case = make.Case()
    document = actions.add_document(
        actor=case.contributor,
        submission=case.submission,
        kind="other",
        title="Card",
        upload=make.pdf(),
        at=make.NOW,
    )
    curious, other = reviewed.designator(make.agency()), reviewed.designator(make.agency())
    actions.open_version(actor=curious, version=document.current, at=make.NOW)
    actions.withdraw(actor=case.contributor, submission=case.again(), at=AT)
    names = {name for name, *_ in owed(case)}
    assert names == {curious.memberships.get().organisation.name}
    assert other.memberships.get().organisation.name not in names


def test_a_case_that_nobody_reviewed_leaves_nothing_owed():
    case = make.Case(make.submitted)
    actions.withdraw(actor=case.contributor, submission=case.submission, at=AT)
    draft = make.Case(make.draft)
    actions.withdraw(actor=draft.contributor, submission=draft.submission, at=AT)
    assert (owed(case), owed(draft)) == ([], [])


def test_deadlines_stand_until_attested_and_survive_later_steps():
    case = reviewed.Reviewed()
    actions.withdraw(actor=case.contributor, submission=case.submission, at=AT)
    actions.release(actor=case.contributor, submission=case.again(), at=AT + make.DAY)
    rows = Obligation.objects.filter(submission=case.submission)
    deadlines = Deadline.objects.filter(subject_id__in=rows.values("pk")).still_open()
    assert sorted(deadlines.values_list("subject_id", "due_at", "organisation")) == sorted(
        rows.values_list("pk", "due_at", "agency")
    )
    row = rows.filter(kind="credentials").first()
    coordinator = make.member(row.agency, Role.COORDINATOR)
    actions.attest_obligation(actor=coordinator, obligation=row, at=AT + make.DAY)
    assert row.pk not in deadlines.values_list("subject_id", flat=True)
    assert deadlines.count() == rows.count() - 1


def test_a_case_that_is_closed_leaves_them_standing():
    case = reviewed.Reviewed()
    closes = case.again().closes_at
    actions.record_clock(at=closes)
    before = set(
        Deadline.objects.still_open().filter(kind="attest_destruction").values_list("subject_id", "due_at")
    )
    actions.close(actor=case.coordinator, submission=case.again(), at=closes + make.DAY)
    after = set(
        Deadline.objects.still_open().filter(kind="attest_destruction").values_list("subject_id", "due_at")
    )
    assert before
    assert after == before


def test_its_coordinators_and_security_officers_attest_once_and_the_lab_is_told():
    case = reviewed.Reviewed()
    actions.withdraw(actor=case.contributor, submission=case.submission, at=AT)
    row = Obligation.objects.filter(kind="destruction").first()
    for nobody in (
        make.member(row.agency, Role.REVIEWER),
        make.member(make.agency(), Role.COORDINATOR),
        case.contributor,
        make.person(is_superuser=True),
    ):
        with pytest.raises(NotAllowed):
            actions.attest_obligation(actor=nobody, obligation=row, at=AT)
    officer = make.member(row.agency, Role.SECURITY)
    actions.attest_obligation(actor=officer, obligation=row, at=AT + make.DAY)
    with pytest.raises(AlreadyDone):
        actions.attest_obligation(actor=officer, obligation=row, at=AT + 2 * make.DAY)
    row.refresh_from_db()
    assert (row.attested_by, row.attested_at) == (officer, AT + make.DAY)
    assert Event.objects.filter(verb="attest", subject_id=row.pk).count() == 1
    told = Message.objects.filter(kind="obligation_attested").values_list("recipient", flat=True)
    assert list(told) == [case.contributor.pk]


def test_for_an_agency_that_has_nobody_the_programme_office_attests_and_the_record_says_so():
    case = reviewed.Reviewed()
    actions.withdraw(actor=case.contributor, submission=case.submission, at=AT)
    row, other = (
        Obligation.objects.get(agency=case.agency, kind=kind) for kind in ("credentials", "destruction")
    )
    words = f"Attested for {case.agency.name} by the programme office"
    # While the agency has somebody, the programme office attests for its own agency alone.
    with pytest.raises(NotAllowed):
        actions.attest_obligation(actor=case.coordinator, obligation=row, at=AT)
    Membership.objects.filter(organisation=case.agency, role=Role.COORDINATOR).update(ended_at=AT)
    barred = make.coordinator()
    actions.declare_conflict(actor=barred, user=barred, organisation=case.lab, at=AT)
    for nobody in (
        barred,
        reviewed.designator(),
        reviewed.auditor(),
        make.member(make.agency(), Role.COORDINATOR),
    ):
        with pytest.raises(NotAllowed):
            actions.attest_obligation(actor=nobody, obligation=row, at=AT)
    actions.attest_obligation(actor=case.coordinator, obligation=row, at=AT + make.DAY)
    row.refresh_from_db()
    assert (row.attested_by, row.by_programme_office) == (case.coordinator, True)
    event = Event.objects.get(subject_id=row.pk)
    assert (event.verb, event.capacity, event.data) == (
        "attest_for_agency", "programme_office", {"kind": "credentials", "agency": str(case.agency.pk)},
    )  # fmt: skip
    assert event.what == "Attested for an agency, as the programme office, what is owed after access ended"
    page = Visitor(case.contributor).text("ended", case.submission)
    assert page.count(words) == 1
    desk = Desk(case.coordinator)
    assert words in desk.text("submissions_obligation_change", row.pk)
    assert Caller(case.contributor).get(f"obligations/{row.pk}/").json()["by_programme_office"] is True
    # An agency that has somebody again attests itself.
    officer = make.member(case.agency, Role.SECURITY)
    with pytest.raises(NotAllowed):
        actions.attest_obligation(actor=case.coordinator, obligation=other, at=AT + make.DAY)
    actions.attest_obligation(actor=officer, obligation=other, at=AT + make.DAY)
    other.refresh_from_db()
    assert (other.attested_by, other.by_programme_office) == (officer, False)
    assert Visitor(case.contributor).text("ended", case.submission).count(words) == 1


def test_who_reads_what_is_owed():
    case = reviewed.Reviewed()
    actions.withdraw(actor=case.contributor, submission=case.submission, at=AT)
    every = set(Obligation.objects.all())
    own = {row for row in every if row.agency == case.agency}
    assert own < every
    seen = {
        case.viewer: every,
        case.coordinator: every,
        reviewed.auditor(): every,
        make.member(case.agency, Role.COORDINATOR): own,
        make.member(make.lab(), Role.ADMIN): set(),
        make.member(make.agency(), Role.COORDINATOR): set(),
        make.member(make.partner_organisation(), Role.ADMIN): set(),
    }
    for person, expected in seen.items():
        assert set(Obligation.objects.visible_to(person, at=AT)) == expected, person


def test_the_lab_reads_how_each_partys_access_ended():
    granted = GrantCase()
    granted.agree()
    at = granted.grant.starts_at + make.DAY
    actions.withdraw(actor=granted.contributor, submission=granted.submission, at=at)
    partner = granted.partner.organisation.name
    (party,) = [found for found in parties_of(granted.submission, at=at) if found.name == partner]
    assert (party.ended_at, party.still, party.people) == (at, [], 2)
    assert [(item.at, item.due_at - at, item.overdue) for item in party.attested] == [
        (None, timedelta(days=14), False)
    ]


def test_while_access_lasts_a_partys_access_is_open():
    case = reviewed.Reviewed()
    found = {party.name: party for party in parties_of(case.submission, at=AT)}
    assert all(party.ended_at is None and party.still for party in found.values())
    actions.withdraw(actor=case.contributor, submission=case.submission, at=AT)
    after = parties_of(case.again(), at=AT)
    assert {party.name for party in after} == set(found)
    assert {(party.ended_at, tuple(party.still)) for party in after} == {(AT, ())}


def test_a_conflict_hides_what_is_owed_and_its_dates_and_nobody_with_one_attests():
    case = reviewed.Reviewed()
    barred, free = make.member(case.agency, Role.COORDINATOR), make.member(case.agency, Role.COORDINATOR)
    actions.declare_conflict(actor=barred, user=barred, submission=case.submission, at=make.NOW)
    actions.withdraw(actor=case.contributor, submission=case.submission, at=AT)
    row = Obligation.objects.get(agency=case.agency, kind="destruction")
    seen = {
        person: (
            Obligation.objects.visible_to(person, at=AT).filter(pk=row.pk).exists(),
            Deadline.objects.visible_to(person).filter(subject_id=row.pk).exists(),
            person.pk
            in {told["person"] for told in preview(at=row.due_at) if told["deadline"] == deadline_of(row)},
        )
        for person in (barred, free)
    }
    assert seen == {barred: (False, False, False), free: (True, True, True)}
    with pytest.raises(NotAllowed):
        actions.attest_obligation(actor=barred, obligation=row, at=AT)
    actions.attest_obligation(actor=free, obligation=row, at=AT)


def deadline_of(row: Obligation):
    return Deadline.objects.get(subject_id=row.pk).pk
