"""Questions about what is kept: the ledger and who reads it, spills, what is left of who leaves, and what people arrange for
themselves.
"""

from itertools import pairwise

from partners.models import Finding
from portal.accounts.models import Kind
from portal.deadlines.models import Absence, Deadline, Message, QuietHours
from portal.deadlines.registry import DEADLINES
from portal.ledger.models import Event
from portal.submissions import spills
from portal.submissions.deadline_kinds import CONFLICT_RENEWAL
from portal.submissions.models import Document, Spill, Submission
from portal.submissions.states import SPILL
from tests.machine.invariants.sight import Sight

OWN = (Absence, QuietHours)


def windows_end_by_themselves(sight: Sight) -> list:
    """18: at its close a window is over, whatever was assessed and whichever job is late, in SQL as in Python."""
    cases = sight.rows(Submission)
    over = {case.pk for case in cases if case.stored_state == "agreed" and case.closes_at <= sight.at}
    told = {case.pk for case in cases if case.state_at(sight.at) == "ended"}
    asked = set(Submission.objects.in_state("ended", at=sight.at).order_by().values_list("pk", flat=True))
    return [("18", pk) for pk in over ^ told] + [("18 sql", pk) for pk in over ^ asked]


def leaving_leaves_nothing_against_a_lab(sight: Sight) -> list:
    """11 and 3: of a case that its lab withdrew no date stands or reminds the lab, but what is owed because it is over; no reason
    is kept. What was never offered has no date, and only its lab's people are in its record, with who settles a spill that they
    reported in it."""
    broken: list = []
    for case in sight.rows(Submission):
        events = sight.having(Event, "case_id")[case.pk]
        dates = sight.having(Deadline, "case_id")[case.pk]
        people = sight.members(case.lab_id)
        if case.submitted_at is None:
            broken += [("11 date of a draft", date.pk, date.kind) for date in dates]
            others = [e for e in events if e.actor_id not in {None, *people}]
            settled = SPILL.verbs() if any(e.verb == "report_spill" for e in events) else []
            broken += [("11 draft", e.pk, e.verb) for e in others if e.verb not in settled]
        if case.withdrawn_at is None:
            continue
        broken += [("11 reason", e.pk) for e in events if e.verb == "withdraw" and e.reason]
        ours = {date.pk: date for date in dates if not DEADLINES[date.kind].outlives_case}
        stands = [date for date in ours.values() if date.met_at is None and date.cancelled_at is None]
        broken += [("11 date", date.pk, date.kind) for date in stands]
        for message in sight.having(Message, "case_id")[case.pk]:
            late = message.deadline_id in ours and message.created_at > case.withdrawn_at
            if late and message.recipient_id in people:
                broken.append(("11 reminded", message.pk, message.kind))
    return broken


def what_a_spill_hides_is_shown_to_nobody(sight: Sight) -> list:
    """12: from its report on an object is frozen: nobody sees it, its lab neither, and no file of it is given."""
    broken: list = []
    for spill in sight.rows(Spill):
        if spill.state not in ("frozen", "removed"):
            continue
        model = spills.KINDS[spill.kind].model
        broken += [
            ("12 shown", user.pk, spill.pk)
            for user in sight.people
            if spill.subject_id in sight.sees(user, model)
        ]
        broken += [
            ("12 given", event.pk)
            for event in sight.having(Event, "kind")["look"]
            if event.at > spill.reported_at and event.data.get("document") == str(spill.subject_id)
        ]
    return broken


def looks_are_shown_to_the_lab(sight: Sight) -> list:
    """15: every look at a lab's material names who looked, and the lab's people read it."""
    looks = sight.having(Event, "kind")["look"]
    broken: list = [("15 nobody", event.pk) for event in looks if event.actor_id is None]
    for user in sight.people:
        labs = sight.of(user, Kind.LAB)
        cases = {case.pk for case in sight.rows(Submission) if case.lab_id in labs}
        theirs = {event.pk for event in looks if event.case_id in cases}
        broken += [("15 withheld", user.pk, pk) for pk in theirs - sight.sees(user, Event)]
    return broken


def what_people_arrange_is_theirs(sight: Sight) -> list:
    """9: absences and quiet hours are seen by whose they are and by nobody else; absences of one person do not overlap; of the
    dates to confirm one's conflicts one stands at most."""
    broken: list = []
    for model in OWN:
        for user in sight.people:
            own = {row.pk for row in sight.having(model, "person_id")[user.pk]}
            broken += [(f"9 {model._meta.model_name}", user.pk, pk) for pk in sight.sees(user, model) ^ own]
    for person, rows in sight.having(Absence, "person_id").items():
        spans = sorted((row.begins_at, row.ends_at) for row in rows)
        if any(one[1] > other[0] for one, other in pairwise(spans)):
            broken.append(("absences overlap", person))
    renewals = [
        row.person_id
        for row in sight.having(Deadline, "kind")[CONFLICT_RENEWAL]
        if row.met_at is None and row.cancelled_at is None
    ]
    return broken + [("two renewals", person) for person in set(renewals) if renewals.count(person) > 1]


def row_security_keeps_back_nothing_that_a_filter_shows(sight: Sight) -> list:
    """9: of one of those who are asked: what the filters show in the person's scope is what they show where all rows are there.
    A filter that looks for rows which are hidden would let through what it should stop."""
    broken: list = []
    for user in sight.people[:1]:
        for model in (Submission, Document, Event, Deadline, Message, Finding):
            if sight.rows(model):
                shown = sight.sees(user, model)
                broken += [
                    (f"9 rows {model._meta.model_name}", user.pk, pk)
                    for pk in shown ^ sight.filtered(user, model)
                ]
    return broken
