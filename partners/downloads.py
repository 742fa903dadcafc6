"""Files of evidence on their way out, the same for every door: as a document's, cut off when access ends."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.db import transaction
from django.http import StreamingHttpResponse

from partners import policies, policies_findings
from partners.actions.evidence import open_evidence
from partners.actions.findings import open_file
from partners.models import FindingFile, PartnerEvidence
from portal import clock
from portal.submissions.downloads import streamed


def download(*, actor, evidence: PartnerEvidence) -> StreamingHttpResponse:
    """The file as an attachment; the look is recorded before the first byte. Raises NotAllowed, Refused."""
    given = open_evidence(actor=actor, evidence=evidence)
    asked = partial(_still_allowed, policies.may_go_on_reading_evidence, actor.pk, evidence.pk)
    return streamed(evidence, given, still_allowed=asked)


def download_of_finding(*, actor, file: FindingFile) -> StreamingHttpResponse:
    """An evidence file of a finding, likewise, under the name by which the person knows it."""
    given = open_file(actor=actor, file=file)
    asked = partial(_still_allowed, policies_findings.may_go_on_reading_file, actor.pk, file.pk)
    return streamed(file, given, still_allowed=asked, name=policies_findings.name_of_file(actor, file))


def _still_allowed(policy: Callable[[UUID, UUID], bool], person: UUID, file: UUID) -> bool:
    clock.refresh()
    with transaction.atomic():
        return policy(person, file)
