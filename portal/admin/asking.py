"""The page that writes the next version of a list: written row by row, its effect looked at, and only then published."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from portal.asking import Asked, Nouns, Prepared
from portal.doors import attempt, see_other
from portal.errors import Invalid, Stale

SPARE, MORE = 2, 3
_WORDS = ("title", "guidance", "key")


@dataclass(frozen=True, slots=True)
class Versioned:
    """What is versioned: the version's model, how its rows are named and read, and how many there can be."""

    model: Any
    nouns: Nouns
    rows: Callable[[Any], Any]
    most: int


class VersionForm(forms.Form):
    """A version as it is written: introduction, why, and for each row its words, its place, and whether it stays."""

    use_required_attribute = False
    number = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(
        self,
        data=None,
        *,
        kind: Versioned,
        current: Any,
        written: dict[str, str] | None = None,
        more: int = 0,
    ):
        """Of what was sent (``data``), of what is being written still (``written``, with some empty rows ``more``), or of the
        current version."""
        super().__init__(data)
        self.kind = kind
        self.fields["rows"] = forms.IntegerField(
            widget=forms.HiddenInput, min_value=0, max_value=self.kind.most
        )
        for name, rows in (("introduction", 4), ("note", 2)):
            self.fields[name] = kind.model._meta.get_field(name).formfield(
                widget=forms.Textarea(attrs={"rows": rows})
            )
        known = list(kind.rows(current)) if current else []
        self.initial = {
            "number": current.number if current else 0,
            "introduction": current.introduction if current else "",
            "rows": min(len(known) + SPARE, kind.most),
        }
        sent = data if data is not None else written
        self.count = self._number(sent.get("rows")) + more if sent is not None else self.initial["rows"]
        self.count = min(self.count, kind.most)
        for index in range(self.count):
            self._add(index, known[index] if index < len(known) and sent is None else None)
        if written is not None:
            self.initial |= {name: written[name] for name in self.fields if name in written}
            self.initial["rows"] = self.count

    def _add(self, index: int, row: Any) -> None:
        number, one = index + 1, self.kind.nouns.one
        self.fields[f"key-{index}"] = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)
        self.fields[f"title-{index}"] = forms.CharField(
            label=f"{one.capitalize()} {number}", required=False, max_length=200
        )
        self.fields[f"guidance-{index}"] = forms.CharField(
            label=f"Guidance to {one} {number}", required=False, max_length=2000,
            widget=forms.Textarea(attrs={"rows": 3}),
        )  # fmt: skip
        self.fields[f"place-{index}"] = forms.IntegerField(
            label=f"Place of {one} {number}", required=False, min_value=1, max_value=1000
        )
        self.fields[f"gone-{index}"] = forms.BooleanField(label=f"Take {one} {number} out", required=False)
        self.initial[f"place-{index}"] = number
        if row is not None:
            self.initial |= {
                f"key-{index}": row.key,
                f"title-{index}": row.title,
                f"guidance-{index}": row.guidance,
            }

    def rows_shown(self) -> list[dict[str, Any]]:
        names = ("key", "title", "guidance", "place", "gone")
        return [{name: self[f"{name}-{index}"] for name in names} for index in range(self.count)]

    def asked(self) -> list[Asked]:
        """The rows that stay, by their places; an empty one is none."""
        given = self.cleaned_data
        rows = [
            (
                given[f"place-{index}"] or index + 1,
                index,
                Asked(*(given[f"{name}-{index}"].strip() for name in _WORDS)),
            )
            for index in range(self.count)
            if not given[f"gone-{index}"]
        ]
        return [one for _, _, one in sorted(rows, key=lambda row: row[:2]) if one.title or one.guidance]

    def arguments(self) -> dict[str, Any]:
        given = self.cleaned_data
        return {
            "questions": self.asked(),
            "expected_number": given["number"],
            "introduction": given["introduction"],
            "note": given["note"],
        }

    def kept(self) -> list[tuple[str, Any]]:
        """What was sent, for the page that asks to confirm it."""
        return [(name, self.data[name]) for name in self.fields if name in self.data]

    def renew(self, current: Any) -> None:
        """After a refusal the page has said what changed: sending it again is about the version that is current now."""
        if isinstance(getattr(self, "refusal", None), Stale):
            self.data = self.data.copy()
            self.data["number"] = str(current.number if current else 0)

    def _number(self, text: Any) -> int:
        return min(int(text), self.kind.most) if str(text or "").isdecimal() and len(str(text)) < 4 else 0


@dataclass(frozen=True, slots=True)
class Publishing:
    """One page's calls: what is current, what a version would change, and the action that publishes it."""

    kind: Versioned
    current: Callable[[], Any]
    prepare: Callable[..., Prepared]
    publish: Callable[..., Any]
    # What is published, in the page's title, and what becomes of what goes on with an earlier version.
    called: str
    lead: str
    done: str
    explain: str
    preview: str = "admin/asking/preview.html"
    # (found) -> what the preview shows besides.
    beside: Callable[[], dict[str, Any]] = dict


class PublishesVersions:
    """For a ModelAdmin whose rows are versions."""

    def publish_page(self: Any, request: HttpRequest, it: Publishing) -> HttpResponse:
        """Write the next version, see what it changes, and only then publish it."""
        current, sent = it.current(), request.POST
        if request.method != "POST" or sent.keys() & {"more", "edit"}:
            written = sent.dict() if request.method == "POST" else None
            more = MORE if "more" in sent else 0
            return self._version_page(
                request, it, VersionForm(kind=it.kind, current=current, written=written, more=more)
            )
        form = VersionForm(sent, kind=it.kind, current=current)
        found = attempt(request, form, lambda: it.prepare(**form.arguments())) if form.is_valid() else None
        if found and "publish" in sent:
            published = attempt(request, form, lambda: it.publish(actor=request.user, **form.arguments()))
            if published:
                messages.success(request, f"Published: {published}. {it.done}")
                return see_other(self.url_of("change", published))
        if found and form.is_valid():
            return self._version_page(request, it, form, found=found)
        form.renew(it.current())
        return self._version_page(request, it, form)

    def _version_page(
        self: Any, request: HttpRequest, it: Publishing, form: VersionForm, *, found: Prepared | None = None
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": f"What version {found.number} changes" if found else f"Next version of {it.called}",
            "form": form,
            "found": found,
            "it": it,
            "opts": self.opts,
            "plural": self.plural,
            **(it.beside() if found else {}),
        }
        refusal = getattr(form, "refusal", None)
        status = 200 if refusal is None or isinstance(refusal, Invalid) else refusal.status
        request.current_app = self.admin_site.name
        template = it.preview if found else "admin/asking/form.html"
        return TemplateResponse(request, template, context, status=status)
