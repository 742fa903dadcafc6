"""Designations: recorded by one designator, confirmed by another, never changed by anybody."""

from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction

from portal.accounts.models import Affiliation, Role, User
from portal.deadlines.models import Message
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, WrongState
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
    recorded = desk.designation(office.first, office.lab, subject="Kestrel 8")
    kept_back = desk.designation(office.first, office.lab, subject="Kestrel 7", shared_with_lab=False)
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


# --- one in force -----------------------------------------------------------------------------------------------------


def confirmed(office, at=NOW, **options):
    made = desk.designation(office.first, office.lab, **options)
    return actions.confirm(actor=office.second, designation=made, at=at)


def in_force() -> list:
    return list(Designation.objects.in_force())


def test_a_superseding_one_takes_force_when_it_is_confirmed_and_not_before(office):
    first = confirmed(office)
    second = desk.designation(office.first, office.lab, outcome="not_covered", supersedes=first)
    assert in_force() == [first]
    actions.confirm(actor=office.second, designation=second, at=NOW + DAY)
    assert in_force() == [second]
    assert Designation.objects.with_lapse().get(pk=first.pk).lapsed_at == NOW + DAY


def test_the_last_of_a_chain_stands_also_where_one_between_was_never_confirmed(office):
    first = confirmed(office)
    mistaken = desk.designation(office.first, office.lab, supersedes=first)
    third = confirmed(office, supersedes=mistaken, subject="KESTREL 6")
    assert in_force() == [third]
    # What was passed over takes no force any more.
    with pytest.raises(WrongState, match="A later designation"):
        actions.confirm(actor=office.second, designation=mistaken, at=NOW + DAY)
    assert in_force() == [third]


def test_another_beside_the_one_in_force_is_neither_recorded_nor_confirmed(office):
    rival = desk.designation(office.first, office.lab, subject="kestrel 6")
    first = confirmed(office)
    with pytest.raises(Invalid) as refused:
        desk.designation(office.first, office.lab, subject="KESTREL 6")
    assert refused.value.field == "supersedes"
    with pytest.raises(WrongState, match="is in force"):
        actions.confirm(actor=office.second, designation=rival, at=NOW)
    # Of another model, and of another lab, it is no rival.
    confirmed(office, subject="Kestrel 6 mini")
    other = desk.designation(office.first, make.lab())
    actions.confirm(actor=office.second, designation=other, at=NOW)
    assert len(in_force()) == 3
    assert first in in_force()


def test_the_database_refuses_two_in_force_and_a_chain_across_models(office):
    rival = desk.designation(office.first, office.lab, subject="kestrel 6")
    first = confirmed(office)
    with pytest.raises(DatabaseError, match="one designation is in force"), transaction.atomic():
        DesignationConfirmation.objects.create(
            designation=rival, confirmed_by=office.second, confirmed_at=NOW
        )
    for lab, subject in ((office.lab, "Kestrel 7"), (make.lab(), "Kestrel 6")):
        with pytest.raises(DatabaseError, match="same lab and model"), transaction.atomic():
            Designation.objects.create(
                lab=lab,
                subject=subject,
                outcome="covered",
                basis="b",
                supersedes=first,
                recorded_by=office.first,
            )
    assert in_force() == [first]


def test_only_one_about_the_same_model_is_superseded(office):
    first = confirmed(office)
    with pytest.raises(Invalid) as refused:
        desk.designation(office.first, office.lab, subject="Kestrel 7", supersedes=first)
    assert (refused.value.field, Designation.objects.count()) == ("supersedes", 1)


# --- consultations ----------------------------------------------------------------------------------------------------


def test_consultations_are_noted_at_recording_and_later_and_never_changed(office):
    agency = make.agency("Invented Energy Agency")
    made = desk.designation(
        office.first, office.lab, consultations=[{"agency": agency, "consulted_on": NOW.date()}]
    )
    actions.note_consultation(
        actor=office.second, designation=made, office="An invented science office", consulted_on=NOW.date(),
        words="Agreed with the benchmarks.", at=NOW + DAY,
    )  # fmt: skip
    rows = made.consultations.all()
    assert [(row.whom, row.words, row.noted_by) for row in rows] == [
        ("Invented Energy Agency", "", office.first),
        ("An invented science office", "Agreed with the benchmarks.", office.second),
    ]
    events = Event.objects.filter(subject_id=made.pk, verb="note_consultation")
    assert [event.actor for event in events.order_by("seq")] == [office.first, office.second]
    for change in (lambda: rows.update(words="Other."), lambda: rows._raw_delete(rows.db)):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({}, "office"),
        ({"office": "x", "agency": True}, "office"),
        ({"office": "x" * 201}, "office"),
        ({"office": "x", "consulted_on": None}, "consulted_on"),
        ({"office": "x", "consulted_on": (NOW + 2 * DAY).date()}, "consulted_on"),
        ({"office": "x", "words": "x" * 501}, "words"),
        ({"agency": False}, "agency"),
    ],
)
def test_a_wrong_consultation_names_its_field(office, options, field):
    made = desk.designation(office.first, office.lab)
    if "agency" in options:
        options = options | {"agency": make.agency() if options["agency"] else make.partner_organisation()}
    with pytest.raises(Invalid) as refused:
        actions.note_consultation(
            actor=office.first, designation=made, at=NOW, **({"consulted_on": NOW.date()} | options)
        )
    assert (refused.value.field, made.consultations.count()) == (field, 0)


def test_who_is_no_designator_or_has_a_conflict_notes_nothing(office):
    made = desk.designation(office.first, office.lab)
    Affiliation.objects.create(user=office.second, organisation=office.lab)
    for actor in (office.coordinator, desk.auditor(), office.writer, office.second):
        with pytest.raises(NotAllowed):
            actions.note_consultation(
                actor=actor, designation=made, office="An office", consulted_on=NOW.date(), at=NOW
            )
    assert made.consultations.count() == 0
