"""The operators' page of secrets: which there are, where each comes from, how it is changed; and what a production would refuse.

No value is on it, nor anything made from one.
"""

from dataclasses import dataclass

from django.conf import settings
from django.core import checks
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from portal.accounts.policies import may_look_after_all
from portal.operating import fitness, keys

TITLE = "Secrets and settings"


@dataclass(frozen=True, slots=True)
class Row:
    """A secret and where it comes from."""

    secret: keys.Secret
    source: keys.Source

    @property
    def state(self) -> str:
        if self.source.is_set:
            return "Set"
        return "Without a password" if self.source.said != keys.NOWHERE else "Not set"


@require_safe
def page(request: HttpRequest, context: dict) -> HttpResponse:
    if not may_look_after_all(request.user):
        raise Http404
    rows = [Row(secret, keys.source(secret, settings.STACK)) for secret in keys.SECRETS]
    found = fitness.found_by(fitness.RULES)
    context = context | {
        "title": TITLE,
        "rows": rows,
        "problems": [(one, one.level >= checks.ERROR) for one in found],
        "is_public": settings.PORTAL_PUBLIC,
        "is_production": settings.PORTAL_PRODUCTION,
    }
    return TemplateResponse(request, "admin/secrets.html", context)
