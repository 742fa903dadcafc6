"""A list taken along as a file: the rows and columns that the page shows, under its filters, recorded before it is given."""

import hashlib
import html
from datetime import UTC, datetime
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import label_for_field, lookup_field
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.html import strip_tags
from django.utils.safestring import SafeString
from django.utils.text import slugify

from portal import clock, sheets
from portal.doors import see_other
from portal.headers import attachment
from portal.ledger import actions as ledger
from portal.stepup import confirmed

# No more rows than these, the first in the list's order; a file that holds fewer than the list says so in its name.
LIMIT = 1000


class TakesLists:
    """The part of PortalAdmin that gives its list as CSV."""

    @confirmed
    def export_view(self: Any, request: HttpRequest) -> HttpResponse:
        """The list of this address's filters as CSV. Each row is a look as on the page; the export itself is an event."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        with transaction.atomic():
            try:
                rows = list(self.get_changelist_instance(request).queryset[: LIMIT + 1])
            except IncorrectLookupParameters:
                return see_other(self.url_of("changelist"))
            whole = len(rows) <= LIMIT
            rows = rows[:LIMIT]
            self.listed(request, rows)
            content = self._sheet(request, rows)
            sha256 = hashlib.sha256(content).hexdigest()
            self.exported(request, rows, sha256)
            about = {"list": self.opts.label_lower, "rows": len(rows), "whole": whole}
            ledger.export(
                actor=request.user,
                verb="exported_list",
                content=content,
                data=about | {"filters": sorted(request.GET)},
                at=clock.now(),
            )
        part = "" if whole else f"-first-{LIMIT}"
        name = f"{slugify(self.plural)}{part}-{clock.now():%Y-%m-%d}.csv"
        return attachment(content, name=name, content_type=sheets.CSV)

    def exported(self, request: HttpRequest, rows: list, sha256: str) -> None:
        """Called with the rows that a file holds: where they tell of cases, write down that these were taken along."""

    @property
    def writes_looks(self) -> bool:
        """Whether a row of the list is a look at lab material."""
        return type(self).exported is not TakesLists.exported

    def _sheet(self: Any, request: HttpRequest, rows: list) -> bytes:
        names = [name for name in self.get_list_display(request) if name != "action_checkbox"]
        columns = [str(label_for_field(name, self.model, self)).capitalize() for name in names]
        return sheets.as_csv(columns, ([self._cell(name, row) for name in names] for row in rows))

    def _cell(self: Any, name: str, row: Any) -> str:
        """What the page's cell says, without its markup; an instant in UTC."""
        field, _, value = lookup_field(name, row, self)
        if value is None:
            return ""
        if isinstance(value, datetime):
            return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        if field is not None and getattr(field, "choices", None):
            return str(getattr(row, f"get_{field.name}_display")())
        if not isinstance(value, SafeString):
            return str(value)
        words = strip_tags(str(value).replace("<br>", " "))
        return " ".join(html.unescape(words).split())
