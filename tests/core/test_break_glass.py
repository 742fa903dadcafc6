"""Break-glass access: for a reason, by two persons, for some hours, shown to the lab; and nothing beside that (docs/adr/0028)."""

from datetime import timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from portal.accounts.models import Membership, Role, User
from portal.deadlines.models import Message
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, WrongState
from portal.ledger.models import Event
from portal.submissions import actions, looks, oversight, policies, sight
from portal.submissions.actions import break_glass
from portal.submissions.models import Audience, BreakGlass, Document, Obligation, Submission
from portal.submissions.querysets import ASSESSMENTS, DOCUMENTS, FACTS, INSTRUCTIONS, OFFER, RECORD, live
from portal.submissions.states import BreakGlassState
from reviews.models import Assessment
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.admin.desk import Desk
from tests.factories_break_glass import ALL_PARTS, AT, NOW, WHY, Guarded
from tests.programme.changing import saved

pytestmark = pytest.mark.django_db
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
SCOPES = (RECORD, FACTS, DOCUMENTS, INSTRUCTIONS, ASSESSMENTS, OFFER, "model")
OPENED = {RECORD, FACTS, DOCUMENTS, ASSESSMENTS}


@pytest.fixture
def case():
    return Guarded()


def again(user) -> User:
    return User.objects.get(pk=user.pk)


def seen(user, case, at=AT) -> set:
    """The scopes of a case that every way of asking opens: they agree."""
    user = again(user)
    by_scope = {
        scope
        for scope in SCOPES
        if Submission.objects.visible_to(user, scope=scope, at=at).filter(pk=case.submission.pk)
    }
    rows = Audience.objects.filter(live(at), user=user, submission=case.submission)
    assert by_scope == {row.scope for row in rows}
    assert policies.capacities(user, case.submission, at=at) == {row.capacity for row in rows}
    documents = Document.objects.visible_to(user, at=at).filter(submission=case.submission)
    assert documents.exists() == (DOCUMENTS in by_scope)
    return by_scope


def told(kind) -> set:
    return set(Message.objects.filter(kind=kind).values_list("recipient_id", flat=True))


# --- what it opens, and to whom ----------------------------------------------------------------------------------------------


def test_asking_opens_nothing_and_concurring_what_was_asked_for_to_who_asked_alone(case):
    access = case.ask()
    people = [case.officer, case.colleague, case.foreign_security, case.office_security]
    assert [seen(user, case) for user in people] == [set()] * 4
    break_glass.concur(actor=case.colleague, access=access, at=AT + HOUR)
    assert [seen(user, case, AT + HOUR) for user in people] == [OPENED, set(), set(), set()]
    assert seen(case.officer, case, AT + HOUR - SECOND) == set()
    row = (
        Audience.objects.filter(user=case.officer).values_list("capacity", "since", "until").distinct().get()
    )
    assert row == ("break_glass", AT + HOUR, AT + 5 * HOUR)


@pytest.mark.parametrize("parts", [["facts"], ["documents"], ["assessments", "facts"]])
def test_it_opens_the_parts_that_were_named_and_never_the_instructions(case, parts):
    case.opened(scopes=parts)
    assert seen(case.officer, case) == {RECORD, *parts}
    for scopes in ([], ["instructions"], ["facts", "instructions"], ["offer"]):
        with pytest.raises(Missing):
            case.ask(case.office_security, scopes=scopes)
    with pytest.raises(NotAllowed):
        actions.reveal_instructions(actor=again(case.officer), submission=case.submission, at=AT)


def test_no_other_case_opens(case):
    other = make.Case()
    case.opened()
    assert set(Submission.objects.visible_to(again(case.officer), at=AT)) == {case.submission}
    assert seen(case.officer, other) == set()


def test_of_assessments_it_opens_what_was_shared_and_no_draft(case):
    drafted, shared = reviewing.draft(case, at=AT), reviewing.shared(case, at=AT)
    assert not Assessment.objects.visible_to(again(case.officer), at=AT).exists()
    case.opened(scopes=["assessments"])
    assert set(Assessment.objects.visible_to(again(case.officer), at=AT)) == {shared}
    assert drafted != shared
    case.opened(case.colleague, by=case.office_security, scopes=["facts", "documents"])
    assert not Assessment.objects.visible_to(again(case.colleague), at=AT).exists()
    with time_machine.travel(AT, tick=False):
        page = Desk(case.officer).client.get(reverse("admin:reviews_assessment_change", args=[shared.pk]))
        assert page.status_code == 200
    looked = Event.objects.looks().get(actor=case.officer, subject_id=shared.pk)
    assert (looked.case_id, looked.capacity) == (case.submission.pk, "break_glass")


# --- when it ends ---------------------------------------------------------------------------------------------------------------


def test_it_ends_to_the_second_and_nothing_has_to_run(case):
    access = case.opened(hours=3)
    end = AT + 3 * HOUR
    assert access.expires_at == end
    assert [seen(case.officer, case, at) for at in (end - SECOND, end, end + HOUR)] == [OPENED, set(), set()]
    assert access.state_at(end - SECOND) == "open"
    assert access.state_at(end) == "expired"
    for actor in (case.officer, case.colleague):
        with pytest.raises((WrongState, AlreadyDone)):
            break_glass.end(actor=actor, access=access, at=end)


@pytest.mark.parametrize("who", ["officer", "colleague", "office_security", "coordinator"])
def test_either_side_ends_it_early(case, who):
    access = case.opened()
    actor = getattr(case, who)
    break_glass.end(actor=actor, access=access, at=AT + HOUR)
    assert seen(case.officer, case, AT + HOUR - SECOND) == OPENED
    assert seen(case.officer, case, AT + HOUR) == set()
    event = Event.objects.get(verb="end_break_glass")
    assert (event.actor, event.case_id, event.subject_id) == (actor, case.submission.pk, case.submission.pk)
    lab = {case.contributor.pk, *([case.admin.pk] if hasattr(case, "admin") else [])}
    assert told("break_glass_ended") == (lab | {case.officer.pk, case.colleague.pk}) - {actor.pk}


def test_withdrawal_ends_it_in_the_same_transaction(case):
    case.opened()
    actions.withdraw(actor=case.contributor, submission=case.submission, at=AT + HOUR)
    assert seen(case.officer, case, AT + HOUR - SECOND) == OPENED
    assert seen(case.officer, case, AT + HOUR) == set()
    assert BreakGlass.objects.get().state_at(AT + HOUR) == "expired"


def test_the_documents_end_with_the_window_and_a_release_is_its_end(case):
    actions.release(actor=case.contributor, submission=case.submission, at=AT)
    case.opened()
    assert seen(case.officer, case) == {RECORD, FACTS, ASSESSMENTS}
    again = case.again()
    actions.close(actor=case.coordinator, submission=again, at=AT + HOUR)
    assert seen(case.officer, case, AT + HOUR) == set()


def test_a_role_that_ends_ends_it_and_given_anew_opens_nothing(case):
    case.opened()
    seat = case.officer.memberships.get()
    seat.ended_at = AT + HOUR
    seat.save()
    Membership.objects.create(
        user=case.officer, organisation=case.agency, role=Role.SECURITY, since=AT + HOUR + SECOND
    )
    times = (AT + HOUR - SECOND, AT + HOUR, AT + 2 * HOUR)
    assert [seen(case.officer, case, at) for at in times] == [OPENED, set(), set()]


def test_a_conflict_closes_it_at_once_and_hides_that_it_was(case):
    access = case.opened()
    assert BreakGlass.objects.visible_to(again(case.officer)).exists()
    actions.declare_conflict(actor=case.officer, user=case.officer, submission=case.submission, at=AT + HOUR)
    assert seen(case.officer, case, AT + HOUR) == set()
    assert not BreakGlass.objects.visible_to(again(case.officer)).exists()
    with pytest.raises(NotAllowed):
        break_glass.end(actor=again(case.officer), access=access, at=AT + HOUR)
    # The lab reads of it all the same.
    assert [row.access for row in oversight.opened(case.again())] == [access]


# --- who asks and who concurs ---------------------------------------------------------------------------------------------------


def test_who_reads_of_an_ask_and_who_may_answer_it(case):
    access = case.ask()
    auditor = make.member(make.agency(), Role.AUDITOR)
    lab_officer = make.member(case.agency, Role.SECURITY)
    actions.declare_conflict(actor=lab_officer, user=lab_officer, organisation=case.lab, at=NOW)
    people = {
        "officer": case.officer, "colleague": case.colleague, "office": case.office_security,
        "foreign": case.foreign_security, "coordinator": case.coordinator, "invited": case.agency_coordinator,
        "auditor": auditor, "reviewer": case.reviewer, "lab": case.contributor, "conflicted": lab_officer,
    }  # fmt: skip
    reads = {
        name
        for name, user in people.items()
        if BreakGlass.objects.visible_to(again(user)).filter(pk=access.pk)
    }
    assert reads == {"officer", "colleague", "office", "coordinator", "auditor"}
    answers = set()
    for name, user in people.items():
        with transaction.atomic():
            try:
                break_glass.concur(actor=again(user), access=access, at=AT)
                answers.add(name)
            except NotAllowed:
                pass
            transaction.set_rollback(True)
    assert answers == {"colleague", "office", "coordinator"}
    assert told("break_glass_asked") == {people[name].pk for name in answers}


def test_the_database_wants_two_persons_and_a_day_at_most(case):
    access = case.ask()
    rows = BreakGlass.objects.filter(pk=access.pk)
    opened = {"stored_state": "open", "opened_at": AT, "expires_at": AT + HOUR}
    for values in (
        opened | {"opened_by": case.officer},
        opened | {"opened_by": case.colleague, "expires_at": AT + 24 * HOUR + SECOND},
        opened | {"opened_by": case.colleague, "expires_at": AT},
        opened | {"opened_by": case.colleague, "opened_at": access.lapses_at, "expires_at": access.lapses_at + HOUR},
        {"stored_state": "open"},
        {"stored_state": "ended", "ended_by": case.officer, "ended_at": AT},
        {"reason": "Another."},
        {"hours": 5},
        {"asked_by": case.colleague},
        {"scopes": ["facts"]},
    ):  # fmt: skip
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**values)
    with pytest.raises(DatabaseError), transaction.atomic():
        BreakGlass.objects.create(
            submission=case.submission, agency=case.agency, asked_by=case.officer, scopes=["facts"], reason="x",
            hours=25, lapses_at=AT + HOUR,
        )  # fmt: skip
    with pytest.raises(DatabaseError), transaction.atomic():
        BreakGlass.objects.create(
            submission=case.submission, agency=case.agency, asked_by=case.officer, scopes=["instructions"],
            reason="x", hours=1, lapses_at=AT + HOUR,
        )  # fmt: skip
    assert rows.get() == access


def test_the_record_is_append_only(case):
    access = case.opened()
    rows = BreakGlass.objects.filter(pk=access.pk)
    for values in (
        {"expires_at": AT + 5 * HOUR},
        {"opened_by": case.office_security},
        {"stored_state": "asked", "opened_by": None, "opened_at": None, "expires_at": None},
        {"stored_state": "turned_down"},
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**values)
    break_glass.end(actor=case.officer, access=access, at=AT + HOUR)
    for values in ({"ended_at": AT + 2 * HOUR}, {"stored_state": "open", "ended_by": None, "ended_at": None}):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**values)
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.delete()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE submissions_breakglass CASCADE")


@pytest.mark.parametrize("maker", [make.draft, make.submitted])
def test_nothing_is_asked_of_a_case_without_agreed_terms_or_that_is_over(case, maker):
    early = make.Case(maker)
    over = make.Case()
    actions.withdraw(actor=over.contributor, submission=over.submission, at=AT)
    for one in (early, over):
        with pytest.raises(NotAllowed, match=break_glass.NO_CASE):
            break_glass.ask(
                actor=case.officer, submission=one.submission, scopes=["facts"], hours=1, reason=WHY, at=AT
            )
    assert not BreakGlass.objects.exists()


def test_who_has_a_conflict_or_no_such_role_gets_the_answer_of_a_number_that_is_none(case):
    actions.declare_conflict(actor=case.colleague, user=case.colleague, submission=case.submission, at=NOW)
    strangers = (
        case.reviewer, case.coordinator, case.contributor, make.member(make.agency(), Role.AUDITOR),
        make.member(make.partner_organisation(), Role.ADMIN),
    )  # fmt: skip
    with pytest.raises(NotAllowed, match=break_glass.NO_CASE):
        case.ask(case.colleague)
    for user in strangers:
        with pytest.raises(NotAllowed):
            case.ask(user)
    with pytest.raises(NotAllowed):
        case.ask(agency=make.programme_office())
    assert not BreakGlass.objects.exists()
    assert not Event.objects.filter(subject_type="submissions.breakglass").exists()


def test_who_changed_since_asking_is_given_nothing(case):
    access = case.ask()
    actions.declare_conflict(actor=case.officer, user=case.officer, organisation=case.lab, at=AT)
    with pytest.raises(WrongState):
        break_glass.concur(actor=case.colleague, access=access, at=AT)
    other = case.ask(case.colleague)
    case.colleague.memberships.update(ended_at=AT)
    with pytest.raises(WrongState):
        break_glass.concur(actor=case.office_security, access=other, at=AT + SECOND)


def test_hours_follow_the_setting_also_between_asking_and_concurring(case):
    with pytest.raises(Invalid):
        case.ask(hours=5)
    with pytest.raises(Invalid):
        case.ask(hours=0)
    access = case.ask()
    saved(case.coordinator, target__break_glass_hours="2")
    with pytest.raises(WrongState):
        break_glass.concur(actor=case.colleague, access=access, at=AT)
    saved(case.coordinator, target__break_glass_hours="24")
    break_glass.turn_down(actor=case.colleague, access=access, reason="Say more.", at=AT)
    assert case.opened(hours=24).expires_at == AT + 24 * HOUR


def test_an_ask_is_answered_once_and_lapses(case):
    access = case.ask()
    with pytest.raises(AlreadyDone):
        case.ask()
    late = access.lapses_at
    assert late == AT + 24 * HOUR
    assert (access.state_at(late - SECOND), access.state_at(late)) == ("asked", "lapsed")
    with pytest.raises(WrongState):
        break_glass.concur(actor=case.colleague, access=access, at=late)
    second = case.ask(at=late)
    with pytest.raises(NotAllowed):
        break_glass.take_back(actor=case.colleague, access=second, at=late)
    break_glass.take_back(actor=case.officer, access=second, at=late)
    third = case.ask(at=late)
    with pytest.raises(Missing):
        break_glass.turn_down(actor=case.colleague, access=third, reason=" ", at=late)
    break_glass.turn_down(actor=case.colleague, access=third, reason="No need.", at=late)
    assert told("break_glass_turned_down") == {case.officer.pk}
    with pytest.raises(WrongState):
        break_glass.concur(actor=case.office_security, access=third, at=late)
    assert seen(case.officer, case, late) == set()


def test_the_sql_of_its_state_is_pythons(case):
    case.ask()
    second = case.opened(case.office_security, by=case.coordinator)
    break_glass.end(actor=case.coordinator, access=second, at=AT + HOUR)
    case.opened(case.foreign_security, by=case.office_security)
    actions.withdraw(actor=case.contributor, submission=case.submission, at=AT + 2 * HOUR)
    met = set()
    for at in (AT, AT + HOUR, AT + 2 * HOUR, AT + 4 * HOUR, AT + 24 * HOUR):
        for state in BreakGlassState:
            rows = set(BreakGlass.objects.in_state(state, at=at))
            assert rows == {row for row in BreakGlass.objects.all() if row.state_at(at) == state}
            met |= {state} if rows else set()
    assert met == {"asked", "open", "expired", "ended", "lapsed"}


# --- what the lab learns --------------------------------------------------------------------------------------------------------


def test_the_lab_is_told_at_once_of_what_opens_by_number_and_link_alone(case):
    access = case.ask()
    lab = {case.contributor.pk}
    assert not Message.objects.filter(kind__startswith="break_glass", recipient__in=lab).exists()
    assert oversight.opened(case.again()) == []
    break_glass.concur(actor=case.colleague, access=access, at=AT)
    message = Message.objects.get(kind="break_glass_opened")
    assert (message.recipient_id, message.case_number, message.link, message.try_at) == (
        case.contributor.pk, case.submission.case_number, f"/case/{case.submission.case_number}/", AT,
    )  # fmt: skip
    assert WHY not in message.wording
    assert told("break_glass_given") == {case.officer.pk, case.coordinator.pk}
    event = Event.objects.get(verb="open_break_glass")
    assert (event.actor, event.capacity, event.reason) == (case.colleague, "security", WHY)
    # Nobody's id but the actor's: the lab's archive opens what stands in it.
    assert str(case.officer.pk) not in str(event.data)
    (row,) = oversight.opened(case.again())
    names = {f"{case.agency.short_name} security officer {number}" for number in (1, 2)}
    assert (row.access, {row.officer, row.second}) == (access, names)
    (seat,) = [seat for seat in sight.seats_of(case.again(), at=AT) if seat.capacity == "break_glass"]
    assert (seat.name, seat.status, seat.since, seat.until) == (row.officer, "now", AT, AT + 4 * HOUR)
    assert seat.capacity_label == "Security officer, break-glass access"


def test_an_ask_that_was_turned_down_is_not_the_labs_to_read(case):
    access = case.ask()
    break_glass.turn_down(actor=case.colleague, access=access, reason="No need.", at=AT)
    assert oversight.opened(case.again()) == []
    events = Event.objects.visible_to(again(case.contributor)).filter(case_id=case.submission.pk)
    assert not events.filter(subject_type="submissions.breakglass").exists()
    assert not Message.objects.filter(recipient=case.contributor, kind__startswith="break_glass").exists()


def test_each_look_is_on_record_in_the_capacity_and_shown_to_the_lab(case):
    case.opened()
    officer = again(case.officer)
    with time_machine.travel(AT + HOUR, tick=False):
        actions.open_version(actor=officer, version=case.document.versions.get())
        looks.looked(actor=officer, submission=case.submission, verb="viewed_facts")
        looks.listed(actor=officer, submissions=[case.submission, make.Case().submission])
    with time_machine.travel(AT + 4 * HOUR, tick=False):
        looks.looked(actor=officer, submission=case.submission, verb="viewed_case")
    rows = Event.objects.looks().filter(actor=officer, case_id=case.submission.pk).order_by("seq")
    assert list(rows.values_list("verb", "capacity")) == [
        ("downloaded_document", "break_glass"),
        ("viewed_facts", "break_glass"),
        ("listed", "break_glass"),
        # It had ended: whatever let this through, it was not that.
        ("viewed_case", "agency_coordinator"),
    ]
    mine = Event.objects.visible_to(again(case.contributor)).looks().filter(actor=officer)
    assert set(mine) == set(rows)


def test_who_sits_on_the_case_too_looks_by_the_access_while_it_is_open(case):
    Membership.objects.create(user=case.reviewer, organisation=case.agency, role=Role.SECURITY, since=NOW)
    reviewer = again(case.reviewer)
    assert looks.standing(reviewer, case.submission) == "reviewer"
    with time_machine.travel(AT, tick=False):
        case.opened(again(case.reviewer))
        assert looks.standing(again(case.reviewer), case.submission) == "break_glass"


def test_a_step_is_taken_in_the_capacity_that_has_it_also_while_the_glass_is_broken(case):
    office = case.coordinator.memberships.get().organisation
    Membership.objects.create(user=case.coordinator, organisation=office, role=Role.SECURITY, since=NOW)
    actions.release(actor=case.contributor, submission=case.submission, at=AT)
    case.opened(again(case.coordinator), by=case.office_security)
    assert policies.capacities(again(case.coordinator), case.submission, at=AT) == {
        "break_glass",
        "coordinator",
    }
    actions.close(actor=again(case.coordinator), submission=case.again(), at=AT + HOUR)
    assert Event.objects.get(verb="close").capacity == "coordinator"


def test_an_agency_whose_officer_took_a_file_owes_what_every_reader_owes(case):
    case.opened(case.foreign_security, by=case.office_security)
    with time_machine.travel(AT, tick=False):
        actions.open_version(actor=again(case.foreign_security), version=case.document.versions.get())
    actions.withdraw(actor=case.contributor, submission=case.submission, at=AT + HOUR)
    owed = Obligation.objects.filter(agency=case.foreign_security.memberships.get().organisation)
    assert set(owed.values_list("kind", flat=True)) == {"credentials", "destruction"}


def test_another_lab_learns_nothing(case):
    case.opened()
    other = make.Case()
    assert oversight.opened(other.again()) == []
    events = Event.objects.visible_to(again(other.contributor))
    assert not events.filter(case_id=case.submission.pk).exists()
    assert not Message.objects.filter(recipient=other.contributor, kind__startswith="break_glass").exists()


def test_all_parts_are_those_of_the_model():
    assert set(ALL_PARTS) == set(BreakGlass.Scope.values)
