"""Pieces of the workbench's templates: the list as a table that becomes cards, and a page's panels."""

from typing import Any

from django import template
from django.contrib.admin.templatetags.admin_list import result_headers
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.admin.around import filter_of, pages
from portal.admin.rows import rows

register = template.Library()


@register.inclusion_tag("admin/results.html")
def portal_results(cl) -> dict[str, Any]:
    """The rows of a changelist as a table, and real words where there are none."""
    headers = list(result_headers(cl))
    plural = getattr(cl.model_admin, "plural", str(cl.opts.verbose_name_plural))
    narrowed = bool(cl.query or cl.has_active_filters)
    return {
        "headers": headers,
        "rows": rows(cl, headers),
        "caption": plural.capitalize(),
        "empty_title": "Nothing fits" if narrowed else f"No {plural} yet",
        "empty_text": "Try another search or filter." if narrowed else "What you may see appears here.",
    }


@register.simple_tag
def portal_filter(cl, spec) -> SafeString:
    """One of a changelist's filters."""
    return filter_of(cl, spec)


@register.simple_tag
def portal_pages(cl) -> SafeString:
    """How many rows a changelist has, and its pages."""
    return pages(cl)


@register.simple_tag(takes_context=True)
def portal_panel(context, panel: tuple[str, str, dict], number: int) -> SafeString:
    """One section of a page: ``(title, template, context)`` under a heading of its own."""
    title, name, values = panel
    given = {"request": context["request"], "submission": context.get("original")} | values
    body = render_to_string(name, given, request=context["request"])
    return format_html(
        '<section class="workbench-panel" aria-labelledby="panel-{0}"><h2 id="panel-{0}">{1}</h2>{2}</section>',
        number,
        title,
        body,
    )


@register.simple_tag(takes_context=True)
def visible_contents(context, field) -> SafeString:
    """A read-only field's value, a related row as a link only where the reader sees it: the stock link may lead to a 404."""
    site, request, stock = field.model_admin.admin_site, context["request"], field.get_admin_url

    def link(remote_field, related) -> str:
        admin = site._registry.get(type(related))
        seen = admin is not None and admin.has_view_permission(request)
        seen = seen and admin.visible(request).filter(pk=related.pk).exists()
        return stock(remote_field, related) if seen else str(related)

    field.get_admin_url = link
    return field.contents()
