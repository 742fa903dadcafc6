"""What of partners waits on a programme coordinator: their queues, and the partners' section of a case's page."""

from partners import policies
from partners.findings_states import FindingState
from partners.models import Finding, Grant, PartnerNomination, PartnerProfile
from partners.querysets import oversees
from partners.states import PartnerState
from portal import clock
from portal.admin import Queue, queue


def queues(user, at) -> list[Queue]:
    """The programme coordinator's queues."""
    if not policies.keeps_partners(user):
        return []
    grants = Grant.objects.visible_to(user, at=at).beyond(user)
    partners = PartnerProfile.objects.visible_to(user, at=at)
    findings = Finding.objects.visible_to(user, at=at).beyond(user)
    return [
        queue(
            "Partners to concur with",
            grants.awaiting_concurrence(),
            "partners_grant",
            "us",
            "Proposed by the lab",
        ),
        queue(
            "Extensions to answer",
            grants.extension_asked_by("lab", at=at),
            "partners_grant",
            "extension",
            "The lab asks for a later expiry",
        ),
        queue(
            "Partners to vet",
            partners.in_state(PartnerState.APPLIED, PartnerState.NOMINATED, PartnerState.LAPSED, at=at),
            "partners_partnerprofile",
            "vetting",
            "Applied, nominated or lapsed",
        ),
        queue(
            "Organisations put forward",
            PartnerNomination.objects.visible_to(user, at=at).waiting(),
            "partners_partnernomination",
            "us",
            "By a lab or an agency, and not answered yet",
        ),
        queue(
            "Findings to triage",
            findings.in_state(FindingState.REPORTED),
            "partners_finding",
            "triage",
            "Reported, and not looked at yet",
        ),
        queue(
            "Owners to notify",
            findings.in_state(FindingState.VALIDATED),
            "partners_finding",
            "notice",
            "Validated, and the owner does not know yet",
        ),
    ]


def panel_of_case(request, submission) -> tuple[str, str, dict] | None:
    """The grants on a case, for those who oversee them."""
    if not oversees(request.user):
        return None
    at = clock.now()
    grants = Grant.objects.visible_to(request.user, at=at).filter(submission=submission).for_list()
    return (
        "Partners",
        "partners/admin/panel.html",
        {
            "rows": [{"grant": grant, "state": grant.state_at(at)} for grant in grants],
            "may_propose": policies.may_propose(request.user, submission, at=at),
        },
    )
