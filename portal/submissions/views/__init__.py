"""The lab's pages. Each parses, calls one action or one queryset, and renders."""

from portal.submissions.views import (
    cases,
    contacts,
    documents,
    drafts,
    evidence,
    exports,
    questions,
    record,
    steps,
    submitting,
    terms,
)

__all__ = [
    "cases",
    "contacts",
    "documents",
    "drafts",
    "evidence",
    "exports",
    "questions",
    "record",
    "steps",
    "submitting",
    "terms",
]
