"""Questions about conflicts: who may not meet on a case, and what is hidden from whom."""

from partners.models import Finding, Grant, GrantReport, PartnerNomination
from portal.accounts.models import Kind
from portal.deadlines.models import Deadline, Message
from portal.ledger.models import Event
from portal.submissions.models import BreakGlass, Document, LegalHold, Spill, Submission, UnusualReading
from portal.submissions.querysets import ASSESSMENTS, DOCUMENTS, FACTS, INSTRUCTIONS, RECORD
from reviews.models import Assignment, Designation
from tests.machine.invariants.partners import OF_A_CASE
from tests.machine.invariants.sight import Sight


def partners_have_nobody_in_common_with_their_case(sight: Sight) -> list:
    """8: when a grant was proposed or agreed, a seat proposed or attested, no tie on record joined the partner and the lab, or
    the partner and a reviewer of the case."""
    broken: list = []
    for grant in sight.rows(Grant):
        case = sight.case(grant)
        if grant.partner_id == case.lab_id:
            broken.append(("8 lab", grant.pk))
        for at in filter(None, (grant.proposed_at, grant.agreed_at)):
            ours = _tied(sight, grant.partner_id, at)
            reviewers = {seat.reviewer_id for seat in _seats_at(sight, case, at)}
            if ours & (_tied(sight, case.lab_id, at) | reviewers):
                broken.append(("8 in common", grant.pk))
    for seat in sight.rows(Assignment):
        case = sight.case(seat)
        for at in filter(None, (seat.proposed_at, seat.attested_at)):
            if seat.reviewer_id in _tied(sight, case.lab_id, at):
                broken.append(("8 seat", seat.pk))
            for grant in sight.having(Grant, "submission_id")[case.pk]:
                over = grant.ended_at or (grant.expires_at if grant.agreed_at else None)
                stands = grant.proposed_at <= at and (over is None or over > at)
                if stands and seat.reviewer_id in _tied(sight, grant.partner_id, at):
                    broken.append(("8 employer", seat.pk))
    return broken


def _tied(sight: Sight, organisation, at) -> set:
    """Who belonged to an organisation by what was on record before an instant."""
    return {person for person, tied in sight.ties.items() if organisation in tied and tied[organisation] < at}


def _seats_at(sight: Sight, case: Submission, at) -> list:
    return [
        seat
        for seat in sight.having(Assignment, "submission_id")[case.pk]
        if seat.proposed_at < at and (seat.ended_at is None or seat.ended_at > at) and seat.expires_at > at
    ]


def who_is_in_conflict_sees_nothing(sight: Sight) -> list:
    """8: no row, count or id of what a conflict keeps a person of the government from."""
    broken: list = []
    for user in sight.people:
        labs, cases = sight.barred(user)
        if not sight.of(user, Kind.AGENCY) or not labs | cases or sight.of(user, Kind.LAB):
            continue
        # What is theirs as a partner's person they read as that.
        partners = sight.of(user, Kind.PARTNER)
        theirs = {row.submission_id for row in sight.rows(Grant) if row.partner_id in partners}
        hidden = {
            case.pk for case in sight.rows(Submission) if case.lab_id in labs or case.pk in cases
        } - theirs
        findings = {
            row.pk: row
            for row in sight.rows(Finding)
            if ({row.owner_id, row.reporter_id} & labs or row.submission_id in hidden)
            and row.reporter_id not in partners
        }
        for scope in (RECORD, FACTS, DOCUMENTS, INSTRUCTIONS, ASSESSMENTS):
            broken += [("8 case", user.pk, pk) for pk in sight.sees(user, Submission, scope=scope) & hidden]
        for model in (*OF_A_CASE, Document, Grant, Spill, LegalHold, BreakGlass, UnusualReading):
            seen = [sight.named(model)[pk] for pk in sight.sees(user, model)]
            name = f"8 {model._meta.model_name}"
            broken += [(name, user.pk, row.pk) for row in seen if row.submission_id in hidden]
        for model in (Event, Deadline, Message):
            for row in (sight.named(model)[pk] for pk in sight.sees(user, model)):
                numbers = {finding.number for finding in findings.values()}
                about = {getattr(row, "subject_id", None), getattr(row, "source_id", None)}
                if (
                    row.case_id in hidden
                    or about & set(findings)
                    or getattr(row, "case_number", "") in numbers
                ):
                    broken.append((f"8 {model._meta.model_name}", user.pk, row.pk, str(row)))
        reports = {row.pk for row in sight.rows(GrantReport) if row.grant.submission_id in hidden}
        broken += [("8 report", user.pk, pk) for pk in sight.sees(user, GrantReport) & reports]
        broken += [("8 finding", user.pk, pk) for pk in sight.sees(user, Finding) & set(findings)]
        for model, column in ((PartnerNomination, "nominated_for_id"), (Designation, "lab_id")):
            seen = [sight.named(model)[pk] for pk in sight.sees(user, model)]
            name = f"8 {model._meta.model_name}"
            broken += [(name, user.pk, row.pk) for row in seen if getattr(row, column) in labs]
    return broken
