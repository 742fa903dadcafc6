"""A log's file on its way out, the same for pages and API: as a document's, cut off when access ends."""

from functools import partial
from uuid import UUID

from django.db import transaction
from django.http import StreamingHttpResponse

from portal import clock
from portal.submissions.downloads import streamed
from reviews import actions, policies
from reviews.models import AgencyLog


def download(*, actor, log: AgencyLog) -> StreamingHttpResponse:
    """The file of a log as an attachment; the look is recorded before the first byte. Raises NotAllowed, Refused."""
    given = actions.open_log(actor=actor, log=log)
    return streamed(log, given, still_allowed=partial(_still_allowed, actor.pk, log.pk))


def _still_allowed(person: UUID, log: UUID) -> bool:
    clock.refresh()
    with transaction.atomic():
        return policies.may_go_on_reading_log(person, log)
