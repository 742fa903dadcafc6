"""Changes of the programme's settings, as its people make them: what they saw is what they say yes to."""

from portal.programme import actions
from portal.programme.models import Version
from tests import factories as make


def saved(actor, at=make.NOW, reason="A trial of marzipan.", **typed: str) -> Version:
    """A change saved in one go; ``target__attest_business_days="3"`` names ``target:attest_business_days``."""
    values = keys(typed)
    seen = actions.preview(actor=actor, typed=values, at=at)
    return actions.change(
        actor=actor,
        typed=values,
        reason=reason,
        expected_number=seen.base,
        expected_digest=seen.digest,
        at=at,
    )


def keys(typed: dict[str, str]) -> dict[str, str]:
    return {name.replace("__", ":"): text for name, text in typed.items()}
