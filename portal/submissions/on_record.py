"""What is on record of a person's conflicts and ties, and when they confirm that it is complete. Reads, writes nothing."""

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from portal.accounts.models import Kind, OtherAddress, Role, Tie
from portal.deadlines.models import Deadline
from portal.submissions.deadline_kinds import CONFLICT_RENEWAL
from portal.submissions.models import Conflict, ConflictStatement

# Who confirms: by these roles a person reviews cases, sends them to reviewers, or determines.
CONFIRM = (Role.REVIEWER, Role.COORDINATOR, Role.DESIGNATOR)


def may_confirm(person) -> bool:
    """Whether a person is asked to confirm what is on record about them: by a live seat of an agency in such a role."""
    return person.is_authenticated and person.is_active and person.has_seat(Kind.AGENCY, *CONFIRM)


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What is on record about one person, their last statement, and the date of the next; None where there is none."""

    conflicts: list[Conflict]
    ties: list[Tie]
    addresses: list[OtherAddress]
    last: ConflictStatement | None
    due_at: datetime | None

    @property
    def seen(self) -> str:
        """Names what is on record, so that a statement about it can be told from one about what it was before."""
        ties = [[tie.key, str(tie.since), str(tie.until), tie.at_present] for tie in self.ties]
        rows = [sorted(str(row.pk) for row in rows) for rows in (self.conflicts, self.addresses)]
        return sha256(json.dumps([*rows, ties]).encode()).hexdigest()[:32]

    @property
    def said(self) -> str:
        """Names the last statement."""
        return str(self.last.pk) if self.last else ""


def on_record(person) -> OnRecord:
    """What is on record about a person themself: nothing of others, whatever else the person looks after."""
    conflicts = Conflict.objects.visible_to(person).standing().filter(user=person)
    ties = Tie.objects.visible_to(person).filter(user=person).select_related("organisation")
    addresses = OtherAddress.objects.visible_to(person).filter(user=person, ended_at=None)
    due = Deadline.objects.still_open().filter(kind=CONFLICT_RENEWAL, person=person)
    return OnRecord(
        list(conflicts.select_related("organisation", "submission").order_by("-declared_at", "pk")),
        list(ties.order_by("organisation__name", "key")),
        list(addresses.order_by("email", "pk")),
        ConflictStatement.objects.newest_of(person),
        due.order_by("due_at").values_list("due_at", flat=True).first(),
    )
