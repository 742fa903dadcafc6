"""The form of one group of settings, and what a preview carries to its confirmation."""

from typing import Any

from django import forms
from django.core import signing

from portal.errors import Invalid
from portal.programme import schema
from portal.programme.actions import Effect
from portal.programme.models import Version
from portal.programme.versions import Programme

SALT = "portal.programme.effect"


class SettingsForm(forms.Form):
    """A field for each setting of a group, as it holds now; ``changed`` are those typed differently, by key."""

    def __init__(self, *args, group: str, now: Programme, **kwargs):
        super().__init__(*args, **kwargs)
        self.rows = schema.of_group(group)
        self.now = now
        for row in self.rows:
            self.fields[row.key] = _field(row, now)
        self.fields["reason"] = forms.CharField(
            label="Reason for the change",
            widget=forms.Textarea(attrs={"rows": 3}),
            max_length=Version.REASON_LIMIT,
            help_text="It stands in the version, for whoever reads it later.",
        )
        self.changed: dict[str, str] = {}

    def clean(self):
        for row in self.rows:
            typed = self.cleaned_data.get(row.key)
            if typed is None:
                continue
            try:
                value = row.read(typed)
            except Invalid as error:
                self.add_error(row.key, error.message)
            else:
                if value != self.now.get(row.key):
                    self.changed[row.key] = typed
        return self.cleaned_data

    @property
    def parts(self) -> list[tuple[str, list]]:
        """The fields beneath their headings; one without a heading where the group has none."""
        found: dict[str, list] = {}
        for row in self.rows:
            found.setdefault(row.part, []).append(self[row.key])
        return list(found.items())


def _field(row: schema.Setting, now: Programme) -> forms.CharField:
    value, delivered = now.get(row.key), row.default()
    hints = [row.hint, _bounds(row)]
    if value != delivered:
        hints.append(f"As delivered: {row.shown(delivered)}")
    widget: Any = forms.TextInput(attrs={"inputmode": "numeric"} if isinstance(row, schema.Number) else {})
    if isinstance(row, schema.Text):
        widget = forms.Textarea(attrs={"rows": 6})
    elif isinstance(row, schema.Offsets) or (isinstance(row, schema.Line) and row.sentence):
        # One line, which is longer than a field that does not wrap.
        widget = forms.Textarea(attrs={"rows": 2})
    label = f"{row.label}, reminder" if row.key.startswith("wording:deadline:") else row.label
    return forms.CharField(
        label=label, widget=widget, initial=row.typed(value), help_text=" ".join(filter(None, hints))
    )


def _bounds(row: schema.Setting) -> str:
    if isinstance(row, schema.Number):
        return f"{row.unit.capitalize()}, from {row.lowest} to {row.highest}."
    return ""


class ConfirmForm(forms.Form):
    """What a person has seen, to be sent with their yes: the change, the version it was made on, and its effect."""

    typed = forms.JSONField(widget=forms.HiddenInput)
    reason = forms.CharField(widget=forms.HiddenInput)
    number = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    digest = forms.CharField(widget=forms.HiddenInput, max_length=64)
    counts = forms.CharField(widget=forms.HiddenInput)

    def clean_typed(self) -> dict[str, str]:
        typed = self.cleaned_data["typed"]
        if not isinstance(typed, dict) or not all(isinstance(text, str) for text in typed.values()):
            raise forms.ValidationError("This is not what the page had.")
        return typed

    @property
    def seen(self) -> dict[str, list[int]]:
        """The numbers of the effect as the page showed them; none where the page's word is not the portal's."""
        try:
            return signing.loads(self.cleaned_data.get("counts", ""), salt=SALT)
        except signing.BadSignature:
            return {}


def confirmation(effect: Effect, *, typed: dict[str, str], reason: str) -> ConfirmForm:
    """The form of an effect that is shown."""
    return ConfirmForm(
        initial={
            "typed": typed,
            "reason": reason,
            "number": effect.base,
            "digest": effect.digest,
            "counts": signing.dumps(effect.counts, salt=SALT),
        },
        auto_id=False,
    )
