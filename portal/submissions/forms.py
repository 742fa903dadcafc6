"""The lab's forms: they read what was typed and say where it cannot be read. Every rule about a case is an action's."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms.models import fields_for_model

from portal import clock
from portal.submissions.actions.drafts import ask_for
from portal.submissions.models import Document, Facts, Submission, Terms

NOON = time(12, 0)
PARTNER, PUBLIC = "planned_partner_release", "planned_public_release"
_HINTS = {
    "model_name": "As you call it in your documents. Others see it only where this case's terms let them.",
    "checkpoint": "A hash or name that tells this trained state from every other. The 30 days count per checkpoint.",
    "access_mode": "How the government would reach the model, if you provide access.",
    "summary": "A few sentences: size and kind of model, what it was trained for, how it will be released.",
    "capabilities": "What is new or strong, in particular cyber, biological, chemical and autonomy.",
    "evaluations": "What you ran, with which method, and what you found. Logs can be added as documents.",
    "safeguards": "What stands between the model and misuse, and what of it the access offered leaves out.",
}
_ROWS = {"summary": 6, "capabilities": 4, "evaluations": 4, "safeguards": 4}


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
    """A form whose instants are written in one named zone."""

    use_required_attribute = False
    instants: tuple[str, ...] = ()

    def __init__(self, *args, user, initial=None, **kwargs):
        initial = dict(initial or {})
        own = _zone(user.zone) or clock.calendar_zone()
        for name in self.instants:
            if initial.get(name):
                initial[name] = initial[name].astimezone(own).replace(tzinfo=None)
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
            if zone and data.get(name):
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


def _instant(label: str, help_text: str, *, required: bool) -> InstantField:
    return InstantField(label=label, help_text=help_text, required=required)


_PUBLIC_HELP = "When you plan to release the model to everyone."
_PARTNER_HELP = (
    "When you plan to release it to trusted partners before that. Leave empty for no partner stage."
)


class FactsForm(forms.Form):
    """What a lab says about the model. ``needed`` fields are those a submission cannot do without."""

    use_required_attribute = False

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        own = fields_for_model(Facts, fields=Facts.TEXTS)
        for name in Facts.TEXTS:
            field = own[name]
            field.required = name in Facts.REQUIRED
            field.help_text = _HINTS[name]
            field.error_messages["required"] = ask_for(name)
            if name in _ROWS:
                field.widget.attrs["rows"] = _ROWS[name]
            self.fields[name] = field
        self.order_fields([*Facts.TEXTS, *self.fields])

    @property
    def facts(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in Facts.TEXTS}

    @property
    def fact_fields(self) -> list:
        return [self[name] for name in Facts.TEXTS]

    def saved(self, case: Submission) -> list[tuple[str, object]]:
        """What the case holds now where it differs from what was typed: shown when somebody saved meanwhile."""
        now = {name: getattr(case.facts, name) for name in Facts.TEXTS}
        return [
            (self.fields[name].label, value or "nothing")
            for name, value in now.items()
            if value != self.cleaned_data.get(name, value)
        ]


class DraftForm(ZonedForm, FactsForm):
    """A draft: facts and release plan. What is missing is no error here; what cannot be read is."""

    instants = (PUBLIC, PARTNER)
    planned_public_release = _instant("Planned public release", _PUBLIC_HELP, required=True)
    planned_partner_release = _instant("Planned partner release", _PARTNER_HELP, required=False)

    def clean(self):
        for name in [name for name, errors in self.errors.items() if _only_missing(errors)]:
            del self._errors[name]
            self.cleaned_data[name] = None if name in self.instants else ""
        return super().clean()

    @property
    def dates(self) -> dict[str, datetime | None]:
        return {name: self.cleaned_data.get(name) for name in self.instants}

    def saved(self, case):
        """As of the facts, and the dates."""
        moved = [
            (self.fields[name].label, getattr(case, name) or "nothing")
            for name in self.instants
            if getattr(case, name) != self.cleaned_data.get(name)
        ]
        return super().saved(case) + moved


def _only_missing(errors) -> bool:
    return all(error.code == "required" for error in errors.as_data())


class NewForm(DraftForm):
    """A new draft; the lab is asked only of a person who writes for several."""

    def __init__(self, *args, labs, **kwargs):
        super().__init__(*args, **kwargs)
        if len(labs) > 1:
            self.fields["lab"] = forms.ModelChoiceField(
                labs, label="Lab", empty_label=None, help_text="The lab whose model this is."
            )


class DatesForm(ZonedForm):
    """New planned dates of a case."""

    instants = (PUBLIC, PARTNER)
    planned_public_release = _instant("Planned public release", _PUBLIC_HELP, required=True)
    planned_partner_release = _instant("Planned partner release", _PARTNER_HELP, required=False)


class FileForm(forms.Form):
    """One file."""

    use_required_attribute = False
    file = forms.Field(
        label="File",
        widget=forms.FileInput,
        error_messages={"required": "Choose a file."},
        help_text="PDF, Office, PNG, JPEG, text, Markdown, CSV, JSON, an Inspect log or a ZIP archive. No model weights.",
    )


class DocumentForm(FileForm):
    """A file with what it is and how it is marked. The file itself is judged by the action."""

    kind = forms.ChoiceField(label="Kind of document", choices=Document.DocumentKind)
    title = forms.CharField(
        label="Title", max_length=200, required=False, help_text="Empty takes the file's name."
    )
    tlp = forms.ChoiceField(
        label="Marking (TLP 2.0)",
        choices=Document.Tlp,
        initial=Document.Tlp.AMBER_STRICT,
        help_text="How far its readers may pass it on.",
    )
    confidential_commercial = forms.BooleanField(
        label="Confidential commercial information",
        required=False,
        initial=True,
        help_text="FOIA exemption 4. Government cannot remove this mark.",
    )
    field_order = ("kind", "title", "tlp", "confidential_commercial", "file")


class InstructionsForm(forms.Form):
    """Access instructions: a secret, sealed as soon as it is read here."""

    use_required_attribute = False
    instructions = forms.CharField(
        label="Access instructions",
        max_length=20000,
        widget=forms.Textarea(attrs={"rows": 10, "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Write how the government reaches the model."},
        help_text="Endpoint, credentials, limits, whom to call. Stored encrypted; every reading is recorded and shown to you.",
    )


class TermsForm(forms.Form):
    """A version of the access terms: the purpose and the order's five heads."""

    use_required_attribute = False

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        own = fields_for_model(Terms, fields=("purpose", *Terms.HEADS, "names_shown"))
        for name, field in own.items():
            if name != "names_shown":
                field.error_messages["required"] = "Every head of the terms needs a text."
                field.widget.attrs["rows"] = 5
            self.fields[name] = field

    @property
    def texts(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in ("purpose", *Terms.HEADS)}


class BareForm(forms.Form):
    """A step that asks for nothing but a decision; carries a refusal back to its page."""


class LooksForm(forms.Form):
    """Which looks to show."""

    use_required_attribute = False
    side = forms.ChoiceField(label="Who", required=False)
    kind = forms.ChoiceField(label="What", required=False)

    def __init__(self, *args, sides, kinds, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["side"].choices = [("", "Everyone"), *((key, words[0]) for key, words in sides.items())]
        self.fields["kind"].choices = [("", "Everything"), *((key, words[0]) for key, words in kinds.items())]
