"""Filters, tags and form markup of the portal's pages."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.template import Context, Template
from django.utils import timezone

from portal.site.templatetags import portal as words
from portal.submissions.states import State

EVENING = datetime(2026, 6, 30, 21, 0, tzinfo=UTC)


def render(text: str, **context) -> str:
    return Template("{% load portal %}" + text).render(Context(context))


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("America/New_York", "30 Jun 2026, 5:00 p.m. EDT"),
        ("Asia/Tokyo", "1 Jul 2026, 6:00 a.m. JST"),
        ("UTC", "30 Jun 2026, 9:00 p.m. UTC"),
    ],
)
def test_an_instant_says_its_zone(zone, shown):
    with timezone.override(ZoneInfo(zone)):
        assert render("{{ at|instant }}", at=EVENING) == shown


def test_a_day_is_the_programmes_whatever_the_readers_zone():
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        assert render("{{ at|day }}", at=EVENING) == "30 Jun 2026"
    assert render("{{ at|day }}", at=date(2026, 7, 4)) == "4 Jul 2026"


def test_nothing_is_a_dash():
    assert render("{{ x|instant }}{{ x|day }}{{ x|filesize_si }}", x=None) == "———"


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (512 * 1024**2, "536.9 MB"),
        (3 * 10**9, "3.0 GB"),
    ],
)
def test_sizes(size, shown):
    assert words.filesize_si(size) == shown


def test_states():
    assert words.state_label(State.AGREED) == "Terms agreed"
    assert words.state_label("not_selected") == "Not selected"
    assert render("{% status state %}", state=State.OPEN) == (
        '<span class="portal-status portal-status--live">Access window open</span>'
    )


def test_text_of_others_is_escaped():
    assert "<b>" not in render("{% status state %}{% crumb state %}{% marking state %}", state="<b>x")


@pytest.mark.parametrize(
    ("agent", "shown"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15) Version/18 Safari/605", "Safari on macOS"),
        ("curl/8", "Another program"),
    ],
)
def test_browsers(agent, shown):
    assert words.browser(agent) == shown


class EveryField(forms.Form):
    text = forms.CharField(label="Text", help_text="A hint.")
    long = forms.CharField(label="Long", widget=forms.Textarea, required=False)
    choice = forms.ChoiceField(label="Choice", choices=[("a", "A"), ("b", "B")])
    radio = forms.ChoiceField(label="Radio", choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    many = forms.MultipleChoiceField(
        label="Many", choices=[("a", "A"), ("b", "B")], widget=forms.CheckboxSelectMultiple
    )
    tick = forms.BooleanField(label="Tick")
    file = forms.FileField(label="File")


def test_each_control_has_its_look_label_hint_and_error():
    html = str(EveryField({}))
    for piece in (
        '<label class="usa-label usa-label--error" for="id_text">Text</label>',
        '<div class="usa-hint" id="id_text_helptext">A hint.</div>',
        'id="id_text_error"',
        'aria-describedby="id_text_helptext id_text_error"',
        'class="usa-textarea"',
        '<span class="usa-hint">(optional)</span>',
        'class="usa-select usa-input--error"',
        '<input class="usa-radio__input" type="radio" name="radio" value="a"',
        '<label class="usa-radio__label" for="id_radio_0">A</label>',
        '<input class="usa-checkbox__input" type="checkbox" name="many" value="b"',
        '<label class="usa-checkbox__label" for="id_tick">Tick</label>',
        "usa-file-input",
        '<legend class="usa-legend">Radio</legend>',
    ):
        assert piece in html, piece
    assert "style=" not in html
