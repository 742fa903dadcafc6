"""The list of agencies: who keeps it, and that an agency which leaves keeps no sight of anything."""

import pytest
from django.db import IntegrityError, transaction

from portal.accounts import actions as accounts
from portal.accounts.models import Invitation, Membership, Organisation, Role
from portal.errors import AlreadyDone, Invalid, NotAllowed, WrongState
from portal.ledger.models import Event
from portal.submissions.models import Submission
from reviews import actions as reviewing_actions
from reviews.models import CaseAgency
from tests import factories as make
from tests import factories_disclosures as disclosing
from tests import factories_reviews as reviewing
from tests.admin.desk import Desk

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY


def leave(actor, agency, at=NOW + DAY):
    return accounts.leave_programme(actor=actor, organisation=agency, reason="Other duties.", at=at)


def invited_agency(case: make.Case):
    """An agency with a coordinator, invited to the case, without a seat on it."""
    agency = make.agency()
    person = make.member(agency, Role.COORDINATOR)
    reviewing_actions.invite_agency(actor=case.coordinator, submission=case.submission, agency=agency, at=NOW)
    return agency, person


def test_the_offices_coordinators_add_and_rename_agencies_and_nothing_else():
    office = make.coordinator()
    agency = accounts.create_organisation(
        actor=office, kind="agency", name="Bureau of Marzipan", short_name="BoM", at=NOW
    )
    accounts.update_organisation(
        actor=office, organisation=agency, name="Bureau of Nougat", short_name="BoN", at=NOW
    )
    assert list(Organisation.objects.filter(pk=agency.pk).values_list("name", "short_name")) == [
        ("Bureau of Nougat", "BoN")
    ]
    for kind in ("lab", "partner"):
        with pytest.raises(NotAllowed):
            accounts.create_organisation(actor=office, kind=kind, name="Other", short_name="O", at=NOW)
    with pytest.raises(NotAllowed):
        accounts.update_organisation(
            actor=office, organisation=make.lab(), name="Other", short_name="O", at=NOW
        )
    for person in (
        make.member(agency, Role.COORDINATOR),
        reviewing.auditor(),
        make.member(make.lab(), Role.ADMIN),
    ):
        with pytest.raises(NotAllowed):
            accounts.create_organisation(actor=person, kind="agency", name="Other", short_name="O", at=NOW)
        with pytest.raises(NotAllowed):
            leave(person, agency)


def test_an_agency_that_leaves_sees_nothing_more_and_stays_on_record():
    case = make.Case()
    agency, person = invited_agency(case)
    invitation = accounts.invite(
        actor=make.person(is_superuser=True), organisation=agency, email="new@example.invalid", name="New",
        role=Role.REVIEWER, at=NOW,
    )  # fmt: skip
    assert Submission.objects.visible_to(person, at=NOW + DAY / 2).exists()
    leave(case.coordinator, agency)
    fresh = type(person).objects.get(pk=person.pk)
    assert not Submission.objects.visible_to(fresh, at=NOW + DAY).exists()
    assert not Membership.objects.active().filter(organisation=agency).exists()
    assert CaseAgency.objects.get(agency=agency).ended_at == NOW + DAY
    assert Invitation.objects.get(pk=invitation.pk).outcome == Invitation.Outcome.WITHDRAWN
    event = Event.objects.get(verb="left_programme")
    assert (event.actor, event.subject_id, event.reason, event.data) == (
        case.coordinator,
        agency.pk,
        "Other duties.",
        {"memberships_ended": 1},
    )
    assert event.what == "An agency takes part no longer"
    auditor = reviewing.auditor()
    assert event in Event.objects.visible_to(auditor)
    text = Desk(auditor).text("/admin/programme/")
    assert f"{agency.name} {agency.short_name} Until 15 Sep 2026" in text
    assert "Add an agency" not in text
    with pytest.raises(AlreadyDone):
        leave(case.coordinator, agency)


def test_nobody_joins_and_no_case_is_shown_to_an_agency_that_left_until_it_is_back():
    case = make.Case()
    agency = make.agency()
    sysadmin, person = make.person(is_superuser=True), make.person()
    agency = leave(sysadmin, agency)
    joining = {"actor": sysadmin, "organisation": agency, "role": Role.REVIEWER, "at": NOW + DAY}
    with pytest.raises(Invalid, match="takes part no longer"):
        accounts.add_membership(user=person, **joining)
    with pytest.raises(Invalid, match="takes part no longer"):
        accounts.invite(email="new@example.invalid", name="New", **joining)
    invited = {"actor": case.coordinator, "submission": case.submission, "agency": agency}
    with pytest.raises(Invalid, match="takes part no longer"):
        reviewing_actions.invite_agency(**invited, at=NOW + DAY)
    accounts.rejoin_programme(actor=case.coordinator, organisation=agency, at=NOW + 2 * DAY)
    accounts.add_membership(user=person, **joining)
    with pytest.raises(AlreadyDone):
        accounts.rejoin_programme(actor=case.coordinator, organisation=agency, at=NOW + 2 * DAY)


def test_an_agency_with_live_seats_stays_and_only_who_sees_the_cases_reads_their_numbers():
    case = reviewing.Reviewed()
    number = case.submission.case_number
    with pytest.raises(WrongState) as refused:
        leave(case.coordinator, case.agency, NOW)
    assert (
        refused.value.message == f"This agency cannot leave now. 2 seats of its reviewers are live: {number}."
    )
    with pytest.raises(WrongState) as refused:
        leave(make.person(is_superuser=True), case.agency, NOW)
    assert refused.value.message == "This agency cannot leave now. 2 seats of its reviewers are live."
    assert Membership.objects.active().filter(organisation=case.agency).count() == 3
    assert not Event.objects.filter(verb="left_programme").exists()


def test_an_undecided_disclosure_notice_keeps_its_agency_and_the_office_never_leaves():
    case = reviewing.Reviewed()
    disclosing.notified(case, case.agency_coordinator)
    office = make.programme_office()
    with pytest.raises(WrongState, match="It is the programme office"):
        leave(case.coordinator, office)
    with pytest.raises(IntegrityError), transaction.atomic():
        Organisation.objects.filter(pk=office.pk).update(left_at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Organisation.objects.filter(pk=case.lab.pk).update(left_at=NOW)
    found = accounts.keeps_it(actor=case.coordinator, organisation=case.agency, at=NOW)
    assert found[0] == "1 disclosure notice of its is undecided or not carried out."


def test_the_page_shows_what_ends_and_what_stands_against_it():
    case = reviewing.Reviewed()
    base = f"/admin/accounts/organisation/{case.agency.pk}/"
    office, sysadmin = Desk(case.coordinator), Desk(make.person(is_superuser=True))
    text = office.text(f"{base}leave_programme/")
    assert "2 seats of its reviewers are live" in text
    assert case.submission.case_number in text
    assert "Rita Reviewer, reviewer" in text
    assert case.submission.case_number not in sysadmin.text(f"{base}leave_programme/")
    agency, person = invited_agency(case)
    page = f"/admin/accounts/organisation/{agency.pk}/leave_programme/"
    assert office.post(page, reason="Other duties.").status_code == 303
    assert Organisation.objects.get(pk=agency.pk).left_at is not None
    assert Desk(type(person).objects.get(pk=person.pk)).get("/admin/").status_code == 404
