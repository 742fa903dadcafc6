"""Who asks for break-glass access, and who is the second person. Plain answers; unknown means no."""

from datetime import datetime
from uuid import UUID

from portal.accounts.models import Kind, Role
from portal.submissions.models import BreakGlass, Submission
from portal.submissions.querysets_break_glass import askable


def asks(actor) -> bool:
    """Whether a person asks for such access at all; to which case is ``may_ask``'s answer."""
    return actor.is_active and not actor.is_service and actor.has_seat(Kind.AGENCY, Role.SECURITY)


def may_ask(actor, submission: Submission, agency: UUID, *, at: datetime) -> bool:
    """Whether a person may ask, for an agency whose security officer they are, to read a case."""
    own = actor.organisations_as(Kind.AGENCY, Role.SECURITY)
    return agency in own and askable(actor, at=at).filter(pk=submission.pk).exists()


def may_be_given(officer, access: BreakGlass, *, at: datetime) -> bool:
    """Whether who asked may still be given it: roles and conflicts change between asking and concurring."""
    return may_ask(officer, access.submission, access.agency_id, at=at)


def capacities(actor, access: BreakGlass) -> frozenset[str]:
    """``officer`` who asked, ``second_person`` who may concur and end it."""
    if not actor.is_authenticated or not actor.is_active:
        return frozenset()
    seen = BreakGlass.objects.visible_to(actor).filter(pk=access.pk)
    found = {"officer"} if access.asked_by_id == actor.pk and seen.exists() else set()
    if BreakGlass.objects.to_answer_by(actor).filter(pk=access.pk).exists():
        found.add("second_person")
    return frozenset(found)
