"""Each question can fail: one thing is broken at a time, in the rows themselves or in a doorway, and the question names it."""

import re
from uuid import uuid4

import pytest

from partners.models import (
    Finding,
    FindingAddressee,
    FindingFile,
    FindingRelay,
    Grant,
    GrantDocument,
    GrantReport,
    PartnerApplication,
    PartnerEvidence,
    PartnerNomination,
    PartnerProfile,
    Vetting,
)
from portal import scope
from portal.accounts.models import Affiliation
from portal.deadlines.models import Absence, Deadline, Message, QuietHours
from portal.ledger.models import Event
from portal.submissions import markings as portal_markings
from portal.submissions.models import (
    BreakGlass,
    DisclosureNotice,
    Document,
    InformationRequest,
    LegalHold,
    Spill,
    Submission,
    Terms,
    UnusualReading,
)
from reviews.models import (
    Assessment,
    Assignment,
    CaseAgency,
    Designation,
    DesignationConfirmation,
)
from tests.factories import DAY
from tests.machine.breaking import (
    HOUR,
    again,
    asked,
    date,
    event,
    message,
    put,
    says,
    seat,
    signed,
    unguarded,
    window,
    withdrawn,
)
from tests.machine.invariants import ALL, Present, Sight, broken_by
from tests.machine.invariants import cases as c
from tests.machine.invariants import conflicts as k
from tests.machine.invariants import deadlines as d
from tests.machine.invariants import emergencies as e
from tests.machine.invariants import findings as f
from tests.machine.invariants import markings as m
from tests.machine.invariants import partners as p
from tests.machine.invariants import records as r
from tests.machine.machine import Portal

# The question, what it says, the tables that are opened, and what is done to them.
ROWS = [
    (c.no_verdict_on_a_release, "approved", (Finding,), lambda w: put(w.draft, state="approved")),
    (c.windows, "4", (Submission,), lambda w: put(w.cases[0], opens_at=w.at - 40 * DAY, closes_at=w.at)),
    (c.windows, "6", (Grant,), lambda w: put(w.grant, starts_at=w.at - 9 * DAY)),
    (e.break_glass_opens_what_two_persons_gave, "20 break-glass", (BreakGlass,),
     lambda w: put(w.access, opened_by=w.access.asked_by)),
    (e.break_glass_opens_what_two_persons_gave, "20 break-glass", (Submission,),
     lambda w: put(w.cases[0], agreed_at=w.at + HOUR)),
    (e.break_glass_opens_what_two_persons_gave, "5 break-glass hours", (BreakGlass,),
     lambda w: put(w.access, expires_at=w.at + 25 * HOUR)),
    (e.break_glass_opens_what_two_persons_gave, "15 break-glass", (BreakGlass,),
     lambda w: again(w.access)),
    (e.break_glass_opens_what_two_persons_gave, "15 capacity", (Event,),
     lambda w: event(w, capacity="break_glass", kind="look", actor=w.security)),
    (c.labs_see_only_their_own, "9 message", (Message,),
     lambda w: message(w, w.lab_people[1][2], case_id=w.cases[0].pk)),
    (c.questions_stand_with_their_case, "question's date", (Deadline,),
     lambda w: put(date("answer_question", w.question), met_at=w.at)),
    (c.questions_stand_with_their_case, "merged twice", (InformationRequest,),
     lambda w: put(w.question, stored_state="merged", merged_into=again(w.question, stored_state="merged", number=9))),
    (c.designations_need_two_designators, "10", (Designation,),
     lambda w: put(w.designation, recorded_by=w.lab_people[0][0])),
    (c.designations_need_two_designators, "10", (DesignationConfirmation,),
     lambda w: DesignationConfirmation.objects.create(
         designation=w.designation, confirmed_by=w.designation.recorded_by, confirmed_at=w.at)),
    (c.withdrawn_is_over, "3 grant", (Submission,), lambda w: put(w.cases[0], stored_state="withdrawn")),
    (c.withdrawn_is_over, "3", (Submission,), lambda w: put(w.cases[0], stored_state="withdrawn")),
    (c.messages_are_single_and_bare, "17", (Message,),
     lambda w: put(Message.objects.first(), link="https://elsewhere.example/")),
    (c.messages_are_single_and_bare, None, (Message,), lambda w: again(Message.objects.first())),
    (p.partners_learn_nothing_too_early, "7 message", (Message,),
     lambda w: message(w, w.partners[1].member, case_id=w.cases[1].pk, kind="grant_offered", created_at=w.at)),
    (p.partners_learn_nothing_too_early, "7 message", (Message, Grant),
     lambda w: (put(w.grant, ended_at=w.at - DAY, stored_state="revoked"),
                message(w, w.partners[0].admin, case_id=w.cases[0].pk, kind="grant_scope", created_at=w.at))),
    (p.partners_learn_nothing_too_early, "7 date", (Deadline,),
     lambda w: put(date("grant_concur_due", w.waiting), organisation=w.newcomer, kind="grant_close_out")),
    (p.a_missing_concurrence_moves_nothing, "7 first grant", (Submission,),
     lambda w: put(w.cases[1], first_grant_starts_at=w.waiting.starts_at)),
    (p.a_missing_concurrence_moves_nothing, "7 first grant", (Grant,), lambda w: put(w.grant, agreed_at=None)),
    (p.a_missing_concurrence_moves_nothing, "7 moved", (Event,),
     lambda w: event(w, verb="move_dates", capacity="coordinator", subject_type="submissions.submission")),
    (k.partners_have_nobody_in_common_with_their_case, "8 lab", (Grant,), lambda w: put(w.grant, partner=w.labs[0])),
    (k.partners_have_nobody_in_common_with_their_case, "8 in common", (Affiliation,),
     lambda w: Affiliation.objects.create(
         user=w.partners[0].member, organisation=w.labs[0], recorded_at=w.grant.proposed_at - DAY)),
    (k.partners_have_nobody_in_common_with_their_case, "8 employer", (Affiliation, Assignment),
     lambda w: (put(seat(w), proposed_at=w.at),
                Affiliation.objects.create(user=w.reviewers[1], organisation=w.partners[0].organisation,
                                           recorded_at=w.at - HOUR))),
    (k.partners_have_nobody_in_common_with_their_case, "8 seat", (Affiliation,),
     lambda w: Affiliation.objects.create(
         user=w.reviewers[1], organisation=w.labs[0], recorded_at=seat(w).proposed_at - DAY)),
    (p.partners_see_what_was_consented_to, "20 scope unasked", (GrantDocument,),
     lambda w: put(w.grant.scope.first(), added_by=w.coordinator, since=w.at)),
    (p.partners_see_what_was_consented_to, "20 other case", (GrantDocument,),
     lambda w: put(w.grant.scope.first(), document=w.other_document)),
    (p.terms_were_agreed_by_both, "20 terms", (Terms,), lambda w: put(signed(w), lab_accepted_at=None)),
    (p.terms_were_agreed_by_both, "20 terms", (Terms,), lambda w: again(signed(w), number=2, lab_accepted_at=None)),
    (p.terms_were_agreed_by_both, "20 signed", (Terms,), lambda w: put(signed(w), lab_accepted_by=w.second)),
    (f.findings_are_read_by_whom_they_concern, "9 told", (Message,),
     lambda w: message(w, w.lab_people[1][1], case_id=None, case_number=w.relayed.number, kind="finding_relay")),
    (f.findings_are_read_by_whom_they_concern, "9 told", (Finding,),
     lambda w: put(w.relayed, owner_notified_at=w.at + DAY)),
    (f.findings_of_a_case_are_about_its_lab, "9 owner", (Finding,), lambda w: put(w.relayed, owner=w.labs[1])),
    (f.findings_of_a_case_are_about_its_lab, "7 finding", (Grant,), lambda w: put(w.grant, concurred_at=w.at + DAY)),
    (f.dates_stand_while_a_finding_is_relayed, "16 date", (Finding,),
     lambda w: put(w.relayed, embargo_until=w.at + DAY)),
    (f.dates_stand_while_a_finding_is_relayed, "16 date", (Finding,),
     lambda w: put(w.relayed, disclosure_due_at=w.at + DAY)),
    (f.dates_stand_while_a_finding_is_relayed, "16 moved", (Event,),
     lambda w: event(w, verb="set_embargo", subject_id=w.relayed.pk,
                     data={"embargo_until": {"old": None, "new": (w.at + DAY).isoformat()}})),
    (f.dates_stand_while_a_finding_is_relayed, "16 relay", (FindingRelay,),
     lambda w: put(w.relayed.relays.get(), recorded_at=w.at)),
    (f.findings_are_published_by_consent_or_after_the_embargo, "16 published unsaid", (Finding,),
     lambda w: put(w.relayed, state="published", published_at=w.at)),
    (f.findings_are_published_by_consent_or_after_the_embargo, "16 published", (Finding,),
     lambda w: put(w.fixed, owner_consented_at=None)),
    (f.findings_are_published_by_consent_or_after_the_embargo, "16 consent", (Finding,),
     lambda w: put(w.fixed, owner_consented_by=w.partners[1].admin)),
    (f.partners_are_told_by_consent_or_after_the_embargo, "16 told", (Finding,),
     lambda w: put(w.fixed, owner_consented_at=None)),
    (f.partners_are_told_by_consent_or_after_the_embargo, "16 told unsaid", (Event,),
     lambda w: put(Event.objects.get(verb="address"), data={"addressed": []})),
    (f.partners_are_told_by_consent_or_after_the_embargo, "16 told unsaid", (FindingAddressee,),
     lambda w: put(w.fixed.addressees.get(), partner=w.fixed.reporter)),
    (f.partners_are_told_by_consent_or_after_the_embargo, "7 told", (Finding,),
     lambda w: put(w.fixed, submission=w.cases[1])),
    (m.a_marking_is_lowered_by_its_owner_and_on_record, "13 unsaid", (Document,),
     lambda w: put(w.documents[0], tlp="TLP:CLEAR")),
    (m.a_marking_is_lowered_by_its_owner_and_on_record, "13 told", (Event,),
     lambda w: put(Event.objects.get(verb="mark_document"), data={"document": str(w.documents[1].pk), "from": m.FRESH,
                                                                  "to": "TLP:GREEN", "lowered": False})),
    (m.a_marking_is_lowered_by_its_owner_and_on_record, "13 lowered", (Event,),
     lambda w: event(w, verb="mark_document", actor=w.coordinator, capacity="coordinator",
                     data={"document": str(w.documents[0].pk), "from": m.FRESH, "to": "TLP:GREEN", "lowered": True})),
    (m.labs_are_told_before_a_disclosure, "14 told", (DisclosureNotice,),
     lambda w: put(w.notice, stored_state="disclosed", decided_at=w.notice.given_at, disclose_at=w.at, disclosed_at=w.at)),
    (m.labs_are_told_before_a_disclosure, "14 date", (DisclosureNotice,),
     lambda w: put(w.notice, stored_state="to_disclose")),
    (m.no_commercial_mark_is_taken_off_without_a_notice, "14 row", (Document,),
     lambda w: put(w.documents[0], confidential_commercial=False, unmarked_by=w.coordinator)),
    (m.no_commercial_mark_is_taken_off_without_a_notice, "14 mark", (Event,),
     lambda w: event(w, verb="mark_document", actor=w.coordinator, capacity="agency",
                     data={"document": str(w.documents[0].pk), "from": m.FRESH, "to": "TLP:AMBER+STRICT", "lowered": True,
                           "disclosure_notice": w.notice.number})),
    (d.dates_of_grants_stand_while_they_are_owed, "owed", (Deadline,),
     lambda w: put(date("grant_expires_partner", w.grant), cancelled_at=w.at)),
    (d.dates_of_grants_stand_while_they_are_owed, "stands", (Deadline,),
     lambda w: put(date("grant_expires", w.grant), due_at=w.at)),
    (d.dates_of_grants_stand_while_they_are_owed, "stands", (Grant,),
     lambda w: put(w.waiting, stored_state="declined", ended_at=w.at, end_verb="decline")),
    (d.dates_of_grants_stand_while_they_are_owed, "owed", (Grant,),
     lambda w: put(w.grant, stored_state="revoked", ended_at=w.at)),
    (d.dates_of_grants_stand_while_they_are_owed, "owed", (GrantReport,),
     lambda w: GrantReport.objects.filter(written_at=None).update(dropped_at=w.at)),
    (d.dates_of_vettings_stand_while_they_are_owed, "owed", (Deadline,),
     lambda w: put(date("partner_revetting", w.partners[0].organisation), met_at=w.at)),
    (d.dates_of_vettings_stand_while_they_are_owed, "stands", (PartnerProfile,),
     lambda w: put(w.partners[0].again(), stored_state="removed")),
    (d.dates_of_findings_stand_while_they_are_owed, "stands", (Finding,), lambda w: put(w.relayed, state="fixed")),
    (d.dates_of_findings_stand_while_they_are_owed, "owed", (Deadline,),
     lambda w: Deadline.objects.filter(kind="finding_disclosure").update(cancelled_at=w.at)),
    (d.partners_dates_are_of_their_case, "7 date of another", (Deadline,),
     lambda w: put(date("grant_expires_partner", w.grant), case_id=w.cases[1].pk)),
    (d.partners_dates_are_of_their_case, "7 source", (Deadline,),
     lambda w: put(date("grant_expires_partner", w.grant), source_id=None)),
    (c.messages_are_single_and_bare, "17 said", (Message,),
     lambda w: put(Message.objects.first(), link="/lab/cases/marzipan/")),
    (r.leaving_leaves_nothing_against_a_lab, "11 date", (Submission, Deadline),
     lambda w: (withdrawn(w, w.at), put(window(w), met_at=None, cancelled_at=None))),
    (r.leaving_leaves_nothing_against_a_lab, "11 reason", (Submission, Event),
     lambda w: (withdrawn(w, w.at), event(w, verb="withdraw", reason="The questions."))),
    (r.leaving_leaves_nothing_against_a_lab, "11 reminded", (Submission, Message),
     lambda w: (withdrawn(w, w.at - HOUR),
                message(w, w.lab_people[0][0], case_id=w.cases[0].pk, deadline=window(w), offset=9, created_at=w.at))),
    (r.leaving_leaves_nothing_against_a_lab, "11 date of a draft", (Submission,),
     lambda w: put(w.cases[0], submitted_at=None)),
    (r.leaving_leaves_nothing_against_a_lab, "11 draft", (Submission,), lambda w: put(w.cases[0], submitted_at=None)),
    (r.what_a_spill_hides_is_shown_to_nobody, "12 given", (Event,),
     lambda w: event(w, kind="look", at=w.at + HOUR, data={"document": str(w.spilt.pk)})),
    (r.looks_are_shown_to_the_lab, "15 nobody", (Event,), lambda w: event(w, kind="look", actor=None)),
    (r.what_people_arrange_is_theirs, "absences overlap", (Absence,), lambda w: again(w.absence)),
    (r.what_people_arrange_is_theirs, "two renewals", (Deadline,),
     lambda w: again(Deadline.objects.filter(kind="conflict_renewal", met_at=None).first(), subject_id=uuid4())),
]  # fmt: skip

# A doorway, and what the questions say where it shows everything to everybody.
OPEN_DOORS = [
    (Submission, ((c.reviewers_see_only_in_time, "5"), (e.break_glass_opens_what_two_persons_gave, "5 break-glass"),
                  (c.labs_see_only_their_own, "9 case"),
                  (p.partners_learn_nothing_too_early, "7 case"), (p.partners_learn_nothing_too_early, "7 scope"),
                  (k.who_is_in_conflict_sees_nothing, "8 case"))),
    (Document, ((c.labs_see_only_their_own, "9 document"), (p.partners_learn_nothing_too_early, "7 document"),
                (k.who_is_in_conflict_sees_nothing, "8 document"), (p.partners_see_what_was_consented_to, "20 document"),
                (r.what_a_spill_hides_is_shown_to_nobody, "12 shown"))),
    (Absence, ((r.what_people_arrange_is_theirs, "9 absence"),)),
    (QuietHours, ((r.what_people_arrange_is_theirs, "9 quiethours"),)),
    (InformationRequest, ((c.questions_stand_with_their_case, "9 question"),
                          (p.partners_learn_nothing_too_early, "7 informationrequest"),
                          (c.labs_see_only_their_own, "9 informationrequest"))),
    (Terms, ((c.labs_see_only_their_own, "9 terms"), (p.partners_learn_nothing_too_early, "7 terms"),
             (k.who_is_in_conflict_sees_nothing, "8 terms"))),
    (Assessment, ((c.reviewers_look_for_themselves_first, "own first"), (c.labs_see_only_their_own, "9 assessment"),
                  (p.partners_learn_nothing_too_early, "7 assessment"))),
    (Assignment, ((p.partners_learn_nothing_too_early, "7 assignment"), (k.who_is_in_conflict_sees_nothing, "8 assignment"))),
    (CaseAgency, ((p.partners_learn_nothing_too_early, "7 caseagency"),)),
    (DisclosureNotice, ((m.labs_are_told_before_a_disclosure, "14 seen"), (c.labs_see_only_their_own, "9 disclosurenotice"),
                        (p.partners_learn_nothing_too_early, "7 disclosurenotice"),
                        (k.who_is_in_conflict_sees_nothing, "8 disclosurenotice"))),
    (Designation, ((c.labs_see_only_their_own, "9 designation"), (p.partners_learn_nothing_too_early, "7 designation"))),
    (Spill, ((c.labs_see_only_their_own, "9 spill"), (p.partners_learn_nothing_too_early, "7 spill"),
             (k.who_is_in_conflict_sees_nothing, "8 spill"))),
    (BreakGlass, ((c.labs_see_only_their_own, "9 breakglass"), (p.partners_learn_nothing_too_early, "7 breakglass"),
                  (k.who_is_in_conflict_sees_nothing, "8 breakglass"))),
    (UnusualReading, ((c.labs_see_only_their_own, "9 unusualreading"), (p.partners_learn_nothing_too_early, "7 unusualreading"),
                      (k.who_is_in_conflict_sees_nothing, "8 unusualreading"))),
    (LegalHold, ((c.labs_see_only_their_own, "9 legalhold"), (p.partners_learn_nothing_too_early, "7 legalhold"),
                 (k.who_is_in_conflict_sees_nothing, "8 legalhold"))),
    (Event, ((c.labs_see_only_their_own, "9 event"), (p.partners_learn_nothing_too_early, "7 event"),
             (k.who_is_in_conflict_sees_nothing, "8 event"))),
    (Deadline, ((c.labs_see_only_their_own, "9 date"), (p.partners_learn_nothing_too_early, "7 date"),
                (k.who_is_in_conflict_sees_nothing, "8 deadline"))),
    (Message, ((k.who_is_in_conflict_sees_nothing, "8 message"),)),
    (Grant, ((c.labs_see_only_their_own, "9 grant"), (p.partners_learn_nothing_too_early, "7 grant"),
             (k.who_is_in_conflict_sees_nothing, "8 grant"), (p.each_sees_of_partners_what_the_table_says, "9 grant"))),
    (GrantReport, ((c.labs_see_only_their_own, "9 report"), (k.who_is_in_conflict_sees_nothing, "8 report"),
                   (p.each_sees_of_partners_what_the_table_says, "9 grantreport"))),
    (PartnerProfile, ((p.each_sees_of_partners_what_the_table_says, "9 partnerprofile"),)),
    (PartnerApplication, ((c.labs_see_only_their_own, "9 partnerapplication"),
                          (p.each_sees_of_partners_what_the_table_says, "9 partnerapplication"))),
    (PartnerEvidence, ((c.labs_see_only_their_own, "9 partnerevidence"),
                       (p.each_sees_of_partners_what_the_table_says, "9 partnerevidence"))),
    (Vetting, ((c.labs_see_only_their_own, "9 vetting"), (p.each_sees_of_partners_what_the_table_says, "9 vetting"))),
    (PartnerNomination, ((p.partners_learn_nothing_too_early, "7 partnernomination"),
                         (k.who_is_in_conflict_sees_nothing, "8 partnernomination"),
                         (p.each_sees_of_partners_what_the_table_says, "9 partnernomination"))),
    (FindingFile, ((f.findings_are_read_by_whom_they_concern, "9 file"),)),
    (Finding, ((f.findings_are_read_by_whom_they_concern, "9 finding"), (k.who_is_in_conflict_sees_nothing, "8 finding"))),
]  # fmt: skip
SHUT_DOORS = [
    (Document, p.partners_see_what_was_consented_to, "20 document"),
    (Finding, f.findings_are_read_by_whom_they_concern, "9 finding withheld"),
    (FindingFile, f.findings_are_read_by_whom_they_concern, "9 file"),
    (Event, r.looks_are_shown_to_the_lab, "15 withheld"),
    *(
        (model, p.each_sees_of_partners_what_the_table_says, f"9 {model._meta.model_name} withheld")
        for model in p.THEIRS
    ),
]


def _name(row) -> str:
    return f"{row[0].__name__}-{row[1]}".replace(" ", "_")


def test_a_sound_world_breaks_nothing(world):
    sight = Sight(world.at)
    assert [asked(world, question, sight) for question in ALL] == [[] for _ in ALL]


@pytest.mark.parametrize(("question", "name", "tables", "broken"), ROWS, ids=map(_name, ROWS))
def test_broken_rows_are_named(world, question, name, tables, broken):
    with unguarded(*tables):
        broken(world)
        assert says(asked(world, question), name)


@pytest.mark.parametrize(("model", "answers"), OPEN_DOORS, ids=lambda value: getattr(value, "__name__", ""))
def test_an_open_door_is_named(world, monkeypatch, model, answers):
    def everything(self, user, *, at=None, scope=""):
        return self.all()

    monkeypatch.setattr(type(model._default_manager.all()), "visible_to", everything)
    monkeypatch.setattr(
        type(model._default_manager), "visible_to", lambda self, *args, **how: self.all(), raising=False
    )
    sight = Sight(world.at, world.some())
    told = {name: says(asked(world, question, sight), name) for question, name in answers}
    assert told == {name: True for _, name in answers}


@pytest.mark.parametrize(
    ("model", "question", "name"), SHUT_DOORS, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_shut_door_is_named(world, monkeypatch, model, question, name):
    def nothing(self, user, *, at=None, scope=""):
        return self.none()

    monkeypatch.setattr(type(model._default_manager.all()), "visible_to", nothing)
    monkeypatch.setattr(
        type(model._default_manager), "visible_to", lambda self, *args, **how: self.none(), raising=False
    )
    assert says(asked(world, question), name)


@pytest.mark.parametrize("scope", ["model", "documents", "instructions"])
def test_a_scope_that_opens_to_everybody_is_named(world, monkeypatch, scope):
    shown = type(Grant.objects.all()).open_to
    monkeypatch.setattr(
        type(Grant._default_manager),
        "open_to",
        lambda self, user, name, *, at: self.all() if name == scope else shown(self.all(), user, name, at=at),
    )
    assert says(asked(world, p.partners_see_what_was_consented_to), "20 scope")


@pytest.mark.parametrize(("told", "name"), [("all", "9 finding"), ("none", "9 finding withheld")])
def test_telling_partners_that_opens_to_others_or_to_nobody_is_named(world, monkeypatch, told, name):
    manager = type(FindingAddressee._default_manager)
    monkeypatch.setattr(manager, "open_to", lambda self, user, *, at: getattr(self, told)().order_by())
    assert says(asked(world, f.findings_are_read_by_whom_they_concern), name)


@pytest.mark.parametrize("end", [min, max])
def test_a_derived_marking_that_is_too_lax_is_named(world, monkeypatch, end):
    """As lax as the laxest of its parts, or without any."""

    def lax(parts):
        found = sorted(parts, key=lambda part: portal_markings.TLP.index(part.tlp))
        return found[-1] if end is max and found else portal_markings.Marking()

    monkeypatch.setattr(portal_markings, "derived", lax)
    broken = asked(world, m.what_tells_of_several_is_marked_as_the_strictest)
    assert {row[0] for row in broken} == {"13 case", "13 grant"}


def test_a_window_that_does_not_end_is_named(world, monkeypatch):
    case = world.cases[0]
    with unguarded(Submission):
        put(case, closes_at=world.at - HOUR)
        assert asked(world, r.windows_end_by_themselves) == []
        with monkeypatch.context() as patched:
            patched.setattr(Submission, "state_at", lambda self, at: self.stored_state)
            assert says(asked(world, r.windows_end_by_themselves), "18")
        monkeypatch.setattr(
            type(Submission.objects.all()),
            "in_state",
            lambda self, *states, at: self.filter(stored_state__in=states),
        )
        monkeypatch.setattr(
            type(Submission.objects),
            "in_state",
            lambda self, *states, at: self.filter(stored_state__in=states),
        )
        assert says(asked(world, r.windows_end_by_themselves), "18 sql")


@pytest.mark.parametrize("shown", ["all", "none"])
def test_a_filter_that_shows_otherwise_under_row_security_is_named(world, monkeypatch, shown):
    """As one does that looks for rows which are hidden from who asks."""
    filtered = type(Document.objects.all()).visible_to

    def visible(self, user, *, at=None, scope_=""):
        rows = self.all()
        return (
            filtered(rows, user, at=at)
            if scope.current().lifted == scope.EVERYTHING
            else getattr(rows, shown)()
        )

    monkeypatch.setattr(type(Document.objects), "visible_to", visible)
    assert says(asked(world, r.row_security_keeps_back_nothing_that_a_filter_shows), "9 rows document")


def test_a_job_that_leaves_something_to_do_is_named(world, monkeypatch):
    portal = Portal()
    portal.world = world
    monkeypatch.setattr(world, "run_clock", lambda: [0, 1])
    with pytest.raises(AssertionError, match="19: a job that ran has nothing left to do"):
        portal.the_clocks_jobs_run_twice()


def test_a_lab_that_cannot_leave_is_named(world, monkeypatch):
    portal = Portal()
    portal.world = world
    portal.a_lab_could_leave_at_once(0)
    monkeypatch.setattr("portal.submissions.actions.withdraw", lambda **given: None)
    with pytest.raises(AssertionError, match="3: withdrawn in one step"):
        portal.a_lab_could_leave_at_once(0)


# What a step does past the actions, by whom, and what is said of it.
STEPS = [
    ("15 ledger", (Event,), 6, lambda w: put(Event.objects.first(), verb="looked")),
    ("15 no event", (), 0, lambda w: None),
    ("2 release moved", (Submission,), 6, lambda w: put(w.cases[0], planned_public_release=w.at + 90 * DAY)),
    ("2 release moved", (Submission,), 3, lambda w: put(w.cases[0], released_at=w.at)),
    ("20 checkpoint", (Submission,), 1, lambda w: put(w.cases[0], checkpoint=None)),
    ("20 purpose", (Grant,), 1, lambda w: put(w.grant, purpose="To sell it.")),
    ("20 purpose", (Grant,), 1, lambda w: put(w.waiting, access_mode="on_site")),
    ("20 terms", (Terms,), 6, lambda w: put(signed(w), purpose="Another one.")),
    ("16 mid-relay", (Finding,), 6, lambda w: put(w.relayed, embargo_until=w.at)),
    ("16 mid-relay", (Finding,), 6, lambda w: put(w.relayed, disclosure_due_at=w.at)),
    ("13 another's mark", (Document,), 3, lambda w: put(w.documents[0], tlp="TLP:CLEAR")),
    ("13 another's mark", (Document,), 6, lambda w: put(w.documents[0], tlp="TLP:RED", confidential_commercial=False)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "tables", "person", "step"), STEPS, ids=lambda value: str(value)[:20])
def test_a_step_that_changes_what_stands_is_named(world, name, tables, person, step):
    before = Present.read(world.at)
    with unguarded(*tables):
        step(world)
        assert says(broken_by(world.person(person), before, Present.read(world.at)), name)


def test_an_ended_window_that_is_another_one_is_named(world):
    case = world.cases[0]
    with unguarded(Submission):
        put(case, opens_at=world.at - 9 * DAY, closes_at=world.at - DAY)
        before = Present.read(world.at)
        put(case, closes_at=world.at - HOUR)
        assert says(broken_by(world.person(0), before, Present.read(world.at)), "4 and 5 ended window")


SEEN_BY_TESTS = {
    m.what_tells_of_several_is_marked_as_the_strictest: "13 case",
    r.windows_end_by_themselves: "18",
    r.row_security_keeps_back_nothing_that_a_filter_shows: "9 rows document",
    Portal.the_clocks_jobs_run_twice: "19",
    Portal.a_lab_could_leave_at_once: "3",
}


def _seen_to_fail() -> dict:
    seen = [(row[0], row[1]) for row in ROWS] + [answer for _, answers in OPEN_DOORS for answer in answers]
    seen += [(question, name) for _, question, name in SHUT_DOORS]
    return dict(seen) | SEEN_BY_TESTS


def test_each_question_was_seen_to_fail():
    rules = {Portal.the_clocks_jobs_run_twice, Portal.a_lab_could_leave_at_once}
    assert set(_seen_to_fail()) - rules == set(ALL)


def test_each_invariant_is_asked():
    """By a question or a step whose complaint, seen above, begins with its number in DOMAIN.md."""
    said = [name for row in ROWS for name in [row[1]]] + [
        name for _, answers in OPEN_DOORS for _, name in answers
    ]
    said += [name for name, *_ in STEPS] + list(SEEN_BY_TESTS.values()) + ["1 approved"]
    numbers = {int(found) for name in said if name for found in re.findall(r"^\d+", name)}
    assert numbers == set(range(1, 21))
