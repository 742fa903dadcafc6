"""Questions about partner organisations and grants: what partners learn and when, whom a conflict keeps away, who sees whose."""

from partners.models import (
    Grant,
    GrantDocument,
    GrantReport,
    GrantUser,
    PartnerApplication,
    PartnerEvidence,
    PartnerNomination,
    PartnerProfile,
    Vetting,
)
from portal.accounts.models import Kind, Role
from portal.deadlines.models import Deadline, Message
from portal.ledger.models import Event
from portal.submissions.models import (
    BreakGlass,
    DisclosureNotice,
    Document,
    InformationRequest,
    LegalHold,
    Obligation,
    Spill,
    Submission,
    Terms,
    UnusualReading,
)
from portal.submissions.querysets import ASSESSMENTS, DOCUMENTS, FACTS, INSTRUCTIONS, RECORD
from reviews.models import Assessment, Assignment, CaseAgency, Designation
from tests.machine.invariants.sight import Sight

OF_A_CASE = (InformationRequest, DisclosureNotice, Terms, Assignment, Assessment, Obligation, CaseAgency)
# What a partner with a standing offer is told of its case: when the lab moves its dates, marks a file in scope, or leaves.
OF_THE_CASE = {"mark_document", "move_dates", "release", "withdraw"}
# What a partner may still be told once its grant has ended.
AFTERWARDS = {"grant_declined", "grant_revoked", "grant_surrendered", "grant_expired", "grant_close_out"}


def partners_learn_nothing_too_early(sight: Sight) -> list:
    """7: of no grant, case, document, date, message, event, notice or search hit before both consents; of nothing new after the
    end."""
    broken: list = []
    for user in sight.people:
        if not sight.only_of(user, Kind.PARTNER):
            continue
        mine = [grant for grant in sight.rows(Grant) if grant.partner_id in sight.of(user, Kind.PARTNER)]
        known = {grant.pk: grant for grant in mine if sight.is_offered(grant)}
        cases = {grant.submission_id for grant in known.values()}
        broken += [("7 grant", user.pk, pk) for pk in sight.sees(user, Grant) - set(known)]
        for scope in (RECORD, FACTS, ASSESSMENTS):
            broken += [("7 case", user.pk, scope, pk) for pk in sight.sees(user, Submission, scope=scope)]
        hidden = (Spill, LegalHold, BreakGlass, UnusualReading, Designation, PartnerNomination)
        for model in (*OF_A_CASE, *hidden):
            broken += [(f"7 {model._meta.model_name}", user.pk, pk) for pk in sight.sees(user, model)]
        active = {grant.submission_id for grant in known.values() if sight.is_active(grant)}
        for scope in (DOCUMENTS, INSTRUCTIONS):
            seen = sight.sees(user, Submission, scope=scope)
            broken += [("7 scope", user.pk, scope, pk) for pk in seen - active]
        seen = [sight.named(Document)[pk] for pk in sight.sees(user, Document)]
        broken += [("7 document", user.pk, row.pk) for row in seen if row.submission_id not in active]
        seen = [sight.named(GrantReport)[pk] for pk in sight.sees(user, GrantReport)]
        broken += [("7 report", user.pk, row.pk) for row in seen if row.grant_id not in known]
        broken += _dates_too_early(sight, user, known)
        for event in (sight.named(Event)[pk] for pk in sight.sees(user, Event)):
            if event.actor_id != user.pk or not (event.case_id is None or event.case_id in cases):
                broken.append(("7 event", user.pk, event.verb))
        broken += [("7 message", user.pk, *told) for told in _told_too_early(sight, user, mine)]
    return broken


def _dates_too_early(sight: Sight, user, known: dict) -> list:
    broken = []
    reports = sight.named(GrantReport)
    for date in (sight.named(Deadline)[pk] for pk in sight.sees(user, Deadline)):
        if date.case_id is None:
            own = date.person_id == user.pk or date.organisation_id in sight.of(user, Kind.PARTNER)
        else:
            report = reports.get(date.subject_id)
            own = (report.grant_id if report else date.subject_id) in known
        if not own:
            broken.append(("7 date", user.pk, date.kind))
    return broken


def _told_too_early(sight: Sight, user, mine: list) -> list:
    """Messages, sent or not: nobody takes one back."""
    broken = []
    for message in sight.having(Message, "recipient_id")[user.pk]:
        if message.case_id is None:
            continue
        grants = [grant for grant in mine if grant.submission_id == message.case_id]
        offered = [grant for grant in grants if (at := sight.offered_at(grant)) and at <= message.created_at]
        if not offered or not (message.kind.startswith("grant_") or message.kind in OF_THE_CASE):
            broken.append((message.kind, message.created_at))
        elif all(_over_before(grant, message.created_at) for grant in offered):
            if message.kind not in AFTERWARDS:
                broken.append((message.kind, message.created_at))
    return broken


def _over_before(grant: Grant, at) -> bool:
    ends = [grant.ended_at] + ([grant.expires_at] if grant.agreed_at else [])
    return any(end is not None and end < at for end in ends)


def a_missing_concurrence_moves_nothing(sight: Sight) -> list:
    """7 and 2: a case's first grant is one that all three agreed to; its dates are the lab's acts."""
    broken: list = []
    for case in sight.rows(Submission):
        agreed = [grant for grant in sight.having(Grant, "submission_id")[case.pk] if grant.agreed_at]
        starts = [g.starts_at for g in agreed if g.ended_at is None or g.ended_at > g.starts_at]
        if case.first_grant_starts_at != min(starts, default=None):
            broken.append(("7 first grant", case.pk, case.first_grant_starts_at, starts))
    for event in sight.events:
        of_case = event.subject_type == Submission._meta.label_lower
        if of_case and event.verb in ("move_dates", "release", "withdraw") and event.capacity != "lab":
            broken.append(("7 moved", event.pk))
    return broken


def each_sees_of_partners_what_the_table_says(sight: Sight) -> list:
    """9 and 7: of organisations, applications, evidence, vettings, nominations, grants and reports, each person sees exactly
    what is theirs by the table of who sees what; a stranger, and a superuser without a seat, nothing."""
    broken = []
    for user in sight.people:
        for model, rule in THEIRS.items():
            theirs = {row.pk for row in sight.rows(model) if rule(sight, user, row)}
            seen = sight.sees(user, model)
            name = model._meta.model_name
            broken += [(f"9 {name}", user.pk, pk) for pk in seen - theirs]
            broken += [(f"9 {name} withheld", user.pk, pk) for pk in theirs - seen]
    return broken


def _organisation(sight, user, row: PartnerProfile) -> bool:
    if row.pk in sight.of(user, Kind.PARTNER) or sight.oversees(user):
        return True
    labs = sight.of(user, Kind.LAB)
    eligible = row.stored_state == "eligible" and row.revet_due_at > sight.at
    grants = sight.having(Grant, "partner_id")[row.pk]
    return bool(labs) and (eligible or any(sight.case(grant).lab_id in labs for grant in grants))


def _told_of_itself(sight, user, row) -> bool:
    return row.organisation_id in sight.of(user, Kind.PARTNER) or sight.oversees(user)


def _evidence(sight, user, row: PartnerEvidence) -> bool:
    own = row.organisation_id in sight.of(user, Kind.PARTNER) and row.removed_at is None
    return own or sight.oversees(user)


def _nomination(sight, user, row: PartnerNomination) -> bool:
    side = sight.of(user, Kind.LAB) | sight.of(user, Kind.AGENCY, Role.COORDINATOR)
    return row.nominated_for_id in side or (
        sight.oversees(user) and row.nominated_for_id not in sight.barred(user)[0]
    )


def _grant(sight, user, row: Grant) -> bool:
    case = sight.case(row)
    if case.lab_id in sight.of(user, Kind.LAB) or sight.sits(user, case):
        return True
    if sight.oversees(user) and case.submitted_at is not None and not sight.is_hidden(user, case):
        return True
    return sight.is_offered(row) and _concerns(sight, user, row)


def _concerns(sight, user, row: Grant) -> bool:
    """Whether a person administers the partner, or is of it and named on the grant."""
    if row.partner_id in sight.of(user, Kind.PARTNER, Role.ADMIN):
        return True
    names = sight.having(GrantUser, "grant_id")[row.pk]
    named = any(name.user_id == user.pk and name.ended_at is None for name in names)
    return row.partner_id in sight.of(user, Kind.PARTNER) and named


def _report(sight, user, row: GrantReport) -> bool:
    grant = sight.named(Grant)[row.grant_id]
    case = sight.case(grant)
    if case.lab_id in sight.of(user, Kind.LAB):
        return True
    if sight.oversees(user):
        return not sight.is_hidden(user, case)
    return sight.is_offered(grant) and _concerns(sight, user, grant)


THEIRS = {
    PartnerProfile: _organisation,
    PartnerApplication: _told_of_itself,
    Vetting: _told_of_itself,
    PartnerEvidence: _evidence,
    PartnerNomination: _nomination,
    Grant: _grant,
    GrantReport: _report,
}


def partners_see_what_was_consented_to(sight: Sight) -> list:
    """20 and 7: a partner's people see the documents in scope, and the instructions, of active grants on which they are named;
    the model's name while the offer stands; all of it while the organisation is eligible. Scope is the lab's own choice."""
    broken: list = []
    for user in sight.people:
        if not sight.only_of(user, Kind.PARTNER):
            continue
        theirs = [
            grant for grant in sight.rows(Grant) if sight.is_offered(grant) and _concerns(sight, user, grant)
        ]
        standing = [
            grant for grant in theirs if not sight.has_ended(grant) and sight.is_eligible(grant.partner_id)
        ]
        active = [grant for grant in standing if sight.is_active(grant) and sight.is_named(user, grant)]
        documents = {
            row.document_id
            for grant in active
            for row in sight.having(GrantDocument, "grant_id")[grant.pk]
            if row.ended_at is None and sight.is_there(sight.named(Document)[row.document_id])
        }
        broken += [("20 document", user.pk, pk) for pk in sight.sees(user, Document) ^ documents]
        for scope, wanted in (("model", standing), (DOCUMENTS, None), (INSTRUCTIONS, active)):
            opened = Grant.objects.open_to(user, scope, at=sight.at).order_by().values_list("pk", flat=True)
            expected = wanted if wanted is not None else [g for g in active if _has_scope(sight, g)]
            broken += [("20 scope", user.pk, scope, pk) for pk in set(opened) ^ {g.pk for g in expected}]
    for row in sight.rows(GrantDocument):
        grant = sight.named(Grant)[row.grant_id]
        case = sight.case(grant)
        consented = grant.lab_consented_at is not None and row.since <= grant.lab_consented_at
        if not consented and grant.lab_consented_at and row.added_by_id not in sight.members(case.lab_id):
            broken.append(("20 scope unasked", row.pk))
        if sight.named(Document)[row.document_id].submission_id != grant.submission_id:
            broken.append(("20 other case", row.pk))
    return broken


def _has_scope(sight: Sight, grant: Grant) -> bool:
    return any(row.ended_at is None for row in sight.having(GrantDocument, "grant_id")[grant.pk])


def terms_were_agreed_by_both(sight: Sight) -> list:
    """20: an agreed case has its purpose in a version of the terms that its lab and the government both signed, before anybody
    but the two read a document of it by a seat."""
    broken: list = []
    for case in sight.rows(Submission):
        if case.agreed_at is None:
            continue
        newest = max(sight.having(Terms, "submission_id")[case.pk], key=lambda row: row.number, default=None)
        signed = newest and newest.lab_accepted_at and newest.government_accepted_at
        if not signed or max(newest.lab_accepted_at, newest.government_accepted_at) > case.agreed_at:
            broken.append(("20 terms", case.pk))
        elif newest.lab_accepted_by_id not in sight.members(case.lab_id):
            broken.append(("20 signed", case.pk))
    return broken
