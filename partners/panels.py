"""The partners' section of the lab's case page."""

from datetime import datetime

from django.http import HttpRequest

from partners import policies
from partners.models import Grant
from partners.states import State
from portal import clock
from portal.submissions.models import Submission

# How many grants the line of time shows.
SHOWN = 4


def of_case(request: HttpRequest, submission: Submission) -> tuple[str, str, dict] | None:
    """The grants on the case and the way to their page; nothing while there are none and none can be proposed. One query."""
    at = clock.now()
    grants = _grants(request, submission)
    may_propose = policies.case_takes_proposals(submission, at)
    if not grants and not may_propose:
        return None
    rows = [{"grant": grant, "state": grant.state_at(at)} for grant in grants]
    waiting = sum(grant.stored_state == State.PROPOSED and grant.lab_consented_at is None for grant in grants)
    context = {"rows": rows, "takes_proposals": may_propose, "waiting": waiting}
    return "Partners", "partners/lab/panel.html", context


def moments(request: HttpRequest, submission: Submission) -> list[tuple[str, datetime]]:
    """When the agreed grants on the case start and expire, as far as they have not ended; no query beside the panel's."""
    agreed = [grant for grant in _grants(request, submission) if grant.agreed_at and not grant.ended_at]
    return [
        moment
        for grant in agreed[:SHOWN]
        for moment in (
            (f"Grant of {grant.partner.name} starts", grant.starts_at),
            (f"Grant of {grant.partner.name} expires", grant.expires_at),
        )
    ]


def _grants(request: HttpRequest, submission: Submission) -> list[Grant]:
    """The grants on the case, read once a request."""
    kept = request.__dict__.setdefault("_grants_on", {})
    if submission.pk not in kept:
        found = Grant.objects.visible_to(request.user).filter(submission=submission).for_list()
        kept[submission.pk] = list(found)
    return kept[submission.pk]
