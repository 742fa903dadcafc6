"""Pieces of the workbench's templates: the list as a table that becomes cards, and a page's panels."""

from typing import Any

from django import template
from django.contrib.admin.templatetags.admin_list import result_headers, results
from django.template.loader import render_to_string
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.inclusion_tag("admin/results.html")
def portal_results(cl) -> dict[str, Any]:
    """The rows of a changelist, each cell labelled with its column for narrow screens, and real words where there are none."""
    headers = list(result_headers(cl))
    plural = getattr(cl.model_admin, "plural", str(cl.opts.verbose_name_plural))
    narrowed = bool(cl.query or cl.has_active_filters)
    return {
        "headers": headers,
        "rows": [
            [_labelled(cell, header) for cell, header in zip(row, headers, strict=True)]
            for row in results(cl)
        ],
        "caption": plural.capitalize(),
        "empty_title": "Nothing fits" if narrowed else f"No {plural} yet",
        "empty_text": "Try another search or filter." if narrowed else "What you may see appears here.",
    }


def _labelled(cell: SafeString, header: dict) -> SafeString:
    """Django's cell with the name of its column as ``data-label``; the row's heading and its checkbox need none."""
    if not cell.startswith("<td") or "action-checkbox" in cell[:40]:
        return cell
    label = escape(str(header["text"]).capitalize())
    return mark_safe(f'<td data-label="{label}"{cell[3:]}')  # noqa: S308


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
        seen = seen and admin.get_queryset(request).filter(pk=related.pk).exists()
        return stock(remote_field, related) if seen else str(related)

    field.get_admin_url = link
    return field.contents()
