"""What keeps an agency in the programme, or a person from being erased: seats that are live; and what ends with an agency."""

from datetime import datetime

from portal.accounts.models import Organisation, User
from portal.submissions.models import Submission
from reviews.actions.agencies import end_all_invitations
from reviews.models import Assignment, Designation

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


def against_erasing(*, user: User, at: datetime) -> list[str]:
    """Neither case nor number: who reads it looks after accounts and sees no case."""
    said = []
    if Assignment.objects.live(at=at).filter(reviewer=user).exists():
        said.append("A seat of theirs on a case is live.")
    if Designation.objects.in_state("recorded").filter(recorded_by=user).exists():
        said.append("A designation that they recorded waits for its confirmation.")
    return said
