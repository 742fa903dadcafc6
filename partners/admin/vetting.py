"""Vetting on the workbench: the criteria version by version, and what is found of an organisation criterion by criterion."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path

from partners import policies
from partners.actions import vetting as actions
from partners.models import PartnerProfile, Vetting, VettingAnswer, VettingCriteria, VettingCriterion
from partners.querysets import oversees
from partners.vetting import NOUNS, checklist, prepare
from portal.admin import PortalAdmin, Step, StepForm
from portal.admin.asking import PublishesVersions, Publishing, Versioned

VERSIONED = Versioned(VettingCriteria, NOUNS, lambda version: version.criteria.all(), VettingCriterion.MOST)
FOUND, REASON, NOTE = "found-", "reason-", "note-"
PARTS = {FOUND: "found", REASON: "reason", NOTE: "note"}


class VettingCriteriaAdmin(PublishesVersions, PortalAdmin):
    singular, plural = "vetting criteria", "vetting criteria"
    list_display = ("__str__", "asked", "published_at", "publisher")
    ordering = ("-number",)
    fields = readonly_fields = ("number", "note", "introduction", "published_at", "publisher")
    change_list_template = "partners/admin/criteria.html"

    def may_open(self, user) -> bool:
        return oversees(user)

    def for_page(self, rows):
        return rows.for_workbench()

    def get_urls(self):
        name = "partners_vettingcriteria_publish"
        return [path("publish/", self.wrap(self.publish_view), name=name), *super().get_urls()]

    def changelist_view(self, request, extra_context=None):
        publishes = policies.keeps_partners(request.user)
        return super().changelist_view(request, {"publishes": publishes} | (extra_context or {}))

    def panels(self, request, version):
        return [("Criteria", "admin/asking/rows.html", {"rows": list(version.criteria.all())})]

    @admin.display(description="Criteria")
    def asked(self, version):
        return version.asked

    @admin.display(description="Published by")
    def publisher(self, version):
        return version.published_by.name if version.published_by else "The portal"

    def publish_view(self, request: HttpRequest) -> HttpResponse:
        """Write the next version, see what it changes, and only then publish it."""
        if not self.has_view_permission(request):
            raise Http404
        if not policies.keeps_partners(request.user):
            raise PermissionDenied("A programme coordinator publishes the criteria.")
        publishing = Publishing(
            kind=VERSIONED,
            current=VettingCriteria.objects.current,
            prepare=prepare,
            publish=actions.publish_criteria,
            called="the vetting criteria",
            lead="Applicants read them.",
            done="Vettings under way stay with the version they have.",
            explain="Applicants read these before they apply and beside their outcome. Each is answered in words, without a sum.",
            preview="partners/admin/criteria_preview.html",
            beside=lambda: {"pinned": VettingCriteria.objects.pinned()},
        )
        return self.publish_page(request, publishing)


class AnswersForm(StepForm):
    """What was found of each criterion of the vetting under way, or of the newest criteria where it begins with this."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        vettings = Vetting.objects.filter(organisation=self.subject.pk, ended_at=None)
        vetting = vettings.with_answers().first()
        if vetting is None:
            newest = VettingCriteria.objects.current()
            rows = [(row, None) for row in newest.criteria.all()] if newest else []
        else:
            rows = [(row.criterion, row.answer) for row in checklist(vetting)]
        for number, (criterion, answer) in enumerate(rows, start=1):
            self._add(number, criterion, answer)

    def _add(self, number: int, criterion: VettingCriterion, answer: VettingAnswer | None) -> None:
        key = criterion.key
        self.fields[FOUND + key] = forms.ChoiceField(
            label=f"{number}. {criterion.title}",
            help_text=criterion.guidance,
            choices=[("", "Not answered yet"), *VettingAnswer.Found.choices],
            required=False,
        )
        for prefix, label, told in (
            (REASON, "reason", "The organisation reads it with the outcome. Needed unless it is met."),
            (NOTE, "note", "For the programme office alone."),
        ):
            self.fields[prefix + key] = VettingAnswer._meta.get_field(PARTS[prefix]).formfield(
                label=f"{number}. {label.capitalize()}",
                help_text=told,
                widget=forms.Textarea(attrs={"rows": 2}),
            )
        if answer is not None:
            self.initial |= {prefix + key: getattr(answer, part) for prefix, part in PARTS.items()}

    def arguments(self) -> dict[str, Any]:
        values = super().arguments()
        answers: dict[str, dict[str, str]] = {}
        for prefix, part in PARTS.items():
            for field in [name for name in values if name.startswith(prefix)]:
                answers.setdefault(field.removeprefix(prefix), {})[part] = values.pop(field)
        return values | {"answers": answers}


ANSWER = Step(
    "answer_criteria",
    actions.answer_criteria,
    form=AnswersForm,
    label="Answer the criteria",
    submit="Save the answers",
    explain="Some can wait: what is saved stays. Once its vetting has ended the organisation reads answers and reasons, and no"
    " note.",
    done="The answers were saved.",
    available=lambda user, profile, at: policies.may_answer_criteria(user, profile, at=at),
)


def panel_of(request: HttpRequest, profile: PartnerProfile) -> tuple[str, str, dict]:
    """Every vetting of the organisation, the newest first, with what was found."""
    rows = Vetting.objects.visible_to(request.user).filter(organisation=profile.pk).with_answers()
    vettings = [{"vetting": row, "rows": checklist(row)} for row in rows]
    return "Vetting", "partners/admin/vetting.html", {"vettings": vettings}
