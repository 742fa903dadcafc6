"""What keeps an agency in the programme: disclosure notices on which it has not decided, or not acted."""

from datetime import datetime

from portal.accounts.models import Organisation
from portal.submissions.models import DisclosureNotice
from portal.submissions.states import DisclosureState as D

OPEN = (D.NOTIFIED, D.SILENT, D.OBJECTED, D.NOT_OBJECTED, D.TO_DISCLOSE)


def kept(*, actor, organisation: Organisation, at: datetime) -> list[str]:
    total = DisclosureNotice.objects.in_state(*OPEN, at=at).filter(agency=organisation).count()
    if not total:
        return []
    return [
        f"{total} disclosure notice{' of its is' if total == 1 else 's of its are'} undecided or not carried out."
    ]
