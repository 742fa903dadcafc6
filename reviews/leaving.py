"""What keeps an agency in the programme, and what ends with it: its reviewers' seats, and its view of cases."""

from datetime import datetime

from portal.accounts.models import Organisation
from portal.submissions.models import Submission
from reviews.actions.agencies import end_all_invitations
from reviews.models import Assignment

NAMED = 20


def kept(*, actor, organisation: Organisation, at: datetime) -> list[str]:
    """The live seats of its reviewers, with the numbers of the cases that this person sees."""
    live = Assignment.objects.live(at=at).filter(agency=organisation).order_by()
    total = live.count()
    if not total:
        return []
    cases = Submission.objects.visible_to(actor, at=at).filter(pk__in=live.values("submission_id"))
    numbers = list(cases.order_by("case_number").values_list("case_number", flat=True)[:NAMED])
    words = f"{total} seat{'' if total == 1 else 's'} of its reviewers {'is' if total == 1 else 'are'} live"
    return [f"{words}: {', '.join(numbers)}." if numbers else f"{words}."]


def left(*, actor, organisation: Organisation, at: datetime) -> None:
    """Its invitations to cases end."""
    end_all_invitations(actor=actor, agency=organisation, at=at)
