"""What ``manage.py check --deploy`` says about signing in."""

from typing import Any

from django.conf import settings
from django.core import checks


@checks.register(checks.Tags.security, deploy=True)
def agency_passkeys(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Production asks agencies' people for a passkey: a code can be given to a false website."""
    if settings.PORTAL_AGENCY_PASSKEYS:
        return []
    words = "People of agencies may sign in with a code, which can be given to a false website."
    return [checks.Warning(words, hint="Set PORTAL_AGENCY_PASSKEYS=1.", id="portal.accounts.W001")]
