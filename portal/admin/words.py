"""Small pieces of admin pages that lower floors need, in the look of the portal's pages."""

from functools import cache, lru_cache

from django.template import engines
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

# Stands for an object's key while the address of all of a kind is made: no address of an app or a model holds it.
KEY = "0key0"
_STATUS = "{% load portal %}{% status value label %}"


@lru_cache(maxsize=256)
def state_tag(value, label: str = ""):
    """A state as a tag, as every page shows it; ``label`` where the words are not the state's own."""
    return engines["django"].from_string(_STATUS).render({"value": value, "label": label})


def case_link(key, number: str) -> SafeString:
    """A case's number, which leads to its page."""
    before, after = _around_key("admin:submissions_submission_change")
    return format_html('<a class="portal-number" href="{}{}{}">{}</a>', before, key, after, number)


@cache
def _around_key(page: str) -> tuple[str, str]:
    before, after = reverse(page, args=[KEY]).split(KEY)
    return before, after
