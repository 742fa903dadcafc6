"""A spill: something that the portal must not store. Its object is frozen at once; security lifts that, or removes the content.

Removal is two steps, as files are cleaned up elsewhere: the mark is committed first, the bytes follow, and what a killed process
left is finished by the clock (docs/adr/0019).
"""

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction

from portal import clock
from portal.accounts.models import Kind, Membership, Organisation, Role, User
from portal.deadlines import actions as deadlines
from portal.deadlines.account_notices import SECURITY_NEEDED
from portal.errors import AlreadyDone, Invalid, NotAllowed
from portal.ledger import actions as ledger
from portal.ledger.models import Event
from portal.machine import Transition
from portal.scope import acting, action
from portal.submissions import policies_spills as policies
from portal.submissions import spills
from portal.submissions.looks import standing
from portal.submissions.models import Audience, Barrier, Spill, Submission
from portal.submissions.states import SPILL, SpillState

log = logging.getLogger(__name__)

NOT_OPEN = "This is not open to you now."
# The agencies whose people stand or stood to a case in these capacities have a seat on it.
SEATED = ("lead", "reviewer", "agency_coordinator")
PAGE = "/admin/submissions/spill/"


@action
def report_spill(*, actor, subject: Any, feared: str, at: datetime | None = None) -> Spill:
    """Freeze an object that may hold what the portal must not store: from now on it is shown to nobody, its lab included.

    The case itself stands, and every right of its lab to withdraw, release and move dates. Security officers and the lab are
    told, by case number alone. Raises AlreadyDone where somebody else reported it just before.
    """
    kind = spills.kind_of(subject)
    if not policies.may_report(actor, subject, at=at):
        raise NotAllowed(NOT_OPEN)
    if feared not in Spill.Feared.values:
        raise Invalid("Choose what is feared.", field="feared")
    about = kind.lock(subject)
    at = at or clock.now()
    if Spill.objects.hiding(kind.key, subject.pk).exists():
        raise AlreadyDone("This was reported already: it is frozen.")
    if not policies.may_report(actor, subject, at=at):
        raise NotAllowed(NOT_OPEN)
    case = about if isinstance(about, Submission) else None
    reporter = policies.reports_for(actor, about, at=at)
    spill = Spill.objects.create(
        kind=kind.key, subject_id=subject.pk, submission=case, number=case.case_number if case else about.number,
        lab_id=about.lab_id, feared=feared, told_lab=kind.lab_reads(subject), organisation_id=reporter,
        reported_by=actor, reported_at=at,
    )  # fmt: skip
    spill.agencies.set(_agencies(case, reporter))
    # Nobody can act on what nobody sees.
    deadlines.cancel(at=at, subject_id=subject.pk)
    kind.follow(subject.pk, at)
    event = _note(spill, actor, "report_spill", standing(actor, about), at, data={"feared": feared})
    _tell(spill, event, "spill_reported")
    _ask_for_an_officer(spill, event)
    return spill


@action
def lift_spill(*, actor, spill: Spill, reason: str, at: datetime | None = None) -> Spill:
    """It was none: the object is shown again to whom the audience admits, and its dates are planned anew."""
    found, step, at = _begin(actor, spill, "lift_spill", at, reason=reason)
    event = _settle(found, actor, step, at, reason=reason)
    spills.KINDS[found.kind].follow(found.subject_id, at)
    _tell(found, event, "spill_lifted")
    return found


@action
def remove_content(*, actor, spill: Spill, keep_name: bool = False, at: datetime | None = None) -> Spill:
    """The object's texts are destroyed with this step, its stored bytes right after it. The ledger keeps what it had: ids and
    SHA-256. ``keep_name``: titles and file names stay, because nothing is feared of them.
    """
    found, step, at = _begin(actor, spill, "remove_content", at)
    event = _settle(found, actor, step, at, data={"name_kept": keep_name})
    kind = spills.KINDS[found.kind]
    kind.blank(found.subject_id)
    if not keep_name:
        kind.blank_names(found.subject_id)
    _tell(found, event, "spill_removed")
    transaction.on_commit(lambda: destroy(found.pk), robust=True)
    return found


def destroy(pk: UUID) -> bool:
    """Delete the stored bytes of one removed spill and record that they are gone. Twice or beside itself: the same, once."""
    spill = Spill.objects.filter(pk=pk, state=SpillState.REMOVED, destroyed_at=None).first()
    if spill is None:
        return False
    try:
        for name in spills.KINDS[spill.kind].files(spill.subject_id):
            default_storage.delete(name)
    except Exception:
        # Whatever a storage raises: one spill that cannot be removed now keeps no other. It is tried again.
        log.exception("The stored bytes of a removed spill could not be destroyed")
        return False
    with acting():
        # Another run may have come first: one of them records it.
        locked = Spill.objects.select_for_update(of=("self",)).filter(pk=pk, destroyed_at=None).first()
        if locked is None:
            return False
        locked.destroyed_at = clock.now()
        locked.save(update_fields=["destroyed_at"])
        ledger.record(
            actor=None, verb="content_destroyed", subject=locked, case_id=locked.submission_id, capacity="clock",
            data={"object": locked.subject_id}, at=locked.destroyed_at,
        )  # fmt: skip
    return True


def finish_removals() -> int:
    """Destroy what a process that was killed between the two steps left behind; returns of how many."""
    waiting = Spill.objects.filter(state=SpillState.REMOVED, destroyed_at=None).order_by("settled_at")
    return sum(destroy(pk) for pk in list(waiting.values_list("pk", flat=True)))


def _begin(
    actor, spill: Spill, verb: str, at: datetime | None, *, reason: str = ""
) -> tuple[Spill, Transition, datetime]:
    found = Spill.objects.select_for_update(of=("self",)).get(pk=spill.pk)
    at = at or clock.now()
    return (
        found,
        SPILL.require(found.state, verb, policies.capacities(actor, found, at=at), reason=reason),
        at,
    )


def _settle(
    spill: Spill, actor, step: Transition, at: datetime, *, reason: str = "", data: dict | None = None
) -> Event:
    spill.state, spill.settled_by, spill.settled_at = step.target, actor, at
    spill.save(update_fields=["state", "settled_by", "settled_at"])
    moved = {"from": step.source, "to": step.target} | (data or {})
    return _note(spill, actor, step.verb, step.who, at, reason=reason, data=moved)


def _note(spill: Spill, actor, verb: str, capacity: str, at: datetime, *, reason="", data: dict) -> Event:
    """On the case's own record where the lab knows of it, so that it reads of it there; else on the spill's."""
    on_case = spill.told_lab and spill.submission is not None
    facts = {"spill": spill.pk, "kind": spill.kind, "object": spill.subject_id}
    return ledger.record(
        actor=actor, verb=verb, subject=spill.submission if on_case else spill, case_id=spill.submission_id,
        capacity=capacity, reason=reason, data=facts | data, at=at,
    )  # fmt: skip


def _agencies(case: Submission | None, reporter: UUID) -> Iterable[Organisation]:
    """Whose security officers look after it: the programme office's, the reporter's agency's, and those with a seat."""
    wanted = {reporter}
    if case is not None:
        rows = Audience.objects.filter(submission=case, capacity__in=SEATED).order_by()
        wanted |= set(rows.values_list("organisation_id", flat=True).distinct())
    agencies = Organisation.objects.filter(kind=Kind.AGENCY)
    return agencies.filter(pk__in=wanted) | agencies.filter(is_programme_office=True)


def _officers(spill: Spill):
    """The seats of the security officers who look after a spill and whom no conflict keeps from it."""
    barred = Barrier.objects.filter(organisation=spill.lab_id).order_by().values("user_id")
    officers = (
        _seats().filter(organisation__in=spill.agencies.all(), role=Role.SECURITY).exclude(user_id__in=barred)
    )
    if spill.submission_id:
        barred = Barrier.objects.filter(submission=spill.submission_id).order_by().values("user_id")
        officers = officers.exclude(user_id__in=barred)
    return officers


def _seats():
    return Membership.objects.of_people().filter(ended_at=None, user__is_active=True)


def _ask_for_an_officer(spill: Spill, event: Event) -> None:
    """Where nobody could lift it or remove it, those who give roles are told so, and of no case."""
    if _officers(spill).exists():
        return
    keepers = User.objects.filter(is_superuser=True, is_active=True, service_of=None).order_by("pk")
    deadlines.tell(
        recipients=keepers.values_list("pk", flat=True), kind=SECURITY_NEEDED, case_id=None, case_number="",
        about=event.pk, at=event.at, link="/admin/accounts/membership/",
    )  # fmt: skip


def _tell(spill: Spill, event: Event, kind: str) -> None:
    """Word by number and link: to the security officers who look after it, and to the lab where it could read the object."""
    sides = [(_officers(spill), PAGE)]
    if spill.told_lab:
        page = f"/case/{spill.number}/" if spill.submission_id else "/lab/inquiries/"
        writers = _seats().filter(organisation=spill.lab_id, role__in=[Role.ADMIN, Role.CONTRIBUTOR])
        sides.append((writers, page))
    for members, link in sides:
        people = set(members.order_by().values_list("user_id", flat=True)) - {event.actor_id}
        deadlines.tell(
            recipients=sorted(people), kind=kind, case_id=spill.submission_id, case_number=spill.number,
            about=event.pk, at=event.at, link=link,
        )  # fmt: skip
