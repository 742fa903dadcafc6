"""Every so often a person of an agency confirms that what is on record of their conflicts and ties is complete."""

import pytest
from django.db import DatabaseError, transaction

from portal.accounts import actions as accounts
from portal.accounts.models import Membership, Role, User
from portal.deadlines import delivery, planning
from portal.deadlines.models import Deadline, Message
from portal.errors import AlreadyDone, NotAllowed, Stale
from portal.ledger.models import Event
from portal.programme.schema import offset_name
from portal.submissions import actions
from portal.submissions.models import ConflictStatement
from portal.submissions.on_record import on_record
from portal.submissions.tasks import record_clock
from tests import factories as make
from tests import factories_reviews as reviewed
from tests.programme.changing import saved

NOW, DAY = make.NOW, make.DAY
KIND = "conflict_renewal"
PAGE = "/admin/submissions/conflict/confirm/"
pytestmark = pytest.mark.django_db


def dates(person) -> list[tuple]:
    """The person's dates: by when, and what became of each."""
    rows = Deadline.objects.filter(kind=KIND, person=person).order_by("due_at", "created_at")
    return [(row.due_at, row.met_at, row.cancelled_at) for row in rows]


def told(person) -> list[tuple]:
    """Of which date the person was reminded, and how long before it."""
    rows = Message.objects.filter(kind=KIND, recipient=person).order_by("created_at")
    return [(row.due_at, offset_name(row.offset)) for row in rows]


def fresh(person) -> User:
    """Roles are read once for each object."""
    return User.objects.get(pk=person.pk)


def test_a_statement_meets_the_date_and_begins_the_next():
    person = reviewed.reviewer(make.agency())
    first = actions.confirm_conflicts(actor=person, at=NOW)
    assert dates(person) == [(NOW + 180 * DAY, None, None)]
    second = actions.confirm_conflicts(actor=person, at=NOW + 100 * DAY)
    assert dates(person) == [
        (NOW + 180 * DAY, NOW + 100 * DAY, None),
        (NOW + 280 * DAY, None, None),
    ]
    row = Deadline.objects.still_open().get(kind=KIND)
    assert (row.subject_id, row.case_id, row.case_number, row.link) == (second.pk, None, "", PAGE)
    events = Event.objects.filter(verb="confirmed_conflicts").order_by("seq")
    assert [(e.actor, e.subject_type, e.subject_id, e.case_id, e.data, e.at, e.what) for e in events] == [
        (
            person, "accounts.user", person.pk, None, {"statement": str(one.pk)}, one.at,
            "Confirmed that their conflicts and ties on record are complete",
        )
        for one in (first, second)
    ]  # fmt: skip


def test_reminders_go_out_once_for_each_date_and_none_after_it_until_it_is_confirmed_again():
    person = reviewed.reviewer(make.agency())
    actions.confirm_conflicts(actor=person, at=NOW)
    due, again = NOW + 180 * DAY, NOW + 250 * DAY
    for days in range(0, 250, 5):
        for _ in range(2):
            planning.plan(at=NOW + days * DAY)
    before = [(due, name) for name in ("-60d", "-30d", "-7d")]
    assert told(person) == before
    # They have been sent: what is planned for the next date is new, and not taken for these.
    Message.objects.update(state=Message.State.SENT, sent_at=due)
    actions.confirm_conflicts(actor=person, at=again)
    for days in range(250, 500, 5):
        planning.plan(at=NOW + days * DAY)
    assert told(person) == before + [(again + 180 * DAY, name) for name in ("-60d", "-30d", "-7d")]


def test_the_mail_says_what_to_do_and_nothing_else(mail_folder):
    person = reviewed.reviewer(make.agency())
    actions.confirm_conflicts(actor=person, at=NOW - 120 * DAY)
    planning.plan(at=NOW)
    delivery.deliver_due()
    (message,) = Message.objects.filter(kind=KIND, recipient=person)
    (mail,) = [file.read_text() for file in mail_folder.glob("*.eml")]
    assert (message.state, PAGE in mail) == ("sent", True)
    assert "Read what is on record of your conflicts and ties" in mail


def test_only_who_has_such_a_seat_of_an_agency_confirms():
    office = make.programme_office()
    asked = [make.member(office, role) for role in (Role.REVIEWER, Role.COORDINATOR, Role.DESIGNATOR)]
    ended = reviewed.reviewer(make.agency())
    Membership.objects.filter(user=ended).update(ended_at=NOW)
    others = [
        *(make.member(office, role) for role in (Role.LIAISON, Role.AUDITOR, Role.SECURITY)),
        make.member(make.lab(), Role.ADMIN),
        make.member(make.partner_organisation(), Role.ADMIN),
        make.person(is_superuser=True),
        ended,
    ]
    for person in others:
        with pytest.raises(NotAllowed):
            actions.confirm_conflicts(actor=person, at=NOW)
    for person in asked:
        actions.confirm_conflicts(actor=person, at=NOW)
    assert set(ConflictStatement.objects.values_list("person", flat=True)) == {one.pk for one in asked}
    # Of what others said nobody reads anything.
    for person in [*asked, *others]:
        own = ConflictStatement.objects.visible_to(fresh(person))
        assert set(own.values_list("person", flat=True)) == {one.pk for one in asked if one == person}


def test_a_statement_is_never_altered_or_removed():
    person = reviewed.reviewer(make.agency())
    actions.confirm_conflicts(actor=person, at=NOW)
    for change in (lambda rows: rows.update(at=NOW + DAY), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change(ConflictStatement.objects.all())


# --- What a page showed, and two of them --------------------------------------------------------------------------------------


def test_of_two_tabs_the_second_one_changes_nothing():
    person = reviewed.reviewer(make.agency())
    shown = on_record(person)
    both = {"actor": person, "seen": shown.seen, "said": shown.said}
    actions.confirm_conflicts(**both, at=NOW)
    with pytest.raises(AlreadyDone):
        actions.confirm_conflicts(**both, at=NOW + DAY)
    assert list(ConflictStatement.objects.values_list("at", flat=True)) == [NOW]
    assert dates(person) == [(NOW + 180 * DAY, None, None)]


@pytest.mark.parametrize("change", ["declared", "ended", "worked", "left", "address", "domain"])
def test_nobody_confirms_what_they_have_not_seen(change):
    coordinator, person, lab = make.coordinator(), reviewed.reviewer(make.agency()), make.lab()
    known = actions.declare_conflict(actor=person, user=person, organisation=make.lab(), at=NOW)
    accounts.record_affiliation(actor=person, user=person, organisation=lab, at=NOW)
    shown = on_record(person)
    mine = {"actor": person, "user": person}
    {
        "declared": lambda: actions.declare_conflict(**mine, organisation=lab, at=NOW),
        "ended": lambda: actions.end_conflict(actor=coordinator, conflict=known, reason="Over.", at=NOW),
        "worked": lambda: accounts.record_affiliation(**mine, organisation=make.lab(), at=NOW),
        "left": lambda: accounts.record_affiliation(**mine, organisation=lab, until=NOW.date(), at=NOW),
        "address": lambda: accounts.record_address(**mine, email="me@elsewhere.example", at=NOW),
        "domain": lambda: accounts.record_domain(
            actor=coordinator, organisation=lab, domain="example.invalid", at=NOW
        ),
    }[change]()
    with pytest.raises(Stale):
        actions.confirm_conflicts(actor=person, seen=shown.seen, said=shown.said, at=NOW)
    assert not ConflictStatement.objects.exists()
    now = on_record(person)
    actions.confirm_conflicts(actor=person, seen=now.seen, said=now.said, at=NOW)
    assert dates(person) == [(NOW + 180 * DAY, None, None)]


# --- Attestations, roles that end, and the target -----------------------------------------------------------------------------


def test_the_first_attestation_starts_the_clock_and_replaces_no_statement():
    case, other = make.Case(), make.Case()
    person, stated = (reviewed.reviewer(make.programme_office()) for _ in range(2))
    actions.confirm_conflicts(actor=stated, at=NOW - 100 * DAY)
    seat = reviewed.active(case, person, at=NOW)
    reviewed.active(other, person, at=NOW + DAY)
    reviewed.active(case, stated, at=NOW)
    assert dates(person) == [(NOW + 180 * DAY, None, None)]
    assert dates(stated) == [(NOW + 80 * DAY, None, None)]
    assert Deadline.objects.get(kind=KIND, person=person).subject_id == seat.pk
    # Declaring a conflict is no statement either.
    actions.declare_conflict(actor=person, user=person, organisation=make.lab(), at=NOW + 2 * DAY)
    assert dates(person) == [(NOW + 180 * DAY, None, None)]
    actions.confirm_conflicts(actor=person, at=NOW + 3 * DAY)
    assert dates(person) == [(NOW + 180 * DAY, NOW + 3 * DAY, None), (NOW + 183 * DAY, None, None)]


def test_who_has_no_such_role_any_more_is_reminded_of_nothing():
    gone, moved, closed, stays = (reviewed.reviewer(make.programme_office()) for _ in range(4))
    for person in (gone, moved, closed, stays):
        actions.confirm_conflicts(actor=person, at=NOW)
    at = NOW + 120 * DAY
    Membership.objects.filter(user=gone).update(ended_at=at)
    Membership.objects.filter(user=moved).update(role=Role.AUDITOR)
    User.objects.filter(pk=closed.pk).update(is_active=False)
    for _ in range(2):
        actions.end_renewals(at=at)
    off, on = (NOW + 180 * DAY, None, at), (NOW + 180 * DAY, None, None)
    assert [dates(person) for person in (gone, moved, closed, stays)] == [[off], [off], [off], [on]]
    planning.plan(at=NOW + 200 * DAY)
    assert [len(told(person)) for person in (gone, moved, closed, stays)] == [0, 0, 0, 3]


def test_a_reminder_planned_before_the_job_noticed_is_not_sent(mail_folder):
    gone, moved, stays = (reviewed.reviewer(make.agency()) for _ in range(3))
    for person in (gone, moved, stays):
        actions.confirm_conflicts(actor=person, at=NOW - 120 * DAY)
    Membership.objects.filter(user=gone).update(ended_at=NOW)
    Membership.objects.filter(user=moved).update(role=Role.LIAISON)
    planning.plan(at=NOW)
    delivery.deliver_due()
    states = {row.recipient: row.state for row in Message.objects.filter(kind=KIND)}
    assert states == {gone: "dropped", moved: "dropped", stays: "sent"}
    assert len(list(mail_folder.glob("*.eml"))) == 1


def test_the_date_is_set_again_by_the_next_statement_or_attestation():
    case, agency = make.Case(), make.programme_office()
    stating, attesting, neither = (reviewed.reviewer(agency) for _ in range(3))
    for person in (stating, attesting):
        actions.confirm_conflicts(actor=person, at=NOW - 100 * DAY)
    reviewed.active(case, neither, at=NOW)
    rows = Membership.objects.filter(user__in=(stating, attesting, neither))
    rows.update(ended_at=NOW)
    actions.end_renewals(at=NOW)
    rows.update(ended_at=None)
    actions.end_renewals(at=NOW)
    assert not Deadline.objects.still_open().filter(kind=KIND).exists()
    later = NOW + DAY
    actions.confirm_conflicts(actor=fresh(stating), at=later)
    for person in (attesting, neither):
        reviewed.active(make.Case(), fresh(person), at=later)
    still = {row.person: row.due_at for row in Deadline.objects.still_open().filter(kind=KIND)}
    assert still == {
        stating: later + 180 * DAY,
        attesting: NOW + 80 * DAY,
        neither: later + 180 * DAY,
    }


def test_the_periodic_job_follows_the_staff():
    person = reviewed.reviewer(make.agency())
    actions.confirm_conflicts(actor=person, at=NOW)
    Membership.objects.filter(user=person).update(ended_at=NOW)
    record_clock()
    assert not Deadline.objects.still_open().filter(kind=KIND).exists()


def test_another_target_moves_the_dates_that_are_open():
    stated, attested = (reviewed.reviewer(make.programme_office()) for _ in range(2))
    actions.confirm_conflicts(actor=stated, at=NOW - 10 * DAY)
    actions.confirm_conflicts(actor=stated, at=NOW)
    reviewed.active(make.Case(), attested, at=NOW)
    saved(make.coordinator(), NOW + DAY, target__conflict_renewal_days="90")
    assert dates(stated) == [(NOW + 90 * DAY, None, None), (NOW + 170 * DAY, NOW, None)]
    assert dates(attested) == [(NOW + 90 * DAY, None, None)]


def test_a_date_is_the_persons_own_and_its_messages_the_offices_to_deliver():
    person, other = (reviewed.reviewer(make.agency()) for _ in range(2))
    coordinator, auditor = make.coordinator(), reviewed.auditor()
    actions.confirm_conflicts(actor=person, at=NOW)
    planning.plan(at=NOW + 120 * DAY)
    people = (person, other, coordinator, auditor)
    seen = [Deadline.objects.visible_to(one).filter(kind=KIND).count() for one in people]
    outbox = [Message.objects.in_outbox_of(one).filter(kind=KIND).count() for one in people]
    assert (seen, outbox) == ([1, 0, 0, 0], [0, 0, 1, 1])
