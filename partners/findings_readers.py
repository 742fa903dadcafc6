"""What findings tell the floors below: events and messages a person reads, and what a conflict keeps from them by now."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q

from partners.findings_kinds import of_findings
from partners.models import Finding
from partners.querysets_findings import no_finding_conflict
from portal.accounts.models import Kind
from portal.deadlines.models import Message
from portal.lookups import OneOf
from portal.submissions.querysets import has_no_conflicts, oversees

LABEL = Finding._meta.label_lower


def events(user) -> Q | None:
    """Of a finding, what a reporter or owner did themselves; everything for overseers, but for their conflicts. Looks at one on
    a case whose lab was notified are the case's own: there an agency's people have the names by which the lab knows them.
    """
    parts = []
    own = user.organisations_as(Kind.LAB) + user.organisations_as(Kind.PARTNER)
    if own:
        rows = Finding.objects.filter(Q(reporter_id__in=own) | Q(owner_id__in=own)).order_by()
        parts.append(Q(OneOf("subject_id", rows.values("pk")), subject_type=LABEL, actor=user))
    if oversees(user):
        seen = Q(case_id=None, subject_type=LABEL)
        if not has_no_conflicts(user):
            seen &= ~Q(subject_id__in=_hidden_from(user).values("pk"))
        parts.append(seen)
    if not parts:
        return None
    found = parts[0]
    for part in parts[1:]:
        found |= part
    return found


def messages(user) -> Q | None:
    """What was told about findings, for those who oversee them."""
    if not oversees(user):
        return None
    told = Q(kind__in=of_findings())
    return told if has_no_conflicts(user) else told & ~_about(user)


def barred(user) -> Q | None:
    """The messages about findings that a conflict hides from a person of an agency by now; and the dates: none waits for the job
    that takes them off.
    """
    if has_no_conflicts(user) or not user.has_seat(Kind.AGENCY):
        return None
    return Q(kind__in=of_findings(), link__startswith="/admin/") & _about(user)


def hidden(messages: Collection[UUID]) -> set[UUID]:
    """Those of these messages whose reader does not see the finding by now. A few statements a reader."""
    told = Message.objects.filter(pk__in=messages, kind__in=of_findings())
    rows = list(told.select_related("recipient").order_by())
    numbers: dict[UUID, set[str]] = {}
    for recipient in {row.recipient_id: row.recipient for row in rows}.values():
        about = [row.case_number for row in rows if row.recipient_id == recipient.pk]
        seen = Finding.objects.visible_to(recipient).filter(number__in=about).order_by()
        numbers[recipient.pk] = set(seen.values_list("number", flat=True))
    return {row.pk for row in rows if row.case_number not in numbers[row.recipient_id]}


def has_perm(user, codename: str, obj) -> bool:
    """Django's question, answered for one finding: whether it is seen."""
    if codename != "view_finding" or not isinstance(obj, Finding):
        return False
    return Finding.objects.visible_to(user).filter(pk=obj.pk).exists()


def _about(user) -> Q:
    return Q(case_number__in=_hidden_from(user).values("number"))


def _hidden_from(user):
    return Finding.objects.exclude(no_finding_conflict(user)).order_by()
