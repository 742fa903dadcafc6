"""Whom messages about inquiries and designations concern: these hang on no case, so the audience view does not know them."""

from uuid import UUID

from portal.accounts.models import Kind, Membership, Role
from portal.submissions.models import Barrier


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
