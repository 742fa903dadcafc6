"""Whom messages about inquiries and designations concern: these hang on no case, so the audience view does not know them; and
who of a case's people may hear of an assessment."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from portal.accounts.models import Kind, Membership, Role, User
from portal.submissions.models import Barrier
from reviews.models import Assessment


def readers_among(people: Iterable[UUID], assessment: Assessment, *, at: datetime) -> list[UUID]:
    """Those of these people who read an assessment now: word of it goes to nobody else. Case by case, a handful of people."""
    rows = Assessment.objects.filter(pk=assessment.pk)
    users = User.objects.filter(pk__in=list(people)).order_by("pk")
    return [user.pk for user in users if rows.visible_to(user, at=at).exists()]


def lab_people(lab) -> list[UUID]:
    """Everyone of a lab; its services are told nothing."""
    return _ids(_members().of_people().filter(organisation=lab))


def office_people(lab, *roles: str) -> list[UUID]:
    """Agency people of agency-wide roles (coordinators of the programme office only) whom no conflict keeps from a lab."""
    found = _members().filter(organisation__kind=Kind.AGENCY, role__in=roles)
    found = found.exclude(role=Role.COORDINATOR, organisation__is_programme_office=False)
    barred = Barrier.objects.filter(organisation=lab).order_by().values("user_id")
    return _ids(found.exclude(user_id__in=barred))


def _members():
    return Membership.objects.filter(ended_at=None, user__is_active=True)


def _ids(members) -> list[UUID]:
    return list(members.order_by("user_id").values_list("user_id", flat=True).distinct())
