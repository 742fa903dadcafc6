"""Before a disclosure (EO 12600): the lab is told, heard, told again with reasons and a date; and no mark falls otherwise."""

from importlib import import_module

import pytest
from django.db import Error, transaction

from portal.accounts.models import Role
from portal.deadlines import planning
from portal.deadlines.models import Deadline, Message
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, Stale, WrongState
from portal.ledger.models import Event
from portal.submissions import actions, policies
from portal.submissions.actions import disclosures
from portal.submissions.models import DisclosureNotice, DisclosureStatement, Document
from portal.submissions.next_steps import lab_steps, next_steps
from portal.submissions.states import DISCLOSURE, DisclosureState
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.factories_disclosures import (
    GROUNDS,
    REASONS,
    document,
    notified,
    objected,
    to_be_disclosed,
)

pytestmark = pytest.mark.django_db
guards = import_module("portal.submissions.migrations.0015_disclosure_guards")
NOW, DAY = make.NOW, make.DAY
# Monday, 14 September; ten business days later.
DUE = NOW + 14 * DAY
S = DisclosureState


@pytest.fixture
def case():
    return reviewing.Reviewed()


def again(notice) -> DisclosureNotice:
    return DisclosureNotice.objects.get(pk=notice.pk)


def told(kind: str) -> set:
    return set(Message.objects.filter(kind=kind, deadline=None).values_list("recipient", "link"))


def deadlines(notice) -> set[tuple]:
    rows = Deadline.objects.filter(subject_id=notice.pk)
    return {(row.kind, row.due_at, row.met_at, row.cancelled_at) for row in rows}


def page(notice) -> str:
    return f"/lab/cases/{notice.submission.case_number}/disclosures/{notice.number}/"


def desk(notice) -> str:
    return f"/admin/submissions/disclosurenotice/{notice.pk}/change/"


# --- the lab is told --------------------------------------------------------------------------------------------------


def test_a_notice_is_numbered_dated_and_told_to_the_lab_alone(case):
    named = document(case)
    first = notified(case, documents=[named])
    second = notified(case, case.agency_coordinator)
    assert [(n.number, n.agency, n.due_at, n.state_at(NOW)) for n in (first, second)] == [
        (1, make.programme_office(), DUE, S.NOTIFIED),
        (2, case.agency, DUE, S.NOTIFIED),
    ]
    assert list(first.documents.all()) == [named]
    assert told("disclosure_notified") == {
        (case.contributor.pk, page(first)),
        (case.contributor.pk, page(second)),
    }
    assert deadlines(first) == {("answer_disclosure", DUE, None, None)}


def test_the_ledger_holds_the_step_and_no_word_of_it(case):
    named = document(case)
    notice = to_be_disclosed(case, objected(case, notified(case, documents=[named])))
    events = Event.objects.filter(subject_id=notice.pk).order_by("seq")
    assert [(event.verb, event.capacity, event.actor_id, event.reason) for event in events] == [
        ("give_notice", "coordinator", case.coordinator.pk, ""),
        ("object", "lab", case.contributor.pk, ""),
        ("decide_to_disclose", "agency", case.coordinator.pk, ""),
    ]
    assert "praline" not in str([event.data for event in events])
    assert events[0].data["documents"] == [str(named.pk)]


def test_only_coordinators_of_agencies_that_see_the_case_give_notice(case):
    stranger = make.member(make.agency(), Role.COORDINATOR)
    for person in (
        case.lead,
        case.reviewer,
        case.contributor,
        stranger,
        reviewing.designator(),
        reviewing.auditor(),
    ):
        with pytest.raises(NotAllowed):
            notified(case, person)
    assert not DisclosureNotice.objects.exists()


def test_a_draft_takes_none_and_a_withdrawn_or_closed_case_does():
    draft = make.Case(make.draft)
    with pytest.raises(NotAllowed):
        notified(draft)
    left = make.Case()
    actions.withdraw(actor=left.contributor, submission=left.submission, at=NOW)
    notice = notified(left, at=NOW + 400 * DAY)
    assert {person for person, _ in told("disclosure_notified")} == {left.contributor.pk}
    assert objected(left, notice, at=NOW + 401 * DAY).stored_state == S.OBJECTED


def test_what_was_given_already_is_not_given_twice(case):
    notice = notified(case)
    with pytest.raises(AlreadyDone, match="disclosure notice 1"):
        notified(case)
    disclosures.drop(actor=case.coordinator, notice=notice, at=NOW)
    assert notified(case).number == 2


@pytest.mark.parametrize(
    ("values", "field", "kind"),
    [
        ({"reference": " "}, "reference", Missing),
        ({"reference": "x" * 81}, "reference", Invalid),
        ({"text": " \n"}, "text", Missing),
        ({"text": "a\x00b"}, "text", Invalid),
        ({"text": "x" * 10_001}, "text", Invalid),
    ],
)
def test_what_is_no_notice_is_said_beside_the_field(case, values, field, kind):
    with pytest.raises(kind) as refused:
        notified(case, **values)
    assert refused.value.field == field


def test_documents_of_another_case_cannot_be_named(case):
    with pytest.raises(Invalid, match="documents of this case"):
        notified(case, documents=[document(make.Case())])


# --- and heard --------------------------------------------------------------------------------------------------------


def test_the_lab_objects_and_the_agency_alone_is_told(case):
    notice = objected(case, notified(case, case.agency_coordinator))
    assert notice.stored_state == S.OBJECTED
    assert told("disclosure_answered") == {(case.agency_coordinator.pk, desk(notice))}
    said = DisclosureStatement.objects.get()
    assert (said.verb, said.text, said.organisation, said.said_by) == (
        "object",
        GROUNDS,
        case.submission.lab,
        case.contributor,
    )
    assert deadlines(notice) == {("answer_disclosure", DUE, NOW, None)}


def test_grounds_are_needed_and_a_viewer_or_another_lab_says_nothing(case):
    notice = notified(case)
    with pytest.raises(Missing):
        disclosures.object_to(actor=case.contributor, notice=notice, reason=" ", at=NOW)
    for person in (case.viewer, make.Case().contributor, case.coordinator, case.reviewer):
        for act in (disclosures.object_to, disclosures.not_object):
            with pytest.raises(NotAllowed):
                act(actor=person, notice=notice, reason=GROUNDS, at=NOW)
    assert not DisclosureStatement.objects.exists()


def test_nothing_is_decided_before_the_lab_was_heard_or_its_days_have_passed(case):
    notice = notified(case)
    with pytest.raises(WrongState):
        to_be_disclosed(case, notice, at=DUE - DAY / 24)
    assert notice.state_at(DUE) == S.SILENT
    assert list(DisclosureNotice.objects.in_state(S.SILENT, at=DUE)) == [notice]
    assert list(DisclosureNotice.objects.in_state(S.NOTIFIED, at=DUE - DAY)) == [notice]
    # Silent, and heard all the same until there is a decision.
    late = objected(case, notice, at=DUE + DAY)
    assert late.stored_state == S.OBJECTED
    assert to_be_disclosed(case, late, at=DUE + 2 * DAY).stored_state == S.TO_DISCLOSE
    with pytest.raises(WrongState):
        objected(case, notice, at=DUE + 3 * DAY)


def test_the_database_keeps_that_order_too(case):
    notice = notified(case)
    values = {"stored_state": "to_disclose", "decided_at": NOW + DAY, "disclose_at": NOW + DAY}
    with pytest.raises(Error, match="disclosure_lab_is_heard"), transaction.atomic():
        DisclosureNotice.objects.filter(pk=notice.pk).update(**values)
    with pytest.raises(Error, match="no such step of a disclosure notice"), transaction.atomic():
        DisclosureNotice.objects.filter(pk=notice.pk).update(
            **values | {"stored_state": "disclosed", "answered_at": NOW, "disclosed_at": NOW + DAY}
        )
    objected(case, notice)
    with pytest.raises(Error, match="disclosure_decided_has_date"), transaction.atomic():
        DisclosureNotice.objects.filter(pk=notice.pk).update(
            stored_state="to_disclose", decided_at=NOW + DAY, disclose_at=NOW
        )
    to_be_disclosed(case, notice)
    with pytest.raises(Error, match="disclosure_not_before_its_date"), transaction.atomic():
        DisclosureNotice.objects.filter(pk=notice.pk).update(stored_state="disclosed", disclosed_at=NOW)
    for change in ({"text": "never said"}, {"said_by": case.coordinator}):
        with pytest.raises(Error, match="append-only"), transaction.atomic():
            DisclosureStatement.objects.update(**change)


def test_an_answer_is_added_to_and_changed_until_the_decision(case):
    notice = objected(case, notified(case))
    with pytest.raises(AlreadyDone):
        objected(case, notice)
    disclosures.object_to(actor=case.contributor, notice=notice, reason="And section 3.", at=NOW)
    disclosures.not_object(actor=case.contributor, notice=notice, at=NOW)
    said = list(notice.statements.values_list("verb", "text"))
    assert said == [("object", GROUNDS), ("object", "And section 3."), ("not_object", "")]
    assert again(notice).stored_state == S.NOT_OBJECTED


# --- and told again, with reasons and a date --------------------------------------------------------------------------


def test_against_an_objection_the_date_is_ten_business_days_away_at_least(case):
    notice = objected(case, notified(case))
    with pytest.raises(Invalid) as refused:
        to_be_disclosed(case, notice, disclose_at=NOW + 13 * DAY)
    assert refused.value.field == "disclose_at"
    decided = to_be_disclosed(case, notice)
    assert (decided.stored_state, decided.disclose_at) == (S.TO_DISCLOSE, NOW + 14 * DAY)
    assert {person for person, _ in told("disclosure_to_disclose")} == {case.contributor.pk}
    assert deadlines(notice) == {
        ("answer_disclosure", DUE, NOW, None),
        ("disclosure_date", NOW + 14 * DAY, None, None),
    }
    with pytest.raises(WrongState, match="nothing is disclosed before"):
        disclosures.record_disclosure(actor=case.coordinator, notice=notice, at=NOW + 14 * DAY - DAY / 24)
    assert "record_disclosure" not in policies.open_notice_verbs(case.coordinator, decided, at=NOW)
    done = disclosures.record_disclosure(actor=case.coordinator, notice=notice, at=NOW + 14 * DAY)
    assert (done.stored_state, done.disclosed_at) == (S.DISCLOSED, NOW + 14 * DAY)


def test_where_the_lab_does_not_object_it_may_be_at_once(case):
    notice = disclosures.not_object(actor=case.contributor, notice=notified(case), at=NOW)
    decided = to_be_disclosed(case, notice, at=NOW + DAY)
    assert decided.disclose_at == NOW + DAY
    with pytest.raises(Invalid):
        to_be_disclosed(
            case, disclosures.not_object(actor=case.contributor, notice=notified(case, reference="B"), at=NOW),
            disclose_at=NOW - DAY,
        )  # fmt: skip


def test_a_decision_needs_reasons_and_the_agency_that_gave_the_notice(case):
    notice = objected(case, notified(case, case.agency_coordinator))
    for person in (case.coordinator, case.contributor, case.lead, case.reviewer, reviewing.auditor()):
        for verb in ("decide_to_disclose", "decide_not_to_disclose", "drop", "report_suit"):
            with pytest.raises(NotAllowed):
                getattr(disclosures, verb)(actor=person, notice=notice, reason=REASONS, at=NOW)
    with pytest.raises(Missing):
        disclosures.decide_to_disclose(actor=case.agency_coordinator, notice=notice, reason="", at=NOW)
    assert again(notice).stored_state == S.OBJECTED


def test_the_agency_may_decide_for_the_lab_at_any_time_and_the_lab_reads_it(case):
    first = notified(case)
    disclosures.decide_not_to_disclose(actor=case.coordinator, notice=first, at=NOW)
    second = to_be_disclosed(case, objected(case, notified(case, reference="B")))
    disclosures.decide_not_to_disclose(
        actor=case.coordinator, notice=second, reason="They are right.", at=NOW
    )
    assert {again(notice).stored_state for notice in (first, second)} == {S.NOT_DISCLOSED}
    assert {link for _, link in told("disclosure_not_disclosed")} == {page(first), page(second)}
    # Neither date reminds anybody any more.
    assert not Deadline.objects.still_open().filter(subject_id__in=[first.pk, second.pk]).exists()


def test_a_suit_is_told_to_the_lab_also_after_the_decision(case):
    notice = notified(case)
    disclosures.decide_not_to_disclose(actor=case.coordinator, notice=notice, at=NOW)
    disclosures.report_suit(actor=case.coordinator, notice=notice, reason="District court, 26-117.", at=NOW)
    assert {person for person, _ in told("disclosure_suit")} == {case.contributor.pk}
    assert again(notice).stored_state == S.NOT_DISCLOSED


def test_a_stale_form_is_refused_and_nothing_is_said(case):
    notice = notified(case)
    objected(case, notice)
    with pytest.raises(Stale):
        disclosures.decide_to_disclose(
            actor=case.coordinator, notice=notice, reason=REASONS, expected_revision=1, at=NOW
        )
    assert [said.verb for said in notice.statements.all()] == ["object"]


# --- the mark of confidential commercial information ------------------------------------------------------------------


def disclosed(case, named, **options):
    notice = to_be_disclosed(case, objected(case, notified(case, documents=named)))
    return disclosures.record_disclosure(actor=case.coordinator, notice=notice, at=NOW + 15 * DAY, **options)


def test_what_was_disclosed_as_a_whole_loses_the_mark_and_the_lab_is_told(case):
    card, other = document(case), document(case, "Other")
    notice = disclosed(case, [card, other], unmarked=[card])
    card.refresh_from_db()
    assert (card.confidential_commercial, card.unmarked_by, card.unmarked_under) == (
        False,
        case.coordinator,
        notice,
    )
    assert Document.objects.get(pk=other.pk).confidential_commercial
    event = Event.objects.get(verb="mark_document")
    assert (event.actor_id, event.data["lowered"], event.data["disclosure_notice"]) == (
        case.coordinator.pk,
        True,
        1,
    )
    assert event.capacity == "agency"
    assert {person for person, _ in told("disclosure_disclosed")} == {case.contributor.pk}
    # The lab puts it on again, and alone takes it off again.
    actions.mark_document(actor=case.contributor, document=card, confidential_commercial=True, at=NOW)
    card.refresh_from_db()
    assert (card.confidential_commercial, card.unmarked_by, card.unmarked_under) == (True, None, None)


def test_a_document_that_the_lab_was_not_told_of_keeps_its_mark(case):
    card, other = document(case), document(case, "Other")
    with pytest.raises(Invalid, match="the lab was told of"):
        disclosed(case, [card], unmarked=[other])
    assert Document.objects.get(pk=other.pk).confidential_commercial
    assert again(DisclosureNotice.objects.get()).stored_state == S.TO_DISCLOSE


@pytest.mark.parametrize("state", ["notified", "objected", "to_disclose", "not_disclosed"])
def test_the_database_takes_the_mark_off_for_nobody_of_government_before(case, state):
    card = document(case)
    notice = notified(case, documents=[card])
    if state != "notified":
        objected(case, notice)
    if state == "to_disclose":
        to_be_disclosed(case, notice)
    if state == "not_disclosed":
        disclosures.decide_not_to_disclose(actor=case.coordinator, notice=notice, at=NOW)
    tried = (
        {},
        {"unmarked_by": case.coordinator},
        {"unmarked_by": case.viewer},
        {"unmarked_by": case.coordinator, "unmarked_under": notice},
        {"unmarked_by": case.contributor, "unmarked_under": notice},
    )
    for how in tried:
        with pytest.raises(Error, match="after a notice to it"), transaction.atomic():
            Document.objects.filter(pk=card.pk).update(confidential_commercial=False, **how)


def test_the_database_asks_which_document_and_which_case_a_notice_was_about(case):
    card, other = document(case), document(case, "Other")
    notice = disclosed(case, [card])
    foreign = document(make.Case())
    for wrong in (other, foreign):
        with pytest.raises(Error, match="after a notice to it"), transaction.atomic():
            Document.objects.filter(pk=wrong.pk).update(
                confidential_commercial=False, unmarked_by=case.coordinator, unmarked_under=notice
            )
    for change in ("update", "delete"):
        rows = DisclosureNotice.documents.through.objects.all()
        with pytest.raises(Error, match="append-only"), transaction.atomic():
            rows.update(document=other) if change == "update" else rows._raw_delete(rows.db)


def test_who_took_the_mark_off_before_is_no_ground_to_take_it_off_again(case):
    card = document(case)
    actions.mark_document(actor=case.contributor, document=card, confidential_commercial=False, at=NOW)
    Document.objects.filter(pk=card.pk).update(confidential_commercial=True)
    with pytest.raises(Error, match="after a notice to it"), transaction.atomic():
        Document.objects.filter(pk=card.pk).update(confidential_commercial=False)


def test_a_version_of_which_the_lab_was_not_told_keeps_the_mark(case):
    card = document(case)
    notice = to_be_disclosed(case, objected(case, notified(case, documents=[card])))
    actions.add_version(actor=case.contributor, document=card, upload=make.pdf("newer"), at=NOW + DAY)
    later = {"actor": case.coordinator, "notice": notice, "at": NOW + 15 * DAY}
    with pytest.raises(Invalid, match="A version was added since the lab was told"):
        disclosures.record_disclosure(**later, unmarked=[card])
    done = disclosures.record_disclosure(**later)
    with pytest.raises(Error, match="after a notice to it"), transaction.atomic():
        Document.objects.filter(pk=card.pk).update(
            confidential_commercial=False, unmarked_by=case.coordinator, unmarked_under=done
        )


def test_a_version_that_comes_after_the_disclosure_is_marked_again():
    case = reviewing.Reviewed()
    card = document(case)
    disclosed_at = case.again().closes_at - DAY
    notice = notified(case, documents=[card])
    disclosures.not_object(actor=case.contributor, notice=notice, at=NOW)
    to_be_disclosed(case, notice, at=NOW)
    disclosures.record_disclosure(
        actor=case.coordinator, notice=notice, unmarked=[card], at=disclosed_at - DAY
    )
    assert not Document.objects.get(pk=card.pk).confidential_commercial
    actions.add_version(actor=case.contributor, document=card, upload=make.pdf("newer"), at=disclosed_at)
    card.refresh_from_db()
    assert (card.confidential_commercial, card.unmarked_under) == (True, None)
    event = Event.objects.filter(verb="mark_document").order_by("seq").last()
    assert (event.actor_id, event.data["to"], event.data["lowered"]) == (
        case.contributor.pk,
        card.marking,
        False,
    )


def test_what_a_lab_was_told_is_not_rewritten_and_no_notice_begins_as_disclosed(case):
    card = document(case)
    notice = notified(case)
    for change in ({"text": "less"}, {"given_at": NOW - 30 * DAY}, {"due_at": NOW + DAY}):
        with pytest.raises(Error, match="not changed"), transaction.atomic():
            DisclosureNotice.objects.filter(pk=notice.pk).update(**change)
    with pytest.raises(Error, match="begins with telling the lab"), transaction.atomic():
        DisclosureNotice.objects.create(
            submission=case.submission, number=7, agency=case.agency, given_by=case.coordinator, reference="x", text="x",
            stored_state="disclosed", given_at=NOW - 30 * DAY, due_at=NOW - 20 * DAY, decided_at=NOW - DAY,
            disclose_at=NOW - DAY, disclosed_at=NOW,
        )  # fmt: skip
    objected(case, notice)
    with pytest.raises(Error, match="when it is given"), transaction.atomic():
        notice.documents.add(card)
    with pytest.raises(Error, match="never removed"), transaction.atomic():
        DisclosureNotice.objects.filter(pk=notice.pk)._raw_delete("default")
    assert sorted(":".join(jump) for jump in DISCLOSURE.stored_jumps()) == sorted(guards.STEPS)


# --- who reads it, and until when -------------------------------------------------------------------------------------


def test_who_reads_a_notice(case):
    notice = notified(case, case.agency_coordinator)
    third = make.member(make.agency(), Role.COORDINATOR)
    reads = [case.contributor, case.viewer, case.agency_coordinator, case.coordinator, reviewing.auditor()]
    does_not = [case.lead, case.reviewer, reviewing.designator(), third, make.Case().contributor]
    for person in reads:
        assert list(DisclosureNotice.objects.visible_to(person)) == [notice]
    for person in does_not:
        assert not DisclosureNotice.objects.visible_to(person).exists()
    assert policies.notice_capacities(case.coordinator, notice) == frozenset()


def test_an_agency_reads_and_decides_when_the_case_is_no_longer_its_to_see(case):
    notice = objected(case, notified(case, case.agency_coordinator))
    actions.withdraw(actor=case.contributor, submission=case.again(), at=NOW)
    later = NOW + 90 * DAY
    assert not policies.notifying_for(case.agency_coordinator, case.again(), at=later)
    assert list(DisclosureNotice.objects.visible_to(case.agency_coordinator, at=later)) == [notice]
    decided = disclosures.decide_to_disclose(
        actor=case.agency_coordinator, notice=notice, reason=REASONS, at=later
    )
    assert decided.stored_state == S.TO_DISCLOSE
    assert {person for person, _ in told("disclosure_to_disclose")} == {case.contributor.pk}


def test_a_conflict_takes_the_notice_away_and_its_messages(case):
    notice = notified(case, case.agency_coordinator)
    actions.declare_conflict(
        actor=case.agency_coordinator,
        user=case.agency_coordinator,
        organisation=case.submission.lab,
        at=NOW,
    )
    assert not DisclosureNotice.objects.visible_to(case.agency_coordinator).exists()
    objected(case, notice)
    assert told("disclosure_answered") == set()
    with pytest.raises(NotAllowed):
        disclosures.drop(actor=case.agency_coordinator, notice=notice, at=NOW)


def test_its_dates_remind_the_lab_also_after_the_case_was_withdrawn_and_closed(case):
    notice = notified(case)
    actions.withdraw(actor=case.contributor, submission=case.again(), at=NOW)
    assert deadlines(notice) == {("answer_disclosure", DUE, None, None)}
    due = {row["person"] for row in planning.preview(at=DUE) if row["kind"] == "answer_disclosure"}
    assert case.contributor.pk in due
    assert due.isdisjoint({case.coordinator.pk, case.agency_coordinator.pk, case.reviewer.pk, case.viewer.pk})


def test_its_dates_are_read_by_neither_reviewers_nor_designators(case):
    notice = notified(case)
    for person in (reviewing.designator(), case.lead, case.reviewer):
        assert not Deadline.objects.visible_to(person).filter(subject_id=notice.pk).exists()
    for person in (case.contributor, case.viewer, case.coordinator, reviewing.auditor()):
        assert Deadline.objects.visible_to(person).filter(subject_id=notice.pk).exists()


def test_who_no_longer_decides_when_the_mail_leaves_is_sent_none(case):
    objected(case, notified(case, case.agency_coordinator))
    ids = list(Message.objects.filter(kind="disclosure_answered").values_list("pk", flat=True))
    assert planning.unhidden(ids) == set(ids)
    actions.declare_conflict(
        actor=case.agency_coordinator, user=case.agency_coordinator, submission=case.submission, at=NOW
    )
    assert (len(ids), planning.unhidden(ids)) == (1, set())


def test_the_case_page_says_what_waits_for_the_lab(case):
    notified(case)
    found = [step for step in lab_steps(case.again(), at=NOW) if step.verb == "object"]
    assert [(step.who, step.text, step.due_at) for step in found] == [
        ("lab", "says whether it objects to what disclosure notice 1 names.", DUE)
    ]
    assert not [step for step in lab_steps(case.again(), at=DUE) if step.verb == "object"]
    # Reviewers and designators read the other list, and have no part in this.
    assert not [step for step in next_steps(case.again(), at=NOW) if step.verb == "object"]


def test_no_step_of_it_is_the_clocks_but_silence_and_none_touches_the_release(case):
    assert {t.verb for t in DISCLOSURE.transitions if t.who == "clock"} == {"fall_silent"}
    before = case.again()
    disclosed(case, [document(case)])
    after = case.again()
    names = ("planned_partner_release", "planned_public_release", "released_at", "opens_at", "closes_at")
    assert [getattr(before, name) for name in names] == [getattr(after, name) for name in names]
