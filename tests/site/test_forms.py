"""What every form's fields have in common."""

from django import forms
from django.utils.html import format_html


class _Form(forms.Form):
    guided = forms.CharField(help_text="Say <b>how</b> & why.")
    ticked = forms.BooleanField(help_text="<img src=x>")
    made = forms.CharField(help_text=format_html('See <a href="/{}">the guide</a>.', "guide/"))


def test_a_hint_is_text_unless_it_was_made_as_markup():
    """Guidance of rubrics and criteria is a hint, and somebody typed it."""
    page = str(_Form())
    assert "Say &lt;b&gt;how&lt;/b&gt; &amp; why." in page
    assert "&lt;img src=x&gt;" in page
    assert "<img" not in page
    assert 'See <a href="/guide/">the guide</a>.' in page
