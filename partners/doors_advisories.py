"""Handing a finding out as a file, the same at every door."""

import hashlib

from django.http import HttpResponse

from partners import finding_advisories
from partners.findings_looks import read_findings
from partners.models import Finding
from portal.headers import attachment


def handed_out(user, finding: Finding, form: str) -> HttpResponse:
    """The advisory as a download, its look recorded with the file's SHA-256 before a byte leaves."""
    file = finding_advisories.written(user, finding, form)
    sha256 = hashlib.sha256(file.content).hexdigest()
    read_findings(
        actor=user, findings=[finding], verb="exported_finding", data={"format": form, "sha256": sha256}
    )
    return attachment(file.content, name=file.name, content_type="application/json")
