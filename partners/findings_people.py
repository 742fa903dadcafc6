"""Whom word and dates of findings concern: they hang on no case, so the audience view does not know them."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from partners.models import Finding, FindingAddressee, FindingFile
from partners.querysets_findings import WRITERS, reaching_models
from portal.accounts.models import Kind, Membership, Role
from portal.submissions.models import Barrier


def owner_people(finding: Finding) -> list[UUID]:
    """Those of the owning lab who act, once it was notified."""
    if finding.owner_id is None or finding.owner_notified_at is None:
        return []
    return _ids(_members().filter(organisation_id=finding.owner_id, role__in=WRITERS[Kind.LAB]))


def reporter_people(finding: Finding) -> list[UUID]:
    """The person who reported, while they still write for that organisation and no conflict keeps them from it."""
    return _writers(finding, finding.reported_by_id)


def file_people(file: FindingFile) -> list[UUID]:
    """Who put an evidence file there, and who reported the finding, as ``reporter_people`` has it."""
    return _writers(file.finding, file.uploaded_by_id, file.finding.reported_by_id)


def _writers(finding: Finding, *persons: UUID | None) -> list[UUID]:
    roles = WRITERS[Kind(finding.reporter.kind)]
    found = _members().filter(organisation_id=finding.reporter_id, user_id__in=persons, role__in=roles)
    return _ids(found if finding.reporter.kind != Kind.AGENCY else found.exclude(_barred(finding)))


def office_people(finding: Finding) -> list[UUID]:
    """The programme office's coordinators, but those whom a conflict keeps from it."""
    found = _members().filter(organisation__is_programme_office=True, role=Role.COORDINATOR)
    return _ids(found.exclude(_barred(finding)))


def liaison_people(finding: Finding) -> list[UUID]:
    """The liaisons, who take findings up and relay them, but those whom a conflict keeps from it."""
    return _ids(_members().filter(role=Role.LIAISON).exclude(_barred(finding)))


def addressed_people(finding: Finding, at: datetime) -> list[UUID]:
    """Those of the partners it was addressed to who read it now."""
    told = FindingAddressee.objects.standing(at=at).filter(finding=finding)
    members = _members().filter(organisation__in=told.values("partner"), role__in=WRITERS[Kind.PARTNER])
    if finding.submission_id is not None:
        reached = reaching_models(at).filter(
            submission=finding.submission_id, user=OuterRef("user"), organisation=OuterRef("organisation")
        )
        members = members.filter(Exists(reached))
    return _ids(members)


def _barred(finding: Finding) -> Q:
    labs = [pk for pk in (finding.owner_id, finding.reporter_id) if pk is not None]
    rows = Barrier.objects.filter(Q(organisation_id__in=labs) | _of_case(finding)).order_by()
    return Q(user_id__in=rows.values("user_id"))


def _of_case(finding: Finding) -> Q:
    return Q(pk__in=[]) if finding.submission_id is None else Q(submission_id=finding.submission_id)


def _members():
    return Membership.objects.of_people().filter(ended_at=None, user__is_active=True)


def _ids(members: Iterable) -> list[UUID]:
    return list(members.order_by("user_id").values_list("user_id", flat=True).distinct())
