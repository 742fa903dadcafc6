"""Which two versions a page of a comparison is asked for; the same for the lab's pages, the workbench and the API."""

from collections.abc import Mapping

from django.http import Http404

from portal.submissions import actions
from portal.submissions.actions.comparing import Comparison
from portal.submissions.models import Document, DocumentVersion


def compare(*, actor, document: Document, asked: Mapping[str, str]) -> Comparison:
    """The versions ``old`` and ``new`` name by number, the two newest where they name none. 404 where one is not there."""
    versions = {version.number: version for version in document.versions.all()}
    newest = max(versions, default=0)
    new = _version(versions, asked.get("new"), newest)
    old = _version(versions, asked.get("old"), new.number - 1)
    for version in (old, new):
        version.document = document
    return actions.compare_versions(actor=actor, old=old, new=new)


def _version(versions: Mapping[int, DocumentVersion], text: str | None, otherwise: int) -> DocumentVersion:
    number = (
        otherwise if not text else int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
    )
    if number not in versions:
        raise Http404
    return versions[number]
