"""Each time an organisation tells of itself, a row of its own: what was said before stays."""

from datetime import datetime
from typing import Any

from partners.models import PartnerApplication
from portal.accounts.models import Organisation


def write(
    organisation: Organisation,
    values: dict[str, Any],
    actor,
    at: datetime,
    *,
    newest: PartnerApplication | None,
) -> PartnerApplication:
    """The next application of an organisation, whose own row the caller has locked."""
    return PartnerApplication.objects.create(
        organisation=organisation,
        number=newest.number + 1 if newest else 1,
        written_at=at,
        written_by=actor,
        **values,
    )
