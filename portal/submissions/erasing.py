"""What stands against erasing a person here, and what goes with them: where they are named as a lab's contact."""

from datetime import datetime

from django.db import connection
from django.db.models import Q

from portal import particulars
from portal.accounts.models import Membership, PersonKey, User
from portal.ledger import actions as ledger
from portal.ledger.models import Event
from portal.submissions.kept import wait_for_no_hold
from portal.submissions.models import BreakGlass, Contact, LegalHold, Submission
from portal.submissions.states import BreakGlassState

# Who reads it learns neither of the hold nor of its matter: those are the programme office's and auditors' (docs/adr/0018).
KEPT = "Records that name them have to be kept for now; the programme office knows until when."


def against(*, user: User, at: datetime) -> list[str]:
    said = []
    going = BreakGlass.objects.in_state(BreakGlassState.ASKED, BreakGlassState.OPEN, at=at)
    if going.filter(asked_by=user).exists():
        said.append("Access that they asked for in an emergency waits or is open.")
    if _is_kept(user):
        said.append(KEPT)
    return said


def _is_kept(user: User) -> bool:
    """Whether a legal hold stands over anything they had a part in: a case, or a lab they belonged to."""
    if connection.in_atomic_block:
        wait_for_no_hold()
    holds = LegalHold.objects.standing().order_by()
    labs, over = holds.filter(lab__isnull=False).values("lab_id"), holds.values("submission_id")
    if Membership.objects.filter(user=user, organisation_id__in=labs).exists():
        return True
    cases = Submission.objects.filter(Q(pk__in=over) | Q(lab_id__in=labs)).order_by().values("pk")
    if Contact.objects.filter(submission_id__in=cases, email__iexact=user.email).exists():
        return True
    return Event.objects.filter(case_id__in=cases, actor=user).order_by().exists()


def erase(*, actor: User | None, user: User, at: datetime) -> None:
    """Where a lab named them as a contact under their address, that somebody was named stays, and for what."""
    for contact in Contact.objects.filter(email__iexact=user.email).select_for_update(of=("self",)):
        for name, value in particulars.tombstone(Contact._meta.db_table, contact.pk, at).items():
            setattr(contact, name, value)
        contact.save(update_fields=["name", "email", "phone"])
        PersonKey.objects.destroy(contact.pk, at=at)
        ledger.record(
            actor=actor, verb="erased_contact", subject=contact, case_id=contact.submission_id, at=at
        )
