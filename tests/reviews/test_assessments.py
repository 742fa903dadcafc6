"""An assessment's way, whom each step tells, and that no draft ever reaches the lab."""

from collections import Counter
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from portal import clock
from portal.accounts.models import Affiliation, Membership, Role, User
from portal.deadlines.models import Deadline, Message
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, Stale, WrongState
from portal.ledger.models import Event
from portal.submissions import actions as cases
from portal.submissions import history
from reviews import actions, looks
from reviews.models import Assessment
from tests import factories as make
from tests import factories_reviews as desk

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
IN_WINDOW = NOW + 12 * DAY


@pytest.fixture
def case():
    return desk.Reviewed()


def told(kind: str) -> set:
    return {message.recipient for message in Message.objects.filter(kind=kind).select_related("recipient")}


def events(assessment) -> list[tuple]:
    rows = Event.objects.filter(subject_id=assessment.pk, kind="change").order_by("seq")
    return [(event.verb, event.actor, event.capacity, event.data, event.case_id) for event in rows]


def reads(user, at=IN_WINDOW) -> set:
    return set(Assessment.objects.visible_to(User.objects.get(pk=user.pk), at=at))


def test_the_whole_way(case):
    made = desk.draft(case, at=IN_WINDOW)
    saved = actions.save_assessment(
        actor=case.reviewer, assessment=made, values={"hours": "14"}, expected_revision=1, at=IN_WINDOW
    )
    assert saved.hours == Decimal(14)
    desk.open_to(case, case.peer, case.lead, at=IN_WINDOW)
    actions.ask_check(actor=case.reviewer, assessment=made, at=IN_WINDOW)
    actions.peer_check(actor=case.peer, assessment=made, at=IN_WINDOW)
    actions.share(actor=case.lead, assessment=made, at=IN_WINDOW)
    actions.respond(actor=case.contributor, assessment=made, response=" We shut it. ", at=IN_WINDOW)
    final = actions.finalize(actor=case.lead, assessment=made, at=IN_WINDOW)
    assert (final.state, final.response) == ("final", "We shut it.")
    case_id, seat = case.submission.pk, str(case.seat.pk)
    assert events(made) == [
        (
            "create_assessment",
            case.reviewer,
            "reviewer",
            {"revision": 1, "assignment": seat, "domain": "cyber"},
            case_id,
        ),
        ("save_assessment", case.reviewer, "reviewer", {"revision": 2, "changed": ["hours"]}, case_id),
        ("ask_check", case.reviewer, "reviewer", {"revision": 3}, case_id),
        (
            "peer_check",
            case.peer,
            "reviewer",
            {"revision": 4, "from": "draft", "to": "peer_checked"},
            case_id,
        ),
        ("share", case.lead, "lead", {"revision": 5, "from": "peer_checked", "to": "shared"}, case_id),
        (
            "respond",
            case.contributor,
            "lab",
            {"revision": 6, "from": "shared", "to": "lab_responded"},
            case_id,
        ),
        ("finalize", case.lead, "lead", {"revision": 7, "from": "lab_responded", "to": "final"}, case_id),
    ]
    office = {case.coordinator, case.agency_coordinator}
    assert told("assessment_check_asked") == {case.lead, case.peer}
    assert told("assessment_peer_checked") == {case.lead, case.reviewer}
    assert told("assessment_shared") == {case.contributor, case.viewer, case.reviewer} | office
    assert told("assessment_responded") == {case.lead, case.reviewer, case.coordinator}
    assert told("assessment_final") == {case.contributor, case.viewer, case.reviewer} | office


def test_nothing_of_the_text_goes_into_ledger_or_messages(case):
    actions.finalize(actor=case.lead, assessment=desk.answered(case), at=NOW)
    words = ("nougat-finding-1", "shut the pantry", "Window too short", "cyber range")
    stored = [
        *Event.objects.values_list("data", "reason"),
        *Message.objects.values_list("link", "key", "kind"),
    ]
    assert not [word for word in words if word in repr(stored)]


def test_only_active_reviewers_of_the_case_write(case):
    others = (
        case.contributor,
        case.coordinator,
        case.agency_coordinator,
        desk.reviewer(case.agency),
        desk.auditor(),
    )
    for actor in others:
        with pytest.raises(NotAllowed):
            desk.draft(case, actor=actor)
    waiting = desk.reviewer(case.agency)
    desk.proposed(case, waiting)
    with pytest.raises(NotAllowed):
        desk.draft(case, actor=waiting)
    assert not Assessment.objects.exists()


def test_nobody_writes_before_terms_or_after_closing():
    early = make.Case(make.submitted)
    cases.acknowledge(actor=early.coordinator, submission=early.submission, at=NOW)
    user = desk.reviewer(make.programme_office())
    desk.active(early, user)
    with pytest.raises(NotAllowed):
        actions.create_assessment(actor=user, submission=early.submission, values=desk.FINDINGS, at=NOW)
    late = desk.Reviewed()
    cases.close(actor=late.coordinator, submission=late.submission, at=NOW + 41 * DAY)
    with pytest.raises(NotAllowed):
        desk.draft(late, at=NOW + 41 * DAY)


def test_feedback_may_be_finished_after_the_window(case):
    late = NOW + 45 * DAY
    made = desk.shared(case, at=late)
    assert (made.state, made.shared_at) == ("shared", late)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"domain": "astrology"}, "domain"),
        ({"access_used": "telepathy"}, "access_used"),
        ({"hours": "many"}, "hours"),
        ({"hours": "-1"}, "hours"),
        ({"hours": "123456.5"}, "hours"),
        ({"confidence": "certain"}, "confidence"),
        ({"classified_pointer": "see the secret annex!"}, "classified_pointer"),
        ({"limitations": "x" * 20001}, "limitations"),
    ],
)
def test_wrong_values_name_their_field_and_nothing_is_kept(case, values, field):
    with pytest.raises(Invalid) as refused:
        desk.draft(case, **values)
    assert refused.value.field == field
    assert not Assessment.objects.exists()


def test_there_is_no_score(case):
    with pytest.raises(Invalid):
        desk.draft(case, score=5)
    names = {field.name for field in Assessment._meta.get_fields()}
    assert not {name for name in names if "score" in name or "recommend" in name or "rating" in name}


@pytest.mark.parametrize("left_out", ["method", "access_used", "hours", "findings", "confidence"])
def test_an_incomplete_draft_is_kept_but_not_checked(case, left_out):
    made = desk.draft(case, **{left_out: ""})
    with pytest.raises(Missing) as refused:
        actions.ask_check(actor=case.reviewer, assessment=made, at=NOW)
    assert refused.value.field == left_out
    desk.open_to(case, case.peer)
    with pytest.raises(NotAllowed):
        actions.peer_check(actor=case.peer, assessment=made, at=NOW)


def test_the_same_key_makes_one_draft(case):
    key = case.submission.pk
    options = {
        "actor": case.reviewer,
        "submission": case.submission,
        "values": desk.FINDINGS,
        "key": key,
        "at": NOW,
    }
    actions.create_assessment(**options)
    with pytest.raises(AlreadyDone):
        actions.create_assessment(**options)
    assert Assessment.objects.count() == 1


def test_a_stale_form_is_refused_and_the_text_stays(case):
    made = desk.draft(case)
    actions.save_assessment(
        actor=case.reviewer, assessment=made, values={"findings": "First."}, expected_revision=1, at=NOW
    )
    with pytest.raises(Stale) as refused:
        actions.save_assessment(
            actor=case.reviewer, assessment=made, values={"findings": "Second."}, expected_revision=1, at=NOW
        )
    assert refused.value.changes == ["14 Sep 2026, 2:00 p.m. UTC: Saved the assessment"]
    made.refresh_from_db()
    assert made.findings == "First."


def test_only_the_author_edits_and_only_a_draft(case):
    made = desk.draft(case)
    for actor in (case.lead, case.peer, case.coordinator, case.contributor):
        with pytest.raises(NotAllowed):
            actions.save_assessment(actor=actor, assessment=made, values={"findings": "Mine."}, at=NOW)
    actions.ask_check(actor=case.reviewer, assessment=made, at=NOW)
    desk.open_to(case, case.peer)
    actions.peer_check(actor=case.peer, assessment=made, at=NOW)
    with pytest.raises(WrongState):
        actions.save_assessment(actor=case.reviewer, assessment=made, values={"findings": "Late."}, at=NOW)


def test_an_author_whose_seat_ended_edits_no_more(case):
    made = desk.draft(case)
    actions.complete(actor=case.reviewer, assignment=case.seat, at=NOW)
    with pytest.raises(NotAllowed):
        actions.save_assessment(actor=case.reviewer, assessment=made, values={"findings": "Late."}, at=NOW)


def test_the_author_does_not_check_the_own_work_and_the_database_agrees(case):
    made = desk.draft(case)
    with pytest.raises(NotAllowed):
        actions.peer_check(actor=case.reviewer, assessment=made, at=NOW)
    with pytest.raises(DatabaseError), transaction.atomic():
        Assessment.objects.filter(pk=made.pk).update(
            state="peer_checked", peer_checked_by=case.reviewer, peer_checked_at=NOW
        )
    for actor in (case.coordinator, case.contributor, desk.reviewer(case.agency)):
        with pytest.raises(NotAllowed):
            actions.peer_check(actor=actor, assessment=made, at=NOW)


def test_a_lead_may_share_the_own_assessment(case):
    made = actions.create_assessment(
        actor=case.lead, submission=case.submission, values=desk.FINDINGS, ask_check=True, at=NOW
    )
    desk.open_to(case, case.peer)
    actions.peer_check(actor=case.peer, assessment=made, at=NOW)
    assert actions.share(actor=case.lead, assessment=made, at=NOW).state == "shared"


def test_only_the_lead_shares_and_only_what_was_checked(case):
    desk.open_to(case, case.lead)
    asked = actions.ask_check(actor=case.reviewer, assessment=desk.draft(case), at=NOW)
    with pytest.raises(WrongState):
        actions.share(actor=case.lead, assessment=asked, at=NOW)
    made = desk.checked(case)
    for actor in (case.reviewer, case.peer, case.coordinator, case.contributor):
        with pytest.raises(NotAllowed):
            actions.share(actor=actor, assessment=made, at=NOW)
    actions.share(actor=case.lead, assessment=made, at=NOW)
    with pytest.raises(AlreadyDone):
        actions.share(actor=case.lead, assessment=made, at=NOW)


def test_the_versions_its_author_had_read_are_noted(case):
    first, second = (
        cases.add_document(
            actor=case.contributor,
            submission=case.submission,
            kind="system_card",
            title=name,
            upload=make.pdf(name),
            at=NOW,
        )
        for name in ("One", "Two")
    )
    cases.open_version(actor=case.reviewer, version=first.current, at=NOW)
    cases.open_version(actor=case.peer, version=second.current, at=NOW)
    desk.open_to(case, case.lead)
    shared = actions.share(actor=case.lead, assessment=desk.checked(case), at=clock.now() + DAY)
    assert list(shared.versions_read.all()) == [first.current]


def test_only_the_lab_s_writers_respond_and_once(case):
    made = desk.shared(case)
    for actor in (case.viewer, case.lead, case.coordinator, make.member(make.lab(), Role.ADMIN)):
        with pytest.raises(NotAllowed):
            actions.respond(actor=actor, assessment=made, response="No.", at=NOW)
    with pytest.raises(Missing) as refused:
        actions.respond(actor=case.contributor, assessment=made, response="  ", at=NOW)
    assert refused.value.field == "response"
    actions.respond(actor=case.contributor, assessment=made, response="Thanks.", at=NOW)
    with pytest.raises(AlreadyDone):
        actions.respond(actor=case.contributor, assessment=made, response="Again.", at=NOW)
    with pytest.raises(WrongState):
        actions.respond(
            actor=case.contributor, assessment=desk.draft(case, actor=case.lead), response="?", at=NOW
        )


def test_what_each_reads_of_each_state(case):
    states = {
        "draft": desk.draft(case),
        "asked": actions.ask_check(actor=case.reviewer, assessment=desk.draft(case), at=NOW),
        "checked": desk.checked(case),
        "shared": desk.shared(case),
        "answered": desk.answered(case),
        "final": actions.finalize(actor=case.lead, assessment=desk.answered(case), at=NOW),
    }
    everything = set(states.values())
    open_to_lab = {states[name] for name in ("shared", "answered", "final")}
    foreign_lab = make.member(make.lab(), Role.ADMIN)
    invited_elsewhere = make.member(make.agency(), Role.COORDINATOR)
    cases_ = {
        case.reviewer: everything,
        case.peer: everything - {states["draft"]},
        case.lead: everything - {states["draft"]},
        case.coordinator: everything,
        case.agency_coordinator: everything,
        desk.designator(): everything,
        desk.auditor(): everything,
        case.contributor: open_to_lab,
        case.viewer: open_to_lab,
        foreign_lab: set(),
        invited_elsewhere: set(),
        make.member(make.partner_organisation(), Role.ADMIN): set(),
        make.member(make.programme_office(), Role.LIAISON): set(),
        make.person(is_superuser=True): set(),
    }
    assert {user: reads(user) for user in cases_} == cases_


def test_an_agency_s_coordinator_reads_no_draft_of_another_agency(case):
    mine = desk.draft(case)
    of_the_office = actions.create_assessment(
        actor=case.lead, submission=case.submission, values=desk.FINDINGS, ask_check=True, at=NOW
    )
    assert reads(case.agency_coordinator) == {mine}
    desk.open_to(case, case.peer)
    actions.peer_check(actor=case.peer, assessment=of_the_office, at=NOW)
    assert reads(case.agency_coordinator) == {mine}
    actions.share(actor=case.lead, assessment=of_the_office, at=NOW)
    assert reads(case.agency_coordinator) == {mine, of_the_office}


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.AUDITOR, Role.DESIGNATOR])
def test_who_belongs_to_the_lab_too_reads_no_draft_of_its_case(case, role):
    desk.draft(case)
    both = make.member(make.programme_office(), role)
    Membership.objects.create(user=both, organisation=case.lab, role=Role.ADMIN, since=NOW)
    assert reads(both) == set()


def test_a_conflicted_auditor_reads_nothing_of_the_lab(case):
    desk.answered(case)
    auditor = desk.auditor()
    Affiliation.objects.create(user=auditor, organisation=case.lab)
    assert reads(auditor) == set()


def test_reviewers_read_until_the_case_is_closed(case):
    made = desk.shared(case)
    assert reads(case.peer, NOW + 50 * DAY) == {made}
    cases.close(actor=case.coordinator, submission=case.submission, at=NOW + 51 * DAY)
    assert (reads(case.peer, NOW + 51 * DAY), reads(case.contributor, NOW + 51 * DAY)) == (set(), {made})


def test_withdrawal_ends_the_agencies_reading(case):
    made = desk.shared(case)
    cases.withdraw(actor=case.contributor, submission=case.submission, at=NOW + DAY)
    people = (case.reviewer, case.lead, case.coordinator, case.agency_coordinator, desk.auditor())
    assert [reads(user, NOW + DAY) for user in people] == [set()] * 5
    assert reads(case.contributor, NOW + DAY) == {made}
    with pytest.raises(NotAllowed):
        actions.finalize(actor=case.lead, assessment=made, at=NOW + DAY)


def deadlines() -> dict:
    return {
        one.kind: (one.due_at, "met" if one.met_at else "cancelled" if one.cancelled_at else "open")
        for one in Deadline.objects.filter(kind__in=["draft_feedback", "final_feedback"])
    }


def test_feedback_deadlines_follow_window_and_work(case):
    closes = NOW + 40 * DAY
    # 24 October is a Saturday: five business days later is the Friday after.
    final_due = NOW + 46 * DAY
    assert closes.strftime("%A %d %B") == "Saturday 24 October"
    assert deadlines() == {
        "draft_feedback": (closes - 5 * DAY, "open"),
        "final_feedback": (final_due, "open"),
    }
    made = desk.answered(case)
    assert {kind: words for kind, (_, words) in deadlines().items()} == {
        "draft_feedback": "met",
        "final_feedback": "open",
    }
    actions.finalize(actor=case.lead, assessment=made, at=NOW)
    assert {kind: words for kind, (_, words) in deadlines().items()} == {
        "draft_feedback": "met",
        "final_feedback": "met",
    }
    desk.draft(case)
    assert deadlines()["final_feedback"][1] == "open"
    cases.withdraw(actor=case.contributor, submission=case.submission, at=NOW + DAY)
    assert deadlines()["final_feedback"][1] == "cancelled"


def test_an_empty_window_asks_for_no_feedback():
    case = desk.Reviewed(make.agreed)
    cases.release(actor=case.contributor, submission=case.submission, at=NOW + DAY)
    assert {words for _, words in deadlines().values()} == {"cancelled"}


def test_a_labs_stale_form_tells_of_its_case_and_of_no_draft(case):
    """An assessment's revisions are events of the case too; the lab must not learn from a refusal that a draft exists."""
    seen = case.again().revision
    made = desk.draft(case)
    for number in range(seen + 2):
        actions.save_assessment(
            actor=case.reviewer, assessment=made, values={"findings": f"Nougat {number}."}, at=make.NOW
        )
    cases.provide_access(
        actor=case.contributor, submission=case.submission, instructions="key 2", at=make.NOW
    )
    with pytest.raises(Stale) as refused:
        cases.withdraw(
            actor=case.contributor, submission=case.submission, expected_revision=seen, at=make.NOW
        )
    assert refused.value.changes == ["14 Sep 2026, 2:00 p.m. UTC: Provided access instructions"]


def test_looks_at_what_was_not_shared_are_read_by_who_audits_and_never_by_the_lab(case):
    made = desk.draft(case)
    looks.read_assessment(actor=case.coordinator, assessment=made)
    looks.read_assessments(actor=case.coordinator, assessments=[made])
    shared = desk.shared(case)
    looks.read_assessments(actor=case.coordinator, assessments=[made, shared])
    looks.read_assessment(actor=case.agency_coordinator, assessment=shared)
    at_draft = (case.coordinator.pk, "coordinator", None, made.pk)
    at_shared = [
        (case.coordinator.pk, "coordinator", case.submission.pk, case.submission.pk),
        (case.agency_coordinator.pk, "agency_coordinator", case.submission.pk, shared.pk),
    ]
    every_look = Counter([at_draft, at_draft, at_draft, *at_shared])

    def read_by(person):
        rows = Event.objects.visible_to(person).looks()
        return Counter(rows.values_list("actor", "capacity", "case_id", "subject_id"))

    assert read_by(case.contributor) == Counter(at_shared)
    assert Counter(
        history.looks(case.submission).values_list("actor", "capacity", "case_id", "subject_id")
    ) == Counter(at_shared)
    assert read_by(case.lead) == Counter()
    cases.withdraw(actor=case.contributor, submission=case.submission, at=make.NOW + make.DAY)
    assert read_by(desk.auditor()) == read_by(case.coordinator) == every_look


def test_a_version_that_was_compared_counts_as_read(case):
    document = cases.add_document(
        actor=case.contributor, submission=case.submission, kind="other", title="Card",
        upload=make.ContentFile(b"marzipan\n", name="card.txt"), at=NOW,
    )  # fmt: skip
    cases.add_version(
        actor=case.contributor,
        document=document,
        upload=make.ContentFile(b"nougat\n", name="card.txt"),
        at=NOW,
    )
    new, old = document.versions.all()
    cases.compare_versions(actor=case.reviewer, old=old, new=new, at=NOW)
    desk.open_to(case, case.lead)
    shared = actions.share(actor=case.lead, assessment=desk.checked(case), at=clock.now() + DAY)
    assert set(shared.versions_read.all()) == {old, new}
