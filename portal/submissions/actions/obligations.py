"""After access: what each agency that could read the lab's material attests, and by when the lab may expect it."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from portal import clock
from portal.accounts.models import Kind
from portal.deadlines import actions as deadlines
from portal.errors import AlreadyDone, NotAllowed
from portal.ledger import actions as ledger
from portal.ledger.models import Event
from portal.scope import action
from portal.submissions import deadline_kinds as kinds
from portal.submissions import policies
from portal.submissions.actions import case as steps
from portal.submissions.looks import OPENED
from portal.submissions.models import Audience, Obligation, Submission

CREDENTIALS, DESTRUCTION = Obligation.ObligationKind.CREDENTIALS, Obligation.ObligationKind.DESTRUCTION
DEADLINES = {CREDENTIALS: kinds.WITHDRAW_CREDENTIALS, DESTRUCTION: kinds.ATTEST_DESTRUCTION}
_TOOK = (*OPENED, "revealed_instructions")


def begin(case: Submission, *, ended_at: datetime, at: datetime) -> None:
    """Access has ended: lay down what each agency owes that had a seat on the case, or took any of its material.

    Called inside the step that ends access, once the case is saved. Called twice, the first time counts.
    """
    for agency in _agencies(case, ended_at):
        for kind, due in kinds.OBLIGATION_DUES.items():
            Obligation.objects.get_or_create(
                submission=case,
                agency_id=agency,
                kind=kind,
                defaults={"ended_at": ended_at, "due_at": due(ended_at), "created_at": at},
            )
    plan(case, at=at)


def _agencies(case: Submission, ended_at: datetime) -> list[UUID]:
    """The agencies whose people reviewed the case, or opened any of its files or instructions for another reason."""
    opened = Audience.objects.filter(
        submission=case, scope__in=("documents", "instructions"), organisation__kind=Kind.AGENCY
    ).filter(since__lt=ended_at)
    took = Event.objects.filter(case_id=case.pk, verb__in=_TOOK).order_by().values("actor_id")
    concerned = opened.filter(Q(capacity__in=("lead", "reviewer")) | Q(user_id__in=took))
    return list(concerned.order_by().values_list("organisation_id", flat=True).distinct())


def plan(case: Submission, *, at: datetime) -> None:
    """Set, or meet, the deadlines of a case's obligations."""
    for row in Obligation.objects.filter(submission=case).order_by("pk"):
        kind = DEADLINES[Obligation.ObligationKind(row.kind)]
        if row.attested_at is not None:
            deadlines.meet(kind=kind, subject_id=row.pk, at=at)
            continue
        deadlines.set_deadline(
            kind=kind,
            subject_id=row.pk,
            case_id=case.pk,
            case_number=case.case_number,
            due_at=row.due_at,
            at=at,
            organisation_id=row.agency_id,
            link=f"/admin/submissions/obligation/{row.pk}/change/",
        )


@action
def attest(*, actor, obligation: Obligation, at: datetime | None = None) -> Obligation:
    """Attest for one's agency that it was done; the lab is told, and reads which agency attested, and when.

    For an agency that has neither a coordinator nor a security officer the programme office's coordinators attest, and the
    record says so.
    """
    case = steps.lock(obligation.submission)
    at = at or clock.now()
    row = Obligation.objects.select_for_update().get(pk=obligation.pk)
    capacity = policies.attests_as(actor, row)
    if not capacity:
        raise NotAllowed("A coordinator or security officer of the agency attests this.")
    if row.attested_at is not None:
        raise AlreadyDone("This was attested already.")
    row.attested_at, row.attested_by = at, actor
    row.by_programme_office = capacity == "programme_office"
    row.save(update_fields=["attested_at", "attested_by", "by_programme_office"])
    event = ledger.record(
        actor=actor,
        verb="attest_for_agency" if row.by_programme_office else "attest",
        subject=row,
        case_id=case.pk,
        capacity=capacity,
        data={"kind": row.kind, "agency": row.agency_id},
        at=at,
    )
    deadlines.meet(kind=DEADLINES[Obligation.ObligationKind(row.kind)], subject_id=row.pk, at=at)
    deadlines.tell(
        recipients=steps.people(case, "lab", at=at),
        kind="obligation_attested",
        case_id=case.pk,
        case_number=case.case_number,
        about=event.pk,
        at=at,
    )
    return row
