"""Designations: recorded by one designator, confirmed by another, never changed by anybody."""

from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction

from portal.accounts.models import Affiliation, Role, User
from portal.deadlines.models import Message
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed
from portal.ledger.models import Event
from reviews import actions
from reviews.models import Designation, DesignationConfirmation
from tests import factories as make
from tests import factories_reviews as desk

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY


class Desk:
    def __init__(self):
        self.lab = make.lab()
        self.writer = make.member(self.lab, Role.CONTRIBUTOR)
        self.coordinator = make.coordinator()
        self.first = desk.designator()
        # Of another agency: the delegates need not sit in the programme office.
        self.second = desk.designator(make.agency())


@pytest.fixture
def office():
    return Desk()


def told(kind: str) -> dict:
    return {
        message.recipient: message.link
        for message in Message.objects.filter(kind=kind).select_related("recipient")
    }


def reads(user) -> set:
    return set(Designation.objects.visible_to(User.objects.get(pk=user.pk), at=NOW + DAY))


def test_recorded_by_one_and_confirmed_by_another(office):
    inquiry = desk.submitted_inquiry(office.writer, office.lab)
    made = desk.designation(office.first, office.lab, inquiry=inquiry)
    assert (made.state, made.confirmed_at) == ("recorded", None)
    found = actions.confirm(actor=office.second, designation=made, at=NOW + DAY)
    assert (found.state, found.confirmed_at, found.confirmation.confirmed_by) == (
        "confirmed",
        NOW + DAY,
        office.second,
    )
    rows = Event.objects.filter(subject_id=made.pk).order_by("seq")
    facts = {
        "lab": str(office.lab.pk),
        "outcome": "covered",
        "inquiry": str(inquiry.pk),
        "supersedes": None,
        "shared_with_lab": True,
    }
    assert [(e.verb, e.actor, e.capacity, e.data, e.case_id) for e in rows] == [
        ("record_designation", office.first, "designator", facts, None),
        ("confirm", office.second, "designator", {"from": "recorded", "to": "confirmed"}, None),
    ]
    page = f"/admin/reviews/designation/{made.pk}/change/"
    assert told("designation_recorded") == {office.second: page}
    assert told("designation_confirmed") == {office.first: page, office.coordinator: page}
    assert told("designation_shared") == {office.writer: "/lab/designations/"}


def test_the_one_who_recorded_does_not_confirm(office):
    made = desk.designation(office.first, office.lab)
    with pytest.raises(NotAllowed):
        actions.confirm(actor=office.first, designation=made, at=NOW)
    assert not DesignationConfirmation.objects.exists()


def test_the_database_refuses_the_same_person(office):
    made = desk.designation(office.first, office.lab)
    with pytest.raises(DatabaseError, match="another person"), transaction.atomic():
        DesignationConfirmation.objects.create(designation=made, confirmed_by=office.first, confirmed_at=NOW)


def test_the_database_refuses_change_and_removal(office):
    made = desk.designation(office.first, office.lab)
    actions.confirm(actor=office.second, designation=made, at=NOW)
    for rows in (Designation.objects.filter(pk=made.pk), DesignationConfirmation.objects.all()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            rows._raw_delete(rows.db)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Designation.objects.filter(pk=made.pk).update(outcome="not_covered")


def test_only_designators_record_and_confirm(office):
    made = desk.designation(office.first, office.lab)
    for actor in (
        office.coordinator,
        desk.auditor(),
        desk.reviewer(make.agency()),
        office.writer,
        make.person(is_superuser=True),
    ):
        with pytest.raises(NotAllowed):
            desk.designation(actor, office.lab)
        with pytest.raises(NotAllowed):
            actions.confirm(actor=actor, designation=made, at=NOW)
    assert Designation.objects.count() == 1


def test_a_conflict_keeps_a_designator_out(office):
    made = desk.designation(office.first, office.lab)
    Affiliation.objects.create(user=office.second, organisation=office.lab)
    assert reads(office.second) == set()
    with pytest.raises(NotAllowed):
        actions.confirm(actor=office.second, designation=made, at=NOW)
    with pytest.raises(NotAllowed):
        desk.designation(office.second, office.lab)


def test_confirmed_once(office):
    made = desk.designation(office.first, office.lab)
    actions.confirm(actor=office.second, designation=made, at=NOW)
    with pytest.raises(AlreadyDone):
        actions.confirm(actor=desk.designator(), designation=made, at=NOW)
    assert DesignationConfirmation.objects.count() == 1


@pytest.mark.parametrize(
    ("options", "field", "kind"),
    [
        ({"subject": " "}, "subject", Missing),
        ({"basis": ""}, "basis", Missing),
        ({"subject": "x" * 201}, "subject", Invalid),
        ({"outcome": "maybe"}, "outcome", Invalid),
    ],
)
def test_wrong_values_name_their_field(office, options, field, kind):
    with pytest.raises(kind) as refused:
        desk.designation(office.first, office.lab, **options)
    assert refused.value.field == field
    assert not Designation.objects.exists()


def test_only_a_lab_is_designated(office):
    with pytest.raises(Invalid) as refused:
        desk.designation(office.first, make.partner_organisation())
    assert refused.value.field == "lab"


def test_an_inquiry_of_another_lab_a_draft_or_a_withdrawn_one_is_refused(office):
    other = make.lab()
    foreign = desk.submitted_inquiry(make.member(other, Role.ADMIN), other)
    draft = desk.inquiry(office.writer, office.lab)
    gone = desk.submitted_inquiry(office.writer, office.lab)
    actions.inquiries.withdraw(actor=office.writer, inquiry=gone, at=NOW)
    gone.refresh_from_db()
    for inquiry in (foreign, draft, gone):
        with pytest.raises(Invalid) as refused:
            desk.designation(office.first, office.lab, inquiry=inquiry)
        assert refused.value.field == "inquiry"


def test_a_mistake_is_superseded_once_and_only_within_the_lab(office):
    first = desk.designation(office.first, office.lab)
    second = desk.designation(office.first, office.lab, outcome="not_covered", supersedes=first)
    assert second.supersedes == first
    other = make.lab()
    for lab, former in ((office.lab, first), (other, second)):
        with pytest.raises(Invalid) as refused:
            desk.designation(office.first, lab, supersedes=former)
        assert refused.value.field == "supersedes"


def test_the_same_key_records_once(office):
    key = uuid4()
    desk.designation(office.first, office.lab, key=key)
    with pytest.raises(AlreadyDone):
        desk.designation(office.first, office.lab, key=key)
    assert Designation.objects.count() == 1


def test_who_reads_what(office):
    recorded = desk.designation(office.first, office.lab)
    kept_back = desk.designation(office.first, office.lab, shared_with_lab=False)
    shared = desk.designation(office.first, office.lab)
    for made in (kept_back, shared):
        actions.confirm(actor=office.second, designation=made, at=NOW)
    everything = {recorded, kept_back, shared}
    expected = {
        office.first: everything,
        office.second: everything,
        office.coordinator: everything,
        desk.auditor(): everything,
        desk.reviewer(make.agency()): everything,
        office.writer: {shared},
        make.member(office.lab, Role.VIEWER): {shared},
        make.member(make.lab(), Role.ADMIN): set(),
        make.member(make.agency(), Role.COORDINATOR): set(),
        make.member(make.agency(), Role.LIAISON): set(),
        make.member(make.partner_organisation(), Role.ADMIN): set(),
        make.person(is_superuser=True): set(),
    }
    assert {user: reads(user) for user in expected} == expected
    assert told("designation_shared") == {office.writer: "/lab/designations/"}
