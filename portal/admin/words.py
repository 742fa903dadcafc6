"""Small pieces of admin pages that lower floors need, in the look of the portal's pages."""

from functools import lru_cache

from django.template import engines

_STATUS = "{% load portal %}{% status value label %}"


@lru_cache(maxsize=256)
def state_tag(value, label: str = ""):
    """A state as a tag, as every page shows it; ``label`` where the words are not the state's own."""
    return engines["django"].from_string(_STATUS).render({"value": value, "label": label})
