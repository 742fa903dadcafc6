"""Rubrics on the workbench: every version is read, and a coordinator of the programme publishes the next."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path

from portal.accounts.models import Kind
from portal.admin import PortalAdmin
from portal.doors import attempt, see_other
from portal.errors import Invalid, Stale
from reviews import actions, policies
from reviews.admin.columns import shown
from reviews.models import Domain, RubricQuestion, RubricVersion
from reviews.querysets_rubrics import READERS
from reviews.rubrics import Asked, Prepared, prepare

SPARE, MORE = 2, 3


class VersionForm(forms.Form):
    """A version as it is written: introduction, why, and for each question its words, its place, and whether it stays."""

    use_required_attribute = False
    number = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    rows = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=RubricQuestion.MOST)

    def __init__(
        self,
        data=None,
        *,
        current: RubricVersion | None,
        written: dict[str, str] | None = None,
        more: int = 0,
    ):
        """Of what was sent (``data``), of what is being written still (``written``, with some empty rows ``more``), or of the
        current version."""
        super().__init__(data)
        for name, rows in (("introduction", 4), ("note", 2)):
            self.fields[name] = RubricVersion._meta.get_field(name).formfield(
                widget=forms.Textarea(attrs={"rows": rows})
            )
        questions = list(current.questions.all()) if current else []
        self.initial = {
            "number": current.number if current else 0,
            "introduction": current.introduction if current else "",
            "rows": min(len(questions) + SPARE, RubricQuestion.MOST),
        }
        sent = data if data is not None else written
        self.count = _number(sent.get("rows")) + more if sent is not None else self.initial["rows"]
        self.count = min(self.count, RubricQuestion.MOST)
        for index in range(self.count):
            self._add(index, questions[index] if index < len(questions) and sent is None else None)
        if written is not None:
            self.initial |= {name: written[name] for name in self.fields if name in written}
            self.initial["rows"] = self.count

    def _add(self, index: int, question: RubricQuestion | None) -> None:
        number = index + 1
        self.fields[f"key-{index}"] = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)
        self.fields[f"title-{index}"] = forms.CharField(
            label=f"Question {number}", required=False, max_length=200
        )
        self.fields[f"guidance-{index}"] = forms.CharField(
            label=f"Guidance to question {number}", required=False, max_length=2000,
            widget=forms.Textarea(attrs={"rows": 3}),
        )  # fmt: skip
        self.fields[f"place-{index}"] = forms.IntegerField(
            label=f"Place of question {number}", required=False, min_value=1, max_value=1000
        )
        self.fields[f"gone-{index}"] = forms.BooleanField(label=f"Take question {number} out", required=False)
        self.initial[f"place-{index}"] = number
        if question is not None:
            self.initial |= {
                f"key-{index}": question.key,
                f"title-{index}": question.title,
                f"guidance-{index}": question.guidance,
            }

    def questions_shown(self) -> list[dict[str, Any]]:
        names = ("key", "title", "guidance", "place", "gone")
        return [{name: self[f"{name}-{index}"] for name in names} for index in range(self.count)]

    def asked(self) -> list[Asked]:
        """The questions that stay, by their places; an empty row is none."""
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

    def renew(self, current: RubricVersion | None) -> None:
        """After a refusal the page has said what changed: sending it again is about the version that is current now."""
        if isinstance(getattr(self, "refusal", None), Stale):
            self.data = self.data.copy()
            self.data["number"] = str(current.number if current else 0)


_WORDS = ("title", "guidance", "key")


def _number(text: Any) -> int:
    return min(int(text), RubricQuestion.MOST) if str(text or "").isdecimal() and len(str(text)) < 4 else 0


class RubricAdmin(PortalAdmin):
    singular, plural = "rubric", "rubrics"
    list_display = ("domain", "number", "asked", "published_at", "publisher")
    list_filter = ("domain",)
    ordering = ("domain", "-number")
    fields = readonly_fields = (
        "domain", "number", "note", "introduction", "published_at", shown("published_by", "Published by"),
    )  # fmt: skip
    change_list_template = "reviews/admin/rubrics.html"

    def may_open(self, user):
        return user.has_seat(Kind.AGENCY, *READERS)

    def get_queryset(self, request):
        return super().get_queryset(request).for_workbench()

    def get_urls(self):
        name = "reviews_rubricversion_publish"
        return [path("publish/<str:domain>/", self.wrap(self.publish_view), name=name), *super().get_urls()]

    def changelist_view(self, request, extra_context=None):
        publishable = Domain.choices if policies.publishes_rubrics(request.user) else []
        return super().changelist_view(request, {"publishable": publishable} | (extra_context or {}))

    def panels(self, request, version):
        context = {"questions": list(version.questions.all())}
        return [("Questions", "reviews/admin/rubric_questions.html", context)]

    @admin.display(description="Questions")
    def asked(self, version):
        return version.asked

    @admin.display(description="Published by")
    def publisher(self, version):
        return version.published_by.name if version.published_by else "The portal"

    def publish_view(self, request: HttpRequest, domain: str) -> HttpResponse:
        """Write the next version of a domain, see what it changes, and only then publish it."""
        if not self.has_view_permission(request) or domain not in Domain.values:
            raise Http404
        if not policies.publishes_rubrics(request.user):
            raise PermissionDenied("A programme coordinator publishes rubrics.")
        current = RubricVersion.objects.current(domain)
        sent = request.POST
        if request.method != "POST" or sent.keys() & {"more", "edit"}:
            written = sent.dict() if request.method == "POST" else None
            form = VersionForm(current=current, written=written, more=MORE if "more" in sent else 0)
            return self._page(request, domain, form)
        form = VersionForm(sent, current=current)
        found = self._prepared(request, domain, form)
        if found and "publish" in sent:
            published = attempt(
                request,
                form,
                lambda: actions.publish_rubric(actor=request.user, domain=domain, **form.arguments()),
            )
            if published:
                messages.success(request, f"Published: {published}. Drafts stay with the version they have.")
                return see_other(self.url_of("change", published))
        if found and form.is_valid():
            return self._page(request, domain, form, found=found)
        form.renew(RubricVersion.objects.current(domain))
        return self._page(request, domain, form)

    def _prepared(self, request, domain: str, form: VersionForm) -> Prepared | None:
        if not form.is_valid():
            return None
        return attempt(request, form, lambda: prepare(domain=domain, **form.arguments()))

    def _page(
        self, request, domain: str, form: VersionForm, *, found: Prepared | None = None
    ) -> HttpResponse:
        label = Domain(domain).label
        context = {
            **self.admin_site.each_context(request),
            "title": f"What version {found.number} changes"
            if found
            else f"Next version of the {label} rubric",
            "form": form,
            "found": found,
            "drafts": RubricVersion.objects.pinned_drafts(domain) if found else (),
            "domain_label": label,
            "opts": self.opts,
            "plural": self.plural,
            "most": RubricQuestion.MOST,
        }
        template = "reviews/admin/rubric_preview.html" if found else "reviews/admin/rubric_form.html"
        refusal = getattr(form, "refusal", None)
        status = 200 if refusal is None or isinstance(refusal, Invalid) else refusal.status
        request.current_app = self.admin_site.name
        return TemplateResponse(request, template, context, status=status)
