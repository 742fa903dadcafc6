"""What of the cases waits on a person, for the workbench's first page."""

from portal.accounts.models import Role
from portal.admin import Queue, queue
from portal.submissions import policies
from portal.submissions.admin import break_glass, readings
from portal.submissions.models import DisclosureNotice, Submission
from portal.submissions.querysets import agency_wide
from portal.submissions.states import DisclosureState, State


def queues(user, at) -> list[Queue]:
    """The coordinators' queues; other roles' come from the apps whose work it is."""
    of_security = [*break_glass.queues(user, at), *readings.queues(user, at)]
    return [*_disclosures(user, at), *_of_the_programme(user, at), *of_security]


def _disclosures(user, at) -> list[Queue]:
    """What a person has to say for their agency before something of a case is disclosed."""
    if not policies.gives_notices(user):
        return []
    mine = DisclosureNotice.objects.to_decide_by(user).beyond(user)
    heard = mine.in_state(
        DisclosureState.SILENT, DisclosureState.OBJECTED, DisclosureState.NOT_OBJECTED, at=at
    )
    return [
        queue(
            "Disclosures to decide",
            heard,
            "submissions_disclosurenotice",
            "decide",
            "The lab was heard, or its days have passed",
        )
    ]


def _of_the_programme(user, at) -> list[Queue]:
    if Role.COORDINATOR not in agency_wide(user):
        return []
    cases = Submission.objects.visible_to(user, at=at).beyond(user)
    return [
        queue(
            "To acknowledge",
            cases.in_state(State.SUBMITTED, at=at),
            "submissions_submission",
            "acknowledge",
            "Submitted, and not acknowledged yet",
        ),
        queue(
            "Access terms to accept",
            cases.awaiting_terms("government"),
            "submissions_submission",
            "terms",
            "The newest version waits for us",
        ),
        queue(
            "Without a lead",
            cases.without_lead(at=at),
            "submissions_submission",
            "no_lead",
            "Acknowledged, and nobody leads the review",
        ),
        queue(
            "To be closed",
            cases.in_state(State.ENDED, at=at),
            "submissions_submission",
            "close",
            "The access window has ended",
        ),
    ]
