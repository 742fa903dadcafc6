"""Instants as people type them: a date, a time, and the zone they are meant in."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from portal import clock

NOON = time(12, 0)


def zone_choices(user) -> list[tuple[str, str]]:
    """The zones in which a person may write a time: their own, the programme's, UTC."""
    programme = settings.PORTAL_CALENDAR_ZONE
    words = {programme: "the programme's zone", "UTC": "no summer time"}
    words[user.zone] = "your zone" if user.zone != programme else "your zone and the programme's"
    names = dict.fromkeys((user.zone, programme, "UTC"))
    return [(name, f"{zone_label(name)}, {words[name]}") for name in names if _zone(name)]


def zone_label(name: str) -> str:
    return {"America/New_York": "US Eastern"}.get(name, name.replace("_", " "))


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None


class InstantWidget(forms.MultiWidget):
    """A date beside a time, each with its own label."""

    template_name = "lab/widgets/instant.html"

    def __init__(self, attrs=None):
        date = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        hour = forms.TimeInput(format="%H:%M", attrs={"type": "time"})
        super().__init__({"date": date, "time": hour}, attrs)

    def decompress(self, value):
        if value is None:
            return [None, None]
        # Seconds are shown only where there are any, so that a browser's picker stays simple.
        shape = "%H:%M:%S" if value.second else "%H:%M"
        return [value.date(), value.time().strftime(shape)]

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        for part, label in zip(context["widget"]["subwidgets"], ("Date", "Time"), strict=True):
            part["label"] = label
            part["attrs"].pop("aria-describedby", None)
        return context


class InstantField(forms.MultiValueField):
    """A date and a time without a zone; the form adds the zone. Noon where a date has no time."""

    widget = InstantWidget

    def __init__(self, **kwargs):
        parts = (
            forms.DateField(error_messages={"invalid": "Write a date that exists, such as 2026-10-30."}),
            forms.TimeField(
                error_messages={"invalid": "Write the time as hours and minutes, such as 09:00."}
            ),
        )
        kwargs.setdefault("error_messages", {})["required"] = f"Give the {kwargs['label'].lower()}."
        super().__init__(parts, require_all_fields=False, **kwargs)
        for part in parts:
            part.required = False

    def compress(self, data_list):
        day, hour = data_list or (None, None)
        if day is None and hour is None:
            return None
        if day is None:
            raise ValidationError("Give the date too, or empty the time.")
        if not 2000 <= day.year <= 2200:
            raise ValidationError("Look at the year: it should be written with four figures.")
        return datetime.combine(day, hour or NOON)


class ZonedForm(forms.Form):
    """A form whose instants are written in one named zone.

    What was there and is left as shown stays the very instant it was: the page shows neither fractions of a second nor which
    of two equal hours is meant.
    """

    use_required_attribute = False
    instants: tuple[str, ...] = ()

    def __init__(self, *args, user, initial=None, **kwargs):
        initial = dict(initial or {})
        own = clock.zone_of(user)
        self._shown_in = own
        self._was = {name: initial[name] for name in self.instants if initial.get(name)}
        for name, instant in self._was.items():
            initial[name] = instant.astimezone(own).replace(tzinfo=None)
        super().__init__(*args, initial=initial, **kwargs)
        choices = zone_choices(user)
        self.fields["zone"] = forms.ChoiceField(
            label="Times are in",
            choices=choices,
            initial=choices[0][0],
            help_text="Applies to every time written here. Stored in UTC, shown to each reader in their zone.",
        )

    def clean(self):
        data = super().clean()
        zone = _zone(data.get("zone") or "")
        for name in self.instants:
            if zone == self._shown_in and name in self._was and name not in self.changed_data:
                data[name] = self._was[name]
            elif zone and data.get(name):
                try:
                    data[name] = _in_zone(data[name], zone)
                except ValidationError as error:
                    self.add_error(name, error)
        return data


def _in_zone(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a local time. Raises ValidationError for one that a change of the clocks skips or repeats."""
    first, second = local.replace(tzinfo=zone), local.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:
        raise ValidationError("The clocks go forward then, and this time does not exist. Choose another.")
    raise ValidationError(
        "The clocks go back then, and this time comes twice. Choose another, or write it in UTC."
    )
