"""An inquiry's way, who reads it, and whom it reminds."""

from uuid import uuid4

import pytest

from portal.accounts.models import Affiliation, Membership, Role, User
from portal.deadlines import planning
from portal.deadlines.models import Deadline, Message
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, Stale, WrongState
from portal.ledger.models import Event
from portal.submissions import actions as cases
from reviews import actions
from reviews.actions.inquiries import remind_of_waiting
from reviews.deadline_kinds import acknowledge_inquiry_due
from reviews.models import Inquiry
from tests import factories as make
from tests import factories_reviews as desk

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
verbs = actions.inquiries


class Desk:
    def __init__(self):
        self.lab = make.lab()
        self.writer = make.member(self.lab, Role.CONTRIBUTOR)
        self.viewer = make.member(self.lab, Role.VIEWER)
        self.coordinator = make.coordinator()
        self.designator = desk.designator()


@pytest.fixture
def office():
    return Desk()


def told(kind: str) -> dict:
    rows = Message.objects.filter(kind=kind).select_related("recipient")
    return {message.recipient: (message.case_number, message.link) for message in rows}


def reads(user) -> set:
    return set(Inquiry.objects.visible_to(User.objects.get(pk=user.pk), at=NOW + DAY))


def test_the_whole_way(office):
    made = desk.submitted_inquiry(office.writer, office.lab)
    verbs.acknowledge(actor=office.coordinator, inquiry=made, at=NOW)
    verbs.begin_benchmarking(actor=office.coordinator, inquiry=made, at=NOW)
    answered = verbs.answer(actor=office.designator, inquiry=made, answer=" See the designation. ", at=NOW)
    assert (answered.answer, answered.answered_by, answered.answered_at) == (
        "See the designation.",
        office.designator,
        NOW,
    )
    closed = verbs.close(actor=office.coordinator, inquiry=made, at=NOW)
    assert (closed.state, closed.closed_at) == ("closed", NOW)
    rows = Event.objects.filter(subject_id=made.pk).order_by("seq")
    steps = [
        ("submit", "submitted"),
        ("acknowledge", "acknowledged"),
        ("begin_benchmarking", "in_benchmarking"),
    ]
    steps += [("answer", "answered"), ("close", "closed")]
    sources = ["draft", *[target for _, target in steps]]
    actors = [office.writer, office.coordinator, office.coordinator, office.designator, office.coordinator]
    capacities = ["lab", "coordinator", "coordinator", "designator", "coordinator"]
    assert [(e.verb, e.actor, e.capacity, e.data, e.case_id) for e in rows] == [
        ("create_inquiry", office.writer, "lab", {"revision": 1}, None),
        *[
            (verb, actor, capacity, {"revision": n + 2, "from": sources[n], "to": target}, None)
            for n, ((verb, target), actor, capacity) in enumerate(zip(steps, actors, capacities, strict=True))
        ],
    ]
    to_lab = (made.number, f"/lab/inquiries/{made.number}/")
    to_office = (made.number, f"/admin/reviews/inquiry/{made.pk}/change/")
    both = {office.writer: to_lab, office.viewer: to_lab}
    assert told("inquiry_submitted") == {office.viewer: to_lab, office.coordinator: to_office}
    assert told("inquiry_acknowledged") == both
    assert told("inquiry_in_benchmarking") == both | {office.designator: to_office}
    assert told("inquiry_answered") == both | {office.coordinator: to_office}
    assert told("inquiry_closed") == both


def test_nothing_of_the_lab_s_words_is_told(office):
    desk.submitted_inquiry(office.writer, office.lab)
    stored = [
        *Event.objects.values_list("data", "reason"),
        *Message.objects.values_list("link", "key", "case_number"),
    ]
    assert not [word for word in ("Kestrel", "nougat") if word in repr(stored)]


def test_numbers_are_random_and_readable(office):
    numbers = {desk.inquiry(office.writer, office.lab).number for _ in range(5)}
    assert len(numbers) == 5
    assert all(number.startswith("INQ-") and len(number) == 13 for number in numbers)


def test_only_the_lab_s_writers_ask(office):
    for actor in (office.viewer, office.coordinator, make.member(make.lab(), Role.ADMIN), make.person()):
        with pytest.raises(NotAllowed):
            desk.inquiry(actor, office.lab)
    made = desk.inquiry(office.writer, office.lab)
    for actor in (office.viewer, office.coordinator, make.member(make.lab(), Role.ADMIN)):
        with pytest.raises(NotAllowed):
            actions.save_inquiry(actor=actor, inquiry=made, values={"question": "Mine."}, at=NOW)
        with pytest.raises(NotAllowed):
            verbs.submit(actor=actor, inquiry=made, at=NOW)


@pytest.mark.parametrize("left_out", ["model_name", "question"])
def test_an_incomplete_inquiry_is_not_submitted(office, left_out):
    made = desk.inquiry(office.writer, office.lab, **{left_out: "  "})
    with pytest.raises(Missing) as refused:
        verbs.submit(actor=office.writer, inquiry=made, at=NOW)
    assert refused.value.field == left_out


def test_wrong_values_name_their_field(office):
    with pytest.raises(Invalid) as refused:
        desk.inquiry(office.writer, office.lab, model_name="x" * 201)
    assert refused.value.field == "model_name"


def test_the_same_key_makes_one_inquiry(office):
    options = {"actor": office.writer, "lab": office.lab, "values": desk.QUESTION, "key": uuid4(), "at": NOW}
    actions.create_inquiry(**options)
    with pytest.raises(AlreadyDone):
        actions.create_inquiry(**options)
    assert Inquiry.objects.count() == 1


def test_a_stale_form_is_refused_with_what_changed(office):
    made = desk.inquiry(office.writer, office.lab)
    actions.save_inquiry(
        actor=office.writer, inquiry=made, values={"question": "First?"}, expected_revision=1, at=NOW
    )
    with pytest.raises(Stale) as refused:
        actions.save_inquiry(
            actor=office.writer, inquiry=made, values={"question": "Second?"}, expected_revision=1, at=NOW
        )
    assert refused.value.changes == ["14 Sep 2026, 2:00 p.m. UTC: Saved the inquiry"]


def test_a_submitted_inquiry_is_not_edited(office):
    made = desk.submitted_inquiry(office.writer, office.lab)
    with pytest.raises(WrongState):
        actions.save_inquiry(actor=office.writer, inquiry=made, values={"question": "Other?"}, at=NOW)
    with pytest.raises(AlreadyDone):
        verbs.submit(actor=office.writer, inquiry=made, at=NOW)


def test_each_step_belongs_to_its_role(office):
    made = desk.submitted_inquiry(office.writer, office.lab)
    elsewhere = make.member(make.agency(), Role.COORDINATOR)
    for actor in (office.designator, office.writer, elsewhere, desk.auditor(), desk.reviewer(make.agency())):
        with pytest.raises(NotAllowed):
            verbs.acknowledge(actor=actor, inquiry=made, at=NOW)
    verbs.acknowledge(actor=office.coordinator, inquiry=made, at=NOW)
    verbs.begin_benchmarking(actor=office.coordinator, inquiry=made, at=NOW)
    for actor in (office.coordinator, office.writer, desk.auditor()):
        with pytest.raises(NotAllowed):
            verbs.answer(actor=actor, inquiry=made, answer="Yes.", at=NOW)
    with pytest.raises(Missing) as refused:
        verbs.answer(actor=office.designator, inquiry=made, answer=" ", at=NOW)
    assert refused.value.field == "answer"


def test_a_step_out_of_order_is_refused(office):
    made = desk.submitted_inquiry(office.writer, office.lab)
    with pytest.raises(WrongState):
        verbs.begin_benchmarking(actor=office.coordinator, inquiry=made, at=NOW)
    with pytest.raises(WrongState):
        verbs.answer(actor=office.designator, inquiry=made, answer="Yes.", at=NOW)


@pytest.mark.parametrize("conflict", ["declared", "affiliation"])
def test_a_conflict_stops_every_step_and_hides_it(office, conflict):
    made = desk.submitted_inquiry(office.writer, office.lab)
    for user in (office.coordinator, office.designator):
        if conflict == "declared":
            cases.declare_conflict(actor=user, user=user, organisation=office.lab, at=NOW)
        else:
            Affiliation.objects.create(user=user, organisation=office.lab)
        assert reads(user) == set()
    with pytest.raises(NotAllowed):
        verbs.acknowledge(actor=office.coordinator, inquiry=made, at=NOW)


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_the_lab_withdraws_in_one_step_from_each_early_state(office, steps):
    made = desk.inquiry(office.writer, office.lab)
    way = [(verbs.submit, office.writer), (verbs.acknowledge, office.coordinator)]
    way += [(verbs.begin_benchmarking, office.coordinator)]
    for step, actor in way[:steps]:
        step(actor=actor, inquiry=made, at=NOW)
    withdrawn = verbs.withdraw(actor=office.writer, inquiry=made, at=NOW)
    assert (withdrawn.state, withdrawn.withdrawn_at) == ("withdrawn", NOW)
    hears = {office.viewer} if steps == 0 else {office.viewer, office.coordinator, office.designator}
    assert set(told("inquiry_withdrawn")) == hears
    with pytest.raises(AlreadyDone):
        verbs.withdraw(actor=office.writer, inquiry=made, at=NOW)


def test_an_answered_inquiry_is_withdrawn_no_more(office):
    made = desk.submitted_inquiry(office.writer, office.lab)
    verbs.acknowledge(actor=office.coordinator, inquiry=made, at=NOW)
    verbs.begin_benchmarking(actor=office.coordinator, inquiry=made, at=NOW)
    verbs.answer(actor=office.designator, inquiry=made, answer="Yes.", at=NOW)
    with pytest.raises(WrongState):
        verbs.withdraw(actor=office.writer, inquiry=made, at=NOW)


def test_who_reads_what(office):
    draft, sent = desk.inquiry(office.writer, office.lab), desk.submitted_inquiry(office.writer, office.lab)
    gone = verbs.withdraw(
        actor=office.writer, inquiry=desk.submitted_inquiry(office.writer, office.lab), at=NOW
    )
    dropped = verbs.withdraw(actor=office.writer, inquiry=desk.inquiry(office.writer, office.lab), at=NOW)
    own, records, readers = {draft, sent, gone, dropped}, {sent, gone}, {sent}
    expected = {
        office.writer: own,
        office.viewer: own,
        office.coordinator: records,
        office.designator: records,
        desk.auditor(): records,
        desk.reviewer(make.agency()): readers,
        make.member(make.agency(), Role.COORDINATOR): set(),
        make.member(make.agency(), Role.LIAISON): set(),
        make.member(make.lab(), Role.ADMIN): set(),
        make.member(make.partner_organisation(), Role.ADMIN): set(),
        make.person(is_superuser=True): set(),
    }
    assert {user: reads(user) for user in expected} == expected


def waiting() -> set:
    return {deadline.person for deadline in Deadline.objects.still_open().filter(kind="acknowledge_inquiry")}


def test_coordinators_are_reminded_until_it_is_acknowledged(office):
    other = make.coordinator()
    conflicted = make.coordinator()
    Affiliation.objects.create(user=conflicted, organisation=office.lab)
    made = desk.submitted_inquiry(office.writer, office.lab)
    assert waiting() == {office.coordinator, other}
    due = acknowledge_inquiry_due(NOW)
    planning.plan(at=due)
    reminders = Message.objects.filter(kind="acknowledge_inquiry").select_related("recipient")
    link = f"/admin/reviews/inquiry/{made.pk}/change/"
    assert {(m.recipient, m.offset, m.case_number, m.link) for m in reminders} == {
        (user, offset, made.number, link) for user in (office.coordinator, other) for offset in (-86400, 0)
    }
    verbs.acknowledge(actor=other, inquiry=made, at=due)
    assert waiting() == set()
    assert set(Deadline.objects.values_list("met_at", flat=True)) == {due}


def test_reminders_follow_the_staff(office):
    desk.submitted_inquiry(office.writer, office.lab)
    newcomer = make.coordinator()
    Membership.objects.filter(user=office.coordinator).update(ended_at=NOW)
    for _ in range(2):
        remind_of_waiting(at=NOW + DAY)
    assert waiting() == {newcomer}


def test_a_withdrawn_inquiry_reminds_nobody(office):
    made = desk.submitted_inquiry(office.writer, office.lab)
    verbs.withdraw(actor=office.writer, inquiry=made, at=NOW)
    assert waiting() == set()
    assert set(Deadline.objects.values_list("met_at", "cancelled_at")) == {(None, NOW)}


def test_events_of_an_inquiry_are_read_by_the_office_alone(office):
    made = desk.submitted_inquiry(office.writer, office.lab)
    expected = {
        office.viewer: 0,
        office.coordinator: 2,
        desk.auditor(): 2,
        desk.reviewer(make.agency()): 0,
        make.member(make.lab(), Role.ADMIN): 0,
    }
    mine = Event.objects.filter(subject_id=made.pk)
    assert {user: (mine & Event.objects.visible_to(user)).count() for user in expected} == expected
