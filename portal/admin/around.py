"""What stands around the rows of a list, its filters and its pages: written here, at a fraction of what a template costs."""

from typing import Any

from django.contrib.admin.views.main import PAGE_VAR
from django.utils.encoding import iri_to_uri
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import slugify

from portal.admin.words import KEY

_FILTER = (
    '<div class="workbench-filter">\n  <h2 class="workbench-filter__title" id="filter-{0}">By {1}</h2>\n'
    '  <ul class="workbench-filter__choices" aria-labelledby="filter-{0}">{2}\n  </ul>\n</div>'
)
_CHOICE = '\n    <li><a href="{}">{}</a></li>'
_CHOSEN = '\n    <li><a href="{}" class="is-chosen" aria-current="true">{}</a></li>'
_COUNT = '<p class="workbench-pages__count">{}</p>'
_PAGES = '\n  <nav aria-label="Pages"><ul class="workbench-pages__list">{}\n  </ul></nav>'
_PAGE = '\n    <li><a href="{}{}{}"><span class="usa-sr-only">Page </span>{}</a></li>'
_PRESENT = '\n    <li><span aria-current="page"><span class="usa-sr-only">Page </span>{}</span></li>'
_LEFT_OUT = "\n    <li><span>{}</span></li>"


def filter_of(cl: Any, spec: Any) -> SafeString:
    """A filter's choices, the present one marked."""
    choices = (
        format_html(
            _CHOSEN if choice["selected"] else _CHOICE, iri_to_uri(choice["query_string"]), choice["display"]
        )
        for choice in spec.choices(cl)
    )
    name = slugify(getattr(spec, "parameter_name", "") or spec.title)
    return format_html(_FILTER, name, spec.title, format_html_join("", "{}", ((one,) for one in choices)))


def pages(cl: Any) -> SafeString:
    """How many rows there are, and where they take more than one page, a way to each."""
    told = format_html(_COUNT, _counted(cl))
    if cl.multi_page:
        told += format_html(_PAGES, format_html_join("", "{}", ((one,) for one in _ways(cl))))
    return format_html('<div class="workbench-pages">\n  {}\n</div>', told)


def _counted(cl: Any) -> str:
    admin = cl.model_admin
    if cl.is_capped:
        return f"More than {cl.limit} {admin.plural}: narrow the list by search or filters to reach the rest"
    return f"{cl.result_count} {admin.singular if cl.result_count == 1 else admin.plural}"


def _ways(cl: Any) -> list[SafeString]:
    before, after = cl.get_query_string({PAGE_VAR: KEY}).split(KEY)
    ways = []
    for number in cl.paginator.get_elided_page_range(cl.page_num):
        if number == cl.page_num:
            ways.append(format_html(_PRESENT, number))
        elif number == cl.paginator.ELLIPSIS:
            ways.append(format_html(_LEFT_OUT, number))
        else:
            ways.append(format_html(_PAGE, before, number, after, number))
    return ways
