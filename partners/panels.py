"""The partners' section of the lab's case page."""

from django.http import HttpRequest

from partners import policies
from partners.models import Grant
from partners.states import State
from portal import clock
from portal.submissions.models import Submission


def of_case(request: HttpRequest, submission: Submission) -> tuple[str, str, dict] | None:
    """The grants on the case and the way to their page; nothing while there are none and none can be proposed. One query."""
    at = clock.now()
    grants = list(Grant.objects.visible_to(request.user).filter(submission=submission).for_list())
    may_propose = policies.case_takes_proposals(submission, at)
    if not grants and not may_propose:
        return None
    rows = [{"grant": grant, "state": grant.state_at(at)} for grant in grants]
    waiting = sum(grant.stored_state == State.PROPOSED and grant.lab_consented_at is None for grant in grants)
    context = {"rows": rows, "takes_proposals": may_propose, "waiting": waiting}
    return "Partners", "partners/lab/panel.html", context
