"""How the portal shows instants, days, states, sizes and markings; and small pieces of its pages."""

from datetime import date, datetime
from typing import Any

from django import template
from django.urls import reverse
from django.utils import formats
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from portal import clock
from portal.formats import instant as instant_words
from portal.formats import size

register = template.Library()

DAY = "j M Y"
# The colour of a state says where a case stands, never whether that is good or bad for anyone.
TONES = {
    "draft": "quiet",
    "ended": "quiet",
    "closed": "quiet",
    "closed_out": "quiet",
    "closed_unpublished": "quiet",
    "completed": "quiet",
    "expired": "quiet",
    "withdrawn": "quiet",
    "surrendered": "quiet",
    "revoked": "quiet",
    "declined": "quiet",
    "recused": "quiet",
    "met": "quiet",
    "cancelled": "quiet",
    "merged": "quiet",
    "lapsed": "quiet",
    "not_disclosed": "quiet",
    "disclosed": "quiet",
    "dropped": "quiet",
    "open": "live",
    "active": "live",
    "overdue": "late",
    "suspended": "late",
}


@register.filter
def instant(value: datetime | None) -> str:
    """``30 Jun 2026, 5:00 p.m. EDT`` in the reader's zone; a dash for none."""
    if value is None or value == "":
        return "—"
    return instant_words(value)


@register.filter
def day(value: date | datetime | None) -> str:
    """``30 Jun 2026``; an instant's day is the one of the programme's calendar."""
    if value is None or value == "":
        return "—"
    return formats.date_format(clock.calendar_day(value) if isinstance(value, datetime) else value, DAY)


@register.filter
def coded(text: str) -> SafeString:
    """Words in which what one types stands between backquotes, as the guides are written."""
    parts = enumerate(text.split("`"))
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if number % 2 else part,) for number, part in parts)
    )


@register.filter
def state_label(value: Any) -> str:
    """The words for a state: its enum's label, or the plain name of a stored one."""
    label = getattr(value, "label", None)
    return str(label) if label else str(value).replace("_", " ").capitalize()


@register.filter
def state_tone(value: Any) -> str:
    return TONES.get(str(getattr(value, "value", value)), "moving")


@register.filter
def filesize_si(value: int | None) -> str:
    """``1.2 MB`` in powers of 1000, as disks and networks count."""
    return "—" if value is None else size(value)


BROWSERS = (("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


@register.filter
def browser(user_agent: str) -> str:
    """``Firefox on Windows``: what a person recognises of a browser's long name."""
    name = next((label for word, label in BROWSERS if word in user_agent), "")
    system = next((label for word, label in SYSTEMS if word in user_agent), "")
    return " on ".join(part for part in (name, system) if part) or "Another program"


@register.simple_tag
def status(value: Any, label: str = "") -> SafeString:
    """A state as a tag: ``{% status submission.state %}``."""
    text = label or state_label(value)
    return format_html('<span class="portal-status portal-status--{}">{}</span>', state_tone(value), text)


@register.simple_tag
def crumb(label: str, view: str = "", *args: Any) -> SafeString:
    """One step of the ``crumbs`` block: a link to a named view (or a path), or the present page when none is named."""
    if not view:
        return format_html(
            '<li class="usa-breadcrumb__list-item usa-current" aria-current="page"><span>{}</span></li>',
            label,
        )
    url = view if view.startswith("/") else reverse(view, args=args)
    return format_html(
        '<li class="usa-breadcrumb__list-item"><a class="usa-breadcrumb__link" href="{}"><span>{}</span></a></li>',
        url,
        label,
    )


@register.inclusion_tag("includes/marking.html")
def marking(text: Any, note: str = "") -> dict:
    """The marking banner above and below marked material; nothing where there is no marking."""
    return {"text": text, "note": note}


@register.simple_block_tag
def summary_box(content: str, heading: str) -> SafeString:
    """``{% summary_box "What happens next" %}...{% endsummary_box %}``: the thing to read first on a page."""
    return format_html(
        '<section class="usa-summary-box" aria-label="{}"><div class="usa-summary-box__body">'
        '<h2 class="usa-summary-box__heading">{}</h2><div class="usa-summary-box__text">{}</div></div></section>',
        heading,
        heading,
        content,
    )


@register.simple_block_tag
def alert(content: str, tone: str = "info", heading: str = "") -> SafeString:
    """``{% alert "warning" "Heading" %}...{% endalert %}``; tones info, warning, error, success."""
    title = format_html('<h2 class="usa-alert__heading">{}</h2>', heading) if heading else ""
    return format_html(
        '<div class="usa-alert usa-alert--{}{}"><div class="usa-alert__body">{}'
        '<div class="usa-alert__text">{}</div></div></div>',
        tone,
        "" if heading else " usa-alert--slim",
        title,
        content,
    )


WIDGET_CLASSES = {
    "text": "usa-input",
    "select": "usa-select",
    "textarea": "usa-textarea",
    "file": "usa-file-input",
    "checkbox": "usa-checkbox__input",
}


def _look(field) -> str:
    widget = field.field.widget
    name = getattr(widget, "template_name", "")
    kind = getattr(widget, "input_type", "")
    if kind in ("checkbox", "radio") and getattr(widget, "allow_multiple_selected", None) is not None:
        return "options"
    if kind == "checkbox":
        return "checkbox"
    if kind == "file":
        return "file"
    if name.endswith("textarea.html"):
        return "textarea"
    return "select" if kind == "select" else "text"


@register.filter
def look(field) -> str:
    """Which markup a bound field takes: text, textarea, select, checkbox, options or file."""
    return _look(field)


@register.filter
def control(field) -> SafeString:
    """The field's control with its USWDS class, whatever class its form gave it besides."""
    if _look(field) == "options":
        return field.as_widget()
    own = field.field.widget.attrs.get("class", "")
    error = "usa-input--error" if field.errors else ""
    css = " ".join(part for part in (WIDGET_CLASSES.get(_look(field), ""), own, error) if part)
    return field.as_widget(attrs={"class": css} if css else None)
