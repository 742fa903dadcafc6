"""What upper floors show on the lab's case page. They fill these lists from their AppConfig; this floor never names them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from portal.submissions.models import Submission

# (request, submission) -> (title, template, context), or None for nothing to show. The template gets the context, ``request``
# and ``submission``, and stands inside a section that has the title as its heading (h2): its own headings begin at h3.
PANELS: list[Callable[[HttpRequest, Submission], tuple[str, str, dict[str, Any]] | None]] = []
# (label, URL name) of upper floors' own pages about a case, which take its case number; linked beside the case.
LINKS: list[tuple[str, str]] = []
# (label, URL name) of this floor's pages about a lab as a whole.
OWN_AREAS = (("Cases", "lab:cases"), ("Disclosure notices", "lab:disclosures"))
# The same of upper floors, linked beside them.
AREAS: list[tuple[str, str]] = []
# (submission, dates, at) -> sentences: what else follows if the lab moves its planned dates to these. Computes, never writes.
CONSEQUENCES: list[Callable[[Submission, Mapping[str, datetime | None], datetime], list[str]]] = []

# (request, submission) -> (label, instant) of upper floors' own dates, for the line of time on the lab's case page.
MOMENTS: list[Callable[[HttpRequest, Submission], list[tuple[str, datetime]]]] = []

# Kinds of deadlines of upper floors that follow the window's end, and the date that follows from it.
DUE_BY_CLOSING: dict[str, Callable[[datetime], datetime]] = {}


@dataclass(frozen=True, slots=True)
class Panel:
    """One section of the case page, rendered."""

    title: str
    html: SafeString


def panels_of(request: HttpRequest, submission: Submission) -> list[Panel]:
    """The panels of the case page, in the order in which the apps registered them."""
    made = (make(request, submission) for make in PANELS)
    return [
        Panel(title, render_to_string(template, context | {"submission": submission}, request=request))
        for title, template, context in (found for found in made if found is not None)
    ]


def links_of(submission: Submission) -> list[tuple[str, str]]:
    """Upper floors' pages about the case; none while it is a draft, which nobody else knows of."""
    if submission.submitted_at is None:
        return []
    return [(label, reverse(name, args=[submission.case_number])) for label, name in LINKS]


def areas_of(request: HttpRequest) -> list[tuple[str, str, bool]]:
    """The parts of the lab's side: (label, address, whether it is the one shown)."""
    found = [(label, reverse(name)) for label, name in [*OWN_AREAS, *AREAS]]
    return [(label, url, request.path == url) for label, url in found]


def moments_of(request: HttpRequest, submission: Submission) -> list[tuple[str, datetime]]:
    """Upper floors' dates of the case."""
    return [moment for tell in MOMENTS for moment in tell(request, submission)]


def consequences_of(submission: Submission, dates: Mapping[str, datetime | None], at: datetime) -> list[str]:
    """What upper floors say would follow from moved dates."""
    return [sentence for tell in CONSEQUENCES for sentence in tell(submission, dates, at)]
