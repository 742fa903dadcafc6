"""Who may do what to a finding now, and what of it they read. Plain answers; unknown means no."""

from uuid import UUID

from partners.findings_states import FINDING, OVER, FindingState
from partners.models import Finding, FindingFile
from partners.querysets_findings import WRITERS, follows_findings
from portal.accounts.models import Kind, Organisation, Role, User
from portal.submissions import files
from portal.submissions.models import Barrier
from portal.submissions.querysets import agency_wide, has_no_conflicts


def may_report_for(actor, organisation: Organisation) -> bool:
    """Whether a person writes findings for an organisation."""
    return organisation.pk in reporting_organisations(actor)


def reporting_organisations(actor) -> list:
    """The organisations for which a person writes findings."""
    if not actor.is_authenticated or not actor.is_active:
        return []
    return [pk for kind, roles in WRITERS.items() for pk in actor.organisations_as(kind, *roles)]


def finding_capacities(actor, finding: Finding) -> frozenset[str]:
    """``reporter``, ``owner``, ``coordinator`` (the programme office's), ``liaison``, as far as the person sees the finding.

    For an outside vendor the programme's coordinators act as the owner. A conflict leaves an agency's people nothing.
    """
    if not actor.is_authenticated or not actor.is_active:
        return frozenset()
    found = set()
    if finding.reporter_id in _writes_as(actor, Kind.LAB, Kind.PARTNER):
        found.add("reporter")
    notified = finding.owner_notified_at is not None
    if notified and finding.owner_id in _writes_as(actor, Kind.LAB):
        found.add("owner")
    if actor.has_seat(Kind.AGENCY) and not is_barred_from(actor, finding):
        if finding.reporter_id in _writes_as(actor, Kind.AGENCY):
            found.add("reporter")
        if finding.reported_at is not None and Role.COORDINATOR in agency_wide(actor):
            found |= {"coordinator", "owner"} if notified and finding.has_vendor else {"coordinator"}
        if finding.reported_at is not None and actor.has_seat(Kind.AGENCY, Role.LIAISON):
            found.add("liaison")
    return frozenset(found)


def _writes_as(actor, *kinds: str) -> list:
    return [pk for kind in kinds for pk in actor.organisations_as(kind, *WRITERS[Kind(kind)])]


def is_barred_from(actor, finding: Finding) -> bool:
    """Whether a conflict hides a finding; ``querysets_findings.no_finding_conflict`` says the same in SQL."""
    if has_no_conflicts(actor):
        return False
    mine = Barrier.objects.filter(user=actor).order_by()
    of_labs = mine.filter(organisation_id__in=[pk for pk in (finding.owner_id, finding.reporter_id) if pk])
    return of_labs.union(
        mine.filter(submission_id=finding.submission_id, submission_id__isnull=False)
    ).exists()


def may_take_finding(actor, finding: Finding, verb: str) -> bool:
    mine = finding_capacities(actor, finding)
    return any(t.verb == verb and t.who in mine for t in FINDING.transitions)


def open_finding_verbs(actor, finding: Finding) -> list[str]:
    """The verbs this person can take on this finding from its present state: what buttons are made from."""
    found = FINDING.verbs_from(finding.state, finding_capacities(actor, finding))
    done = {
        "consent_publication": finding.owner_consented_at is not None,
        "mark_exploited": finding.exploited,
        "extend_disclosure": finding.disclosure_extended_at is not None,
        "set_marking": not may_mark(actor, finding),
    }
    return [verb for verb in dict.fromkeys(t.verb for t in found) if not done.get(verb)]


def may_mark(actor, finding: Finding) -> bool:
    """Its reporters and its owner mark a finding; who acts in an outside vendor's place does not."""
    mine = finding_capacities(actor, finding)
    return "reporter" in mine or ("owner" in mine and not finding.has_vendor)


def may_edit_finding(actor, finding: Finding) -> bool:
    """Its reporters change it until it is reported."""
    return finding.state == FindingState.DRAFT and "reporter" in finding_capacities(actor, finding)


def may_add_file(actor, finding: Finding) -> bool:
    """Its reporters put evidence files with a finding until it is over. They take one out as long as they edit it."""
    return finding.state not in OVER and "reporter" in finding_capacities(actor, finding)


def may_go_on_reading_file(person: UUID, file: UUID) -> bool:
    """Whether an evidence file is open to a person, everything asked anew."""
    reader = User.objects.filter(pk=person).first()
    return reader is not None and FindingFile.objects.visible_to(reader).filter(pk=file).exists()


def name_of_file(user, file: FindingFile) -> str:
    """Under what name a person has a file. A sender's own may hold who reported: an owner has a number in its place."""
    if reads_reporter(user, file.finding):
        return file.name
    return f"{file.finding.number}-{file.number}.{files.ending_of(file.content_type)}"


def reads_reporter(user, finding: Finding) -> bool:
    """Whether a person reads who reported, and through whom it came: its reporters, and the government's people who follow
    findings. An owner is told of the weakness, and not by whom (invariant 9). ``telling_reporter_to`` says the same in SQL.
    """
    if finding.reporter_id in [seat.organisation_id for seat in user.seats]:
        return True
    return follows_findings(user) and finding.owner_id not in user.organisations_as(Kind.LAB)


def reads_addressees(user, finding: Finding) -> bool:
    """Whether a person reads which partners were told: the government's people who follow findings, unless they sit in a partner
    or in the owning lab too. Partners do not see each other, and a lab sees no other's (invariant 9).
    """
    sits = user.has_seat(Kind.PARTNER) or finding.owner_id in user.organisations_as(Kind.LAB)
    return follows_findings(user) and not sits


def is_addressed(user, finding: Finding) -> bool:
    """Whether a person reads it as one of a partner that was told, and as nobody else."""
    own = {seat.organisation_id for seat in user.seats}
    return finding.reporter_id not in own and finding.owner_id not in own and user.has_seat(Kind.PARTNER)


def reads_case(user, finding: Finding) -> bool:
    """Whether a person reads on which case it was found: its reporters, the owner, and those who see every case."""
    own = [seat.organisation_id for seat in user.seats]
    return finding.reporter_id in own or finding.owner_id in own or bool(agency_wide(user))
