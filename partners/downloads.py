"""A file of evidence on its way out, the same for every door: as a document's, cut off when access ends."""

from functools import partial
from uuid import UUID

from django.db import transaction
from django.http import StreamingHttpResponse

from partners import policies
from partners.actions.evidence import open_evidence
from partners.models import PartnerEvidence
from portal import clock
from portal.submissions.downloads import streamed


def download(*, actor, evidence: PartnerEvidence) -> StreamingHttpResponse:
    """The file as an attachment; the look is recorded before the first byte. Raises NotAllowed, Refused."""
    given = open_evidence(actor=actor, evidence=evidence)
    return streamed(evidence, given, still_allowed=partial(_still_allowed, actor.pk, evidence.pk))


def _still_allowed(person: UUID, evidence: UUID) -> bool:
    clock.refresh()
    with transaction.atomic():
        return policies.may_go_on_reading_evidence(person, evidence)
